"""What a trail of entries means: the fold from decisions to standings. Pure: entries in, standings out, no clock.

What this module knows that no other does: that a later day overrules an earlier one whatever the order of publication
(ties by entry number), that a proposal never becomes a decision by itself, that a grade and "managed as" are two things,
that vanishing from a full list ends a listing without touching the grade that was held, that a grade is a rise or a fall
by what was held on the day before it, not by what was known when it was published, and that an enterprise keeps the
names, and where its own are missing the facts, of those that were merged into it. What amendments leave of the entries is
`mending`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from public_site import grades, mending
from public_site.mending import Decision, Mended, Told
from public_site.register import Entry, GradeKind

CHANGES = frozenset({"graded", "confirmed", "upgraded", "downgraded"})
FACTS = ("name", "credit_code", "province", "city", "county", "zone", "lat_e6", "lon_e6")
_DECISION = tuple(Decision.__dataclass_fields__)
_told_by = attrgetter(*_DECISION)
# Facts that are known together or not at all.
_TOGETHER = (("credit_code",), ("province", "city", "county", "zone"), ("lat_e6", "lon_e6"))


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


@dataclass(frozen=True, slots=True)
class Family:
    """The stories of enterprises that merges and moves ever tied together; `leads_to` for those that are another now."""

    members: dict[int, Folded] = field(default_factory=dict)
    leads_to: dict[int, int] = field(default_factory=dict)
    merged: dict[int, Facts] = field(default_factory=dict)


def family(trail: Sequence[Entry], as_of: str | None = None) -> Family:
    """The stories that a family's `trail` (ascending) tells; a member of which nothing had begun by `as_of` is left out."""
    mended = mending.read(trail)
    found = Family(leads_to={e: mending.survivor(mended.leads_to, e) for e in mended.leads_to})
    for enterprise in mended.told:
        if enterprise not in mended.leads_to:
            folded = _folded(enterprise, mended, trail[-1].number, as_of)
            if folded is not None:
                found.members[enterprise] = folded
        elif enterprise in mended.merged_into:
            found.merged[enterprise] = _facts(_in_order(mended.told[enterprise]))
    return found


def fold(enterprise_id: int, trail: Sequence[Entry], as_of: str | None = None) -> Folded | None:
    """The story of one enterprise; None when nothing of it had begun by `as_of`, or when it leads to another."""
    return family(trail, as_of).members.get(enterprise_id)


def _folded(enterprise: int, mended: Mended, touched: int, as_of: str | None) -> Folded | None:
    decisions = {d.entry: d for d in mended.decisions.get(enterprise, ())}
    began = min((d.effective_on for d in decisions.values() if not d.withdrawn), default=None)
    told = _told(mended.told[enterprise], as_of, began)
    if not told:
        return None
    units: dict[int, list[Decision]] = {}
    for decision in decisions.values():
        if not decision.withdrawn and decision.kind != "cited":
            units.setdefault(decision.unit, []).append(decision)
    standings = {}
    for unit, living in sorted(units.items()):
        standings[unit], compared = _standings(living)
        decisions |= {d.entry: d for d in compared}
    facts = _facts(told)
    names = _names(told, facts.name)
    for other in _merged_into(enterprise, mended.merged_into):
        theirs = _in_order(mended.told[other])
        facts = _filled(facts, _facts(theirs))
        names = tuple(dict.fromkeys((*(n for n in _names(theirs, _facts(theirs).name) if n != facts.name), *names)))
    return Folded(enterprise, facts, names, tuple(decisions.values()), standings, touched)


def _merged_into(enterprise: int, merged_into: Mapping[int, int]) -> list[int]:
    """Every enterprise that is this one now, in ascending order."""
    return sorted(e for e in merged_into if mending.survivor(merged_into, e) == enterprise)


def _filled(facts: Facts, others: Facts) -> Facts:
    """The facts, with those of a merged enterprise where there are none."""
    for group in _TOGETHER:
        if all(getattr(facts, name) is None for name in group):
            facts = replace(facts, **{name: getattr(others, name) for name in group})
    return facts


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


def _in_order(said: Sequence[Told]) -> list[Told]:
    """What is told of an enterprise in the order of its days; the registration first, whatever its day."""
    return [said[0], *sorted(said[1:], key=lambda t: (t.day, t.number))]


