"""A country in small breaks: whatever is killed, nothing is lost and no page shows a wrong grade. `make replicas` at length."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack

import httpx2
import pytest
from sqlalchemy import text

from public_site.database import Database
from tests.replicas import Country, Watcher, country


@pytest.mark.timeout(300)
def test_two_public_replicas_and_a_writer_outlive_what_dies_under_them() -> None:
    with country() as found, ExitStack() as ends:
        one = ends.enter_context(found.replica("one"))
        two = ends.enter_context(found.replica("two"))
        with found.watched(one.address, two.address) as watchers:
            entry = found.publish()
            for server in (one, two):
                found.seen(server.address, entry)
            _a_lagging_replica_shows_the_register_as_it_was(found, one.address)
            _without_a_primary_pages_go_on_and_nothing_is_published(found, watchers)
            _without_an_index_nothing_is_lost(found, one.address)
            _without_any_database_no_wrong_grade_is_shown(found, one.address)
            two.kill()
            entry = found.publish()
            found.seen(one.address, entry)
        with found.replica("two") as again, found.watched(again.address):
            found.seen(again.address, entry)  # its index catches up by N


def _a_lagging_replica_shows_the_register_as_it_was(found: Country, address: str) -> None:
    standby = Database(found.standby.url())
    with standby.reading() as connection:
        connection.execute(text("SELECT pg_wal_replay_pause()"))
    before = found.desk.latest
    entry = found.publish()
    time.sleep(0.5)
    assert httpx2.get(f"{address}/enterprises.json").json()["entry"] == before
    with standby.reading() as connection:
        connection.execute(text("SELECT pg_wal_replay_resume()"))
    found.seen(address, entry)
    standby.close()


def _without_a_primary_pages_go_on_and_nothing_is_published(found: Country, watchers: list[Watcher]) -> None:
    found.wait()
    before = found.desk.latest
    found.primary.stop()
    assert "暂时无法写入" in found.refuses_to_publish()
    for watcher in watchers:
        answer = httpx2.get(f"{watcher.address}/enterprises.json")
        assert (answer.status_code, answer.json()["entry"]) == (200, before)
    found.primary.start()
    assert found.desk.latest == before
    entry = found.approve(*found.waiting)
    for watcher in watchers:
        found.seen(watcher.address, entry)


def _without_an_index_nothing_is_lost(found: Country, address: str) -> None:
    shutil.rmtree(found.folder / "one" / "search")
    entry = found.publish()
    found.seen(address, entry, f"/enterprises/{min(found.ids.values())}.json")
    found.seen(address, entry)
    while httpx2.get(f"{address}/readyz").json()["lag"]["search"] != 0:
        time.sleep(0.1)


def _without_any_database_no_wrong_grade_is_shown(found: Country, address: str) -> None:
    found.standby.stop()
    answers = [httpx2.get(f"{address}/enterprises/{number}.json", timeout=30) for number in found.ids.values()]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert httpx2.get(f"{address}/enterprises?q=nobody+asked+this", timeout=30).status_code == 503
    found.standby.start()
    found.seen(address, found.publish())
