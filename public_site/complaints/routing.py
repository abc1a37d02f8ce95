"""Which body a complaint goes to, and the sentence that says why.

What this module knows that no other does: the lowest body that is competent for the matter and the place and is not
involved in it; what is about a body goes above it; an objection goes to whoever published the grade; what nobody covers
goes to the duty desk. The rules are data (`reference/complaint_rules.csv`), taken in their order. Pure.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from public_site import places

LEVELS = ("county", "city", "province", "nation")
DUTY = "duty"


@dataclass(frozen=True, slots=True)
class Body:
    """An authority. `divisions`: codes it has jurisdiction over, whole with all that lies in them, and zones without a
    code as the code that they lie in and their name (`500100:两江新区`); `competences`: kinds."""

    id: str
    name: str
    level: str
    divisions: tuple[str, ...]
    competences: frozenset[str]
    parent: str
    address: str = ""

    def covers(self, place: str, zone: str = "") -> bool:
        """Whether the place, or the zone in it, lies in its jurisdiction."""
        return bool(_around(place) & set(self.divisions)) or self.is_of_zone(place, zone)

    def is_of_zone(self, place: str, zone: str) -> bool:
        """Whether it was set up for this zone of the place."""
        return bool(zone) and bool({f"{code}:{zone}" for code in _around(place)} & set(self.divisions))


@dataclass(frozen=True, slots=True)
class Matter:
    """What is known of a complaint before anybody reads it."""

    kind: str
    place: str
    issuer: str | None = None  # division code of whoever published the grade
    about: str | None = None  # the body it is about
    involved: frozenset[str] = frozenset()  # bodies that must not have it: they had it, or gave it back
    zone: str = ""  # in which it lies, where it has no code


@dataclass(frozen=True, slots=True)
class Route:
    """Where it goes, by which rule, and why in a sentence."""

    body: Body
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`goes_to`: above | issuer | lowest | duty."""

    kind: str
    subject: str
    goes_to: str
    sentence: str


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in their order."""
    text = (files("public_site") / "reference" / "complaint_rules.csv").read_text(encoding="utf-8")
    return tuple(Rule(r["kind"], r["subject"], r["goes_to"], r["sentence"]) for r in csv.DictReader(text.splitlines()))


def route(matter: Matter, bodies: Mapping[str, Body]) -> Route:
    """Where a matter goes. There must be a duty desk among the bodies."""
    subject = "body" if matter.about else "grade" if matter.kind == "objection" else "place"
    why = "没有找到有管辖权的机关"
    for rule in rules():
        if rule.kind not in ("*", matter.kind) or rule.subject not in ("*", subject):
            continue
        found = _found(rule.goes_to, matter, bodies)
        if found is not None:
            return Route(found, rule.goes_to, _said(rule, matter, found, bodies, why))
        why = {"issuer": "公布该等级的机关没有接入本站", "above": "投诉对象没有上一级机关接入本站"}.get(
            rule.goes_to, why
        )
    raise LookupError("no duty desk")


def _around(place: str) -> set[str]:
    """The codes of a place and of what it lies in."""
    return {level.code for level in places.lineage(place) if level} if places.is_division(place) else set()


def above(body: Body, bodies: Mapping[str, Body], kind: str, uninvolved: frozenset[str] = frozenset()) -> Body | None:
    """The next body above that is competent and not involved."""
    seen = {body.id}
    while body.parent and body.parent in bodies and body.parent not in seen:
        body = bodies[body.parent]
        seen.add(body.id)
        if kind in body.competences and body.id not in uninvolved:
            return body
    return None


def _found(goes_to: str, matter: Matter, bodies: Mapping[str, Body]) -> Body | None:
    unfit = matter.involved | ({matter.about} if matter.about else set())
    if goes_to == "duty":
        return bodies.get(DUTY)
    if goes_to == "above":
        about = bodies.get(matter.about or "")
        return above(about, bodies, matter.kind, unfit) if about else None
    fit = [b for b in bodies.values() if matter.kind in b.competences and b.id not in unfit and b.id != DUTY]
    if goes_to == "issuer":
        return _only(b for b in fit if matter.issuer and matter.issuer in b.divisions)
    covering = [b for b in fit if matter.place and b.covers(matter.place, matter.zone)]
    if of_the_zone := [b for b in covering if b.is_of_zone(matter.place, matter.zone)]:
        return _only(of_the_zone)  # it was set up for this piece of its county, so it comes before the county's
    lowest = min((LEVELS.index(b.level) for b in covering), default=None)
    return _only(b for b in covering if LEVELS.index(b.level) == lowest)


def _only(bodies: Iterable[Body]) -> Body | None:
    """The one body; where several fit, a person decides."""
    found = list(bodies)
    return found[0] if len(found) == 1 else None


def _said(rule: Rule, matter: Matter, body: Body, bodies: Mapping[str, Body], why: str) -> str:
    subject = bodies[matter.about].name if matter.about and matter.about in bodies else "该机关"
    place = places.place(matter.place).text + matter.zone if places.is_division(matter.place) else "该地点"
    return rule.sentence.format(body=body.name, subject=subject, place=place, why=why)
