"""From SQLite to PostgreSQL: everything arrives, or nothing; the same log goes on there, and the old one never does."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select, text

from public_site import copying, error_reports, log, publishing, verification
from public_site.complaints import following
from public_site.complaints.store import SEALED, WRAPS, Store
from public_site.database import Database, DatabaseAway, SchemaNotCurrent
from public_site.settings import Settings
from public_site.tables import METADATA
from tests.complaints.inbox import SECRET, TODAY, Inbox, opened
from tests.complaints.test_photos import picture
from tests.desk import Desk, row
from tests.test_commands import Shell


@dataclass(frozen=True)
class Moving:
    """A register with complaints that is about to move: its clerk, its inbox, and one complaint's code."""

    desk: Desk
    inbox: Inbox
    code: str

    @property
    def database(self) -> Database:
        return self.desk.database

    @property
    def settings(self) -> Settings:
        return self.desk.settings


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a register with two notices, a waiting draft, a report of wrong data and a complaint with a photo."""
    folder = tmp_path_factory.mktemp("made")
    settings = Settings(data=folder / "data")
    with closing(Database(settings.register_url)) as database:
        publishing.prepare(database, settings)
        desk = Desk(database, settings, folder / "desk")
        desk.publish([row(f"演示{n}号有限公司", "AB"[n % 2]) for n in range(8)], on="2023-05-01")
        desk.draft([row("演示待批有限公司", "B", 备注="制表符\t反斜线\\N换行")], on="2024-06-01")
        error_reports.send(database, about="none", about_id=None, said="名称有误\\.\n第二行\t尾", url=None, once="1",
                           address="192.0.2.1", at=datetime(2024, 6, 1, tzinfo=UTC))  # fmt: skip
    inbox = opened(settings, folder / "offline")
    code = inbox.lodge(photos=(picture("JPEG", (320, 240)),)).code
    inbox.store.close()
    return folder, code


@pytest.fixture
def full(made: tuple[Path, str], tmp_path: Path) -> Iterator[Moving]:
    """A copy of it for one test."""
    folder, code = tmp_path / "copy", made[1]
    shutil.copytree(made[0], folder)
    settings = Settings(data=folder / "data")
    database, store = Database(settings.register_url), Store(settings)
    yield Moving(Desk(database, settings, folder / "more"), Inbox(store, folder / "offline" / "offline.key"), code)
    database.close()
    store.close()


def rows(connection: Connection, metadata: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for table in metadata.sorted_tables
    }


def everything(database: Database, settings: Settings) -> list[dict[str, list[tuple[Any, ...]]]]:
    """Every row of the register and of complaints."""
    with (
        closing(Store(settings)) as store,
        database.reading() as register,
        store.sealed.reading() as sealed,
        store.wraps.reading() as wraps,
    ):
        return [rows(register, METADATA), rows(sealed, SEALED), rows(wraps, WRAPS)]


def there(url: str) -> int:
    """How many tables and sequences there are in a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        query = "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)'"
        found = int(connection.execute(text(query)).scalar_one())
    engine.dispose()
    return found


def test_everything_arrives_row_for_row_and_both_go_on(
    full: Moving, postgres_database_url: str, tmp_path: Path
) -> None:
    made = copying.copy_to(full.database, full.settings, postgres_database_url)
    assert (made.number, made.complaints) == (full.desk.latest, True)

    moved = full.settings.model_copy(update={"database_url": postgres_database_url})
    with closing(Database(postgres_database_url)) as database, closing(Store(moved)) as store:
        assert everything(database, moved) == everything(full.database, full.settings)
        assert following.follow(store, full.code, on=TODAY).statement["said"] == SECRET
        report = verification.verify(database, moved)
        assert (report.findings, report.entries, report.root) == ([], full.desk.latest, made.root)
        there = Desk(database, moved, tmp_path / "there")
        there.publish([row("演示新企业有限公司", "A")], on="2024-07-01")
        assert error_reports.send(database, about="none", about_id=None, said="又一处", url=None, once="2",
                                  address="192.0.2.1", at=datetime(2024, 7, 1, tzinfo=UTC)) == 2  # fmt: skip
        Inbox(store, full.inbox.offline).lodge("another form")
        assert verification.verify(database, moved).findings == []
    full.desk.publish([row("演示旧库新企业有限公司", "B")], on="2024-07-02")  # a rehearsal leaves the source as it was
    full.inbox.lodge("a third form")


