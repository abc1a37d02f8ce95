"""The grades that an enterprise's units held over time, as lanes to be drawn.

What this module knows that no other does: how a history becomes pieces of time. A drawing must never say what the
register does not: a unit is drawn only where its last piece is what the unit holds now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from public_site import histories, records
from public_site.web import marks, words

WIDTH = 480  # of the box that lanes are drawn in
_GRADING = frozenset({"graded", "upgraded", "downgraded", "confirmed"})


@dataclass(frozen=True, slots=True)
class Held:
    """A grade that a unit held from a day on, until a day (None: still)."""

    unit: str
    grade: str
    since: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a lane, in the units of the box."""

    x: float
    width: float
    grade: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One unit's pieces, oldest first."""

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Lanes over the same years; a year's line stands at its first day."""

    lanes: tuple[Lane, ...]
    years: tuple[tuple[float, int], ...]


def of(history: Iterable[histories.Event], line: records.EnterpriseLine, until: str) -> Lanes | None:
    """The lanes of an enterprise up to a day (YYYY-MM-DD); None where nothing can be drawn."""
    held = _held(event for event in history if (event.effective_on or "") <= until)
    names: dict[str, str] = {}
    kept: list[Held] = []
    for unit in line.units:
        pieces = held.get(unit.id, [])
        last = pieces[-1] if pieces else None
        if last and (last.until is None) == unit.listed and last.grade == unit.grade and unit.stage == "decided":
            industry = words.industry(unit.industry, "/") if unit.industry else None
            names[str(unit.id)] = " · ".join(filter(None, (industry, unit.site, unit.line)))
            kept += pieces
    return drawn(kept, names, until) if kept else None


def drawn(held: Iterable[Held], names: Mapping[str, str], until: str) -> Lanes | None:
    """Pieces of time laid out in the box; None where they begin and end on one day."""
    pieces = list(held)
    first, last = min(_day(piece.since) for piece in pieces), _day(until)
    span = last - first
    if span <= 0:
        return None

    def at(day: str) -> float:
        return round(WIDTH * (min(max(_day(day), first), last) - first) / span, 1)

    lanes = tuple(
        Lane(name, tuple(Piece(at(p.since), round(at(p.until or until) - at(p.since), 1), p.grade)
                         for p in pieces if p.unit == unit))
        for unit, name in names.items()
    )  # fmt: skip
    years = range(date.fromordinal(first).year + 1, date.fromordinal(last).year + 1)
    step = -(-len(years) // 10) or 1
    return Lanes(lanes, tuple((at(f"{year}-01-01"), year) for year in years if year % step == 0))


def _held(history: Iterable[histories.Event]) -> dict[int, list[Held]]:
    """What each unit held, oldest first, from what was decided and still counts."""
    said: dict[int, tuple[int, str, str | None]] = {}  # by entry: unit, day, grade (None: no longer listed)
    for event in sorted(history, key=lambda event: event.entry):
        if event.kind == "corrected" and event.mends in said and not event.undone:
            unit, day, grade = said[event.mends]
            day, grade = event.effective_on or day, event.grade or grade
            said[event.mends] = (unit, day, grade)
        elif event.unit is not None and event.stage == "decided" and not event.withdrawn and event.effective_on:
            if event.kind in _GRADING and event.grade in marks.MARKS:
                said[event.entry] = (event.unit, event.effective_on, event.grade)
            elif event.kind == "no_longer_listed":
                said[event.entry] = (event.unit, event.effective_on, None)
    found: dict[int, list[Held]] = {}
    for _entry, (unit, day, grade) in sorted(said.items(), key=lambda item: (item[1][1], item[0])):
        pieces = found.setdefault(unit, [])
        if pieces and pieces[-1].until is None:
            if pieces[-1].grade == grade:
                continue
            pieces[-1] = replace(pieces[-1], until=day)
        if grade is not None:
            pieces.append(Held(str(unit), grade, day, None))
    return found


def _day(day: str) -> int:
    return date.fromisoformat(day[:10]).toordinal()
