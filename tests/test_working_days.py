"""Which days are worked: known years from the library, later ones from our own table, of others nothing is assumed."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from public_site import working_days

TABLE = Path(working_days.__file__).parent / "reference" / "working_days.csv"


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 5, 1), False), (date(2024, 4, 28), True), (date(2024, 4, 27), False), (date(2024, 4, 24), True),
        (date(2035, 4, 24), None),
    ],
)  # fmt: skip
def test_holidays_rest_and_the_weekends_worked_in_their_stead_do_not(day: date, works: bool | None) -> None:
    assert working_days.is_working_day(day, {}) is works


def test_the_day_it_begins_on_is_not_counted_and_nothing_reaches_into_an_unknown_year() -> None:
    assert working_days.after(date(2024, 12, 18), 7) == date(2024, 12, 27)
    assert working_days.after(date(2024, 9, 30), 1) == date(2024, 10, 8)
    assert working_days.after(date(2034, 12, 29), 3) is None


def test_a_year_that_our_own_table_lists_is_known_by_it_and_by_the_plain_week() -> None:
    listed = {date(2035, 1, 1): False, date(2035, 1, 6): True}
    assert [working_days.is_working_day(date(2035, 1, day), listed) for day in (1, 2, 6, 7)] == [
        False,
        True,
        True,
        False,
    ]
    assert working_days.after(date(2034, 12, 31), 1, listed) == date(2035, 1, 2)


def test_every_day_of_the_table_has_a_source_and_differs_from_the_plain_week() -> None:
    with TABLE.open(encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        assert reader.fieldnames == ["day", "working", "source"]
        for record in reader:
            assert record["source"]
            assert (record["working"] == "1") == (date.fromisoformat(record["day"]).weekday() > 4)
