"""Every enterprise as a few small numbers in memory, so that a map can be counted in milliseconds at any zoom.

What this module knows that no other does: where an enterprise stands in whole web-mercator units (2^28 around the world:
a pixel at zoom 20), that enterprises alike in all that a filter may ask share one number, so that a filter is decided
once for each such number, and how a state of the register becomes the next by the enterprises that changed. About 30
bytes an enterprise; it holds ids and counts only, and what is shown of an enterprise comes from the register's tables.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import grades, register, standings
from public_site.search import Document, Query, cells, criteria, prepared

Numbers = NDArray[np.int64]
Small = NDArray[np.integer[Any]]  # as few bytes as hold every value
Flags = NDArray[np.bool_]
Degrees = NDArray[np.floating[Any]]  # or map units, as whole numbers and between them
Rows = Numbers | slice  # a slice has both ends

WORLD_BITS = 28
# What a mark can say: a grade; that units are not comparable; that no grade is held.
INCOMPARABLE, NO_GRADE = "incomparable", "none"
LABELS = (*(grade.label for grade in grades.grades()), INCOMPARABLE, NO_GRADE)
_LABEL = {label: number for number, label in enumerate(LABELS)}
_TILE_SHIFT = 20  # located enterprises are sorted by tiles of zoom 8
_TILES = 1 << (WORLD_BITS - _TILE_SHIFT)
_BATCH = 20_000
_STRETCH = 4
_FARTHEST = 85.05112878
_COLUMNS = "id, lat_e6, lon_e6, province, city, county, overall_grade, overall_reason, excellence, downgraded_on"
_UNIT_COLUMNS = "enterprise_id, industry, scheme, grade, listed, entry IS NOT NULL, proposed_grade, proposed_scheme"


@dataclass(frozen=True, slots=True)
class Kind:
    """What enterprises have in common that no filter tells apart: small facts as `facet:value`, and industries."""

    traits: frozenset[str]
    industries: frozenset[str]


@dataclass(frozen=True)
class Points:
    """All enterprises at entry `number`: the `located` first ones by tile, the others after them."""

    number: int
    located: int
    ids: Small
    x: Small
    y: Small
    lat: Small
    lon: Small
    grade: Small  # place in LABELS
    kind: Small
    place: Small
    fallen: Small  # day of the last downgrade as an ordinal, 0 for none
    kinds: tuple[Kind, ...]
    places: tuple[tuple[str, str, str], ...]  # province, city, county; empty for what is not known

    @cached_property
    def tiles(self) -> Small:
        """The tile of each located enterprise, ascending."""
        tiles: Small = _tiles(self.x[: self.located], self.y[: self.located])
        return tiles

    def in_tiles(self, west: int, north: int, east: int, south: int) -> Rows:
        """Rows that hold the enterprises in the tiles that a box of map units touches; where they stand close together,
        everything between the first and the last, because a stretch is read many times faster than single rows."""
        left, right = west >> _TILE_SHIFT, east >> _TILE_SHIFT
        lines = np.arange(north >> _TILE_SHIFT, (south >> _TILE_SHIFT) + 1) * _TILES
        starts = np.searchsorted(self.tiles, lines + left).tolist()
        ends = np.searchsorted(self.tiles, lines + right + 1).tolist()
        spans = [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
        if not spans:
            return slice(0, 0)
        first, last = spans[0][0], spans[-1][1]
        if (last - first) < _STRETCH * sum(end - start for start, end in spans):
            return slice(first, last)
        return np.concatenate([np.arange(start, end) for start, end in spans])

    def passing(self, query: Query, rows: Rows) -> Rows:
        """Those of these rows that meet the query's filters (its text and box are not looked at); the very same if all do."""
        kept: Flags | None = None
        for table, column in ((self._of_kinds(query), self.kind), (self._in_places(query), self.place)):
            if table is not None and not table.all():
                passed = table[column[rows]]
                kept = passed if kept is None else kept & passed
        if query.downgraded_since is not None:
            fallen = self.fallen[rows] >= max(1, query.downgraded_since.toordinal())
            kept = fallen if kept is None else kept & fallen
        if query.near is not None:
            around = self._about(query.near, query.reach_km, rows)
            kept = around if kept is None else kept & around
        if kept is None:
            return rows
        found = self._kept(rows, kept)
        if query.near is not None:
            found = found[found < self.located]
            lat, lon = self.lat[found].astype(np.int64), self.lon[found].astype(np.int64)
            found = found[cells.whole_metres(query.near, lat, lon) <= query.reach_km * 1000]
        return found

    def _about(self, near: tuple[float, float], kilometres: float, rows: Rows) -> Flags:
        """Which of these rows lie in a box that holds the circle: cheap, so that few distances are worked out."""
        high = kilometres / 110.5
        wide = high / math.cos(math.radians(min(89.0, abs(near[0]) + high)))
        lat, lon = self.lat[rows], self.lon[rows]
        edges = [round(value * 1e6) for value in (near[0] - high, near[0] + high, near[1] - wide, near[1] + wide)]
        found: Flags = (lat >= edges[0]) & (lat <= edges[1]) & (lon >= edges[2]) & (lon <= edges[3])
        return found

    def _kept(self, rows: Rows, kept: Flags) -> Numbers:
        return np.flatnonzero(kept) + rows.start if isinstance(rows, slice) else rows[kept]

    def among(self, ids: Numbers, rows: Rows) -> Numbers:
        """Those of these rows that are enterprises of `ids`."""
        wanted = np.zeros(int(max(self.ids.max(initial=0), ids.max(initial=0))) + 1, np.bool_)
        wanted[ids] = True
        return self._kept(rows, wanted[self.ids[rows]])

    @property
    def every(self) -> slice:
        """All rows."""
        return slice(0, len(self.ids))

    @property
    def nowhere(self) -> slice:
        """The rows of enterprises without a point."""
        return slice(self.located, len(self.ids))

    def _of_kinds(self, query: Query) -> Flags | None:
        """Which kinds pass, where the query asks for any."""
        chosen = criteria.trait_filters(query).values()
        industries = set(query.industries)
        if not chosen and not industries:
            return None

        def passes(kind: Kind) -> bool:
            held = all(kind.traits.isdisjoint(values) is not there for values, there in chosen)
            return held and (not industries or not kind.industries.isdisjoint(industries))

        return np.array([passes(kind) for kind in self.kinds] or [False], np.bool_)

    def _in_places(self, query: Query) -> Flags | None:
        """Which places pass, where the query asks for any."""
        found: Flags | None = None
        for wanted, codes in zip((query.provinces, query.cities, query.counties), self._codes, strict=True):
            if wanted:
                here: Flags = np.isin(codes, wanted)
                found = here if found is None else found & here
        return found

    @cached_property
    def _codes(self) -> NDArray[np.str_]:
        """The codes of all places: a line of provinces, one of cities, one of counties."""
        return np.array(self.places or [("", "", "")], np.str_).T


