"""What pages, files and answers show of the register: read models of frozen values, by plain SQL.

What this module knows that no other does: which rows make an enterprise's line, its whole view and a notice's view,
and that "as of a day" and "as known at an entry" are answered by folding the trail, the present by the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from public_site import folding, grades, histories, mending, places, register, standings, trails
from public_site.database import chosen
from public_site.enterprises import NoSuchEnterprise
from public_site.faults import NotFound
from public_site.languages import _
from public_site.places import Division


class EnterpriseMerged(NotFound):
    """This enterprise is another one by now: `into`."""

    def __init__(self, into: int) -> None:
        super().__init__(_("这家企业已并入第 {number} 号企业。", number=into))
        self.into = into


class NoSuchNotice(NotFound):
    """There is no published notice of this number."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grade that a 公示 proposes."""

    grade: str
    scheme: str
    since: str
    entry: int
    notice_id: int


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A graded unit and what it holds. `stage` proposed: only a 公示 speaks of it, `grade` is what it proposes."""

    id: int
    site: str | None
    industry: str | None
    line: str | None
    scheme: str | None
    grade: str | None
    stage: str
    since: str | None
    entry: int | None
    notice_id: int | None
    listed: bool
    managed_as: str | None
    managed_until: str | None
    downgraded_on: str | None
    proposal: Proposal | None

    @property
    def scale(self) -> str | None:
        return grades.grade(self.grade).scale if self.grade else None


@dataclass(frozen=True, slots=True)
class EnterpriseLine:
    """An enterprise with its units. Point in degrees, WGS 84; `overall_grade` is derived (short-board rule)."""

    id: int
    name: str
    former_names: tuple[str, ...]
    credit_code: str | None
    province: Division | None
    city: Division | None
    county: Division | None
    zone: str | None
    lat: float | None
    lon: float | None
    overall_grade: str | None
    overall_reason: str
    excellence: bool
    since: str | None
    downgraded_on: str | None
    units: tuple[UnitLine, ...]


@dataclass(frozen=True, slots=True)
class EnterpriseView:
    """All that is public of one enterprise, read at entry `entry`; the newest event first."""

    line: EnterpriseLine
    history: tuple[histories.Event, ...]
    entry: int
    as_of: str | None


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A published notice in a list; `decisions` counts its rows in the register."""

    id: int
    title: str
    issuer: str
    division: Division | None
    number: str | None
    issued_on: str
    published_at: str
    stage: str
    scope: str
    scheme: str
    decisions: int
    downgrades: int
    mended_by: int | None
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A published notice whole, as corrected, with the fingerprint of its original file; the newest amendment first.

    `supervised_by`: the authorities that substantiated complaints which led to downgrades in it.
    """

    line: NoticeLine
    index_number: str | None
    cited: tuple[str, ...]
    stated_counts: tuple[dict[str, Any], ...]
    objection_window: str | None
    objection_until: str | None
    supervised_by: str | None
    url: str | None
    file_name: str
    media_type: str
    sha256: str
    size: int
    amendments: tuple[histories.Amendment, ...]
    entry: int


@dataclass(frozen=True, slots=True)
class Change:
    """One decision with whom it concerns, as it counts today."""

    entry: int
    enterprise_id: int
    enterprise_name: str
    province: Division | None
    city: Division | None
    county: Division | None
    unit: int
    site: str | None
    industry: str | None
    line: str | None
    scheme: str
    kind: str
    stage: str
    grade: str | None
    previous_grade: str | None
    managed_as: str | None
    managed_until: str | None
    effective_on: str
    notice_id: int
    notice_title: str
    sheet: str | None
    row: int | None
    cites: int | None
    mended_by: int | None
    withdrawn: bool


def enterprise(
    connection: Connection, enterprise_id: int, *, as_of: str | None = None, known: int | None = None
) -> EnterpriseView:
    """An enterprise now, or as it was on day `as_of`, or both as far as entry `known` had told.

    Raises: EnterpriseMerged when its id leads to another by then; NoSuchEnterprise, also when nothing was on record.
    """
    latest = register.latest_number(connection)
    upto = latest if known is None else min(known, latest)
    trail = trails.of_enterprise(connection, enterprise_id, upto)
    family = folding.family(trail, as_of) if trail else folding.Family()
    if enterprise_id in family.leads_to:
        raise EnterpriseMerged(family.leads_to[enterprise_id])
    folded = family.members.get(enterprise_id)
    if folded is None:
        raise NoSuchEnterprise(_("没有这家企业的公开记录。没有公开记录不等于 D 级。"))
    now = folded.now() if as_of is None else folded.on(as_of)
    history = histories.of_enterprise(connection, trail, folded, family.leads_to, upto)
    told = tuple(e for e in history if as_of is None or e.effective_on is None or e.effective_on <= as_of)
    return EnterpriseView(_line(folded, now), told, upto, as_of)


def lines(
    connection: Connection, ids: Sequence[int], *, as_of: str | None = None, known: int | None = None
) -> list[EnterpriseLine]:
    """These enterprises in this order, as `enterprise` gives each; the ids of none are left out."""
    if as_of is not None or known is not None:
        return _folded_lines(connection, ids, as_of, known)
    facts = _by_id(connection, "SELECT * FROM enterprise WHERE id IN {values}", ids)
    names = _grouped(
        connection,
        "SELECT enterprise_id, name FROM enterprise_name WHERE enterprise_id IN {values} AND ordinal > 0"
        " ORDER BY enterprise_id, ordinal DESC",
        ids,
    )
    units = _grouped(
        connection,
        "SELECT * FROM holding WHERE enterprise_id IN {values} AND to_day IS NULL ORDER BY enterprise_id, unit_id",
        ids,
    )
    return [_line_of_rows(facts[i], [n["name"] for n in names.get(i, ())], units.get(i, ())) for i in ids if i in facts]


def id_of_code(connection: Connection, credit_code: str) -> int | None:
    """The enterprise that bears this unified social credit code, or one that was merged into it bore it."""
    query = text(
        "SELECT id, 0 AS merged FROM enterprise WHERE credit_code = :code"
        " UNION ALL SELECT into_id, 1 FROM merged_enterprise WHERE credit_code = :code ORDER BY merged, id LIMIT 1"
    )
    found = connection.execute(query, {"code": credit_code}).scalar()
    return None if found is None else int(found)


def notices(
    connection: Connection, *, after: tuple[str, int] | None = None, limit: int = 50
) -> tuple[list[NoticeLine], int]:
    """The published notices, newest first, after the keyset (issued_on, id) `after`; and how many there are in all."""
    day, last = after or ("9999-12-31", 0)
    query = text(
        "SELECT * FROM notice WHERE issued_on < :day OR (issued_on = :day AND id < :last)"
        " ORDER BY issued_on DESC, id DESC LIMIT :limit"
    )
    rows = connection.execute(query, {"day": day, "last": last, "limit": limit}).mappings()
    found = [notice_line(row) for row in rows]
    return found, int(connection.execute(text("SELECT count(*) FROM notice")).scalar_one())


def notice(connection: Connection, notice_id: int) -> NoticeView:
    """Raises: NoSuchNotice."""
    row = connection.execute(text("SELECT * FROM notice WHERE id = :id"), {"id": notice_id}).mappings().one_or_none()
    if row is None:
        raise NoSuchNotice(_("没有第 {number} 号公告。", number=notice_id))
    latest = register.latest_number(connection)
    published = register.entry(connection, notice_id)
    amended = trails.amended_notices(connection, latest).get(notice_id, [published])
    said = mending.notice(published, amended, mending.undone(amended)).said
    return NoticeView(
        line=notice_line(row),
        index_number=said.get("index_number"),
        cited=tuple(said.get("cited") or ()),
        stated_counts=tuple(said.get("stated_counts") or ()),
        objection_window=said.get("objection_window"),
        objection_until=said.get("objection_until"),
        supervised_by=said.get("supervised_by"),
        url=said.get("url"),
        file_name=said["file_name"],
        media_type=said["media_type"],
        sha256=said["sha256"],
        size=said["size"],
        amendments=histories.of_notice(amended),
        entry=latest,
    )


def notices_of_place(connection: Connection, code: str, *, limit: int) -> list[NoticeLine]:
    """The latest notices of the authorities of a place and of the places within it."""
    least, most = places.codes_within(code)
    query = text("SELECT * FROM notice WHERE division >= :least AND division <= :most"
                 " ORDER BY issued_on DESC, id DESC LIMIT :limit")  # fmt: skip
    found = connection.execute(query, {"least": least, "most": most, "limit": limit}).mappings()
    return [notice_line(row) for row in found]


_CHANGES = (
    "SELECT d.*, e.name AS enterprise_name, e.province, e.city, e.county, n.title AS notice_title"
    " FROM decision d JOIN enterprise e ON e.id = d.enterprise_id JOIN notice n ON n.id = d.notice_id"
)


def notice_changes(connection: Connection, notice_id: int, *, after: int = 0, limit: int = 100) -> list[Change]:
    """A notice's decisions in the order of its file, after entry `after`."""
    query = text(f"{_CHANGES} WHERE d.notice_id = :id AND d.entry > :after ORDER BY d.entry LIMIT :limit")
    rows = connection.execute(query, {"id": notice_id, "after": after, "limit": limit}).mappings()
    return [_change(row) for row in rows]


