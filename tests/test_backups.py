"""The drill: a backup made while others publish comes back elsewhere, equal; whatever is wrong with one is a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from public_site import backups, documents, publishing, register_copies, verification
from public_site.complaints import copies, keys
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.sealed_files import Damaged, NotThisKey
from public_site.search import engines
from public_site.settings import Settings
from public_site.web.app import create_app
from tests.complaints.inbox import PASSPHRASE, SECRET, opened
from tests.desk import Desk, row
from tests.test_commands import Shell

PAGES = ("/", "/enterprises", "/enterprises/2", "/enterprises/2.json", "/notices/1", "/log/checkpoint", "/enterprises.csv", "/enterprises.atom")  # fmt: skip
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def nothing(_done: int, _total: int) -> None:
    """Nobody looks."""


@dataclass
class Drill:
    """An installation with a notice and a complaint, its backups, and the offline key."""

    desk: Desk
    place: Path
    offline: Path
    complaints_offline: Path

    @property
    def settings(self) -> Settings:
        return self.desk.settings

    def back_up(self, at: datetime = AT) -> backups.Backup:
        return backups.make(self.desk.database, self.settings, self.place, at=at, progress=nothing)

    @property
    def private(self) -> bytes:
        return keys.opened_offline(self.offline, PASSPHRASE, keys.BACKUPS)

    def elsewhere(self, folder: Path) -> Settings:
        """An empty installation on the same kind of database; the first one's database is gone."""
        settings = self.settings.model_copy(update={"data": folder})
        if settings.database_url:
            self.desk.database.close()
            engine = create_engine(settings.register_url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                for schema in ("complaints", "complaint_keys", "public"):
                    connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            engine.dispose()
        return settings

    def restore(self, settings: Settings, private: bytes | None = None) -> backups.Backup:
        database = Database(settings.register_url)
        try:
            return backups.restore(database, settings, self.place, private or self.private, progress=nothing)
        finally:
            database.close()


@pytest.fixture
def drill(desk: Desk, tmp_path: Path) -> Drill:
    desk.publish([row("演示甲有限公司", "A"), row("演示乙有限公司", "B")], on="2024-01-01")
    inbox = opened(desk.settings, tmp_path / "complaints-offline")
    inbox.lodge()
    inbox.store.close()
    found = Drill(desk, tmp_path / "place", tmp_path / "backup.key", inbox.offline)
    backups.make_key(desk.settings, found.offline, PASSPHRASE)
    return found


def pages(settings: Settings) -> dict[str, bytes]:
    client = TestClient(create_app(settings))
    return {url: client.get(url).content for url in PAGES}


def test_a_backup_made_while_others_publish_comes_back_elsewhere_with_the_same_pages(
    drill: Drill, tmp_path: Path
) -> None:
    desk, stop, failed = drill.desk, threading.Event(), list[Exception]()

    def publish_on() -> None:
        try:
            for day in range(2, 28):
                if stop.is_set():
                    return
                desk.publish([row(f"演示{day}号有限公司", "C")], on=f"2024-02-{day:02}")
        except Exception as fault:  # noqa: BLE001 - told by the test
            failed.append(fault)

    publishing_on = threading.Thread(target=publish_on)
    publishing_on.start()
    made = drill.back_up()
    stop.set()
    publishing_on.join()
    assert failed == []
    # What the pages said at that entry: of the same register, told as far as it was published then.
    held = drill.desk.database
    with held.reading() as connection:
        at_backup = connection.execute(
            text("SELECT note FROM checkpoint WHERE size = :n"), {"n": made.moment.entry}
        ).scalar()
    assert at_backup == made.moment.checkpoint
    final = drill.back_up(datetime(2026, 3, 2, tzinfo=UTC))
    assert final.originals >= 1 or final.moment.entry == made.moment.entry
    engines.engine(drill.settings).catch_up(documents.RegisterSource(drill.desk.database))
    before = pages(drill.settings)
    there = drill.elsewhere(tmp_path / "elsewhere")
    assert drill.restore(there).name == final.name
    database = Database(there.register_url)
    engine = engines.engine(there)
    engine.catch_up(documents.RegisterSource(database))
    report = verification.verify(database, there, held_outside=final.moment.checkpoint,
                                 index_problems=lambda: engine.problems(documents.RegisterSource(database)),
                                 progress=nothing)  # fmt: skip
    assert [finding.what for finding in report.findings] == []
    assert (report.entries, report.root.hex()) == (final.moment.entry, final.moment.root)
    assert pages(there) == before
    goes_on(database, there, tmp_path)
    with_complaints(there, drill)
    database.close()


def goes_on(database: Database, settings: Settings, tmp_path: Path) -> None:
    """What came back is a register like any other: numbers, keys and triggers go on."""
    publishing.prepare(database, settings)
    desk = Desk(database, settings, tmp_path / "desk-elsewhere")
    latest = desk.latest
    desk.publish([row("演示后来有限公司", "A")], on="2025-01-01")
    assert desk.latest > latest
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM draft")).scalar_one() > 1


def with_complaints(settings: Settings, drill: Drill) -> None:
    halves = settings.data / "complaints-copy"
    store = Store(settings)
    assert not store.is_open
    told = copies.restore(store, halves / "complaints.copy", halves / "complaint-keys.copy", drill.complaints_offline, PASSPHRASE)  # fmt: skip
    assert told == 1
    store.close()


@pytest.fixture
def one(settings: Settings, drill: Drill) -> Drill:
    """With one backup made."""
    drill.back_up()
    return drill


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
class TestRefusals:
    def test_nothing_in_a_backup_can_be_read_without_the_key(self, one: Drill) -> None:
        everything = b"".join(f.read_bytes() for f in one.place.rglob("*") if f.is_file())
        log_key = one.settings.log_key.read_bytes()
        for secret in (SECRET.encode(), "演示甲".encode(), log_key, log_key[40:80], b"SQLite format"):
            assert secret not in everything
        assert all(f.stat().st_mode & 0o077 == 0 for f in (one.place, *one.place.glob("2*")))

    def test_anybody_can_check_the_medium(self, one: Drill) -> None:
        (name,) = backups.latest(one.place)
        done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=one.place / name, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout

    def test_another_key_opens_nothing(self, one: Drill, tmp_path: Path) -> None:
        with pytest.raises(NotThisKey, match="打不开"):
            one.restore(one.elsewhere(tmp_path / "e"), os.urandom(32))
        assert list((tmp_path / "e").glob("*")) == []
        with pytest.raises(keys.NotTheKey, match="不是备份的离线密钥"):
            keys.opened_offline(one.complaints_offline, PASSPHRASE, keys.BACKUPS)

    def test_every_file_that_is_cut_altered_or_gone_is_found_before_anything_comes_back(
        self, one: Drill, tmp_path: Path
    ) -> None:
        (name,) = backups.latest(one.place)
        there = one.elsewhere(tmp_path / "e")
        sealed = [f for f in one.place.rglob("*.sealed") if f.parent.name != "complaint-keys"]
        assert len(sealed) >= 5
        for file in sealed:
            whole = file.read_bytes()
            middle = len(whole) // 2
            flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
            for damaged in (whole[:-1], whole[: middle + 1], flipped, whole + b"\0", b""):
                file.write_bytes(damaged)
                with pytest.raises((Damaged, NotThisKey)):
                    one.restore(there)
            file.unlink()
            with pytest.raises((Damaged, OSError)):
                one.restore(there)
            file.write_bytes(whole)
        assert [f.name for f in there.data.glob("*")] == []
        assert one.restore(there).name == name

    def test_the_files_of_two_backups_cannot_be_mixed(self, one: Drill, tmp_path: Path) -> None:
        one.desk.publish([row("演示丙有限公司", "A")], on="2024-03-01")
        second = one.back_up(datetime(2026, 3, 2, tzinfo=UTC)).name
        first = backups.latest(one.place)[1]
        for file in ("register.sealed", "manifest.sealed", "SHA256SUMS"):
            shutil.copy(one.place / first / file, one.place / second / file)
        with pytest.raises(Damaged, match="另一份备份"):
            one.restore(one.elsewhere(tmp_path / "e"))

    def test_what_is_not_empty_is_not_written_over(self, one: Drill, tmp_path: Path) -> None:
        before = (one.settings.data / "register.db").read_bytes()
        with pytest.raises(backups.NotEmpty, match="不是空的"):
            one.restore(one.settings)
        assert (one.settings.data / "register.db").read_bytes() == before
        with pytest.raises(backups.NoBackup):
            backups.restore(one.desk.database, one.settings, tmp_path / "none", one.private, progress=nothing)

    def test_a_backup_that_was_killed_looks_like_none(self, one: Drill, tmp_path: Path) -> None:
        (name,) = backups.latest(one.place)
        half = one.place / ".begun.1"
        shutil.copytree(one.place / name, half)
        (one.place / "20990101T000000Z-9").mkdir()
        assert backups.latest(one.place) == [name]
        one.desk.publish([row("演示丙有限公司", "A")], on="2024-03-01")
        again = one.back_up(datetime(2026, 3, 2, tzinfo=UTC))
        assert not half.exists()
        assert again.originals == 1, "originals that are there already are not sealed again"
        assert len(list((one.place / "complaint-keys").iterdir())) == 1, "what was erased must not come back"
        assert list(one.settings.data.glob(".backup.*")) == []
        spoiled = next((one.place / "originals").iterdir())
        spoiled.write_bytes(b"rotten")
        assert one.back_up(datetime(2026, 3, 3, tzinfo=UTC)).originals == 1
        assert one.restore(one.elsewhere(tmp_path / "e")).moment.entry == again.moment.entry
        assert len(backups.thin(one.place, 1)) == 2
        assert len(backups.latest(one.place)) == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_commands_say_what_they_did(desk: Desk, tmp_path: Path) -> None:
    desk.publish([row("演示甲有限公司", "A")], on="2024-01-01")
    desk.database.close()
    here, there = Shell(desk.settings.data), Shell(tmp_path / "elsewhere")
    place, key = tmp_path / "place", tmp_path / "k"

    def typed(shell: Shell, *words: Any) -> subprocess.CompletedProcess[str]:
        return shell(*words, typed=f"{PASSPHRASE}\n")

    refused = here("backup", place)
    assert (refused.returncode, "backup-key" in refused.stderr) == (2, True)
    assert typed(here, "backup-key", key, "--passphrase-stdin").returncode == 0
    made = here("backup", place, "--keep", "3")
    assert made.returncode == 0, made.stderr
    assert "设置（环境变量）不在其中" in made.stdout
    back = typed(there, "restore", place, "--key", key, "--passphrase-stdin")
    assert back.returncode == 0, back.stderr
    assert "已恢复" in back.stdout
    assert len(back.stdout.partition("根哈希 ")[2].partition("，")[0]) == 64


def test_a_copy_of_one_database_does_not_go_into_the_other(tmp_path: Path) -> None:
    moment = register_copies.Moment("postgresql", "0008", 1, "", "", {})
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(register_copies.OtherDatabase, match="copy-to"):
        register_copies.put_back(database, moment, tmp_path, lambda _: None)  # type: ignore[arg-type,return-value]
