"""What is public of complaints: counts of closed quarters in cells that betray nobody, and how long bodies took.

What this module knows that no other does: a quarter is worked out once, when it is over, and never again, so that what was
public before and after a complaint, an erasure or a publication is the same; a cell (county × category) stands for five
complaints at least; where the country's total less the cells shown would betray a smaller rest, the smallest of the cells
is left out too; of a body nothing is said below thirty answers. Only what may be public is ever written down.

Counts: a complaint counts in each category it names, in the quarter it came in, also if it was withdrawn or erased since.
There are no totals of a county, a body or a year, and no order by number: nothing to subtract from, and no ranking.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert, text

from public_site import complaint_counts
from public_site.complaints import bodies
from public_site.complaints.store import ANSWER_TIME, CELL, QUARTER, Store
from public_site.database import Database

LEAST = complaint_counts.LEAST
LEAST_ANSWERS = 30
COUNTRY = ""
_ARRIVED = frozenset({"lodge", "take", "escalate", "object"})
_ANSWERED = frozenset({"accept", "refuse"})

Cells = Mapping[tuple[str, str], int]  # (county or COUNTRY, category) → complaints


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """How long a body took in a quarter: half of its complaints so many days at most, nine of ten so many."""

    body: str
    clock: str
    complaints: int
    half_days: int
    most_days: int


@dataclass(frozen=True, slots=True)
class Quarter:
    """What is public of a quarter."""

    quarter: str
    cells: Cells
    answer_times: tuple[AnswerTime, ...]


def close_quarters(store: Store, *, on: date) -> int:
    """Write down the quarters that are over by now and were not yet; how many."""
    with store.sealed.writing() as connection:
        first = connection.execute(text("SELECT min(received_on) FROM complaint")).scalar()
        done = set(connection.execute(text("SELECT quarter FROM quarter")).scalars())
        wanted = [q for q in _quarters(first, on) if q not in done] if first else []
        for quarter in wanted:
            _close(connection, quarter, on)
    return len(wanted)


def hand_over(store: Store, database: Database) -> int:
    """Copy the counts of closed quarters to where an export finds them; how many quarters were new there."""
    with store.looking() as connection:
        closed_on = {str(q): str(day) for q, day in connection.execute(text("SELECT quarter, made_on FROM quarter"))}
    with database.reading() as connection:
        new = sorted(closed_on.keys() - complaint_counts.quarters(connection))
    counted = {named: found.cells for named in new if (found := quarter(store, named)) and found.cells}
    if not counted:
        return 0
    with database.writing() as connection:
        for named in sorted(counted.keys() - complaint_counts.quarters(connection)):
            cells = [(place, category, n) for (place, category), n in sorted(counted[named].items())]
            complaint_counts.keep(connection, named, closed_on[named], cells)
    return len(counted)


def closed(store: Store) -> list[str]:
    """The quarters that are public, the newest first."""
    with store.looking() as connection:
        return list(connection.execute(text("SELECT quarter FROM quarter ORDER BY quarter DESC")).scalars())


def quarter(store: Store, named: str) -> Quarter | None:
    """One of them; places by code, bodies by the order of their names."""
    with store.looking() as connection:
        if connection.execute(text("SELECT 1 FROM quarter WHERE quarter = :q"), {"q": named}).first() is None:
            return None
        cells = connection.execute(
            text("SELECT place, category, complaints FROM cell WHERE quarter = :q ORDER BY place, category"),
            {"q": named},
        )
        counted = {(place, category): complaints for place, category, complaints in cells}
        times = connection.execute(
            text("SELECT name, clock, complaints, half_days, most_days FROM answer_time WHERE quarter = :q"
                 " ORDER BY name, clock"), {"q": named}
        )  # fmt: skip
        return Quarter(named, counted, tuple(AnswerTime(*row) for row in times))


def suppressed(counts: Cells) -> Cells:
    """What of exact counts by county and category may be public, with the country's total of each category.

    Pure. Of each category: no cell below `LEAST`; and what the total leaves over for the counties that are not shown is
    nothing or `LEAST` at least, else the smallest cell shown goes too (then the next).
    """
    shown: dict[tuple[str, str], int] = {}
    for category in sorted({category for _, category in counts}):
        of = {place: n for (place, its), n in counts.items() if its == category and n}
        total = sum(of.values())
        if total < LEAST:
            continue
        kept = sorted(((n, place) for place, n in of.items() if place and n >= LEAST), reverse=True)
        while kept and 0 < total - sum(n for n, _ in kept) < LEAST:
            kept.pop()
        shown |= {(place, category): n for n, place in kept}
        shown[COUNTRY, category] = total
    return shown


def _close(connection: Connection, named: str, on: date) -> None:
    first, last = _bounds(named)
    connection.execute(insert(QUARTER), [{"quarter": named, "made_on": on.isoformat()}])
    rows = connection.execute(
        text(
            "SELECT place, categories FROM complaint WHERE kind = 'pollution' AND received_on BETWEEN :first AND :last"
        ),
        {"first": first, "last": last},
    )
    cells = [{"quarter": named, "place": place, "category": category, "complaints": n}
             for (place, category), n in suppressed(_counted(rows.all())).items()]  # fmt: skip
    if cells:
        connection.execute(insert(CELL), cells)
    times = [{"quarter": named} | row for row in _answer_times(connection, first, last)]
    if times:
        connection.execute(insert(ANSWER_TIME), times)


def _counted(rows: Iterable[Sequence[str]]) -> Counter[tuple[str, str]]:
    """What is not known as far as a county counts for the country alone, at no place."""
    counted: Counter[tuple[str, str]] = Counter()
    for place, categories in rows:
        county = place if place and not place.endswith("00") else COUNTRY
        counted.update((county, category) for category in set(categories.split()))
    return counted


def _answer_times(connection: Connection, first: str, last: str) -> list[dict[str, object]]:
    rows = connection.execute(
        text("SELECT complaint, act, body, made_on FROM step WHERE complaint IN (SELECT complaint FROM step"
             " WHERE act IN ('accept', 'refuse', 'close') AND made_on BETWEEN :first AND :last) ORDER BY complaint, ordinal"),
        {"first": first, "last": last},
    )  # fmt: skip
    took: dict[tuple[str, str], list[int]] = {}
    since: dict[tuple[int, str, str], str] = {}
    for complaint, act, body, day in rows:
        if act in _ARRIVED:
            since[complaint, body, "accept"] = day
        if act == "accept":
            since[complaint, body, "finish"] = day
        clock = "accept" if act in _ANSWERED else "finish" if act == "close" else ""
        began = since.get((complaint, body, clock)) if clock else None
        if began and first <= day <= last:
            took.setdefault((body, clock), []).append((date.fromisoformat(day) - date.fromisoformat(began)).days)
    known = bodies.all_of(connection)
    return [{"body": body, "clock": clock, "name": known[body].name, "complaints": len(days),
             "half_days": _within(days, 0.5), "most_days": _within(days, 0.9)}
            for (body, clock), days in took.items() if len(days) >= LEAST_ANSWERS and body in known]  # fmt: skip


def _within(days: Sequence[int], share: float) -> int:
    """In how many days that share of them was done (nearest rank)."""
    return sorted(days)[max(math.ceil(share * len(days)) - 1, 0)]


def _quarters(first: str, on: date) -> list[str]:
    """From the quarter of the day `first` to the last one that was over before the day `on`."""
    year, number = int(first[:4]), (int(first[5:7]) + 2) // 3
    found = []
    while _bounds(f"{year}Q{number}")[1] < on.isoformat():
        found.append(f"{year}Q{number}")
        year, number = (year, number + 1) if number < 4 else (year + 1, 1)
    return found


def _bounds(named: str) -> tuple[str, str]:
    year, number = named[:4], int(named[5])
    return f"{year}-{3 * number - 2:02}-01", f"{year}-{3 * number:02}-31"