def downgrades(
    connection: Connection, *, after: tuple[str, int] | None = None, limit: int = 50
) -> tuple[list[Change], int]:
    """Decided downgrades that count today, newest day first, after the keyset (effective_on, entry); and how many in all."""
    day, last = after or ("9999-12-31", 0)
    query = text(
        f"{_CHANGES} WHERE d.kind = 'downgraded' AND d.stage = 'decided' AND d.withdrawn = 0"
        " AND (d.effective_on < :day OR (d.effective_on = :day AND d.entry < :last))"
        " ORDER BY d.effective_on DESC, d.entry DESC LIMIT :limit"
    )
    rows = connection.execute(query, {"day": day, "last": last, "limit": limit}).mappings()
    found = [_change(row) for row in rows]
    # Kept per notice by the projection: a sum over notices, not over the register.
    total = connection.execute(
        text("SELECT coalesce(sum(downgrades), 0) FROM notice WHERE stage = 'decided'")
    ).scalar_one()
    return found, int(total)


def _folded_lines(
    connection: Connection, ids: Sequence[int], day: str | None, known: int | None
) -> list[EnterpriseLine]:
    upto = register.latest_number(connection) if known is None else known
    told: dict[int, folding.Folded] = {}
    for __, trail in trails.of_families(connection, trails.families(connection, ids, upto), upto):
        told |= folding.family(trail, day).members
    found = (told[i] for i in ids if i in told)
    return [_line(folded, folded.on(day) if day else folded.now()) for folded in found]


