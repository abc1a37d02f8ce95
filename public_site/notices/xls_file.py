"""XLS, the workbook of Excel 97 to 2003, through xlrd: it runs nothing, and tells what is merged and what is hidden.

calamine reads XLS too, but does not say which rows and columns are hidden.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import xlrd
from xlrd.book import SUPBOOK_DDEOLE, SUPBOOK_EXTERNAL
from xlrd.compdoc import CompDocError

from public_site.notices import sheets
from public_site.notices.grid import MOST_COLUMNS, Cell, Piece, Unreadable

_RE_SAVE = "请用 Excel 或 WPS 打开，确认无误后另存为 XLSX 再试。"
# What xlrd raises on damaged records, none of which it catches itself.
_DAMAGE = (AssertionError, AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError, struct.error)


class _Silent:
    def write(self, text: str) -> None:
        """xlrd prints its warnings; the child's output is for lines only."""


def lines(data: bytes) -> Iterator[Piece]:
    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, ragged_rows=True, logfile=_Silent())
        if {SUPBOOK_EXTERNAL, SUPBOOK_DDEOLE} & set(book._supbook_types):  # noqa: SLF001 - told nowhere else
            raise Unreadable("工作簿引用了别的文件（外部链接）。", "请把名单复制为数值，另存为 XLSX 后重试。")
        for sheet in book.sheets():
            yield from sheets.pieces(_sheet(book, sheet))
    except xlrd.XLRDError as fault:
        if "encrypted" in str(fault):
            raise Unreadable("工作簿有密码。", "请去掉密码后重试。") from None
        raise Unreadable("工作簿已损坏或不是标准的 XLS。", _RE_SAVE) from None
    except (CompDocError, *_DAMAGE):
        raise Unreadable("工作簿已损坏或不是标准的 XLS。", _RE_SAVE) from None


def _sheet(book: Any, sheet: Any) -> sheets.Sheet:
    rows = frozenset(
        row + 1 for row, about in sheet.rowinfo_map.items() if about.hidden or about.height == 0
    )  # a default height of zero hides every row that has none of its own
    columns = frozenset(
        column for column, about in sheet.colinfo_map.items()
        if column < MOST_COLUMNS and (about.hidden or about.width == 0)
    )  # fmt: skip
    merged = [(first + 1, end, column) for first, end, column, _ in sheet.merged_cells]
    if sheet.default_row_hidden:
        rows |= frozenset(range(1, sheet.nrows + 1)) - {row + 1 for row in sheet.rowinfo_map}
    return sheets.Sheet(sheet.name, _rows(book, sheet), merged, rows, columns, sheet.visibility != 0)


def _rows(book: Any, sheet: Any) -> Iterator[list[Cell]]:
    for row in range(sheet.nrows):
        yield [_cell(book, cell) for cell in sheet.row(row)]


def _cell(book: Any, cell: Any) -> Cell:
    value = cell.value
    match cell.ctype:
        case xlrd.XL_CELL_TEXT:
            return str(value)
        case xlrd.XL_CELL_NUMBER:
            return int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value)
        case xlrd.XL_CELL_DATE:
            day = xlrd.xldate_as_datetime(value, book.datemode)
            return day.date().isoformat() if day.time() == day.min.time() else str(day)
        case xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if value else "FALSE"
        case xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(value, "#N/A"))
    return ""
