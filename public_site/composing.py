"""What the rows of an approved draft make of the register: which enterprise, which unit, which kind of entry.

What this module knows that no other does: when a row registers an enterprise or adds to what is known of it, when two
rows mean one unit, what a grade is compared with, and what a full list says by leaving a unit out. It writes entries
through `register.Appending` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, text

from public_site import drafts, folding, grades, register
from public_site.drafts import Draft, DraftRow
from public_site.enterprises import normal_name
from public_site.faults import NotValid

_BATCH = 500
_UnitKey = tuple[str, str, str]
_ADDED = ("credit_code", "province", "city", "county", "zone")


class DraftContradicts(NotValid):
    """Two rows of one draft say different things of one unit."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """A unit that a full list ends by leaving it out, with the grade it was listed with."""

    unit: int
    enterprise: int
    grade: str
    scheme: str
    site: str | None
    industry: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """A unit of the register and what it held, by a decision, on the notice's day."""

    unit: int
    grade: str | None
    scheme: str | None


def compose(connection: Connection, appending: register.Appending, draft: Draft, seal: str) -> None:
    """Append everything an approved notice draft says; `seal` is the draft's (`drafts.seal`).

    Raises: DraftContradicts.
    """
    composer = _Composer(connection, appending, draft, seal)
    rows = (row for row in drafts.rows(connection, draft.id) if row.choice != "skip")
    while batch := list(islice(rows, _BATCH)):
        composer.add(batch)
    if is_full_list(draft):
        composer.end(vanished(connection, draft, composer.units_written))


def is_full_list(draft: Draft) -> bool:
    """Whether leaving a unit out says something: a decided list of everything up to a day (截至…)."""
    return bool(draft.content["scope"] == "snapshot" and draft.content["stage"] == "decided")


def vanished(connection: Connection, draft: Draft, present: Iterable[int]) -> list[Vanished]:
    """The listed units that a full list leaves out, where `present` are the units it names.

    A full list speaks for its issuer, its scheme's family and the grades it covers, and for nothing else.
    """
    covered = drafts.grades_covered(connection, draft)
    query = text(
        "SELECT h.unit_id, h.enterprise_id, h.grade, h.scheme, h.site, h.industry, h.line"
        " FROM holding h JOIN notice n ON n.id = h.notice_id"
        " WHERE n.issuer = :issuer AND h.to_day IS NULL AND h.listed = 1 AND h.from_day < :day AND h.grade IN :grades"
        " ORDER BY h.unit_id"
    ).bindparams(bindparam("grades", expanding=True))
    values = {"issuer": draft.content["issuer"], "day": draft.content["issued_on"], "grades": sorted(covered)}
    family = grades.scheme(draft.content["scheme"]).family
    there = set(present)
    found = (Vanished(*row) for row in connection.execute(query, values))
    return [v for v in found if v.unit not in there and grades.scheme(v.scheme).family == family]


def units_named(connection: Connection, draft: Draft) -> set[int]:
    """The known units that a draft's rows name, before anything is written."""
    named: set[int] = set()
    rows = (row for row in drafts.rows(connection, draft.id) if row.choice != "skip")
    while batch := list(islice(rows, _BATCH)):
        ids = [row.match.enterprise_id for row in batch if row.match.enterprise_id]
        held, facts = _held(connection, ids, draft.content["issued_on"]), _facts(connection, ids)
        for row in batch:
            enterprise = row.match.enterprise_id
            if enterprise and (known := held.get((enterprise, _unit_key(row.content, facts[enterprise])))):
                named.add(known.unit)
    return named