def _line(folded: folding.Folded, held: Sequence[folding.Standing]) -> EnterpriseLine:
    facts = standings.enterprise_row(folded, held)
    rows = [standings.holding_row(folded.id, standing, None) for standing in held]
    return _line_of_rows(facts, folded.names[:-1], rows)


def _line_of_rows(
    facts: RowMapping | dict[str, Any], former: Sequence[str], units: Sequence[RowMapping | dict[str, Any]]
) -> EnterpriseLine:
    return EnterpriseLine(
        id=facts["id"],
        name=facts["name"],
        former_names=tuple(former),
        credit_code=facts["credit_code"],
        province=_division(facts["province"]),
        city=_division(facts["city"]),
        county=_division(facts["county"]),
        zone=facts["zone"],
        lat=_degrees(facts["lat_e6"]),
        lon=_degrees(facts["lon_e6"]),
        overall_grade=facts["overall_grade"],
        overall_reason=facts["overall_reason"],
        excellence=bool(facts["excellence"]),
        since=facts["since"],
        downgraded_on=facts["downgraded_on"],
        units=tuple(unit_line(row) for row in units),
    )


def unit_line(row: RowMapping | dict[str, Any]) -> UnitLine:
    """A row of `holding`."""
    proposal = (
        Proposal(row["proposed_grade"], row["proposed_scheme"], row["proposed_since"], row["proposed_entry"],
                 row["proposed_notice_id"])
        if row["proposed_grade"] else None
    )  # fmt: skip
    decided = row["entry"] is not None
    shown = proposal if proposal and not decided else None
    return UnitLine(
        id=row["unit_id"],
        site=row["site"],
        industry=row["industry"],
        line=row["line"],
        scheme=shown.scheme if shown else row["scheme"],
        grade=shown.grade if shown else row["grade"],
        stage="decided" if decided else "proposed",
        since=shown.since if shown else row["since"],
        entry=shown.entry if shown else row["entry"],
        notice_id=shown.notice_id if shown else row["notice_id"],
        listed=bool(row["listed"]),
        managed_as=row["managed_as"],
        managed_until=row["managed_until"],
        downgraded_on=row["downgraded_on"],
        proposal=proposal,
    )


def notice_line(row: RowMapping) -> NoticeLine:
    """A row of `notice`."""
    told = {k: row[k] for k in NoticeLine.__dataclass_fields__}
    return NoticeLine(**told | {"division": _division(row["division"]), "withdrawn": bool(row["withdrawn"])})


def _change(row: RowMapping) -> Change:
    told = {k: row[k] for k in Change.__dataclass_fields__ if k != "unit"}
    places_of = {k: _division(row[k]) for k in ("province", "city", "county")}
    return Change(**told | places_of | {"unit": row["unit_id"], "withdrawn": bool(row["withdrawn"])})


@lru_cache(maxsize=8192)
def division(code: str) -> Division:
    """What a code of the register stands for; a code that the list of divisions no longer has stands for itself."""
    try:
        return places.division(code)
    except places.NoSuchPlace:
        return Division(code, code)


def _division(code: str | None) -> Division | None:
    return division(code) if code else None


def _degrees(millionths: int | None) -> float | None:
    return None if millionths is None else millionths / 1_000_000


def _by_id(connection: Connection, query: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in _plain(chosen(connection, query, ids))}


def _grouped(connection: Connection, query: str, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in _plain(chosen(connection, query, ids)):
        found.setdefault(row["enterprise_id"], []).append(row)
    return found


def _plain(found: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries: each of their fields is asked for, and a row's own mapping takes ten times as long."""
    fields = found[0]._fields if found else ()
    return (dict(zip(fields, row, strict=True)) for row in found)
