"""Who an enterprise is, is amended too: renamed, given its code, place and sites, merged and split; each can be undone."""

from __future__ import annotations

import pytest

from public_site import documents, publishing, records, standings
from tests.amending import CODE, PAPER, PRINT, amend, grade, identity, sound, two, untouched
from tests.desk import Desk, row


def test_a_rename_keeps_the_old_name_findable_and_a_mistake_does_not_make_one(desk: Desk) -> None:
    desk.publish([row("演示纸厢有限公司", "B")], on="2022-05-01")
    who = identity(desk, "演示纸厢有限公司")
    amend(desk, publishing.draft_enterprise_change, who, {"name": PAPER})
    assert desk.enterprise(PAPER).line.former_names == ()
    renamed = amend(desk, publishing.draft_enterprise_change, who, {"name": "演示包装有限公司"}, since="2023-01-01")
    line = desk.enterprise(PAPER).line
    assert (line.id, line.name, line.former_names) == (who, "演示包装有限公司", (PAPER,))
    assert desk.enterprise(PAPER, as_of="2022-12-31").line.name == PAPER
    event = desk.enterprise(PAPER).history[0]
    assert (event.before, event.name, event.reason) == ({"name": PAPER}, "演示包装有限公司", "核对原件")
    amend(desk, publishing.draft_undoing, renamed)
    assert desk.enterprise(PAPER).line.name == PAPER
    sound(desk)


def test_code_place_and_point_are_added_corrected_and_cleared(desk: Desk) -> None:
    desk.publish([row(PAPER, "B", county="")], on="2022-05-01")
    who = identity(desk, PAPER)
    amend(desk, publishing.draft_enterprise_change, who,
          {"credit_code": CODE, "place": "500102", "zone": "演示园区", "lat": 29.7, "lon": 107.39})  # fmt: skip
    line = desk.enterprise(PAPER).line
    assert line.county
    assert (line.credit_code, line.county.code, line.zone, line.lat, line.lon) == (
        CODE,
        "500102",
        "演示园区",
        29.7,
        107.39,
    )
    amend(desk, publishing.draft_enterprise_change, who, {"credit_code": None, "lat": None, "lon": None})
    line = desk.enterprise(PAPER).line
    assert (line.credit_code, line.lat, line.zone) == (None, None, "演示园区")
    sound(desk)


def test_the_site_of_a_unit_is_told_once_for_all_its_decisions_and_later_rows_still_mean_it(desk: Desk) -> None:
    unit = desk.publish([row(PAPER, "B")], on="2022-05-01").last_entry
    desk.publish([row(PAPER, "A")], on="2023-05-01")
    amend(desk, publishing.draft_site, unit, "二厂区")
    desk.publish([row(PAPER, "C")], on="2024-05-01")
    (line,) = desk.enterprise(PAPER).line.units
    assert (line.id, line.site, line.grade) == (unit, "二厂区", "C")
    sound(desk)


def test_merged_enterprises_have_one_history_and_the_old_id_leads_to_the_survivor(desk: Desk) -> None:
    old, new = two(desk)
    amend(desk, publishing.draft_merge, old, new)
    line = desk.enterprise(PAPER).line
    assert (line.id, line.name, line.former_names, line.credit_code) == (new, PAPER, ("演示纸箱厂",), CODE)
    assert {(u.industry, u.grade) for u in line.units} == {("包装印刷", "C"), ("工业涂装", "B")}
    assert line.downgraded_on == "2023-05-01"  # A on the first, C on the second: now it is a fall
    assert grade(desk, "演示纸箱厂", as_of="2022-06-01") == "B"
    with desk.database.reading() as connection:
        with pytest.raises(records.EnterpriseMerged) as led:
            records.enterprise(connection, old)
        assert led.value.into == new
        assert records.id_of_code(connection, CODE) == new
        assert records.enterprise(connection, old, known=old + 3).line.name == "演示纸箱厂"
    source = documents.RegisterSource(desk.database)
    assert [d.id for d in source.documents(None)] == [new]
    assert {old, new} <= set(source.changed_since(desk.latest - 1))
    sound(desk)