@dataclass
class _Numbering:
    """Numbers for values, given as they come."""

    values: list[Any] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, value: Any) -> int:
        found = self.numbers.get(value)
        if found is None:
            found = self.numbers[value] = len(self.values)
            self.values.append(value)
        return found


class Keeper:
    """The points of the register's newest state; made at first need, then kept up with what is published."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Points | None = None

    @property
    def number(self) -> int | None:
        """The entry of the state that is held, if any is."""
        held = self._held
        return None if held is None else held.number

    def at(self, connection: Connection, number: int) -> Points:
        """The points as of entry `number`, the latest that `connection` sees."""
        with self._lock:
            held = self._held
            if held is not None and held.number == number:
                return held
            if held is not None and held.number > number:  # somebody reads an older state still: it is made for them
                return load(connection, number)
            self._held = load(connection, number) if held is None else renewed(connection, held, number)
            return self._held


def load(connection: Connection, number: int) -> Points:
    """All points from the tables of the standings."""
    kinds, spots = _Numbering(), _Numbering()
    raw: dict[Any, int] = {}
    return _sorted(number, list(_batches(connection, kinds, spots, raw)), kinds, spots)


def renewed(connection: Connection, held: Points, number: int) -> Points:
    """The points at a later entry: those that changed are read, the others stay."""
    changed = np.array(standings.changed_since(connection, held.number), np.int64)
    if len(changed) * 4 > len(held.ids):
        return load(connection, number)
    kinds, spots = _known(held.kinds), _known(held.places)
    news = [
        _numbers(*_read(connection, batch.tolist()), kinds, spots, {})
        for batch in np.array_split(changed, len(changed) // 400 + 1)
        if len(batch)
    ]
    kept = np.ones(len(held.ids), np.bool_)
    kept[held.among(changed, held.every)] = False
    lines = (held.ids, held.x, held.y, held.lat, held.lon, held.grade, held.kind, held.place, held.fallen)
    old = np.stack([line.astype(np.int64) for line in lines])
    nowhere = np.arange(len(held.ids)) >= held.located
    old[1, nowhere] = -1
    return _sorted(number, [old[:, kept], *news], kinds, spots)


def _known(values: Sequence[Any]) -> _Numbering:
    return _Numbering(list(values), {value: number for number, value in enumerate(values)})


def _batches(connection: Connection, kinds: _Numbering, spots: _Numbering, raw: dict[Any, int]) -> Iterator[Numbers]:
    after = text(f"SELECT {_COLUMNS} FROM enterprise WHERE id > :last ORDER BY id LIMIT {_BATCH}")
    between = text(
        f"SELECT {_UNIT_COLUMNS} FROM holding WHERE to_day IS NULL AND enterprise_id > :last AND enterprise_id <= :end"
    )
    last = 0
    while rows := connection.execute(after, {"last": last}).all():
        end = int(rows[-1][0])
        yield _numbers(rows, connection.execute(between, {"last": last, "end": end}).all(), kinds, spots, raw)
        last = end


def _read(connection: Connection, ids: Sequence[int]) -> tuple[Sequence[Any], Sequence[Any]]:
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    enterprises = text(f"SELECT {_COLUMNS} FROM enterprise WHERE id IN :ids").bindparams(among)
    units = text(f"SELECT {_UNIT_COLUMNS} FROM holding WHERE to_day IS NULL AND enterprise_id IN :ids").bindparams(
        among
    )
    return connection.execute(enterprises, {"ids": ids}).all(), connection.execute(units, {"ids": ids}).all()


def _numbers(
    rows: Sequence[Any], units: Sequence[Any], kinds: _Numbering, spots: _Numbering, raw: dict[Any, int]
) -> Numbers:
    """Nine lines of numbers, a column per enterprise; x is -1 where there is no point. `raw` remembers kinds by row."""
    of_enterprise: dict[int, tuple[Any, ...]] = {}
    for unit in units:
        of_enterprise[unit[0]] = (*of_enterprise.get(unit[0], ()), tuple(unit[1:]))
    found = np.zeros((9, len(rows)), np.int64)
    for at, (id, lat, lon, province, city, county, overall, reason, excellence, fallen) in enumerate(rows):
        told = label(overall, reason)
        alike = (told, excellence, of_enterprise.get(id, ()))
        kind = raw.get(alike)
        if kind is None:
            kind = raw[alike] = kinds.number(_kind(*alike))
        place = spots.number((province or "", city or "", county or ""))
        day = date.fromisoformat(fallen).toordinal() if fallen else 0
        nowhere = lat is None or lon is None
        found[:, at] = (id, -1 if nowhere else 0, 0, lat or 0, lon or 0, _LABEL[told], kind, place, day)
    here = found[1] >= 0
    found[1, here], found[2, here] = map_units(found[3, here] / 1e6, found[4, here] / 1e6)
    return found


def label(overall: str | None, reason: str) -> str:
    """What an enterprise's mark says, one of LABELS."""
    return INCOMPARABLE if reason == "not_comparable" else overall or NO_GRADE


