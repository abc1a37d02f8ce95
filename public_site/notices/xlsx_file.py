"""XLSX: the sheets' cells through calamine, numbers kept as numbers; what is hidden through the sheets' own XML.

calamine lays a sheet out as a full rectangle, and some damage makes it abort the process; so `zip_gate` measures the
rectangle first, and this runs only in the limited child process. It does not tell which rows and columns are hidden.
"""

from __future__ import annotations

import datetime
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from public_site.languages import _
from public_site.notices import sheets
from public_site.notices.grid import MOST_COLUMNS, MOST_ROWS, Cell, Piece, Unreadable

_MAY_HIDE = re.compile(rb"""hidden|zeroHeight|\s(?:ht|width)\s*=\s*["']0*\.?0*["']""")


def lines(data: bytes) -> Iterator[Piece]:
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(data))
        hidden = _hidden(data)
        for about in book.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            rows, columns = hidden.get(about.name, (frozenset(), frozenset()))
            merged = _merged_downwards(sheet)
            seen = about.visible == SheetVisibleEnum.Visible
            yield from sheets.pieces(sheets.Sheet(about.name, _rows(sheet), merged, rows, columns, not seen))
    except (CalamineError, ElementTree.ParseError, expat.ExpatError, KeyError):
        raise Unreadable(
            _("工作簿已损坏或不是标准的 XLSX。"), _("请用 Excel 或 WPS 打开，确认无误后另存为 XLSX 再试。")
        ) from None


def _rows(sheet: CalamineSheet) -> Iterator[list[Cell]]:
    for values in sheet.iter_rows():
        yield [_cell(value) for value in values]


def _merged_downwards(sheet: CalamineSheet) -> Iterator[tuple[int, int, int]]:
    for (first, column), (last, _column) in sheet.merged_cell_ranges or ():
        yield first + 1, last + 1, column


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


# --- what is hidden


def _hidden(data: bytes) -> dict[str, tuple[frozenset[int], frozenset[int]]]:
    """Hidden rows (from 1) and columns (from 0) of each sheet that has any."""
    found: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name, part in _parts(archive).items():
            xml = archive.read(part)
            if _MAY_HIDE.search(xml):
                found[name] = _Hiding().in_sheet(xml)
    return found


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The archive's part that holds each sheet."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - no DTD passes the gate
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    found: dict[str, str] = {}
    for sheet in (element for element in book.iter() if element.tag.endswith("}sheet")):
        target = targets.get(next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None))
        if target:
            found[sheet.get("name", "")] = posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
    return found


@dataclass(slots=True)
class _Hiding:
    """Goes through a sheet's XML for rows and columns that are marked as hidden or have no height or width."""

    rows: set[int] = field(default_factory=set)
    shown: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    last: int = 0
    by_default: bool = False  # rows are hidden unless they say otherwise

    def in_sheet(self, xml: bytes) -> tuple[frozenset[int], frozenset[int]]:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._begin
        parser.Parse(xml, True)
        return frozenset(self.rows), frozenset(self.columns)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(" ")[2]:
            case "sheetFormatPr":
                self.by_default = _is_true(attributes.get("zeroHeight"))
            case "col" if _is_true(attributes.get("hidden")) or _is_zero(attributes.get("width")):
                first, last = int(attributes.get("min", "1")), int(attributes.get("max", "1"))
                self.columns.update(range(first - 1, min(last, MOST_COLUMNS)))
            case "row":
                self.last = int(attributes.get("r") or self.last + 1)
                hidden = attributes.get("hidden")
                if _is_true(hidden) or _is_zero(attributes.get("ht")) or (self.by_default and hidden is None):
                    self.rows.add(min(self.last, MOST_ROWS))


def _is_true(value: str | None) -> bool:
    return value is not None and value.strip().lower() in ("1", "true", "on")


def _is_zero(value: str | None) -> bool:
    try:
        return value is not None and float(value) == 0
    except ValueError:
        return False
