"""A body's own figures: what came in, how long it took, how it ended.

What this module knows that no other does: how they are counted. A complaint counts for the body that has it now; days
are whole days from the day it came in; nothing is compared with another body.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from statistics import median

from sqlalchemy import text

from public_site.complaints import workflow
from public_site.complaints.handling import Desk
from public_site.complaints.store import Store


@dataclass(frozen=True, slots=True)
class Quarter:
    """What came in during a quarter (`2026 年第 1 季度`) and what of it has ended."""

    name: str
    received: int
    ended: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """`states`, `outcomes`: how many by state and by end; medians in days, None where there is nothing to count."""

    total: int
    late: int
    objected: int
    states: dict[str, int]
    outcomes: dict[str, int]
    quarters: tuple[Quarter, ...]
    days_to_accept: float | None
    days_to_close: float | None


def tallies(store: Store, desk: Desk, *, on: date) -> Tallies:
    """The figures of this body as of a day; erased complaints count in their quarter."""
    query = text(
        "SELECT state, received_on, accepted_on, closed_on, due_on, outcome, objected, late FROM complaint"
        " WHERE body = :body AND coalesce(about_body, '') <> :body"
    )
    states: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    quarters: dict[str, list[int]] = {}
    accepting, closing = list[int](), list[int]()
    late = objected = 0
    with store.looking() as connection:
        for row in connection.execute(query, {"body": desk.body.id}):
            states[row.state] += 1
            if row.outcome:
                outcomes[row.outcome] += 1
            received = quarters.setdefault(_quarter(row.received_on), [0, 0])
            received[0] += 1
            received[1] += row.state not in workflow.OPEN
            late += row.state in workflow.OPEN and bool(row.late or (row.due_on or "9") < on.isoformat())
            objected += row.objected
            if row.accepted_on:
                accepting.append(_days(row.received_on, row.accepted_on))
            if row.state == "closed" and row.closed_on:
                closing.append(_days(row.received_on, row.closed_on))
    told = tuple(Quarter(name, *numbers) for name, numbers in sorted(quarters.items(), reverse=True))
    return Tallies(states.total(), late, objected, dict(states), dict(outcomes), told[:12],
                   median(accepting) if accepting else None, median(closing) if closing else None)  # fmt: skip


def _quarter(day: str) -> str:
    return f"{day[:4]} 年第 {(int(day[5:7]) + 2) // 3} 季度"


def _days(since: str, until: str) -> int:
    return (date.fromisoformat(until) - date.fromisoformat(since)).days
