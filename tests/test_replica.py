"""Following another site's log: the same register in the end, and nothing taken over that was not signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from public_site import log, outside, publishing, register, replica, signing, standings, tree
from public_site.database import Database
from public_site.faults import NotValid
from public_site.settings import Settings
from public_site.web.app import create_app
from tests import databases
from tests.desk import Desk, row

SITE = "https://mingji.example.cn"
pytestmark = databases.on_one


@pytest.fixture
def get(desk: Desk) -> Callable[[str], bytes]:
    client = TestClient(create_app(desk.settings))
    return lambda url: client.get(url.removeprefix(SITE)).content


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Database, Path]:
    settings = Settings(data=tmp_path / "copy")
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    return database, settings.data


def test_a_copy_follows_and_is_the_same_register(
    desk: Desk, get: Callable[[str], bytes], copy: tuple[Database, Path]
) -> None:
    for run in range(3):
        desk.publish([row(f"演示{run}轮{n}号有限公司", "B") for n in range(150)], on=f"2024-0{run + 1}-01")
        assert replica.follow(*copy, SITE, get=get) == desk.latest
    with desk.database.reading() as ours, copy[0].reading() as theirs:
        assert log.root(theirs, desk.latest) == log.root(ours, desk.latest)
        assert standings.as_of(theirs) == desk.latest
        for table in standings.TABLES:
            query = text(f"SELECT * FROM {table} ORDER BY 1, 2")
            assert theirs.execute(query).all() == ours.execute(query).all()


def key_text(desk: Desk) -> str:
    return signing.encoded(log.read_key(desk.settings.log_key).public_key().public_bytes_raw())


def test_a_fork_is_reported_and_nothing_taken_over(
    desk: Desk, get: Callable[[str], bytes], copy: tuple[Database, Path]
) -> None:
    desk.publish([row(f"演示{n}号有限公司", "B") for n in range(5)], on="2024-01-01")
    have = replica.follow(*copy, SITE, get=get)
    desk.publish([row("演示后来有限公司", "B")], on="2024-02-01")
    key = log.read_key(desk.settings.log_key)

    def signed(size: int, root: bytes) -> Callable[[str], bytes]:
        note = tree.signed(tree.Checkpoint(desk.settings.origin, size, root), key).encode()
        return lambda url: note if url.endswith("/checkpoint") else get(url)

    with pytest.raises(outside.HistoryChanged, match="不是同一段历史"):
        replica.follow(*copy, SITE, get=signed(desk.latest, bytes(32)))
    with pytest.raises(outside.HistoryChanged, match="不是同一段历史"):
        replica.follow(*copy, SITE, get=signed(have, bytes(32)))
    with pytest.raises(outside.HistoryChanged, match="被删去"):
        replica.follow(*copy, SITE, get=signed(have - 1, bytes(32)))
    with pytest.raises(NotValid, match="副本"):
        replica.follow(*copy, "https://other.example.cn", get=get)
    (copy[1] / "followed.json").write_bytes(
        (copy[1] / "followed.json").read_bytes().replace(key_text(desk).encode(), b"A" * 43)
    )
    with pytest.raises(tree.CheckpointRefused):
        replica.follow(*copy, SITE, get=get)
    with copy[0].reading() as connection:
        assert register.latest_number(connection) == have
