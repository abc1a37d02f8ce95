"""Grade checks: the documented answer for every kind of row, and any day's grade by a fold written otherwise."""

from __future__ import annotations

import io
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from public_site import evidence, folding, languages, publishing, register, retelling, standings, testimony
from public_site.database import Database
from public_site.questions import Question, of_file, of_text
from tests import trails
from tests.desk import APPROVER, DRAFTER, Desk, row

CODE, OTHER_CODE, MERGED_CODE = "91350100M000100Y43", "91130200699229617X", "911302307808371268"


@pytest.fixture
def register_of_all_kinds(desk: Desk) -> Desk:
    """With a code, without, twice named, renamed, merged, fallen, only proposed, withdrawn, no longer listed."""
    desk.publish([
        row("演示甲有限公司", "A", 统一社会信用代码=CODE), row("演示乙（集团）有限公司", "B"),
        row("演示丙有限公司", "B", county="涪陵区"),
        row("演示丁有限公司", "B", 统一社会信用代码=OTHER_CODE), row("演示戊有限公司", "B", 统一社会信用代码=MERGED_CODE),
        row("演示己有限公司", "B"), row("演示庚有限公司", "B"),
    ], on="2022-05-01")  # fmt: skip
    desk.publish([row("演示甲有限公司", "C", 原等级="A", 统一社会信用代码=CODE)], on="2023-05-01")
    elsewhere = desk.draft([row("演示丙有限公司", "C", county="万州区")], on="2023-05-02")
    publishing.decide(desk.database, elsewhere.id, 0, "new", by=DRAFTER)
    desk.approve(elsewhere, on="2023-05-02")
    amend(desk, publishing.draft_enterprise_change, desk.enterprise("演示丁有限公司").line.id, {"name": "演示丁新材料有限公司"},
          since="2023-06-01")  # fmt: skip
    amend(
        desk,
        publishing.draft_merge,
        desk.enterprise("演示戊有限公司").line.id,
        desk.enterprise("演示己有限公司").line.id,
    )
    (deleted,) = (event for event in desk.enterprise("演示庚有限公司").history if event.grade)
    amend(desk, publishing.draft_withdrawal, deleted.entry)
    return desk


def amend(desk: Desk, draft: Any, *what: Any, **how: Any) -> None:
    from datetime import UTC, datetime

    made = draft(desk.database, *what, reason="核对原件", by=DRAFTER, at=datetime(2024, 1, 1, tzinfo=UTC), **how)
    publishing.publish(desk.database, desk.settings, made.id, by=APPROVER, at=datetime(2024, 1, 1, tzinfo=UTC))


def checked(desk: Desk, pasted: str, as_of: str = "2024-06-01", known: int | None = None) -> list[evidence.Answer]:
    with desk.database.reading() as connection:
        latest = register.latest_number(connection) if known is None else known
        return list(evidence.check(connection, of_text(pasted).questions, as_of=as_of, known=latest).answers)


HEAD = "统一社会信用代码,企业名称,所在地\n"


KINDS_OF_ROW = (
    (f"{CODE},,", "match", "信用代码一致"),
    (f"{CODE},演示甲有限公司,", "match", "信用代码与名称一致"),
    (" 9135 0100 m000100y43 ,,", "match", "信用代码一致"),
    ("９１３５０１００Ｍ０００１００Ｙ４３,,", "match", "信用代码一致"),
    ("91350100M000100Y44,,", "invalid", "校验位"),
    ("91350100M000100Y4,,", "invalid", "17位"),
    ("9.11302E+17,,", "invalid", "当成了数字"),
    ("911302307808371300,,", "invalid", "校验位"),
    (f"{MERGED_CODE[:-1]}0,,", "invalid", "校验位"),
    (f"{CODE.lower()},,", "match", "信用代码一致"),
    (f"'{CODE},,", "match", "信用代码一致"),
    (",演示庚有限公司,", "match", "名称一致"),
    ("91350100MO00100Y43,,", "invalid", "字母"),
    (",,涪陵区", "invalid", "没有代码"),
    (",演示甲有限公司,火星市", "invalid", "所在地无法识别"),
    ("911101000000000000,,", "invalid", "校验位"),
    (f"{MERGED_CODE},,", "match", "已并入"),
    (f"{CODE},演示乙有限公司,", "ambiguous", "名称却不同"),
    (f"{CODE},演示甲责任公司,", "ambiguous", "名称却不同"),
    (f"{OTHER_CODE},演示甲有限公司,", "ambiguous", "名称却不同"),
    (",演示甲有限公司,", "match", "名称一致"),
    (",演示乙(集团)有限公司,", "match", "名称一致"),
    (", 演示 乙〔集團〕有限公司 ,涪陵", "match", "名称与所在地一致"),
    (",演示丙有限公司,", "ambiguous", "多家企业使用这个名称"),
    (",演示丙有限公司,万州区", "match", "名称与所在地一致"),
    (",演示丙有限公司,渝北区", "ambiguous", "登记在别处"),
    (",演示甲有限责任公司,", "ambiguous", "只差公司形式"),
    (",演示丁有限公司,", "match", "曾用名"),
    (",演示丁新材料有限公司,", "match", "名称一致"),
    (",演示戊有限公司,", "match", "曾用名"),
    (",演示没有的有限公司,", "no_public_record", "不等于 D 级"),
)


