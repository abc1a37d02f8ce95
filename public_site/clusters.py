"""What a map shows of a viewport: clusters with counts by grade, or single enterprises; never more than it can hold.

What this module knows that no other does: the grid. Its cells are squares of 64 pixels of the zoom asked for, fixed to
the world and not to the viewport, so that a cluster does not change while the map is pushed about; a viewport too large
for its zoom gets larger cells. Few enterprises are shown one by one, but those that would hide each other. The cells of
the whole country, without a filter, are counted once for each state of the register.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from public_site import points
from public_site.points import LABELS, WORLD_BITS, Flags, Numbers, Points, Rows
from public_site.search import Query

MOST = 1024
FEW = 300
ZOOMS = (0, 20)
_CELL_BITS, _FEW_BITS = 6, 5  # 64 and 32 pixels
_SUMMARY_SHIFT = 18  # cells of zoom 8, counted once
_PIXEL_ZOOM = WORLD_BITS - 8
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A cluster, or, where `id` is told, one enterprise. Latitude and longitude are the mean of those counted."""

    lat: float
    lon: float
    count: int
    grades: tuple[tuple[str, int], ...]
    id: int | None
    box: Box | None  # west, south, east, north of the cell of a cluster


@dataclass(frozen=True, slots=True)
class View:
    """The marks of a viewport, and how many enterprises they stand for. `elsewhere` match too but have no point."""

    marks: tuple[Mark, ...]
    matched: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class _Tally:
    """Points, or cells of points already counted: unit coordinates, place in LABELS, count, row of (one of) them."""

    x: Numbers
    y: Numbers
    grade: Numbers
    count: Numbers
    row: Numbers

    def only(self, kept: Flags) -> _Tally:
        return _Tally(*(line[kept] for line in (self.x, self.y, self.grade, self.count, self.row)))


def view(all_points: Points, bbox: Box, zoom: int, query: Query, ids: Numbers | None = None) -> View:
    """The marks in `bbox` (west, south, east, north in degrees) at `zoom` of what passes the query's filters; `ids`, where
    text was asked for, are all that answer the query."""
    west, south, east, north = bbox
    corners_x, corners_y = points.map_units(np.array([north, south]), np.array([west, east]))
    x0, x1, y0, y1 = int(corners_x[0]), int(corners_x[1]), int(corners_y[0]), int(corners_y[1])
    shift = _shift(x0, x1, y0, y1, zoom)
    cell = 1 << shift
    x0, y0, x1, y1 = x0 // cell * cell, y0 // cell * cell, x1 // cell * cell + cell - 1, y1 // cell * cell + cell - 1
    box = (x0, y0, x1, y1)
    rows = all_points.in_tiles(*box)
    held = all_points.passing(query, rows) if ids is None else all_points.among(ids, rows)
    if held is rows and shift >= _SUMMARY_SHIFT:
        tally = _summary(all_points)
        tally = tally.only((tally.x >= x0) & (tally.x <= x1) & (tally.y >= y0) & (tally.y <= y1))
    else:
        tally = _of_rows(all_points, held, box)
    matched = int(tally.count.sum())
    if matched <= FEW:
        if len(tally.count) < matched:  # few, but counted as cells: look at each
            tally = _of_rows(all_points, rows, box)
        shift = max(0, _PIXEL_ZOOM - zoom + _FEW_BITS)
    return View(_marks(all_points, tally, shift), matched, elsewhere(all_points, query, ids))


def _shift(x0: int, x1: int, y0: int, y1: int, zoom: int) -> int:
    shift = max(0, _PIXEL_ZOOM - zoom + _CELL_BITS)
    while ((x1 >> shift) - (x0 >> shift) + 1) * ((y1 >> shift) - (y0 >> shift) + 1) > MOST:
        shift += 1
    return shift


def _of_rows(all_points: Points, rows: Rows, box: tuple[int, int, int, int]) -> _Tally:
    """The points of these rows that lie in a box of map units."""
    x0, y0, x1, y1 = box
    x, y = all_points.x[rows], all_points.y[rows]
    kept = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
    row = kept + rows.start if isinstance(rows, slice) else rows[kept]
    return _Tally(x[kept].astype(np.int64), y[kept].astype(np.int64), all_points.grade[row].astype(np.int64),
                  np.ones(len(row), np.int64), row)  # fmt: skip


