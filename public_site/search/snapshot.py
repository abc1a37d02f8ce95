"""What finding needs of an index: one unchanging state of it that counts, fetches in an order, and tells places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from public_site.search.cells import Numbers
from public_site.search.columns import Columns
from public_site.search.criteria import Criterion
from public_site.search.held import Held

Rows = Mapping[str, Numbers]


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
    columns: Columns
    held: Held

    def counts(self, criterion: Criterion, columns: tuple[str, ...]) -> Mapping[str, Numbers]:
        """For each column, how many matching documents have each number; told by vectors as long as `columns.size`."""

    def at_most(self, criterion: Criterion) -> int:
        """A cheap upper bound of how many documents match."""

    def newest_days(self, day: int | None, count: int) -> Criterion:
        """The latest stretches of days (none later than a day) that hold at least so many documents."""

    def how_many(self, criterion: Criterion) -> int:
        """How many documents match."""

    def rows(self, criterion: Criterion, columns: tuple[str, ...], ranks: Sequence[Criterion] = ()) -> Rows:
        """All that match, in no order: `id`, `rank` (the number of the first of the ranks that it meets; it meets the
        last), and these columns. What has no number in a column that is not counted is left out where it is asked for."""
