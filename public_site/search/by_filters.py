"""Counting by filters alone, from the numbers held in memory.

Each column is counted among what passes the filters of all other facets: from the `cells` where at most a province narrows
the place, else from the stretches of the places asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from public_site.search import prepared
from public_site.search.cells import Flags, Numbers
from public_site.search.columns import PLACES, Columns
from public_site.search.fetched import passing, tallied
from public_site.search.held import CELLS, Column, Held, Where, numbers_at
from public_site.search.snapshot import Hit
from public_site.search.values import Query


def is_by_filters(query: Query) -> bool:
    """Does it ask for no word, no place on the map, no day and no ids?"""
    narrowed = query.near or query.bbox or query.downgraded_since
    return not query.text.strip() and query.among is None and not narrowed


def counts(held: Held, columns: Columns, query: Query) -> dict[str, Numbers]:
    """For each column, how many enterprises have each number."""
    wanted = passing(columns, query)
    found: dict[str, Numbers] = {}
    for column, dropped in tallied(query).items():
        kept = {one: flags for one, flags in wanted.items() if one not in dropped}
        in_cells = column in CELLS and CELLS.issuperset(kept)
        of_all = _of_cells if in_cells else _of_rows
        found[column] = of_all(held, column, kept, columns.size(column))
    return found


def _of_cells(held: Held, column: str, kept: Mapping[str, Flags], size: int) -> Numbers:
    at = held.cells_of_province(kept["province"]) if "province" in kept else slice(None)
    values, weights = held.cells[column][at], held.cells["count"][at]
    flags = _flags(held.cells, at, kept)
    if flags is not None:
        kept_here = np.flatnonzero(flags)
        values, weights = values[kept_here], weights[kept_here]
    return np.bincount(values, weights, size).astype(np.int64)


def _of_rows(held: Held, column: str, kept: Mapping[str, Flags], size: int) -> Numbers:
    places = {level: kept[level] for level in PLACES if level in kept}
    if column in PLACES and len(places) == len(kept):
        return held.counted(column, places, size)
    at = held.in_places(places)
    flags = _flags(held.columns, at, kept)
    values = held.columns[column][at]
    return np.bincount(values if flags is None else values[np.flatnonzero(flags)], minlength=size)


def newest(held: Held, columns: Columns, query: Query, below: int | None, wanted: int) -> list[Hit]:
    """The first of those in the places asked for by a day (`Query.order`), the latest first; those whose key lies below."""
    kept = passing(columns, query)
    at = held.in_places({level: kept[level] for level in PLACES if level in kept})
    flags = _flags(held.columns, at, kept)
    everyone = numbers_at(at)
    keys = held.days(everyone if flags is None else everyone[np.flatnonzero(flags)], query.order)
    if below is not None:
        keys = keys[keys < below]
    if len(keys) > wanted:
        keys = np.partition(keys, len(keys) - wanted)[len(keys) - wanted :]
    return [Hit(key, prepared.LARGEST_ID - (key & prepared.LARGEST_ID)) for key in np.sort(keys)[::-1].tolist()]


def _flags(columns: Mapping[str, Column], at: Where, kept: Mapping[str, Flags]) -> Flags | None:
    """Which of these pass the filters by traits and industries; None where there are none."""
    found: Flags | None = None
    for column in ("traits", "industries"):
        if column in kept:
            # Every number has its flag: to be told of one beyond them would take as long again.
            flags: Flags = np.take(kept[column], columns[column][at], mode="clip")
            found = flags if found is None else found & flags
    return found
