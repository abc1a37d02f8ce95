"""Chance that falls the same way every time: a generator per province, and picking by weight.

What this module knows that no other does: that the demo's chance is for make-believe only, never for secrets.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


def seeded(seed: int, division: str) -> Random:
    """The same numbers for the same seed and division, on every machine."""
    return Random(f"{seed}:{division}")  # noqa: S311  # fiction, not a secret


def one_of(items: Sequence[Item], chance: Random) -> Item:
    return items[int(chance.random() * len(items))]


class Weighted(Generic[Item]):
    """Items of which some come up more often."""

    def __init__(self, items: Iterable[Item], weights: Iterable[float]) -> None:
        self.items = tuple(items)
        self._totals = list(accumulate(weights))
        self._last = len(self.items) - 1

    def one(self, chance: Random) -> Item:
        return self.items[bisect(self._totals, chance.random() * self._totals[-1], 0, self._last)]
