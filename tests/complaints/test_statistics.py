"""What is public of complaints: no cell, no difference of cells and no moment betrays fewer than five."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from public_site.complaints import following, handling, statistics
from public_site.complaints.statistics import COUNTRY, LEAST, suppressed
from public_site.database import Database
from tests.complaints.inbox import TODAY, Inbox

AFTER = date(2026, 4, 1)
COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["", *(f"5001{n:02}" for n in range(1, 9))]), st.sampled_from(["odour", "dust", "noise"])),
    st.integers(0, 12), max_size=24,
)  # fmt: skip


@given(COUNTS)
def test_what_is_shown_and_what_can_be_worked_out_of_it_is_nothing_or_five_at_least(
    counts: dict[tuple[str, str], int],
) -> None:
    shown = suppressed(counts)
    totals: Counter[str] = Counter()
    for (_, category), n in counts.items():
        totals[category] += n
    for (place, category), n in shown.items():
        assert n >= LEAST
        assert n == (totals[category] if place == COUNTRY else counts[place, category])
    for category in totals:
        told = {place: n for (place, its), n in shown.items() if its == category}
        if COUNTRY in told:
            rest = told.pop(COUNTRY) - sum(told.values())
            assert rest == 0 or rest >= LEAST
        else:
            assert not told


def test_a_cell_whose_neighbour_would_be_betrayed_is_left_out() -> None:
    counts = {("500101", "odour"): 9, ("500102", "odour"): 6, ("500103", "odour"): 2}
    assert suppressed(counts) == {("500101", "odour"): 9, (COUNTRY, "odour"): 17}
    assert suppressed({("500101", "odour"): 4}) == {}


def lodge(inbox: Inbox, number: int, place: str = "500102", on: date = TODAY) -> list[str]:
    """So many complaints of two categories; their codes."""
    return [inbox.lodge(f"{place} {on} {n}", on=on, place=place, contact=None).code for n in range(number)]


def test_a_quarter_is_public_when_it_is_over_and_never_changes_again(inbox: Inbox) -> None:
    codes = lodge(inbox, 6)
    assert statistics.close_quarters(inbox.store, on=TODAY) == 0
    assert statistics.closed(inbox.store) == []
    following.erase(inbox.store, codes[0], on=TODAY)  # it came in all the same
    assert statistics.close_quarters(inbox.store, on=AFTER) == 1
    first = statistics.quarter(inbox.store, "2026Q1")
    assert first is not None
    assert first.cells == {(COUNTRY, "fumes"): 6, (COUNTRY, "odour"): 6, ("500102", "fumes"): 6, ("500102", "odour"): 6}
    lodge(inbox, 7, on=AFTER)
    for code in codes[1:]:
        following.erase(inbox.store, code, on=AFTER)
    assert statistics.close_quarters(inbox.store, on=AFTER) == 0
    assert statistics.quarter(inbox.store, "2026Q1") == first
    assert statistics.quarter(inbox.store, "2026Q2") is None
    assert statistics.close_quarters(inbox.store, on=date(2027, 1, 1)) == 3
    assert statistics.closed(inbox.store) == ["2026Q4", "2026Q3", "2026Q2", "2026Q1"]


def test_it_does_not_matter_when_a_quarter_is_worked_out(inbox: Inbox) -> None:
    codes = lodge(inbox, 6)
    for code in codes[:3]:
        following.erase(inbox.store, code, on=AFTER + timedelta(days=9))
    statistics.close_quarters(inbox.store, on=AFTER + timedelta(days=10))
    late = statistics.quarter(inbox.store, "2026Q1")
    assert late is not None
    assert late.cells["500102", "odour"] == 6


def test_an_objection_and_what_is_not_known_to_the_county_is_in_no_county(inbox: Inbox) -> None:
    lodge(inbox, 5)
    lodge(inbox, 5, place="500000")
    for n in range(5):
        inbox.lodge(f"objection {n}", kind="objection", issuer="500102", categories=())
    statistics.close_quarters(inbox.store, on=AFTER)
    shown = statistics.quarter(inbox.store, "2026Q1")
    assert shown is not None
    assert {place for place, _ in shown.cells} == {COUNTRY, "500102"}
    assert shown.cells[COUNTRY, "odour"] == 10


def test_answer_times_are_told_of_bodies_with_thirty_answers_only(inbox: Inbox) -> None:
    fuling, nanan = inbox.desk("fuling"), inbox.desk("nanan", "nanan的人")
    lodge(inbox, 30)
    lodge(inbox, 29, place="500108")
    for number in range(1, 60):
        desk = fuling if number <= 30 else nanan
        day = TODAY + timedelta(days=1 if number <= 15 else 4 if number <= 27 else 9)
        handling.act(inbox.store, desk, number, "accept", on=day)
        if number < 30:
            handling.act(inbox.store, desk, number, "close", "已查", code="partly", on=day + timedelta(days=2))
    statistics.close_quarters(inbox.store, on=AFTER)
    shown = statistics.quarter(inbox.store, "2026Q1")
    assert shown is not None
    assert [(t.body, t.clock, t.complaints, t.half_days, t.most_days) for t in shown.answer_times] == [
        ("演示涪陵区生态环境局", "accept", 30, 1, 4)
    ]


def test_only_what_may_be_public_is_written_down(inbox: Inbox) -> None:
    lodge(inbox, 4)
    lodge(inbox, 5, place="500108")
    statistics.close_quarters(inbox.store, on=AFTER)
    with inbox.store.looking() as connection:
        rows = connection.execute(text("SELECT place, complaints FROM cell")).all()
    assert {tuple(row) for row in rows} == {(COUNTRY, 9)}


def test_an_export_finds_what_is_public_and_nothing_else(inbox: Inbox, database: Database) -> None:
    codes = lodge(inbox, 6)
    assert statistics.hand_over(inbox.store, database) == 0
    statistics.close_quarters(inbox.store, on=AFTER)
    assert statistics.hand_over(inbox.store, database) == 1
    following.erase(inbox.store, codes[0], on=AFTER)
    assert statistics.hand_over(inbox.store, database) == 0
    with database.reading() as connection:
        rows = connection.execute(text("SELECT * FROM complaint_count ORDER BY place, category")).all()
    assert [tuple(row) for row in rows] == [
        ("2026Q1", place, category, 6, "2026-04-01") for place in ("", "500102") for category in ("fumes", "odour")
    ]
