"""Helpers of the notice tests: read a file as the intake does, or its bytes in this process, where thousands are tried."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import xlsxwriter

from public_site import notices
from public_site.notices import child, file_gate, reading, sandbox
from public_site.notices.grid import Unreadable

SAMPLES = Path(__file__).parents[1] / "samples"
TODAY = date(2026, 11, 23)
HEADER = ("序号", "区县", "企业名称", "行业类别", "绩效等级")
Grid = Sequence[Sequence[str]]


def read(path: Path, **given: Any) -> notices.Reading:
    return notices.read(path, given=notices.Given(**given), today=TODAY)


def read_csv(folder: Path, text: str, name: str = "list.csv", **given: Any) -> notices.Reading:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read(path, **given)


def read_here(data: bytes, name: str) -> notices.Reading:
    """The same as `notices.read`, without the child process."""
    media = file_gate.media_type(name)
    parsed: sandbox.Spool | Unreadable
    try:
        parsed = sandbox.Spool()
        parsed.write(orjson.dumps(list(child.events_of(data, media, file_gate.Limits()))) + b"\n")
        parsed.flush()
    except Unreadable as fault:
        parsed = fault
    source = reading.Source(name, media, hashlib.sha256(data).hexdigest(), len(data))
    return reading.understood(parsed, source, today=TODAY)


def summary(row: notices.Row) -> dict[str, Any]:
    """What a row says, without what is empty and without where it stands."""
    values = orjson.loads(orjson.dumps(asdict(row)))
    del values["row"], values["sheet"]
    return {key: value for key, value in values.items() if value is not None}


def grades(found: notices.Reading) -> list[tuple[str | None, str]]:
    return [(row.grade, row.scheme) for row in found.rows]


def only_row(found: notices.Reading) -> notices.Row:
    assert [str(problem) for problem in found.problems] == []
    (row,) = found.rows
    return row


def csv_bytes(grid: Grid, encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(grid)
    return text.getvalue().encode(encoding)


def html_bytes(grid: Grid) -> bytes:
    from html import escape

    rows = "".join("<tr>" + "".join(f"<td><p>{escape(cell)}</p></td>" for cell in row) + "</tr>" for row in grid)
    return f"<html><body><p>附件</p><table>{rows}</table></body></html>".encode()


def workbook_bytes(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        fill(book)
    return stream.getvalue()


def xlsx_bytes(grid: Iterable[Sequence[str]], sheet: str = "名单") -> bytes:
    def fill(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet(sheet)
        for at, row in enumerate(grid):
            for column, cell in enumerate(row):
                page.write_string(at, column, cell)

    return workbook_bytes(fill)
