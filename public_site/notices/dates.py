"""Days as notices write them: 2024年4月24日, 二〇二四年四月二十四日, 2024-04-24, 2024.4.24; ranges; "一年" counted from a day."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_HAN_DAY = re.compile(r"([〇○零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})(?!\d)日?")
_SHORT_DAY = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日")


class NoSuchDay(ValueError):
    """A date that is written like one but is in no calendar: 2024年2月30日."""


def _number(han: str) -> int:
    tens, ten, ones = han.rpartition("十")
    if not ten:
        return int(han.translate(_DIGITS))
    return 10 * (int(tens.translate(_DIGITS)) if tens else 1) + (int(ones.translate(_DIGITS)) if ones else 0)


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDay(text) from None


def days_in(text: str) -> tuple[date, ...]:
    """Every full date in a text, in order of place.

    Raises: NoSuchDay
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    found = [(m.start(), _day(int(m[1]), int(m[2]), int(m[3]), m[0])) for m in _DAY.finditer(plain)]
    found += [
        (m.start(), _day(int(m[1].translate(_DIGITS)), _number(m[2]), _number(m[3]), m[0]))
        for m in _HAN_DAY.finditer(plain)
    ]
    return tuple(day for _, day in sorted(found))


def only_day(text: str) -> date | None:
    """The day, if the text is nothing but a date."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    if len(plain) > 16 or not (_DAY.fullmatch(plain) or _HAN_DAY.fullmatch(plain)):
        return None
    return days_in(plain)[0]


def last_day_of_range(text: str, year: int | None) -> date | None:
    """The end of "2024年5月23日至5月31日": the last day named, its year taken from the one before where left out."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    full = days_in(plain)
    if len(full) >= 2:
        return full[-1]
    later = re.search(r"(?:至|到|-|—|–|~|―)(?:(\d{1,2})月)?(\d{1,2})日", plain)
    if later is None or not (full or year):
        return None
    earlier = _SHORT_DAY.search(plain) or _DAY.search(plain)
    month = later[1] or (earlier[earlier.lastindex - 1] if earlier and earlier.lastindex else None)
    return _day(full[0].year if full else year or 0, int(month), int(later[2]), plain) if month else None


def a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28)
