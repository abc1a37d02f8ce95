"""The same question answered from the register's own tables, without an index.

For lists as of a day, which an index of the present cannot answer, and for the time while the index is missing: names
are then found by how they begin. Only provinces and grades are counted; the order is by name.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson
from sqlalchemy import Connection, text

from public_site.search.text import normal
from public_site.search.values import CursorNotValid, Found, Query

_LAST_SIGN = "\U0010ffff"
_COLUMNS = {"provinces": "e.province", "cities": "e.city", "counties": "e.county"}


def find(connection: Connection, query: Query, as_of: str | None = None) -> Found:
    """The enterprises that `query` means, now or as of a day (ISO date), from one snapshot.

    Raises: CursorNotValid.
    """
    asked = _Conditions(query, as_of)
    where = " AND ".join(asked.conditions)
    total = int(connection.execute(text(f"SELECT count(*) FROM enterprise e WHERE {where}"), asked.values).scalar_one())
    page = "(e.normal_name > :name OR (e.normal_name = :name AND e.id > :id))"
    rows = connection.execute(
        text(f"SELECT e.id, e.normal_name FROM enterprise e WHERE {where} AND {page}"
             " ORDER BY e.normal_name, e.id LIMIT :limit"),
        asked.values | _after(query.cursor) | {"limit": query.limit + 1},
    ).all()  # fmt: skip
    shown = rows[: query.limit]
    return Found(
        total=total,
        ids=tuple(int(i) for i, _ in shown),
        next=_cursor(shown[-1][1], shown[-1][0]) if len(rows) > query.limit else None,
        facets={
            "province": _count_provinces(connection, query, as_of),
            "grade": _count_grades(connection, query, as_of),
        },
        as_of=int(connection.execute(text("SELECT coalesce(max(number), 0) FROM entry")).scalar_one()),
    )


class _Conditions:
    """The query as SQL over `enterprise e` and its holdings `h`; `without` leaves one filter out."""

    def __init__(self, query: Query, as_of: str | None, without: str = "") -> None:
        self.conditions = ["1 = 1"]
        self.values: dict[str, Any] = {"day": as_of} if as_of else {}
        self.holds = "h.from_day <= :day AND (h.to_day IS NULL OR h.to_day > :day)" if as_of else "h.to_day IS NULL"
        self._name(query.text)
        for field, column in _COLUMNS.items():
            if field != without:
                self._one_of(column, field, getattr(query, field))
        self._held(query, without)
        self._of_the_enterprise(query)

    def _name(self, typed: str) -> None:
        if not (begins := normal(typed)):
            return
        self.values |= {"begins": begins, "ends": begins + _LAST_SIGN}
        self.conditions.append(
            "(e.id IN (SELECT enterprise_id FROM enterprise_name WHERE normal_name >= :begins AND normal_name < :ends)"
            " OR (e.credit_code >= :begins AND e.credit_code < :ends))"
        )

    def _one_of(self, column: str, field: str, wanted: tuple[str, ...]) -> None:
        if wanted:
            self.conditions.append(f"{column} IN ({self._list(field, wanted)})")

    def _list(self, field: str, wanted: tuple[str, ...]) -> str:
        names = {f"{field}_{n}": value for n, value in enumerate(wanted)}
        self.values |= names
        return ", ".join(f":{name}" for name in names)

    def _held(self, query: Query, without: str) -> None:
        some = f"EXISTS (SELECT 1 FROM holding h WHERE h.enterprise_id = e.id AND {self.holds} AND "
        if query.grades and without != "grades":
            self.conditions.append(f"{some} h.listed = 1 AND h.grade IN ({self._list('grades', query.grades)}))")
        if query.schemes:
            self.conditions.append(f"{some} h.scheme IN ({self._list('schemes', query.schemes)}))")
        for number, industry in enumerate(query.industries):
            self.values |= {
                f"industry_{number}": industry,
                f"part_{number}": f"{industry}/",
                f"end_{number}": f"{industry}0",
            }
        if query.industries:
            any_of = " OR ".join(
                f"h.industry = :industry_{n} OR (h.industry >= :part_{n} AND h.industry < :end_{n})"
                for n in range(len(query.industries))
            )
            self.conditions.append(f"{some} ({any_of}))")
        if query.stages == ("proposed",):
            self.conditions.append(f"{some} h.proposed_grade IS NOT NULL)")
        elif query.stages == ("decided",):
            self.conditions.append(f"{some} h.entry IS NOT NULL)")
        if query.unlisted is not None:
            self.conditions.append(f"{'' if query.unlisted else 'NOT '}{some} h.listed = 0)")
        if query.excellence is not None:
            self.conditions.append(f"{'' if query.excellence else 'NOT '}{some} h.listed = 1 AND h.grade = 'A+')")
        if query.downgraded_since is not None:
            self.values["downgraded_since"] = query.downgraded_since.isoformat()
            self.conditions.append(f"{some} h.downgraded_on >= :downgraded_since)")
        if self.values.get("day"):
            self.conditions.append(f"{some} 1 = 1)")

    def _of_the_enterprise(self, query: Query) -> None:
        if query.overall:
            known = tuple(g for g in query.overall if g != "incomparable")
            either = ["e.overall_reason = 'not_comparable'"] if len(known) < len(query.overall) else []
            either += [f"e.overall_grade IN ({self._list('overall', known)})"] if known else []
            self.conditions.append(f"({' OR '.join(either)})")
        if query.bbox is not None:
            edges = dict(
                zip(("west", "south", "east", "north"), (round(x * 1_000_000) for x in query.bbox), strict=True)
            )
            self.values |= edges
            self.conditions.append("e.lon_e6 BETWEEN :west AND :east AND e.lat_e6 BETWEEN :south AND :north")


def _count_provinces(connection: Connection, query: Query, as_of: str | None) -> tuple[tuple[str, int], ...]:
    asked = _Conditions(query, as_of, without="provinces")
    rows = connection.execute(
        text(f"SELECT e.province, count(*) FROM enterprise e WHERE {' AND '.join(asked.conditions)}"
             " AND e.province IS NOT NULL GROUP BY e.province ORDER BY 2 DESC, 1"), asked.values
    )  # fmt: skip
    return tuple((str(v), int(n)) for v, n in rows)


def _count_grades(connection: Connection, query: Query, as_of: str | None) -> tuple[tuple[str, int], ...]:
    asked = _Conditions(query, as_of, without="grades")
    rows = connection.execute(
        text("SELECT h.grade, count(DISTINCT e.id) FROM enterprise e JOIN holding h ON h.enterprise_id = e.id"
             f" WHERE {' AND '.join(asked.conditions)} AND {asked.holds} AND h.listed = 1 AND h.grade IS NOT NULL"
             " GROUP BY h.grade ORDER BY 2 DESC, 1"), asked.values
    )  # fmt: skip
    return tuple((str(v), int(n)) for v, n in rows)


def _cursor(name: str, enterprise_id: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(["tables", name, enterprise_id])).decode().rstrip("=")


def _after(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return {"name": "", "id": 0}
    try:
        kind, name, enterprise_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise CursorNotValid from None
    if kind != "tables" or not isinstance(name, str) or not isinstance(enterprise_id, int):
        raise CursorNotValid
    return {"name": name, "id": enterprise_id}
