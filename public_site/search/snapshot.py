"""What finding needs of an index: one unchanging state of it that counts, fetches in an order, and tells places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from public_site.search.cells import Numbers
from public_site.search.criteria import Criterion

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found: its key in the order asked for, and its id."""

    key: int | str
    id: int


class Look(Protocol):
    """As much of an index as guessing needs: what was meant by a word that finds nothing."""

    def simplified(self, criterion: Criterion) -> Criterion:
        """The same question without what no document here can meet."""

    def first(self, criterion: Criterion, order: str, limit: int, *, downward: bool) -> list[Hit]:
        """The first hits by a column, ties in no particular order."""

    def alike(self, criterion: Criterion, pieces: Sequence[str], limit: int) -> list[tuple[int, str]]:
        """Ids and names (normal form) of those that match and share most of the pieces."""


class Snapshot(Look, Protocol):
    """One unchanging state of an index."""

    as_of: int
    size: int
    largest_id: int

    def counts(self, criterion: Criterion, columns: tuple[str, ...]) -> tuple[Counts, ...]:
        """For each column, how many matching documents have each value."""

    def at_most(self, criterion: Criterion) -> int:
        """A cheap upper bound of how many documents match."""

    def newest_days(self, day: int | None, count: int) -> Criterion:
        """The latest months (no later than a day) that hold at least so many documents."""

    def places(self, criterion: Criterion) -> tuple[Numbers, Numbers, Numbers]:
        """Ids, latitudes and longitudes (millionths of a degree) of all that match and have a place."""
