"""Which fictional notices there are: sixty of them over 2019–2026, read from `schedule.csv`, in order of date.

What this module knows that no other does: what kinds of notice the demo has, and which of them bring enterprises that
nobody has graded before.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, cast

Kind = Literal[
    "snapshot",  # a full list of every grade
    "good_snapshot",  # a full list of the good grades only
    "batch",  # newly graded, and some upgrades
    "mixed",  # the same with a few downgrades among them
    "leading",  # a batch of 引领性 only
    "local",  # a batch under the local scheme only
    "proposal",
    "decision",  # of the proposal before it; some results changed
    "relay",  # the same decision once more, by a city
    "review",  # 抽查复核
    "managed",
    "single_down",
    "single_up",
    "excellence_proposal",
    "excellence",
    "excellence_lost",
]
MINISTRY = "000000"
_BRINGS = {"snapshot": 30, "good_snapshot": 30, "batch": 6, "mixed": 4, "proposal": 3, "leading": 15, "local": 100}


@dataclass(frozen=True, slots=True)
class Occasion:
    """One notice to be written; `number` counts them in order of date, from 1."""

    number: int
    issued_on: date
    division: str
    kind: Kind
    form: str
    encoding: str
    look: str  # how grades are written
    columns: frozenset[str]

    @property
    def is_proposed(self) -> bool:
        return self.kind in ("proposal", "excellence_proposal")

    @property
    def is_snapshot(self) -> bool:
        return self.kind in ("snapshot", "good_snapshot")

    @property
    def province(self) -> str:
        return f"{self.division[:2]}0000"

    @property
    def is_of_city(self) -> bool:
        return not self.division.endswith("0000")

    @property
    def brings(self) -> int:
        """Weight with which a unit is graded for the first time by this notice."""
        return _BRINGS.get(self.kind, 0)


@cache
def occasions() -> tuple[Occasion, ...]:
    text = (files("public_site.demo") / "schedule.csv").read_text(encoding="utf-8")
    return tuple(
        Occasion(
            number,
            date.fromisoformat(record["issued_on"]),
            record["division"],
            cast(Kind, record["kind"]),
            record["form"],
            record["encoding"],
            record["look"],
            frozenset([*record["place"].split(), *record["extras"].split()]),
        )
        for number, record in enumerate(csv.DictReader(text.splitlines()), start=1)
    )
