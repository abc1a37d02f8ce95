"""The register's database as streams of bytes, at one moment, while others write; and back into an empty one.

What this module knows that no other does: how either database gives a copy of one moment (SQLite by its online backup,
PostgreSQL as COPY of every table in one snapshot), and in which order rows go back so that the triggers which guard the
register let them in. A copy goes back into the kind of database that it came from; `copy-to` moves from one to the other.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, MetaData, Table, text

from public_site import log, register
from public_site.database import Database
from public_site.faults import NotValid

_PIECE = 1 << 20
_SQLITE = "register"
# Opens a stream by its name, to be written or read.
Streams = Callable[[str], AbstractContextManager[IO[bytes]]]


class OtherDatabase(NotValid):
    """The copy came from another kind of database."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a copy holds. `tables`: name → its columns (PostgreSQL); `schema`: the revision."""

    kind: str
    schema: str
    entry: int
    root: str
    checkpoint: str
    tables: Mapping[str, list[str]]


def copy(database: Database, stage: Path, streams: Streams) -> Moment:
    """Write a copy of this moment into streams; the register's own writers go on meanwhile. `stage`: a private folder on
    the register's own disk, which SQLite's copy needs room in."""
    if database.is_sqlite:
        return _copy_sqlite(database, stage, streams)
    with database.reading() as connection:
        tables = _tables(connection)
        for table in tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            order = ", ".join(f'"{column.name}"' for column in table.primary_key) or "1"
            rows = f'COPY (SELECT {columns} FROM "{table.name}" ORDER BY {order}) TO STDOUT'
            with streams(f"table-{table.name}") as out, _driver(connection).cursor().copy(rows) as pieces:
                for piece in pieces:
                    out.write(piece)
        named = {str(table.name): [str(column.name) for column in table.columns] for table in tables}
        return _moment(connection, "postgresql", named)


def put_back(database: Database, moment: Moment, folder: Path, streams: Streams) -> None:
    """Fill an empty database. `folder`: where SQLite's file is made, under the name `register.db`.

    Raises: OtherDatabase.
    """
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if kind != moment.kind:
        raise OtherDatabase(f"备份来自 {moment.kind}，这里设置的是 {kind}；请先恢复到同一种数据库，再用 copy-to 迁移。")
    if database.is_sqlite:
        with streams(_SQLITE) as plain, (folder / "register.db").open("xb") as out:
            (folder / "register.db").chmod(0o600)
            shutil.copyfileobj(plain, out, _PIECE)
        return
    database.migrate()
    if database.revision() != moment.schema:
        database.downgrade(moment.schema)  # an older copy goes into its own schema; `migrate` brings it along
    with database.writing() as connection:
        for name, columns in moment.tables.items():
            connection.execute(text(f'DELETE FROM "{name}"'))
            told = ", ".join(f'"{column}"' for column in columns)
            into = _driver(connection).cursor().copy(f'COPY "{name}" ({told}) FROM STDIN')
            with streams(f"table-{name}") as plain, into as target:
                while piece := plain.read(_PIECE):
                    target.write(piece)
            _count_on(connection, name, columns)


def is_empty(database: Database) -> bool:
    """Whether there is nothing yet that a copy could come into conflict with."""
    if database.is_sqlite:
        file = database.url.database or ""
        return not Path(file).exists()
    return database.revision() is None


def moment_of(database: Database) -> tuple[int, str, str]:
    """N, the log's root in hexadecimal, the latest checkpoint: what a restored register is compared by."""
    with database.reading() as connection:
        found = _moment(connection, "", {})
    return found.entry, found.root, found.checkpoint


def _copy_sqlite(database: Database, stage: Path, streams: Streams) -> Moment:
    file = stage / "register.db"
    file.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"file:{database.url.database}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(file)) as target,
    ):
        source.backup(target)  # in one step: a snapshot, which hinders nobody who writes beside it
        target.execute("PRAGMA journal_mode=DELETE")
    try:
        with streams(_SQLITE) as out, file.open("rb") as plain:
            shutil.copyfileobj(plain, out, _PIECE)
        copied = Database(f"sqlite:///{file}")
        try:
            with copied.reading() as connection:
                return _moment(connection, "sqlite", {})
        finally:
            copied.close()
    finally:
        for left in stage.glob("register.db*"):
            left.unlink()


def _moment(connection: Connection, kind: str, tables: Mapping[str, list[str]]) -> Moment:
    entry = register.latest_number(connection)
    schema = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    checkpoint = log.checkpoint(connection) if entry else ""
    return Moment(kind, schema, entry, log.root(connection, entry).hex(), checkpoint, tables)


def _tables(connection: Connection) -> list[Table]:
    """Every table but the migrations' own, such that whatever a row refers to comes before it."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _driver(connection: Connection) -> Any:
    """psycopg's own connection, which knows COPY."""
    return connection.connection.driver_connection


def _count_on(connection: Connection, name: str, columns: list[str]) -> None:
    """PostgreSQL counts ids apart from the rows: let it go on after them."""
    for column in columns:
        kept = connection.execute(
            text("SELECT pg_get_serial_sequence(:name, :column)"), {"name": f'"{name}"', "column": column}
        ).scalar()
        if kept is not None:
            query = f'SELECT setval(:kept, max("{column}")) FROM "{name}" HAVING max("{column}") IS NOT NULL'
            connection.execute(text(query), {"kept": kept})


@contextmanager
def private_folder(path: Path) -> Iterator[Path]:
    """A folder that only its owner sees, gone with all that is in it when the block ends."""
    path.mkdir(mode=0o700, parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