def test_every_kind_of_row_has_its_documented_answer(register_of_all_kinds: Desk) -> None:
    answers = checked(register_of_all_kinds, HEAD + "\n".join(asked for asked, _, _ in KINDS_OF_ROW))
    for (asked, status, reason), answer in zip(KINDS_OF_ROW, answers, strict=True):
        assert (asked, answer.status, reason in answer.reason) == (asked, status, True), answer.reason
        assert (answer.enterprise is not None) == (status == "match")
        assert bool(answer.candidates) == (status == "ambiguous") or status == "invalid"


def test_every_reason_is_written_in_chinese_and_can_be_told_again_in_english(register_of_all_kinds: Desk) -> None:
    asked = HEAD + "\n".join(asked for asked, _, _ in KINDS_OF_ROW)
    with languages.using(languages.ENGLISH):
        reasons = [answer.reason for answer in checked(register_of_all_kinds, asked)]
        told = [languages.retold(reason) for reason in reasons]
        assert languages.retold("谁也没有写过的一句话。") == "谁也没有写过的一句话。"
    assert reasons == [answer.reason for answer in checked(register_of_all_kinds, asked)]
    assert not [text for text in told if languages.HAN.search(text)]
    assert told[4] == (
        "The check character of the unified social credit code “91350100M000100Y44” is wrong. "
        "At least one character was miscopied: please correct it from the business licence."
    )


def test_the_grade_is_that_of_the_day_and_says_since_when_and_what_fell(register_of_all_kinds: Desk) -> None:
    told = {day: checked(register_of_all_kinds, CODE, day)[0] for day in ("2022-04-30", "2022-05-01", "2023-05-01")}
    assert told["2022-04-30"].status == "no_public_record"
    first, last = told["2022-05-01"].enterprise, told["2023-05-01"].enterprise
    assert first is not None
    assert last is not None
    assert (first["overall_grade"], first["since"], first["last_downgrade"]) == ("A", "2022-05-01", None)
    assert (last["overall_grade"], last["since"], last["last_downgrade"]) == ("C", "2023-05-01", "2023-05-01")
    assert [event["kind"] for event in last["history"]] == ["graded", "downgraded"]


def test_what_was_published_later_is_not_known_before(register_of_all_kinds: Desk) -> None:
    desk = register_of_all_kinds
    with desk.database.reading() as connection:
        first = min(size for (size,) in connection.exec_driver_sql("SELECT size FROM checkpoint").all())
    (fallen,) = checked(desk, CODE, "2024-06-01", known=first)
    assert fallen.enterprise is not None
    assert fallen.enterprise["overall_grade"] == "A"
    (apart,) = checked(desk, MERGED_CODE, "2024-06-01", known=first)
    assert apart.enterprise is not None
    assert apart.enterprise["name"] == "演示戊有限公司"
    (unnamed,) = checked(desk, f"{HEAD},演示丁新材料有限公司,", "2024-06-01", known=first)
    assert unnamed.status == "no_public_record"


def test_a_code_that_was_corrected_is_a_question_never_an_answer(register_of_all_kinds: Desk) -> None:
    desk = register_of_all_kinds
    amend(
        desk,
        publishing.draft_enterprise_change,
        desk.enterprise("演示丁新材料有限公司").line.id,
        {"credit_code": "91110000802100433B"},
    )
    (old, new) = checked(desk, f"{OTHER_CODE}\n91110000802100433B")
    assert (old.status, "更正为另一代码" in old.reason, len(old.candidates)) == ("ambiguous", True, 1)
    assert new.status == "match"
    assert new.enterprise is not None
    assert [c["kind"] for c in new.enterprise["corrections"]] == ["enterprise_changed"] * 2


def test_the_same_enterprise_twice_is_said(register_of_all_kinds: Desk) -> None:
    answers = checked(register_of_all_kinds, f"{HEAD}{CODE},,\n,演示甲有限公司,\n{CODE},,")
    assert [answer.same_as for answer in answers] == [None, "2", "2"]


