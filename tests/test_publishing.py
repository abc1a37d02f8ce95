"""From a file to the register: what a clerk may do, what a row makes of the register, and what never happens."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from public_site import composing, documents, drafts, notices, publishing, records, register
from public_site.faults import NotValid
from tests.desk import APPROVER, DRAFTER, Desk, row

CHONGQING = Path(__file__).parent / "samples" / "good" / "raw_chongqing_2024_batch1.txt"


def kinds(desk: Desk, name: str) -> list[str]:
    return [e.kind for e in reversed(desk.enterprise(name).history)]


def test_the_real_chongqing_notice_becomes_five_grades_with_their_source(desk: Desk) -> None:
    desk.approve(desk.take_in(CHONGQING).draft)
    view = desk.enterprise("重庆宏声纸箱有限责任公司")
    (unit,) = view.line.units
    assert (unit.grade, unit.industry, unit.stage, unit.since) == ("B", "包装印刷", "decided", "2024-04-24")
    assert view.line.county
    assert view.line.county.name == "涪陵区"
    notice = view.history[0].notice
    assert notice
    assert (notice.issuer, notice.issued_on) == ("重庆市生态环境局", "2024-04-24")
    assert notice.title == "重庆市生态环境局关于重庆市2024年第一批重点行业企业大气污染防治绩效评级结果的公告"
    assert desk.enterprise("重庆京东方光电科技有限公司").line.units[0].scheme == "local"
    with desk.database.reading() as connection:
        assert [c.grade for c in records.notice_changes(connection, notice.id)] == ["A", "A", "B", "B", "B"]


def test_nothing_is_public_before_a_second_person_approves(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    assert desk.latest == 0
    with pytest.raises(publishing.SamePerson, match="另一人"):
        publishing.publish(desk.database, desk.settings, draft.id, by=DRAFTER, at=datetime.now(UTC))
    assert desk.latest == 0
    desk.approve(draft)
    assert desk.latest == 3


def test_a_draft_is_published_once(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    desk.approve(draft)
    with pytest.raises(drafts.DraftClosed, match="已发布"):
        desk.approve(draft)
    assert desk.latest == 3


def test_taking_the_same_file_in_twice_changes_nothing(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "B")])
    first, again = desk.take_in(file), desk.take_in(file)
    assert (first.is_new, again.is_new, again.draft) == (True, False, first.draft)
    desk.approve(first.draft)
    after = desk.take_in(file)
    assert (after.is_new, after.draft.state, desk.latest) == (False, "published", 3)


def test_saying_more_about_the_same_file_replaces_its_open_draft(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "B")])
    first = desk.take_in(file).draft
    second = desk.take_in(file, number="渝环〔2024〕1号")
    assert second.is_new
    assert second.draft.content["number"] == "渝环〔2024〕1号"
    with pytest.raises(drafts.DraftClosed, match="作废"):
        desk.approve(first)


def test_what_the_file_does_not_say_must_be_answered_before_publishing(desk: Desk, tmp_path: Path) -> None:
    bare = tmp_path / "名单.csv"
    bare.write_text("序号,区县,企业名称,行业类别,绩效等级\n1,涪陵区,演示纸箱有限公司,包装印刷,B\n", encoding="utf-8")
    draft = desk.take_in(bare).draft
    with pytest.raises(publishing.NotYetPublishable, match="日期"):
        desk.approve(draft)
    told = desk.take_in(bare, title="关于绩效评级结果的公告", issuer="重庆市生态环境局",
                        issued_on=datetime(2024, 4, 24, tzinfo=UTC).date(), stage="decided")  # fmt: skip
    desk.approve(told.draft)
    assert desk.enterprise("演示纸箱有限公司").line.overall_grade == "B"


def test_a_notice_is_not_published_before_its_day(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")], on="2024-04-24")
    with pytest.raises(publishing.NotYetPublishable, match="还没有到"):
        desk.approve(draft, on="2024-04-23")


def test_grades_after_grades_are_told_as_what_they_are(desk: Desk) -> None:
    name = "演示纸箱有限公司"
    for day, grade in (("2020-05-01", "B"), ("2021-05-01", "B"), ("2022-05-01", "A"), ("2023-05-01", "C")):
        desk.publish([row(name, grade)], on=day)
    assert kinds(desk, name) == ["enterprise_registered", "graded", "confirmed", "upgraded", "downgraded"]
    line = desk.enterprise(name).line
    assert (line.downgraded_on, line.since, line.units[0].grade) == ("2023-05-01", "2023-05-01", "C")
    with desk.database.reading() as connection:
        found, total = records.downgrades(connection)
    assert (total, found[0].previous_grade, found[0].grade) == (1, "A", "C")


def test_a_downgrade_from_a_grade_we_never_saw_is_told_as_the_notice_tells_it(desk: Desk) -> None:
    desk.publish([row("崇阳县演示实业有限公司", "C", 原等级="B")])
    assert kinds(desk, "崇阳县演示实业有限公司")[-1] == "downgraded"


def test_a_stated_former_grade_that_disagrees_with_the_register_is_kept_beside_it(desk: Desk) -> None:
    name = "演示纸箱有限公司"
    desk.publish([row(name, "C")], on="2022-05-01")
    desk.publish([row(name, "A", 原等级="B")], on="2023-05-01")
    last = desk.enterprise(name).history[0]
    assert (last.kind, last.previous_grade, last.stated_previous_grade) == ("upgraded", "C", "B")


def test_a_rename_in_a_notice_keeps_the_enterprise_and_its_former_name(desk: Desk) -> None:
    desk.publish([row("演示纸箱厂", "B")], on="2022-05-01")
    desk.publish([row("演示包装有限公司", "A", 曾用名="演示纸箱厂")], on="2023-05-01")
    old, new = desk.enterprise("演示纸箱厂"), desk.enterprise("演示包装有限公司")
    assert old.line.id == new.line.id
    assert (new.line.name, new.line.former_names) == ("演示包装有限公司", ("演示纸箱厂",))
    assert desk.enterprise("演示纸箱厂", as_of="2022-12-31").line.name == "演示纸箱厂"


def test_a_code_learnt_later_is_added_to_the_enterprise(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")], on="2022-05-01")
    desk.publish([row("演示纸箱有限公司", "B", 统一社会信用代码="91350100M000100Y43")], on="2023-05-01")
    line = desk.enterprise("演示纸箱有限公司").line
    assert line.credit_code == "91350100M000100Y43"
    with desk.database.reading() as connection:
        assert records.id_of_code(connection, "91350100M000100Y43") == line.id


def test_several_industries_and_lines_are_several_units_of_one_enterprise(desk: Desk) -> None:
    desk.publish(
        [
            row("演示建材有限公司", "B"),
            row("演示建材有限公司", "A", industry="工业涂装"),
            row("演示建材有限公司", "C", industry="工业涂装", 生产线="二号线（不含机制砂生产线）"),
        ]
    )
    assert len(desk.enterprise("演示建材有限公司").line.units) == 3


def test_a_likeness_waits_for_a_person_and_nothing_is_published_before(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "C"), row("演示印刷有限公司", "A")], on="2023-05-01")
    with pytest.raises(publishing.NotYetPublishable, match="1 行"):
        desk.approve(draft)
    with desk.database.reading() as connection:
        (asked,) = drafts.rows(connection, draft.id, only_open=True)
    with pytest.raises(drafts.WrongAnswer, match="候选"):
        publishing.decide(desk.database, draft.id, asked.ordinal, "same", 999, by=DRAFTER)
    (candidate,) = asked.match.candidates
    assert (candidate.score, candidate.reason) == (95, "名称只差公司形式或括号；同在涪陵区")
    publishing.decide(desk.database, draft.id, asked.ordinal, "renamed", candidate.id, by=DRAFTER)
    desk.approve(draft)
    line = desk.enterprise("演示纸箱有限责任公司").line
    assert (line.name, line.former_names, line.overall_grade) == ("演示纸箱有限公司", ("演示纸箱有限责任公司",), "C")


@pytest.mark.parametrize(("choice", "enterprises"), [("new", 2), ("skip", 1)])
def test_a_person_may_also_say_new_or_leave_the_row_out(desk: Desk, choice: drafts.Choice, enterprises: int) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "C")], on="2023-05-01")
    publishing.decide(desk.database, draft.id, 0, choice, by=DRAFTER)
    desk.approve(draft)
    assert documents.RegisterSource(desk.database).document_count() == enterprises


def test_the_approver_sees_it_first_when_the_register_moved_under_the_draft(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "C")], on="2023-05-01")
    desk.publish([row("演示纸箱有限公司", "B")], on="2022-05-01")
    with pytest.raises(publishing.RegisterMoved, match="重新核对"):
        desk.approve(draft)
    desk.approve(draft)
    assert kinds(desk, "演示纸箱有限公司") == ["enterprise_registered", "graded", "downgraded"]


def test_a_full_list_ends_the_listing_of_those_it_leaves_out_within_its_own_scope(desk: Desk) -> None:
    there = [row("演示甲有限公司", "A"), row("演示乙有限公司", "B"), row("演示丙有限公司", "C")]
    desk.publish(there, on="2022-05-01")
    desk.publish([row("演示丁有限公司", "B")], on="2022-06-01", issuer="四川省生态环境厅")
    full = [row("演示甲有限公司", "A"), row("演示戊有限公司", "B")]
    desk.publish(full, on="2023-12-31", title="截至2023年12月31日重庆市重点行业绩效评级A级、B级企业名单的公告")
    gone = desk.enterprise("演示乙有限公司")
    assert gone.history[0].kind == "no_longer_listed"
    (unit,) = gone.line.units
    assert (unit.listed, unit.grade, unit.downgraded_on, gone.line.overall_grade) == (False, "B", None, None)
    for name in ("演示甲有限公司", "演示丙有限公司", "演示丁有限公司"):
        assert desk.enterprise(name).line.units[0].listed, name


def test_two_rows_that_contradict_each_other_through_one_enterprise_are_refused(desk: Desk) -> None:
    desk.publish([row("演示纸箱厂", "B")], on="2022-05-01")
    draft = desk.draft([row("演示包装有限公司", "A", 曾用名="演示纸箱厂"), row("演示纸箱厂", "C")], on="2023-05-01")
    before = desk.latest
    with pytest.raises(composing.DraftContradicts, match="内容却不同"):
        desk.approve(draft)
    assert desk.latest == before


def test_a_rejected_file_leaves_nothing_behind(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "Z")])
    with pytest.raises(notices.NoticeRejected):
        desk.take_in(file)
    assert not desk.settings.originals.exists()
    with desk.database.reading() as connection:
        assert drafts.drafts(connection) == []


def test_the_original_file_is_kept_under_its_hash(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "B")])
    draft = desk.take_in(file).draft
    kept = desk.settings.originals / draft.content["sha256"]
    assert kept.read_bytes() == file.read_bytes()


def test_the_seal_of_a_draft_tells_nothing_and_holds_everything(desk: Desk) -> None:
    first = desk.publish([row("演示纸箱有限公司", "B")])
    with desk.database.reading() as connection:
        entry = register.entry(connection, first.first_entry)
        assert entry.data["draft_sha256"] == drafts.seal(connection, 1)
        bodies = [e.data for e in register.since(connection, 0)]
    assert not any(who in str(bodies) for who in (DRAFTER, APPROVER))


# What a review found: each of these once went wrong.


def test_an_older_notice_published_late_makes_the_later_grade_a_downgrade(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "C")], on="2024-01-10")
    desk.publish([row("演示纸箱有限公司", "A")], on="2023-01-10")
    view = desk.enterprise("演示纸箱有限公司")
    assert view.line.downgraded_on == "2024-01-10"
    later = next(e for e in view.history if e.effective_on == "2024-01-10" and e.unit)
    assert (later.kind, later.previous_grade) == ("downgraded", "A")
    with desk.database.reading() as connection:
        ((change,), total) = records.downgrades(connection)
    assert (total, change.previous_grade, change.grade) == (1, "A", "C")


def test_a_full_list_does_not_end_what_a_left_out_row_may_name_nor_other_industries(desk: Desk) -> None:
    desk.publish([row("演示甲有限责任公司", "A"), row("演示乙有限公司", "A", industry="家具制造")], on="2022-05-01")
    title = "关于截至2023年底包装印刷行业A级企业名单的公告"
    draft = desk.draft([row("演示甲有限公司", "A"), row("演示丙有限公司", "A")], on="2023-12-31", title=title)
    publishing.decide(desk.database, draft.id, 0, "skip", by=DRAFTER)
    desk.approve(draft)
    assert desk.enterprise("演示甲有限责任公司").line.units[0].listed
    assert desk.enterprise("演示乙有限公司").line.units[0].listed


def test_what_a_full_list_would_end_can_be_seen_before_it_does(desk: Desk) -> None:
    desk.publish([row("演示甲有限公司", "A"), row("演示乙有限公司", "A")], on="2022-05-01")
    draft = desk.draft([row("演示甲有限公司", "B"), row("演示丙有限公司", "A")], on="2023-12-31",
                       title="截至2023年12月31日重庆市重点行业绩效评级A级、B级企业名单的公告")  # fmt: skip
    before = desk.latest
    seen = publishing.preview(desk.database, draft.id, at=datetime.now(UTC))
    assert desk.latest == before
    made = desk.approve(draft)
    with desk.database.reading() as connection:
        after = register.since(connection, made.first_entry - 1)
    assert [(c.name, c.row) for c in seen.vanished.items] == [("演示乙有限公司", None)]
    assert (seen.entries, seen.as_of_entry) == (len(after), before)
    told = [(c.kind, c.row) for which in (seen.new, seen.down, seen.vanished) for c in which.items]
    assert sorted(told, key=str) == sorted(((e.kind, e.row) for e in after if e.unit), key=str)


CODES = ("91350100M000100Y43", "91130200699229617X")


def test_within_one_file_identity_follows_the_same_rule_as_across_files(desk: Desk) -> None:
    draft = desk.draft(
        [
            row("演示纸箱有限公司", "B", 统一社会信用代码=CODES[0]),
            row("演示纸箱有限公司", "A", industry="工业涂装", 统一社会信用代码=CODES[1]),
            row("演示印刷有限公司", "A"),
            row("演示印刷有限公司", "B", county="渝北区", industry="工业涂装"),
            row("演示印刷有限责任公司", "C", industry="铸造"),
        ]
    )
    with desk.database.reading() as connection:
        asked = {r.ordinal: [(c.id, c.name) for c in r.match.candidates]
                 for r in drafts.rows(connection, draft.id, only_open=True)}  # fmt: skip
    assert asked == {
        1: [(-1, "演示纸箱有限公司")], 3: [(-3, "演示印刷有限公司")], 4: [(-3, "演示印刷有限公司")],
    }  # fmt: skip
    publishing.decide(desk.database, draft.id, 1, "same", -1, by=DRAFTER)
    publishing.decide(desk.database, draft.id, 3, "new", by=DRAFTER)
    publishing.decide(desk.database, draft.id, 4, "same", -3, by=DRAFTER)
    desk.approve(draft)
    assert records_of(desk) == {"演示纸箱有限公司": 2, "演示印刷有限公司": 2, "演示印刷有限公司@渝北区": 1}


def records_of(desk: Desk) -> dict[str, int]:
    """How many units each enterprise has; a second one of the same name with its county."""
    found: dict[str, int] = {}
    with desk.database.reading() as connection:
        ids = sorted({e.enterprise for e in register.since(connection, 0) if e.enterprise})
        for line in records.lines(connection, ids):
            again = f"@{line.county.name}" if line.name in found and line.county else ""
            found[line.name + again] = len(line.units)
    return found


def test_what_a_later_row_of_the_same_file_adds_is_kept(desk: Desk) -> None:
    name = "演示纸箱有限公司"
    desk.publish([row(name, "B", 曾用名="演示纸箱厂"), row(name, "A", industry="工业涂装", 统一社会信用代码=CODES[0])])
    line = desk.enterprise("演示纸箱厂").line
    assert (line.name, line.former_names, line.credit_code) == (name, ("演示纸箱厂",), CODES[0])


def test_a_notice_without_industries_speaks_of_the_only_unit_there_is(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")], on="2022-05-01")
    desk.publish([row("演示纸箱有限公司", "A", industry="")], on="2023-05-01")
    (unit,) = desk.enterprise("演示纸箱有限公司").line.units
    assert (unit.industry, unit.grade) == ("包装印刷", "A")
    desk.publish([row("演示纸箱有限公司", "C", industry="工业涂装")], on="2024-05-01")
    with pytest.raises(composing.DraftContradicts, match="没有写行业"):
        desk.publish([row("演示纸箱有限公司", "D", industry="")], on="2025-05-01")


def test_a_place_written_in_two_ways_is_one_site(desk: Desk) -> None:
    name, code = "演示纸箱有限公司", CODES[0]
    desk.publish([row(name, "B", county="涪陵区", 统一社会信用代码=code)], on="2022-05-01")
    desk.publish([row(name, "B", county="渝北区", 统一社会信用代码=code)], on="2023-05-01")
    desk.publish([row(name, "A", county="渝北", 统一社会信用代码=code)], on="2024-05-01")
    units = desk.enterprise(name).line.units
    assert [(u.site, u.grade) for u in units] == [(None, "B"), ("渝北区", "A")]


def test_names_follow_the_days_they_were_borne_and_may_come_back(desk: Desk) -> None:
    desk.publish([row("演示甲厂", "B")], on="2020-05-01")
    desk.publish([row("演示乙厂", "B", 曾用名="演示甲厂")], on="2022-05-01")
    assert desk.enterprise("演示乙厂").line.name == "演示乙厂"
    desk.publish([row("演示甲厂", "A", 曾用名="演示乙厂")], on="2024-05-01")
    view = desk.enterprise("演示乙厂").line
    assert (view.name, view.former_names) == ("演示甲厂", ("演示乙厂",))
    assert desk.enterprise("演示乙厂", as_of="2023-01-01").line.name == "演示乙厂"


def test_saying_same_does_not_rename(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "A")], on="2023-05-01")
    publishing.decide(desk.database, draft.id, 0, "same", 2, by=DRAFTER)
    desk.approve(draft)
    line = desk.enterprise("演示纸箱有限责任公司").line
    assert (line.name, line.former_names, line.overall_grade) == ("演示纸箱有限责任公司", (), "A")


def test_a_grade_from_before_the_first_publication_is_known_on_its_day(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")], on="2024-05-01")
    desk.publish([row("演示纸箱有限公司", "A")], on="2023-05-01")
    assert desk.enterprise("演示纸箱有限公司", as_of="2023-06-01").line.overall_grade == "A"


def test_one_person_in_two_spellings_is_one_person(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "B")])
    now = datetime.now(UTC)
    for spelling in (f"{DRAFTER} ", f"{DRAFTER}\u200b", f"\u3000{DRAFTER}"):
        with pytest.raises(publishing.SamePerson):
            publishing.publish(desk.database, desk.settings, draft.id, by=spelling, at=now)
    with pytest.raises(NotValid, match="操作人"):
        publishing.publish(desk.database, desk.settings, draft.id, by=" ", at=now)


def test_who_answered_a_question_does_not_approve_the_answer(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    draft = desk.draft([row("演示纸箱有限公司", "A")], on="2023-05-01")
    publishing.decide(desk.database, draft.id, 0, "new", by=APPROVER)
    with pytest.raises(publishing.SamePerson, match="回答"):
        desk.approve(draft)


def test_an_answer_is_asked_again_when_the_register_has_learnt_of_the_enterprise(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限责任公司", "B")], on="2022-05-01")
    one, two = (desk.draft([row("演示纸箱有限公司", g)], on=f"2023-0{n}-01") for n, g in ((5, "A"), (6, "C")))
    for draft in (one, two):
        publishing.decide(desk.database, draft.id, 0, "new", by=DRAFTER)
    desk.approve(one)
    with pytest.raises(publishing.RegisterMoved):
        desk.approve(two)
    desk.approve(two)
    assert sorted(records_of(desk)) == ["演示纸箱有限公司", "演示纸箱有限责任公司"]


def test_the_logs_name_stays_what_the_first_checkpoint_says(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")])
    moved = desk.settings.model_copy(update={"base_url": "https://mingji.example.cn"})
    draft = desk.draft([row("演示印刷有限公司", "B")])
    made = publishing.publish(desk.database, moved, draft.id, by=APPROVER, at=datetime.now(UTC))
    assert made.checkpoint.startswith("localhost/log\n")
    renamed = desk.settings.model_copy(update={"log_origin": "other.example.cn/log"})
    draft = desk.draft([row("演示玻璃有限公司", "B")])
    with pytest.raises(publishing.OriginChanged, match="localhost/log"):
        publishing.publish(desk.database, renamed, draft.id, by=APPROVER, at=datetime.now(UTC))
