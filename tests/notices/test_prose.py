"""Letters without a table, and letters that say of one enterprise more than their table does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from public_site import notices
from tests.notices.reading_desk import only_row, read

HEAD = "关于调整部分企业绩效等级的通知\n"
TAIL = "\n湖北省生态环境厅\n2023年11月20日\n"


def letter(folder: Path, text: str, head: str = HEAD) -> notices.Reading:
    path = folder / "letter.txt"
    path.write_text(head + text + TAIL, encoding="utf-8")
    return read(path)


Said = tuple[str, str | None, str | None, bool]


def said(found: notices.Reading) -> list[Said]:
    return [(row.name, row.previous_grade, row.grade, row.listed) for row in found.accepted().rows]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("将崇阳县昌华实业有限公司绩效等级由B级调整为C级。", [("崇阳县昌华实业有限公司", "B", "C", True)]),
        ("经现场核查，决定将崇阳县昌华实业有限公司绩效等级由A级降为B－级。", [("崇阳县昌华实业有限公司", "A", "B-", True)]),
        ("崇阳县昌华实业有限公司原为B级，现调整为C级。", [("崇阳县昌华实业有限公司", "B", "C", True)]),
        ("崇阳县昌华实业有限公司绩效等级降为C级。", [("崇阳县昌华实业有限公司", None, "C", True)]),
        ("撤销崇阳县昌华实业有限公司B级绩效等级。", [("崇阳县昌华实业有限公司", None, "B", False)]),
        ("经核查，崇阳县昌华实业有限公司不符合B级要求，撤销其B级绩效等级。", [("崇阳县昌华实业有限公司", None, "B", False)]),
        ("将崇阳县昌华实业有限公司移出A级企业名单。", [("崇阳县昌华实业有限公司", None, "A", False)]),
        ("取消甲演示（集团）有限公司、乙演示厂A级绩效等级。", [("甲演示（集团）有限公司", None, "A", False), ("乙演示厂", None, "A", False)]),
        ("撤销甲演示有限公司B级、乙演示有限公司A级绩效等级。", [("甲演示有限公司", None, "B", False), ("乙演示有限公司", None, "A", False)]),
        ("将甲演示有限公司和乙演示有限公司的绩效等级由引领性调整为非引领性。", [("甲演示有限公司", "引领性", "非引领性", True), ("乙演示有限公司", "引领性", "非引领性", True)]),
        ("甲演示有限公司由B级降为C级，乙演示有限公司由C级升为B级。", [("甲演示有限公司", "B", "C", True), ("乙演示有限公司", "C", "B", True)]),
        ("认定甲演示有限公司为A级企业、乙演示有限公司为B级企业。", [("甲演示有限公司", None, "A", True), ("乙演示有限公司", None, "B", True)]),
        ("同意认定甲演示有限公司、乙演示有限公司唐山分公司等2家企业为A级企业。", [("甲演示有限公司", None, "A", True), ("乙演示有限公司唐山分公司", None, "A", True)]),
        ("将首钢股份公司迁安钢铁公司绩效等级由A级降为B级。", [("首钢股份公司迁安钢铁公司", "A", "B", True)]),
    ],
)  # fmt: skip
def test_a_plain_sentence_is_a_row_with_the_line_it_stands_in(
    tmp_path: Path, sentence: str, expected: list[Said]
) -> None:
    found = letter(tmp_path, f"各有关单位：\n{sentence}\n特此通知。")
    assert said(found) == expected
    assert {row.row for row in found.rows} == {3}


def test_the_enterprise_that_a_letter_is_to_is_the_one_it_means(tmp_path: Path) -> None:
    row = only_row(letter(tmp_path, "河北演示钢铁有限公司：\n经现场核查，现将你公司绩效等级由B级调整为C级。",
                          "关于调整河北演示钢铁有限公司绩效等级的通知\n"))  # fmt: skip
    assert (row.name, row.previous_grade, row.grade, row.label, row.row) == (
        "河北演示钢铁有限公司", "B", "C", "绩效等级由B级调整为C级", 3,
    )  # fmt: skip


def test_a_letter_about_one_enterprise_is_a_single_and_decided(tmp_path: Path) -> None:
    notice = letter(
        tmp_path, "将河北演示钢铁有限公司绩效等级由B级降为C级。", "关于河北演示钢铁有限公司绩效等级的通知\n"
    ).notice
    assert (notice.scope, notice.stage, notice.issued_on) == ("single", "decided", date(2023, 11, 20))


def test_managed_as_is_read_with_its_term_and_the_assessed_grade_apart(tmp_path: Path) -> None:
    words = "可按照环保绩效B-级企业进行管理"
    row = only_row(letter(tmp_path, f"甲演示有限公司绩效等级为C级，{words}（一年内）。"))
    assert (row.grade, row.managed_as, row.managed_until) == ("C", "B-", date(2024, 11, 20))
    row = only_row(letter(tmp_path, f"甲演示有限公司{words}至2024年6月30日。"))
    assert (row.grade, row.managed_as, row.managed_until) == (None, "B-", date(2024, 6, 30))
    row = only_row(letter(tmp_path, f"甲演示有限公司{words}，有效期6个月。"))
    assert (row.managed_as, row.managed_until) == ("B-", date(2024, 5, 20))


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("将甲演示有限公司绩效等级调整为B级或C级。", "看不出“甲演示有限公司”的等级怎样变动"),
        ("甲演示有限公司申请由C级调整为B级。", "不像是决定"), ("不同意将甲演示有限公司绩效等级由C级调整为B级。", "不像是决定"),
        ("同意认定甲演示有限公司、乙演示有限公司等3家企业为A级企业。", "说是3家企业，却只写出2家"),
        ("将该公司绩效等级由B级降为C级。", "指的是哪一家"),
    ],
)  # fmt: skip
def test_a_sentence_that_is_not_plain_is_asked_about_with_its_line(tmp_path: Path, sentence: str, says: str) -> None:
    (problem,) = letter(tmp_path, sentence).problems
    assert problem.row == 2
    assert says in problem.message


def test_that_enterprise_is_never_one_of_another_paragraph_nor_one_of_several(tmp_path: Path) -> None:
    two = "将甲演示有限公司绩效等级由B级降为C级。\n将乙演示有限公司绩效等级由B级降为C级。"
    assert [p.row for p in letter(tmp_path, f"{two}\n将该公司绩效等级由C级降为D级。").problems] == [4]
    one = "甲演示有限公司、乙演示有限公司不合要求，将该公司绩效等级由C级降为D级。"
    assert [p.row for p in letter(tmp_path, one).problems] == [2]
    both = letter(tmp_path, "甲演示有限公司、乙演示有限公司不合要求，撤销其B级绩效等级。")
    assert [listed for *_, listed in said(both)] == [False, False]


def test_taking_a_grade_away_without_saying_which_is_asked_about(tmp_path: Path) -> None:
    (problem,) = letter(tmp_path, "撤销甲演示有限公司绩效等级。").problems
    assert (problem.row, "没有写明原来是什么等级" in problem.message) == (2, True)


def test_two_sentences_that_contradict_each_other_are_a_problem(tmp_path: Path) -> None:
    found = letter(tmp_path, "将甲演示有限公司绩效等级由B级降为C级。\n将甲演示有限公司绩效等级由B级降为D级。")
    assert ["第2行是“C”" in problem.message for problem in found.problems] == [True]


def test_sentences_that_name_no_enterprise_make_no_row(tmp_path: Path) -> None:
    text = "对不符合要求的企业，绩效等级降为C级。\n认定B级企业1家。\n各公司应按B级要求管理。\n将甲演示有限公司绩效等级评定为B级。"
    assert said(letter(tmp_path, text)) == [("甲演示有限公司", None, "B", True)]


TABLE = "序号,企业名称,绩效等级\n1,武汉演示涂装有限公司,B级\n2,崇阳县昌华实业有限公司,C级\n"


def with_table(folder: Path, sentence: str) -> notices.Reading:
    path = folder / "list.csv"
    path.write_text(
        f"关于2023年第二批绩效评级结果的公告\n{sentence}\n湖北省生态环境厅\n2023年11月20日\n{TABLE}", encoding="utf-8"
    )
    return read(path)


def test_what_the_letter_says_of_a_row_of_its_table_goes_to_that_row(tmp_path: Path) -> None:
    found = with_table(tmp_path, "其中崇阳县昌华实业有限公司由B级降为C级。")
    assert said(found) == [("武汉演示涂装有限公司", None, "B", True), ("崇阳县昌华实业有限公司", "B", "C", True)]
    assert found.notice.scope == "mixed"


def test_what_the_letter_says_beside_its_table_is_a_row_of_its_own(tmp_path: Path) -> None:
    found = with_table(tmp_path, "另外，将咸宁演示铸造有限公司绩效等级由A级降为B级。")
    assert said(found)[-1] == ("咸宁演示铸造有限公司", "A", "B", True)
    assert [row.row for row in found.rows] == [6, 7, 2]


def test_a_letter_that_contradicts_its_table_is_a_problem(tmp_path: Path) -> None:
    (problem,) = with_table(tmp_path, "其中崇阳县昌华实业有限公司由B级降为D级。").problems
    assert "正文第2行说“崇阳县昌华实业有限公司”" in problem.message
