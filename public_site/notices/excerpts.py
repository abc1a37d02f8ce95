"""The rows that problems stand in, with their cells as written, so that a clerk need not open the file to see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from public_site.notices import headers
from public_site.notices.grid import Cell
from public_site.notices.tables import Event
from public_site.notices.values import Excerpt, Problem

MOST = 1_000
_LONGEST_CELL = 120
_NOT_SHOWN = "（联系人信息，不显示）"


def of(events: Iterable[Event], problems: Sequence[Problem]) -> tuple[Excerpt, ...]:
    """An excerpt of each row that a problem names."""
    wanted: set[tuple[str | None, int | None]] = {(p.sheet, p.row) for p in problems if p.row}
    return tuple(_excerpts(events, wanted)) if wanted else ()


def _excerpts(events: Iterable[Event], wanted: set[tuple[str | None, int | None]]) -> Iterator[Excerpt]:
    header: Sequence[Cell | None] = ()
    found = 0
    for kind, sheet, number, cells in events:
        if kind == "head":
            header = cells
        if kind in ("row", "head") and (sheet, number) in wanted:
            yield Excerpt(sheet, number, tuple(_named(header, cells)))
            found += 1
            if found == MOST:
                return


def _named(header: Sequence[Cell | None], cells: Sequence[Cell | None]) -> Iterator[tuple[str, str]]:
    for at in range(max(len(header), len(cells))):
        title = headers.plain(str(header[at])) if at < len(header) and header[at] is not None else ""
        cell = cells[at] if at < len(cells) and cells[at] is not None else ""
        personal = headers.meaning(title) == "personal" if title else False
        yield title, _NOT_SHOWN if personal and cell else str(cell).strip()[:_LONGEST_CELL]
