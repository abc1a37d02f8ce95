"""Names, codes, and the one question that matters: is this row an enterprise we know?"""

from __future__ import annotations

import csv
from pathlib import Path

import opencc
import pytest

from public_site.enterprises import Candidate, Known, Wanted, core_name, is_credit_code, match, normal_name, stem_name

HONGSHENG = Known(
    7, "重庆宏声纸箱有限责任公司", ("重庆宏声纸箱有限责任公司", "重庆宏声包装厂"), None, "500000", "500100", "500102"
)
TANGSHAN = Known(
    9, "河钢股份有限公司唐山分公司", ("河钢股份有限公司唐山分公司",), "91130200699229617X", "130000", "130200", None
)


def wanted(name: str, *, former: str | None = None, code: str | None = None, county: str | None = "500102",
           city: str | None = "500100", province: str | None = "500000") -> Wanted:  # fmt: skip
    return Wanted(name, former, code, province, city, county)


@pytest.mark.parametrize(
    "written",
    [
        "重慶宏聲紙箱有限責任公司",
        "重庆 宏声 纸箱\n有限责任公司",
        "重庆宏声纸箱有限责任公司\u3000",
        "重庆宏声·纸箱有限责任公司",
    ],
)
def test_the_same_name_in_other_dress_is_the_same_name(written: str) -> None:
    assert normal_name(written) == "重庆宏声纸箱有限责任公司"


def test_every_word_that_the_library_would_change_is_given_to_it() -> None:
    """Names without a traditional sign are not given to it, because that would take ten times as long."""
    words = Path(opencc.__file__).parent / "dictionary" / "TSPhrases.txt"
    written = [line.partition("\t")[0] for line in words.read_text(encoding="utf-8").splitlines()]
    simplified = opencc.OpenCC("t2s")
    assert len(written) > 200
    assert [w for w in written if w and normal_name(w) != simplified.convert(w).upper()] == []


def test_brackets_and_letters_of_either_width_are_equal() -> None:
    assert (
        normal_name("ＡＢＣ（中国）有限公司") == normal_name("abc(中国)有限公司") == normal_name("ABC〔中国〕有限公司")
    )


def test_the_legal_form_is_not_part_of_the_core() -> None:
    assert core_name("重庆宏声纸箱有限责任公司") == core_name("重庆宏声纸箱（有限公司）") == "重庆宏声纸箱"


def test_credit_codes_are_judged_as_the_standard_judges_them() -> None:
    samples = Path(__file__).parent / "samples" / "real_identifiers.csv"
    with samples.open(encoding="utf-8") as stream:
        judged = [(r["identifier"], r["checksum"]) for r in csv.DictReader(stream)]
    assert len(judged) >= 9
    for code, verdict in judged:
        assert is_credit_code(code) == (verdict == "valid"), code


def test_a_code_with_a_known_name_is_a_match() -> None:
    found = match(wanted("河钢股份有限公司唐山分公司", code="91130200699229617X"), [HONGSHENG, TANGSHAN])
    assert (found.status, found.enterprise_id) == ("matched", 9)


def test_a_code_with_another_name_is_a_question_whether_it_was_renamed() -> None:
    found = match(wanted("河钢集团唐山分公司", code="91130200699229617X"), [TANGSHAN])
    assert found.status == "question"
    assert found.candidates == (Candidate(9, "河钢股份有限公司唐山分公司", 92, "信用代码相同而名称不同；不在同一省"),)
    assert "更名" in found.reason


def test_a_code_with_another_name_is_a_match_when_the_notice_gives_the_former_name() -> None:
    found = match(
        wanted("河钢集团唐山分公司", former="河钢股份有限公司唐山分公司", code="91130200699229617X"), [TANGSHAN]
    )
    assert (found.status, found.enterprise_id) == ("matched", 9)


def test_a_name_at_its_place_is_a_match_and_a_city_agrees_with_its_county() -> None:
    assert match(wanted("重庆宏声纸箱有限责任公司"), [HONGSHENG]).enterprise_id == 7
    assert match(wanted("重庆宏声纸箱有限责任公司", county=None), [HONGSHENG]).enterprise_id == 7


def test_a_former_name_at_its_place_is_a_match() -> None:
    assert match(wanted("重庆宏声包装厂"), [HONGSHENG]).status == "matched"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (wanted("重庆宏声纸箱有限责任公司", county="500108"), "另一厂区"),
        (wanted("重庆宏声纸箱有限公司"), "公司形式"),
        (wanted("重庆宏声纸箱有限责任公司", county=None, city=None, province=None), "另一厂区"),
    ],
)
def test_a_likeness_is_a_question_and_never_a_match(asked: Wanted, says: str) -> None:
    found = match(asked, [HONGSHENG])
    assert found.status == "question"
    assert says in found.reason


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("重庆市宏声纸箱有限公司", "宏声纸箱"), ("重庆宏声（集团）纸箱有限责任公司", "宏声纸箱"),
        ("宏声（重庆）纸箱有限公司", "宏声纸箱"), ("重庆市涪陵区宏声纸箱厂", "宏声纸箱厂"), ("涪陵宏声纸箱", "宏声纸箱"),
        ("北京宏声纸箱有限公司", "北京宏声纸箱"), ("重庆钢铁", "钢铁"), ("重庆厂", "重庆厂"),
    ],
)  # fmt: skip
def test_the_stem_leaves_out_the_name_s_own_place_and_no_other(name: str, stem: str) -> None:
    assert stem_name(name, ("500000", "500100", "500102")) == stem


