"""A notice copied as plain text, its table with one cell per line and a bar after each: "序号 |", "区县 |", "1 |" …

The table begins at a line "序号 |"; the cells up to "1 |" are its header. A row begins with the number that is next in
order; what follows the last row is text again. A row with too few or too many cells is given as it stands, never refilled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from public_site.notices.grid import MOST_COLUMNS, Cell, Line
from public_site.notices.text_bytes import decoded

_CELL = re.compile(r"(.*?)[ \t\u3000]*[|｜][ \t\u3000]*")
_Numbered = tuple[int, str]  # line number and text


def lines(data: bytes) -> Iterator[Line]:
    texts = [(number, text) for number, text in enumerate(decoded(data).splitlines(), start=1)]
    at = 0
    while at < len(texts):
        number, text = texts[at]
        if _cell(text) is not None and _plain(text) in ("序号", "编号"):
            end = at
            while end < len(texts) and _cell(texts[end][1]) is not None:
                end += 1
            yield from _table(texts[at:end])
            at = end
        else:
            yield Line(None, number, (text.strip().rstrip("|｜").strip(),))
            at += 1


def _cell(text: str) -> str | None:
    found = _CELL.fullmatch(text)
    return found[1].strip() if found else None


def _plain(text: str) -> str:
    return re.sub(r"[\s|｜]", "", text)


def _table(texts: Sequence[_Numbered]) -> Iterator[Line]:
    cells = [(number, _cell(text) or "") for number, text in texts]
    first = next((at for at, (_, cell) in enumerate(cells) if cell == "1"), len(cells))
    width = min(first, MOST_COLUMNS)
    yield _line(cells[:width])
    at, expected = first, 1
    while at < len(cells):
        if cells[at][1] != str(expected):
            yield Line(None, cells[at][0], (cells[at][1],))  # a note under the table
            at += 1
            continue
        end = _end_of_row(cells, at, width, expected)
        yield _line(cells[at:end])
        at, expected = end, expected + 1


def _end_of_row(cells: Sequence[_Numbered], at: int, width: int, expected: int) -> int:
    """Where the row that begins at `at` ends: after `width` cells, or earlier or later where the next number shows it."""
    following = str(expected + 1)
    full = min(at + width, len(cells))
    if full == len(cells) or cells[full][1] == following:
        return full
    for end in range(at + 1, min(at + 2 * width, len(cells))):
        if cells[end][1] == following and end - at >= 2:
            return end
    return full


def _line(cells: Sequence[_Numbered]) -> Line:
    values: tuple[Cell, ...] = tuple(cell for _, cell in cells)
    return Line(None, cells[0][0] if cells else 0, values)
