"""Copies of complaints to be kept elsewhere, and what brings them back.

What this module knows that no other does: what a copy may hold. The sealed half and the wraps are two files, to be kept
apart. Nobody's own keys and no unlocked session go along, so that no password of the console opens a copy; what the intake
holds in plain (the pepper, which would tell which complaints are about a known enterprise, and the key of proofs) is
wrapped to the console's key. So a copy opens with the offline key alone, and each informant's part with their code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from public_site.complaints import keys, sealing
from public_site.complaints.store import SEALED, WRAPS, Store, write_key
from public_site.faults import NotValid

_SECRETS = ("pepper", "proof.pem")
_NOT_COPIED = frozenset({"bucket", "daily_key", "holder", "unlocked"})
_ROWS = 50  # a photo may be some MB
# Of the copy of the wraps only: what the intake holds, wrapped to the console's key, and that key's public half.
_COPY = MetaData()
SECRET = Table(
    "secret", _COPY, Column("name", String, primary_key=True), Column("wrapped", LargeBinary, nullable=False)
)


class NoCopy(NotValid):
    """A file that is no copy of complaints, or not the half that it should be."""


def backup(store: Store, sealed: Path, wraps: Path) -> int:
    """Copy complaints as they are now into two new files; how many there are. Each appears when it is whole.

    Raises: NotOpenYet; NotValid where a file exists.
    """
    for file in (sealed, wraps):
        if file.exists():
            raise NotValid(f"{file} 已存在，不会覆盖。")
    # The sealed half first: whatever is in it has its wraps, unless it was erased meanwhile.
    with (
        store.sealed.reading() as rows,
        store.wraps.reading() as wrapped,
        _made(sealed) as copy,
        _made(wraps) as keys_copy,
    ):
        for source, target, tables in ((rows, copy, SEALED), (wrapped, keys_copy, WRAPS)):
            tables.create_all(target, tables=_copied(tables))
            for table in _copied(tables):
                _fill(source, target, table)
        _COPY.create_all(keys_copy)
        records = [{"name": name, "wrapped": _wrapped(store, name)} for name in _SECRETS]
        keys_copy.execute(insert(SECRET), [*records, {"name": "public", "wrapped": store.public_key}])
        return int(copy.execute(text("SELECT count(*) FROM complaint WHERE state <> 'erased'")).scalar_one())


def restore(store: Store, sealed: Path, wraps: Path, offline: Path, passphrase: str) -> int:
    """Bring both halves back where no ceremony has been held; how many complaints. Then the key is granted anew.

    Raises: keys.CeremonyHeld, keys.NotTheKey, NoCopy.
    """
    if (store.folder / "console.public").exists():
        raise keys.CeremonyHeld("这里已经有投诉的密钥；副本只能恢复到还没有建过密钥的数据目录。")
    private = keys.opened_offline(offline, passphrase)
    with _opened(sealed, "complaint") as copy, _opened(wraps, "secret") as keys_copy:
        secrets = {str(name): bytes(data) for name, data in keys_copy.execute(select(SECRET)).all()}
        if secrets["public"] != sealing.public_of(private):
            raise keys.NotTheKey("这份副本不是给这把离线密钥的：换过密钥的，用副本当时的那一把。")
        for name in _SECRETS:
            if not (store.folder / name).exists():
                write_key(store.folder / name, sealing.unwrap(private, secrets[name], f"backup {name}"))
        with _ceremony_of(store, secrets["public"]):
            for source, database, tables in ((keys_copy, store.wraps, WRAPS), (copy, store.sealed, SEALED)):
                with database.writing() as target:
                    for table in _copied(tables):
                        target.execute(table.delete())
                        _fill(source, target, table)
                        _count_on(target, table)
        return int(copy.execute(text("SELECT count(*) FROM complaint WHERE state <> 'erased'")).scalar_one())


@contextmanager
def _ceremony_of(store: Store, public: bytes) -> Iterator[None]:
    """The console's public key stands from now on, unless the block fails: then one may try again."""
    write_key(store.folder / "console.public", public)
    try:
        yield
    except BaseException:
        (store.folder / "console.public").unlink()
        raise


def _copied(tables: MetaData) -> list[Table]:
    return [table for table in tables.sorted_tables if table.name not in _NOT_COPIED]


def _fill(source: Connection, target: Connection, table: Table) -> None:
    for rows in source.execution_options(yield_per=_ROWS).execute(select(table)).mappings().partitions(_ROWS):
        target.execute(insert(table), [dict(row) for row in rows])


def _count_on(target: Connection, table: Table) -> None:
    """PostgreSQL counts ids apart from the rows: let it go on after them."""
    if target.dialect.name == "postgresql" and "id" in table.c and table.c.id.autoincrement is True:
        target.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"))


def _wrapped(store: Store, name: str) -> bytes:
    return sealing.wrap((store.folder / name).read_bytes(), store.public_key, f"backup {name}")


@contextmanager
def _made(file: Path) -> Iterator[Connection]:
    """A new database file that only its owner reads; it gets its name when it is whole and on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    aside.touch(mode=0o600, exist_ok=False)
    engine = create_engine(f"sqlite:///{aside}")
    event.listen(engine, "connect", _lasting)
    try:
        with engine.begin() as connection:
            yield connection
        engine.dispose()
        aside.replace(file)
    finally:
        engine.dispose()
        aside.unlink(missing_ok=True)


def _lasting(connection: object, _record: object) -> None:
    connection.execute("PRAGMA synchronous=FULL")  # type: ignore[attr-defined]


@contextmanager
def _opened(file: Path, table: str) -> Iterator[Connection]:
    """A half of a copy, to be read. Raises: NoCopy."""
    engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1"))
            yield connection
    except DBAPIError as fault:
        raise NoCopy(f"{file} 不是投诉的副本，或不是应有的那一半。") from fault
    finally:
        engine.dispose()
