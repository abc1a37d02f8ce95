"""From desk to desk: what a second person approves is exactly what they saw, and nobody is two people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from public_site import drafts, handovers, publishing, reviews
from public_site.faults import NotValid
from tests.desk import APPROVER, DRAFTER, Desk, row


def now() -> datetime:
    return datetime.now(UTC)


def hand_over(desk: Desk, draft: int, by: str = DRAFTER) -> str:
    reviews.hand_over(desk.database, draft, by=by, at=now())
    return reviews.review(desk.database, draft, at=now()).fingerprint


def approve(desk: Desk, draft: int, seen: str, by: str = APPROVER) -> publishing.Publication:
    return reviews.approve(desk.database, desk.settings, draft, seen=seen, by=by, at=now())


def test_a_draft_handed_over_and_approved_as_seen_is_published(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    made = approve(desk, draft.id, hand_over(desk, draft.id))
    assert (made.first_entry, made.last_entry) == (1, 3)


def test_what_is_open_cannot_be_handed_over(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "A")], on="2023-05-01")
    with pytest.raises(publishing.NotYetPublishable, match="哪家企业"):
        hand_over(desk, draft.id)
    with desk.database.reading() as connection:
        assert not handovers.is_handed_over(connection, draft.id)


def test_a_page_cannot_approve_what_was_not_handed_over(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    seen = reviews.review(desk.database, draft.id, at=now()).fingerprint
    with pytest.raises(handovers.NotHandedOver):
        approve(desk, draft.id, seen)
    assert desk.latest == 0


def test_two_people_cannot_approve_from_different_states(desk: Desk) -> None:
    one, other = (desk.draft([row(f"演示{n}有限公司", "B")]) for n in ("纸箱", "玻璃"))
    seen_of_one, seen_of_other = hand_over(desk, one.id), hand_over(desk, other.id)
    approve(desk, one.id, seen_of_one)
    with pytest.raises(publishing.SeenOtherwise):  # the register has moved since it was looked at
        approve(desk, other.id, seen_of_other)
    assert desk.latest == 3
    approve(desk, other.id, reviews.review(desk.database, other.id, at=now()).fingerprint)
    assert desk.latest == 6


def test_what_was_changed_after_it_was_seen_is_not_approved(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "A")], on="2023-05-01")
    publishing.decide(desk.database, draft.id, 0, "new", by=DRAFTER)
    seen = hand_over(desk, draft.id)
    reviews.take_back(desk.database, draft.id, by=DRAFTER, at=now())
    publishing.decide(desk.database, draft.id, 0, "skip", by=DRAFTER)
    hand_over(desk, draft.id)
    with pytest.raises(publishing.SeenOtherwise):
        approve(desk, draft.id, seen)


def test_nothing_is_changed_under_the_approvers_eyes(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "A")], on="2023-05-01")
    publishing.decide(desk.database, draft.id, 0, "new", by=DRAFTER)
    hand_over(desk, draft.id)
    with pytest.raises(handovers.HandedOver):
        publishing.decide(desk.database, draft.id, 0, "skip", by=DRAFTER)
    with pytest.raises(handovers.HandedOver):
        reviews.discard(desk.database, draft.id, by=DRAFTER, at=now())
    with pytest.raises(handovers.HandedOver):
        hand_over(desk, draft.id)


def test_a_refusal_goes_back_with_its_reason_and_the_draft_can_come_again(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    hand_over(desk, draft.id)
    with pytest.raises(NotValid, match="理由"):
        reviews.refuse(desk.database, draft.id, "  ", by=APPROVER, at=now())
    reviews.refuse(desk.database, draft.id, "第 5 行应为 C。", by=APPROVER, at=now())
    with desk.database.reading() as connection:
        assert [(s.act, s.who, s.said) for s in handovers.steps(connection, draft.id)] == [
            ("handed_over", DRAFTER, ""),
            ("refused", APPROVER, "第 5 行应为 C。"),
        ]
    approve(desk, draft.id, hand_over(desk, draft.id))
    assert desk.latest == 3


def test_who_had_a_hand_in_a_draft_approves_it_neither_in_the_browser_nor_at_the_machine(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    seen = hand_over(desk, draft.id, by="第三人")
    for by in (DRAFTER, "第三人"):
        with pytest.raises(publishing.SamePerson):
            approve(desk, draft.id, seen, by=by)
        with pytest.raises(publishing.SamePerson):
            publishing.publish(desk.database, desk.settings, draft.id, by=by, at=now())
        with pytest.raises(publishing.SamePerson):
            reviews.refuse(desk.database, draft.id, "不行", by=by, at=now())
    assert desk.latest == 0


def test_the_command_line_approves_what_the_browser_handed_over(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    hand_over(desk, draft.id)
    desk.approve(draft)
    assert desk.latest == 3


def test_a_review_is_worked_out_once_for_each_state_and_never_shown_for_another(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "A")], on="2023-05-01")
    first = reviews.review(desk.database, draft.id, at=now())
    assert reviews.review(desk.database, draft.id, at=now()) == first
    assert first.preview.asked == 1
    publishing.decide(desk.database, draft.id, 0, "new", by=DRAFTER)
    second = reviews.review(desk.database, draft.id, at=now())
    assert (second.preview.asked, second.preview.new.total) == (0, 1)
    desk.publish([row("演示玻璃有限公司", "B")], on="2023-05-02")
    third = reviews.review(desk.database, draft.id, at=now())
    assert third.preview.as_of_entry == desk.latest
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3


def test_a_discarded_draft_is_closed(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    reviews.discard(desk.database, draft.id, by=DRAFTER, at=now())
    with pytest.raises(drafts.DraftClosed):
        reviews.review(desk.database, draft.id, at=now())
