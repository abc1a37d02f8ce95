"""What the fictional enterprises do: industries with their words, lines and companions, and how grades are spread.

What this module knows that no other does: the mix of the demo register, which is made up (most hold B, C or 引领性, few
A, D is rare); the industries and level sets themselves are those of `reference/industries.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from public_site.demo.luck import Weighted, one_of

_SPREAD: Mapping[str, Sequence[tuple[str, int]]] = {
    "letters": (("A", 5), ("B", 33), ("B-", 10), ("C", 49), ("D", 3)),
    "four": (("A", 5), ("B", 38), ("C", 54), ("D", 3)),
    "leading": (("引领性", 88), ("非引领性", 12)),
}
_GOOD = frozenset({"A+", "A", "B", "B-", "引领性"})
_DOWN = {"A+": ("A", "B"), "A": ("B",), "B": ("C", "B-", "C"), "B-": ("C",), "C": ("D",), "引领性": ("非引领性",)}
_UP = {"B": ("A",), "B-": ("B",), "C": ("B", "B-"), "D": ("C",), "非引领性": ("引领性",)}


@dataclass(frozen=True, slots=True, eq=False)
class Trade:
    """An industry as the demo uses it."""

    industry: str  # the name in reference/industries.csv
    written: tuple[str, ...]  # how notices write it
    words: tuple[str, ...]  # what names of enterprises say
    weight: int
    levels: str  # "letters", "four" (no B-) or "leading"
    companions: tuple[str, ...]  # what else such an enterprise does
    lines: tuple[str, ...]  # patterns of production lines
    local: bool

    def first_grade(self, chance: Random, good_only: bool) -> str:
        return one_of(_first_grades(self.levels, good_only), chance)

    def lower(self, grade: str, chance: Random) -> str | None:
        """A grade below; None where there is none (or, for C, nearly always: D is rare)."""
        if grade == "C" and chance.random() > 0.15:
            return None
        return self._one(_DOWN.get(grade, ()), chance)

    def higher(self, grade: str, chance: Random) -> str | None:
        """A grade above; A only now and then, A+ never (the ministry selects it)."""
        if grade == "B" and chance.random() > 0.3:
            return None
        return self._one(_UP.get(grade, ()), chance)

    def line(self, chance: Random) -> str | None:
        if not self.lines:
            return None
        return one_of(self.lines, chance).replace("{n}", str(10 + 5 * int(chance.random() * 40)))

    def _one(self, grades: Sequence[str], chance: Random) -> str | None:
        allowed = [grade for grade in grades if grade != "B-" or self.levels != "four"]
        return one_of(allowed, chance) if allowed else None


def is_good(grade: str) -> bool:
    """Whether provinces that publish only good grades publish this one."""
    return grade in _GOOD


@cache
def _first_grades(levels: str, good_only: bool) -> tuple[str, ...]:
    return tuple(grade for grade, share in _SPREAD[levels] for _ in range(share) if not good_only or grade in _GOOD)


@cache
def all_trades() -> Mapping[str, Trade]:
    text = (files("public_site.demo") / "trades.csv").read_text(encoding="utf-8")

    def several(value: str) -> tuple[str, ...]:
        return tuple(value.split("|")) if value else ()

    return {
        record["industry"]: Trade(
            record["industry"],
            several(record["written"]),
            several(record["words"]),
            int(record["weight"]),
            record["levels"],
            several(record["companions"]),
            several(record["lines"]),
            bool(record["local"]),
        )
        for record in csv.DictReader(text.splitlines())
    }


@cache
def trades(with_local: bool) -> Weighted[Trade]:
    """All trades, or those of the national scheme only."""
    chosen = [trade for trade in all_trades().values() if with_local or not trade.local]
    return Weighted(chosen, (trade.weight for trade in chosen))
