"""The register: an append-only log of published decisions. Its latest entry number N is the version of everything public.

What this module knows that no other does: what an entry is and how its bytes are made. An entry's `body` is canonical
JSON (RFC 8785) and the only truth; the columns beside it are copies for searching, and `leaf` is its RFC 6962 hash.
Entries are never changed or deleted (the database refuses it by trigger); a correction is a further entry.

The id of a notice, an enterprise or a graded unit is the number of the entry that first made it: ids never change, are
never reused, and no two things of any kind share one. Entries hold no personal data.

An enterprise's trail is all that bears on it: its own entries, those of every enterprise that a merge or a move ever tied
to it (its family, which is folded as one), and the amendments of the notices that they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any, Literal, TypeVar, get_args

import orjson
from sqlalchemy import Connection, Dialect, Index, LargeBinary, insert, text
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Column, Field, SQLModel

from public_site import tree
from public_site.database import rows
from public_site.faults import NotFound, NotValid
from public_site.languages import _

GradeKind = Literal["graded", "upgraded", "downgraded", "confirmed", "no_longer_listed", "managed_as", "cited"]
MendingKind = Literal["corrected", "withdrawn"]
NoticeMendingKind = Literal["notice_corrected", "notice_withdrawn"]
MovingKind = Literal["enterprise_merged", "decisions_moved"]
IdentityKind = Literal["enterprise_registered", "enterprise_changed"]
Kind = Literal[GradeKind, MendingKind, NoticeMendingKind, MovingKind, IdentityKind, "notice_published", "undone"]
Stage = Literal["proposed", "decided"]
GRADE_KINDS: frozenset[str] = frozenset(get_args(GradeKind))
MENDING_KINDS: frozenset[str] = frozenset(get_args(MendingKind))
MOVING_KINDS: frozenset[str] = frozenset(get_args(MovingKind))
IDENTITY_KINDS: frozenset[str] = frozenset(get_args(IdentityKind))
# What an `undone` entry may take back.
AMENDING_KINDS: frozenset[str] = frozenset(
    (*MENDING_KINDS, *get_args(NoticeMendingKind), *MOVING_KINDS, "enterprise_changed", "undone")
)
KINDS: tuple[str, ...] = get_args(Kind)

Item = TypeVar("Item")
_BATCH = 2_000


class NoSuchEntry(NotFound):
    """There is no entry of this number."""


class NotCanonical(NotValid):
    """A value that has no one canonical form (a float, a key that is not ASCII) may not enter the register."""


class EntryRecord(SQLModel, table=True):
    """One published fact. `body` and `leaf` are authoritative; `verify` holds the other columns to them."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_of_enterprise", "enterprise_id", "number"),
        Index("entry_of_notice", "notice_id", "number"),
        Index("entry_of_kind", "kind", "number"),
    )

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    stage: str | None
    notice_id: int | None
    enterprise_id: int | None
    unit_id: int | None
    effective_on: str | None
    published_at: str
    body: str
    leaf: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as read back. `effective_on` is the day from which it holds, `published_at` when the site published it."""

    number: int
    kind: str
    stage: str | None
    notice: int | None
    enterprise: int | None
    unit: int | None
    effective_on: str | None
    published_at: str
    sheet: str | None
    row: int | None
    data: Mapping[str, Any]


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of an entry. Keys are ASCII and numbers are integers, for which sorted compact JSON is canonical.

    Raises: NotCanonical for a float or a key that is not ASCII.
    """
    _refuse_what_is_not_canonical(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _refuse_what_is_not_canonical(value: Any) -> None:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is dict:
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise NotCanonical(f"登记条目的字段名必须是 ASCII：{key!r}")
            if type(inner) is not str and inner is not None:  # nearly all are, and a call for each would be felt
                _refuse_what_is_not_canonical(inner)
    elif kind is list or kind is tuple:
        for inner in value:
            _refuse_what_is_not_canonical(inner)
    elif kind is not int or abs(value) > 2**53 - 1:
        raise NotCanonical(f"登记条目中不能有此数值：{value!r}")


def moment(at: datetime) -> str:
    """A point in time as the register writes it: UTC, microseconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Appending:
    """One publication being written: `add()` gives each entry its number at once, `close()` returns the new N.

    Lives inside `database.writing()`; whoever opens it is the only writer. All entries of one publication carry the
    same `published_at`, never earlier than that of the entry before them.
    """

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self._waiting: list[dict[str, Any]] = []
        self.latest = latest_number(connection)
        before = connection.execute(
            text("SELECT published_at FROM entry WHERE number = :n"), {"n": self.latest}
        ).scalar()
        self.published_at = max(moment(at), before or "")

    def add(  # an entry has this many fields, each named at the call
        self,
        kind: Kind,
        data: Mapping[str, Any],
        *,
        notice: int | None = None,
        enterprise: int | None = None,
        unit: int | None = None,
        stage: str | None = None,
        effective_on: str | None = None,
        sheet: str | None = None,
        row: int | None = None,
    ) -> int:
        """Write one entry; a notice, enterprise or unit that it first makes gets this entry's number as its id.

        Raises: NotCanonical.
        """
        number = self.latest = self.latest + 1
        if kind == "notice_published":
            notice = number
        elif kind == "enterprise_registered":
            enterprise = number
        elif kind in GRADE_KINDS and unit is None:
            unit = number
        head = {"kind": kind, "stage": stage, "effective_on": effective_on, "published_at": self.published_at}
        subject = {"notice": notice, "enterprise": enterprise, "unit": unit}
        body = canonical({"number": number, **head, **subject, "sheet": sheet, "row": row, "data": data})
        self._waiting.append(
            {
                "number": number,
                **head,
                "notice_id": notice,
                "enterprise_id": enterprise,
                "unit_id": unit,
                "body": body.decode(),
                "leaf": tree.leaf_hash(body),
            }
        )
        if len(self._waiting) >= _BATCH:
            self._flush()
        return number

    def close(self) -> int:
        self._flush()
        return self.latest

    def _flush(self) -> None:
        if self._waiting:
            write(self._connection, EntryRecord, self._waiting)
            self._waiting.clear()


def write(connection: Connection, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows, each with every column, as the driver takes them: what SQLAlchemy would do for each one of them
    costs more than the rows themselves."""
    if not rows:
        return
    statement, columns = _insertion(table, connection.dialect)
    values: Any = list(map(itemgetter(*columns), rows)) if columns else list(rows)
    connection.exec_driver_sql(statement, values)


@cache
def _insertion(table: type[SQLModel], dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement in the driver's own words, and the order of its values where they have no names."""
    compiled = insert(table).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return str(compiled), tuple(compiled.positiontup or ())


def replicate(connection: Connection, bodies: Sequence[str]) -> None:
    """Take over entries of another register, byte for byte, after those that are here; whoever calls checks the tree."""
    rows = []
    for body in bodies:
        told = read(body)
        rows.append({
            "number": told.number, "kind": told.kind, "stage": told.stage, "notice_id": told.notice,
            "enterprise_id": told.enterprise, "unit_id": told.unit, "effective_on": told.effective_on,
            "published_at": told.published_at, "body": body, "leaf": tree.leaf_hash(body.encode()),
        })  # fmt: skip
    write(connection, EntryRecord, rows)


class Rehearsal(Appending):
    """A publication that is only thought through: `tell` gets every entry in order, and nothing is written."""

    def __init__(self, connection: Connection, at: datetime, tell: Callable[[Entry], None]) -> None:
        super().__init__(connection, at)
        self._tell = tell

    def _flush(self) -> None:
        for record in self._waiting:
            self._tell(read(record["body"]))
        self._waiting.clear()


def latest_number(connection: Connection) -> int:
    """N: how many entries there are, and so the version of everything public."""
    return int(rows(connection, "SELECT coalesce(max(number), 0) FROM entry")[0][0])


def latest(connection: Connection) -> tuple[int, str | None]:
    """N and the moment that entry was published (None before the first)."""
    found = rows(connection, "SELECT number, published_at FROM entry ORDER BY number DESC LIMIT 1")
    return (int(found[0][0]), str(found[0][1])) if found else (0, None)


def number_known_at(connection: Connection, at: datetime) -> int:
    """The N of that moment: the last entry published at or before `at`."""
    query = text("SELECT coalesce(max(number), 0) FROM entry WHERE published_at <= :at")
    return int(connection.execute(query, {"at": moment(at)}).scalar_one())


def entry(connection: Connection, number: int) -> Entry:
    """Raises: NoSuchEntry."""
    return read(body(connection, number))


def body(connection: Connection, number: int) -> str:
    """An entry's canonical bytes as text. Raises: NoSuchEntry."""
    found = rows(connection, "SELECT body FROM entry WHERE number = :n", n=number)
    if not found:
        raise NoSuchEntry(_("登记中没有第 {number} 条。", number=number))
    return str(found[0][0])


def since(connection: Connection, after: int, limit: int = _BATCH) -> list[Entry]:
    """The entries after number `after`, at most `limit`, in order."""
    query = text("SELECT body FROM entry WHERE number > :after ORDER BY number LIMIT :limit")
    return [read(body) for (body,) in connection.execute(query, {"after": after, "limit": limit})]


def of_notice(connection: Connection, notice_id: int, known: int, after: int = 0, limit: int = _BATCH) -> list[Entry]:
    """A notice's entries after number `after` as known at entry `known`, at most `limit`, in order."""
    query = text(
        "SELECT body FROM entry WHERE notice_id = :id AND number > :after AND number <= :known"
        " ORDER BY number LIMIT :limit"
    )
    rows = connection.execute(query, {"id": notice_id, "after": after, "known": known, "limit": limit})
    return [read(body) for (body,) in rows]


def read(body: str | bytes) -> Entry:
    """An entry from its canonical body."""
    return Entry(**orjson.loads(body))


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """`items` in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


class ProjectionRecord(SQLModel, table=True):
    """How far each in-database projection has read the register."""

    __tablename__ = "projection"

    name: str = Field(primary_key=True)
    as_of: int


def reached(connection: Connection, projection: str) -> int:
    """The entry number up to which `projection` has read; 0 when it has read nothing."""
    query = text("SELECT as_of FROM projection WHERE name = :name")
    return int(connection.execute(query, {"name": projection}).scalar() or 0)


def reach(connection: Connection, projection: str, number: int) -> None:
    """Say that `projection` has read everything up to `number`."""
    query = text(
        "INSERT INTO projection (name, as_of) VALUES (:name, :n)"
        " ON CONFLICT (name) DO UPDATE SET as_of = excluded.as_of"
    )
    connection.execute(query, {"name": projection, "n": number})