def _told(said: Sequence[Told], as_of: str | None, began: str | None) -> list[Told]:
    """What is told of the enterprise itself by `as_of`.

    A decision may be older than the notice that first registered its enterprise: who it was is then told by that one.
    """
    first, *rest = _in_order(said)
    if as_of is None:
        return [first, *rest]
    by_then = [t for t in rest if t.day <= as_of]
    return [first, *by_then] if by_then or (began or "9999") <= as_of or first.day <= as_of else []


def _facts(told: Sequence[Told]) -> Facts:
    known: dict[str, Any] = {}
    for one in told:
        known |= {k: v for k, v in one.said.items() if k in FACTS}
    return Facts(**known)


def _names(told: Sequence[Told], present: str) -> tuple[str, ...]:
    """Every name borne, oldest first, each once, the present one last; a name recorded by mistake was never borne."""
    borne: dict[str, None] = {}
    for one in told:
        borne.pop(one.said.get("mistaken", ""), None)
        borne |= dict.fromkeys(n for n in (one.said.get("former_name"), one.said.get("name")) if n)
    borne.pop(present)
    return (*borne, present)


def _standings(decisions: Sequence[Decision]) -> tuple[tuple[Standing, ...], list[Decision]]:
    """A unit's standings, one a day on which something changed, in order of day; and its decisions, each compared with
    what was held before it."""
    by_day: dict[str, Standing] = {}
    compared: list[Decision] = []
    now: Standing | None = None
    for said in sorted(decisions, key=lambda d: (d.effective_on, d.entry)):
        decision = _compared(now, said)
        compared.append(decision)
        now = _after(now, decision)
        by_day[now.from_day] = now
    return tuple(by_day.values()), compared


def _compared(now: Standing | None, decision: Decision) -> Decision:
    """The decision with the grade held before it (the notice's own word where we know of none) and so its kind."""
    held = now.grade if now is not None and now.listed and _same_family(now.scheme, decision.scheme) else None
    previous, kind = held or decision.stated_previous_grade, decision.kind
    if kind in CHANGES and decision.grade is not None:
        kind = change(previous, decision.grade)
    if (previous, kind) == (decision.previous_grade, decision.kind):  # nearly always: a copy costs as much as the fold
        return decision
    said = dict(zip(_DECISION, _told_by(decision), strict=True))  # `replace` takes ten times as long
    return Decision(**(said | {"previous_grade": previous, "kind": kind}))


def _same_family(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and grades.scheme(one).family == grades.scheme(other).family


def _after(before: Standing | None, decision: Decision) -> Standing:
    """What a unit holds once `decision` has been said."""
    now = before or Standing(decision.unit, decision.effective_on, None, None, None)
    if decision.stage == "proposed":
        return replace(now, from_day=decision.effective_on, site=decision.site, industry=decision.industry,
                       line=decision.line, proposal=_proposal(decision) or now.proposal)  # fmt: skip
    listed, grade, scheme, since, fallen_on = now.listed, now.grade, now.scheme, now.since, now.downgraded_on
    if decision.kind == "no_longer_listed":
        listed, since = False, decision.effective_on
    elif decision.grade is not None:
        is_kept = listed and grade == decision.grade and _same_family(scheme, decision.scheme)
        if change(decision.previous_grade, decision.grade) == "downgraded":
            fallen_on = decision.effective_on
        since = since if is_kept else decision.effective_on
        listed, grade, scheme = True, decision.grade, decision.scheme
    elif since is None:
        since, scheme = decision.effective_on, decision.scheme
    ends = decision.kind == "no_longer_listed"
    return Standing(
        decision.unit, decision.effective_on, decision.site, decision.industry, decision.line, grade, scheme, since,
        decision.entry, decision.notice, listed, None if ends else decision.managed_as,
        None if ends else decision.managed_until, fallen_on,
    )  # fmt: skip


def _proposal(decision: Decision) -> Proposal | None:
    grade = decision.grade or decision.managed_as
    if grade is None:
        return None
    return Proposal(grade, decision.scheme, decision.effective_on, decision.entry, decision.notice)


def _unexpired(standing: Standing, day: str) -> Standing:
    if standing.managed_until is not None and standing.managed_until < day:
        return replace(standing, managed_as=None, managed_until=None)
    return standing
