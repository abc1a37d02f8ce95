"""The append-only log: numbers without gaps, canonical bytes, and a database that refuses to rewrite history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from public_site import log, register
from public_site.database import Database
from public_site.settings import Settings
from tests.desk import Desk, row

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), _json, max_size=5))
def test_an_entry_has_the_bytes_that_rfc_8785_gives_it(value: dict[str, Any]) -> None:
    assert register.canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [{"lat": 29.5}, {"键": 1}, {"n": 2**53}, {"deep": [{"x": 1.0}]}])
def test_what_has_no_one_canonical_form_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(register.NotCanonical):
        register.canonical(value)


def test_no_column_of_an_entry_can_hold_a_person() -> None:
    assert set(register.EntryRecord.model_fields) == {
        "number", "kind", "stage", "notice_id", "enterprise_id", "unit_id", "effective_on", "published_at", "body", "leaf",
    }  # fmt: skip


def test_entries_are_numbered_from_one_without_gaps_and_things_are_named_by_their_first_entry(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B"), row("演示印刷有限公司", "A")])
    with desk.database.reading() as connection:
        entries = register.since(connection, 0)
    assert [e.number for e in entries] == [1, 2, 3, 4, 5]
    assert [e.kind for e in entries] == [
        "notice_published",
        "enterprise_registered",
        "graded",
        "enterprise_registered",
        "graded",
    ]
    assert [(e.notice, e.enterprise, e.unit) for e in entries] == [
        (1, None, None), (1, 2, None), (1, 2, 3), (1, 4, None), (1, 4, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET kind = 'graded'",
        "DELETE FROM entry",
        "INSERT INTO entry SELECT number + 7, kind, stage, notice_id, enterprise_id, unit_id, effective_on, published_at,"
        " body, leaf FROM entry WHERE number = 1",
        "UPDATE checkpoint SET note = ''",
        "DELETE FROM checkpoint",
    ],
)
def test_the_database_refuses_to_rewrite_history(desk: Desk, statement: str) -> None:
    desk.publish([row("演示纸箱有限公司", "B")])
    with pytest.raises(DBAPIError, match="append-only"), desk.database.writing() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_sqlite_refuses_to_replace_an_entry(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")])
    for table in ("entry", "checkpoint"):
        with pytest.raises(DBAPIError, match="append-only"), desk.database.writing() as connection:
            connection.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_truncate(desk: Desk) -> None:
    desk.publish([row("演示纸箱有限公司", "B")])
    with pytest.raises(DBAPIError, match="append-only"), desk.database.writing() as connection:
        connection.execute(text("TRUNCATE entry"))


def test_published_at_never_runs_backwards(database: Database) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with database.writing() as connection:
        first = register.Appending(connection, now)
        first.add("notice_published", {})
        first.close()
        second = register.Appending(connection, now - timedelta(days=1))
    assert second.published_at == first.published_at


def test_what_was_known_at_a_moment_is_a_number(desk: Desk) -> None:
    one = desk.publish([row("演示纸箱有限公司", "B")], on="2024-04-24")
    two = desk.publish([row("演示印刷有限公司", "A")], on="2025-04-24")
    with desk.database.reading() as connection:
        assert register.number_known_at(connection, datetime(2024, 1, 1, tzinfo=UTC)) == 0
        assert register.number_known_at(connection, datetime(2024, 12, 1, tzinfo=UTC)) == one.last_entry
        assert register.number_known_at(connection, datetime(2026, 1, 1, tzinfo=UTC)) == two.last_entry


def test_the_logs_key_is_never_made_anew_over_a_register_with_entries(desk: Desk, settings: Settings) -> None:
    from public_site import publishing

    desk.publish([row("演示纸箱有限公司", "B")])
    settings.log_key.unlink()
    with pytest.raises(log.NoLogKey, match="备份"):
        publishing.prepare(desk.database, settings)