class _Composer:
    """The rows of one draft on their way into entries; remembers what this draft itself has already said."""

    def __init__(self, connection: Connection, appending: register.Appending, draft: Draft, seal: str) -> None:
        self._connection = connection
        self._appending = appending
        self._notice = draft.content
        self._day: str = draft.content["issued_on"]
        self._registered: dict[tuple[str, ...], int] = {}
        self._changed: dict[int, dict[str, Any]] = {}
        self._said: dict[tuple[int, _UnitKey], tuple[str | None, int]] = {}
        self.units_written: set[int] = set()
        facts = {k: v for k, v in draft.content.items() if k not in {"questions", "sheets"}} | {"draft_sha256": seal}
        self._notice_id = appending.add("notice_published", facts, stage=draft.content["stage"], effective_on=self._day)

    def add(self, rows: Sequence[DraftRow]) -> None:
        """Append what these rows say of their enterprises and units."""
        ids = [row.match.enterprise_id for row in rows if row.match.enterprise_id]
        facts, held = _facts(self._connection, ids), _held(self._connection, ids, self._day)
        for row in rows:
            enterprise = row.match.enterprise_id or self._register(row.content)
            if enterprise in facts:
                facts[enterprise] |= self._changed.get(enterprise, {})
                self._tell_what_is_new(enterprise, facts[enterprise], row.content)
            key = _unit_key(row.content, facts.get(enterprise))
            if not self._repeats((enterprise, key), row):
                self._grade(enterprise, key, row.content, held.get((enterprise, key)))

    def end(self, units: Iterable[Vanished]) -> None:
        """Append "no longer listed" for the units that a full list leaves out."""
        for unit in units:
            data = {"scheme": unit.scheme, "previous_grade": unit.grade, "site": unit.site, "industry": unit.industry,
                    "line": unit.line}  # fmt: skip
            self._appending.add("no_longer_listed", _without_blanks(data), notice=self._notice_id,
                                enterprise=unit.enterprise, unit=unit.unit, stage="decided",
                                effective_on=self._day)  # fmt: skip

    def _register(self, said: dict[str, Any]) -> int:
        """The id of an enterprise that is new with this draft: the same code or the same name and place is one."""
        code = said["credit_code"]
        where = tuple(said[k] or "" for k in ("province", "city", "county", "zone"))
        keys: list[tuple[str, ...]] = [("code", code)] if code else []
        keys.append(("name", normal_name(said["name"]), *where))
        known = next((self._registered[k] for k in keys if k in self._registered), None)
        if known is None:
            facts = {k: said[k] for k in ("name", *_ADDED)} | _point(said)
            known = self._appending.add("enterprise_registered", _without_blanks(facts), notice=self._notice_id,
                                        effective_on=self._day, sheet=said["sheet"], row=said["row"])  # fmt: skip
        self._registered |= dict.fromkeys(keys, known)
        return known

    def _tell_what_is_new(self, enterprise: int, facts: dict[str, Any], said: dict[str, Any]) -> None:
        """A new name where the notice gives the old one, and a code, place or point where none was known."""
        news = {k: said[k] for k in _ADDED if said[k] and not facts[k]}
        if facts["lat_e6"] is None:
            news |= _point(said)
        if normal_name(said["name"]) not in facts["names"]:
            news["name"] = said["name"]
            facts["names"] = facts["names"] | {normal_name(said["name"])}
        if news:
            facts |= news
            self._changed[enterprise] = self._changed.get(enterprise, {}) | news | {"names": facts["names"]}
            self._appending.add("enterprise_changed", news, notice=self._notice_id, enterprise=enterprise,
                                effective_on=self._day, sheet=said["sheet"], row=said["row"])  # fmt: skip

    def _repeats(self, unit: tuple[int, _UnitKey], row: DraftRow) -> bool:
        """Whether an earlier row of this draft said the same of this unit. Raises: DraftContradicts."""
        grade, number = row.content["grade"], row.content["row"]
        before = self._said.setdefault(unit, (grade, number))
        if before[0] != grade:
            raise DraftContradicts(
                f"第 {before[1]} 行与第 {number} 行说的是同一企业（{row.content['name']}）的同一生产单元，"
                f"等级却不同：{before[0]} 与 {grade}。请核对原文件。"
            )
        return bool(before[1] != number)

    def _grade(self, enterprise: int, key: _UnitKey, said: dict[str, Any], held: _Held | None) -> None:
        known = _comparable_grade(held, said)
        stated = said["previous_grade"]
        previous = known or stated
        data = {k: said[k] for k in ("label", "scheme", "industry", "line", "managed_until")}
        data |= {
            "grade": said["grade"] if said["listed"] else None,
            "site": key[0] and _site(said),
            "managed_as": said["managed_as"],
            "previous_grade": previous,
            "stated_previous_grade": stated if known and stated != known else None,
        }
        unit = self._appending.add(
            _kind(said, previous), _without_blanks(data), notice=self._notice_id, enterprise=enterprise,
            unit=held.unit if held else None, stage=self._notice["stage"], effective_on=self._day,
            sheet=said["sheet"], row=said["row"],
        )  # fmt: skip
        self.units_written.add(held.unit if held else unit)


