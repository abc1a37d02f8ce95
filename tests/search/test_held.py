"""The numbers held in memory: what was written is picked out and counted as by a plain look at every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from public_site.search import Document, IndexDamaged, Query, cells, generations, held
from public_site.search.embedded_index import EmbeddedIndex
from public_site.search.held import NOWHERE, ROW, Held
from tests.search.naive import Register

places = st.none() | st.tuples(st.integers(29_000_000, 30_000_000), st.integers(106_000_000, 107_000_000))
rows = st.lists(
    st.tuples(places, st.integers(0, 3), st.integers(0, 4), st.integers(0, 9), st.integers(0, 3)),
    min_size=0,
    max_size=60,
)


def _table(of_rows: list[tuple[tuple[int, int] | None, int, int, int, int]]) -> held.Table:
    """Rows with a place, a day of downgrade, traits, a county (which stands in one city of one province), industries."""
    made = [
        (number, 9, day, *(place or (NOWHERE, NOWHERE)), traits, industries, county // 3, county, county // 6)
        for number, (place, day, traits, county, industries) in enumerate(of_rows, 1)
    ]
    return np.array(made, ROW)


def _written(folder: Path, table: held.Table) -> Held:
    path = held.path_of(folder, 1)
    held.write(path, *held.laid_out(table))
    return Held(path, len(table))


@settings(max_examples=60)
@given(
    rows,
    st.none() | st.tuples(st.floats(29, 30), st.floats(106, 107)),
    st.floats(100, 80_000),
    st.none() | st.tuples(st.integers(29_000_000, 30_000_000), st.integers(106_000_000, 107_000_000)),
    st.none() | st.integers(0, 4),
)
def test_circle_box_and_day_pick_what_a_plain_look_picks(
    tmp_path_factory: pytest.TempPathFactory,
    of_rows: list[tuple[tuple[int, int] | None, int, int, int, int]],
    near: tuple[float, float] | None,
    metres: float,
    corner: tuple[int, int] | None,
    day: int | None,
) -> None:
    table = _table(of_rows)
    box = None if corner is None else (*corner, corner[0] + 400_000, corner[1] + 300_000)
    if near is None and box is None and day is None:
        day = 1
    of_all = _written(tmp_path_factory.mktemp("held"), table)
    at, far = of_all.picked(near, metres, box, day)
    expected: dict[int, int | None] = {}
    for row in table:
        there = row["lat"] != NOWHERE
        distance = None
        if near is not None:
            distance = int(cells.whole_metres(near, np.array([row["lat"]]), np.array([row["lon"]]))[0])
            if not there or distance > metres:
                continue
        if box is not None and not (box[0] <= row["lat"] <= box[2] and box[1] <= row["lon"] <= box[3]):
            continue
        if day is not None and row["downgraded"] < max(1, day):
            continue
        expected[int(row["id"])] = distance
    ids = of_all.columns["id"][at].tolist()
    assert dict(zip(ids, [None] * len(ids) if far is None else far.tolist(), strict=True)) == expected


@given(rows)
def test_the_cells_count_every_enterprise_once(
    tmp_path_factory: pytest.TempPathFactory, of_rows: list[tuple[tuple[int, int] | None, int, int, int, int]]
) -> None:
    table = _table(of_rows)
    of_all = _written(tmp_path_factory.mktemp("held"), table)
    assert of_all.cells["count"].sum() == len(table)
    for column in held.CELLS:
        counted = np.bincount(of_all.cells[column], of_all.cells["count"], 12)
        assert counted.tolist() == np.bincount(table[column], minlength=12).tolist()
    assert _rows(of_all.columns) == sorted(table.tolist())


def _rows(columns: held.Columns) -> list[tuple[int, ...]]:
    return sorted(zip(*(columns[name].tolist() for name in ROW.names or ()), strict=True))


@given(rows, rows, st.data())
def test_the_state_that_follows_is_what_would_be_laid_out_anew(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[tuple[int, int] | None, int, int, int, int]],
    later: list[tuple[tuple[int, int] | None, int, int, int, int]],
    data: st.DataObject,
) -> None:
    before, new = _table(first), _table(later)
    new["id"] += 50  # some ids are met again, some are new
    gone = sorted({*new["id"].tolist(), *data.draw(st.lists(st.integers(1, 120)))})
    kept = before[~np.isin(before["id"], gone)]
    columns, of_cells = held.changed(_written(tmp_path_factory.mktemp("held"), before), gone, new)
    expected, expected_cells = held.laid_out(np.concatenate([kept, new]))
    assert _rows(columns) == _rows(expected)
    for level in ("province", "city", "county"):
        assert columns[level].tolist() == expected[level].tolist()
    assert {name: values.tolist() for name, values in of_cells.items()} == {
        name: values.tolist() for name, values in expected_cells.items()
    }


@pytest.mark.parametrize("harm", ["cut", "gone", "of another state", "no file of ours"])
def test_a_file_that_is_not_whole_is_damage(tmp_path: Path, harm: str) -> None:
    path = held.path_of(tmp_path, 1)
    held.write(path, *held.laid_out(_table([(None, 0, 0, 0, 0)] * 200)))
    content = path.read_bytes()
    if harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "gone":
        path.unlink()
    elif harm == "no file of ours":
        path.write_bytes(b"")
    with pytest.raises(IndexDamaged):
        Held(path, 201 if harm == "of another state" else 200)


def test_its_checksum_tells_a_changed_byte(tmp_path: Path) -> None:
    path = held.path_of(tmp_path, 1)
    held.write(path, *held.laid_out(_table([(None, 0, 0, 0, 0)] * 200)))
    assert generations.broken_files(tmp_path, [path.name]) == []
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    assert generations.broken_files(tmp_path, [path.name]) == [path.name]


def test_a_reader_behind_by_one_state_finds_its_file_and_older_ones_go(tmp_path: Path) -> None:
    register = Register()
    register.publish(Document(id=1, name="一厂", province="500000"))
    index = EmbeddedIndex(tmp_path)
    index.rebuild(register)
    for number in range(2, 5):
        register.publish(Document(id=number, name=f"第{number}厂", province="500000"))
        index.catch_up(register)
        assert index.find(Query(provinces=("500000",))).total == number
    assert sorted(path.name for path in tmp_path.glob(f"*/*{held.SUFFIX}")) == ["3.held", "4.held"]
