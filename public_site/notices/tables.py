"""Where in a file's lines the tables are: the text above, the header, the rows, the headings between and the notes under.

The same for every format. Nothing is understood here beyond "this is a header" and "this is a note, not a row".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from public_site import grades
from public_site.notices import headers
from public_site.notices.grid import Cell, Flaw, Line, Page, Part, Piece, checked

# "page": title and source of a web page · "part": a sheet or an attachment begins · "text": a line outside a table ·
# "head": a header · "row": a row of data · "stray": what looks like a row but stands under no header · "flaw"
Kind = Literal["page", "part", "text", "head", "row", "stray", "flaw"]
BATCH = 500  # events that the child hands over at a time
Event = tuple[Kind, str | None, int, Sequence[Cell | None]]

_NOTE = re.compile(r"\s*(?:注\s*[:：\d]|※|★|[*＊]|(?:备注|说明)\s*[:：]|(?:合计|共计|总计|小计)(?:[\s:：\d]|$))")
_DAY = re.compile(r"\s*(?:19|20|二)[\d〇○零一二三四五六七八九\s]+年.{2,8}日\s*")
_HEADING = re.compile(
    r"\s*(?:[（(]?[一二三四五六七八九十]+[)）]?[、.．]|附[件表]|\d+[、.．]\s*[^\d\s]*名单)|.{2,40}生态环境[局厅]\s*$"
)
_NAME = re.compile(r"[\w（）()·\-－、&]{2,60}(?:公司|厂|集团|合作社)(?:[（(][^（）()]{1,30}[）)])?")


def events(pieces: Iterable[Piece]) -> Iterator[Event]:
    reader = _Reader()
    for piece in pieces:
        match piece:
            case Line():
                yield from reader.read(checked(piece))
            case Page():
                yield "page", None, 0, (piece.title, piece.issuer)
            case Part():
                yield from reader.rest()
                yield "part", None, 0, (piece.sheet, piece.file)
            case Flaw():
                yield "flaw", piece.sheet, piece.number, (piece.message, piece.remedy)
    yield from reader.rest()


def cells(pieces: Iterable[Piece]) -> Iterator[Event]:
    """Every line as a row, and every flaw; nothing is understood."""
    for piece in pieces:
        if isinstance(piece, Line):
            yield "row", piece.sheet, checked(piece).number, piece.cells
        elif isinstance(piece, Flaw):
            yield "flaw", piece.sheet, piece.number, (piece.message, piece.remedy)


class _Reader:
    def __init__(self) -> None:
        self._block = 0
        self._header: tuple[Cell, ...] | None = None
        self._upper: Line | None = None  # a header whose second line may follow
        self._columns: frozenset[int] = frozenset()  # where a lone cell is part of a row

    def read(self, line: Line) -> Iterator[Event]:
        if line.block != self._block:
            yield from self.rest()
            self._block = line.block
        if self._upper is not None:
            upper, self._upper = self._upper, None
            both = headers.joined(upper.cells, line.cells)
            yield from self._begun(upper, both or upper.cells)
            if both is not None:
                return
        if headers.is_header(line.cells):
            if self._header is None or not _same(self._header, line.cells):  # else it is repeated on the next page
                self._upper = line
            return
        filled = [cell for cell in line.cells if not _is_blank(cell)]
        if not filled:
            return
        if self._header is not None and not self._is_note(line.cells, filled):
            yield "row", line.sheet, line.number, line.cells
        else:
            stray = self._header is None and _looks_like_a_row(filled)
            text = " ".join(str(cell).strip() for cell in filled)
            yield "stray" if stray else "text", line.sheet, line.number, (text,)

    def rest(self) -> Iterator[Event]:
        """The header that still waits for its second line; what follows stands under another one, or none."""
        if self._upper is not None:
            upper, self._upper = self._upper, None
            yield from self._begun(upper, upper.cells)
        self._header = None

    def _begun(self, line: Line, header: tuple[Cell, ...]) -> Iterator[Event]:
        if self._header is not None and _same(self._header, header):
            return  # a header of two lines, repeated on the next page
        self._header = header
        self._columns = frozenset(
            at
            for at, cell in enumerate(header)
            if isinstance(cell, str) and headers.meaning(cell) not in (None, "number", "remark", "personal")
        )
        yield "head", line.sheet, line.number, header

    def _is_note(self, cells: Sequence[Cell], filled: Sequence[Cell]) -> bool:
        """A line under or between the rows: it says it is a note, a heading or a total, or is a lone cell in no column.

        A lone cell under a known column (a name without a grade, a grade without a name) is a row with a defect.
        """
        first = filled[0]
        if isinstance(first, str) and _NOTE.match(first) and len(filled) <= 3:
            return True
        if len(filled) > 1:
            return False
        column = next(at for at, cell in enumerate(cells) if not _is_blank(cell))
        if isinstance(first, str) and (_HEADING.match(first) or len(first) > 60 or _DAY.fullmatch(first)):
            return True
        return column not in self._columns


def _same(header: Sequence[Cell], cells: Sequence[Cell]) -> bool:
    return [headers.plain(str(cell)) for cell in header] == [headers.plain(str(cell)) for cell in cells]


def looks_like_a_name(text: str) -> bool:
    """Whether a text is whole as an enterprise's name: it ends as such names do."""
    return bool(_NAME.fullmatch(text.strip()))


def _looks_like_a_row(filled: Sequence[Cell]) -> bool:
    """An enterprise's name, and beside it a number or a grade: a list whose header is missing must not become a note."""
    names = [at for at, cell in enumerate(filled) if isinstance(cell, str) and looks_like_a_name(cell)]
    return bool(names) and any(_is_number_or_grade(cell) for at, cell in enumerate(filled) if at != names[0])


def _is_number_or_grade(cell: Cell) -> bool:
    if not isinstance(cell, str) or cell.strip().isdigit():
        return True
    try:
        return len(cell) <= 30 and bool(grades.read_label(cell))
    except grades.GradeFault:
        return False


def _is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()
