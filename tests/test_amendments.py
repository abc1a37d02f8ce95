"""What is published is amended openly: corrections, withdrawals, merges and splits are entries, and each can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from public_site import amendments, drafts, publishing, records, register, trails
from public_site.enterprises import NoSuchEnterprise
from public_site.faults import Fault
from tests.amending import CODE, PAPER, PRINT, amend, grade, sound, two, untouched
from tests.desk import DRAFTER, Desk, row

# Notices


def test_a_withdrawn_notice_counts_no_longer_and_can_be_restored(desk: Desk) -> None:
    desk.publish([row(PAPER, "B")], on="2022-05-01")
    second = desk.publish([row(PAPER, "C"), row(PRINT, "A", 统一社会信用代码=CODE)], on="2023-05-01").first_entry
    before = untouched(desk)
    gone = amend(desk, publishing.draft_notice_withdrawal, second, reference="渝环函〔2023〕9号")
    assert (grade(desk, PAPER), desk.enterprise(PAPER).line.downgraded_on) == ("B", None)
    assert desk.enterprise(PRINT).line.units == ()
    with desk.database.reading() as connection:
        view = records.notice(connection, second)
        assert (view.line.withdrawn, view.line.downgrades, view.line.mended_by) == (True, 0, gone)
        assert [c.withdrawn for c in records.notice_changes(connection, second)] == [True, True]
    (said,) = view.amendments
    assert (said.kind, said.reason, said.reference, said.undone) == (
        "notice_withdrawn", "核对原件", "渝环函〔2023〕9号", False,
    )  # fmt: skip
    assert "notice_withdrawn" in [e.kind for e in desk.enterprise(PAPER).history]
    sound(desk)
    amend(desk, publishing.draft_undoing, gone)
    assert grade(desk, PAPER) == "C"
    assert untouched(desk) == before
    assert [e.undone for e in desk.enterprise(PAPER).history if e.kind == "notice_withdrawn"] == [True]
    sound(desk)


def test_a_rename_that_only_a_withdrawn_notice_tells_is_taken_back(desk: Desk) -> None:
    desk.publish([row("演示纸箱厂", "B")], on="2022-05-01")
    second = desk.publish([row(PAPER, "A", 曾用名="演示纸箱厂")], on="2023-05-01").first_entry
    amend(desk, publishing.draft_notice_withdrawal, second)
    line = desk.enterprise("演示纸箱厂").line
    assert (line.name, line.former_names, line.overall_grade) == ("演示纸箱厂", (), "B")
    sound(desk)


def test_the_decisions_of_a_notice_follow_its_corrected_day(desk: Desk) -> None:
    first = desk.publish([row(PAPER, "B")], on="2022-05-01").first_entry
    desk.publish([row(PAPER, "C")], on="2023-05-01")
    corrected = amend(desk, publishing.draft_notice_correction, first, {"issued_on": "2023-06-01"})
    line = desk.enterprise(PAPER).line
    assert (line.overall_grade, line.since, line.downgraded_on) == ("B", "2023-06-01", None)
    assert grade(desk, PAPER, as_of="2023-05-15") == "C"
    with desk.database.reading() as connection:
        (said,) = records.notice(connection, first).amendments
        (found, *_), _total = records.notices(connection)
    assert (said.before, said.facts) == ({"issued_on": "2022-05-01"}, {"issued_on": "2023-06-01"})
    assert (found.id, found.issued_on, found.mended_by) == (first, "2023-06-01", corrected)
    sound(desk)


def test_a_decision_whose_own_day_was_corrected_keeps_it(desk: Desk) -> None:
    published = desk.publish([row(PAPER, "B")], on="2022-05-01")
    amend(desk, publishing.draft_correction, published.last_entry, {"effective_on": "2022-04-01"})
    amend(desk, publishing.draft_notice_correction, published.first_entry, {"issued_on": "2023-06-01"})
    assert desk.enterprise(PAPER).line.since == "2022-04-01"
    sound(desk)


def test_what_was_a_proposal_all_along_is_nobodys_grade(desk: Desk) -> None:
    first = desk.publish([row(PAPER, "A")], on="2022-05-01").first_entry
    amend(desk, publishing.draft_notice_correction, first, {"stage": "proposed", "title": "关于A级企业的公示"})
    view = desk.enterprise(PAPER)
    assert (view.line.overall_grade, view.line.units[0].stage) == (None, "proposed")
    assert view.history[-1].notice
    assert (view.history[-1].notice.title, view.history[-1].notice.stage) == ("关于A级企业的公示", "proposed")
    assert desk.enterprise(PAPER, known=first + 2).line.overall_grade == "A"
    sound(desk)


def test_a_corrected_issuer_brings_its_division(desk: Desk) -> None:
    first = desk.publish([row(PAPER, "A")], on="2022-05-01").first_entry
    amend(desk, publishing.draft_notice_correction, first, {"issuer": "重庆市涪陵区生态环境局"})
    with desk.database.reading() as connection:
        line = records.notice(connection, first).line
    assert line.division
    assert (line.issuer, line.division.code) == ("重庆市涪陵区生态环境局", "500102")
    sound(desk)


# Corrections of corrections


def test_any_sequence_of_mendings_leaves_what_the_last_one_says(desk: Desk) -> None:
    entry = desk.publish([row(PAPER, "C")], on="2022-05-01").last_entry
    first = amend(desk, publishing.draft_correction, entry, {"grade": "A"})
    second = amend(desk, publishing.draft_correction, first, {"grade": "B"})  # a correction of the correction
    assert grade(desk, PAPER) == "B"
    undone = amend(desk, publishing.draft_undoing, second)
    assert grade(desk, PAPER) == "A"
    amend(desk, publishing.draft_undoing, undone)
    assert grade(desk, PAPER) == "B"
    gone = amend(desk, publishing.draft_withdrawal, entry)
    assert desk.enterprise(PAPER).line.units == ()
    amend(desk, publishing.draft_undoing, gone)
    assert grade(desk, PAPER) == "B"
    newest = desk.enterprise(PAPER).history[0]
    assert (newest.kind, newest.mends, newest.mended_kind) == ("undone", gone, "withdrawn")
    sound(desk)


# Citations

CITY = {"issuer": "重庆市涪陵区生态环境局"}


def test_one_decision_published_by_province_and_city_is_one_entry_with_two_citations(desk: Desk) -> None:
    first = desk.publish([row(PAPER, "B")], on="2024-04-24").last_entry
    again = desk.publish([row(PAPER, "B")], on="2024-04-24", **CITY).last_entry
    view = desk.enterprise(PAPER)
    assert [(e.kind, e.cites) for e in view.history if e.unit] == [("cited", first), ("graded", None)]
    (unit,) = view.line.units
    assert (unit.since, unit.entry) == ("2024-04-24", first)
    with desk.database.reading() as connection:
        changes = records.notice_changes(connection, again - 1)
    assert [(c.kind, c.cites, c.entry) for c in changes] == [("cited", first, again)]
    sound(desk)


def test_a_later_notice_that_cites_the_document_repeats_its_decision(desk: Desk) -> None:
    file = desk.write([row(PAPER, "B")], on="2024-04-24")
    first = desk.take_in(file, number="渝环〔2024〕1号").draft
    number = desk.approve(first, "2024-04-24").last_entry
    title = "重庆市涪陵区生态环境局转发《关于绩效评级结果的公告》（渝环〔2024〕1号）的公告"
    desk.publish([row(PAPER, "B")], on="2024-06-01", title=title, **CITY)
    event = desk.enterprise(PAPER).history[0]
    assert (event.kind, event.cites) == ("cited", number)


@pytest.mark.parametrize(
    ("how", "grade_said"),
    [({"on": "2024-04-24"}, "B"), ({"on": "2024-06-01", **CITY}, "B"), ({"on": "2024-04-24", **CITY}, "A")],
    ids=["same issuer", "another day", "another grade"],
)
def test_what_is_not_surely_the_same_decision_is_a_decision(desk: Desk, how: dict[str, str], grade_said: str) -> None:
    desk.publish([row(PAPER, "B")], on="2024-04-24")
    desk.publish([row(PAPER, grade_said)], **how)
    assert desk.enterprise(PAPER).history[0].kind == ("confirmed" if grade_said == "B" else "upgraded")


def test_a_citation_stands_for_itself_when_what_it_cites_is_withdrawn(desk: Desk) -> None:
    first = desk.publish([row(PAPER, "B")], on="2024-04-24").first_entry
    again = desk.publish([row(PAPER, "B")], on="2024-04-24", **CITY).last_entry
    amend(desk, publishing.draft_notice_withdrawal, first)
    (unit,) = desk.enterprise(PAPER).line.units
    assert (unit.grade, unit.entry) == ("B", again)
    sound(desk)


# What is refused


def test_what_cannot_be_amended_is_refused_in_words_and_leaves_nothing(desk: Desk) -> None:
    old, new = two(desk)
    first, entry, last = 1, old + 1, desk.latest
    refused: list[tuple[Callable[..., drafts.Draft], tuple[Any, ...], dict[str, Any], str]] = [
        (publishing.draft_correction, (entry, {}), {}, "没有写明"),
        (publishing.draft_correction, (entry, {"grade": "A"}), {}, "没有不同"),
        (publishing.draft_correction, (entry, {"colour": "红"}), {}, "不能这样更改"),
        (publishing.draft_withdrawal, (first,), {}, "不是等级条目"),
        (publishing.draft_notice_correction, (entry, {"title": "x"}), {}, "不是公告"),
        (publishing.draft_notice_correction, (first, {"issued_on": "2999-01-01"}), {}, "还没有到"),
        (publishing.draft_notice_correction, (first, {"issued_on": "5月1日"}), {}, "YYYY-MM-DD"),
        (publishing.draft_notice_correction, (first, {"title": " "}), {}, "不能留空"),
        (publishing.draft_notice_correction, (first, {"url": "javascript:alert(1)"}), {}, "http"),
        (publishing.draft_notice_correction, (first, {"stage": "final"}), {}, "proposed"),
        (publishing.draft_undoing, (entry,), {}, "没有可收回的"),
        (publishing.draft_enterprise_change, (new, {"credit_code": "1234"}), {}, "不是有效"),
        (publishing.draft_enterprise_change, (new, {"credit_code": CODE}), {}, "merge"),
        (publishing.draft_enterprise_change, (new, {"lat": 107.39, "lon": 29.7}), {}, "写反"),
        (publishing.draft_enterprise_change, (new, {"lat": 29.7}), {}, "同时给出"),
        (publishing.draft_enterprise_change, (new, {"place": "999999"}), {}, "行政区划代码"),
        (publishing.draft_enterprise_change, (new, {"name": "演示"}), {"since": "2020-01-01"}, "不能早于"),
        (publishing.draft_enterprise_change, (last + 9, {"name": "演示"}), {}, "没有第"),
        (publishing.draft_site, (last + 9, "一厂"), {}, "没有第"),
        (publishing.draft_merge, (old, old), {}, "它自己"),
        (publishing.draft_merge, (old, last + 9), {}, "没有第"),
        (publishing.draft_merge, (old, new), {"joins": {1: 2}}, "不是这两家"),
        (publishing.draft_split, (old,), {"units": [entry], "to": old}, "另一家"),
        (publishing.draft_split, (old,), {"to": new}, "移走哪些"),
        (publishing.draft_split, (old,), {"units": [last], "to": new}, "不是第"),
        (publishing.draft_split, (old,), {"units": [entry], "to": {"place": "500102"}}, "名称"),
        (publishing.draft_merge, (old, new), {"reason": " "}, "理由"),
    ]  # fmt: skip
    for draft, what, how, words in refused:
        with pytest.raises(Fault, match=words):
            draft(desk.database, *what, **{"reason": "核对原件", "by": DRAFTER, "at": datetime.now(UTC)} | how)
    assert desk.latest == last
    with desk.database.reading() as connection:
        assert drafts.drafts(connection) == []


def test_what_was_amended_cannot_be_amended_the_same_way_again(desk: Desk) -> None:
    old, new = two(desk)
    merged = amend(desk, publishing.draft_merge, old, new)
    with pytest.raises(amendments.CannotAmend, match="已并入"):
        amend(desk, publishing.draft_merge, old, new)
    undone = amend(desk, publishing.draft_undoing, merged)
    with pytest.raises(amendments.CannotAmend, match="已经收回"):
        amend(desk, publishing.draft_undoing, merged)
    with pytest.raises(amendments.CannotAmend, match="重新合并"):
        amend(desk, publishing.draft_undoing, undone)
    gone = amend(desk, publishing.draft_withdrawal, old + 1)
    with pytest.raises(amendments.CannotAmend, match="已经撤销"):
        amend(desk, publishing.draft_withdrawal, old + 1)
    with pytest.raises(amendments.CannotAmend, match="undo"):
        amend(desk, publishing.draft_withdrawal, gone)


def test_a_draft_that_no_longer_fits_is_refused_at_approval(desk: Desk) -> None:
    old, new = two(desk)
    waiting = publishing.draft_merge(desk.database, old, new, reason="重复", by=DRAFTER, at=datetime.now(UTC))
    amend(desk, publishing.draft_merge, new, old)
    with pytest.raises(amendments.CannotAmend, match="已并入"):
        desk.approve(waiting)


def test_an_amendment_takes_two_people_like_everything(desk: Desk) -> None:
    old, new = two(desk)
    waiting = publishing.draft_merge(desk.database, old, new, reason="重复", by=DRAFTER, at=datetime.now(UTC))
    with pytest.raises(publishing.SamePerson):
        publishing.publish(desk.database, desk.settings, waiting.id, by=DRAFTER, at=datetime.now(UTC))
    with desk.database.reading() as connection:
        assert "并入" in publishing.summary(drafts.draft(connection, waiting.id))


# What an entry may hold: nothing that could name a person.
_ALLOWED = {
    "notice_published": {
        "title", "issuer", "division", "number", "index_number", "issued_on", "stage", "scope", "scheme", "cited",
        "published_on", "stated_counts", "objection_window", "objection_from", "objection_until", "url", "file_name", "media_type",
        "sha256", "size", "rows",
        "draft_sha256",
    },
    "grade": {"label", "scheme", "industry", "line", "site", "grade", "previous_grade", "stated_previous_grade",
              "managed_as", "managed_until", "cites"},
    "identity": {"name", "former_name", "credit_code", "province", "city", "county", "zone", "lat_e6", "lon_e6",
                 "mistaken", "split_from"},
    "amendment": {"corrects", "withdraws", "undoes", "facts", "before", "to", "moves", "reason", "reference", "draft_sha256"},
}  # fmt: skip


def test_what_amends_notices_is_read_once_for_each_entry_number_and_by_a_writer_each_time(desk: Desk) -> None:
    two(desk)
    far = desk.latest + 100
    with desk.database.reading() as connection:
        assert trails.amended_notices(connection, far) == {}
        assert trails.amended_notices(connection, desk.latest) == {}
    amend(desk, publishing.draft_notice_correction, 1, {"title": "新标题"})
    with desk.database.reading() as connection:
        amended = trails.amended_notices(connection, desk.latest)
        assert trails.amended_notices(connection, far) == amended
        assert [entry.kind for entry in amended[1]] == ["notice_published", "notice_corrected"]
        assert trails.amended_notices(connection, desk.latest) is amended
    with desk.database.trying() as connection:
        assert trails.amended_notices(connection, desk.latest) is not amended


def test_no_entry_holds_a_field_that_is_not_on_the_list(desk: Desk) -> None:
    old, new = two(desk)
    desk.publish([row(PAPER, "C", county="渝北区")], on="2023-05-01", issuer="重庆市渝北区生态环境局")
    amend(desk, publishing.draft_enterprise_change, new, {"name": "演示包装有限公司", "lat": 29.7, "lon": 107.39})
    amend(desk, publishing.draft_correction, old + 1, {"grade": "B"}, reference="https://example.cn/1")
    amend(desk, publishing.draft_notice_correction, 1, {"title": "新标题"})
    amend(desk, publishing.draft_split, old, units=[old + 1], to={"name": PRINT})
    amend(desk, publishing.draft_undoing, amend(desk, publishing.draft_merge, old, new))
    with desk.database.reading() as connection:
        entries = register.since(connection, 0)
    assert {"cited", "decisions_moved", "enterprise_merged", "undone", "notice_corrected"} <= {e.kind for e in entries}
    for entry in entries:
        kinds = {"grade"} if entry.kind in register.GRADE_KINDS else {entry.kind}
        if entry.kind in register.IDENTITY_KINDS:
            kinds = {"identity", "amendment"} if "reason" in entry.data else {"identity"}
        elif entry.kind in register.AMENDING_KINDS:
            kinds = {"amendment"} | ({"grade"} if entry.kind == "corrected" else set())
        allowed = set().union(*(_ALLOWED[k] for k in kinds), {"effective_on"} if entry.kind == "corrected" else set())
        assert set(entry.data) <= allowed, entry.kind


def test_an_enterprise_that_is_not_there_is_not_there(desk: Desk) -> None:
    with desk.database.reading() as connection, pytest.raises(NoSuchEnterprise):
        records.enterprise(connection, 7)
