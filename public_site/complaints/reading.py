"""Who of a body opened what, and which reading is unusual.

What this module knows that no other does: how much a person who handles complaints opens in a day (`THRESHOLDS`). More
than that is shown to their colleagues and to the administrators, by name, until the days have passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from public_site.complaints import handling
from public_site.complaints.handling import Desk
from public_site.complaints.store import Store

# What is opened → how many different complaints of one person in one day are still ordinary.
THRESHOLDS = {"statement": 40, "contact": 5, "photo": 40}
WHAT = {"statement": "内容", "contact": "联系方式", "photo": "照片"}
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """One opening. `complaint` and `reference` are None where the complaint is this body's no more."""

    id: int
    opened_on: str
    who: str
    what: str
    complaint: int | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Unusual:
    """So many different complaints opened by one person on one day."""

    day: str
    body: str
    who: str
    what: str
    complaints: int


def readings(store: Store, desk: Desk, *, before: int | None = None, limit: int = 100) -> list[Reading]:
    """What the people of this body opened, newest first; `before`: below this number."""
    query = text(
        "SELECT o.id, o.opened_on, o.who, o.what, c.id, c.reference FROM opening o LEFT JOIN"
        f" (SELECT id, reference FROM complaint WHERE {handling.MINE}) c ON c.id = o.complaint"
        " WHERE o.body = :body AND o.id < :before ORDER BY o.id DESC LIMIT :limit"
    )
    with store.looking() as connection:
        rows = connection.execute(query, {"body": desk.body.id, "before": before or 2**31 - 1, "limit": limit})
        return [Reading(*row) for row in rows]


def unusual(store: Store, body: str | None = None, *, on: date) -> list[Unusual]:
    """What was unusual in the last 30 days, newest first: of one body, or of all."""
    least = " OR ".join(
        f"(o.what = '{what}' AND count(DISTINCT o.complaint) > {most})" for what, most in THRESHOLDS.items()
    )
    query = text(
        "SELECT o.opened_on, o.body, o.who, o.what, count(DISTINCT o.complaint) FROM opening o"
        f" WHERE o.opened_on >= :since {'AND o.body = :body' if body else ''}"
        f" GROUP BY o.opened_on, o.body, o.who, o.what HAVING {least} ORDER BY o.opened_on DESC, o.body, o.who"
    )
    bound = {"since": (on - timedelta(days=_DAYS)).isoformat()} | ({"body": body} if body else {})
    with store.looking() as connection:
        return [
            Unusual(str(r[0]), str(r[1]), str(r[2]), str(r[3]), int(r[4])) for r in connection.execute(query, bound)
        ]
