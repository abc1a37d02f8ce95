"""XLSX: the sheets' cells through calamine, numbers kept as numbers, cells merged downwards counted for each row.

calamine lays a sheet out as a full rectangle, and some damage makes it abort the process; so `file_gate` measures the
rectangle first, and this runs only in the limited child process.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from public_site.notices.grid import Cell, Line, Unreadable


def lines(data: bytes) -> Iterator[Line]:
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(data))
        for about in book.sheets_metadata:
            sheet = book.get_sheet_by_name(about.name)
            if about.visible == SheetVisibleEnum.Visible:
                yield from _lines(sheet)
            elif sheet.height > 1:
                raise Unreadable(
                    "这个工作表是隐藏的，但里面有内容。", "请取消隐藏或删除它，再重新保存文件。", sheet=about.name
                )
    except CalamineError:
        raise Unreadable(
            "工作簿已损坏或不是标准的 XLSX。", "请用 Excel 或 WPS 打开，确认无误后另存为 XLSX 再试。"
        ) from None


def _lines(sheet: CalamineSheet) -> Iterator[Line]:
    beginning = _merged_downwards(sheet)
    reaching: dict[int, tuple[int, Cell]] = {}  # column → last row it reaches, what stands in its first cell
    # rows and columns count from A1, whatever the sheet's used area
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells: list[Cell] = [_cell(value) for value in values]
        for column, (last, cell) in list(reaching.items()):
            if number > last:
                del reaching[column]
            elif column < len(cells) and cells[column] == "":
                cells[column] = cell
        for column, last in beginning.get(number, ()):
            if column < len(cells):
                reaching[column] = (last, cells[column])
        yield Line(sheet.name, number, tuple(cells))


def _merged_downwards(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    """First row of each merged range of several rows → its first column and last row."""
    found: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _) in sheet.merged_cell_ranges or ():
        if last > first:
            found.setdefault(first + 1, []).append((column, last + 1))
    return found


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)
