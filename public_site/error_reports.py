"""What the public says is wrong with this site's data, and what became of it.

What this module knows that no other does: that such a report holds nothing about who sent it, that the same form sent
twice is one report, and that it changes nothing by itself: a publisher answers it, or drafts what mends it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Index, insert, text
from sqlmodel import Field, SQLModel

from public_site import audit, register, throttling
from public_site.database import Database
from public_site.faults import NotFound, NotValid
from public_site.languages import _

LONGEST = 2_000
PER_ADDRESS = throttling.Rate(burst=5, seconds=600)
_COLUMNS = "id, made_on, about, about_id, said, url, state, answer, draft_id, closed_by, closed_at"
About = Literal["enterprise", "notice", "none"]


class NoSuchReport(NotFound):
    """There is no report of this number."""


class ReportClosed(NotValid):
    """The report was answered already."""


class ErrorReportRecord(SQLModel, table=True):
    """A report: the day it came, what it is about, what it says. No column could hold who sent it."""

    __tablename__ = "error_report"
    __table_args__ = (
        Index("error_report_once", "sent_once", unique=True),
        Index("error_report_by_state", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    sent_once: str
    made_on: str
    about: str
    about_id: int | None
    said: str
    url: str | None
    state: str
    answer: str | None
    draft_id: int | None
    closed_by: str | None
    closed_at: str | None


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """A report as the console shows it."""

    id: int
    made_on: str
    about: str
    about_id: int | None
    said: str
    url: str | None
    state: str
    answer: str | None
    draft_id: int | None
    closed_by: str | None
    closed_at: str | None


def send(
    database: Database, *, about: About, about_id: int | None, said: str, url: str | None, once: str, address: str,
    at: datetime,
) -> int:  # fmt: skip
    """Keep a report; its number. `once` is the form's own key: the same form sent again is the report it was.

    Raises: throttling.TooFast.
    """
    key = hashlib.sha256(once.encode()).hexdigest()
    record = {"sent_once": key, "made_on": register.moment(at)[:10], "about": about, "about_id": about_id,
              "said": said, "url": url, "state": "open"}  # fmt: skip
    with database.writing() as connection:
        before = connection.execute(text("SELECT id FROM error_report WHERE sent_once = :key"), {"key": key}).scalar()
        if before is not None:
            return int(before)
        heard = throttling.take(connection, "error report", address, PER_ADDRESS, at=at)
        if heard:
            made = connection.execute(insert(ErrorReportRecord).returning(ErrorReportRecord.id), [record])  # type: ignore[call-overload]
            return int(made.scalar_one())
    raise throttling.TooFast(_("您刚才已经报告过几次，请过十分钟再试。已经收到的不会丢失。"))


def reports(connection: Connection, state: str, *, before: int | None = None, limit: int = 50) -> list[ErrorReport]:
    """The reports in `state` (open, closed), newest first; `before`: below this number."""
    query = text(
        f"SELECT {_COLUMNS} FROM error_report WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit"
    )
    bounds = {"state": state, "before": before or 2**31 - 1, "limit": limit}
    return [ErrorReport(*row) for row in connection.execute(query, bounds)]


def waiting(connection: Connection) -> int:
    """How many reports wait for an answer."""
    return int(connection.execute(text("SELECT count(*) FROM error_report WHERE state = 'open'")).scalar_one())


def report(connection: Connection, report_id: int) -> ErrorReport:
    """Raises: NoSuchReport."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM error_report WHERE id = :id"), {"id": report_id}
    ).one_or_none()
    if found is None:
        raise NoSuchReport(f"没有第 {report_id} 号数据错误报告。")
    return ErrorReport(*found)


def close(
    database: Database, report_id: int, answer: str, draft_id: int | None, *, by: str, at: datetime
) -> None:  # fmt: skip
    """Answer a report, naming the draft that mends the data where there is one.

    Raises: NoSuchReport, ReportClosed, NotValid.
    """
    if not answer.strip():
        raise NotValid("请写明核实的结果。")
    with database.writing() as connection:
        if report(connection, report_id).state != "open":
            raise ReportClosed(f"第 {report_id} 号报告已经办结。")
        known = text("SELECT 1 FROM draft WHERE id = :id")
        if draft_id is not None and connection.execute(known, {"id": draft_id}).scalar() is None:
            raise NotValid(f"没有第 {draft_id} 号草稿。")
        connection.execute(
            text("UPDATE error_report SET state = 'closed', answer = :answer, draft_id = :draft, closed_by = :by,"
                 " closed_at = :at WHERE id = :id"),
            {"answer": answer.strip(), "draft": draft_id, "by": by, "at": register.moment(at), "id": report_id},
        )  # fmt: skip
        audit.note(connection, who=by, what=f"close error report {report_id}", at=at)
