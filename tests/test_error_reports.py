"""Reports of wrong data: kept once, about nobody, answered by a publisher."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from public_site import error_reports, throttling
from public_site.database import Database
from public_site.faults import NotValid
from tests.desk import DRAFTER, Desk, row

NOW = datetime(2026, 11, 25, 8, 0, 0, tzinfo=UTC)


def send(database: Database, once: str, *, address: str = "192.0.2.1", after: int = 0) -> int:
    return error_reports.send(database, about="enterprise", about_id=2, said="等级应为 C。", url=None, once=once,
                              address=address, at=NOW + timedelta(seconds=after))  # fmt: skip


def test_the_same_form_sent_twice_is_one_report(database: Database) -> None:
    assert send(database, "a") == send(database, "a") != send(database, "b")
    with database.reading() as connection:
        assert error_reports.waiting(connection) == 2


def test_reports_are_slowed_by_address_and_what_was_kept_stays(database: Database) -> None:
    for count in range(error_reports.PER_ADDRESS.burst):
        send(database, str(count))
    with pytest.raises(throttling.TooFast):
        send(database, "more")
    send(database, "0")  # heard before: answered as before
    send(database, "other", address="192.0.2.2")
    send(database, "more", after=601)


def test_nothing_that_is_kept_could_say_who_sent_it(database: Database) -> None:
    send(database, "a-random-key")
    with database.reading() as connection:
        kept = repr([connection.execute(text(f"SELECT * FROM {t}")).all() for t in ("error_report", "bucket")])
        columns = set(connection.execute(text("SELECT * FROM error_report")).keys())
    assert "192.0.2.1" not in kept
    assert "a-random-key" not in kept
    assert columns == {"id", "sent_once", "made_on", "about", "about_id", "said", "url", "state", "answer", "draft_id",
                       "closed_by", "closed_at"}  # fmt: skip


def test_an_answer_closes_a_report_once_and_may_name_the_draft_that_mends(desk: Desk) -> None:
    number, draft = send(desk.database, "a"), desk.draft([row("演示纸箱有限公司", "C")])
    with pytest.raises(NotValid, match="核实"):
        error_reports.close(desk.database, number, " ", None, by=DRAFTER, at=NOW)
    with pytest.raises(NotValid, match="没有第 99 号草稿"):
        error_reports.close(desk.database, number, "已更正", 99, by=DRAFTER, at=NOW)
    error_reports.close(desk.database, number, "已更正", draft.id, by=DRAFTER, at=NOW)
    with pytest.raises(error_reports.ReportClosed):
        error_reports.close(desk.database, number, "再说一次", None, by=DRAFTER, at=NOW)
    with desk.database.reading() as connection:
        (closed,) = error_reports.reports(connection, "closed")
        assert (closed.answer, closed.draft_id, closed.closed_by) == ("已更正", draft.id, DRAFTER)
        with pytest.raises(error_reports.NoSuchReport):
            error_reports.report(connection, 99)