@hypothesis_settings(max_examples=60)
@given(history=trails.histories, day=st.sampled_from(("2019-01-01", *trails.DAYS, "2027-01-01")))
def test_any_day_s_grades_are_those_of_a_fold_written_otherwise(history: list[trails.Step], day: str) -> None:
    entries = trails.Scribe().tell(history)
    family = folding.family(entries)
    living = retelling.told(entries)
    for enterprise, folded in family.members.items():
        told = testimony.account(folded, entries, day, set(), set())
        for unit in told["units"]:
            grade, listed, _, proposed = retelling.standing(living, unit["id"], day)
            held = (unit["grade"], unit["listed"], unit["proposal"] and unit["proposal"]["grade"])
            assert held == (grade, listed, proposed)
        ours = {t.number for t in living if t.enterprise == enterprise and t.day <= day}
        assert {event["entry"] for event in told["history"]} == ours


def test_what_was_deleted_is_found_without_a_grade_and_says_so(register_of_all_kinds: Desk) -> None:
    (answer,) = checked(register_of_all_kinds, "企业名称\n演示庚有限公司")
    told = answer.enterprise
    assert told is not None
    assert (told["overall_grade"], told["units"]) == (None, [])
    assert [event["withdrawn"] for event in told["history"]] == [True]
    assert [correction["kind"] for correction in told["corrections"]] == ["withdrawn"]


def test_a_number_of_a_workbook_is_no_code(register_of_all_kinds: Desk) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    assert book.active is not None
    for cells in (["代码"], [911302307808371268], [9.11302307808371e17], [CODE]):
        book.active.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    asked = of_file(stream.getvalue(), "名单.xlsx").questions
    with register_of_all_kinds.database.reading() as connection:
        known = register.latest_number(connection)
        answers = evidence.check(connection, asked, as_of="2024-06-01", known=known).answers
    assert [answer.status for answer in answers] == ["invalid", "invalid", "match"]
    assert "文本" in answers[0].reason


@hypothesis_settings(max_examples=25)
@given(history=trails.histories, chance=st.randoms(use_true_random=False))
def test_any_day_as_known_at_any_entry_is_a_fold_written_otherwise(
    history: list[trails.Step], chance: random.Random
) -> None:
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'register.db'}")
        database.migrate()
        with database.writing() as connection:
            scribe, half = trails.Scribe(), chance.randint(0, len(history))
            for part in (history[:half], history[half:]):
                scribe.write(connection, part)
            standings.catch_up(connection)
        with database.reading() as connection:
            entries = register.since(connection, 0)
            for known in (len(entries), *chance.sample(range(1, len(entries) + 1), min(2, len(entries)))):
                for enterprise in {e.enterprise for e in entries[:known] if e.enterprise}:
                    day = chance.choice(("2019-01-01", *trails.DAYS, "2027-01-01"))
                    compare(connection, entries[:known], enterprise, day, known)
        database.close()


def compare(connection: Connection, entries: list[register.Entry], enterprise: int, day: str, known: int) -> None:
    """What is told of an enterprise is what the whole register up to `known` says, read for each question anew."""
    living = retelling.told(entries)
    ours = [t for t in living if t.enterprise == enterprise and t.day <= day]
    if retelling.leads_to(entries, enterprise) is not None or not ours:
        with pytest.raises(evidence.NoRecord):
            evidence.about(connection, enterprise, as_of=day, known=known)
        return
    findings = evidence.about(connection, enterprise, as_of=day, known=known)
    told = findings.answers[0].enterprise
    assert told is not None
    assert {event["entry"]: event["withdrawn"] for event in told["history"]} == {t.number: t.withdrawn for t in ours}
    assert findings.used.keys() >= {t.number for t in ours}
    for unit in told["units"]:
        grade, listed, _, proposed = retelling.standing(living, unit["id"], day)
        held = (unit["grade"], unit["listed"], unit["proposal"] and unit["proposal"]["grade"])
        assert held == (grade, listed, proposed)
    assert {unit["id"] for unit in told["units"]} == {t.unit for t in ours if not t.withdrawn and not t.is_repetition}
    present, borne = retelling.names(entries, enterprise)
    assert (told["name"], set(told["former_names"])) == (present, borne - {present})


def test_a_long_list_is_answered_in_its_order(register_of_all_kinds: Desk) -> None:
    chance = random.Random(7)
    rows = [chance.choice((CODE, OTHER_CODE, MERGED_CODE)) for _ in range(1_000)]
    answers = checked(register_of_all_kinds, "\n".join(rows))
    assert [a.asked["code"] for a in answers] == rows
    assert {a.status for a in answers} == {"match"}
    assert Question("1", 1, CODE, None, None).said()["code"] == CODE