@lru_cache(maxsize=2)
def _summary_of(key: _Held) -> _Tally:
    found = key.points
    x, y, grade = (line[: found.located].astype(np.int64) for line in (found.x, found.y, found.grade))
    width = 1 << (WORLD_BITS - _SUMMARY_SHIFT)
    cell = ((y >> _SUMMARY_SHIFT) * width + (x >> _SUMMARY_SHIFT)) * len(LABELS) + grade
    distinct, first, inverse = np.unique(cell, return_index=True, return_inverse=True)
    count = np.bincount(inverse, minlength=len(distinct))
    mean_x, mean_y = (np.bincount(inverse, weights=line, minlength=len(distinct)) / count for line in (x, y))
    return _Tally(mean_x.astype(np.int64), mean_y.astype(np.int64), distinct % len(LABELS), count, first)


class _Held:
    """Points as a key: a state of the register is the same as itself only."""

    def __init__(self, of: Points) -> None:
        self.points = of

    def __hash__(self) -> int:
        return id(self.points)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.points is self.points


def _summary(all_points: Points) -> _Tally:
    return _summary_of(_Held(all_points))


def _marks(all_points: Points, tally: _Tally, shift: int) -> tuple[Mark, ...]:
    if not len(tally.count):
        return ()
    width = 1 << (WORLD_BITS - shift)
    distinct, cell = _distinct((tally.y >> shift), (tally.x >> shift), width)
    size = len(distinct)
    by_grade = np.bincount(cell * len(LABELS) + tally.grade, weights=tally.count, minlength=size * len(LABELS))
    counts = by_grade.astype(np.int64).reshape(size, len(LABELS))
    total = counts.sum(axis=1)
    mean_x, mean_y = (np.bincount(cell, weights=line * tally.count, minlength=size) / total
                      for line in (tally.x, tally.y))  # fmt: skip
    row = np.zeros(size, np.int64)
    row[cell] = tally.row
    lat, lon = points.degrees(mean_x + 0.5, mean_y + 0.5)
    across, down = distinct % width, distinct // width
    edge = float(1 << shift)
    north, west = points.degrees(across * edge, down * edge)
    south, east = points.degrees((across + 1) * edge, (down + 1) * edge)
    boxes = np.round(np.stack((west, south, east, north), axis=1), 6).tolist()
    ids = all_points.ids[row].tolist()
    return tuple(
        Mark(at_lat, at_lon, many, _told(of_grade), id if many == 1 else None, None if many == 1 else tuple(box))
        for at_lat, at_lon, many, of_grade, id, box in zip(
            np.round(lat, 6).tolist(),
            np.round(lon, 6).tolist(),
            total.tolist(),
            counts.tolist(),
            ids,
            boxes,
            strict=True,
        )
    )


def _distinct(down: Numbers, across: Numbers, width: int) -> tuple[Numbers, Numbers]:
    """The cells that are held, and the place among them of each; without sorting, where the cells are few."""
    top, left = int(down.min()), int(across.min())
    columns = int(across.max()) - left + 1
    dense = (down - top) * columns + (across - left)
    most = (int(down.max()) - top + 1) * columns
    if most > 4 * MOST:
        held, place = np.unique(dense, return_inverse=True)
    else:
        is_held = np.bincount(dense, minlength=most) > 0
        held, place = np.flatnonzero(is_held), (np.cumsum(is_held) - 1)[dense]
    return (held // columns + top) * width + held % columns + left, place


def _told(counts: Sequence[int]) -> tuple[tuple[str, int], ...]:
    return tuple((label, count) for label, count in zip(LABELS, counts, strict=True) if count)


def elsewhere(all_points: Points, query: Query, ids: Numbers | None) -> int:
    """How many match but have no point (none where a distance was asked for)."""
    if query.near is not None or not len(all_points.ids[all_points.nowhere]):
        return 0
    return len(all_points.ids[_matching(all_points, query, ids, all_points.nowhere)])


def by_province(all_points: Points, query: Query, ids: Numbers | None = None) -> dict[str, dict[str, int]]:
    """How many enterprises match in each province, by grade; those without a point too."""
    kept = _matching(all_points, query, ids, all_points.every)
    pairs = all_points.place[kept].astype(np.int64) * len(LABELS) + all_points.grade[kept]
    counts = np.bincount(pairs, minlength=len(all_points.places) * len(LABELS)).reshape(-1, len(LABELS))
    found: dict[str, dict[str, int]] = {}
    for (province, _, _), of_grade in zip(all_points.places, counts.tolist(), strict=True):
        told = found.setdefault(province, {})
        for label, count in _told(of_grade):
            told[label] = told.get(label, 0) + count
    return {province: told for province, told in found.items() if told}


def _matching(all_points: Points, query: Query, ids: Numbers | None, rows: slice) -> Rows:
    return all_points.passing(query, rows) if ids is None else all_points.among(ids, rows)
