"""The same question answered from the register's own tables, without an index.

For lists as of a day, which an index of the present cannot answer: a name is then found by any part of it, at the cost
of a look at every name. And for the time while the index is missing: names are then found by how they begin. The order
is by name, there is no distance, and of the facets only grade, place and industry are counted.

Names are compared as `enterprises.normal_name` writes them, because that is how the tables hold them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from public_site.enterprises import core_name, is_credit_code, normal_name
from public_site.search.values import LIMIT, CursorNotValid, Found, Query

_LAST_SIGN = "\U0010ffff"
_COLUMNS = {"provinces": "e.province", "cities": "e.city", "counties": "e.county"}
_PLAIN_NAME = "replace(replace(n.normal_name, '(', ''), ')', '')"
# What stands before the last stroke: cutting off, from the right, everything that is no stroke.
_PARENT = "rtrim(rtrim(industry, replace(industry, '/', '')), '/')"


def find(connection: Connection, query: Query, as_of: str | None = None) -> Found:
    """The enterprises that `query` means, now or as of a day (ISO date), from one snapshot.

    Raises: CursorNotValid.
    """
    asked = _Conditions(query, as_of)
    after = _after(query.cursor)
    total = int(connection.execute(text(f"SELECT count(*) FROM {asked.sql}"), asked.values).scalar_one())
    page = "(e.normal_name > :name OR (e.normal_name = :name AND e.id > :id))"
    rows = connection.execute(
        text(f"SELECT e.id, e.normal_name FROM {asked.sql} AND {page} ORDER BY e.normal_name, e.id LIMIT :limit"),
        asked.values | after | {"limit": query.limit + 1},
    ).all()
    shown = rows[: query.limit]
    return Found(
        total=total,
        ids=tuple(int(i) for i, _ in shown),
        next=_cursor(shown[-1][1], shown[-1][0]) if len(rows) > query.limit else None,
        facets=_facets(connection, query, as_of),
        as_of=int(connection.execute(text("SELECT coalesce(max(number), 0) FROM entry")).scalar_one()),
    )


def ids(connection: Connection, query: Query, as_of: str | None = None) -> Iterator[Sequence[int]]:
    """Every id of the same list, in the same order, in batches: one look, nothing counted."""
    asked = _Conditions(query, as_of)
    found = connection.execute(
        text(f"SELECT e.id FROM {asked.sql} ORDER BY e.normal_name, e.id"), asked.values
    ).scalars()
    yield from found.partitions(LIMIT)


class _Conditions:
    """The query as SQL over `enterprise e` and its holdings `h`; `without` leaves some filters out."""

    def __init__(self, query: Query, as_of: str | None, without: tuple[str, ...] = ()) -> None:
        self._conditions = ["1 = 1"]
        self.values: dict[str, Any] = {"day": as_of} if as_of else {}
        self.holds = "h.from_day <= :day AND (h.to_day IS NULL OR h.to_day > :day)" if as_of else "h.to_day IS NULL"
        self._some = f"EXISTS (SELECT 1 FROM holding h WHERE h.enterprise_id = e.id AND {self.holds} AND "
        if query.text.strip():
            self._name(query.text, anywhere=as_of is not None)
        for field, column in _COLUMNS.items():
            if field not in without and (wanted := getattr(query, field)):
                self._conditions.append(f"{column} IN ({self._list(field, wanted)})")
        if query.grades and "grades" not in without:
            self._held(f"h.listed = 1 AND h.grade IN ({self._list('grades', query.grades)})")
        if query.industries and "industries" not in without:
            self._industries(query.industries)
        self._traits(query)
        self._of_the_enterprise(query)
        if as_of:
            self._held("1 = 1")

    @property
    def sql(self) -> str:
        return self.of("enterprise e")

    @property
    def sql_of_holdings(self) -> str:
        return f"{self.of('enterprise e JOIN holding h ON h.enterprise_id = e.id')} AND {self.holds}"

    def of(self, tables: str) -> str:
        return f"{tables} WHERE {' AND '.join(self._conditions)}"

    def _name(self, typed: str, *, anywhere: bool) -> None:
        words = _words(typed) if anywhere else [normal_name(typed)]
        if not any(words):
            self._conditions.append("1 = 0")
        for number, word in enumerate(words):
            self.values |= {f"begins_{number}": word, f"ends_{number}": word + _LAST_SIGN}
            of_name = self._contains(number, word) if anywhere else self._begins(number, word)
            self._conditions.append(
                f"(e.id IN (SELECT n.enterprise_id FROM enterprise_name n WHERE {of_name})"
                f" OR (e.credit_code >= :begins_{number} AND e.credit_code < :ends_{number}))"
            )

    def _contains(self, number: int, word: str) -> str:
        escaped = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        self.values[f"part_{number}"] = f"%{escaped}%"
        return f"{_PLAIN_NAME} LIKE :part_{number} ESCAPE '!'"

    def _begins(self, number: int, word: str) -> str:
        """The name, or the name without its brackets and legal form, begins so."""
        begins = f"n.normal_name >= :begins_{number} AND n.normal_name < :ends_{number}"
        if not (core := core_name(word)):
            return begins
        self.values |= {f"core_{number}": core, f"core_ends_{number}": core + _LAST_SIGN}
        return f"({begins}) OR (n.core_name >= :core_{number} AND n.core_name < :core_ends_{number})"

    def _list(self, field: str, wanted: tuple[str, ...]) -> str:
        names = {f"{field}_{n}": value for n, value in enumerate(wanted)}
        self.values |= names
        return ", ".join(f":{name}" for name in names)

    def _held(self, condition: str, *, some: bool = True) -> None:
        self._conditions.append(f"{'' if some else 'NOT '}{self._some} {condition})")

    def _industries(self, wanted: tuple[str, ...]) -> None:
        """An industry stands for its sub-industries, too."""
        for number, industry in enumerate(wanted):
            self.values |= {
                f"industry_{number}": industry,
                f"below_{number}": f"{industry}/",
                f"beyond_{number}": f"{industry}0",
            }
        any_of = " OR ".join(
            f"h.industry = :industry_{n} OR (h.industry >= :below_{n} AND h.industry < :beyond_{n})"
            for n in range(len(wanted))
        )
        self._held(f"({any_of})")

    def _traits(self, query: Query) -> None:
        if query.schemes:
            self._held(f"coalesce(h.scheme, h.proposed_scheme) IN ({self._list('schemes', query.schemes)})")
        if query.stages:
            told = {"proposed": "h.proposed_grade IS NOT NULL", "decided": "h.entry IS NOT NULL"}
            self._held(f"({' OR '.join(told.get(stage, '1 = 0') for stage in query.stages)})")
        if query.unlisted is not None:
            self._held("h.listed = 0", some=query.unlisted)
        if query.excellence is not None:
            self._held("h.listed = 1 AND h.grade = 'A+'", some=query.excellence)
        if query.downgraded_since is not None:
            self.values["downgraded_since"] = query.downgraded_since.isoformat()
            self._held("h.downgraded_on >= :downgraded_since")

    def _of_the_enterprise(self, query: Query) -> None:
        if query.overall:
            known = tuple(g for g in query.overall if g != "incomparable")
            either = ["e.overall_reason = 'not_comparable'"] if len(known) < len(query.overall) else []
            either += [f"e.overall_grade IN ({self._list('overall', known)})"] if known else []
            self._conditions.append(f"({' OR '.join(either)})")
        if query.bbox is not None:
            edges = dict(
                zip(("west", "south", "east", "north"), (round(x * 1_000_000) for x in query.bbox), strict=True)
            )
            self.values |= edges
            self._conditions.append("e.lon_e6 BETWEEN :west AND :east AND e.lat_e6 BETWEEN :south AND :north")


def _words(typed: str) -> list[str]:
    """The words to look for in a name, without brackets; a credit code copied with gaps is one word."""
    plain = (normal_name(word).replace("(", "").replace(")", "") for word in typed.split())
    words = [word for word in plain if word]
    whole = "".join(words)
    return [whole] if is_credit_code(whole) else words


def _facets(connection: Connection, query: Query, as_of: str | None) -> dict[str, tuple[tuple[str, int], ...]]:
    """Each counted without its own filter; cities and counties only where a place is chosen, as the index does."""
    of_place: dict[str, tuple[str, ...]] = {"province": ("provinces", "cities", "counties")}
    if query.provinces or query.cities or query.counties:
        of_place |= {"city": ("cities", "counties"), "county": ("counties",)}
    found = {}
    for name, without in of_place.items():
        asked = _Conditions(query, as_of, without)
        found[name] = _counted(
            connection, f"SELECT e.{name}, count(*) FROM {asked.sql} AND e.{name} IS NOT NULL GROUP BY e.{name}", asked
        )
    asked = _Conditions(query, as_of, ("grades",))
    found["grade"] = _counted(
        connection,
        f"SELECT h.grade, count(DISTINCT e.id) FROM {asked.sql_of_holdings} AND h.listed = 1 AND h.grade IS NOT NULL"
        " GROUP BY h.grade",
        asked,
    )
    asked = _Conditions(query, as_of, ("industries",))
    found["industry"] = _counted(
        connection,
        f"WITH held AS (SELECT e.id, h.industry FROM {asked.sql_of_holdings} AND h.industry IS NOT NULL),"
        f" meant AS (SELECT id, industry FROM held"
        f" UNION ALL SELECT id, {_PARENT} FROM held WHERE industry LIKE '%/%')"
        " SELECT industry, count(DISTINCT id) FROM meant GROUP BY industry",
        asked,
    )
    return found


def _counted(connection: Connection, statement: str, asked: _Conditions) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(text(statement), asked.values)
    return tuple(sorted(((str(v), int(n)) for v, n in rows), key=lambda counted: (-counted[1], counted[0])))


def _cursor(name: str, enterprise_id: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(["tables", name, enterprise_id])).decode().rstrip("=")


def _after(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return {"name": "", "id": 0}
    try:
        values = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise CursorNotValid from None
    if not (isinstance(values, list) and len(values) == 3):
        raise CursorNotValid
    kind, name, enterprise_id = values
    is_name = isinstance(name, str) and len(name) <= 1000 and "\0" not in name
    if kind != "tables" or not is_name or type(enterprise_id) is not int or not 0 <= enterprise_id < 2**62:
        raise CursorNotValid
    return {"name": name, "id": enterprise_id}
