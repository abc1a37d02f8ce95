"""One list of a notice, written in every format that offices publish in; the same input always gives the same bytes."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import docx
import xlsxwriter
import xlwt
from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

Cell = str | int
Grid = Sequence[Sequence[Cell]]
_FONT = "STSong-Light"
_LONG_AGO = (2024, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Sheet:
    """Lines above, a table, lines under it; merged cells as first row, first column, last row, last column of the table."""

    grid: Grid
    above: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    name: str = "名单"
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: str = ""  # "sheet", "row 3" of the table, "column 2"

    def rows(self) -> list[Sequence[Cell]]:
        """Everything as rows, as a spreadsheet has it."""
        return [*((line,) for line in self.above), *self.grid, *((line,) for line in self.under)]

    def hides(self, what: str) -> int | None:
        kind, _, number = self.hidden.partition(" ")
        return int(number) if kind == what else None


def csv_file(sheet: Sheet, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(sheet.rows())
    return text.getvalue().encode(encoding)


def html(*sheets: Sheet, title: str = "") -> bytes:
    body = "".join(
        "".join(f"<p>{escape(line)}</p>" for line in sheet.above)
        + f"<table>{_html_rows(sheet)}</table>"
        + "".join(f"<p>{escape(line)}</p>" for line in sheet.under)
        for sheet in sheets
    )
    head = f"<title>{escape(title)}</title>" if title else ""
    return f'<!DOCTYPE html><html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'.encode()


def _html_rows(sheet: Sheet) -> str:
    covered = {cell for box in sheet.merged for cell in _covered(box)}
    spans = {(r, c): (last_r - r + 1, last_c - c + 1) for r, c, last_r, last_c in sheet.merged}
    rows = ""
    for r, row in enumerate(sheet.grid):
        hidden = ' style="display: none"' if sheet.hides("row") == r else ""
        rows += f"<tr{hidden}>"
        for c, cell in enumerate(row):
            if (r, c) not in covered:
                down, across = spans.get((r, c), (1, 1))
                text = escape(str(cell)).replace("\n", "<br>")
                rows += f'<td rowspan="{down}" colspan="{across}"><p>{text}</p></td>'
        rows += "</tr>"
    return rows


def _covered(box: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    first_r, first_c, last_r, last_c = box
    return [(r, c) for r in range(first_r, last_r + 1) for c in range(first_c, last_c + 1)][1:]


def xlsx(*sheets: Sheet) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)})
        for sheet in sheets:
            page, first = book.add_worksheet(sheet.name), len(sheet.above)
            for r, row in enumerate(sheet.rows()):
                for c, cell in enumerate(row):
                    page.write_number(r, c, cell) if isinstance(cell, int) else page.write_string(r, c, cell)
            for top, left, bottom, right in sheet.merged:
                page.merge_range(top + first, left, bottom + first, right, sheet.grid[top][left])
            if (row_at := sheet.hides("row")) is not None:
                page.set_row(row_at + first, None, None, {"hidden": True})
            if (column := sheet.hides("column")) is not None:
                page.set_column(column, column, None, None, {"hidden": True})
            if sheet.hidden == "sheet":
                page.hide()
    return stream.getvalue()


def xls(*sheets: Sheet) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    for sheet in sheets:
        page, first = book.add_sheet(sheet.name), len(sheet.above)
        covered = {cell for box in sheet.merged for cell in _covered(box)} | {(r, c) for r, c, _, _ in sheet.merged}
        for r, row in enumerate(sheet.rows()):
            for c, cell in enumerate(row):
                if (r - first, c) not in covered:
                    page.write(r, c, cell)
        for top, left, bottom, right in sheet.merged:
            page.write_merge(top + first, bottom + first, left, right, sheet.grid[top][left])
        if (row_at := sheet.hides("row")) is not None:
            page.row(row_at + first).hidden = True
        if (column := sheet.hides("column")) is not None:
            page.col(column).hidden = True
        page.visibility = int(sheet.hidden == "sheet")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def word(*sheets: Sheet, change: Callable[[Any], None] | None = None) -> bytes:
    document = docx.Document()
    for sheet in sheets:
        for line in sheet.above:
            document.add_paragraph(line)
        width = max(len(row) for row in sheet.grid)
        table = document.add_table(rows=len(sheet.grid), cols=width)
        for row, cells in zip(table.rows, sheet.grid, strict=True):
            for place, text in zip(row.cells, cells, strict=False):
                place.text = str(text)
        for top, left, bottom, right in sheet.merged:
            for r, c in _covered((top, left, bottom, right)):
                table.cell(r, c).text = ""
            merged = table.cell(top, left).merge(table.cell(bottom, right))
            merged.text = str(sheet.grid[top][left])
        for line in sheet.under:
            document.add_paragraph(line)
    if change:
        change(document)
    stream = io.BytesIO()
    document.save(stream)
    return rezipped(stream.getvalue())


@cache
def _style() -> ParagraphStyle:
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    return ParagraphStyle("list", fontName=_FONT, fontSize=10, leading=14, wordWrap="CJK")


def paragraphs(lines: Iterable[str]) -> list[Flowable]:
    return [Paragraph(escape(line), _style()) for line in lines]


def pdf_table(sheet: Sheet, *, ruled: bool = True, repeated: int = 1, narrow: bool = False) -> Table:
    cells = [[Paragraph(escape(str(cell)), _style()) if ruled else str(cell) for cell in row] for row in sheet.grid]
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), _style().fontName, 10),
        ("LEADING", (0, 0), (-1, -1), 14),
    ]
    style += [("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if ruled else []
    style += [("SPAN", (left, top), (right, bottom)) for top, left, bottom, right in sheet.merged]
    widths = (40, 80, 160 if ruled or narrow else 200, 90, 50, 50)
    return Table(cells, colWidths=widths[: len(cells[0])], repeatRows=repeated, style=style)


def pdf(*sheets: Sheet, ruled: bool = True, repeated: int = 1, narrow: bool = False) -> bytes:
    flow: list[Flowable] = []
    for sheet in sheets:
        flow += paragraphs(sheet.above)
        flow += [pdf_table(sheet, ruled=ruled, repeated=repeated, narrow=narrow)]
        flow += [Spacer(1, 30), *paragraphs(sheet.under)] if sheet.under else []
    return pdf_of(flow)


def pdf_of(flow: list[Flowable]) -> bytes:
    stream = io.BytesIO()
    SimpleDocTemplate(stream, invariant=1, pageCompression=1).build(flow)
    return stream.getvalue()


def page_break() -> Flowable:
    return PageBreak()


def zipped(*files: tuple[str, bytes], encoding: str | None = None) -> bytes:
    """A ZIP; with an encoding, the names as an old archiver writes them: without the flag for UTF-8."""
    stream, names = io.BytesIO(), []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, (name, data) in enumerate(files):
            raw = name.encode(encoding or "ascii", "replace")
            stand_in = f"{at:{'0' + str(len(raw))}}" if encoding else name
            names.append((stand_in.encode(), raw))
            archive.writestr(zipfile.ZipInfo(stand_in, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    packed = stream.getvalue()
    for old, new in names if encoding else ():
        packed = packed.replace(old, new)
    return packed


def rezipped(data: bytes, change: Callable[[str, bytes], bytes] | None = None, *more: tuple[str, bytes]) -> bytes:
    """An archive with its parts changed, others added, and every date the same."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    return zipped(*((name, change(name, part) if change else part) for name, part in parts), *more)
