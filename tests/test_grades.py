"""Grades: order, short-board rule, schemes, industries, and every label that notices use, or that only looks like one."""

from __future__ import annotations

import unicodedata
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site import grades

LETTERS = ("A+", "A", "B", "B-", "C", "D")
LABELS = {
    "A": "A", "A级": "A", "A类": "A", "A+": "A+", "A+级": "A+", "卓越级": "A+", "A+级（卓越级）": "A+", "卓越级（A+级）": "A+",
    "B": "B", "B级": "B", "B-": "B-", "B-级": "B-", "C级": "C", "D级": "D", "引领性": "引领性", "绩效引领性": "引领性",
    "绩效引领性企业": "引领性", "引领性企业": "引领性", "引领性生产线": "引领性", "引领性\n生产线": "引领性", "非引领性": "非引领性",
    "A（地方标准）": "A", "地方B级": "B", "地方标准A级": "A", "拟A级": "A", "拟认定为B级": "B", "按B-级管理": "B-",
    "可按照环保绩效B-级企业进行管理（一年内）": "B-", "Ａ": "A", "Ａ＋级": "A+", " B 级 ": "B", "b－级": "B-", "绩效等级：C": "C",
}  # fmt: skip


@pytest.mark.parametrize(("written", "value"), LABELS.items())
def test_every_label_of_published_notices_is_understood(written: str, value: str) -> None:
    label = grades.read_label(written)
    assert (label.grade, label.verbatim) == (value, written)
    assert label.scale == grades.grade(value).scale
    assert label.local == ("地方" in written)
    assert label.proposed == ("拟" in written)
    assert label.managed == ("管理" in written)


@pytest.mark.parametrize("dash", "-‐‑‒–—―−－﹣⁻")
def test_every_kind_of_dash_makes_b_minus(dash: str) -> None:
    assert grades.read_label(f"B{dash}").grade == grades.read_label(f"B{dash}级").grade == "B-"


@pytest.mark.parametrize("plus", "+＋﹢⁺")
def test_every_kind_of_plus_makes_a_plus(plus: str) -> None:
    assert grades.read_label(f"A{plus}级").grade == "A+"


@pytest.mark.parametrize(
    "word", ["保障类", "民生保障企业", "战略新兴", "豁免", "自主减排企业", "绿色标杆", "绿色环保引领企业", "环保信用绿", "环保信用黑", "黄"]
)  # fmt: skip
def test_words_of_other_systems_are_refused_with_that_reason(word: str) -> None:
    with pytest.raises(grades.NotAGrade, match="不是绩效等级") as refused:
        grades.read_label(word)
    assert refused.value.remedy.endswith("。")


@pytest.mark.parametrize("written", ["B（含B-）级", "B级(含B-)", "B(含B－)", "B（含B-）级及以上", "A、B级", "B级及以上", "B/C", "A级或B级", "AB"])  # fmt: skip
def test_a_label_of_several_grades_is_never_guessed(written: str) -> None:
    with pytest.raises(grades.AmbiguousGrade):
        grades.read_label(written)


@pytest.mark.parametrize("written", ["А", "А级", "В-级", "С", "Α", "Β", "𝐀", "𝔸级", "Ⓐ", "Á", "ᗅ", "B一级", "A十", "Bㄧ", "B\u00ad级", "\u202eB", "A\x00"])  # fmt: skip
def test_a_sign_that_only_looks_right_is_refused_by_name(written: str) -> None:
    with pytest.raises(grades.LookAlike, match=r"U\+[0-9A-F]{4}"):
        grades.read_label(written)


@pytest.mark.parametrize("written", ["", " ", "-", "E", "A-", "B+", "C-", "B--", "A级引领性", "合格", "一级", "A（卓越级）", "A" * 200])  # fmt: skip
def test_what_nobody_publishes_is_unknown(written: str) -> None:
    with pytest.raises(grades.UnknownGrade) as refused:
        grades.read_label(written)
    assert refused.value.message.endswith("。")
    assert refused.value.remedy.endswith("。")


@given(st.text(max_size=12))
def test_any_text_is_a_grade_that_it_spells_out_or_is_refused(text: str) -> None:
    try:
        label = grades.read_label(text)
    except grades.GradeFault:
        return
    spelled = unicodedata.normalize("NFKC", text).upper()
    assert any(
        mark in spelled
        for mark in {"引领性": ("引领",), "非引领性": ("非",)}.get(label.grade, (label.grade[0], "卓越"))
    )


@given(st.sampled_from(sorted(LABELS)), st.characters(categories=["L", "M", "N", "Cf"]))
def test_an_added_letter_never_gives_another_grade_silently(written: str, sign: str) -> None:
    try:
        label = grades.read_label(written + sign)
    except grades.GradeFault:
        return
    assert label.grade == LABELS[written]


