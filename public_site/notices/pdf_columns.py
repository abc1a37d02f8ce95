"""A list in a PDF without lines around its cells: columns only where white gutters divide all of it, else refused.

The gutters are found from the lines that fill every column; a line that fills fewer may have empty cells, but must keep to
the columns. A cell that was broken over two lines looks like a note under the table, so only a note may stand there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from public_site.notices import headers
from public_site.notices.grid import Unreadable

if TYPE_CHECKING:
    from public_site.notices.pdf_tables import Chunk, TextLine

_NOTE = re.compile(
    r"(?:注|※|★|[*＊]|备注|说明|合计|共计|总计|附件|特此|联系|公示)|.{2,40}(?:局|厅|办公室|政府|委员会)$|.*年.*月.*日$"
)
_REMEDY = "请向发布机关索取 XLSX、DOCX，或者照原件录入 XLSX 并由另一人核对。"
_Row = tuple["TextLine", tuple[str, ...]]


def divided(texts: Sequence[TextLine]) -> tuple[tuple[str, ...], list[_Row], list[TextLine]]:
    """Header, rows and what follows, of lines that begin with a header.

    Raises: Unreadable where the columns cannot be told apart for certain
    """
    header = texts[0]
    names = tuple(chunk.text for chunk in header.chunks)
    columns = _columns(texts)
    needed = {at for at, name in enumerate(names) if headers.meaning(name) in ("name", "grade")}
    rows: list[_Row] = []
    rest: list[TextLine] = []
    for line in texts[1:]:
        if tuple(chunk.text for chunk in line.chunks) == names:
            continue  # repeated on the next page
        cells = _in_columns(line, columns)
        if cells is not None and not rest and all(cells[at] for at in needed):
            rows.append((line, cells))
        else:
            rest.append(line)
    _check(rest, columns)
    return names, rows, rest


def _columns(texts: Sequence[TextLine]) -> list[tuple[float, float]]:
    """From where to where the full lines reach in each column; they may not reach into each other."""
    header = texts[0]
    columns = [(chunk.left, chunk.right) for chunk in header.chunks]
    for line in texts[1:]:
        if len(line.chunks) == len(columns):
            columns = [
                (min(left, chunk.left), max(right, chunk.right))
                for (left, right), chunk in zip(columns, line.chunks, strict=True)
            ]
    for (_, right), (left, _) in pairwise(columns):
        if left - right < 0.5 * header.size:
            raise _doubtful(header)
    return columns


def _in_columns(line: TextLine, columns: list[tuple[float, float]]) -> tuple[str, ...] | None:
    cells = [""] * len(columns)
    for chunk in line.chunks:
        touched = [at for at, column in enumerate(columns) if _touches(chunk, column)]
        if len(touched) != 1 or cells[touched[0]]:
            return None
        cells[touched[0]] = chunk.text
    return tuple(cells)


def _touches(chunk: Chunk, column: tuple[float, float]) -> bool:
    return chunk.left < column[1] and column[0] < chunk.right


def _check(rest: Sequence[TextLine], columns: list[tuple[float, float]]) -> None:
    """That what stands under the rows is notes, and no row or broken cell."""
    for at, line in enumerate(rest):
        touched = sum(1 for column in columns if any(_touches(chunk, column) for chunk in line.chunks))
        if (len(line.chunks) > 1 and touched > 1) or (at == 0 and not _NOTE.match(line.text)):
            raise _doubtful(line)


def _doubtful(line: TextLine) -> Unreadable:
    return Unreadable(f"名单没有表格线，从“{line.text[:30]}”这一行起无法可靠地分清各行各列。", _REMEDY, line.sheet)
