"""The Chinese working-day calendar: weekends, public holidays, and the weekends that are worked in their stead.

The library `chinesecalendar` knows the years whose holidays the State Council had announced when it was released. For a
later year `reference/working_days.csv` lists every day that differs from the plain week, with its source; a year that
neither knows has no answer, and nothing is assumed of it. Pure.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import chinese_calendar

_SATURDAY = 5


@cache
def _listed() -> dict[date, bool]:
    text = (files("public_site") / "reference" / "working_days.csv").read_text(encoding="utf-8")
    return {date.fromisoformat(r["day"]): r["working"] == "1" for r in csv.DictReader(text.splitlines())}


def is_working_day(day: date, listed: Mapping[date, bool] | None = None) -> bool | None:
    """Whether people work on `day`; None where the holidays of its year are not known. `listed` goes before the library."""
    listed = _listed() if listed is None else listed
    if day in listed:
        return listed[day]
    if any(known.year == day.year for known in listed):
        return day.weekday() < _SATURDAY
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def after(day: date, count: int, listed: Mapping[date, bool] | None = None) -> date | None:
    """The `count`-th working day after `day`, which is not counted itself; None where the calendar is not known so far."""
    while count:
        day += timedelta(days=1)
        works = is_working_day(day, listed)
        if works is None:
            return None
        count -= works
    return day
