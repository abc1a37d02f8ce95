"""How the register's database is opened: SQLite (one machine) or PostgreSQL, by the same code.

What this module knows that no other does: the pragmas and isolation that keep an acknowledged row through a power
cut, that a reader holds one snapshot and cannot write, that a writer is alone, and how the schema is brought up to date.

Dates and times are ISO 8601 text in every column (`2026-01-13`, `2026-01-13T08:00:00.000000Z`): the same bytes in both
engines, in JSON and in URLs, and they sort as they read.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, TimeoutError  # noqa: A004 - the pool's own, and nothing else here times out
from sqlalchemy.pool import ConnectionPoolEntry

from public_site.faults import NotReady
from public_site.languages import _

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"
# Connections a process may hold at once. Whoever waits for one holds a thread, so the wait is short; `web/doors.py` lets
# fewer requests in than there are connections, so that it hardly ever comes to that.
POOL = 32
_POOL_SECONDS = 5
_BUSY_SECONDS = 30
_BUSY = "另一项写入还没有完成（例如正在发布一份很长的名单），请稍后再试。"
_WRITER_KIBIBYTES = 128 << 10
# One number for every writer of the register on PostgreSQL (advisory locks are numbers): "mingji".
_WRITER_LOCK = 0x6D696E676A69


class SchemaNotCurrent(NotReady):
    """The database was made by another version of the program."""


class DatabaseBusy(NotReady):
    """Every connection is in use."""


class Database:
    """The register's database. `reading()` cannot write; `writing()` is one transaction, alone among writers."""

    def __init__(self, url: str, *, writer_lock: int = _WRITER_LOCK, forgets: bool = False) -> None:
        """`writer_lock`: one number for each database that has writers of its own; `forgets`: what is deleted is
        overwritten (SQLite; PostgreSQL forgets when it vacuums)."""
        self.url = make_url(url)
        self._writer_lock = writer_lock
        self._turn = threading.Lock()  # SQLite's own waiting is by looking again; within a process one waits in line
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self._readers = _sqlite_engine(url, "BEGIN", forgets=forgets).execution_options(committed=True)
            self._writers = _sqlite_engine(url, "BEGIN IMMEDIATE", forgets=forgets)
            self._careless = _sqlite_engine(url, "BEGIN IMMEDIATE", forgets=forgets, synchronous="NORMAL")
        else:
            self._writers = create_engine(
                url, pool_pre_ping=True, pool_size=POOL, max_overflow=0, pool_timeout=_POOL_SECONDS
            )
            self._careless = self._writers
            self._readers = self._writers.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, committed=True
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of everything, for as long as the block lasts; a write inside it is an error."""
        with _connected(self._readers) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[Connection]:
        """One transaction, alone among writers; it is kept when the block ends well, else it leaves no trace.

        Without `lasting` a power cut may undo it (SQLite; nothing that came later is kept without it): it does not wait
        for the disk.

        PostgreSQL: one advisory lock around the whole, else entry numbers would commit out of order and a projection
        would skip one.

        Raises: DatabaseBusy when another writer takes longer than one may wait for (SQLite).
        """
        with self._begun(self._writers if lasting else self._careless) as (connection, _):
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": self._writer_lock})
            yield connection

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """A writer whose work is undone at the end of the block, however it ends: for a look at what would be."""
        with self._begun(self._writers) as (connection, transaction):
            try:
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[tuple[Connection, RootTransaction]]:
        with self._in_turn(), engine.connect() as connection:
            try:
                transaction = connection.begin()
            except OperationalError:
                raise DatabaseBusy(_BUSY) from None
            with transaction:
                yield connection, transaction

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=_BUSY_SECONDS):
            raise DatabaseBusy(_BUSY)
        try:
            yield
        finally:
            self._turn.release()

    def migrate(self) -> None:
        """Bring the schema up to this program's version, in one transaction; does nothing when it is current."""
        if self.revision() == _latest_revision():
            return
        from alembic import command  # only a changing schema pays for it

        with self.writing() as connection:
            command.upgrade(_alembic(connection), "head")

    def downgrade(self, revision: str) -> None:
        """Take the schema back to an earlier `revision` ("base" for none)."""
        from alembic import command

        with self.writing() as connection:
            command.downgrade(_alembic(connection), revision)

    def revision(self) -> str | None:
        """The schema's version as the database says it; None when it is empty."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return None if found is None else str(found)

    def require_current(self) -> None:
        """Raises: SchemaNotCurrent when the schema is not this program's."""
        if self.revision() != _latest_revision():
            raise SchemaNotCurrent("数据库结构与程序版本不一致，请先运行 public-site migrate。")

    def changes(self) -> Callable[[], int]:
        """A look at a counter that every commit of anybody else moves (SQLite): microseconds, from any thread."""
        look = sqlite3.connect(f"file:{quote(str(self.url.database))}?mode=ro", uri=True, check_same_thread=False)
        look.isolation_level = None
        turn = threading.Lock()

        def counter() -> int:
            with turn:
                return int(look.execute("PRAGMA data_version").fetchone()[0])

        return counter

    def close(self) -> None:
        """Give every connection back."""
        for engine in (self._readers, self._writers, self._careless):
            engine.dispose()


def chosen(connection: Connection, query: str, values: Sequence[int] | Sequence[str], **more: Any) -> Sequence[Any]:
    """The rows of a query over many values of one kind at once; `{values}` in it is what a column may be IN.

    One statement however many there are: they travel as one JSON array (SQLite) or array (PostgreSQL).
    """
    if not values:
        return ()
    given: object = list(values)
    if connection.dialect.name == "sqlite":
        inner, given = "(SELECT value FROM json_each(:values))", json.dumps(given)
    else:
        kind = "bigint" if isinstance(values[0], int) else "text"
        inner = f"(SELECT unnest(CAST(:values AS {kind}[])))"
    return rows(connection, query.replace("{values}", inner), values=given, **more)


def rows(connection: Connection, query: str, **values: Any) -> Sequence[Any]:
    """The rows of a query that has each of `values` in it as `:name`, for reading by position or `_fields`.

    The driver gets it as it is: a third of the time of `text()`, which is parsed and compiled for each call.
    """
    if connection.dialect.name != "sqlite":
        query = _as_psycopg_has_it(query)
    return connection.exec_driver_sql(query, values).all()


@lru_cache(maxsize=512)
def _as_psycopg_has_it(query: str) -> str:
    return re.sub(r":(\w+)", r"%(\1)s", query.replace("%", "%%"))


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except TimeoutError:
        raise DatabaseBusy(_("同时访问的人太多，请稍后再试。")) from None


def _sqlite_engine(url: str, begin: str, *, forgets: bool, synchronous: str = "FULL") -> Engine:
    engine = create_engine(url, pool_size=POOL, max_overflow=0, pool_timeout=_POOL_SECONDS)

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # else the driver begins transactions where it likes
        for pragma in (
            f"busy_timeout={_BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",  # NORMAL loses acknowledged rows in a power cut
            "foreign_keys=ON",
            "trusted_schema=OFF",
            *(("secure_delete=ON",) if forgets else ()),
            f"query_only={'ON' if begin == 'BEGIN' else 'OFF'}",
            # A long list's indexes are written in no order: what is only half in memory is written many times over.
            *(() if begin == "BEGIN" else (f"cache_size=-{_WRITER_KIBIBYTES}",)),
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
        if begin == "BEGIN":  # a deferred transaction takes its snapshot with its first read: take it now
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()

    return engine


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _latest_revision() -> str:
    """The schema's version that this program needs: migration files begin with it and are numbered in order."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
