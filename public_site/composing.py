"""What the rows of an approved draft make of the register: which enterprise, which unit, which kind of entry.

What this module knows that no other does: when a row registers an enterprise or adds to what is known of it, when two
rows mean one unit, what a grade is compared with, when a row only publishes once more what an authority above or below
has decided, and what a full list says by leaving a unit out. It writes entries through `register.Appending` and nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, text

from public_site import drafts, folding, grades, notices, places, register
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
    site: str | None
    industry: str | None
    grade: str | None
    scheme: str | None


@dataclass(frozen=True, slots=True)
class _Published:
    """A decision of the register that counts, with the notice that published it."""

    entry: int
    unit: int
    stage: str
    grade: str | None
    managed_as: str | None
    scheme: str
    day: str
    division: str | None
    number: str | None


def compose(connection: Connection, appending: register.Appending, draft: Draft, seal: str) -> None:
    """Append everything a notice draft says; `seal` is the draft's (`drafts.seal`).

    A row that still asks whom it means says nothing: `publishing` lets no draft through that has one, and a rehearsal
    shows what the others say.

    Raises: DraftContradicts.
    """
    composer = _Composer(connection, appending, draft, seal)
    rows = (row for row in drafts.rows(connection, draft.id) if row.choice != "skip" and not row.is_open)
    while batch := list(islice(rows, _BATCH)):
        composer.add(batch)
    if is_full_list(draft):
        composer.end(vanished(connection, draft, composer.units_written))


def is_full_list(draft: Draft) -> bool:
    """Whether leaving a unit out says something: a decided list of everything up to a day (截至…)."""
    return bool(draft.content["scope"] == "snapshot" and draft.content["stage"] == "decided")


def vanished(connection: Connection, draft: Draft, present: Iterable[int]) -> list[Vanished]:
    """The listed units that a full list leaves out, where `present` are the units it names.

    A full list speaks for its issuer, its scheme's family, the grades it covers and, where its title names industries,
    for those; of an enterprise that one of its left-out rows may mean it says nothing.
    """
    query = text(
        "SELECT h.unit_id, h.enterprise_id, h.grade, h.scheme, h.site, h.industry, h.line"
        " FROM holding h JOIN notice n ON n.id = h.notice_id"
        " WHERE n.issuer = :issuer AND h.to_day IS NULL AND h.listed = 1 AND h.from_day < :day AND h.grade IN :grades"
        " ORDER BY h.unit_id"
    ).bindparams(bindparam("grades", expanding=True))
    covered = sorted(drafts.grades_covered(connection, draft))
    values = {"issuer": draft.content["issuer"], "day": draft.content["issued_on"], "grades": covered}
    family = grades.scheme(draft.content["scheme"]).family
    industries = grades.industries_named(draft.content["title"])
    there, meant = set(present), drafts.meant_by_rows_left_out(connection, draft.id)
    return [
        v
        for v in (Vanished(*row) for row in connection.execute(query, values))
        if v.unit not in there
        and v.enterprise not in meant
        and grades.scheme(v.scheme).family == family
        and (not industries or (v.industry or "").partition("/")[0] in industries)
    ]


class _Composer:
    """The rows of one draft on their way into entries; remembers what this draft itself has already said."""

    def __init__(self, connection: Connection, appending: register.Appending, draft: Draft, seal: str) -> None:
        self._connection = connection
        self._appending = appending
        self._notice = draft.content
        self._day: str = draft.content["issued_on"]
        # By row number: whom the row meant. Later rows of the same new enterprise point to it.
        self._enterprise_of_row: dict[int, int] = {}
        self._cited = [normal_name(document) for document in draft.content["cited"]]
        self._published: dict[int, list[_Published]] = {}
        self._pointed_to = drafts.rows_pointed_to(connection, draft.id)
        self._facts: dict[int, dict[str, Any]] = {}
        self._said: dict[tuple[int, _UnitKey], tuple[tuple[Any, ...], tuple[str | None, int]]] = {}
        self.units_written: set[int] = set()
        facts = {k: v for k, v in draft.content.items() if k not in {"questions", "remarks", "sheets"}} | {
            "draft_sha256": seal
        }
        self._notice_id = appending.add("notice_published", facts, stage=draft.content["stage"], effective_on=self._day)

    def add(self, rows: Sequence[DraftRow]) -> None:
        """Append what these rows say of their enterprises and units."""
        ids = [i for i in (row.match.enterprise_id for row in rows) if i is not None and i > 0]
        facts, held = _facts(self._connection, ids), _held(self._connection, ids, self._day)
        self._published = _published(self._connection, ids, self._notice_id)
        for row in rows:
            enterprise = self._meant(row)
            known = None
            if enterprise is None:
                enterprise = self._register(row)
            else:
                known = self._facts.get(enterprise) or facts[enterprise]
                self._tell_what_is_new(enterprise, known, row)
            self._enterprise_of_row[row.ordinal] = enterprise
            units = held.get(enterprise, {})
            key = _unit_key(row.content, known, units)
            if not self._repeats((enterprise, key), row):
                self._grade(enterprise, key, row.content, units.get(key))

    def end(self, units: Iterable[Vanished]) -> None:
        """Append "no longer listed" for the units that a full list leaves out."""
        for unit in units:
            data = {"scheme": unit.scheme, "previous_grade": unit.grade, "site": unit.site, "industry": unit.industry,
                    "line": unit.line}  # fmt: skip
            self._appending.add("no_longer_listed", _without_blanks(data), notice=self._notice_id,
                                enterprise=unit.enterprise, unit=unit.unit, stage="decided",
                                effective_on=self._day)  # fmt: skip

    def _meant(self, row: DraftRow) -> int | None:
        """The enterprise that a row means, when there is one already; a negative id points to a row before it."""
        identity = row.match.enterprise_id
        return self._enterprise_of_row.get(-identity - 1) if identity is not None and identity < 0 else identity

    def _register(self, row: DraftRow) -> int:
        said = row.content
        facts = {k: said[k] for k in ("name", "former_name", *_ADDED)} | _point(said)
        enterprise = self._appending.add("enterprise_registered", _without_blanks(facts), notice=self._notice_id,
                                         effective_on=self._day, sheet=said["sheet"], row=said["row"])  # fmt: skip
        if row.ordinal in self._pointed_to:
            self._facts[enterprise] = dict.fromkeys(("lat_e6", "lon_e6")) | facts
        return enterprise

    def _tell_what_is_new(self, enterprise: int, facts: dict[str, Any], row: DraftRow) -> None:
        """A new name where the notice gives the old one (or a person said so), and what was not known: code, place, point."""
        said = row.content
        news = {k: said[k] for k in _ADDED if said[k] and not facts[k]}
        if facts["lat_e6"] is None:
            news |= _point(said)
        if normal_name(said["name"]) != normal_name(facts["name"]) and (said["former_name"] or row.choice == "renamed"):
            news["name"] = said["name"]
        if news:
            self._facts[enterprise] = facts | news
            self._appending.add("enterprise_changed", news, notice=self._notice_id, enterprise=enterprise,
                                effective_on=self._day, sheet=said["sheet"], row=said["row"])  # fmt: skip

    def _repeats(self, unit: tuple[int, _UnitKey], row: DraftRow) -> bool:
        """Whether an earlier row of this draft said the same of this unit. Raises: DraftContradicts."""
        said = tuple(row.content[k] for k in _OF_A_UNIT)
        here = (row.content["sheet"], row.content["row"])
        before, there = self._said.setdefault(unit, (said, here))
        if before != said:
            raise DraftContradicts(
                f"{_place(*there)}与{_place(*here)}说的是同一企业（{row.content['name']}）的同一生产单元，"
                f"内容却不同：{_told(before)} 与 {_told(said)}。请核对原文件。"
            )
        return there != here

    def _grade(self, enterprise: int, key: _UnitKey, said: dict[str, Any], held: _Held | None) -> None:
        stated = said["previous_grade"]
        previous = _comparable_grade(held, said) or stated
        data = {k: said[k] for k in ("label", "scheme", "industry", "line", "managed_as", "managed_until")}
        data |= {
            "grade": said["grade"] if said["listed"] else None,
            "site": said["site"] or (held.site if held else _site(said, key)),
            "previous_grade": previous,
            "stated_previous_grade": stated,
        }
        kind = _kind(said, previous)
        if held is not None:  # a notice that names no industry speaks of the one that is known
            data["industry"] = said["industry"] or held.industry
            if (first := self._first_publication(held.unit, said)) is not None:
                kind, data = "cited", data | {"cites": first.entry, "previous_grade": None}
        unit = self._appending.add(
            kind, _without_blanks(data), notice=self._notice_id, enterprise=enterprise,
            unit=held.unit if held else None, stage=self._notice["stage"], effective_on=self._day,
            sheet=said["sheet"], row=said["row"],
        )  # fmt: skip
        self.units_written.add(held.unit if held else unit)

    def _cites(self, number: str | None) -> bool:
        """Whether this notice cites the document of this number, alone or behind its title in brackets."""
        plain = normal_name(number or "")
        return bool(plain) and any(cited == plain or cited.endswith(f"({plain})") for cited in self._cited)

    def _first_publication(self, unit: int, said: dict[str, Any]) -> _Published | None:
        """The decision that a row only publishes once more: of an authority above or below, with the same grade, and of
        the same day or under a document number that this notice cites. A later award of the same grade is none."""
        if not said["listed"]:
            return None
        family = grades.scheme(said["scheme"]).family
        for one in self._published.get(unit, ()):
            is_the_same = (one.stage, one.grade, one.managed_as) == (
                self._notice["stage"],
                said["grade"],
                said["managed_as"],
            )
            is_known_by = one.day == self._day or self._cites(one.number)
            if (
                is_the_same
                and is_known_by
                and grades.scheme(one.scheme).family == family
                and places.is_above_or_below(one.division, self._notice["division"])
            ):
                return one
        return None


_OF_A_UNIT = ("grade", "managed_as", "managed_until", "listed", "previous_grade")


def _place(sheet: str | None, row: int) -> str:
    return f"{notices.sheet_in_words(sheet)}第 {row} 行" if sheet else f"第 {row} 行"


def _told(said: tuple[Any, ...]) -> str:
    return "、".join(str(s) for s in said[:2] if s) or "未写等级"


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


def _site(said: dict[str, Any], key: _UnitKey) -> str | None:
    """The site as written, or the county where a row means another site of a known enterprise."""
    site: str | None = said["site"]
    return site or (places.name(said["county"]) if key[0] else None)


def _unit_key(said: dict[str, Any], facts: dict[str, Any] | None, units: dict[_UnitKey, _Held]) -> _UnitKey:
    """Site × industry × line. A row of a known enterprise in another county means another site of it.

    A notice without industries means an enterprise's only unit. Raises: DraftContradicts when there are several.
    """
    site = said["site"] or ""
    if not site and facts and said["county"] and facts["county"] and said["county"] != facts["county"]:
        site = places.name(said["county"])
    key = normal_name(site), normal_name(said["industry"] or ""), normal_name(said["line"] or "")
    if key in units or not units:
        return key
    if not any(key[1:]):
        at_site = [k for k in units if k[0] == key[0]]
        if len(at_site) > 1:
            raise DraftContradicts(
                f"{_place(said['sheet'], said['row'])}没有写行业，而“{said['name']}”有 {len(at_site)} 个评级单元。"
                "请在文件中补上“行业类别”一列，说明是哪一个。"
            )
        return at_site[0] if at_site else key
    unnamed = (key[0], "", key[2])
    if unnamed in units:
        return unnamed
    # A row that names no site means the only one of this industry and line, unless that is known as the one in a county.
    elsewhere = [k for k in units if k[1:] == key[1:] and not places.find(k[0])] if not site else []
    return elsewhere[0] if len(elsewhere) == 1 else key


def _facts(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = text(
        "SELECT id, name, credit_code, province, city, county, zone, lat_e6, lon_e6 FROM enterprise WHERE id IN :ids"
    ).bindparams(bindparam("ids", expanding=True))
    found = connection.execute(query, {"ids": sorted(set(ids))}).mappings()
    return {row["id"]: dict(row) for row in found}


def _held(connection: Connection, ids: Sequence[int], day: str) -> dict[int, dict[_UnitKey, _Held]]:
    """Every unit of these enterprises by what it is, with the grade it held by a decision on `day`."""
    query = text(
        "SELECT enterprise_id, site, industry, line, unit_id, from_day, grade, scheme, listed FROM holding"
        " WHERE enterprise_id IN :ids ORDER BY unit_id, from_day"
    ).bindparams(bindparam("ids", expanding=True))
    held: dict[int, dict[_UnitKey, _Held]] = {}
    rows = connection.execute(query, {"ids": sorted(set(ids))})
    for enterprise, site, industry, line, unit, from_day, grade, scheme, listed in rows:
        key = normal_name(site or ""), normal_name(industry or ""), normal_name(line or "")
        units = held.setdefault(enterprise, {})
        if from_day <= day:
            units[key] = _Held(unit, site, industry, grade if listed else None, scheme)
        else:
            units.setdefault(key, _Held(unit, site, industry, None, None))
    return held


def _published(connection: Connection, ids: Sequence[int], notice: int) -> dict[int, list[_Published]]:
    """The decisions by unit that earlier notices published of these enterprises and that count, oldest first."""
    query = text(
        "SELECT d.entry, d.unit_id, d.stage, d.grade, d.managed_as, d.scheme, d.effective_on, n.division, n.number"
        " FROM decision d JOIN notice n ON n.id = d.notice_id WHERE d.enterprise_id IN :ids AND d.withdrawn = 0"
        " AND d.kind NOT IN ('cited', 'no_longer_listed') AND d.notice_id <> :notice ORDER BY d.entry"
    ).bindparams(bindparam("ids", expanding=True))
    found: dict[int, list[_Published]] = {}
    for row in connection.execute(query, {"ids": sorted(set(ids)), "notice": notice}) if ids else ():
        one = _Published(*row)
        found.setdefault(one.unit, []).append(one)
    return found


def _point(said: dict[str, Any]) -> dict[str, int]:
    if said["lat"] is None or said["lon"] is None:
        return {}
    return {"lat_e6": round(said["lat"] * 1_000_000), "lon_e6": round(said["lon"] * 1_000_000)}


def _without_blanks(data: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if v not in (None, "")}
