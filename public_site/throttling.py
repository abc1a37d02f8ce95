"""Token buckets in the database, shared by every process, that remember nobody.

What this module knows that no other does: a bucket is named by HMAC(whom, a random key of the day). The key is thrown
away with the day's buckets, so that no address can be worked out of what was kept; no address is stored or logged.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlmodel import Field, SQLModel

from public_site.faults import NotReady

_WHOLE = 1_000  # a token in thousandths, so that a bucket fills by the second


class TooFast(NotReady):
    """More attempts than this may be; the sentence says when the next one is heard."""


class DailyKeyRecord(SQLModel, table=True):
    """The key of one day (UTC)."""

    __tablename__ = "daily_key"

    day: str = Field(primary_key=True)
    secret: str


class BucketRecord(SQLModel, table=True):
    """How full a bucket was, in thousandths of a token, at a second."""

    __tablename__ = "bucket"

    name: str = Field(primary_key=True)
    level: int
    filled_at: int


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, then one in so many seconds."""

    burst: int
    seconds: int


def take(connection: Connection, purpose: str, whom: str, rate: Rate, *, at: datetime) -> bool:
    """Take a token out of the bucket of `whom`; False when there is none. Lives inside `database.writing()`."""
    name = hmac.new(_key(connection, at), f"{purpose}\0{whom}".encode(), hashlib.sha256).hexdigest()
    now = int(at.timestamp())
    found = connection.execute(text("SELECT level, filled_at FROM bucket WHERE name = :name"), {"name": name}).first()
    level = rate.burst * _WHOLE
    if found is not None:
        level = min(level, found.level + max(0, now - found.filled_at) * _WHOLE // rate.seconds)
    taken = level >= _WHOLE
    connection.execute(
        text("INSERT INTO bucket (name, level, filled_at) VALUES (:name, :level, :now)"
             " ON CONFLICT (name) DO UPDATE SET level = excluded.level, filled_at = excluded.filled_at"),
        {"name": name, "level": level - _WHOLE if taken else level, "now": now},
    )  # fmt: skip
    return taken


def _key(connection: Connection, at: datetime) -> bytes:
    """The day's key. With a new day the old key goes, and with it every bucket it named."""
    day = at.astimezone(UTC).date().isoformat()
    found = connection.execute(text("SELECT secret FROM daily_key WHERE day = :day"), {"day": day}).scalar()
    if found is None:
        connection.execute(text("DELETE FROM daily_key"))
        connection.execute(text("DELETE FROM bucket"))
        found = secrets.token_hex(32)
        connection.execute(text("INSERT INTO daily_key (day, secret) VALUES (:day, :secret)"),
                           {"day": day, "secret": found})  # fmt: skip
    return bytes.fromhex(str(found))
