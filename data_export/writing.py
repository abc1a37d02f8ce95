"""The tables as files that DuckDB writes itself: CSV, CSV for Excel, JSON Lines, JSON, GeoJSON, Parquet.

What this module knows that no other does: how a field of each type looks in each format, and that a spreadsheet must not
take a text for a formula or round a long number. Rows are in the order of the table's key in every format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from data_export.fields import Field, Table

MOST_SHEET_ROWS: Final = 1_048_575  # rows of a spreadsheet under its header
_BOM: Final = "\ufeff"
# What a spreadsheet would calculate, and digits that it would round or strip of their zeros.
_TAKEN_WRONGLY: Final = r"^([=+\-@\t\r]|[0-9]{12,}$|0[0-9]+$)"
_CSV: Final = r"(FORMAT csv, HEADER true, NEW_LINE '\r\n')"
_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"


def csv(duck: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """RFC 4180: UTF-8 without mark, CRLF, a header, text exactly as registered."""
    columns = ", ".join(f"{_flat(f)} AS {f.name}" for f in table.fields)
    _write(duck, f"SELECT {columns} FROM {table.name}", path, _CSV)


def excel_csv(duck: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """The same with a byte order mark, and an apostrophe before what Excel would change."""
    columns = [f"{_guarded(f)} AS {f.name}" for f in table.fields]
    first, *rest = columns
    marked = first.rpartition(" AS ")[0] + f' AS "{_BOM}{table.fields[0].name}"'
    _write(duck, f"SELECT {', '.join([marked, *rest])} FROM {table.name}", path, _CSV)


def jsonl(duck: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """One JSON object a line, every field named in it."""
    columns = ", ".join(f.name for f in table.fields)
    _write(duck, f"SELECT {columns} FROM {table.name}", path, "(FORMAT json)")


def parquet(duck: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Dates and moments as such; an object as its JSON text."""
    columns = ", ".join(f"{typed(f)} AS {f.name}" for f in table.fields)
    _write(duck, f"SELECT {columns} FROM {table.name}", path, _PARQUET)


def geojson(duck: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """RFC 7946: the rows with a point, longitude first, the other fields as properties."""
    fields = ", ".join(f.name for f in table.fields if f.name not in {"lat", "lon"})
    packed = ", ".join(f"{n} := {n}" for n in fields.split(", "))
    _write(
        duck,
        f"SELECT 'Feature' AS type, {table.key} AS id,"
        " struct_pack(type := 'Point', coordinates := [lon, lat]) AS geometry,"
        f" struct_pack({packed}) AS properties"
        f" FROM {table.name} WHERE lat IS NOT NULL AND lon IS NOT NULL",
        path,
        "(FORMAT json)",
    )


WRITERS: Final = {"csv": csv, "excel.csv": excel_csv, "jsonl": jsonl, "parquet": parquet}


def _write(duck: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> None:
    target = str(path).replace("'", "''")
    duck.execute(f"COPY ({query}) TO '{target}' {options}")


def _flat(field: Field) -> str:
    """A field as one text."""
    return f"array_to_string({field.name}, ';')" if field.type == "list" else field.name


def _guarded(field: Field) -> str:
    if field.type not in {"string", "list", "object"} or field.values:
        return _flat(field)
    said = f"({_flat(field)})::VARCHAR"
    return f"CASE WHEN regexp_matches({said}, '{_TAKEN_WRONGLY}') THEN '''' || {said} ELSE {said} END"


def typed(field: Field) -> str:
    """A field as the type that Parquet keeps it in."""
    kind = {"date": "DATE", "datetime": "TIMESTAMPTZ", "object": "VARCHAR"}.get(field.type)
    return f"CAST({field.name} AS {kind})" if kind else field.name
