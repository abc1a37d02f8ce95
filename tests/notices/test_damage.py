"""Any table in any format gives the same rows; damaged bytes never crash, hang, or give another grade in silence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from public_site import grades as scale
from tests.notices.mutations import damaged, sweep
from tests.notices.reading_desk import (
    HEADER,
    SAMPLES,
    csv_bytes,
    grades,
    html_bytes,
    read,
    read_here,
    summary,
    xlsx_bytes,
)

ACCIDENTS, MUTATIONS = 150, 300  # `make fuzz-notices` makes 5,000 of the first
_LABELS = st.sampled_from(
    [
        "A+级",
        "A级",
        "B",
        "B-",
        "B－级",
        "C类",
        "D级",
        "引领性",
        "绩效引领性企业",
        "非引领性",
        "地方B级",
        "A（地方标准）",
    ]
)
_COUNTIES = st.sampled_from(["涪陵区", "永川", "两江新区", "云阳县", "某某镇", ""])
_INDUSTRIES = st.sampled_from(["铸造", "包装印刷业", "陶瓷/建筑陶瓷", "耐火材料", "演示行业（地方标准）", ""])
_NAMES = st.text("演示重庆东方（集团）(1)<&>\"',;|=+-@AB有限公司 ", min_size=1, max_size=24).map(
    lambda text: f"演示{text}厂"
)
_ROWS = st.lists(
    st.tuples(_COUNTIES, _NAMES, _INDUSTRIES, _LABELS), min_size=1, max_size=8, unique_by=lambda row: row[1].replace(" ", "")
)  # fmt: skip


@given(_ROWS)
@settings(max_examples=120)
def test_any_table_gives_the_same_rows_in_every_format(rows: list[tuple[str, str, str, str]]) -> None:
    grid = [HEADER, *((str(at), *row) for at, row in enumerate(rows, start=1))]
    found = {
        "utf8.csv": csv_bytes(grid, "utf-8"),
        "mark.csv": csv_bytes(grid, "utf-8-sig"),
        "gb18030.csv": csv_bytes(grid, "gb18030"),
        "utf16.csv": csv_bytes(grid, "utf-16"),
        "book.xlsx": xlsx_bytes(grid),
        "page.html": html_bytes(grid),
    }
    read_rows = {}
    for name, data in found.items():
        reading = read_here(data, name)
        assert [str(problem) for problem in reading.problems] == []
        read_rows[name] = [summary(row) for row in reading.rows]
    assert all(given == read_rows["utf8.csv"] for given in read_rows.values())
    expected = [scale.read_label(label).grade for *_, label in rows]
    assert [row["grade"] for row in read_rows["utf8.csv"]] == expected


def _formats() -> dict[str, bytes]:
    """The notice of Chongqing in every format; its sentence of counts vouches for its grades."""
    good = SAMPLES / "good"
    grid = [line.split(",") for line in (good / "chongqing_utf8.csv").read_text(encoding="utf-8").splitlines()]
    return {
        "notice.txt": (good / "raw_chongqing_2024_batch1.txt").read_bytes(),
        "gb18030.csv": (good / "chongqing_gb18030.csv").read_bytes(),
        "utf8.csv": (good / "chongqing_utf8.csv").read_bytes(),
        "page.html": (good / "chongqing_page.html").read_bytes(),
        "book.xlsx": xlsx_bytes(grid),
    }


def test_accidents_to_every_kind_of_sample_are_borne() -> None:
    tally = sweep(ACCIDENTS, seed=20261125)
    assert tally["accepted"] > 10
    assert tally["refused in words"] > 50


@pytest.mark.parametrize("name", ["notice.txt", "gb18030.csv", "utf8.csv", "page.html"])
def test_damaged_text_never_gives_another_grade_in_silence(name: str) -> None:
    data = _formats()[name]
    expected = grades(read_here(data, name))
    assert len(expected) == 5
    chance = random.Random(20240424)
    for _ in range(MUTATIONS // 4):
        bytes_now = damaged(data, chance)
        found = read_here(bytes_now, name)
        assert found.problems or grades(found) == expected, bytes_now


def test_damaged_files_through_the_child_process_end_in_time_and_in_words(tmp_path: Path) -> None:
    chance = random.Random(20240429)
    for name, data in _formats().items():
        path = tmp_path / name
        path.write_bytes(data)
        expected = grades(read(path))
        assert len(expected) == 5
        for _ in range(MUTATIONS // (12 if name.endswith("xlsx") else 60)):
            path.write_bytes(damaged(data, chance))
            found = read(path)
            assert found.problems or grades(found) == expected, path.read_bytes()


@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.tsv", "a.txt", "a.html", "a.xlsx"]))
def test_any_bytes_are_refused_in_words(data: bytes, name: str) -> None:
    assert read_here(data, name).problems


@given(st.text(max_size=300), st.sampled_from(["a.csv", "a.txt", "a.html"]))
def test_any_text_behind_a_good_header_gives_rows_or_words(text: str, name: str) -> None:
    head = {
        "a.csv": "企业名称,绩效等级\n",
        "a.txt": "序号 |\n企业名称 |\n绩效等级 |\n1 |\n",
        "a.html": "<table><tr><td>企业名称<td>等级<tr>",
    }
    found = read_here((head[name] + text).encode("utf-8", "ignore"), name)
    assert found.problems or found.row_count
    for row in found.rows:
        assert row.grade in {grade.label for grade in scale.grades()}
