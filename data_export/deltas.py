"""What changed since the version before, row by row: `delta.jsonl`.

What this module knows that no other does: an insertion tells every field, an update only those that are other now
(also when they are null now), a deletion none; whoever holds version k-1 and applies the delta of k holds version k. The
version before is read from its Parquet files, where values have their types.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from data_export import writing
from data_export.fields import Field, Table


def write(duck: duckdb.DuckDBPyConnection, table: Table, before: Path, target: Path) -> int:
    """Write how `table` differs from the Parquet file `before`, in the order of its key; returns how many rows do."""
    had = _columns(duck, before)
    old = ", ".join(f"{f.name if f.name in had else 'NULL'} AS {f.name}" for f in table.fields)
    new = ", ".join(f"{writing.typed(f)} AS {f.name}, {f.name} AS told_{f.name}" for f in table.fields)
    # What only grows is not compared: a published entry never changes (the database refuses it).
    since = f"WHERE {table.key} > (SELECT coalesce(max({table.key}), 0) FROM old)" if table.append_only else ""
    join = "LEFT" if table.append_only else "FULL"
    duck.execute(f"CREATE OR REPLACE TEMP VIEW old AS SELECT {old} FROM read_parquet({_quoted(before)})")
    changed = " OR ".join(f"n.{f.name} IS DISTINCT FROM o.{f.name}" for f in table.fields)
    fields = ", ".join(_field(table, f) for f in table.fields)
    duck.execute(
        f"""COPY (
            SELECT CASE WHEN o.{table.key} IS NULL THEN 'insert' WHEN n.{table.key} IS NULL THEN 'delete'
                   ELSE 'update' END AS op,
                '{table.name}' AS kind, coalesce(n.{table.key}, o.{table.key}) AS id,
                CASE WHEN n.{table.key} IS NULL THEN NULL ELSE ('{{' || concat_ws(',', {fields}) || '}}')::JSON END
                    AS fields
            FROM (SELECT {new} FROM {table.name} {since}) n {join} JOIN old o ON n.{table.key} = o.{table.key}
            WHERE {changed} ORDER BY id
        ) TO {_quoted(target)} (FORMAT json)"""
    )
    with target.open("rb") as lines:
        return sum(1 for _ in lines)


def _field(table: Table, field: Field) -> str:
    told = f"""'"{field.name}":' || coalesce(to_json(n.told_{field.name})::VARCHAR, 'null')"""
    return f"CASE WHEN o.{table.key} IS NULL OR n.{field.name} IS DISTINCT FROM o.{field.name} THEN {told} END"


def _columns(duck: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    told = duck.execute(f"DESCRIBE SELECT * FROM read_parquet({_quoted(path)})").fetchall()
    return {str(row[0]) for row in told}


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
