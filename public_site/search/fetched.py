"""Few hits are fetched at once with all that is known of them: then to filter, to count and to order is arithmetic.

Counting by an index walks every column's list anew for each facet, which pays for thousands of hits; the handful that a
name, a code or a small circle has is read from one column instead.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from public_site.search import cells, criteria, cursors, prepared
from public_site.search.cells import Flags, Numbers
from public_site.search.columns import FACETS, PLACES, Choices, Columns, Facet
from public_site.search.criteria import Criterion, every
from public_site.search.snapshot import Hit, Rows, Snapshot
from public_site.search.values import Query

HANDFUL = 16
FEW, FILTERED = 600, 1_500  # with each filter so many more: then each column is counted apart
MANY = 20_000
DAYS = ("since", "downgraded")


def tallied(query: Query) -> dict[str, tuple[str, ...]]:
    """The columns to count, each with the columns whose filters its own facet does without."""
    wanted: dict[str, tuple[str, ...]] = {"traits": ("traits",), "province": PLACES, "industries": ("industries",)}
    if query.provinces or query.cities or query.counties:
        wanted |= {"city": ("city", "county"), "county": ("county",)}
    return wanted


def passing(columns: Columns, query: Query) -> dict[str, Flags]:
    """Which numbers of a column pass the filters on it, for each column that is filtered."""
    chosen = {
        "province": query.provinces,
        "city": query.cities,
        "county": query.counties,
        "industries": query.industries,
    }
    found = {column: columns.holding(column, wanted) for column, wanted in chosen.items() if wanted}
    if traits := criteria.trait_filters(query):
        found["traits"] = columns.passing(traits)
    return found


def facets_of(columns: Columns, counts: Mapping[str, Numbers], chosen: Choices) -> dict[str, Facet]:
    found = columns.trait_facets(counts["traits"], chosen)
    for column, of_column in counts.items():
        if column != "traits":
            found[FACETS[column]] = columns.facet(column, of_column)
    return found


class Fetched:
    """All that is asked for but the filters, in memory."""

    def __init__(self, columns: Columns, query: Query, rows: Rows, keys: Numbers) -> None:
        self._columns = columns
        self._order = query.order
        self._rows = rows
        self._keys = keys
        self._traits = criteria.trait_filters(query)
        self._kept = {column: flags[rows[column]] for column, flags in passing(columns, query).items()}
        self._matching = self._without()
        self._tallied = tallied(query)
        self.total = len(keys if self._matching is None else self._matching)

    @classmethod
    def few(cls, snapshot: Snapshot, query: Query, base: Criterion, ranks: tuple[Criterion, ...]) -> Fetched | None:
        """None where more match than are worth fetching, or in an order that needs more than numbers."""
        if query.order == "name":
            return None
        likely = snapshot.at_most(base)
        few = FEW + FILTERED * (len(criteria.filters(query)) + len(criteria.trait_filters(query)))
        if likely > MANY or (likely > few and snapshot.how_many(base) > few):
            return None
        columns = (*tallied(query), *([query.order] if query.order in DAYS else []), *(["spot"] if query.near else []))
        return cls._of(snapshot, query, snapshot.rows(base, columns, ranks if query.order == "relevance" else ()))

    @classmethod
    def picked(cls, snapshot: Snapshot, query: Query) -> Fetched | None:
        """All in the circle and in the box and downgraded since the day asked for, where no word is; None where nothing
        of this is asked for, or an order that needs more than numbers."""
        narrowed = query.near or query.bbox or query.downgraded_since
        if query.text.strip() or query.among is not None or not narrowed or query.order == "name":
            return None
        box = None if query.bbox is None else criteria.edges(query.bbox)
        day = None if query.downgraded_since is None else prepared.day_number(query.downgraded_since)
        at, far = snapshot.held.picked(query.near, query.reach_km * 1000, box, day)
        rows = snapshot.held.rows(at, {*tallied(query), *passing(snapshot.columns, query)})
        if query.order in DAYS:
            keys = -snapshot.held.days(at, query.order)
        else:
            keys = far if far is not None and query.order == "distance" else np.zeros(len(at), np.int64)
        return cls(snapshot.columns, query, rows, keys)

    @classmethod
    def around(cls, snapshot: Snapshot, query: Query, base: Criterion) -> Fetched | None:
        """All in a circle, nearest first; None where it holds too many."""
        assert query.near is not None  # who sorts by distance says from where
        inside, rim = cells.ring(query.near, -1.0, query.reach_km * 1000, parts=3)
        around = every([base, criteria.in_cells([*inside, *rim])])
        if snapshot.at_most(around) > MANY and snapshot.how_many(around) > MANY:
            return None
        return cls._of(snapshot, query, snapshot.rows(around, ("spot", *tallied(query))))

    @classmethod
    def _of(cls, snapshot: Snapshot, query: Query, rows: Rows) -> Fetched:
        far: Numbers | None = None
        if query.near is not None:
            far = cells.whole_metres(query.near, *cells.spots_apart(rows["spot"]))
            inner = far <= query.reach_km * 1000
            rows, far = {name: values[inner] for name, values in rows.items()}, far[inner]
        if query.order in DAYS:
            keys = -rows[query.order]
        else:
            keys = far if far is not None and query.order == "distance" else rows["rank"]
        return cls(snapshot.columns, query, rows, keys)

    def ids(self) -> Numbers:
        """All ids that match, ascending."""
        return np.sort(_at(self._rows["id"], self._matching)).astype(np.int64)

    def facets(self) -> dict[str, Facet]:
        if len(self._keys) <= HANDFUL and not self._kept:
            return self._columns.facets_of_few({column: self._rows[column].tolist() for column in self._tallied})
        counts = {column: self._count(column, dropped) for column, dropped in self._tallied.items()}
        return facets_of(self._columns, counts, self._traits)

    def page(self, cursor: cursors.Cursor | None, limit: int) -> tuple[list[tuple[int, Hit]], bool]:
        """The hits of one page with the rank of each, and whether there are more."""
        ids, keys = _at(self._rows["id"], self._matching), _at(self._keys, self._matching)
        if cursor is not None:
            last = self._key_of(cursor)
            beyond = (keys > last) | ((keys == last) & (ids > cursor.id))
            ids, keys = ids[beyond], keys[beyond]
        if len(keys) > 4 * limit:
            nearest = keys <= np.partition(keys, limit)[limit]
            ids, keys = ids[nearest], keys[nearest]
        order = np.lexsort((ids, keys))[: limit + 1]
        found = [self._hit(key, number) for key, number in zip(keys[order].tolist(), ids[order].tolist(), strict=True)]
        return found[:limit], len(found) > limit

    def _key_of(self, cursor: cursors.Cursor) -> int:
        if self._order == "distance":
            return int(cursor.key)
        return -int(cursor.key) if self._order in DAYS else cursor.rank

    def _hit(self, key: int, number: int) -> tuple[int, Hit]:
        if self._order == "distance":
            return 0, Hit(key, number)
        return (0, Hit(-key, number)) if self._order in DAYS else (key, Hit(number, number))

    def _without(self, *columns: str) -> Numbers | None:
        """Which rows pass all filters but those on these columns; None: all."""
        found: Flags | None = None
        for column, kept in self._kept.items():
            if column not in columns:
                found = kept if found is None else found & kept
        return None if found is None else np.flatnonzero(found)

    def _count(self, column: str, dropped: tuple[str, ...]) -> Numbers:
        return np.bincount(_at(self._rows[column], self._without(*dropped)), minlength=self._columns.size(column))


def _at(values: Numbers, places: Numbers | None) -> Numbers:
    return values if places is None else values[places]
