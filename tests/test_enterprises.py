"""Names, codes, and the one question that matters: is this row an enterprise we know?"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from public_site.enterprises import Known, Wanted, core_name, is_credit_code, match, normal_name

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
    assert (found.status, found.candidates) == ("question", ((9, "河钢股份有限公司唐山分公司"),))
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


def test_the_same_name_with_another_code_is_a_question() -> None:
    found = match(
        Wanted("河钢股份有限公司唐山分公司", None, "911302307808371268", "130000", "130200", None), [TANGSHAN]
    )
    assert found.status == "question"
    assert "信用代码不同" in found.reason


def test_what_is_like_nothing_is_new() -> None:
    assert match(wanted("重庆京东方光电科技有限公司"), []).status == "new"
