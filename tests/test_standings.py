"""The projection that pages read: the same as the fold, whatever the order and the pace of catching up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from public_site import folding, log, records, register, retelling, standings, trails, verification
from public_site.database import Database
from public_site.enterprises import NoSuchEnterprise
from tests.desk import Desk, row
from tests.trails import DAYS, Scribe, Step, histories, some_history

examples = settings(max_examples=60)
Tables = dict[str, list[tuple[object, ...]]]


@contextmanager
def empty_register() -> Iterator[Database]:
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'register.db'}")
        database.migrate()
        yield database
        database.close()


def tables(connection: Connection) -> Tables:
    names = (*standings.TABLES, "tree_node", "projection")
    return {name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in names}


@examples
@given(histories, st.randoms(use_true_random=False))
def test_rebuilding_gives_what_catching_up_gave_in_pieces_of_any_size(
    history: list[Step], chance: random.Random
) -> None:
    scribe = Scribe()
    with empty_register() as database:
        rest = list(history)
        while rest:
            size = chance.randint(1, len(rest))
            with database.writing() as connection:
                scribe.write(connection, rest[:size])
                for projection in chance.sample([standings, log], chance.randint(0, 2)):
                    projection.catch_up(connection)
            rest = rest[size:]
        with database.writing() as connection:
            for projection in chance.sample([standings, log], 2):
                projection.catch_up(connection)
            caught_up = tables(connection)
            for projection in chance.sample([standings, log], 2):
                assert projection.catch_up(connection) == 0
                projection.forget(connection)
                projection.catch_up(connection)
            assert tables(connection) == caught_up


@examples
@given(histories)
def test_the_tables_are_the_fold_and_the_fold_is_the_naive_telling_on_every_day(history: list[Step]) -> None:
    with empty_register() as database:
        with database.writing() as connection:
            Scribe().write(connection, history)
            standings.catch_up(connection)
        with database.reading() as connection:
            latest = register.latest_number(connection)
            among = trails.families(connection, standings.changed_since(connection, 0), latest)
            for _, trail in trails.of_families(connection, among, latest):
                living = retelling.told(trail)
                for folded in folding.family(trail).members.values():
                    for decision in folded.decisions:
                        if not decision.withdrawn:
                            assert retelling.change(living, decision.entry) == (decision.kind, decision.previous_grade)
                    for day in (*DAYS, "2019-12-31", "2030-01-01"):
                        compare_on_day(connection, folded, living, day)
            assert list(verification.standings_problems(connection)) == []


@pytest.mark.parametrize("seed", range(300))
def test_a_long_history_with_every_amendment_is_told_alike_twice(seed: int) -> None:
    chance = random.Random(seed)
    entries = Scribe().tell(some_history(chance, chance.randint(10, 60)))
    everyone = tuple(e.number for e in entries if e.kind == "enterprise_registered")  # folded as one family
    made: dict[str, list[dict[str, Any]]] = {}
    for table, line in standings.rows_of_family(folding.family(entries)):
        made.setdefault(str(table.__tablename__), []).append(line)
    assert list(verification.compare_naively(everyone, entries, made)) == []
    held = made.get("holding", [])
    assert len({(h["unit_id"], h["from_day"]) for h in held}) == len(held)


def compare_on_day(connection: Connection, folded: folding.Folded, living: list[retelling.Told], day: str) -> None:
    held = {s.unit: s for s in folded.on(day)}
    query = text("SELECT unit_id, grade, listed, proposed_grade FROM holding WHERE enterprise_id = :id"
                 " AND from_day <= :day AND (to_day IS NULL OR to_day > :day)")  # fmt: skip
    rows = {r[0]: tuple(r) for r in connection.execute(query, {"id": folded.id, "day": day})}
    assert set(rows) == set(held)
    for unit, standing in held.items():
        proposed = standing.proposal.grade if standing.proposal else None
        assert rows[unit] == (unit, standing.grade, int(standing.listed), proposed)
        grade, listed, _, open_proposal = retelling.standing(living, unit, day)
        assert (grade, listed, open_proposal) == (standing.grade, standing.listed, proposed)


def test_a_proposal_is_never_shown_as_decided(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")], on="2023-05-01")
    desk.publish([row("演示纸箱有限公司", "A")], on="2024-05-01", title="重庆市生态环境局关于拟认定A级企业名单的公示")
    view = desk.enterprise("演示纸箱有限公司").line
    (unit,) = view.units
    assert (unit.stage, unit.grade, view.overall_grade) == ("decided", "B", "B")
    assert unit.proposal
    assert (unit.proposal.grade, unit.proposal.since) == ("A", "2024-05-01")


def test_a_unit_that_only_a_proposal_speaks_of_has_no_overall_grade(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "A")], title="重庆市生态环境局关于拟认定A级企业名单的公示")
    view = desk.enterprise("演示纸箱有限公司").line
    assert (view.units[0].stage, view.units[0].grade) == ("proposed", "A")
    assert (view.overall_grade, view.overall_reason) == (None, "no_grade")


def test_the_weakest_unit_decides_the_overall_grade(desk: Desk) -> None:
    desk.publish([row("演示集团有限公司", "A"), row("演示集团有限公司", "C", industry="工业涂装")])
    view = desk.enterprise("演示集团有限公司").line
    assert (view.overall_grade, view.overall_reason) == ("C", "lowest_of_units")


@pytest.mark.parametrize(
    ("industry", "grade"),
    [("水泥/粉磨站", "引领性"), ("电子工业（地方标准）", "A")],
    ids=["another scale", "local scheme"],
)
def test_grades_of_different_scales_or_schemes_are_not_comparable(desk: Desk, industry: str, grade: str) -> None:
    desk.publish([row("演示集团有限公司", "B"), row("演示集团有限公司", grade, industry=industry)])
    view = desk.enterprise("演示集团有限公司").line
    assert (view.overall_grade, view.overall_reason) == (None, "not_comparable")


def test_history_can_be_looked_at_as_of_a_day_and_as_known_at_an_entry(desk: Desk) -> None:
    name = "演示纸箱有限公司"
    desk.publish([row(name, "B")], on="2022-05-01")
    first = desk.publish([row(name, "C")], on="2024-05-01")
    late = desk.publish([row(name, "A")], on="2023-05-01")  # an older notice, published late
    grades = {day: desk.enterprise(name, as_of=day).line.overall_grade for day in
              ("2022-05-01", "2023-04-30", "2023-05-01", "2024-04-30", "2024-05-01")}  # fmt: skip
    assert grades == {"2022-05-01": "B", "2023-04-30": "B", "2023-05-01": "A", "2024-04-30": "A", "2024-05-01": "C"}
    assert desk.enterprise(name, as_of="2023-06-01", known=first.last_entry).line.overall_grade == "B"
    assert desk.enterprise(name, known=late.last_entry).line.overall_grade == "C"
    with pytest.raises(NoSuchEnterprise, match="不等于 D 级"):
        desk.enterprise(name, as_of="2022-04-30")


def test_managed_as_is_kept_apart_from_the_grade_and_ends_on_its_day(desk: Desk) -> None:
    name = "演示钢铁有限公司"
    desk.publish([row(name, "C", industry="铸造")], on="2023-01-10")
    desk.publish(
        [row(name, "按B-级管理", industry="铸造", 备注="可按照环保绩效B-级企业进行管理（一年内）")], on="2024-01-10"
    )
    (unit,) = desk.enterprise(name).line.units
    assert (unit.grade, unit.managed_as, unit.managed_until) == ("C", "B-", "2025-01-10")
    (before,) = desk.enterprise(name, as_of="2025-01-10").line.units
    (after,) = desk.enterprise(name, as_of="2025-01-11").line.units
    assert (before.managed_as, after.managed_as, after.grade) == ("B-", None, "C")


def test_lists_as_of_a_day_show_what_held_on_that_day(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")], on="2022-05-01")
    desk.publish([row("演示纸箱有限公司", "A")], on="2024-05-01")
    identity = desk.enterprise("演示纸箱有限公司").line.id
    with desk.database.reading() as connection:
        assert records.lines(connection, [identity])[0].overall_grade == "A"
        assert records.lines(connection, [identity], as_of="2023-01-01")[0].overall_grade == "B"
        assert records.lines(connection, [identity], as_of="2021-01-01") == []
