"""The register's things one list at a time, for whoever reads everything: units, entries, notices, enterprises as known.

What this module knows that no other does: how each list is narrowed, ordered, counted and cut into pages by plain SQL. A
page begins after the key of the last row (keyset), so the last page costs what the first does; an order for which there
is no index is only given within one enterprise or one notice, where there is little to put in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, RowMapping, text

from public_site import folding, records, register, trails
from public_site.faults import NotValid
from public_site.places import Division

Item = TypeVar("Item")
_NO_KEY = "''"
After = tuple[str, int]
BY_DAY = ("effective_on", "-effective_on")
UNIT_SORTS = ("id", "-id", *BY_DAY)
ENTRY_SORTS = ("entry", "-entry", *BY_DAY)
NOTICE_SORTS = ("-effective_on", "effective_on", "id", "-id")


class TooMuchToSort(NotValid):
    """An order that would have to be made of the whole register at every request."""

    def __init__(self) -> None:
        super().__init__("按生效日期排列时，请同时指定企业（enterprise）或公告（notice）")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list: its items, the exact number of all, and the key after which the next page begins."""

    items: tuple[Item, ...]
    total: int
    following: After | None


@dataclass(frozen=True, slots=True)
class EnterpriseName:
    """Whose a unit is."""

    id: int
    name: str
    province: Division | None
    city: Division | None
    county: Division | None


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A graded unit with whose it is."""

    unit: records.UnitLine
    enterprise: EnterpriseName


@dataclass(frozen=True, slots=True)
class UnitFilters:
    """Which units; several values of one filter mean any of them."""

    enterprise: tuple[int, ...] = ()
    notice: tuple[int, ...] = ()
    province: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    county: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    grade: tuple[str, ...] = ()
    scheme: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    unlisted: bool = False
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class EntryFilters:
    """Which entries; `known` is the last entry that counts."""

    kind: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    enterprise: tuple[int, ...] = ()
    notice: tuple[int, ...] = ()
    unit: tuple[int, ...] = ()
    known: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeFilters:
    """Which notices; days are ISO dates, both included."""

    division: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    scheme: tuple[str, ...] = ()
    issued_since: str | None = None
    issued_until: str | None = None


@dataclass(slots=True)
class _Asked:
    """Conditions of a query with the values bound to them."""

    tables: str
    conditions: list[str] = field(default_factory=lambda: ["1 = 1"])
    values: dict[str, Any] = field(default_factory=dict)

    def among(self, expression: str, wanted: Sequence[Any]) -> None:
        if wanted:
            self.conditions.append(f"{expression} IN ({self.bound(wanted)})")

    def bound(self, wanted: Sequence[Any]) -> str:
        names = {f"v{len(self.values) + at}": value for at, value in enumerate(wanted)}
        self.values |= names
        return ", ".join(f":{name}" for name in names)

    def that(self, condition: str, **values: Any) -> None:
        self.conditions.append(condition)
        self.values |= values

    def count(self, connection: Connection) -> int:
        query = text(f"SELECT count(*) FROM {self.tables} WHERE {' AND '.join(self.conditions)}")
        return int(connection.execute(query, self.values).scalar_one())

    def rows(
        self, connection: Connection, columns: str, order: _Order, after: After | None, limit: int
    ) -> tuple[list[RowMapping], After | None]:
        """At most `limit` rows, and the key of the last one where there are more."""
        conditions, values = list(self.conditions), self.values | {"limit": limit + 1}
        if after is not None:
            conditions.append(order.beyond)
            values |= {"last_key": after[0], "last_id": after[1]} if order.key else {"last_id": after[1]}
        query = text(
            f"SELECT {columns}, {order.key or _NO_KEY} AS sort_key, {order.id} AS sort_id FROM {self.tables}"
            f" WHERE {' AND '.join(conditions)} ORDER BY {order.sql} LIMIT :limit"
        )
        found = connection.execute(query, values).mappings().all()
        shown = list(found[:limit])
        return shown, (shown[-1]["sort_key"], shown[-1]["sort_id"]) if len(found) > limit else None


@dataclass(frozen=True, slots=True)
class _Order:
    """By `key` where there is one, then by `id`, both in the same direction."""

    id: str
    key: str | None
    down: bool

    @property
    def sql(self) -> str:
        direction = " DESC" if self.down else ""
        return ", ".join(f"{part}{direction}" for part in (self.key, self.id) if part)

    @property
    def beyond(self) -> str:
        sign = "<" if self.down else ">"
        if self.key is None:
            return f"{self.id} {sign} :last_id"
        return f"({self.key} {sign} :last_key OR ({self.key} = :last_key AND {self.id} {sign} :last_id))"


def _order(sort: str, id_column: str, day: str) -> _Order:
    return _Order(id_column, day if sort in BY_DAY else None, sort.startswith("-"))


# What a unit shows where only a 公示 speaks of it is what that proposes.
_ONLY_PROPOSED = "h.entry IS NULL AND h.proposed_grade IS NOT NULL"
_UNIT_DAY = f"coalesce(CASE WHEN {_ONLY_PROPOSED} THEN h.proposed_since ELSE h.since END, '')"
_UNIT_COLUMNS = "h.*, e.name AS enterprise_name, e.province, e.city, e.county"


def units(
    connection: Connection, wanted: UnitFilters, *, sort: str = "id", after: After | None = None, limit: int = 50
) -> Page[ListedUnit]:
    """Graded units with what they hold now, or on the day `wanted.as_of`.

    Raises: TooMuchToSort.
    """
    if sort in BY_DAY and not (wanted.enterprise or wanted.notice):
        raise TooMuchToSort
    asked = _Asked("holding h JOIN enterprise e ON e.id = h.enterprise_id")
    if wanted.as_of is None:
        asked.that("h.to_day IS NULL")
    else:
        asked.that("h.from_day <= :day AND (h.to_day IS NULL OR h.to_day > :day)", day=wanted.as_of)
    asked.among("h.enterprise_id", wanted.enterprise)
    for name in ("province", "city", "county"):
        asked.among(f"e.{name}", getattr(wanted, name))
    for name, decided, proposed in (
        ("notice", "h.notice_id", "h.proposed_notice_id"),
        ("grade", "h.grade", "h.proposed_grade"),
        ("scheme", "h.scheme", "h.proposed_scheme"),
    ):
        asked.among(f"CASE WHEN {_ONLY_PROPOSED} THEN {proposed} ELSE {decided} END", getattr(wanted, name))
    asked.among("CASE WHEN h.entry IS NULL THEN 'proposed' ELSE 'decided' END", wanted.stage)
    _of_industries(asked, wanted.industry)
    if wanted.unlisted:
        asked.that("h.listed = 0")
    rows, following = asked.rows(connection, _UNIT_COLUMNS, _order(sort, "h.unit_id", _UNIT_DAY), after, limit)
    return Page(tuple(_listed_unit(row, wanted.as_of) for row in rows), asked.count(connection), following)


def _of_industries(asked: _Asked, wanted: Sequence[str]) -> None:
    """An industry stands for its sub-industries, too: 陶瓷 for 陶瓷/建筑陶瓷 ("0" is the character after "/")."""
    ways = [
        f"h.industry = {asked.bound([industry])} OR (h.industry >= {asked.bound([f'{industry}/'])}"
        f" AND h.industry < {asked.bound([f'{industry}0'])})"
        for industry in wanted
    ]
    if ways:
        asked.that(f"({' OR '.join(ways)})")


def _listed_unit(row: RowMapping, as_of: str | None) -> ListedUnit:
    held = dict(row)
    if as_of and held["managed_until"] and held["managed_until"] < as_of:
        held |= {"managed_as": None, "managed_until": None}  # in the view of a day it has ended by itself
    places = {name: records.division(row[name]) if row[name] else None for name in ("province", "city", "county")}
    return ListedUnit(records.unit_line(held), EnterpriseName(row["enterprise_id"], row["enterprise_name"], **places))


def entries(
    connection: Connection, wanted: EntryFilters, *, sort: str = "entry", after: After | None = None, limit: int = 50
) -> Page[register.Entry]:
    """Entries of the register, as they were appended.

    Raises: TooMuchToSort.
    """
    if sort in BY_DAY and not (wanted.enterprise or wanted.notice):
        raise TooMuchToSort
    asked = _Asked("entry")
    for name, column in (("kind", "kind"), ("stage", "stage"), ("enterprise", "enterprise_id"),
                         ("notice", "notice_id"), ("unit", "unit_id")):  # fmt: skip
        asked.among(column, getattr(wanted, name))
    narrowed = len(asked.conditions) > 1
    known = register.latest_number(connection) if wanted.known is None else wanted.known
    asked.that("number <= :known", known=known)
    rows, following = asked.rows(connection, "body", _order(sort, "number", "coalesce(effective_on, '')"), after, limit)
    total = asked.count(connection) if narrowed else known  # numbers have no gaps
    return Page(tuple(register.read(row["body"]) for row in rows), total, following)


def notices(
    connection: Connection, wanted: NoticeFilters, *, sort: str = "-effective_on", after: After | None = None,
    limit: int = 50,
) -> Page[records.NoticeLine]:  # fmt: skip
    """Published notices as they count today; `effective_on` is the day they were issued on."""
    asked = _Asked("notice")
    for name in ("division", "stage", "scope", "scheme"):
        asked.among(name, getattr(wanted, name))
    if wanted.issued_since:
        asked.that("issued_on >= :since", since=wanted.issued_since)
    if wanted.issued_until:
        asked.that("issued_on <= :until", until=wanted.issued_until)
    rows, following = asked.rows(connection, "*", _order(sort, "id", "issued_on"), after, limit)
    return Page(tuple(records.notice_line(row) for row in rows), asked.count(connection), following)


def decisions(connection: Connection, notice_id: int, *, after: int = 0, limit: int = 50) -> Page[records.Change]:
    """What a notice's rows decide, in the order of its file."""
    found = records.notice_changes(connection, notice_id, after=after, limit=limit + 1)
    shown = found[:limit]
    total = connection.execute(text("SELECT decisions FROM notice WHERE id = :id"), {"id": notice_id}).scalar_one()
    return Page(tuple(shown), int(total), ("", shown[-1].entry) if len(found) > limit else None)


