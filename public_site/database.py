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
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    TimeoutError,  # noqa: A004 - the pool's own, and nothing else here times out
)
from sqlalchemy.pool import ConnectionPoolEntry

from public_site.faults import NotReady
from public_site.languages import N_, _

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"
# Connections a process may hold at once. Whoever waits for one holds a thread, so the wait is short; `web/doors.py` lets
# fewer requests in than there are connections, so that it hardly ever comes to that.
POOL = 32
_POOL_SECONDS = 5
_BUSY_SECONDS = 30
# SQLSTATE: canceled after `read_seconds`, or because a replica had to go on · no connection, going down or coming up, too
# many connections · a server that takes no writes.
_TOO_LONG, _AWAY, _READ_ONLY = frozenset({"57014", "40001"}), ("08", "57P", "53300"), "25006"
_MANY = N_("同时访问的人太多，请稍后再试。")
_AWAY_READING = N_("登记数据库暂时无法访问，请稍后再试。")
_AWAY_WRITING = N_("登记数据库暂时无法写入。请稍后再试；重做之前，先看看是否已经完成。")
_MOVED = "this register has moved"  # says the trigger that `close_for_ever` leaves
# What keeps a process from waiting for a PostgreSQL server that is gone: how long to try each host, when a connection on
# which nothing comes back counts as dead (seconds; milliseconds). An operator's own words in the URL win.
_CONNECTING = {
    "connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
    "tcp_user_timeout": "15000", "application_name": "mingji",
}  # fmt: skip
_BUSY = "另一项写入还没有完成（例如正在发布一份很长的名单），请稍后再试。"
_WRITER_KIBIBYTES = 128 << 10
# One number for every writer of the register on PostgreSQL (advisory locks are numbers): "mingji".
_WRITER_LOCK = 0x6D696E676A69


class SchemaNotCurrent(NotReady):
    """The database was made by another version of the program."""


class DatabaseBusy(NotReady):
    """Every connection is in use, or the answer would take too long."""


class DatabaseAway(NotReady):
    """The PostgreSQL server cannot be reached, or only one that takes no writes."""


class Database:
    """The register's database. `reading()` cannot write; `writing()` is one transaction, alone among writers."""

    def __init__(
        self,
        url: str,
        *,
        read_url: str = "",
        read_seconds: int = 0,
        writer_lock: int = _WRITER_LOCK,
        forgets: bool = False,
    ) -> None:
        """`read_url`: a replica that `reading()` looks at (PostgreSQL; what it says may be a moment old); `read_seconds`:
        how long one question may take there (0: as long as it takes); `writer_lock`: one number for each database that has
        writers of its own; `forgets`: what is deleted is overwritten (SQLite; PostgreSQL forgets when it vacuums)."""
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
            self._writers = self._careless = _postgresql_engine(self.url)
            readers = self._writers
            if read_url or read_seconds:
                readers = _postgresql_engine(make_url(read_url) if read_url else self.url, read_seconds)
            self._readers = readers.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, committed=True
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of everything, for as long as the block lasts; a write inside it is an error."""
        with _told(), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def reading_what_was_written(self) -> Iterator[Connection]:
        """As `reading()`, never at a replica: for whoever was just told that something is kept."""
        engine = self._readers
        if not self.is_sqlite:
            engine = self._writers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with _told(), engine.connect() as connection, connection.begin():
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
        with self._in_turn(), _told(writing=True), engine.connect() as connection:
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
        with self.writing() as connection:
            self.migrate_within(connection)

    def migrate_within(self, connection: Connection, revision: str = "head") -> None:
        """Bring the schema up to a `revision`, in the transaction of a `writing()`."""
        from alembic import command  # only a changing schema pays for it

        command.upgrade(_alembic(connection), revision)

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

    def close_for_ever(self, connection: Connection, table: str) -> None:
        """Let nothing be written to `table` any more: what it holds has moved to another database (SQLite)."""
        for act in ("INSERT", "UPDATE", "DELETE"):
            connection.execute(text(f'CREATE TRIGGER {table}_has_moved_{act.lower()} BEFORE {act} ON "{table}"'
                                    f" BEGIN SELECT RAISE(ABORT, '{_MOVED}'); END"))  # fmt: skip

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
    """The rows of a query that has each of `values` in it as `:name`, for reading by position, by name or `_fields`.

    The driver gets it as it is: a third of the time of `text()`, which is parsed and compiled for each call; SQLite's, a
    tenth: nothing stands between. What goes wrong is told as SQLAlchemy tells it.
    """
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(_as_psycopg_has_it(query), values).all()
    found, columns = _asked_of_driver(connection, query, values)
    return list(map(_row_of(tuple(column[0] for column in columns))._make, found)) if found else found


def _asked_of_driver(connection: Connection, query: str, values: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """The rows, and the driver's description of them, of a statement that SQLite's driver alone has seen."""
    driver: Any = connection.connection.dbapi_connection
    try:
        cursor = driver.execute(query, values)
        return cursor.fetchall(), cursor.description
    except sqlite3.Error as fault:
        raise DBAPIError.instance(query, None, fault, sqlite3.Error) from fault


@lru_cache(maxsize=256)
def _row_of(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns, rename=True)  # noqa: PYI024 - the columns are the query's


@lru_cache(maxsize=512)
def _as_psycopg_has_it(query: str) -> str:
    return re.sub(r"(?<![:\w]):(\w+)", r"%(\1)s", query.replace("%", "%%"))


@contextmanager
def _told(*, writing: bool = False) -> Iterator[None]:
    """Within the block, what a server that is away or overworked says becomes a sentence for whoever asked."""
    try:
        yield
    except TimeoutError:
        raise DatabaseBusy(_(_MANY)) from None
    except DBAPIError as fault:
        if _MOVED in str(fault.orig):
            raise DatabaseAway(_("登记正在迁到另一个数据库，现在不能写入，请过几分钟再试。")) from fault
        state = getattr(fault.orig, "sqlstate", "")
        if state in _TOO_LONG:
            raise DatabaseBusy(_(_MANY)) from fault
        lost = state is None and isinstance(fault, OperationalError | InterfaceError)
        if lost or (state and state.startswith(_AWAY)) or (writing and state == _READ_ONLY):
            raise DatabaseAway(_(_AWAY_WRITING if writing else _AWAY_READING)) from fault
        raise


def _postgresql_engine(url: URL, read_seconds: int = 0) -> Engine:
    """A pool that finds out by itself that the server was started anew, or that another host is the primary now."""
    told = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    if read_seconds:
        options = url.query.get("options", "")
        told["options"] = f"{options} -c statement_timeout={read_seconds}s".strip()
    return create_engine(url, connect_args=told, pool_pre_ping=True, pool_size=POOL, max_overflow=0,
                         pool_timeout=_POOL_SECONDS)  # fmt: skip


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
        _asked_of_driver(connection, begin, {})
        if begin == "BEGIN":  # a deferred transaction takes its snapshot with its first read: take it now
            _asked_of_driver(connection, "SELECT 1 FROM sqlite_master LIMIT 1", {})

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