def test_letters_and_leading_are_two_scales_each_with_its_order() -> None:
    assert [grade.label for grade in grades.grades() if grade.scale == "letters"] == list(LETTERS)
    for one, other in combinations(LETTERS, 2):
        assert grades.better(one, other) is True
        assert grades.better(other, one) is False
    assert grades.better("引领性", "非引领性") is True
    assert grades.better("A", "引领性") is None
    assert grades.better("A", "A") is False
    assert all(grade.source for grade in grades.grades())


def test_only_exact_data_values_are_grades() -> None:
    with pytest.raises(grades.UnknownGrade, match="A级"):
        grades.grade("A级")


def test_national_grades_compare_across_versions_and_never_with_local_ones() -> None:
    assert grades.comparable(("A", "national-2020"), ("B", "national-2026"))
    assert not grades.comparable(("A", "national-2020"), ("A", "local"))
    assert not grades.comparable(("A", "national-2020"), ("引领性", "national-2020"))


@pytest.mark.parametrize(
    ("units", "grade", "reason"),
    [
        ([], None, "no_grade"),
        ([("A", "local")], "A", "only_unit"),
        ([("A", "national-2020"), ("B-", "national-2020"), ("B", "national-2026")], "B-", "lowest_of_units"),
        ([("A", "national-2020"), ("A", "local")], None, "not_comparable"),
        ([("A", "national-2020"), ("引领性", "national-2020")], None, "not_comparable"),
    ],
)
def test_the_weakest_unit_decides_where_units_can_be_compared(
    units: list[tuple[str, str]], grade: str | None, reason: grades.OverallReason
) -> None:
    assert grades.overall(units) == grades.Overall(grade, reason)


@given(st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(["national-2020", "national-2026"])), min_size=1))
def test_no_unit_is_below_the_overall_grade(units: list[tuple[str, str]]) -> None:
    overall = grades.overall(units)
    assert overall.grade in {grade for grade, _ in units}
    assert not any(grades.better(overall.grade or "", grade) for grade, _ in units)


def test_the_scheme_is_what_is_cited_else_what_was_in_force() -> None:
    assert grades.scheme_for(date(2024, 1, 1)).id == "national-2020"
    assert grades.scheme_for(date(2026, 1, 12)).id == "national-2020"
    assert grades.scheme_for(date(2026, 1, 13)).id == "national-2026"
    assert grades.scheme_for(date(2026, 5, 1), "按照环办大气函〔2020〕340号").id == "national-2020"
    assert grades.scheme_for(None, "（环办大气〔2026〕2号）").id == "national-2026"
    assert grades.scheme_for(date(2026, 5, 1), local=True).id == "local"
    assert grades.scheme_for(None).id == "national-2020"
    with pytest.raises(grades.UnknownScheme):
        grades.scheme("national-1999")


def test_all_39_industries_of_the_national_guide_are_known_with_a_source() -> None:
    parents = {industry.name for industry in grades.industries("national") if "/" not in industry.name}
    assert len(parents) == 39
    assert all(industry.source for industry in grades.industries())
    for industry in grades.industries("national"):
        assert grades.industry(industry.name).name == industry.name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("陶瓷/建筑陶瓷", "陶瓷/建筑陶瓷"), ("陶瓷（建筑陶瓷）", "陶瓷/建筑陶瓷"), ("建筑陶瓷", "陶瓷/建筑陶瓷"), ("陶瓷/卫生陶瓷", "陶瓷/卫生陶瓷"),
        ("包装 印刷", "包装印刷"), ("包装印刷行业", "包装印刷"), ("铸造业", "铸造"), ("铅、锌冶炼", "铅锌冶炼"), ("水泥粉磨站", "水泥/粉磨站"),
        ("玻璃钢", "玻璃钢(纤维增强塑料制品)"), ("玻璃钢（纤维增强塑料制品）", "玻璃钢(纤维增强塑料制品)"), ("砖瓦窑(非烧结砖)", "砖瓦窑/非烧结砖"),
    ],
)  # fmt: skip
def test_an_industry_is_found_under_the_names_lists_use(written: str, name: str) -> None:
    found = grades.industry(written)
    assert (found.name, found.known) == (name, True)


def test_an_industry_of_a_local_standard_is_known_only_under_it() -> None:
    assert grades.industry("电子工业", "local").known
    assert not grades.industry("电子工业", "national-2020").known
    assert grades.industry("包装印刷", "local").known
    assert not grades.industry("演示行业", "local").known


def test_levels_are_enforced_only_where_a_source_states_them() -> None:
    assert not grades.industry("水泥/粉磨站").allows("B")
    assert grades.industry("水泥/粉磨站").allows("引领性")
    assert grades.industry("水泥/水泥熟料").allows("B-")
    assert grades.industry("水泥/水泥熟料").allows("A+")
    assert not grades.industry("水泥/水泥熟料").allows("引领性")
    assert grades.industry("包装印刷").levels is None


def test_a_mistyped_industry_gets_the_closest_names() -> None:
    assert grades.closest_industries("包装印涮") == ("包装印刷",)
    assert "长流程联合钢铁" in grades.closest_industries("钢铁")
