"""CSV and TSV: one record is one row, numbered as a spreadsheet would number it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from public_site.languages import _
from public_site.notices.grid import MOST_CELL_CHARACTERS, Line, Unreadable
from public_site.notices.text_bytes import decoded


def lines(data: bytes) -> Iterator[Line]:
    text = decoded(data)
    csv.field_size_limit(4 * MOST_CELL_CHARACTERS)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for record in records:
            number += 1
            yield Line(None, number, tuple(record))
    except csv.Error:
        raise Unreadable(
            _("从这一行起引号不成对，或有一格过长，无法分清各列。"),
            _("请检查这一行的英文双引号是否成对，或另存为 XLSX 后重试。"),
            row=number + 1,
        ) from None


def _delimiter(text: str) -> str:
    """A tab where the first lines have tabs and no comma (the file is TSV), else a comma."""
    beginning = text[:4_000]
    return "\t" if "\t" in beginning and "," not in beginning else ","
