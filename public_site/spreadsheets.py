"""Tables for people's spreadsheet programs, in which text must stay text.

What this module knows that no other does: which text a spreadsheet would take for a formula, and how a workbook is
written row by row, with a bound, so that the same rows are the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO

MOST_ROWS = 100_000
_LONGEST_CELL = 32_767
_WIDTH = 18


def guarded(value: object) -> object:
    """The value of a CSV cell, with a stroke before text that a spreadsheet would run as a formula.

    >>> guarded("＝1+1"), guarded(" -2"), guarded(-2)
    ("'＝1+1", "' -2", -2)
    """
    if not isinstance(value, str):
        return value
    seen = value.lstrip(" \u3000\u00a0\ufeff\u200b")
    first = unicodedata.normalize("NFKC", seen[:1])
    return f"'{value}" if first in ("=", "+", "-", "@", "\t", "\r", "\n", "−") and first else value


def write_workbook(
    file: IO[bytes], title: str, header: Sequence[str], rows: Iterable[Sequence[object]], *, made: datetime
) -> int:
    """Write one sheet into `file`; how many rows. Text is written as text, never as a formula or a link.

    Memory does not grow with the rows: they wait in a file of the system's temporary folder.
    """
    from xlsxwriter import Workbook  # only who asks for a workbook pays for it

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}  # fmt: skip
    book = Workbook(file, options)
    book.set_properties({"title": title, "created": made.replace(tzinfo=None)})
    sheet = book.add_worksheet("名单")
    sheet.set_column(0, len(header) - 1, _WIDTH)
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for at, name in enumerate(header):
        sheet.write_string(0, at, name, bold)
    count = 0
    for count, row in enumerate(rows, 1):
        for at, value in enumerate(row):
            if isinstance(value, bool | int | float):
                sheet.write_number(count, at, value)
            elif value is not None and value != "":
                sheet.write_string(count, at, str(value)[:_LONGEST_CELL])
    book.close()
    return count
