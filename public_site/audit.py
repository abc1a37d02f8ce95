"""Who did or read what, and when: one line an act, never what was written or read.

What this module knows that no other does: how the trail of the console is kept. It is appended to in the transaction of
the act it tells of, or before the act where that has one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, text
from sqlmodel import Field, SQLModel

from public_site import register


class AuditRecord(SQLModel, table=True):
    """`what`: an act of `supervisors` or of a command, or method and path of a request; no query and no body."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    made_at: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Line:
    """One act."""

    made_at: str
    who: str
    what: str


def note(connection: Connection, *, who: str, what: str, at: datetime) -> None:
    """Append one line."""
    connection.execute(insert(AuditRecord), [{"made_at": register.moment(at), "who": who, "what": what[:200]}])


def latest(connection: Connection, limit: int = 100) -> list[Line]:
    """The last lines, newest first."""
    query = text("SELECT made_at, who, what FROM audit ORDER BY id DESC LIMIT :limit")
    return [Line(*row) for row in connection.execute(query, {"limit": limit})]
