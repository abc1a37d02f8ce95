"""The register on its way from SQLite to PostgreSQL: everything, in one transaction, from one snapshot.

What this module knows that no other does: that a copy is whole or leaves nothing, that it is believed only after its
entries hash to the root of the checkpoint that was signed before, and how the old register is closed for ever in the same
moment, so that nobody appends to both (two histories of one log cannot be told from a forgery).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, make_url, text

from public_site import log, register, verification
from public_site.complaints import store as complaints_store
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.faults import NotReady, NotValid
from public_site.settings import Settings
from public_site.tables import METADATA

Progress = Callable[[int, int], None]
_SAY_EVERY = 20_000


class CannotCopy(NotValid):
    """The source is not a SQLite register, or the target not an empty PostgreSQL database."""


class CopyDiffers(NotReady):
    """The copy does not say what the source says; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied and found equal: tables, rows, the register's number N and the root over N entries."""

    tables: int
    rows: int
    number: int
    root: bytes
    complaints: bool


@dataclass(frozen=True, slots=True)
class _Half:
    """One database to be copied: its snapshot, its tables, the schema they go to ("" for the register's own)."""

    database: Database
    rows: Connection
    tables: MetaData
    schema: str

    @property
    def ordered(self) -> list[Table]:
        return self.tables.sorted_tables


def copy_to(
    source: Database, settings: Settings, target: str, *, final: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Copied:  # fmt: skip
    """Copy the register, and the complaints where a ceremony was held, into the empty PostgreSQL database `target`.

    Public pages go on meanwhile. With `final` nobody else writes while it lasts, and no row is added to, changed in or
    deleted from the source ever after; else what is written after the snapshot is not in the copy.

    Raises: CannotCopy; SchemaNotCurrent; CopyDiffers. Then the target is as empty as it was.
    """
    if not source.is_sqlite:
        raise CannotCopy("要复制的登记不在 SQLite 中：copy-to 只从数据目录中的 SQLite 复制到 PostgreSQL。")
    if make_url(target).get_backend_name() != "postgresql":
        raise CannotCopy("目标应写作 postgresql+psycopg://用户@主机/数据库。")
    source.require_current()
    with closing(Database(target)) as database, closing(Store(settings)) as store, ExitStack() as held:
        halves = [_Half(*half) for half in _halves(source, settings, store, held, final=final)]
        with database.writing() as connection:
            _require_empty(connection)
            database.migrate_within(connection)
            rows = sum(_filled(half, connection, progress) for half in halves)
            root = _require_equal(halves[0].rows, connection)
            connection.execute(text("ANALYZE"))
        number = register.latest_number(halves[0].rows)
        for half in halves if final else ():
            for table in half.ordered:
                half.database.close_for_ever(half.rows, table.name)
    return Copied(sum(len(half.ordered) for half in halves), rows, number, root, len(halves) > 1)


def _halves(
    source: Database, settings: Settings, store: Store, held: ExitStack, *, final: bool
) -> Iterator[tuple[Database, Connection, MetaData, str]]:
    """Each database with a snapshot of its own; with `final` one that nobody writes behind."""
    found = [(source, METADATA, "")]
    if (settings.data / f"{complaints_store.SEALED_NAME}.db").exists():
        found += [(store.sealed, complaints_store.SEALED, complaints_store.SEALED_NAME),
                  (store.wraps, complaints_store.WRAPS, complaints_store.WRAPS_NAME)]  # fmt: skip
    for database, tables, schema in found:
        look = database.writing() if final else database.reading()
        yield database, held.enter_context(look), tables, schema


def _require_empty(connection: Connection) -> None:
    query = (
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname !~ '^(pg_|information_schema$)' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') LIMIT 1"
    )
    if found := connection.execute(text(query)).scalar():
        raise CannotCopy(f"目标数据库不是空的（有 {found}）：请新建一个空数据库，复制不会覆盖任何内容。")


def _filled(half: _Half, target: Connection, progress: Progress) -> int:
    """Copy every row of every table; indexes that are not keys are made after the rows."""
    if half.schema:
        complaints_store.make_schema(target, half.schema, half.tables)
    rows = 0
    with _without_indexes(target, half):
        for table in half.ordered:
            rows += _copied(half.rows, target, table, rows, progress)
            _count_on(target, table)
    target.execute(text("SET LOCAL search_path TO DEFAULT"))
    return rows


@contextmanager
def _without_indexes(target: Connection, half: _Half) -> Iterator[None]:
    """Within the block there are no indexes but the keys', and nothing looks at each entry whether it is the next one:
    that the copy's entries are the source's is found at the end."""
    query = (
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE NOT i.indisprimary AND c.relnamespace = current_schema()::regnamespace"
    )
    indexes = [(str(name), str(made)) for name, made in target.execute(text(query))]
    triggers = [] if half.schema else ["entry"]
    for name, _ in indexes:
        target.execute(text(f"DROP INDEX {name}"))
    for table in triggers:
        target.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield
    for table in triggers:
        target.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    for _, made in indexes:
        target.execute(text(made))


def _copied(source: Connection, target: Connection, table: Table, before: int, progress: Progress) -> int:
    """Copy the rows of one table, one by one, in the driver's own words: neither side holds more than a few.

    Raises: CopyDiffers.
    """
    prepared = target.dialect.identifier_preparer
    columns = ", ".join(prepared.format_column(column) for column in table.columns)
    reading, writing = source.connection.cursor(), target.connection.cursor()
    reading.execute(
        f'SELECT {", ".join(f"{chr(34)}{column.name}{chr(34)}" for column in table.columns)} FROM "{table.name}"'
    )
    done = 0
    with writing.copy(f"COPY {prepared.format_table(table)} ({columns}) FROM STDIN") as copy:
        for row in reading:  # type: ignore[attr-defined]
            copy.write_row(row)
            done += 1
            if not done % _SAY_EVERY:
                progress(before + done, 0)
    there = target.execute(text(f"SELECT count(*) FROM {prepared.format_table(table)}")).scalar_one()
    if there != source.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one():
        raise CopyDiffers(f"{table.name} 的行数不同；没有复制任何内容。")
    return done


def _count_on(target: Connection, table: Table) -> None:
    """PostgreSQL counts ids apart from the rows: let it go on after them."""
    for column in table.primary_key.columns:
        query = text("SELECT pg_get_serial_sequence(:table, :column)")
        counted = {"table": target.dialect.identifier_preparer.format_table(table), "column": column.name}
        if sequence := target.execute(query, counted).scalar():
            target.execute(
                text(f"SELECT setval('{sequence}', coalesce(max({column.name}), 0) + 1, false) FROM {counted['table']}")
            )


def _require_equal(source: Connection, target: Connection) -> bytes:
    """The root over the copy's entries, hashed anew from what they say, which is that of the source and its checkpoint.

    Raises: CopyDiffers.
    """
    number = register.latest_number(source)
    root = log.root(source, number)
    if register.latest_number(target) != number or log.checkpoints(target) != log.checkpoints(source):
        raise CopyDiffers("条目数或检查点与来源不同；没有复制任何内容。")
    hashed = verification.roots(target, {number})[number] if number else root
    if not hashed == root == log.root(target, number):
        raise CopyDiffers(f"根哈希不同：来源 {root.hex()}，复制所得 {hashed.hex()}；没有复制任何内容。")
    return root
