"""Which body a complaint goes to, and the sentence that says why.

What this module knows that no other does: the lowest body that is competent for the matter and the place and is not
involved in it; what is about a body goes above it; an objection goes to whoever published the grade; what nobody covers
goes to the duty desk. The rules are data (`reference/complaint_rules.csv`), taken in their order. Pure.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter

from public_site import languages, places
from public_site.languages import N_

LEVELS = ("county", "city", "province", "nation")
DUTY = "duty"
# Why a complaint went where it did, as it is written down in its way.
NOT_SOLVED = N_("您说没有解决，因此转给没有办理过的上一级：{body}。")
LATE = N_("{subject}逾期没有告知是否受理，因此转给{body}。")
DESK_LATE = N_("值班席逾期未处理。")
TAKEN = N_("{body}同意接办。")
_NOBODY = N_("没有找到有管辖权的机关")
_UNREACHED = {"issuer": N_("公布该等级的机关没有接入本站"), "above": N_("投诉对象没有上一级机关接入本站")}
_THAT_BODY, _THAT_PLACE = N_("该机关"), N_("该地点")


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
    why = _NOBODY
    for rule in rules():
        if rule.kind not in ("*", matter.kind) or rule.subject not in ("*", subject):
            continue
        found = _found(rule.goes_to, matter, bodies)
        if found is not None:
            return Route(found, rule.goes_to, _said(rule, matter, found, bodies, why))
        why = _UNREACHED.get(rule.goes_to, why)
    raise LookupError("no duty desk")


def told(sentence: str) -> str:
    """A sentence that says why, as it was written down, in the current language; the names in it stay as they are."""
    if languages.current() == languages.CHINESE:
        return sentence
    for written, pattern in _patterns():
        if found := pattern.fullmatch(sentence):
            return languages._(written, **{name: languages._(said) for name, said in found.groupdict().items()})
    return sentence


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each sentence with the pattern of what it was written down as."""
    return tuple((written, _pattern(written)) for written in (*(r.sentence for r in rules()), NOT_SOLVED, LATE, DESK_LATE, TAKEN))  # fmt: skip


def _pattern(written: str) -> re.Pattern[str]:
    """`{body}` stands for any words the first time, and then for the same ones."""
    pieces, seen = [], set()
    for text, name, *_ in Formatter().parse(written):
        pieces.append(re.escape(text))
        if name:
            pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+)")
            seen.add(name)
    return re.compile("".join(pieces))


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
    subject = bodies[matter.about].name if matter.about and matter.about in bodies else _THAT_BODY
    place = places.place(matter.place).text + matter.zone if places.is_division(matter.place) else _THAT_PLACE
    return rule.sentence.format(body=body.name, subject=subject, place=place, why=why)
