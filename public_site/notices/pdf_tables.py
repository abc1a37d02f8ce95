"""The pages of a PDF put together: paragraphs over lines, tables over pages, rows over the border of two pages.

A table goes on over the page only where its columns stand at the same places and nothing but page numbers and running
heads stands between. A row is mended only where it cannot be anything else; whatever is left in doubt is pointed out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from public_site.notices import headers, pdf_columns
from public_site.notices.grid import Flaw, Line, Piece
from public_site.notices.tables import looks_like_a_name

_PAGE_NUMBER = re.compile(r"[-—–－\s·]*第?\s*\d{1,4}\s*页?(?:\s*[/／,，共]\s*共?\s*\d{1,4}\s*页?)?[-—–－\s·]*")
_NEW_PARAGRAPH = re.compile(r"附\s*[件表]|[（(]?[一二三四五六七八九十]+[)）、]|\d+[.、．]|[※★注]")
_CHECK = "请对照原件核对，或向发布机关索取 XLSX、DOCX。"
_SAME_COLUMN = 8.0  # points that a column may move from page to page


@dataclass(frozen=True, slots=True)
class Chunk:
    left: float
    right: float
    text: str


@dataclass(frozen=True, slots=True)
class TextLine:
    page: int
    sheet: str | None
    top: float
    bottom: float
    size: float
    width: float  # of the page
    chunks: tuple[Chunk, ...]

    @property
    def text(self) -> str:
        return " ".join(chunk.text for chunk in self.chunks)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Ruled:
    """A table with lines around its cells."""

    page: int
    sheet: str | None
    box: tuple[float, float, float, float]
    lefts: list[float]
    rows: list[list[str]]
    merged: frozenset[int]  # columns whose last cell is merged over several rows

    @property
    def top(self) -> float:
        return self.box[1]


Item = TextLine | Ruled


@dataclass(slots=True)
class _Open:
    """The table that may go on over the page."""

    last: Ruled
    header: list[list[str]]
    number: int | None  # column of the running number
    columns: tuple[int | None, int | None]  # of name and grade
    waiting: Line | None = None  # the last row, which may go on


@dataclass(slots=True)
class _Numbers:
    """The running numbers of a list, the only witness that no row was lost."""

    last: int = 0

    def follows(self, cell: str) -> tuple[int, int] | None:
        """The number before and this one, where one is missing in between."""
        if not re.fullmatch(r"\d{1,6}", cell):
            return None
        before, self.last = self.last, int(cell)
        return None if self.last in (1, before, before + 1) else (before, self.last)


def pieces(items: Iterable[Item | Flaw]) -> Iterator[Piece]:
    yield from _Assembly().through(items)


@dataclass(slots=True)
class _Assembly:
    _texts: list[TextLine] = field(default_factory=list)
    _heads: dict[str, float] = field(default_factory=dict)  # what stands at the top of pages, and how high
    _is_top: bool = True
    _page: int = 0
    _rows: int = 0  # on this page
    _block: int = 0
    _open: _Open | None = None
    _numbers: _Numbers = field(default_factory=_Numbers)

    def through(self, items: Iterable[Item | Flaw]) -> Iterator[Piece]:
        for item in items:
            if isinstance(item, Flaw):
                yield item
                continue
            if item.page != self._page:
                self._page, self._rows, self._is_top = item.page, 0, True
            if isinstance(item, TextLine):
                if not self._is_furniture(item):
                    self._texts.append(item)
            else:
                self._is_top = False
                yield from self._table(item)
        yield from self._closed()
        yield from self._flushed()

    def _is_furniture(self, line: TextLine) -> bool:
        """A page number, or a head that stood at the top of a page before at the same height."""
        if _PAGE_NUMBER.fullmatch(line.text):
            return True
        known = self._is_top and abs(self._heads.get(line.text, -9.0) - line.top) < 1
        if self._is_top:
            self._heads[line.text] = line.top
        self._is_top = known
        return known

    # --- ruled tables

    def _table(self, table: Ruled) -> Iterator[Piece]:
        goes_on = self._open is not None and not self._texts and _is_next(self._open.last, table)
        if not goes_on:
            yield from self._closed()
            yield from self._flushed()
            self._block += 1
            self._numbers = _Numbers()
            self._open = _opened(table)
        assert self._open is not None
        rows = list(enumerate(table.rows, start=self._rows + 1))
        self._rows += len(rows)
        if goes_on:
            rows = rows[len(self._open.header) :] if table.rows[: len(self._open.header)] == self._open.header else rows
            rows = list(self._carried_over(rows))
        for at, (number, cells) in enumerate(rows):
            yield from self._row(table, number, cells, is_first=goes_on and at == 0)
        self._open.last = table

    def _carried_over(self, rows: list[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Rows at the top of a page, with what a merged cell of the page before reaches down to them."""
        assert self._open is not None
        before = self._open.waiting.cells if self._open.waiting else ()
        reaching = {at: str(before[at]) for at in self._open.last.merged if at < len(before)}
        for number, cells in rows:
            for at in list(reaching):
                if cells[at]:
                    del reaching[at]
            is_row = self._open.number is None or bool(cells[self._open.number])
            yield number, [reaching.get(at, cell) if is_row else cell for at, cell in enumerate(cells)]

    def _row(self, table: Ruled, number: int, cells: list[str], *, is_first: bool) -> Iterator[Piece]:
        opened = self._open
        assert opened is not None
        if is_first and opened.waiting is not None and any(cells):
            ending = _is_ending(opened, cells)
            if ending:
                mended = tuple(f"{one}{two}" for one, two in zip(opened.waiting.cells, cells, strict=True))
                opened.waiting = Line(opened.waiting.sheet, opened.waiting.number, mended, self._block)
                return
            if ending is None:
                yield Flaw(table.sheet, number, "这一行可能是上一页最后一行的下半部分，无法确定。", _CHECK)
        yield from self._settled()
        opened.waiting = Line(table.sheet, number, tuple(cells), self._block)

    def _settled(self) -> Iterator[Piece]:
        """The row that was waiting for its other half."""
        opened = self._open
        if opened is None or opened.waiting is None:
            return
        line, opened.waiting = opened.waiting, None
        if opened.number is not None and (missing := self._numbers.follows(str(line.cells[opened.number]))):
            yield _gap(line, missing)
        yield line

    def _closed(self) -> Iterator[Piece]:
        yield from self._settled()
        if self._open is not None:
            self._open = None
            self._block += 1

    # --- text, and tables without lines

    def _flushed(self) -> Iterator[Piece]:
        texts, self._texts = self._texts, []
        at = 0
        while at < len(texts):
            if headers.is_header(tuple(chunk.text for chunk in texts[at].chunks)):
                yield from _paragraphs(texts[:at], self._block)
                yield from self._unruled(texts[at:])
                return
            at += 1
        yield from _paragraphs(texts, self._block)

    def _unruled(self, texts: list[TextLine]) -> Iterator[Piece]:
        self._block += 1
        header, rows, rest = pdf_columns.divided(texts)
        number = next((at for at, cell in enumerate(header) if headers.meaning(cell) == "number"), None)
        numbers = _Numbers()
        yield Line(texts[0].sheet, 1, header, self._block)
        for at, (line, cells) in enumerate(rows, start=2):
            found = Line(line.sheet, at, cells, self._block)
            if number is not None and (missing := numbers.follows(cells[number])):
                yield _gap(found, missing)
            yield found
        self._block += 1
        yield from _paragraphs(rest, self._block)


