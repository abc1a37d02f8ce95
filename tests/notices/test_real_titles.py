"""Every notice of which the project has the facts: its title, its counts and its window say what its columns say."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from public_site.notices import about
from public_site.notices.about import Text
from public_site.notices.values import Given
from tests.notices.reading_desk import SAMPLES

with (SAMPLES / "notices.csv").open(encoding="utf-8") as stream:
    NOTICES = list(csv.DictReader(stream))
STAGES = {
    "公示": "proposed",
    "公告": "decided",
    "通知": "decided",
    "函": "decided",
    "公开": "decided",
    "公布": "decided",
}
# A title that does not say it, and one in English: asked. News and a press conference are no notices.
ASKED = ("山西省2020年第二批", "(Hunan)")
Counts = list[tuple[str | None, bool, int]]
COUNTS: dict[str, Counts] = {
    "B级企业3家、地方标准A级企业2家": [("B", False, 3), ("A", True, 2)],
    "拟认定A级企业3家": [("A", False, 3)],
    "A级3家、B级12家、B-级1家、引领性1家(共17家)": [
        ("A", False, 3),
        ("B", False, 12),
        ("B-", False, 1),
        ("引领性", False, 1),
    ],
    "A级77家、B(含B-)级303家、引领性219家": [("A", False, 77), (None, False, 303), ("引领性", False, 219)],
    "A级69家、B(含B-)级293家、引领性203家": [("A", False, 69), (None, False, 293), ("引领性", False, 203)],
    "A级5家、B级14家、引领性10家": [("A", False, 5), ("B", False, 14), ("引领性", False, 10)],
    "A级95家、B级262家、引领性63家": [("A", False, 95), ("B", False, 262), ("引领性", False, 63)],
    "A级24家、B级58家、引领性11家": [("A", False, 24), ("B", False, 58), ("引领性", False, 11)],
    "A级42家、B级310家、引领性467家(52个行业)": [("A", False, 42), ("B", False, 310), ("引领性", False, 467)],
    "水泥:A级1、B级8、引领性2(粉磨站)": [("A", False, 1), ("B", False, 8), ("引领性", False, 2)],
    "A 2、B(含B-) 15、引领性 7": [
        (None, False, 15),
        ("引领性", False, 7),
    ],  # "A 2" is how our own index shortens a count
    "拟 A级2、B级27、引领性21": [("A", False, 2), ("B", False, 27), ("引领性", False, 21)],
}
# Targets, other lists, running totals, news: no counts of grades in this list.
NO_COUNTS = ("目标", "保障类", "89家", "新增A3", "A级钢铁", "到2025年", "绿3")


def read(record: dict[str, str]) -> about.About:
    lines = [record["title_verbatim"], record["publicity_period_verbatim"], record["counts_verbatim"], record["issuer"],
             record["date"][:10]]  # fmt: skip
    texts = [Text(None, at, line, True) for at, line in enumerate(lines, start=1) if line]
    return about.about(texts, (None, None), Given(title=record["title_verbatim"]), "file")


@pytest.mark.parametrize("record", NOTICES, ids=lambda record: record["title_verbatim"][:30])
def test_a_real_title_with_its_counts_and_its_window_says_what_the_notice_was(record: dict[str, str]) -> None:
    found = read(record)
    asked = [question.about for question in found.questions]
    if record["title_verbatim"].startswith(ASKED) or record["stage"] not in STAGES:
        assert (found.stage, "stage" in asked) == (None, True)
    else:
        assert found.stage == STAGES[record["stage"]]
    counts = record["counts_verbatim"]
    assert counts in COUNTS or not counts or counts.startswith(NO_COUNTS)
    expected = COUNTS.get(counts, [])
    assert [(count.grade, count.local, count.count) for count in found.stated_counts] == expected
    window = record["publicity_period_verbatim"]
    assert found.objection_window == (window if "公示期" in window or "工作日" in window else None)


@pytest.mark.parametrize(
    ("title", "until"),
    [
        ("关于公示内蒙古", date(2024, 12, 27)),
        ("关于湖北省2021年", date(2022, 3, 24)),
        ("湘西州2023年度", date(2024, 5, 31)),
    ],
)
def test_the_windows_of_real_notices_end_when_the_calendar_says(title: str, until: date) -> None:
    (record,) = (r for r in NOTICES if r["title_verbatim"].startswith(title))
    assert read(record).objection_until == until


def test_the_index_number_of_a_real_notice_is_held_to_its_check_sign() -> None:
    numbers = [
        r["doc_number_or_cited"].partition("索引号 ")[2] for r in NOTICES if "索引号" in r["doc_number_or_cited"]
    ]
    assert numbers
    for number in numbers:
        found = about.about([Text(None, 1, f"索引号：{number}", True)], (None, None), Given(), "file")
        assert (found.index_number, found.division) == (number, "500000")
        assert "index_number" not in [question.about for question in found.questions]
