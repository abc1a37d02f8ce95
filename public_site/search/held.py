"""Every enterprise's numbers in memory: who asks for no word is answered by arithmetic, without the library.

What a circle, a box, a place or a filter holds is many enterprises, of which the library would make an object each, or walk
the lists of every column anew. Here each thing that is counted or compared is one array, in a file that all processes
map and share. Enterprises stand by province, city and county, so that a place is one stretch, and a circle or a box needs
a look only at those counties that reach into it (those that lie wholly inside need no test).
`cells` are the different pairs of traits and industries in each province with how many enterprises have them: a tenth of
the register, and all that counting by filters needs.

A file is written whole for every state of the index and never changed. It ends as the library's own files do (JSON with
a checksum, its length, a magic number), so that one look finds a changed byte in any of them.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from public_site import lasting
from public_site.search import cells, prepared
from public_site.search.cells import Box, Flags, Numbers
from public_site.search.columns import PLACES
from public_site.search.generations import FOOTER_MAGIC
from public_site.search.values import IndexDamaged

SUFFIX = ".held"
NOWHERE = np.iinfo(np.int32).min
ROW = np.dtype(
    [
        ("id", "<u4"), ("since", "<u4"), ("downgraded", "<u4"), ("lat", "<i4"), ("lon", "<i4"),
        ("traits", "<u2"), ("industries", "<u2"), ("city", "<u2"), ("county", "<u2"), ("province", "u1"),
    ]
)  # fmt: skip
_CELL = np.dtype([("count", "<u4"), ("traits", "<u2"), ("industries", "<u2"), ("province", "u1")])
_HEAD = np.dtype([("magic", "S8"), ("rows", "<u8"), ("cells", "<u8")])
_MAGIC = b"MJHELD01"
_ALIGNED = 8

CELLS = frozenset({"traits", "industries", "province"})
COUNTED = ("traits", "industries", "city", "county", "province")  # in the order of `ROW`
Table = NDArray[np.void]
Column = NDArray[Any]
Columns = Mapping[str, Column]
Where = slice | Numbers


def path_of(folder: Path, as_of: int) -> Path:
    return folder / f"{as_of}{SUFFIX}"


def laid_out(rows: Table) -> tuple[Columns, Columns]:
    """The columns of a state and its cells."""
    order = np.argsort(_places(rows), kind="stable")
    columns = {name: rows[name][order] for name in _names(ROW)}
    keys, counts = np.unique(_kinds(columns), return_counts=True)
    return columns, _cells(keys, counts)


def changed(before: Held, gone: Sequence[int], rows: Table) -> tuple[Columns, Columns]:
    """The same of the state that follows: some ids are gone, these rows are new. Nothing is sorted but what is new."""
    at = np.flatnonzero(np.isin(before.columns["id"], np.array(gone, np.uint32)))
    rows = rows[np.argsort(_places(rows), kind="stable")]
    where = before.places_end(_places(rows))
    where -= np.searchsorted(at, where)
    columns = {name: np.insert(np.delete(before.columns[name], at), where, rows[name]) for name in _names(ROW)}
    lost = {name: before.columns[name][at] for name in ("province", "traits", "industries")}
    keys, number = np.unique(np.concatenate([_kinds(before.cells), _kinds(lost), _kinds(rows)]), return_inverse=True)
    more = np.concatenate([before.cells["count"], np.full(len(at), -1.0), np.ones(len(rows))])
    counts = np.bincount(number, more, len(keys)).astype(np.int64)
    return columns, _cells(keys[counts > 0], counts[counts > 0])


def _places(rows: Columns | Table) -> Column:
    """One number for each place, in the order of places."""
    found: Column = (
        rows["province"].astype(np.uint64) << np.uint64(32) | rows["city"].astype(np.uint64) << np.uint64(16)
    ) | rows["county"]
    return found


def _kinds(rows: Columns | Table) -> Column:
    """One number for each kind of enterprise that a cell counts."""
    found: Column = (
        rows["province"].astype(np.uint64) << np.uint64(32) | rows["traits"].astype(np.uint64) << np.uint64(16)
    ) | rows["industries"]
    return found


def _cells(kinds: Column, counts: Column) -> Columns:
    apart = {"province": kinds >> np.uint64(32), "traits": kinds >> np.uint64(16), "industries": kinds, "count": counts}
    return {name: apart[name].astype(_CELL[name]) for name in _names(_CELL)}


def _names(dtype: np.dtype[np.void]) -> tuple[str, ...]:
    return dtype.names or ()


def write(path: Path, columns: Columns, counted: Columns) -> None:
    """Lay down one state. It is safe on the disk when this returns."""
    head = np.array([(_MAGIC, len(columns["id"]), len(counted["count"]))], _HEAD)
    pieces = [head, *(columns[name] for name in _names(ROW)), *(counted[name] for name in _names(_CELL))]
    checksum = 0
    with path.open("wb") as handle:
        for piece in map(np.ascontiguousarray, pieces):
            for content in (piece.data.cast("B") if piece.nbytes else b"", bytes(-piece.nbytes % _ALIGNED)):
                checksum = zlib.crc32(content, checksum)
                handle.write(content)
        footer = json.dumps({"crc": checksum}).encode()
        handle.write(footer + len(footer).to_bytes(4, "little") + FOOTER_MAGIC.to_bytes(4, "little"))
        lasting.settle(handle)


def drop_older(folder: Path, as_of: int) -> None:
    """Remove the files of states before this one. Who has one of them mapped keeps it."""
    for path in folder.glob(f"*{SUFFIX}"):
        if path.stem.isdecimal() and int(path.stem) < as_of:
            path.unlink(missing_ok=True)


class Held:
    """One state: arrays in the order of places, `cells`, and the stretches of the same county with their bounds."""

    def __init__(self, path: Path, count: int) -> None:
        """Raises: IndexDamaged."""
        try:
            with path.open("rb") as handle:
                content = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
            head = np.frombuffer(content, _HEAD, 1)[0]
            if head["magic"] != _MAGIC or head["rows"] != count:
                raise IndexDamaged("数列文件不符")
            self.columns, end = _read(content, ROW, count, _HEAD.itemsize)
            self.cells, _ = _read(content, _CELL, int(head["cells"]), end)
        except (OSError, ValueError) as error:
            raise IndexDamaged("数列文件无法读取") from error
        self.size = count
        self._starts = self._stretches()
        self._ends = np.append(self._starts[1:], count)
        self._bounds = self._bounds_of_stretches()

    def places_end(self, places: Column) -> Numbers:
        """Where the stretch of each place ends, or would stand."""
        ends = np.concatenate(([0], self._ends))
        mine = _places({level: self.columns[level][self._starts] for level in PLACES})
        found: Numbers = ends[np.searchsorted(mine, places, "right")]
        return found

    def _stretches(self) -> Numbers:
        if not self.size:
            return np.zeros(0, np.int64)
        differs = np.zeros(self.size - 1, np.bool_)
        for place in PLACES:
            differs |= self.columns[place][1:] != self.columns[place][:-1]
        return np.concatenate(([0], np.flatnonzero(differs) + 1))

    def _bounds_of_stretches(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """South, west, north, east of the known places in each stretch; where none is known, south is beyond north."""
        lat, lon = self.columns["lat"], self.columns["lon"]
        if not self.size:
            none = np.zeros(0, np.int64)
            return none, none, none, none
        known = lat != NOWHERE
        beyond = np.iinfo(np.int32).max
        south = np.minimum.reduceat(np.where(known, lat, beyond), self._starts).astype(np.int64)
        west = np.minimum.reduceat(np.where(known, lon, beyond), self._starts).astype(np.int64)
        north = np.maximum.reduceat(lat, self._starts).astype(np.int64)
        east = np.maximum.reduceat(np.where(known, lon, NOWHERE), self._starts).astype(np.int64)
        return south, west, north, east

    def rows(self, at: Where, columns: Iterable[str]) -> dict[str, Numbers]:
        """The ids of those who stand there, and their numbers in these columns."""
        return {column: self.columns[column][at] for column in ("id", *columns)}

    def days(self, at: Where, column: str) -> Numbers:
        """What sorts them by a day, the latest first when read downward (`prepared.ranked_by_day`)."""
        days, ids = (self.columns[one][at].astype(np.int64) for one in (column, "id"))
        return days << prepared.ID_BITS | (prepared.LARGEST_ID - ids)

    def in_places(self, numbers: Mapping[str, Flags]) -> Where:
        """Where those stand who are in a place wanted, at every level asked for: which numbers of it are wanted."""
        kept = self._stretches_in(numbers)
        return _where(self._starts[kept], self._ends[kept])

    def counted(self, level: str, numbers: Mapping[str, Flags], size: int) -> Numbers:
        """How many of them are in each place of a level."""
        kept = self._stretches_in(numbers)
        lengths = (self._ends - self._starts)[kept]
        return np.bincount(self.columns[level][self._starts[kept]], lengths, size).astype(np.int64)

    def _stretches_in(self, numbers: Mapping[str, Flags]) -> Flags:
        kept = np.ones(len(self._starts), np.bool_)
        for level, wanted in numbers.items():
            kept &= wanted[self.columns[level][self._starts]]
        return kept

    def cells_of_province(self, wanted: Flags) -> Where:
        """Where the cells of the provinces wanted stand."""
        numbers = np.flatnonzero(wanted)
        provinces = self.cells["province"]
        return _where(np.searchsorted(provinces, numbers), np.searchsorted(provinces, numbers, "right"))

    def picked(
        self, near: tuple[float, float] | None, metres: float, box: Box | None, day: int | None
    ) -> tuple[Numbers, Numbers | None]:
        """Where those stand who are in the circle, in the box and downgraded since the day, as far as these are asked
        for; and how far each is."""
        far: Numbers | None = None
        if near is not None:
            at, far = self.in_circle(near, metres)
            kept = None if box is None else self._lies_in(box, at)
        elif box is not None:
            at, kept = self.in_box(box), None
        else:
            at, kept = np.flatnonzero(self.columns["downgraded"] >= max(1, day or 0)), None
        if kept is not None:
            at, far = at[kept], None if far is None else far[kept]
        if day is not None:
            fell = self.columns["downgraded"][at] >= max(1, day)
            at, far = at[fell], None if far is None else far[fell]
        return at, far

    def in_box(self, box: Box) -> Numbers:
        """Where those stand whose place is in a box (south, west, north, east), its edges included."""
        south, west, north, east = box
        below, left, above, right = self._bounds
        touched = (below <= north) & (above >= south) & (left <= east) & (right >= west)
        within = touched & (south <= below) & (above <= north) & (west <= left) & (right <= east)
        at = _spread(self._starts[touched], self._ends[touched])
        if touched.sum() == within.sum():
            known: Numbers = at[self.columns["lat"][at] != NOWHERE]
            return known
        found: Numbers = at[self._lies_in(box, at)]
        return found

    def _lies_in(self, box: Box, at: Numbers) -> Flags:
        south, west, north, east = box
        lat, lon = self.columns["lat"][at], self.columns["lon"][at]
        found: Flags = (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
        return found

    def in_circle(self, near: tuple[float, float], metres: float) -> tuple[Numbers, Numbers]:
        """Where those stand who are no farther than so many metres, and how far each is."""
        at = self.in_box(cells.around(near, metres))
        far = cells.whole_metres(
            near, self.columns["lat"][at].astype(np.int64), self.columns["lon"][at].astype(np.int64)
        )
        inner = far <= metres
        return at[inner], far[inner]


def numbers_at(at: Where) -> Numbers:
    return np.arange(at.start, at.stop) if isinstance(at, slice) else at


def _where(starts: Numbers, ends: Numbers) -> Where:
    """One stretch where these lie side by side, else every number of each."""
    if len(starts) and ends[-1] - starts[0] == (ends - starts).sum():
        return slice(int(starts[0]), int(ends[-1]))
    return _spread(starts, ends)


def _spread(starts: Numbers, ends: Numbers) -> Numbers:
    """Every number from each start up to its end."""
    lengths = ends - starts
    if not len(lengths):
        return np.zeros(0, np.int64)
    before = np.cumsum(lengths) - lengths
    found: Numbers = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    return found


def _read(content: mmap.mmap, dtype: np.dtype[np.void], count: int, start: int) -> tuple[dict[str, Column], int]:
    found: dict[str, Column] = {}
    for name in _names(dtype):
        of_column = dtype[name]
        found[name] = np.frombuffer(content, of_column, count, start)
        start += -(-count * of_column.itemsize // _ALIGNED) * _ALIGNED
    return found, start
