"""The tables as XLSX and SQLite, which want a row at a time; both are read off the CSV, so that it is read once more.

What this module knows that no other does: how both come out the same bytes every time (fixed dates, rows in order, one
transaction a table), and that a cell of a workbook is text or a number, never a formula or a link.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from data_export.fields import Field, Table

_NUMBERS: Final = frozenset({"integer", "number"})
_LONGEST_CELL: Final = 32_767
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_KINDS: Final = {"integer": "INTEGER", "boolean": "INTEGER", "number": "REAL"}


def xlsx(table: Table, source: Path, target: Path) -> None:
    """A workbook of two sheets: the rows, and what each column means."""
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True, "strings_to_formulas": False,
                                             "strings_to_urls": False, "tmpdir": str(target.parent)})  # fmt: skip
    book.set_properties({"title": table.zh, "comments": table.meaning, "created": _EPOCH.replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [f.name for f in table.fields], bold)
    for at, row in enumerate(_rows(source), 1):
        for column, (field, said) in enumerate(zip(table.fields, row, strict=True)):
            if not said:
                continue
            if field.type in _NUMBERS:
                sheet.write_number(at, column, float(said))
            else:
                sheet.write_string(at, column, said[:_LONGEST_CELL])
    told = book.add_worksheet("字段说明")
    told.write_row(0, 0, ["字段", "名称", "类型", "单位", "含义"], bold)
    for at, field in enumerate(table.fields, 1):
        told.write_row(at, 0, [field.name, field.zh, field.type, field.unit, field.meaning])
    book.close()


def sqlite(tables: Iterable[tuple[Table, Path]], target: Path) -> None:
    """One database of all tables, with their keys; nothing that is not in the CSV."""
    base = sqlite3.connect(target, isolation_level=None)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "page_size=8192", "locking_mode=EXCLUSIVE"):
            base.execute(f"PRAGMA {pragma}")
        for table, source in tables:
            base.execute(f"CREATE TABLE {table.name} ({', '.join(_column(table, f) for f in table.fields)}) STRICT")
            base.execute("BEGIN")
            marks = ", ".join(map(_mark, table.fields))
            base.executemany(f"INSERT INTO {table.name} VALUES ({marks})", _rows(source))
            base.execute("COMMIT")
            for field in table.fields:
                if field.refers_to and field.refers_to[0] == "enterprises":
                    base.execute(f"CREATE INDEX {table.name}_by_{field.name} ON {table.name} ({field.name})")
    finally:
        base.close()


def _column(table: Table, field: Field) -> str:
    kind = _KINDS.get(field.type, "TEXT")
    key = " PRIMARY KEY" if field.name == table.key else ""
    return f'"{field.name}" {kind}{" NOT NULL" if field.required else ""}{key}'


def _mark(field: Field) -> str:
    """How a cell of the CSV becomes a value: empty is null, true is 1."""
    if field.type == "boolean":
        return "CASE ? WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    if field.type in _NUMBERS:
        return f"CAST(nullif(?, '') AS {_KINDS[field.type]})"
    return "nullif(?, '')"


def _rows(source: Path) -> Iterator[Any]:
    with source.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader)
        yield from reader
