"""Where in a file's lines the tables are: the text above, the header, the rows, the headings between and the notes under.

The same for every format. Nothing is understood here beyond "this is a header" and "this is a note, not a row".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from public_site.notices import headers
from public_site.notices.grid import Cell, Line, Page, checked

# "page": title and source of a web page · "text": a line outside a table · "head": a header · "row": a row of data
Kind = Literal["page", "text", "head", "row"]
Event = tuple[Kind, str | None, int, Sequence[Cell | None]]

_NOTE = re.compile(r"\s*(?:注\s*[:：\d]|※|★|[*＊]|(?:备注|说明)\s*[:：]|(?:合计|共计|总计|小计)(?:[\s:：\d]|$))")
_DAY = re.compile(r"\s*(?:19|20|二)[\d〇○零一二三四五六七八九\s]+年.{2,8}日\s*")
_HEADING = re.compile(
    r"\s*(?:[（(]?[一二三四五六七八九十]+[)）]?[、.．]|附[件表]|\d+[、.．]\s*[^\d\s]*名单)|.{2,40}生态环境[局厅]\s*$"
)


def events(lines: Iterable[Line | Page]) -> Iterator[Event]:
    reader = _Reader()
    for line in lines:
        if isinstance(line, Page):
            yield "page", None, 0, (line.title, line.issuer)
        else:
            yield from reader.read(checked(line))
    yield from reader.rest()


class _Reader:
    def __init__(self) -> None:
        self._place: tuple[str | None, int] = (None, 0)
        self._header: tuple[Cell, ...] | None = None
        self._upper: Line | None = None  # a header whose second line may follow
        self._columns: frozenset[int] = frozenset()  # where a lone cell is part of a row

    def read(self, line: Line) -> Iterator[Event]:
        if (line.sheet, line.block) != self._place:
            yield from self.rest()
            self._place, self._header = (line.sheet, line.block), None
        if self._upper is not None:
            upper, self._upper = self._upper, None
            both = headers.joined(upper.cells, line.cells)
            yield self._begun(upper, both or upper.cells)
            if both is not None:
                return
        if headers.is_header(line.cells):
            if self._header is None or not _same(self._header, line.cells):  # else it is repeated on the next page
                self._upper = line
            return
        filled = [cell for cell in line.cells if not _is_blank(cell)]
        if not filled:
            return
        if self._header is None or self._is_note(line.cells, filled):
            yield "text", line.sheet, line.number, (" ".join(str(cell).strip() for cell in filled),)
        else:
            yield "row", line.sheet, line.number, line.cells

    def rest(self) -> Iterator[Event]:
        if self._upper is not None:
            upper, self._upper = self._upper, None
            yield self._begun(upper, upper.cells)

    def _begun(self, line: Line, header: tuple[Cell, ...]) -> Event:
        self._header = header
        self._columns = frozenset(
            at
            for at, cell in enumerate(header)
            if isinstance(cell, str) and headers.meaning(cell) not in (None, "number", "remark", "personal")
        )
        return "head", line.sheet, line.number, header

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


def _is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()
