"""A published grade is corrected or withdrawn by a later entry; what follows from it follows anew."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from public_site import grades, publishing, records, register
from public_site.faults import NotValid
from tests.desk import DRAFTER, Desk, row


def test_a_correction_is_a_new_entry_and_the_old_one_stays_to_be_seen(desk: Desk) -> None:
    name = "演示纸箱有限公司"
    desk.publish([row(name, "B")], on="2022-05-01")
    wrong = desk.publish([row(name, "C")], on="2023-05-01").last_entry
    draft = publishing.draft_correction(desk.database, wrong, {"grade": "A"}, reason="录入有误", by=DRAFTER,
                                        at=datetime.now(UTC))  # fmt: skip
    desk.approve(draft)
    view = desk.enterprise(name)
    assert (view.line.overall_grade, view.line.downgraded_on) == ("A", None)
    newest, mended = view.history[0], view.history[1]
    assert (newest.kind, newest.mends, newest.grade, newest.reason) == ("corrected", wrong, "A", "录入有误")
    assert (mended.grade, mended.mended_by) == ("C", newest.entry)
    assert desk.enterprise(name, known=wrong).line.overall_grade == "C"
    with desk.database.reading() as connection:
        assert records.downgrades(connection) == ([], 0)


def test_a_withdrawal_takes_a_grade_back_and_what_was_before_it_holds_again(desk: Desk) -> None:
    name = "演示纸箱有限公司"
    desk.publish([row(name, "B")], on="2022-05-01")
    wrong = desk.publish([row(name, "D")], on="2023-05-01").last_entry
    draft = publishing.draft_withdrawal(desk.database, wrong, reason="公告撤销", by=DRAFTER, at=datetime.now(UTC))
    desk.approve(draft)
    assert desk.enterprise(name).line.overall_grade == "B"


def test_what_cannot_be_mended_is_said(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")])
    now = datetime.now(UTC)
    with pytest.raises(register.NoSuchEntry):
        publishing.draft_withdrawal(desk.database, 99, reason="x", by=DRAFTER, at=now)
    with pytest.raises(NotValid, match="不是等级条目"):
        publishing.draft_withdrawal(desk.database, 1, reason="x", by=DRAFTER, at=now)
    with pytest.raises(NotValid, match="理由"):
        publishing.draft_withdrawal(desk.database, 3, reason=" ", by=DRAFTER, at=now)
    with pytest.raises(grades.UnknownGrade):
        publishing.draft_correction(desk.database, 3, {"grade": "E"}, reason="x", by=DRAFTER, at=now)


def mend(desk: Desk, entry: int, **changes: str) -> None:
    now = datetime.now(UTC)
    if changes:
        draft = publishing.draft_correction(desk.database, entry, changes, reason="录入有误", by=DRAFTER, at=now)
    else:
        draft = publishing.draft_withdrawal(desk.database, entry, reason="公告撤销", by=DRAFTER, at=now)
    desk.approve(draft)


@pytest.mark.parametrize("changes", [{"grade": "B"}, {}], ids=["corrected", "withdrawn"])
def test_mending_the_grade_before_it_takes_a_downgrade_back_too(desk: Desk, changes: dict[str, str]) -> None:
    wrong = desk.publish([row("演示纸箱有限公司", "A")], on="2023-01-10").last_entry
    desk.publish([row("演示纸箱有限公司", "B")], on="2024-01-10")
    mend(desk, wrong, **changes)
    assert desk.enterprise("演示纸箱有限公司").line.downgraded_on is None
    with desk.database.reading() as connection:
        assert records.downgrades(connection) == ([], 0)


@pytest.mark.parametrize("changes", [{"industry": "胡说行业"}, {"effective_on": "2999-01-01"}])
def test_a_correction_is_held_to_what_a_notice_may_say(desk: Desk, changes: dict[str, str]) -> None:
    entry = desk.publish([row("演示纸箱有限公司", "B")]).last_entry
    with pytest.raises(NotValid):
        mend(desk, entry, **changes)
