"""The register's database on both engines: who may write, what a reader sees, and the schema's way up and down."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from public_site import log
from public_site.database import Database, DatabaseBusy, SchemaNotCurrent, rows
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
