"""The meaning of a trail told a second time, otherwise than in `folding`, so that two mistakes would have to agree.

Slow on purpose: for each question it looks through the whole trail for the single entry that answers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from public_site import grades, register

_LETTERS = ("A+", "A", "B", "B-", "C", "D")
_LEADING = ("引领性", "非引领性")


@dataclass(frozen=True, slots=True)
class Told:
    """A grade entry with every amendment of it put in: whose it is and what it says today, and whether it still counts."""

    number: int
    enterprise: int | None
    unit: int | None
    stage: str | None
    day: str
    said: dict[str, Any]
    withdrawn: bool
    is_repetition: bool


_Place = tuple[int | None, int | None]


def told(trail: Sequence[register.Entry]) -> list[Told]:
    """The trail's grade entries, each with its amendments, in the order of their days."""
    decisions = [e for e in trail if e.kind in register.GRADE_KINDS]
    moves = [e for e in trail if e.kind in register.MOVING_KINDS and holds(trail, e)]
    places = {e.number: _place(e, moves) for e in decisions}
    is_moved = any(e.kind in register.MOVING_KINDS for e in trail)
    found: dict[int, Told] = {}
    for entry in decisions:
        enterprise, unit = places[entry.number]
        if is_moved:
            unit = _unit(entry.number, places)
        stage, day, notice_gone = _by_notice(trail, entry)
        said = {"kind": entry.kind, "effective_on": day, **entry.data}
        mendings = [m for m in trail if entry.number in (m.data.get("corrects"), m.data.get("withdraws"))
                    and m.kind in register.MENDING_KINDS and holds(trail, m)]  # fmt: skip
        for mending in mendings:
            said |= {k: v for k, v in mending.data.items() if k != "previous_grade"}
        gone = notice_gone or bool(mendings and mendings[-1].kind == "withdrawn")
        repeats = entry.kind == "cited" and not found[entry.data["cites"]].withdrawn
        if entry.kind == "cited" and not repeats:
            said["kind"] = "managed_as" if said.get("managed_as") else "graded"
        found[entry.number] = Told(entry.number, enterprise, unit, stage, said["effective_on"], said, gone, repeats)
    return sorted(found.values(), key=lambda t: (t.day, t.number))


def holds(trail: Sequence[register.Entry], entry: register.Entry) -> bool:
    """Whether no entry that itself holds takes this one back."""
    return not any(e.kind == "undone" and e.data["undoes"] == entry.number and holds(trail, e) for e in trail)


def _by_notice(trail: Sequence[register.Entry], entry: register.Entry) -> tuple[str | None, str | None, bool]:
    """The stage and the day that the entry has by its notice, and whether that was withdrawn."""
    stage, day, gone = entry.stage, entry.effective_on, False
    has_its_stage = has_its_day = False
    for one in trail:
        if one.notice != entry.notice or one.enterprise is not None or not holds(trail, one):
            continue
        if one.kind == "notice_published":
            has_its_stage, has_its_day = one.stage == stage, one.data["issued_on"] == day
        elif one.kind == "notice_corrected":
            stage = one.data["facts"].get("stage", stage) if has_its_stage else stage
            day = one.data["facts"].get("issued_on", day) if has_its_day else day
        gone = gone or one.kind == "notice_withdrawn"
    return stage, day, gone


def _place(entry: register.Entry, moves: Sequence[register.Entry]) -> _Place:
    """Where the last of these moves left the entry: that depends on where the moves before it had."""
    if not moves:
        return entry.enterprise, entry.unit
    *before, last = moves
    here = _place(entry, before)
    landing = [unit for number, unit in last.data["moves"] if number == entry.number]
    return (last.data["to"], landing[0]) if landing and here[0] == last.enterprise else here


def _unit(number: int, places: dict[int, _Place]) -> int:
    """The id of the unit: all that is tied to this entry, by the same word for its unit or by naming one another."""
    together = {number}
    while True:
        near = {
            other
            for other, (enterprise, unit) in places.items()
            if enterprise == places[number][0]
            and (unit in together or any(places[one][1] in (unit, other) for one in together))
        }
        if near <= together:
            return min({u for one in together if (u := places[one][1]) in together} or together)
        together |= near


def leads_to(trail: Sequence[register.Entry], enterprise: int) -> int | None:
    """The enterprise that this one is now, by the last merge or move that has to do with it; None when it is itself."""
    for move in reversed(trail):
        if move.kind in register.MOVING_KINDS and holds(trail, move):
            if move.data["to"] == enterprise:
                break
            if move.kind == "enterprise_merged" and move.enterprise == enterprise:
                return leads_to(trail, move.data["to"]) or int(move.data["to"])
    made = [e for e in trail if e.kind == "enterprise_registered" and e.enterprise == enterprise]
    origin = made[0].data.get("split_from") if made else None
    if origin is None or any(t.enterprise == enterprise for t in told(trail)):
        return None
    return leads_to(trail, origin) or int(origin)