def _kind(label: str, excellence: int, units: Sequence[tuple[Any, ...]]) -> Kind:
    """As `documents` tells an index of an enterprise, so that a filter means the same on the list and on the map."""
    held = {grade for _, _, grade, listed, decided, _, _ in units if decided and listed and grade}
    schemes = {scheme if decided or not proposed else other for _, scheme, _, _, decided, proposed, other in units}
    stages = {"decided" if decided else "proposed" for _, _, _, _, decided, _, _ in units}
    told = Document(
        id=0,
        name="",
        grades=tuple(sorted(held)),
        overall=None if label == NO_GRADE else label,
        schemes=tuple(sorted(scheme for scheme in schemes if scheme)),
        stages=tuple(sorted(stages | {"proposed" for unit in units if unit[5]})),
        excellence=bool(excellence),
        unlisted=any(not unit[3] for unit in units),
    )
    industries = tuple(sorted({unit[0] for unit in units if unit[0]}))
    return Kind(frozenset(prepared.traits(told)), frozenset(prepared.with_parents(industries)))


def _sorted(number: int, parts: Sequence[Numbers], kinds: _Numbering, spots: _Numbering) -> Points:
    found = np.concatenate(parts, axis=1) if parts else np.zeros((9, 0), np.int64)
    nowhere = found[1] < 0
    order = np.lexsort((found[0], np.where(nowhere, _TILES * _TILES, _tiles(found[1], found[2]))))
    ids, *others = (line[order] for line in found)
    x, y, lat, lon, grade, kind, place, fallen = (line.astype(np.int32) for line in others)
    located = len(ids) - int(np.count_nonzero(nowhere))
    return Points(number, located, ids.astype(np.uint32), np.maximum(x, 0), np.maximum(y, 0), lat, lon, _least(grade),
                  _least(kind), _least(place), fallen, tuple(kinds.values), tuple(spots.values))  # fmt: skip


