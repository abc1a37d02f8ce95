"""What a trail of entries means: the fold from decisions to standings. Pure: entries in, standings out, no clock.

What this module knows that no other does: how a correction and a withdrawal act on the entry they mend, that a later
day overrules an earlier one whatever the order of publication (ties by entry number), that a proposal never becomes a
decision by itself, that a grade and "managed as" are two things, that vanishing from a full list ends a listing without
touching the grade that was held, and that a grade is a rise or a fall by what was held on the day before it, not by what
was known when it was published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from public_site import grades
from public_site.register import GRADE_KINDS, Entry, GradeKind

CHANGES = frozenset({"graded", "confirmed", "upgraded", "downgraded"})
FACTS = ("name", "credit_code", "province", "city", "county", "zone", "lat_e6", "lon_e6")


@dataclass(frozen=True, slots=True)
class Facts:
    """Who and where an enterprise is. Division codes of six digits; the point in millionths of a degree, WGS 84."""

    name: str
    credit_code: str | None = None
    province: str | None = None
    city: str | None = None
    county: str | None = None
    zone: str | None = None
    lat_e6: int | None = None
    lon_e6: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A grade entry as it counts today: its own content, or what its last correction put in its place."""

    entry: int
    unit: int
    notice: int
    kind: str
    stage: str
    effective_on: str
    published_at: str
    sheet: str | None
    row: int | None
    site: str | None
    industry: str | None
    line: str | None
    scheme: str
    grade: str | None
    previous_grade: str | None
    stated_previous_grade: str | None
    managed_as: str | None
    managed_until: str | None
    mended_by: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grade that a 公示 proposes; it is nobody's grade until a decision says so."""

    grade: str
    scheme: str
    since: str
    entry: int
    notice: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a graded unit holds from `from_day` until the next standing's day."""

    unit: int
    from_day: str
    site: str | None
    industry: str | None
    line: str | None
    grade: str | None = None
    scheme: str | None = None
    since: str | None = None
    entry: int | None = None
    notice: int | None = None
    listed: bool = True
    managed_as: str | None = None
    managed_until: str | None = None
    downgraded_on: str | None = None
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """One enterprise's whole story: facts and names now, every decision, each unit's standings by day."""

    id: int
    facts: Facts
    names: tuple[str, ...]
    decisions: tuple[Decision, ...]
    standings: dict[int, tuple[Standing, ...]]
    touched: int

    def now(self) -> list[Standing]:
        """The standing each unit holds with everything published counted."""
        return [unit[-1] for unit in self.standings.values()]

    def on(self, day: str) -> list[Standing]:
        """The standing each unit held on `day`; units without one yet are left out; an expired "managed as" is gone."""
        held = [[s for s in unit if s.from_day <= day] for unit in self.standings.values()]
        return [_unexpired(unit[-1], day) for unit in held if unit]


def fold(enterprise_id: int, trail: Sequence[Entry], as_of: str | None = None) -> Folded | None:
    """The story that an enterprise's `trail` (ascending) tells; None when nothing of it had begun by `as_of`."""
    decisions = _mended(trail)
    began = min((d.effective_on for d in decisions.values() if not d.withdrawn), default=None)
    told = _told(trail, as_of, began)
    if not told:
        return None
    units: dict[int, list[Decision]] = {}
    for decision in decisions.values():
        if not decision.withdrawn:
            units.setdefault(decision.unit, []).append(decision)
    standings = {}
    for unit, living in sorted(units.items()):
        standings[unit], compared = _standings(living)
        decisions |= {d.entry: d for d in compared}
    facts = _facts(told)
    names = _names(told, facts.name)
    return Folded(enterprise_id, facts, names, tuple(decisions.values()), standings, max(e.number for e in trail))


def overall(standings: Iterable[Standing]) -> grades.Overall:
    """The derived overall grade over the decided, listed units (short-board rule)."""
    return grades.overall([(s.grade, s.scheme) for s in standings if s.listed and s.grade and s.scheme])


def change(previous: str | None, grade: str) -> GradeKind:
    """The kind of entry that `grade` after `previous` makes."""
    if previous is None:
        return "graded"
    if previous == grade:
        return "confirmed"
    better = grades.better(grade, previous)
    return "graded" if better is None else "upgraded" if better else "downgraded"


def _told(trail: Sequence[Entry], as_of: str | None, began: str | None) -> list[Entry]:
    """The entries about the enterprise itself that hold by `as_of`, in the order of their days.

    A decision may be older than the notice that first registered its enterprise: who it was is then told by that one.
    """
    said = [e for e in trail if e.kind in ("enterprise_registered", "enterprise_changed")]
    if not said:
        return []
    first, rest = said[:1], sorted(said[1:], key=lambda e: (e.effective_on or "", e.number))
    if as_of is None:
        return first + rest
    by_then = [e for e in rest if (e.effective_on or "") <= as_of]
    return first + by_then if by_then or (began or "9999") <= as_of or (first[0].effective_on or "") <= as_of else []


