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
    """A grade entry with every mending of it put in: what it says today, and whether it still counts."""

    number: int
    unit: int | None
    stage: str | None
    day: str
    said: dict[str, Any]
    withdrawn: bool


def told(trail: Sequence[register.Entry]) -> list[Told]:
    """The trail's grade entries, each with its mendings, in the order of their days."""
    mendings: dict[int, list[register.Entry]] = {}
    for entry in trail:
        if entry.kind in register.MENDING_KINDS:
            mendings.setdefault(entry.data.get("corrects") or entry.data["withdraws"], []).append(entry)
    found = []
    for entry in trail:
        if entry.kind in register.GRADE_KINDS:
            said = {"kind": entry.kind, "effective_on": entry.effective_on, **entry.data}
            for mending in mendings.get(entry.number, ()):
                said |= {k: v for k, v in mending.data.items() if k != "previous_grade"}
            withdrawn = bool(mendings.get(entry.number)) and mendings[entry.number][-1].kind == "withdrawn"
            found.append(Told(entry.number, entry.unit, entry.stage, said["effective_on"], said, withdrawn))
    return sorted(found, key=lambda t: (t.day, t.number))


def standing(living: Sequence[Told], unit: int, day: str) -> tuple[str | None, bool, str | None, str | None]:
    """Decided grade, whether listed, "managed as" (expiry not considered) and open proposal of `unit` on `day`."""
    mine = [t for t in living if t.unit == unit and not t.withdrawn and t.day <= day]
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
    before = [
        t for t in living[: living.index(this)] if t.unit == this.unit and not t.withdrawn and t.stage == "decided"
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