@pytest.mark.parametrize(
    ("asked", "score", "says"),
    [
        (wanted("重庆宏声纸箱有限公司"), 95, "名称只差公司形式或括号；同在涪陵区"),
        (wanted("重庆宏声纸箱（有限责任公司）", county=None), 90, "名称只差公司形式或括号；所在地不矛盾"),
        (wanted("宏声纸箱有限公司"), 90, "名称只差前面的地名"), (wanted("涪陵宏声纸箱集团有限公司"), 90, "名称只差前面的地名"),
        (wanted("重庆宏盛纸箱有限公司"), 85, "名称差 1 个字，读音相同"), (wanted("重庆宏远纸箱有限公司"), 75, "名称差 1 个字"),
        (wanted("重庆宏声包装厂有限公司", county="500102"), 95, "公司形式"),
        (wanted("重慶宏聲紙箱有限責任公司", county="500108"), 80, "名称相同；同市不同区县"),
        (wanted("重庆宏声纸箱有限责任公司", county=None, city="510100", province="510000"), 50, "不在同一省"),
        (wanted("重庆宏声纸箱有限责任公司", county=None, city=None, province=None), 85, "一方未写所在地"),
    ],
)  # fmt: skip
def test_a_candidate_comes_with_a_score_and_its_reasons(asked: Wanted, score: int, says: str) -> None:
    found = match(asked, [HONGSHENG])
    assert found.status == "question"
    (candidate,) = found.candidates
    assert candidate.score == score
    assert says in candidate.reason


@pytest.mark.parametrize(
    "asked",
    [
        wanted("重庆宏远涂装有限公司"), wanted("重庆宏盛纸箱有限公司", county="500108"), wanted("重庆宏声纸箱二厂"),
        wanted("重庆第2宏声纸箱有限公司"), wanted("宏纸有限公司"),
    ],
)  # fmt: skip
def test_two_other_signs_another_county_or_a_number_make_another_enterprise(asked: Wanted) -> None:
    assert match(asked, [HONGSHENG]).status == "new"


def test_a_short_name_is_a_question_about_the_long_one_and_the_other_way() -> None:
    here: tuple[str, str, str] = ("130000", "130200", "130283")
    long = Known(3, "首钢股份公司迁安钢铁公司", ("首钢股份公司迁安钢铁公司",), None, *here)
    short = Known(4, "首钢迁钢", ("首钢迁钢",), None, *here)
    (candidate,) = match(Wanted("首钢迁钢", None, None, *here), [long]).candidates
    assert (candidate.score, candidate.reason) == (65, "可能是简称与全称；同在迁安市")
    assert match(Wanted("首钢股份公司迁安钢铁公司", None, None, *here), [short]).status == "question"


def test_of_many_neighbours_that_do_not_even_sound_alike_none_is_meant() -> None:
    def neighbour(number: int, sign: str) -> Known:
        return Known(number, f"宏{sign}纸箱", (f"宏{sign}纸箱",), None, "500000", "500100", "500102")

    distant = [neighbour(at, sign) for at, sign in enumerate("远达丰运", start=10)]
    asked = wanted("宏声纸箱有限公司")
    assert match(asked, distant).status == "new"
    assert [c.id for c in match(asked, [*distant, neighbour(20, "盛")]).candidates] == [20]
    assert len(match(asked, distant[:3]).candidates) == 3


def test_a_list_of_candidates_stays_short_and_the_likeliest_comes_first() -> None:
    counties = [f"5001{n:02}" for n in range(1, 13)]
    known = [Known(n, "演示公司", ("演示公司",), None, "500000", "500100", c) for n, c in enumerate(counties, start=1)]
    found = match(
        Wanted("演示公司", None, None, "510000", "510100", None),
        [*known, Known(99, "演示公司", ("演示公司",), None, "510000", None, None)],
    )
    assert (found.status, found.enterprise_id) == ("matched", 99)
    found = match(Wanted("演示公司", None, "91350100M000100Y43", "500000", "500100", "500199"), known)
    scores = [candidate.score for candidate in found.candidates]
    assert (len(scores), scores) == (8, sorted(scores, reverse=True))


def test_where_a_row_names_no_place_it_is_the_issuer_s() -> None:
    asked = Wanted("重庆宏声纸箱有限责任公司", None, None, "500000", "500100", None, True)
    assert match(asked, [HONGSHENG]).enterprise_id == 7
    placeless = Known(8, "演示公司", ("演示公司",), None, None, None, None)
    assert match(Wanted("演示公司", None, None, "500000", None, None, True), [placeless]).enterprise_id == 8
    assert match(Wanted("演示公司", None, None, "500000", None, None), [placeless]).status == "question"


def test_the_same_name_with_another_code_is_a_question() -> None:
    found = match(
        Wanted("河钢股份有限公司唐山分公司", None, "911302307808371268", "130000", "130200", None), [TANGSHAN]
    )
    assert found.status == "question"
    assert "信用代码不同" in found.reason


def test_what_is_like_nothing_is_new() -> None:
    assert match(wanted("重庆京东方光电科技有限公司"), []).status == "new"