def _facts(told: Sequence[Entry]) -> Facts:
    known: dict[str, Any] = {}
    for entry in told:
        known |= {k: v for k, v in entry.data.items() if k in FACTS}
    return Facts(**known)


def _names(told: Sequence[Entry], present: str) -> tuple[str, ...]:
    """Every name borne, oldest first, each once, the present one last."""
    borne: dict[str, None] = {}
    for entry in told:
        borne |= dict.fromkeys(n for n in (entry.data.get("former_name"), entry.data.get("name")) if n)
    borne.pop(present)
    return (*borne, present)


def _mended(trail: Iterable[Entry]) -> dict[int, Decision]:
    decisions: dict[int, Decision] = {}
    for entry in trail:
        if entry.kind in GRADE_KINDS:
            decisions[entry.number] = _decision(entry)
        elif entry.kind == "corrected":
            target = decisions[entry.data["corrects"]]
            content: dict[str, Any] = {k: v for k, v in entry.data.items() if k in _CORRECTABLE}
            decisions[target.entry] = replace(target, **content, mended_by=entry.number, withdrawn=False)
        elif entry.kind == "withdrawn":
            target = decisions[entry.data["withdraws"]]
            decisions[target.entry] = replace(target, mended_by=entry.number, withdrawn=True)
    return decisions


_CORRECTABLE = frozenset({"effective_on", "site", "industry", "line", "scheme", "grade", "managed_as",
                          "managed_until"})  # fmt: skip


def _decision(entry: Entry) -> Decision:
    assert entry.unit and entry.notice and entry.stage and entry.effective_on  # what append() gives a grade entry
    data = entry.data
    return Decision(
        entry=entry.number, unit=entry.unit, notice=entry.notice, kind=entry.kind, stage=entry.stage,
        effective_on=entry.effective_on, published_at=entry.published_at, sheet=entry.sheet, row=entry.row,
        site=data.get("site"), industry=data.get("industry"), line=data.get("line"), scheme=data["scheme"],
        grade=data.get("grade"), previous_grade=data.get("previous_grade"),
        stated_previous_grade=data.get("stated_previous_grade"), managed_as=data.get("managed_as"),
        managed_until=data.get("managed_until"),
    )  # fmt: skip


def _standings(decisions: Sequence[Decision]) -> tuple[tuple[Standing, ...], list[Decision]]:
    """A unit's standings, one a day on which something changed, in order of day; and its decisions, each compared with
    what was held before it."""
    by_day: dict[str, Standing] = {}
    compared: list[Decision] = []
    first = decisions[0]
    now = Standing(first.unit, first.effective_on, first.site, first.industry, first.line)
    for said in sorted(decisions, key=lambda d: (d.effective_on, d.entry)):
        decision = _compared(now, said)
        compared.append(decision)
        now = _after(replace(now, from_day=decision.effective_on, site=decision.site, industry=decision.industry,
                             line=decision.line), decision)  # fmt: skip
        by_day[now.from_day] = now
    return tuple(by_day.values()), compared


def _compared(now: Standing, decision: Decision) -> Decision:
    """The decision with the grade held before it (the notice's own word where we know of none) and so its kind."""
    held = now.grade if now.listed and _same_family(now.scheme, decision.scheme) else None
    previous = held or decision.stated_previous_grade
    if decision.kind in CHANGES and decision.grade is not None:
        return replace(decision, previous_grade=previous, kind=change(previous, decision.grade))
    return replace(decision, previous_grade=previous)


def _same_family(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and grades.scheme(one).family == grades.scheme(other).family


def _after(now: Standing, decision: Decision) -> Standing:
    if decision.stage == "proposed":
        return _proposed(now, decision)
    here = replace(now, entry=decision.entry, notice=decision.notice, proposal=None)
    if decision.kind == "no_longer_listed":
        return replace(here, listed=False, since=decision.effective_on, managed_as=None, managed_until=None)
    if decision.grade is not None:
        kept = now.listed and now.grade == decision.grade and _same_family(now.scheme, decision.scheme)
        fallen = change(decision.previous_grade, decision.grade) == "downgraded"
        here = replace(
            here,
            listed=True,
            grade=decision.grade,
            scheme=decision.scheme,
            since=now.since if kept else decision.effective_on,
            downgraded_on=decision.effective_on if fallen else now.downgraded_on,
        )
    elif here.since is None:
        here = replace(here, since=decision.effective_on, scheme=decision.scheme)
    return replace(here, managed_as=decision.managed_as, managed_until=decision.managed_until)


def _proposed(now: Standing, decision: Decision) -> Standing:
    grade = decision.grade or decision.managed_as
    if grade is None:
        return now
    return replace(
        now, proposal=Proposal(grade, decision.scheme, decision.effective_on, decision.entry, decision.notice)
    )


def _unexpired(standing: Standing, day: str) -> Standing:
    if standing.managed_until is not None and standing.managed_until < day:
        return replace(standing, managed_as=None, managed_until=None)
    return standing