def _kind(said: dict[str, Any], previous: str | None) -> register.Kind:
    if not said["listed"]:
        return "no_longer_listed"
    if said["managed_as"]:
        return "managed_as"
    return folding.change(previous, said["grade"])


def _comparable_grade(held: _Held | None, said: dict[str, Any]) -> str | None:
    """The grade held before, where the new one can be compared with it (same family of schemes)."""
    if held is None or held.grade is None or held.scheme is None:
        return None
    same_family = grades.scheme(held.scheme).family == grades.scheme(said["scheme"]).family
    return held.grade if same_family else None


def _site(said: dict[str, Any]) -> str | None:
    site: str | None = said["site"]
    return site or said["place"]


def _unit_key(said: dict[str, Any], facts: dict[str, Any] | None) -> _UnitKey:
    """Site × industry × line. A row of a known enterprise in another county means another site of it."""
    site = said["site"] or ""
    if not site and facts and said["county"] and facts["county"] and said["county"] != facts["county"]:
        site = said["place"] or ""
    return normal_name(site), normal_name(said["industry"] or ""), normal_name(said["line"] or "")


def _facts(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = text(
        "SELECT id, name, credit_code, province, city, county, zone, lat_e6, lon_e6 FROM enterprise WHERE id IN :ids"
    ).bindparams(bindparam("ids", expanding=True))
    names = {k.id: frozenset(k.normal_names) for k in drafts.known_enterprises(connection, set(ids))}
    found = connection.execute(query, {"ids": sorted(set(ids))}).mappings()
    return {row["id"]: {**row, "names": names[row["id"]]} for row in found}


def _held(connection: Connection, ids: Sequence[int], day: str) -> dict[tuple[int, _UnitKey], _Held]:
    """Every unit of these enterprises, with the grade it held by a decision on `day`."""
    query = text(
        "SELECT enterprise_id, site, industry, line, unit_id, from_day, grade, scheme, listed FROM holding"
        " WHERE enterprise_id IN :ids ORDER BY unit_id, from_day"
    ).bindparams(bindparam("ids", expanding=True))
    held: dict[tuple[int, _UnitKey], _Held] = {}
    rows = connection.execute(query, {"ids": sorted(set(ids))})
    for enterprise, site, industry, line, unit, from_day, grade, scheme, listed in rows:
        key = (enterprise, (normal_name(site or ""), normal_name(industry or ""), normal_name(line or "")))
        if from_day <= day:
            held[key] = _Held(unit, grade if listed else None, scheme)
        else:
            held.setdefault(key, _Held(unit, None, None))
    return held


def _point(said: dict[str, Any]) -> dict[str, int]:
    if said["lat"] is None or said["lon"] is None:
        return {}
    return {"lat_e6": round(said["lat"] * 1_000_000), "lon_e6": round(said["lon"] * 1_000_000)}


def _without_blanks(data: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if v not in (None, "")}
