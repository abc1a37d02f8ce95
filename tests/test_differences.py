"""What a draft would change, as the drafter and the approver see it: the same that publishing then appends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from public_site import differences, publishing, records, register
from public_site.drafts import Draft
from tests import databases
from tests.desk import DRAFTER, Desk, row
from tests.notices.reading_desk import SAMPLES

SNAPSHOT = "截至2023年12月31日重庆市重点行业绩效评级A级、B级企业名单的公告"


def seen(desk: Desk, draft: Draft) -> differences.Preview:
    return publishing.preview(desk.database, draft.id, at=datetime.now(UTC))


def names(some: differences.Some[differences.Change]) -> list[str]:
    assert some.total == len(some.items)
    return [change.name for change in some.items]


def test_every_change_is_told_by_name_and_nothing_is_appended(desk: Desk) -> None:
    known = [("演示甲", "A"), ("演示乙", "B"), ("演示丙", "C"), ("演示丁", "A"), ("演示戊", "B")]
    desk.publish([row(f"{name}有限公司", grade) for name, grade in known], on="2022-05-01")
    listed = [("演示甲", "B"), ("演示乙", "A"), ("演示丙", "C"), ("演示己", "A")]
    before = desk.latest
    draft = desk.draft(
        [*(row(f"{n}有限公司", g) for n, g in listed), row("演示戊有限公司", "B", 备注="移出名单")],
        on="2023-12-31", title=SNAPSHOT,
    )  # fmt: skip
    found = seen(desk, draft)
    assert desk.latest == before
    assert (names(found.down), names(found.up)) == (["演示甲有限公司"], ["演示乙有限公司"])
    assert (names(found.unchanged), names(found.new)) == (["演示丙有限公司"], ["演示己有限公司"])
    assert (names(found.removed), names(found.vanished)) == (["演示戊有限公司"], ["演示丁有限公司"])
    assert (found.rows, found.registered, found.is_full_list, found.as_of_entry) == (5, 1, True, before)
    (fall,) = found.down.items
    assert (fall.previous_grade, fall.grade, fall.unit, fall.row) == ("A", "B", "包装印刷", 5)
    made = desk.approve(draft)
    assert found.entries == made.last_entry - made.first_entry + 1
    assert found.blockers == ()


def test_a_former_grade_that_the_register_does_not_bear_out_is_flagged_for_the_approver_and_in_the_entry(
    desk: Desk,
) -> None:
    desk.publish([row("演示甲有限公司", "C"), row("演示乙有限公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示甲有限公司", "B", 备注="由A级降为B级"), row("演示乙有限公司", "C", 原等级="B")],
                       on="2023-12-31")  # fmt: skip
    found = seen(desk, draft)
    (change,) = found.disagreements.items
    assert (change.name, change.kind, change.previous_grade, change.stated_previous_grade, change.disagrees) == (
        "演示甲有限公司", "upgraded", "C", "A", True,
    )  # fmt: skip
    assert found.warnings[0].startswith("有 1 行写明的原等级与本站登记的不一致")
    made = desk.approve(draft)
    with desk.database.reading() as connection:
        entries = [e for e in register.since(connection, made.first_entry - 1) if e.unit]
    assert [e.data["stated_previous_grade"] for e in entries] == ["A", "B"]
    assert [e.data["previous_grade"] for e in entries] == ["C", "B"]


def test_rows_that_ask_or_are_left_out_are_counted_beside_and_end_nothing(desk: Desk) -> None:
    desk.publish([row("演示甲有限责任公司", "A"), row("演示乙有限责任公司", "A")], on="2022-05-01")
    draft = desk.draft([row("演示甲有限公司", "A"), row("演示乙有限公司", "A"), row("演示丙有限公司", "A")],
                       on="2023-12-31", title=SNAPSHOT)  # fmt: skip
    publishing.decide(desk.database, draft.id, 0, "skip", by=DRAFTER)
    found = seen(desk, draft)
    assert (found.rows, found.asked, found.left_out, found.vanished.total) == (3, 1, 1, 0)
    assert names(found.new) == ["演示丙有限公司"]
    assert [sentence for sentence in found.blockers if "1 行不知道是哪家企业" in sentence]


def test_the_counts_sentence_is_held_against_what_would_be_published(desk: Desk) -> None:
    desk.publish([row("演示甲有限责任公司", "A")], on="2022-05-01")
    draft = desk.draft([row("演示甲有限公司", "A"), row("演示乙有限公司", "A")], on="2023-05-01",
                       title="重庆市生态环境局关于认定A级企业2家的公告")  # fmt: skip
    publishing.decide(desk.database, draft.id, 0, "skip", by=DRAFTER)
    found = seen(desk, draft)
    assert found.counts == (differences.CountCheck("A级企业", 2, 2, 1),)
    assert "通知说“A级企业”有 2 家，将要发布的是 1 家。" in found.warnings


def test_a_contradiction_and_open_questions_are_blockers_not_errors(desk: Desk) -> None:
    desk.publish([row("演示甲有限责任公司", "A")], on="2022-05-01")
    draft = desk.draft([row("演示甲有限公司", "A"), row("演示甲有限责任公司", "B")], on="2023-05-01", issuer="")
    with desk.database.reading() as connection:
        known = connection.exec_driver_sql("SELECT id FROM enterprise").scalar_one()
    publishing.decide(desk.database, draft.id, 0, "same", known, by=DRAFTER)
    found = seen(desk, draft)
    assert [sentence[:9] for sentence in found.blockers] == ["文件里没有发文机关", "第 5 行与第 6 行"[:9]]


def test_the_register_moving_under_a_draft_is_told_and_the_preview_is_of_the_register_as_it_is(desk: Desk) -> None:
    draft = desk.draft([row("演示甲有限公司", "B")], on="2023-05-01")
    desk.publish([row("演示甲有限公司", "A")], on="2022-05-01")
    found = seen(desk, draft)
    assert names(found.down) == ["演示甲有限公司"]
    assert "1 行的企业匹配随之改变" in found.warnings[0]


def test_a_correction_is_told_as_what_it_is(desk: Desk) -> None:
    made = desk.publish([row("演示甲有限公司", "A")], on="2022-05-01")
    draft = publishing.draft_correction(desk.database, made.last_entry, {"grade": "B"}, reason="笔误", by=DRAFTER,
                                        at=datetime.now(UTC))  # fmt: skip
    found = seen(desk, draft)
    assert [(c.kind, c.name, c.grade) for c in found.other.items] == [("corrected", "演示甲有限公司", "B")]


@pytest.mark.parametrize("name", ["award_with_letter.csv", "mixed_downgrade.csv"])
def test_a_downgrade_among_awards_is_a_downgrade_whether_the_letter_or_a_remark_says_so(desk: Desk, name: str) -> None:
    taken = desk.take_in(SAMPLES / "good" / name)
    found = seen(desk, taken.draft)
    assert (found.blockers, names(found.disagreements)) == ((), [])
    fallen = names(found.down)
    assert "崇阳县昌华实业有限公司" in fallen
    desk.approve(taken.draft)
    with desk.database.reading() as connection:
        changes, _ = records.downgrades(connection)
        assert [change.enterprise_name for change in changes] == fallen[::-1]
    assert desk.enterprise("崇阳县昌华实业有限公司").history[0].kind == "downgraded"


def test_a_letter_of_one_enterprise_changes_the_enterprise_that_the_lists_know(desk: Desk) -> None:
    known = row("崇阳县昌华实业有限公司", "B", industry="铸造", county="", 地市="咸宁市")
    desk.publish([known], on="2022-05-01", issuer="湖北省生态环境厅")
    draft = desk.take_in(SAMPLES / "good" / "letter_single.txt").draft
    found = seen(desk, draft)
    (fall,) = found.down.items
    assert (fall.name, fall.previous_grade, fall.grade, fall.row) == ("崇阳县昌华实业有限公司", "B", "C", 4)
    assert (found.registered, found.asked) == (0, 0)


@databases.on_one
def test_a_long_list_is_told_with_its_total_and_its_first_items(desk: Desk) -> None:
    draft = desk.draft([row(f"演示{number}号有限公司", "A") for number in range(differences.MOST + 5)])
    found = seen(desk, draft)
    assert (found.new.total, len(found.new.items), found.new.items[0].name) == (205, 200, "演示0号有限公司")
    assert found.registered == 205
