"""What a citizen types, and what is found: the same sentences hold for every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from public_site.search import CursorNotValid, Document, Engine, Query
from tests.search.naive import Register

HONGSHENG, PUYANG_STEEL, PUYANG_CEMENT, BANK, BRANCH, SHAN, ALUMINIUM = 3, 7, 12, 20, 21, 30, 31


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("宏声", [HONGSHENG]),
        ("声纸", [HONGSHENG]),
        ("农业", [BANK]),
        ("普阳", [PUYANG_STEEL, PUYANG_CEMENT]),
        ("纸箱 重庆", [HONGSHENG]),
        ("重庆 纸箱", [HONGSHENG]),
        ("箱 宏声", [HONGSHENG]),
        ("重", [HONGSHENG, BRANCH]),
        ("庆", []),
        ("重庆宏声纸箱有限责任公司", [HONGSHENG]),
        ("重慶宏聲紙箱", [HONGSHENG]),
        ("普阳水泥集团有限公司", [PUYANG_CEMENT]),
        ("普阳水泥(集团)", [PUYANG_CEMENT]),
        ("【普阳】，水泥", [PUYANG_CEMENT]),
        ("有限公司", [PUYANG_STEEL, PUYANG_CEMENT, ALUMINIUM]),
        ("限公司", [PUYANG_STEEL, PUYANG_CEMENT, ALUMINIUM]),
        ("长江重庆", [BRANCH]),
        ("庆长江重庆分", [BRANCH]),
        ("普阳钢铁厂", [PUYANG_STEEL]),
        ("武安市普阳", [PUYANG_CEMENT, PUYANG_STEEL]),
    ],
)
def test_a_piece_of_a_name_is_found(index: Engine, text: str, expected: list[int]) -> None:
    found = index.find(Query(text))
    assert list(found.ids) == expected
    assert found.total == len(expected)


def test_pieces_that_do_not_join_are_no_hit(index: Engine) -> None:
    """重庆长江重庆分公司 holds 长江重庆 and 重庆长, but not 长江重庆长."""
    found = index.find(Query("长江重庆长"))
    assert found.approximate or not found.ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("puyang", [PUYANG_STEEL, PUYANG_CEMENT]),
        ("PuYang", [PUYANG_STEEL, PUYANG_CEMENT]),
        ("pygt", [PUYANG_STEEL]),
        ("hszx", [HONGSHENG]),
        ("ｈｓｚｘ", [HONGSHENG]),
        ("chongqinghongsheng", [HONGSHENG]),
        ("shanxiandongfang", [SHAN]),
        ("sx", [SHAN]),
        ("lvye", [ALUMINIUM]),
        ("luye", [ALUMINIUM]),
        ("nongye fazhan", [BANK]),
        ("hebei pygt", [PUYANG_STEEL]),
    ],
)
def test_the_sound_of_a_name_is_found(index: Engine, text: str, expected: list[int]) -> None:
    assert list(index.find(Query(text)).ids) == expected


@pytest.mark.parametrize(
    "text", ["91130200699229617X", "91130200699229617x", "9113 0200 6992 2961 7X", "９１１３０２００"]
)
def test_a_credit_code_is_found_whole_or_by_its_beginning(index: Engine, text: str) -> None:
    assert index.find(Query(text)).ids == (HONGSHENG,)


@pytest.mark.parametrize("length", range(4, 19))
def test_every_length_of_a_code_s_beginning_is_found(index: Engine, length: int) -> None:
    assert index.find(Query("91130200699229617X"[:length])).ids == (HONGSHENG,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("重庆宏升纸箱有限责任公司", HONGSHENG),
        ("重庆宏声纸盒", HONGSHENG),
        ("重庆宏声箱", HONGSHENG),
        ("重庆宏大声纸箱", HONGSHENG),
        ("宏声箱纸有限公司", HONGSHENG),
        ("宏声纸箱有限公司", HONGSHENG),
        ("洪生纸箱", HONGSHENG),
        ("hongshengzhixia", HONGSHENG),
        ("河北普阳纲铁", PUYANG_STEEL),
    ],
)
def test_one_slip_still_finds_and_says_so(index: Engine, text: str, expected: int) -> None:
    found = index.find(Query(text))
    assert expected in found.ids
    assert found.approximate


def test_what_is_found_as_typed_is_never_called_approximate(index: Engine) -> None:
    assert not index.find(Query("普阳")).approximate
    assert not index.find(Query("普阳", provinces=("500000",))).approximate


def test_a_filter_that_leaves_nothing_does_not_start_guessing(index: Engine) -> None:
    found = index.find(Query("普阳", provinces=("500000",)))
    assert (found.total, found.ids, found.approximate) == (0, (), False)
    assert found.facets["province"] == (("130000", 2),)


@pytest.mark.parametrize("text", ["***", "😀", "（）", "\x00", "\u202e\u200b", "？！"])
def test_signs_without_a_letter_find_nothing_rather_than_everything(index: Engine, text: str) -> None:
    assert index.find(Query(text)).total == 0


def test_signs_inside_a_word_do_not_matter(index: Engine) -> None:
    assert index.find(Query("宏\u200b声\x00")).ids == (HONGSHENG,)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(provinces=("130000",)), {PUYANG_STEEL, PUYANG_CEMENT}),
        (Query(provinces=("130000", "110000")), {PUYANG_STEEL, PUYANG_CEMENT, BANK}),
        (Query(cities=("500100",)), {HONGSHENG, BRANCH}),
        (Query(counties=("500103",)), {BRANCH}),
        (Query(industries=("水泥",)), {PUYANG_CEMENT}),
        (Query(industries=("水泥/粉磨站",)), {PUYANG_CEMENT}),
        (Query(industries=("焦化", "包装印刷")), {HONGSHENG, PUYANG_STEEL}),
        (Query(grades=("A",)), {PUYANG_STEEL}),
        (Query(overall=("B",)), {HONGSHENG, PUYANG_STEEL}),
        (Query(schemes=("local",)), {PUYANG_CEMENT}),
        (Query(stages=("proposed",)), {PUYANG_STEEL}),
        (Query(excellence=True), {PUYANG_STEEL}),
        (Query(excellence=False), {HONGSHENG, PUYANG_CEMENT, BANK, BRANCH, SHAN, ALUMINIUM}),
        (Query(unlisted=True), {PUYANG_CEMENT}),
        (Query(downgraded_since=date(2023, 1, 9)), {PUYANG_CEMENT}),
        (Query(downgraded_since=date(2023, 1, 10)), set()),
        (Query("普阳", grades=("A",), provinces=("130000",)), {PUYANG_STEEL}),
        (Query(near=(36.7, 114.2), radius_km=5), {PUYANG_STEEL, PUYANG_CEMENT}),
        (Query(near=(36.7, 114.2), radius_km=1), {PUYANG_STEEL}),
        (Query(bbox=(106.5, 29.6, 106.5, 29.6)), {HONGSHENG}),
        (Query(bbox=(100, 20, 120, 40)), {HONGSHENG, PUYANG_STEEL, PUYANG_CEMENT}),
        (Query(bbox=(114.205, 36, 115, 37), near=(36.7, 114.2), radius_km=5), {PUYANG_CEMENT}),
        (Query(bbox=(114.205, 36, 115, 37), near=(36.7, 114.2), radius_km=5, sort="since"), {PUYANG_CEMENT}),
        (Query(bbox=(114.205, 36, 115, 37), near=(36.7, 114.2), radius_km=1, sort="id"), set()),
    ],
)
def test_filters_narrow(index: Engine, query: Query, expected: set[int]) -> None:
    found = index.find(query)
    assert set(found.ids) == expected
    assert found.total == len(expected)


def test_each_facet_is_counted_without_its_own_filter(index: Engine) -> None:
    facets = index.find(Query(provinces=("130000",), overall=("B",))).facets
    assert facets["province"] == (("130000", 1), ("500000", 1))
    assert facets["overall"] == (("B", 1), ("引领性", 1))
    assert facets["grade"] == (("A", 1), ("B", 1))
    assert facets["industry"] == (("焦化", 1), ("钢铁", 1), ("钢铁/长流程", 1))
    assert facets["city"] == (("130400", 1),)
    assert facets["county"] == (("130481", 1),)
    assert facets["excellence"] == (("1", 1),)


def test_counties_are_counted_only_where_a_place_is_chosen(index: Engine) -> None:
    assert not {"city", "county"} & set(index.find(Query()).facets)


def test_the_exact_name_comes_first_then_what_begins_so_then_what_contains_it(
    index: Engine, register: Register
) -> None:
    register.publish(
        Document(id=40, name="新宏声纸箱"), Document(id=41, name="宏声"), Document(id=42, name="宏声建材"),
        Document(id=43, name="红星厂", former_names=("老宏声厂",)), Document(id=44, name="红星二厂", former_names=("宏声",)),
    )  # fmt: skip
    index.catch_up(register)
    assert index.find(Query("宏声")).ids == (41, 44, 42, HONGSHENG, 40, 43)


def test_orders(index: Engine) -> None:
    def order(sort: str) -> list[int]:
        return list(index.find(Query(sort=sort)).ids)

    assert order("id") == [3, 7, 12, 20, 21, 30, 31]
    assert order("since") == [7, 3, 12, 20, 30, 21, 31]
    assert order("downgraded") == [12, 3, 7, 20, 21, 30, 31]
    assert order("name") == [SHAN, PUYANG_STEEL, ALUMINIUM, PUYANG_CEMENT, BANK, BRANCH, HONGSHENG]
    assert list(index.find(Query()).ids) == order("since")


def test_the_nearest_come_first_with_their_distance(index: Engine) -> None:
    found = index.find(Query(near=(36.7, 114.2), radius_km=100))
    assert found.ids == (PUYANG_STEEL, PUYANG_CEMENT)
    assert found.kilometres[PUYANG_STEEL] == 0
    assert found.kilometres[PUYANG_CEMENT] == pytest.approx(1.43, abs=0.01)
    by_name = index.find(Query(near=(36.7, 114.2), sort="name"))
    assert by_name.kilometres == found.kilometres


@pytest.mark.parametrize("sort", ["relevance", "since", "downgraded", "name", "id"])
def test_a_cursor_goes_on_where_it_stood_while_entries_come_and_go(
    index: Engine, register: Register, sort: str
) -> None:
    first = index.find(Query(sort=sort, limit=3))
    rest = list(index.find(Query(sort=sort)).ids)[3:]
    register.withdraw(first.ids[0])
    register.publish(Document(id=99, name="新来的厂", since=date(2022, 6, 1)))
    index.catch_up(register)
    going_on = index.find(Query(sort=sort, cursor=first.next))
    assert [number for number in going_on.ids if number != 99] == rest


def test_a_cursor_of_another_order_is_refused(index: Engine) -> None:
    cursor = index.find(Query(sort="id", limit=1)).next
    with pytest.raises(CursorNotValid):
        index.find(Query(sort="name", cursor=cursor))


@pytest.mark.parametrize("cursor", ["", "x", "e30", "WzFd", "🙂", "A" * 1999, "W1tbW1tbW1tbW1tb"])
def test_a_made_up_cursor_is_refused(index: Engine, cursor: str) -> None:
    with pytest.raises(CursorNotValid):
        index.find(Query(cursor=cursor))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("普", (PUYANG_STEEL, PUYANG_CEMENT)),
        ("河北普", (PUYANG_STEEL,)),
        ("宏声", (HONGSHENG,)),
        ("hongsh", (HONGSHENG,)),
        ("hszx", (HONGSHENG,)),
        ("911302", (HONGSHENG,)),
        ("普阳 水泥", (PUYANG_CEMENT,)),
        ("公司", ()),
        ("", ()),
        ("***", ()),
        ("a b c d e f g h", ()),
        ("宏" * 65, ()),
    ],
)
def test_suggestions_while_typing(index: Engine, text: str, expected: tuple[int, ...]) -> None:
    assert set(index.suggest(text)) == set(expected) or text == "普"


def test_suggestions_begin_with_names_that_begin_so(index: Engine) -> None:
    assert index.suggest("武安市普阳") == (PUYANG_CEMENT, PUYANG_STEEL)
    assert index.suggest("重", limit=1) == (HONGSHENG,)


@pytest.mark.parametrize("query", [Query("普阳"), Query(), Query(near=(36.7, 114.2), radius_km=500)])
def test_a_question_may_be_asked_among_some_ids_only(index: Engine, query: Query) -> None:
    everything = set(index.find(replace(query, sort="id")).ids)
    among = (PUYANG_CEMENT, BANK, 999_999)
    found = index.find(replace(query, sort="id", among=among))
    assert set(found.ids) == everything & set(among)
    assert found.total == len(found.ids)