def names(trail: Sequence[register.Entry], enterprise: int) -> tuple[str, set[str]]:
    """The present name, and every name that the enterprise or one merged into it bears or bore."""
    present = ""
    borne: set[str] = set()
    for one in sorted({e.enterprise for e in trail if e.kind == "enterprise_registered" and e.enterprise}):
        if one != enterprise and not _merged(trail, one, enterprise):
            continue
        theirs: list[str] = []
        for said in _identity(trail, one):
            theirs = [n for n in theirs if n != said.get("mistaken")]
            theirs += [n for n in (said.get("former_name"), said.get("name")) if n]
            present = said["name"] if one == enterprise and "name" in said else present
        borne |= set(theirs)
    return present, borne


def credit_code(trail: Sequence[register.Entry], enterprise: int) -> str | None:
    """The code told last of the enterprise; where there is none, that of the first one merged into it that has one."""
    every = sorted({e.enterprise for e in trail if e.kind == "enterprise_registered" and e.enterprise})
    for one in (enterprise, *(e for e in every if _merged(trail, e, enterprise))):
        codes = [said["credit_code"] for said in _identity(trail, one) if "credit_code" in said]
        if codes and codes[-1]:
            return str(codes[-1])
    return None


def _merged(trail: Sequence[register.Entry], one: int, enterprise: int) -> bool:
    """Whether `one` leads to `enterprise` by merges, and not as the rest of a split."""
    sources = {e.enterprise for e in trail if e.kind == "enterprise_merged" and holds(trail, e)}
    return one in sources and leads_to(trail, one) == enterprise


def _identity(trail: Sequence[register.Entry], enterprise: int) -> list[dict[str, Any]]:
    """What is told of an enterprise itself: first what registered it, then the changes by day."""
    found = []
    for entry in trail:
        if entry.enterprise == enterprise and entry.kind in register.IDENTITY_KINDS and holds(trail, entry):
            _, day, gone = _by_notice(trail, entry)
            first = entry.kind == "enterprise_registered"
            if first or not gone:
                found.append((not first, day or "", entry.number, dict(entry.data)))
    return [said for *_, said in sorted(found, key=lambda told: told[:3])]


def standing(living: Sequence[Told], unit: int, day: str) -> tuple[str | None, bool, str | None, str | None]:
    """Decided grade, whether listed, "managed as" (expiry not considered) and open proposal of `unit` on `day`."""
    mine = [t for t in living if t.unit == unit and not t.withdrawn and not t.is_repetition and t.day <= day]
    decided = [t for t in mine if t.stage == "decided"]
    graded = [t for t in decided if t.said.get("grade") and t.said["kind"] != "no_longer_listed"]
    ended = [t for t in decided if t.said["kind"] == "no_longer_listed"]
    proposed = [t for t in mine if t.stage == "proposed" and (t.said.get("grade") or t.said.get("managed_as"))]
    is_open = proposed and (not decided or mine.index(proposed[-1]) > mine.index(decided[-1]))
    is_managed = decided and decided[-1].said["kind"] != "no_longer_listed"
    return (
        graded[-1].said["grade"] if graded else None,
        not ended or bool(graded and mine.index(graded[-1]) > mine.index(ended[-1])),
        decided[-1].said.get("managed_as") if is_managed else None,
        (proposed[-1].said.get("grade") or proposed[-1].said.get("managed_as")) if is_open else None,
    )


def change(living: Sequence[Told], number: int) -> tuple[str, str | None]:
    """The kind of entry `number` and the grade before it, by what was decided and listed just before its day."""
    this = next(t for t in living if t.number == number)
    if this.is_repetition:
        return this.said["kind"], this.said.get("previous_grade")
    before = [
        t
        for t in living[: living.index(this)]
        if t.unit == this.unit and not t.withdrawn and not t.is_repetition and t.stage == "decided"
    ]
    last = next((t for t in reversed(before) if t.said["kind"] == "no_longer_listed" or t.said.get("grade")), None)
    held = last.said["grade"] if last and last.said["kind"] != "no_longer_listed" else None
    if held and last and _family(last) != _family(this):
        held = None
    previous = held or this.said.get("stated_previous_grade")
    if this.said["kind"] in ("managed_as", "no_longer_listed") or not this.said.get("grade"):
        return this.said["kind"], previous
    return _kind(previous, this.said["grade"]), previous


def _family(one: Told) -> str:
    return grades.scheme(one.said["scheme"]).family


def _kind(previous: str | None, grade: str) -> str:
    for scale in (_LETTERS, _LEADING):
        if previous in scale and grade in scale:
            fallen = scale.index(grade) - scale.index(previous)
            return "confirmed" if fallen == 0 else "downgraded" if fallen > 0 else "upgraded"
    return "graded"