def test_the_indexes_and_guards_are_those_that_the_migrations_make(full: Moving, postgres_database_url: str) -> None:
    copying.copy_to(full.database, full.settings, postgres_database_url)
    with closing(Database(postgres_database_url)) as database:
        from alembic.autogenerate import compare_metadata
        from alembic.runtime.migration import MigrationContext

        with database.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        with database.reading() as connection:
            enabled = (
                connection.execute(text("SELECT tgenabled FROM pg_trigger WHERE NOT tgisinternal")).scalars().all()
            )
    assert set(enabled) == {"O"}


def test_a_final_copy_closes_the_old_register_and_public_readers_stay(full: Moving, postgres_database_url: str) -> None:
    waiting = full.desk.draft([row("演示再来有限公司", "A")], on="2024-07-01")
    copying.copy_to(full.database, full.settings, postgres_database_url, final=True)
    before = full.desk.latest
    with pytest.raises(DatabaseAway, match="正在迁到另一个数据库"):
        full.desk.approve(waiting, on="2024-07-01")
    with pytest.raises(DatabaseAway):
        full.inbox.lodge("another form")
    with pytest.raises(DatabaseAway):
        following.erase(full.inbox.store, full.code, on=TODAY)
    assert full.desk.latest == before
    assert full.desk.enterprise("演示1号有限公司").line.id
    assert verification.verify(full.database, full.settings).findings == []


def test_a_target_that_is_not_empty_is_refused_and_left_alone(full: Moving, postgres_database_url: str) -> None:
    engine = create_engine(postgres_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE somebody_elses (id integer)"))
    with pytest.raises(copying.CannotCopy, match=r"不是空的.*somebody_elses"):
        copying.copy_to(full.database, full.settings, postgres_database_url)
    assert there(postgres_database_url) == 1
    engine.dispose()


def test_a_second_copy_into_the_same_database_is_refused(full: Moving, postgres_database_url: str) -> None:
    copying.copy_to(full.database, full.settings, postgres_database_url)
    with pytest.raises(copying.CannotCopy, match="不是空的"):
        copying.copy_to(full.database, full.settings, postgres_database_url)


def test_what_fails_half_way_leaves_the_target_empty(full: Moving, postgres_database_url: str) -> None:
    with full.inbox.store.wraps.writing() as connection:  # the last table of all; PostgreSQL's text cannot hold a NUL
        connection.execute(text("UPDATE wrap SET part = 'x' || char(0) WHERE part = 'contact'"))
    with pytest.raises(Exception, match="NUL"):
        copying.copy_to(full.database, full.settings, postgres_database_url, final=True)
    assert there(postgres_database_url) == 0
    full.desk.publish([row("演示照旧有限公司", "B")], on="2024-07-02")  # the source was not closed


def test_a_register_that_was_edited_behind_its_back_is_not_copied(full: Moving, postgres_database_url: str) -> None:
    with full.database.writing() as connection:
        connection.execute(text("DROP TRIGGER entry_refuses_update"))
        number, body = connection.execute(text("SELECT number, body FROM entry WHERE body LIKE '%演示%' LIMIT 1")).one()
        edited = body.replace("演示", "改过")
        leaf = hashlib.sha256(b"\0" + edited.encode()).digest()
        connection.execute(text("UPDATE entry SET body = :b, leaf = :l WHERE number = :n"),
                           {"b": edited, "l": leaf, "n": number})  # fmt: skip
    with pytest.raises(copying.CopyDiffers, match="根哈希不同"):
        copying.copy_to(full.database, full.settings, postgres_database_url)
    assert there(postgres_database_url) == 0


def test_a_source_of_another_schema_is_refused(full: Moving, postgres_database_url: str) -> None:
    full.database.downgrade("0007")
    with pytest.raises(SchemaNotCurrent):
        copying.copy_to(full.database, full.settings, postgres_database_url)
    assert there(postgres_database_url) == 0


def test_what_is_no_postgresql_database_or_no_sqlite_register_is_refused(
    full: Moving, postgres_database_url: str
) -> None:
    with pytest.raises(copying.CannotCopy, match=r"postgresql\+psycopg"):
        copying.copy_to(full.database, full.settings, "mysql://x/y")
    with closing(Database(postgres_database_url)) as database, pytest.raises(copying.CannotCopy, match="SQLite"):
        copying.copy_to(database, full.settings, postgres_database_url)


def test_the_command_says_what_to_do_next(full: Moving, postgres_database_url: str) -> None:
    with full.database.reading() as connection:
        root = log.root(connection, full.desk.latest).hex()
    full.database.close()
    shell = Shell(full.settings.data)
    done = shell("copy-to", postgres_database_url)
    assert (done.returncode, root in done.stdout, "--final" in done.stdout) == (0, True, True), done.stderr
    again = shell("copy-to", postgres_database_url)
    assert (again.returncode, "不是空的" in again.stderr) == (2, True)
