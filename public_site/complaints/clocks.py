"""By when a body must act: a table per jurisdiction and kind, in days or working days, each with its ground.

What this module knows that no other does: the finest jurisdiction that the table names goes before the coarser one; the
day something came in is not counted; while the informant is being asked, the clock stands still. Pure.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from public_site import places, working_days
from public_site.languages import N_, _

Kind = Literal["pollution", "objection"]
NAMES = {
    "accept": N_("告知是否受理"),
    "return": N_("退回不属本机关的"),
    "finish": N_("办结"),
    "extension": N_("延长"),
    "objecting": N_("说“没有解决”"),
}
_CALENDAR_SLACK = 2  # a working day takes at most so many days where the calendar is not known


@dataclass(frozen=True, slots=True)
class Clock:
    """`count` days or working days, where, for what, and on what ground."""

    jurisdiction: str
    kind: str
    clock: str
    count: int
    unit: str
    basis: str

    @property
    def said(self) -> str:
        """Its length in words."""
        if self.unit == "working":
            return _("{count}个工作日", count=self.count)
        return _("{count}日", count=self.count)

    def due(self, since: date, paused: int = 0) -> date:
        """The last day, when it began to run on `since` and stood still for `paused` days.

        Where the holidays of a year are not known yet, a working day counts as two days: late rather than wrongly early.
        """
        if self.unit == "day":
            return since + timedelta(days=self.count + paused)
        counted = working_days.after(since, self.count)
        return (counted or since + timedelta(days=self.count * _CALENDAR_SLACK)) + timedelta(days=paused)


@cache
def table() -> tuple[Clock, ...]:
    """Every clock as shipped."""
    text = (files("public_site") / "reference" / "complaint_clocks.csv").read_text(encoding="utf-8")
    return tuple(
        Clock(r["jurisdiction"], r["kind"], r["clock"], int(r["count"]), r["unit"], r["basis"])
        for r in csv.DictReader(text.splitlines())
    )


def clock(kind: str, name: str, place: str, among: Iterable[Clock] | None = None) -> Clock:
    """The clock `name` for complaints of a kind about a place (a division code, or empty)."""
    wider = _wider(place)
    fitting = {
        c.jurisdiction: c
        for c in (table() if among is None else among)
        if c.kind == kind and c.clock == name and c.jurisdiction in wider
    }
    return fitting[next(code for code in wider if code in fitting)]


def _wider(place: str) -> list[str]:
    """A place, what it lies in, and last everywhere."""
    if not place or not places.is_division(place):
        return [""]
    return [*dict.fromkeys(level.code for level in reversed(places.lineage(place)) if level), ""]
