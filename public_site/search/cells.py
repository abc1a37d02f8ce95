"""Places as squares of five sizes, so that a circle or a box becomes a list of terms plus an exact test at its rim.

Coordinates are whole millionths of a degree. A square of one size holds sixteen of the next. Distances are great-circle
metres on the mean sphere, whole numbers, so that an order by distance is total and can be continued from a cursor.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZES = (20_000, 80_000, 320_000, 1_280_000, 5_120_000)
MILLION = 1_000_000
EARTH_METRES = 6_371_008.8
_METRES_PER_MICRODEGREE = EARTH_METRES * math.pi / 180 / MILLION
_DOWN = np.repeat(np.arange(4), 4)
_ACROSS = np.tile(np.arange(4), 4)

Numbers = NDArray[np.int64]
Metres = NDArray[np.float64]
Flags = NDArray[np.bool_]
Box = tuple[int, int, int, int]
Boxes = tuple[Numbers, Numbers, Numbers, Numbers]
Sides = Callable[[Boxes], tuple[Flags, Flags]]


def micro(degrees: float) -> int:
    return round(degrees * MILLION)


def cells(lat: int, lon: int) -> list[int]:
    """The numbers of the squares, one of each size, that hold a place in millionths of a degree."""
    north, east = lat + 90 * MILLION, lon + 180 * MILLION
    return [level << 40 | north // size << 20 | east // size for level, size in enumerate(SIZES)]


def spot(lat: int, lon: int) -> int:
    """A place in millionths of a degree as one number, so that one column tells it."""
    return (lat + 90 * MILLION) << 32 | (lon + 180 * MILLION)


def spots_apart(spots: Numbers) -> tuple[Numbers, Numbers]:
    """The latitudes and longitudes in such numbers."""
    return (spots >> 32) - 90 * MILLION, (spots & 0xFFFFFFFF) - 180 * MILLION


def metres(near: tuple[float, float], lats: Numbers, lons: Numbers) -> Metres:
    """Great-circle distances from a place in degrees to places in millionths of a degree."""
    lat, lon = map(math.radians, near)
    to_lat, to_lon = np.radians(lats / MILLION), np.radians(lons / MILLION)
    half = np.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    far: Metres = 2 * EARTH_METRES * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    return far


def whole_metres(near: tuple[float, float], lats: Numbers, lons: Numbers) -> Numbers:
    return np.rint(metres(near, lats, lons)).astype(np.int64)


def cover(sides: Sides, around: Box, finest: int) -> tuple[list[int], list[int]]:
    """The squares wholly inside a region, and the smallest ones on its rim.

    `sides` tells which of some squares surely lie inside and which surely outside; the others are divided further.
    """
    inside: list[int] = []
    level = len(SIZES) - 1
    rows, columns = _squares(around, level)
    while True:
        within, outside = sides(_boxes(level, rows, columns))
        inside.extend(_numbers(level, rows[within], columns[within]))
        rest = ~(within | outside)
        rows, columns = rows[rest], columns[rest]
        if level == finest or not len(rows):
            return inside, _numbers(level, rows, columns)
        level -= 1
        rows = (rows[:, None] * 4 + _DOWN).ravel()
        columns = (columns[:, None] * 4 + _ACROSS).ravel()


def _numbers(level: int, rows: Numbers, columns: Numbers) -> list[int]:
    found: list[int] = (level << 40 | rows << 20 | columns).tolist()
    return found


def _squares(around: Box, level: int) -> tuple[Numbers, Numbers]:
    size = SIZES[level]
    south, west, north, east = around
    rows = np.arange((south + 90 * MILLION) // size, (north + 90 * MILLION) // size + 1)
    columns = np.arange((west + 180 * MILLION) // size, (east + 180 * MILLION) // size + 1)
    return np.repeat(rows, len(columns)), np.tile(columns, len(rows))


def _boxes(level: int, rows: Numbers, columns: Numbers) -> Boxes:
    size = SIZES[level]
    south, west = rows * size - 90 * MILLION, columns * size - 180 * MILLION
    return south, west, south + size - 1, west + size - 1


def ring(near: tuple[float, float], inner: float, outer: float, parts: int = 20) -> tuple[list[int], list[int]]:
    """The squares of all places between two distances (metres) from a place no farther north or south than 60°; those
    on the rim have a width of at most one in `parts` of the outer distance, where there are such small ones."""
    here = micro(near[0]), micro(near[1])

    def sides(boxes: Boxes) -> tuple[Flags, Flags]:
        nearest, farthest = _near_and_far(near, here, boxes)
        within = (farthest <= outer) & (nearest >= inner)
        outside = (nearest > outer) | (farthest < inner)
        return within, outside

    return cover(sides, _clipped(around(near, outer)), _finest(outer / _METRES_PER_MICRODEGREE, parts))


def around(near: tuple[float, float], outer: float) -> Box:
    """A box that holds all places within so many metres of a place no farther north or south than 60°."""
    lat, lon = near
    reach = math.degrees(outer * 1.01 / EARTH_METRES) * MILLION + 1
    wide = reach / math.cos(math.radians(min(abs(lat) + reach / MILLION, 80.0)))
    south, west = micro(lat) - int(reach) - 1, micro(lon) - int(wide) - 1
    return south, west, micro(lat) + int(reach) + 1, micro(lon) + int(wide) + 1


def box(south: int, west: int, north: int, east: int) -> tuple[list[int], list[int]]:
    """The squares of a box in millionths of a degree, its own edges included."""

    def sides(boxes: Boxes) -> tuple[Flags, Flags]:
        below, left, above, right = boxes
        within = (south <= below) & (above <= north) & (west <= left) & (right <= east)
        outside = (above < south) | (below > north) | (right < west) | (left > east)
        return within, outside

    return cover(sides, (south, west, north, east), _finest(min(north - south, east - west), 6))


def _finest(width: float, parts: int) -> int:
    """The size of squares on the rim: small ones make a thin rim, large ones a short list. What is on the rim of a box
    is cheap to test, on that of a circle dear."""
    fitting = [level for level, size in enumerate(SIZES) if size * parts <= width]
    return fitting[-1] if fitting else 0


def _clipped(around: Box) -> Box:
    south, west, north, east = around
    return max(south, -90 * MILLION), max(west, -180 * MILLION), min(north, 90 * MILLION), min(east, 180 * MILLION)


def _near_and_far(near: tuple[float, float], here: tuple[int, int], boxes: Boxes) -> tuple[Metres, Metres]:
    """Metres to squares, the nearest told too short and the farthest too long by a margin for the sphere's curve."""
    south, west, north, east = boxes
    nearest = metres(near, np.clip(here[0], south, north), np.clip(here[1], west, east))
    lon_far = np.where(here[1] * 2 > west + east, west, east)
    farthest = np.maximum(metres(near, south, lon_far), metres(near, north, lon_far))
    return nearest * 0.99 - 2, farthest * 1.001 + 2
