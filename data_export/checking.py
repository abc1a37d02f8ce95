"""What must hold of a version before anybody sees it. Every finding is collected; one is enough to publish nothing.

What this module knows that no other does: how to look at each file through another door than the one it was written
through: the CSV is parsed against the field list, every format is counted, keys and references are followed, and each
row of `entries` must give back the bytes that the log hashed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb

from data_export.fields import TABLES, Field, Table
from data_export.staging import Staging
from public_site.faults import NotValid
from public_site.open_data import File

_DUCK_TYPES: Final = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
                      "datetime": "TIMESTAMPTZ"}  # fmt: skip


class ExportRefused(NotValid):
    """What was written does not hold together; nothing was published."""


def staged(staging: Staging) -> Iterator[str]:
    """What does not hold of the tables themselves."""
    if broken := staging.broken_entries():
        yield f"entries：{broken} 行还原不出登记中的原文"
    for table in TABLES:
        if table.append_only:
            stray = staging.one(f"SELECT count(*) FROM {table.name} WHERE {table.key} <> rowid + 1")
            if staging.rows(table) != staging.number or stray:
                yield f"{table.name}：应为 1 至 {staging.number} 依次编号，实为 {staging.rows(table)} 行，{stray} 行不在其位"
        yield from _broken_rules(staging, table)
        yield from _lost_references(staging, table)


def written(staging: Staging, folder: Path, files: Iterable[File]) -> Iterator[str]:
    """What does not hold of the files of a finished folder."""
    duck = staging.duck.cursor()
    tables = {t.name: t for t in TABLES}
    for file in files:
        path = folder / file.name
        table = tables.get(file.table or "")
        try:
            if table is not None:
                yield from _count(duck, table, file, path, staging)
            elif file.format == "sqlite":
                yield from _database(path, staging)
        except (duckdb.Error, sqlite3.Error) as error:
            yield f"{file.name}：读不回来，{str(error).splitlines()[0]}"


def _broken_rules(staging: Staging, table: Table) -> Iterator[str]:
    """The rules of the field list, all in one look at the table."""
    rules = [(f"{table.key} 重复", f"count(*) - count(DISTINCT {table.key})")]
    for field in table.fields:
        rules += [(f"{field.name} {said}", f"count(*) FILTER (WHERE {broken})") for said, broken in _rules(field)]
    counts = staging.duck.execute(f"SELECT {', '.join(rule for _, rule in rules)} FROM {table.name}").fetchone()
    assert counts is not None
    for (said, _), count in zip(rules, counts, strict=True):
        if count:
            yield f"{table.name}：{count} 行的 {said}"


def _rules(field: Field) -> Iterator[tuple[str, str]]:
    name = field.name
    if field.required:
        yield "是空的", f"{name} IS NULL"
    if field.type in {"string", "date", "datetime"}:
        yield "是空字符串", f"{name} = ''"
    if field.values:
        yield f"不是 {'、'.join(field.values)} 之一", f"{name} NOT IN ({', '.join(repr(v) for v in field.values)})"
    if field.pattern:
        yield f"不合格式 {field.pattern}", f"NOT regexp_matches({name}, '{field.pattern}')"
    if field.minimum is not None:
        yield f"小于 {field.minimum}", f"{name} < {field.minimum}"
    if field.maximum is not None:
        yield f"大于 {field.maximum}", f"{name} > {field.maximum}"
    if field.type in {"date", "datetime"}:
        yield "不是日期", f"{name} IS NOT NULL AND TRY_CAST({name} AS {_DUCK_TYPES[field.type]}) IS NULL"


def _lost_references(staging: Staging, table: Table) -> Iterator[str]:
    for field in table.fields:
        if field.refers_to:
            other, column = field.refers_to
            lost = staging.one(
                f"SELECT count(*) FROM {table.name} t ANTI JOIN {other} o ON o.{column} = t.{field.name}"
                f" WHERE t.{field.name} IS NOT NULL"
            )
            if lost:
                yield f"{table.name}：{lost} 行的 {field.name} 指向 {other} 中没有的 {column}"


def _count(duck: duckdb.DuckDBPyConnection, table: Table, file: File, path: Path, staging: Staging) -> Iterator[str]:
    source = f"'{str(path).replace(chr(39), chr(39) * 2)}'"
    if file.format in {"csv", "excel.csv"}:
        columns = _typed_columns(table) if file.format == "csv" else _text_columns(table)
        query = (f"SELECT count(*) FROM read_csv({source}, header = true, columns = {{{columns}}}, strict_mode = true,"
                 " auto_detect = false, delim = ',', quote = '\"', escape = '\"', max_line_size = 16777216, buffer_size = 33554432)")  # fmt: skip
    elif file.format == "jsonl":
        query = f"SELECT count(*) FROM read_json_objects({source}, format = 'newline_delimited')"
    elif file.format == "parquet":
        query = f"SELECT count(*) FROM read_parquet({source})"
    else:
        return  # json and geojson are the lines of the JSON Lines between brackets
    found = duck.execute(query).fetchone()
    wanted = staging.rows(table)
    if found is None or found[0] != wanted:
        yield f"{file.name}：应有 {wanted} 行，读回 {found and found[0]} 行"


def _typed_columns(table: Table) -> str:
    return ", ".join(f"'{f.name}': '{_DUCK_TYPES.get(f.type, 'VARCHAR')}'" for f in table.fields)


def _text_columns(table: Table) -> str:
    return ", ".join(f"'{f.name}': 'VARCHAR'" for f in table.fields)


def _database(path: Path, staging: Staging) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        for table in TABLES:
            found = base.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
            if found != staging.rows(table):
                yield f"{path.name}：表 {table.name} 应有 {staging.rows(table)} 行，读回 {found} 行"
        if (said := base.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            yield f"{path.name}：{said}"
