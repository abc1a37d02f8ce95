"""From an uploaded file to its draft: problems beside their row, answers to what was open, and restarts."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from public_site import drafts, handovers, intake, notices, publishing, reviews, uploads
from public_site.uploads import Upload
from tests.desk import APPROVER, DRAFTER, Desk, row


def receive(desk: Desk, file: Path, by: str = DRAFTER, given: notices.Given | None = None) -> int:
    """A file comes in as by the browser."""
    with uploads.receiving(desk.settings.uploads) as (name, out):
        out.write(file.read_bytes())
    return uploads.add(desk.database, file.name, name, file.stat().st_size, given or notices.Given(), by=by,
                       at=datetime.now(UTC))  # fmt: skip


def read(desk: Desk, number: int) -> Upload:
    while intake.read_next(desk.database, desk.settings):
        pass
    return seen(desk, number)


def seen(desk: Desk, number: int) -> Upload:
    with desk.database.reading() as connection:
        return uploads.upload(connection, number)


def test_an_uploaded_file_becomes_the_draft_it_would_be_by_the_command(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "B")])
    found = read(desk, receive(desk, file))
    assert (found.state, found.rows_done) == ("drafted", 1)
    again = desk.take_in(file)
    assert (again.is_new, again.draft.id) == (False, found.draft_id)
    assert not [f for f in desk.settings.uploads.iterdir() if not f.name.startswith(".")]


def test_every_problem_stands_beside_its_row_with_the_cell_marked(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "B"), row("演示玻璃有限公司", "优秀")])
    found = read(desk, receive(desk, file))
    assert (found.state, found.draft_id) == ("refused", None)
    (finding,) = found.findings
    assert finding.problem["row"] == 6
    assert [(header, cell) for header, cell, meant in finding.cells if meant] == [("绩效等级", "优秀")]
    assert ("企业名称", "演示玻璃有限公司", False) in finding.cells
    with desk.database.reading() as connection:
        assert drafts.drafts(connection) == []


def test_named_contacts_are_not_shown_even_beside_a_problem(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "名单.csv"
    file.write_text("企业名称,绩效等级,联系人\n演示纸箱有限公司,优秀,某某\n", encoding="utf-8")
    (finding,) = read(desk, receive(desk, file)).findings
    assert "某某" not in repr(finding)


def test_a_file_that_is_no_list_is_refused_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    for name, content in (("名单.exe", b"MZ"), ("名单.csv", b"\0\0\0"), ("名单.xlsx", b"PK\x03\x04rubbish")):
        (tmp_path / name).write_bytes(content)
        found = read(desk, receive(desk, tmp_path / name))
        assert found.state == "refused"
        assert found.findings[0].problem["remedy"]


def test_what_the_notice_leaves_open_is_answered_and_read_again(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "2024年名单.csv"
    file.write_text("企业名称,区县,绩效等级\n演示纸箱有限公司,涪陵区,B\n", encoding="utf-8")
    first = read(desk, receive(desk, file))
    assert first.draft_id is not None
    with desk.database.reading() as connection:
        draft = drafts.draft(connection, first.draft_id)
    asked = {question["about"] for question in draft.content["questions"]}
    assert {"issuer", "issued_on", "stage"} <= asked
    given = notices.Given(title="重庆市绩效评级结果的公告", issuer="重庆市生态环境局",
                          issued_on=datetime(2024, 4, 24).date(), stage="decided")  # noqa: DTZ001  # fmt: skip
    number = intake.read_again(desk.database, desk.settings, draft, given, hands={DRAFTER}, by="第三人",
                               at=datetime.now(UTC))  # fmt: skip
    second = read(desk, number)
    assert second.draft_id not in (None, draft.id)
    with desk.database.reading() as connection:
        answered = drafts.open_draft(connection, second.draft_id or 0)
        assert drafts.draft(connection, draft.id).state == "discarded"
    assert (answered.content["questions"], answered.content["issuer"]) == ([], "重庆市生态环境局")
    for by in (DRAFTER, "第三人"):  # both had a hand in it
        with pytest.raises(publishing.SamePerson):
            publishing.publish(desk.database, desk.settings, answered.id, by=by, at=datetime.now(UTC))
    desk.approve(answered)


def test_a_mended_file_takes_its_drafts_place_only_when_it_could_be_read(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "C")])
    for grade, state in (("优秀", "open"), ("B", "discarded")):
        file = desk.write([row("演示纸箱有限公司", grade)], name=f"改正{grade}.csv")
        with uploads.receiving(desk.settings.uploads) as (name, out):
            out.write(file.read_bytes())
        number = uploads.add(desk.database, file.name, name, file.stat().st_size, notices.Given(), by=DRAFTER,
                             at=datetime.now(UTC), about=draft.id)  # fmt: skip
        read(desk, number)
        with desk.database.reading() as connection:
            assert drafts.draft(connection, draft.id).state == state


def test_a_draft_that_was_handed_over_is_not_replaced(desk: Desk) -> None:
    draft = desk.draft([row("演示纸箱有限公司", "C")])
    file = desk.write([row("演示纸箱有限公司", "B")])
    with uploads.receiving(desk.settings.uploads) as (name, out):
        out.write(file.read_bytes())
    number = uploads.add(desk.database, file.name, name, file.stat().st_size, notices.Given(), by=DRAFTER,
                         at=datetime.now(UTC), about=draft.id)  # fmt: skip
    reviews.hand_over(desk.database, draft.id, by=DRAFTER, at=datetime.now(UTC))
    assert read(desk, number).state == "refused"
    with desk.database.reading() as connection:
        assert drafts.draft(connection, draft.id).state == "open"
        assert handovers.is_handed_over(connection, draft.id)


def test_a_reading_that_a_restart_cut_off_is_begun_again(desk: Desk) -> None:
    number = receive(desk, desk.write([row("演示纸箱有限公司", "B")]))
    assert uploads.next_waiting(desk.database)
    assert seen(desk, number).state == "reading"
    uploads.begin_again(desk.database, desk.settings.uploads)
    assert read(desk, number).state == "drafted"


def test_a_file_that_is_gone_says_so(desk: Desk) -> None:
    number = receive(desk, desk.write([row("演示纸箱有限公司", "B")]))
    (desk.settings.uploads / seen(desk, number).file).unlink()
    assert "重新上传" in read(desk, number).findings[0].problem["remedy"]


def test_files_that_never_arrived_whole_are_removed_after_a_day(desk: Desk) -> None:
    waiting = seen(desk, receive(desk, desk.write([row("演示纸箱有限公司", "B")]))).file
    for name, age in (("old", 90_000), ("new", 10)):
        (desk.settings.uploads / name).write_bytes(b"x")
        os.utime(desk.settings.uploads / name, times=(time.time() - age,) * 2)
    os.utime(desk.settings.uploads / waiting, times=(0, 0))
    uploads.begin_again(desk.database, desk.settings.uploads)
    assert {f.name for f in desk.settings.uploads.iterdir()} == {waiting, "new"}


def test_one_process_reads_and_another_takes_over(desk: Desk) -> None:
    with uploads.only_reader(desk.settings.uploads) as mine:
        assert mine
        with uploads.only_reader(desk.settings.uploads) as other:
            assert not other
    stop = threading.Event()
    reader = threading.Thread(target=intake.keep_reading, args=(desk.database, desk.settings, stop))
    reader.start()
    number = receive(desk, desk.write([row("演示纸箱有限公司", "B")]))
    deadline = time.monotonic() + 60
    while seen(desk, number).is_under_way and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    reader.join()
    assert seen(desk, number).state == "drafted"


def test_a_file_published_before_leads_to_its_publication(desk: Desk) -> None:
    file = desk.write([row("演示纸箱有限公司", "B")])
    taken = desk.take_in(file)
    desk.approve(taken.draft)
    found = read(desk, receive(desk, file, by=APPROVER))
    assert (found.state, found.draft_id) == ("drafted", taken.draft.id)


def test_what_came_of_an_upload_survives_with_the_database(desk: Desk) -> None:
    number = receive(
        desk, desk.write([row("演示纸箱有限公司", "优秀")]), given=notices.Given(url="https://example.cn/a")
    )
    read(desk, number)
    with desk.database.reading() as connection:
        kept = connection.execute(text("SELECT given, state FROM upload")).one()
    assert kept == ('{"url":"https://example.cn/a"}', "refused")
    uploads.put_away(desk.database, number)
    with desk.database.reading() as connection:
        assert uploads.unfinished(connection) == []
