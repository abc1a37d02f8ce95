"""Lists from the register's own tables: as of a day, and while the index is away. On both databases."""

from __future__ import annotations

import base64

import orjson
import pytest

from public_site import records
from public_site.search import CursorNotValid, Query, tables
from tests.desk import Desk, row

DAY = "2024-06-01"
CODE = "91130200699229617X"
GROUP = "重庆宏声纸箱（集团）有限责任公司"
PERCENT = "演示100%棉纺厂"


@pytest.fixture
def published(desk: Desk) -> Desk:
    """Names with brackets, Latin letters, a code, a former name, a sign that means something to SQL."""
    desk.publish(
        [
            row(GROUP, "A", 统一社会信用代码=CODE),
            row("演示ABC Glass有限公司", "B", industry="玻璃"),
            row(PERCENT, "C", industry="陶瓷/建筑陶瓷"),
            row(PERCENT, "B", industry="陶瓷/卫生陶瓷"),
            row("演示乙家具有限公司", "B", industry="家具制造", county="南岸区"),
        ],
        on="2024-01-01",
    )
    desk.publish([row("演示后来有限公司", "D")], on="2025-01-01")
    return desk


def _names(desk: Desk, query: Query, as_of: str | None = DAY) -> list[str]:
    with desk.database.reading() as connection:
        found = tables.find(connection, query, as_of)
        every = [i for batch in tables.ids(connection, query, as_of) for i in batch]
        assert len(every) == found.total
        assert tuple(every[: query.limit]) == found.ids or query.cursor
        return [line.name for line in records.lines(connection, found.ids)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("宏声", GROUP),
        ("宏聲", GROUP),
        ("纸箱（集团）", GROUP),
        ("纸箱集团有限责任", GROUP),
        ("集团 宏声", GROUP),
        (CODE, GROUP),
        (CODE.lower(), GROUP),
        ("9113 0200 6992 2961 7X", GROUP),
        (CODE[:9], GROUP),
        ("abc glass", "演示ABCGlass有限公司"),
        ("ｇｌａｓｓ", "演示ABCGlass有限公司"),
        ("100%棉", PERCENT),
    ],
)
def test_on_a_past_day_a_name_is_found_by_any_part_of_it_however_it_is_written(
    published: Desk, text: str, name: str
) -> None:
    found = _names(published, Query(text=text))
    assert [one.replace(" ", "") for one in found] == [name]


@pytest.mark.parametrize("text", ["%", "1%0", "_", "（）", "宏声厂", "!"])
def test_what_stands_in_no_name_finds_nothing(published: Desk, text: str) -> None:
    assert _names(published, Query(text=text)) == ([PERCENT] if text == "%" else [])


@pytest.mark.parametrize("text", ["重庆宏声", "重庆宏声纸箱（集团", "重庆宏声纸箱集团", CODE, CODE.lower(), CODE[:6]])
def test_while_the_index_is_away_a_name_is_found_by_how_it_begins(published: Desk, text: str) -> None:
    assert _names(published, Query(text=text), None) == [GROUP]
    assert _names(published, Query(text="声纸箱"), None) == []


def test_each_facet_is_counted_without_its_own_filter_and_counts_what_its_list_holds(published: Desk) -> None:
    fields = {
        "province": "provinces",
        "city": "cities",
        "county": "counties",
        "grade": "grades",
        "industry": "industries",
    }
    chosen = Query(counties=("500102",), grades=("B",))
    with published.database.reading() as connection:
        facets = tables.find(connection, chosen, DAY).facets
        assert facets.keys() == fields.keys()
        assert dict(facets["industry"]) == {"玻璃": 1, "陶瓷": 1, "陶瓷/卫生陶瓷": 1, "陶瓷/建筑陶瓷": 1}
        assert dict(facets["grade"]) == {"A": 1, "B": 2, "C": 1}
        assert dict(facets["county"]) == {"500102": 2, "500108": 1}
        assert tables.find(connection, Query(), DAY).facets.keys() == {"province", "grade", "industry"}


def test_every_trait_is_a_filter_here_too(published: Desk) -> None:
    everyone = {GROUP, "演示ABC Glass有限公司", PERCENT, "演示乙家具有限公司"}
    assert set(_names(published, Query(schemes=("national-2020",)))) == everyone
    assert set(_names(published, Query(stages=("decided", "proposed")))) == everyone
    assert _names(published, Query(stages=("proposed",))) == []
    assert _names(published, Query(unlisted=True)) == []
    assert _names(published, Query(industries=("陶瓷",))) == [PERCENT]
    assert "演示后来有限公司" in _names(published, Query(), None)


def test_paging_by_cursor_gives_every_enterprise_once(published: Desk) -> None:
    seen: list[int] = []
    cursor = None
    with published.database.reading() as connection:
        while True:
            found = tables.find(connection, Query(limit=1, cursor=cursor), DAY)
            seen += found.ids
            if (cursor := found.next) is None:
                break
        assert tuple(seen) == tables.find(connection, Query(), DAY).ids
    assert len(seen) == 4


def _written(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "NQ", "", "*", "é",
        *map(_written, (
            None, {}, [], ["tables", "a"], ["since", "a", 1], ["tables", 1, 1], ["tables", "a", True],
            ["tables", "a", -1], ["tables", "a", 2**64 - 1], ["tables", "a", 1.0], ["tables", "\0", 1],
            ["tables", "a" * 1001, 1],
        )),
    ],
)  # fmt: skip
def test_a_cursor_of_another_shape_or_size_is_refused(published: Desk, cursor: str) -> None:
    with published.database.reading() as connection, pytest.raises(CursorNotValid):
        tables.find(connection, Query(cursor=cursor), DAY)
