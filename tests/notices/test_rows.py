"""What the cells of a row mean: labels, changes, management grades, removals, names with lines, codes, places."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from public_site.notices import codes, headers
from tests.notices.reading_desk import grades, only_row, read_csv


@pytest.mark.parametrize("header", headers.headers_of("grade"))
def test_every_usual_name_of_the_grade_column_is_known(tmp_path: Path, header: str) -> None:
    if header in ("级别", "等级"):
        header = " ".join(header)  # and spaces inside a header do not matter
    assert only_row(read_csv(tmp_path, f"企业名称,{header}\n演示有限公司,B级\n")).grade == "B"


@pytest.mark.parametrize(
    "header", ["企业名称", "单位名称", "企业（生产线）名称", "企 业 名 称", "\"企业\n名称\"", "企业名称："]
)  # fmt: skip
def test_names_of_the_name_column_are_known(tmp_path: Path, header: str) -> None:
    assert only_row(read_csv(tmp_path, f"{header},绩效等级\n演示有限公司,B级\n")).name == "演示有限公司"


@pytest.mark.parametrize(
    ("header", "county"), [("地市", None), ("设区市", None), ("县（市、区）", None), ("所在地", None), ("区 县", None)]
)
def test_place_columns_are_known(tmp_path: Path, header: str, county: None) -> None:
    row = only_row(read_csv(tmp_path, f"企业名称,{header},绩效等级\n演示有限公司,唐山市,B级\n"))
    assert (row.city, row.county) == ("130200", county)


def test_city_and_county_columns_may_both_be_there(tmp_path: Path) -> None:
    text = "企业名称,地 市,区县,绩效等级\n演示有限公司,唐山,路北区,B级\n"
    assert only_row(read_csv(tmp_path, text)).county == "130203"


def test_an_ambiguous_county_is_settled_by_the_issuer_or_left_open(tmp_path: Path) -> None:
    text = "企业名称,区县,绩效等级\n演示有限公司,鼓楼区,B级\n"
    assert only_row(read_csv(tmp_path, text, issuer="南京市生态环境局")).county == "320106"
    row = only_row(read_csv(tmp_path, text, issuer="江苏省生态环境厅"))
    assert (row.province, row.city, row.county, row.place) == ("320000", None, None, "鼓楼区")


def test_a_place_outside_the_issuer_gets_no_code(tmp_path: Path) -> None:
    row = only_row(read_csv(tmp_path, "企业名称,所在地,绩效等级\n演示有限公司,唐山市,B级\n", issuer="重庆市生态环境局"))
    assert (row.province, row.place) == (None, "唐山市")


@pytest.mark.parametrize(
    ("grade_cell", "remark", "grade", "previous"),
    [
        ("C", "由B级降为C级", "C", "B"), ("C级", "原B级", "C", "B"), ("B→C", "", "C", "B"), ("由B级调整为B-级", "", "B-", "B"),
        ("A级（原B级）", "", "A", "B"), ("C", "绩效等级B级降至C级", "C", "B"), ("A", "B级晋升为A级", "A", "B"), ("C", "B级降C级", "C", "B"),
        ("C", "原为B级，现调整为C级", "C", "B"), ("C", "B级已降为C级", "C", "B"), ("A", "B升A", "A", "B"), ("B", "新增", "B", None),
        ("非引领性", "由引领性调整为非引领性", "非引领性", "引领性"), ("B", "按国家有关规定加强管理", "B", None),
    ],
)  # fmt: skip
def test_a_change_is_read_from_the_grade_cell_or_the_remark(
    tmp_path: Path, grade_cell: str, remark: str, grade: str, previous: str | None
) -> None:
    row = only_row(read_csv(tmp_path, f"企业名称,绩效等级,备注\n演示有限公司,{grade_cell},{remark}\n"))
    assert (row.grade, row.previous_grade, row.listed) == (grade, previous, True)


@pytest.mark.parametrize(
    "remark", ["移出名单", "未再列入", "取消A级资格", "撤销绩效等级", "不再列入A级企业名单", "取消其A级企业称号"]
)
def test_wording_of_removal_makes_a_row_no_longer_listed(tmp_path: Path, remark: str) -> None:
    row = only_row(read_csv(tmp_path, f"企业名称,绩效等级,备注\n演示有限公司,A,{remark}\n"))
    assert (row.grade, row.listed) == ("A", False)


def test_a_grade_that_is_taken_away_in_the_grade_cell_is_the_former_one(tmp_path: Path) -> None:
    row = only_row(read_csv(tmp_path, "企业名称,原等级,现等级\n演示有限公司,A级,取消等级\n"))
    assert (row.grade, row.listed) == ("A", False)


def test_a_notice_that_removes_marks_every_row(tmp_path: Path) -> None:
    text = "关于将部分企业移出A级企业名单的公告\n企业名称,行业\n演示一有限公司,铸造\n演示二有限公司,铸造\n"
    assert [(row.grade, row.listed) for row in read_csv(tmp_path, text).accepted().rows] == [("A", False)] * 2


def test_a_notice_that_awards_and_removes_at_once_is_asked_about(tmp_path: Path) -> None:
    text = "关于新增及取消A级企业的公告\n企业名称,绩效等级\n演示一有限公司,A\n"
    assert "scope" in [question.about for question in read_csv(tmp_path, text).questions]


def test_managed_as_keeps_the_assessed_grade_and_expires_a_year_after_the_notice(tmp_path: Path) -> None:
    text = "企业名称,绩效等级,备注\n演示有限公司,C,可按照环保绩效B-级企业进行管理（一年内）\n"
    row = only_row(read_csv(tmp_path, text, issued_on=date(2024, 2, 29)))
    assert (row.grade, row.managed_as, row.managed_until) == ("C", "B-", date(2025, 2, 28))


def test_managed_as_in_columns_of_its_own(tmp_path: Path) -> None:
    text = "企业名称,绩效等级,管理等级,管理有效期\n演示有限公司,C,B-级,2025年3月1日\n演示二有限公司,C,,\n"
    rows = [(row.managed_as, row.managed_until) for row in read_csv(tmp_path, text).accepted().rows]
    assert rows == [("B-", date(2025, 3, 1)), (None, None)]


@pytest.mark.parametrize(
    ("written", "name", "line"),
    [
        ("演示有限公司年产10万m³混凝土生产线（不含机制砂生产线）", "演示有限公司", "年产10万m³混凝土生产线（不含机制砂生产线）"),
        ("演示（集团）有限公司（1号生产线）", "演示（集团）有限公司", "1号生产线"),
        ("演示有限公司唐山分公司", "演示有限公司唐山分公司", None),
    ],
)  # fmt: skip
def test_a_line_is_a_unit_of_its_enterprise(tmp_path: Path, written: str, name: str, line: str | None) -> None:
    row = only_row(read_csv(tmp_path, f"企业（生产线）名称,绩效等级\n{written},引领性\n"))
    assert (row.name, row.line) == (name, line)


def test_a_former_name_is_kept_apart(tmp_path: Path) -> None:
    text = "企业名称,曾用名,绩效等级\n演示一有限公司（原示范一有限公司）,,B\n演示二有限公司,示范二有限公司,B\n"
    rows = [(row.name, row.former_name) for row in read_csv(tmp_path, text).rows]
    assert rows == [("演示一有限公司", "示范一有限公司"), ("演示二有限公司", "示范二有限公司")]


def test_contacts_are_left_behind(tmp_path: Path) -> None:
    text = "企业名称,绩效等级,联系人,联系电话,备注\n演示有限公司,B,张某某,13800000000,新增，联系人张某某 13800000000\n"
    found = read_csv(tmp_path, f"关于绩效评级的公示\n公示期5个工作日，联系人：张某某，电话：023-12345678\n{text}")
    said = f"{found.notice} {only_row(found)}"
    assert not any(private in said for private in ("张某某", "13800000000", "12345678"))
    assert found.notice.objection_window == "公示期5个工作日"


def test_control_characters_are_removed_from_names(tmp_path: Path) -> None:
    assert only_row(read_csv(tmp_path, "企业名称,绩效等级\n演\u200b示\x07有限\u00a0公司,B\n")).name == "演示有限 公司"


@pytest.mark.parametrize("sign", ["\ufffd", "\ue863"])
def test_a_sign_lost_in_conversion_is_pointed_out_not_dropped(tmp_path: Path, sign: str) -> None:
    (problem,) = read_csv(tmp_path, f"企业名称,绩效等级\n演示{sign}有限公司,B\n").problems
    assert f"U+{ord(sign):04X}" in problem.message


def test_brackets_of_another_width_do_not_make_another_enterprise(tmp_path: Path) -> None:
    (problem,) = read_csv(tmp_path, "企业名称,绩效等级\n演示（一）有限公司,B\n演示(一)有限公司,B\n").problems
    assert "重复" in problem.message


def test_grades_of_several_tables_come_from_their_headings(tmp_path: Path) -> None:
    text = "企业名称,行业\n一、A级企业\n演示一有限公司,铸造\n二、B-级企业\n演示二有限公司,铸造\n"
    found = read_csv(tmp_path, text, "A级企业名单.csv")
    assert grades(found) == [("A", "national-2020"), ("B-", "national-2020")]


def test_the_column_goes_before_the_file_name(tmp_path: Path) -> None:
    assert grades(read_csv(tmp_path, "企业名称,绩效等级\n演示有限公司,C\n", "A级企业名单.csv")) == [
        ("C", "national-2020")
    ]


def test_the_file_name_decides_between_the_grades_of_a_given_title(tmp_path: Path) -> None:
    text, title = "企业名称,行业\n演示有限公司,铸造\n", "关于公布A级、引领性、B级(含B-)企业名单的公告"
    assert grades(read_csv(tmp_path, text, "附表1 A级企业名单 .csv", title=title)) == [("A", "national-2020")]
    found = read_csv(tmp_path, text, "附表3 B级企业名单.csv", title=title)
    assert "B 还是 B-" in found.problems[0].message


def test_a_letter_of_another_alphabet_in_a_file_name_is_not_passed_over(tmp_path: Path) -> None:
    found = read_csv(tmp_path, "企业名称,行业\n演示有限公司,铸造\n", "А级企业名单.csv")
    assert "看起来像" in found.problems[0].message


def test_a_plus_belongs_to_the_scheme_of_2026_and_an_earlier_date_is_asked_about(tmp_path: Path) -> None:
    text = "企业名称,绩效等级\n演示有限公司,卓越级\n"
    found = read_csv(tmp_path, text, issued_on=date(2026, 6, 1))
    assert (grades(found), [q.about for q in found.questions if q.about == "scheme"]) == ([("A+", "national-2026")], [])
    early = read_csv(tmp_path, text, issued_on=date(2024, 6, 1))
    assert "scheme" in [question.about for question in early.questions]


def test_a_notice_under_a_local_standard_is_local_throughout(tmp_path: Path) -> None:
    found = read_csv(tmp_path, "企业名称,行业,绩效等级\n演示有限公司,演示行业,A\n", local=True)
    assert (found.notice.scheme, grades(found), found.problems) == ("local", [("A", "local")], ())


def test_units_of_one_enterprise_may_differ_by_site_line_and_industry(tmp_path: Path) -> None:
    text = "企业名称,行业,厂区,绩效等级\n演示有限公司,铸造,东,A\n演示有限公司,铸造,西,B\n演示有限公司,焦化,东,C\n"
    assert read_csv(tmp_path, text).accepted().row_count == 3


def test_problems_are_capped_with_a_closing_note(tmp_path: Path) -> None:
    found = read_csv(tmp_path, "企业名称,绩效等级\n" + "".join(f"演示{at}有限公司,E\n" for at in range(1_500)))
    assert len(found.problems) == 1_001
    assert "500处" in found.problems[-1].message


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_the_check_sign_is_that_of_the_standard(beginning: str) -> None:
    right = uscc.calc_check_digit(beginning)
    for sign in "0123456789ABCDEFGHJKLMNPQRTUWXY":
        try:
            assert codes.credit_code(beginning + sign) == beginning + sign
            assert sign == right
        except codes.BadCode:
            assert sign != right


def test_a_code_may_be_written_with_spaces_quotes_and_small_letters() -> None:
    assert codes.credit_code(" '9113 0200 6992 2961 7x") == "91130200699229617X"
    assert codes.credit_code("９１１３０２００６９９２２９６１７Ｘ") == "91130200699229617X"
    assert codes.credit_code("-") is None
    assert codes.permit("91130200699229617X001P") == "91130200699229617X001P"
    with pytest.raises(codes.BadCode, match="22位"):
        codes.permit("91130200699229617X")