def test_undoing_a_merge_restores_both_exactly(desk: Desk) -> None:
    old, new = two(desk)
    before = untouched(desk)
    merged = amend(desk, publishing.draft_merge, old, new)
    assert untouched(desk) != before
    amend(desk, publishing.draft_undoing, merged)
    assert untouched(desk) == before
    sound(desk)


def test_what_is_published_after_a_merge_stays_with_the_survivor_when_it_is_undone(desk: Desk) -> None:
    old, new = two(desk)
    merged = amend(desk, publishing.draft_merge, old, new)
    desk.publish([row("演示纸箱厂", "A", county="涪陵区", industry="工业涂装", 统一社会信用代码=CODE)], on="2024-05-01")
    assert desk.enterprise(PAPER).line.units[-1].grade == "A"
    amend(desk, publishing.draft_undoing, merged)
    with desk.database.reading() as connection:
        ours, theirs = records.lines(connection, [old, new])
    assert {u.grade for u in ours.units} == {"A", "B"}
    assert {(u.industry, u.grade) for u in theirs.units} == {("包装印刷", "C"), ("工业涂装", "A")}
    sound(desk)


def test_a_person_may_say_which_units_join(desk: Desk) -> None:
    old, new = two(desk)
    with desk.database.reading() as connection:
        ours, theirs = records.lines(connection, [old, new])
    coating = next(u.id for u in ours.units if u.industry == "工业涂装")
    amend(desk, publishing.draft_merge, old, new, joins={coating: theirs.units[0].id})
    units = desk.enterprise(PAPER).line.units
    assert sorted(u.grade or "" for u in units) == ["A", "C"]
    sound(desk)


def test_merges_in_a_chain_lead_to_the_end_and_come_apart_in_any_order(desk: Desk) -> None:
    old, new = two(desk)
    third = desk.publish([row("演示包装集团有限公司", "B", county="永川区")], on="2024-05-01").last_entry - 1
    before = untouched(desk)
    first = amend(desk, publishing.draft_merge, old, new)
    second = amend(desk, publishing.draft_merge, new, third)
    with desk.database.reading() as connection, pytest.raises(records.EnterpriseMerged) as led:
        records.enterprise(connection, old)
    assert led.value.into == third
    sound(desk)
    amend(desk, publishing.draft_undoing, first)
    assert desk.enterprise("演示纸箱厂").line.id == old
    sound(desk)
    amend(desk, publishing.draft_undoing, second)
    assert untouched(desk) == before
    sound(desk)


def test_a_wrong_match_is_split_off_to_a_new_enterprise_and_back(desk: Desk) -> None:
    desk.publish([row(PAPER, "A")], on="2022-05-01")
    wrong = desk.publish([row(PAPER, "D")], on="2023-05-01").last_entry
    who = identity(desk, PAPER)
    before = untouched(desk)
    made = amend(desk, publishing.draft_split, who, entries=[wrong], to={"name": PRINT, "place": "500112"})
    assert (grade(desk, PAPER), grade(desk, PRINT)) == ("A", "D")
    assert desk.enterprise(PRINT).line.id == made
    assert desk.enterprise(PAPER).line.downgraded_on is None
    sound(desk)
    amend(desk, publishing.draft_undoing, made + 1)
    assert [t for t in standings.TABLES if untouched(desk)[t] != before[t]] == ["merged_enterprise"]
    with desk.database.reading() as connection, pytest.raises(records.EnterpriseMerged) as led:
        records.enterprise(connection, made)
    assert led.value.into == who
    sound(desk)


def test_splitting_units_back_to_a_merged_id_lets_it_live_again(desk: Desk) -> None:
    old, new = two(desk)
    amend(desk, publishing.draft_merge, old, new)
    coating = next(u.id for u in desk.enterprise(PAPER).line.units if u.industry == "工业涂装")
    amend(desk, publishing.draft_split, new, units=[coating], to=old)
    with desk.database.reading() as connection:
        ours, theirs = records.lines(connection, [old, new])
    assert (ours.name, [u.grade for u in ours.units]) == ("演示纸箱厂", ["B"])
    assert (theirs.former_names, [u.grade for u in theirs.units]) == ((), ["C"])
    sound(desk)
