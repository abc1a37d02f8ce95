"""What stands around a table: title, issuer, dates, stage, scope, number, window for objections, counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from public_site.notices import about, counts
from public_site.notices.about import Text
from public_site.notices.values import Given
from tests.notices.reading_desk import TODAY, read_csv

LIST = "企业名称,绩效等级\n演示有限公司,B\n"


def of(*lines: str) -> about.About:
    texts = [Text(None, at, line, True) for at, line in enumerate(lines, start=1)]
    return about.about(texts, (None, None), Given(), "file")


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        ("关于绩效评级结果的公告", "decided"), ("关于2024年A级企业名单的公示", "proposed"), ("关于公示内蒙古2024年A级企业", "proposed"),
        ("关于确定名单的函", "decided"), ("关于调整演示有限公司绩效等级的通知", "decided"), ("关于公示结果的公告", "decided"),
        ("2025年第一批新增绩效A级企业名单公开", "decided"), ("四川省2022年企业清单（征求意见稿）", "proposed"), ("2024年A级企业名单", None),
    ],
)  # fmt: skip
def test_the_stage_is_what_the_title_says_else_it_is_asked(title: str, stage: str | None) -> None:
    found = of(title)
    assert found.stage == stage
    assert ("stage" in [question.about for question in found.questions]) == (stage is None)


def test_a_bare_list_takes_its_stage_from_its_letter() -> None:
    assert of("2024年A级企业名单", "现将名单予以公示。").stage == "proposed"
    assert of("2024年A级企业名单", "经社会公示，现予以公告。").stage == "decided"


@pytest.mark.parametrize(
    ("title", "scope"),
    [
        ("截至2023年底绩效A级企业名单", "snapshot"), ("2025年第一批新增企业名单", "increment"), ("第四批名单", "increment"),
        ("关于调整演示有限公司绩效等级的通知", "single"), ("绩效评级结果的公告", "increment"),
    ],
)  # fmt: skip
def test_the_scope_is_an_increment_unless_the_title_says_otherwise(title: str, scope: str) -> None:
    assert about.scope(title, Given()) == scope


@pytest.mark.parametrize(
    "line", ["2024年4月24日", "二〇二四年四月二十四日", "2024 年 4 月 24 日", "二○二四年四月二十四日"]
)
def test_the_signature_gives_issuer_and_day(line: str) -> None:
    found = of("关于评级结果的公告", "重庆市生态环境局", line)
    assert (found.issuer, found.issued_on, found.division) == ("重庆市生态环境局", date(2024, 4, 24), "500000")


def test_the_issuer_may_stand_in_the_title_only() -> None:
    assert (
        of("陕西省大气污染治理专项行动领导小组办公室关于确定名单的函").issuer
        == "陕西省大气污染治理专项行动领导小组办公室"
    )


def test_the_day_of_writing_goes_before_the_day_of_publishing() -> None:
    found = of(
        "发布日期：2024-08-14 成文日期：2024-08-05",
        "发文字号：渝环办〔2024〕210号 索引号：11500000MB1614741U/2024-00974",
    )
    assert (found.issued_on, found.number) == (date(2024, 8, 5), "渝环办〔2024〕210号")
    assert found.index_number == "11500000MB1614741U/2024-00974"


def test_two_days_without_a_signature_are_asked_about() -> None:
    found = of("关于评级结果的公告", "2024年4月24日", "2024年5月1日")
    assert found.issued_on is None
    assert "issued_on" in [question.about for question in found.questions]


def test_the_notice_s_own_number_is_not_among_those_it_cites() -> None:
    found = of(
        "关于评级结果的公告",
        "豫环文〔2024〕86号",
        "按照《技术指南（2020年修订版）》（环办大气函〔2020〕340号）和环办便函〔2021〕341号要求",
    )
    assert found.number == "豫环文〔2024〕86号"
    assert found.cited == ("《技术指南（2020年修订版）》（环办大气函〔2020〕340号）", "环办便函〔2021〕341号")


@pytest.mark.parametrize(
    ("sentence", "since", "until"),
    [
        ("公示期：2024年5月23日-2024年5月31日", (2024, 5, 23), (2024, 5, 31)), ("公示时间为2024年12月28日至1月4日", (2024, 12, 28), (2025, 1, 4)),
        ("公示期为5月23日至31日", (2024, 5, 23), (2024, 5, 31)), ("公示期自5月23日起至6月1日", (2024, 5, 23), (2024, 6, 1)),
        ("公示期为5个工作日", (2024, 4, 24), (2024, 4, 30)), ("公示期为公示发布之日起7个工作日", (2024, 4, 24), (2024, 5, 7)),
        ("在公示之日起五个工作日内", (2024, 4, 24), (2024, 4, 30)), ("公示期10日", (2024, 4, 24), (2024, 5, 4)),
        ("公示期为10个自然日", (2024, 4, 24), (2024, 5, 4)), ("自2024年9月27日公示之日起5个工作日", (2024, 9, 27), (2024, 10, 10)),
        ("公示期为5个工作日（2024年4月24日至5月6日）", (2024, 4, 24), (2024, 5, 6)),
    ],
)  # fmt: skip
def test_the_objection_window_is_kept_verbatim_beside_its_first_and_last_day(
    sentence: str, since: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    """24 April 2024 is a Wednesday; the weekend of 28 April was worked for the holiday of 1 to 5 May."""
    found = of("关于A级企业名单的公示", f"{sentence}。联系电话：023-12345678", "2024年4月24日")
    assert found.objection_window == sentence
    assert (found.objection_from, found.objection_until) == (date(*since), date(*until))
    assert found.remarks == []


def test_the_window_opens_on_the_day_of_publication_where_that_is_given() -> None:
    found = of("关于A级企业名单的公示", "成文日期：2024-08-05 发布日期：2024-08-14", "公示期为5个工作日。")
    assert (found.issued_on, found.published_on) == (date(2024, 8, 5), date(2024, 8, 14))
    assert (found.objection_from, found.objection_until) == (date(2024, 8, 14), date(2024, 8, 21))


@pytest.mark.parametrize(
    ("sentence", "day", "says"),
    [
        ("公示期为5个工作日", "2035年4月24日", "还没有那一年的放假安排"), ("公示期内接受社会监督", "2024年4月24日", "看不出起止日期"),
        ("公示期为2024年2月20日至2024年2月30日", "2024年2月20日", "看不出起止日期"),
    ],
)  # fmt: skip
def test_a_window_that_cannot_be_worked_out_keeps_its_words_and_is_said_so(sentence: str, day: str, says: str) -> None:
    found = of("关于A级企业名单的公示", f"{sentence}。", day)
    assert (found.objection_window, found.objection_until) == (sentence, None)
    assert says in found.remarks[0]


def test_the_code_in_front_of_an_index_number_is_held_to_its_check_sign() -> None:
    good, bad = "11500000MB1614741U/2024-00974", "11500000MB1614742U/2024-00974"
    assert "index_number" not in [q.about for q in of(f"索引号：{good}").questions]
    assert "校验位不对" in next(q.message for q in of(f"索引号：{bad}").questions if q.about == "index_number")
    assert "index_number" not in [q.about for q in of("索引号：SM0011-2020-0001").questions]
    texts = [Text(None, 1, f"索引号：{bad}", True)]
    assert "index_number" not in [
        q.about for q in about.about(texts, (None, None), Given(index_number=bad), "f").questions
    ]


def test_an_issuer_whose_name_tells_no_place_is_of_the_place_its_index_number_begins_with() -> None:
    found = of("发文机关：市大气污染防治工作领导小组办公室 索引号：11371500MB28359259/2024-45582733")
    assert found.division == "371500"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("认定B级企业3家、地方标准A级企业2家。", [("B", False, 3), ("A", True, 2)]),
        ("A级77家、B(含B-)级303家、引领性219家", [("A", False, 77), (None, False, 303), ("引领性", False, 219)]),
        ("A级3家、B级12家、B－级1家、引领性1家(共17家)", [("A", False, 3), ("B", False, 12), ("B-", False, 1), ("引领性", False, 1)]),
        ("B级13家（含B-级1家）", [(None, False, 13), ("B-", False, 1)]),
        ("新增A级3家，累计A级40家，目标100家左右B级", [("A", False, 3)]),
        ("认定A级企业（2家）、绩效引领性企业三家。", [("A", False, 2), ("引领性", False, 3)]),
        ("经审核，2家企业评定为A级，十二家企业为B级。", [("A", False, 2), ("B", False, 12)]),
        ("评定为B级的企业有3家；地方标准A级企业2家。", [("B", False, 3), ("A", True, 2)]),
        ("附表1 A级企业名单，附表2 B级2024年名单", []), ("水泥:A级1、B级8、引领性2(粉磨站)", [("A", False, 1), ("B", False, 8), ("引领性", False, 2)]),
    ],
)  # fmt: skip
def test_counts_are_read_and_running_totals_left_out(
    sentence: str, expected: list[tuple[str | None, bool, int]]
) -> None:
    assert [(count.grade, count.local, count.count) for count in counts.stated_in(sentence)] == expected


def test_lines_above_the_header_answer_the_questions(tmp_path: Path) -> None:
    head = "标题,关于演示的公告\n发文机关,重庆市生态环境局\n发文日期,2024-04-24\n文号,渝环〔2024〕1号\n"
    found = read_csv(tmp_path, head + LIST)
    assert (found.questions, found.problems) == ((), ())
    assert (found.notice.title, found.notice.number) == ("关于演示的公告", "渝环〔2024〕1号")


def test_a_bare_list_is_clean_but_carries_its_questions(tmp_path: Path) -> None:
    found = read_csv(tmp_path, LIST)
    assert found.problems == ()
    assert [question.about for question in found.questions] == ["title", "issuer", "issued_on", "stage"]
    assert found.notice.title == "list"


def test_what_is_given_goes_before_what_the_file_says(tmp_path: Path) -> None:
    found = read_csv(
        tmp_path,
        "关于评级结果的公告\n" + LIST,
        title="另一个标题",
        issuer="四川省生态环境厅",
        issued_on=TODAY,
        stage="proposed",
    )
    notice = found.notice
    assert (notice.title, notice.division, notice.issued_on, notice.stage) == (
        "另一个标题",
        "510000",
        TODAY,
        "proposed",
    )
    assert found.questions == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "公示期为5个工作日，如有异议请向李四（67811234）反映", "公示期为5个工作日向李四反映", "公示期为5个工作日（受理人：王小明，023-6781 1234）",
        "公示期为5个工作日，电子邮箱zhangsan@163.com", "公示期为5个工作日；138 0000 1234",
    ],
)  # fmt: skip
def test_of_an_objection_window_nothing_is_kept_but_the_window(sentence: str) -> None:
    assert of("关于A级企业名单的公示", sentence).objection_window == "公示期为5个工作日"
