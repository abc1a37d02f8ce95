"""A list of enterprises as files of other kinds than plain CSV: for Excel, for maps.

What this module knows that no other does: how an enterprise becomes a feature of GeoJSON, and that a workbook, which
cannot be sent while it is made, is made in a file without a name and has a bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import IO, Any

from public_site import records, spreadsheets
from public_site.languages import _
from public_site.web import csv_lines, shapes
from public_site.web.parameters import UrlNotValid

EXCEL_MARK = "\ufeff"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GEOJSON = "application/geo+json"
_CHUNK = 1 << 16


class ListTooLong(UrlNotValid):
    """A workbook of so many rows is not made on request."""


def require_fits(total: int) -> None:
    """Raises: ListTooLong."""
    if total > spreadsheets.MOST_ROWS:
        raise ListTooLong(
            _(
                "这份名单有 {rows} 行，超过 XLSX 下载的上限 {most} 行。请加上筛选条件，或者改下载 CSV（没有行数限制）。",
                rows=f"{total:,}",
                most=f"{spreadsheets.MOST_ROWS:,}",
            )
        )


def guarded(rows: Iterable[list[object]]) -> Iterator[list[object]]:
    """Rows of which no text can be taken for a formula."""
    return ([spreadsheets.guarded(value) for value in row] for row in rows)


def workbook(rows: Generator[list[object]] | Iterator[list[object]], made: datetime) -> Generator[bytes]:
    """A workbook of the list, written whole before its first bytes are given."""
    file: IO[bytes]
    with tempfile.TemporaryFile() as file:
        header = [column.name for column in csv_lines.COLUMNS]
        spreadsheets.write_workbook(file, "企业等级名单", header, rows, made=made)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def features(lines: Generator[records.EnterpriseLine]) -> Iterator[dict[str, Any]]:
    """Enterprises as GeoJSON features; the geometry of one whose place is not known is null (RFC 7946, 3.2)."""
    with closing(lines):
        for line in lines:
            told = shapes.enterprise(line)
            point = told.pop("point")
            yield {
                "type": "Feature",
                "id": told.pop("id"),
                "geometry": point and {"type": "Point", "coordinates": [point["lon"], point["lat"]]},
                "properties": told,
            }
