"""The register's database on both engines: who may write, what a reader sees, and the schema's way up and down."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from public_site import log, migrations, standings, verification
from public_site.database import Database, DatabaseAway, DatabaseBusy, SchemaNotCurrent, rows
from public_site.settings import Settings
from public_site.tables import METADATA
from tests.desk import Desk, row


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM projection")).scalar_one())


def add(connection: Connection, name: str) -> None:
    connection.execute(text("INSERT INTO projection (name, as_of) VALUES (:name, 0)"), {"name": name})


def test_rows_are_read_as_the_driver_gives_them(database: Database) -> None:
    with database.writing() as connection:
        add(connection, "50%")
        add(connection, ":name")
    with database.reading() as connection:
        found = rows(
            connection, "SELECT name, as_of FROM projection WHERE name = :name OR name LIKE '5%'", name=":name"
        )
    assert sorted(map(tuple, found)) == [("50%", 0), (":name", 0)]
    assert found[0]._fields == ("name", "as_of")


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_schema_goes_down_to_nothing_and_up_again(database: Database) -> None:
    database.downgrade("base")
    with pytest.raises(SchemaNotCurrent):
        database.require_current()
    database.migrate()
    database.require_current()


def test_every_step_of_the_schema_down_and_up_again_keeps_the_register_whole(desk: Desk) -> None:
    desk.publish([row(f"演示{n}号有限公司", "AB"[n % 2]) for n in range(4)], on="2023-05-01")
    desk.publish([row("演示1号有限公司", "C")], on="2024-05-01")
    database = desk.database
    with database.reading() as connection:
        root, entries = (
            log.root(connection, desk.latest),
            connection.execute(text("SELECT * FROM entry ORDER BY number")).all(),
        )
    revisions = sorted(file.name[:4] for file in (Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))
    assert revisions[-1] == database.revision()
    for revision in reversed(revisions[:-1]):
        database.downgrade(revision)
        assert database.revision() == revision
        database.migrate()
        with database.reading() as connection:
            assert connection.execute(text("SELECT * FROM entry ORDER BY number")).all() == entries, revision
            assert log.root(connection, desk.latest) == root, revision
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == [], revision
        with database.writing() as connection:
            standings.forget(connection)
            standings.catch_up(connection)
        assert verification.verify(database, desk.settings).findings == [], revision


def test_a_reader_cannot_write(database: Database) -> None:
    with database.reading() as connection, pytest.raises(DBAPIError, match=r"(?i)read-?only"):
        add(connection, "x")


def test_a_reader_sees_one_moment_however_long_it_looks(database: Database) -> None:
    with database.reading() as before:
        assert count(before) == 0
        with database.writing() as connection:
            add(connection, "x")
        assert count(before) == 0
    with database.reading() as after:
        assert count(after) == 1


def test_a_block_that_fails_leaves_no_trace(database: Database) -> None:
    def write_twice() -> None:
        with database.writing() as connection:
            add(connection, "x")
            add(connection, "x")

    with pytest.raises(DBAPIError):
        write_twice()
    with database.reading() as connection:
        assert count(connection) == 0


def test_writers_wait_for_each_other(database: Database, settings: Settings) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(name: str) -> int:
        with database.writing() as connection:
            before = count(connection)
            add(connection, name)
            return before

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, (f"n{i}" for i in range(24)))) == list(range(24))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_sqlite_keeps_acknowledged_rows_through_a_power_cut(database: Database) -> None:
    with database.writing() as connection:
        pragma = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                  ("journal_mode", "synchronous", "foreign_keys")}  # fmt: skip
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_who_has_waited_too_long_for_another_writer_is_told_so(database: Database, settings: Settings) -> None:
    if not database.is_sqlite:
        return  # there a writer waits for its turn, however long
    other = Database(settings.register_url)
    with database.writing() as connection:
        connection.execute(text("PRAGMA busy_timeout=50"))
    with other.writing() as connection:
        add(connection, "long")
        with pytest.raises(DatabaseBusy, match="请稍后再试"), database.writing():
            pass
    with database.writing() as connection:
        add(connection, "short")
        assert count(connection) >= 2
    other.close()


def test_a_question_that_takes_too_long_is_given_up_and_the_connection_serves_the_next(database: Database) -> None:
    if database.is_sqlite:
        return  # there a question costs its own process alone
    impatient = Database(database.url.render_as_string(hide_password=False), read_seconds=1)
    with pytest.raises(DatabaseBusy, match="请稍后再试"), impatient.reading() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    with impatient.reading() as connection:
        assert count(connection) == 0
    impatient.close()


def test_a_connection_that_the_server_ended_is_replaced_in_silence(database: Database) -> None:
    if database.is_sqlite:
        return
    with database.reading() as connection:
        count(connection)
    other = Database(database.url.render_as_string(hide_password=False))
    with other.writing() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND pid <> pg_backend_pid()")
        )  # fmt: skip
    with database.reading() as connection:
        assert count(connection) == 0
    other.close()


def test_who_cannot_reach_the_server_is_told_so() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseAway, match="暂时无法访问"), away.reading():
        pass
    with pytest.raises(DatabaseAway, match="暂时无法写入"), away.writing():
        pass
    away.close()


def test_the_log_s_tree_is_kept_whole_by_a_change_of_the_schema(desk: Desk) -> None:
    desk.publish([row(f"演示{n}号有限公司", "B") for n in range(40)], on="2023-05-01")
    with desk.database.reading() as connection:
        head = log.root(connection, desk.latest)
        kept = connection.execute(text("SELECT place, hash FROM tree_node ORDER BY place")).all()
    desk.database.downgrade("0007")
    with desk.database.reading() as connection:
        levels = connection.execute(text("SELECT max(level), count(*) FROM tree_node")).one()
    assert levels == (desk.latest.bit_length() - 1, len(kept))
    desk.database.migrate()
    with desk.database.reading() as connection:
        assert connection.execute(text("SELECT place, hash FROM tree_node ORDER BY place")).all() == kept
        assert log.root(connection, desk.latest) == head
