"""One normal form for index and query, and pieces that make a substring a look-up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site import search
from public_site.search import sounds
from public_site.search import text as texts


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("重慶宏聲紙箱有限責任公司", "重庆宏声纸箱有限责任公司"),
        ("ＴＣＬ（中国）　Ｌｔｄ．", "tcl中国ltd"),
        ("宏声-纸箱·【二】厂", "宏声纸箱二厂"),
        ("㈱东芝①", "株东芝1"),
        ("Café", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("\u202e宏\x00声\u200b", "宏声"),
        ("\ud800宏", "宏"),
    ],
)
def test_ways_of_writing_become_one(written: str, normal: str) -> None:
    assert search.normal(written) == normal


@given(st.text())
def test_a_normal_form_stays_as_it_is(text: str) -> None:
    once = search.normal(text)
    assert search.normal(once) == once
    assert once == texts.normal_with_places(text)[0]


def test_a_code_copied_with_gaps_is_one_word() -> None:
    assert search.terms("9113 0200 6992 2961 7X") == ("91130200699229617x",)
    assert search.terms("普阳 钢铁") == ("普阳", "钢铁")


@given(st.text("重庆宏声有限公司", min_size=2, max_size=20))
def test_a_chain_of_pieces_makes_up_the_text_and_each_piece_is_indexed(text: str) -> None:
    links = texts.chain(text)
    assert set(links) <= set(texts.grams("某" + text + "某"))
    joined = links[0]
    for link in links[1:]:
        assert joined[-2:] == link[:2]
        joined += link[2:]
    assert joined == text


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("宏声纸箱有限责任公司", "宏声纸箱"),
        ("普阳水泥集团股份有限公司", "普阳水泥"),
        ("东方家具厂", "东方家具厂"),
        ("有限公司", "有限公司"),
    ],
)
def test_the_legal_form_can_be_left_out(name: str, rest: str) -> None:
    assert texts.without_form(name) == rest


@given(st.text(max_size=20).map(search.normal))
def test_the_key_for_sorting_names_can_be_read_back(name: str) -> None:
    assert texts.name_of_order(texts.name_order(name)) == name


def test_names_sort_by_pinyin() -> None:
    assert sorted(["重庆", "北京", "安徽", "天津", "3m", "河北"], key=texts.name_order) == [
        "3m",
        "安徽",
        "北京",
        "河北",
        "天津",
        "重庆",
    ]


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("重", {"zhong", "chong"}),
        ("长", {"zhang", "chang"}),
        ("单", {"dan", "shan"}),
        ("铝", {"lv", "lu"}),
        ("有", {"you"}),
    ],
)
def test_all_readings_in_use_count(character: str, expected: set[str]) -> None:
    assert expected <= set(sounds.readings(character))
    assert "wei" not in sounds.readings("有")


def test_letters_are_read_as_syllables_in_every_way() -> None:
    assert sounds.splits("xian") == (("xian",), ("xi", "an"))
    assert sounds.splits("hszx") == ()
    assert (("hong",), "she") in sounds.unfinished("hongshe")
