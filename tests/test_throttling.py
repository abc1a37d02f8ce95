"""Buckets that fill by the second and forget by the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from public_site import throttling
from public_site.database import Database

NOW = datetime(2026, 11, 25, 8, 0, 0, tzinfo=UTC)
RATE = throttling.Rate(burst=3, seconds=10)


def take(database: Database, whom: str, after: float) -> bool:
    with database.writing() as connection:
        return throttling.take(connection, "test", whom, RATE, at=NOW + timedelta(seconds=after))


def test_a_burst_and_then_one_in_so_many_seconds(database: Database) -> None:
    assert [take(database, "甲", 0) for _ in range(4)] == [True, True, True, False]
    assert [take(database, "甲", s) for s in (9, 10, 11, 20)] == [False, True, False, True]
    assert take(database, "乙", 11)


def test_with_a_new_day_key_and_buckets_are_gone(database: Database) -> None:
    for _ in range(4):
        take(database, "甲", 0)
    with database.reading() as connection:
        before = connection.execute(text("SELECT secret FROM daily_key")).scalar_one()
        names = set(connection.execute(text("SELECT name FROM bucket")).scalars())
    assert take(database, "甲", 86_400)
    with database.reading() as connection:
        assert connection.execute(text("SELECT secret FROM daily_key")).scalars().all() != [before]
        assert not names & set(connection.execute(text("SELECT name FROM bucket")).scalars())