def _is_next(before: Ruled, table: Ruled) -> bool:
    return (
        table.page == before.page + 1
        and len(table.lefts) == len(before.lefts)
        and all(abs(one - two) < _SAME_COLUMN for one, two in zip(before.lefts, table.lefts, strict=True))
    )


def _opened(table: Ruled) -> _Open:
    """A table with its header, which the following pages may repeat."""
    at = next((at for at, cells in enumerate(table.rows) if headers.is_header(cells)), None)
    if at is None:
        return _Open(table, [], None, (None, None))
    upper, lower = table.rows[at], table.rows[at + 1] if at + 1 < len(table.rows) else []
    joined = headers.joined(upper, lower)
    meanings = [headers.meaning(str(cell)) for cell in joined or upper]
    number, name, grade = (
        meanings.index(meaning) if meaning in meanings else None for meaning in ("number", "name", "grade")
    )
    return _Open(table, [upper, lower] if joined else [upper], number, (name, grade))


def _is_ending(opened: _Open, cells: Sequence[str]) -> bool | None:
    """Whether the first row of a page is the rest of the last row of the page before; None where that is in doubt."""
    if opened.number is not None and cells[opened.number]:
        return False
    assert opened.waiting is not None
    filled = [at for at, cell in enumerate(cells) if cell]
    name, grade = opened.columns
    if opened.number is None:
        return False if len(filled) >= sum(1 for cell in opened.waiting.cells if cell) else None
    if name is not None and name in filled and looks_like_a_name(str(opened.waiting.cells[name])):
        return None  # a name that is whole already
    return all(at != grade or not opened.waiting.cells[at] for at in filled) or None


def _gap(line: Line, missing: tuple[int, int]) -> Flaw:
    return Flaw(line.sheet, line.number, f"序号从{missing[0]}跳到{missing[1]}，可能有一行没有读到。", _CHECK)


def _paragraphs(texts: Sequence[TextLine], block: int) -> Iterator[Line]:
    """Lines that fill the width of their page run on; what stands in chunks stays in cells."""
    margins: dict[int, tuple[float, float]] = {}
    for line in texts:
        left, right = margins.get(line.page, (line.chunks[0].left, line.chunks[-1].right))
        margins[line.page] = (min(left, line.chunks[0].left), max(right, line.chunks[-1].right))
    counted: dict[int, int] = {}
    current: list[TextLine] = []

    def whole() -> Line:
        counted[current[0].page] = counted.get(current[0].page, 0) + 1
        cells = tuple(c.text for c in current[0].chunks) if len(current) == 1 else ("".join(t.text for t in current),)
        return Line(current[0].sheet, counted[current[0].page], cells, block)

    for line in texts:
        if current and not _runs_on(current[-1], line, margins):
            yield whole()
            current = []
        current.append(line)
    if current:
        yield whole()


def _runs_on(line: TextLine, following: TextLine, margins: dict[int, tuple[float, float]]) -> bool:
    beginning, right = margins[line.page]
    left, _ = margins[following.page]
    right = max(right, line.width - beginning - 1.5 * line.size)  # where all lines are short, the longest is not full
    return (
        len(line.chunks) == len(following.chunks) == 1
        and line.chunks[0].right > right - 1.5 * line.size
        and following.chunks[0].left < left + 0.5 * following.size
        and not line.text.endswith(("。", "：", ":"))
        and not _NEW_PARAGRAPH.match(following.text)
        and abs(line.size - following.size) < 1
    )