def _least(numbers: Small) -> Small:
    """The same in as few bytes as hold the largest; none is below 0."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def _tiles(x: Any, y: Any) -> Any:
    return (y >> _TILE_SHIFT) * _TILES + (x >> _TILE_SHIFT)


def map_units(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> tuple[Numbers, Numbers]:
    """Web-mercator units, x eastward from 180° W and y southward from 85° N, of places in degrees."""
    size = 1 << WORLD_BITS
    phi = np.radians(np.clip(lat, -_FARTHEST, _FARTHEST))
    x = (lon + 180) / 360 * size
    y = (1 - np.arcsinh(np.tan(phi)) / np.pi) / 2 * size
    return np.clip(x, 0, size - 1).astype(np.int64), np.clip(y, 0, size - 1).astype(np.int64)


def degrees(x: Degrees, y: Degrees) -> tuple[Degrees, Degrees]:
    """Latitudes and longitudes of web-mercator units."""
    size = 1 << WORLD_BITS
    return np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / size)))), x / size * 360 - 180


def rows_by_id(connection: Connection, ids: Sequence[int]) -> Mapping[int, Any]:
    """What a mark shows of enterprises: id, name, overall_grade, overall_reason, province, city, county."""
    query = text(
        "SELECT id, name, overall_grade, overall_reason, province, city, county FROM enterprise WHERE id IN :ids"
    ).bindparams(bindparam("ids", expanding=True))
    return {
        row.id: row for batch in register.batches(ids, 500) for row in connection.execute(query, {"ids": list(batch)})
    }