def enterprises_known(
    connection: Connection, known: int, *, after: int = 0, limit: int = 50
) -> Page[records.EnterpriseLine]:
    """The enterprises as entry `known` left them, in the order of their ids.

    What was known is not in any table: each page is folded from the trails of its enterprises. So there is no filter.
    """
    gone = _led_away(connection, known)
    asked = _Asked("entry")
    asked.that("kind = 'enterprise_registered' AND number <= :known", known=known)
    total = asked.count(connection) - len(gone)
    rows, _ = asked.rows(connection, "number", _Order("number", None, False), ("", after), limit + 1 + len(gone))
    ids = [row["number"] for row in rows if row["number"] not in gone][: limit + 1]
    told = records.lines(connection, ids[:limit], known=known)
    return Page(tuple(told), total, ("", ids[limit - 1]) if len(ids) > limit else None)


def _led_away(connection: Connection, known: int) -> set[int]:
    """The ids that led to another enterprise at entry `known`."""
    tied = trails.tied_families(connection, known)
    gone: set[int] = set()
    for _, trail in trails.of_families(connection, tied, known):
        gone |= folding.family(trail).leads_to.keys()
    return gone


def addresses(connection: Connection, after: int, until: int) -> Iterator[tuple[str, str]]:
    """The paths of the enterprises and notices whose ids lie in (after, until], each with the day of its last change."""
    query = text(
        "SELECT e.id, '/enterprises/' AS path, x.published_at AS changed FROM enterprise e"
        " JOIN entry x ON x.number = e.touched WHERE e.id > :after AND e.id <= :until"
        " UNION ALL SELECT n.id, '/notices/', coalesce(x.published_at, n.published_at) FROM notice n"
        " LEFT JOIN entry x ON x.number = n.mended_by WHERE n.id > :after AND n.id <= :until ORDER BY 1"
    )
    for number, path, changed in connection.execute(query, {"after": after, "until": until}):
        yield f"{path}{number}", str(changed)[:10]
