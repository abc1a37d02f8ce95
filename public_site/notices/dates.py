"""Days as notices write them: 2024年4月24日, 二〇二四年四月二十四日, 2024-04-24, 2024.4.24; ranges; "一年" counted from a day."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_HAN_DAY = re.compile(r"([〇○零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})(?!\d)日?")
_SHORT_DAY = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日")


_TERM = re.compile(
    r"(?<![月\d年])(?P<count>\d{1,2}|[一二三四五六七八九十]{1,3})(?:个)?(?:(?P<working>工作日)|自然日|日历日|天|日)"
)


class NoSuchDay(ValueError):
    """A date that is written like one but is in no calendar: 2024年2月30日."""


def number(han: str) -> int:
    """A number up to 99 in Chinese signs."""
    tens, ten, ones = han.rpartition("十")
    if not ten:
        return int(han.translate(_DIGITS))
    return 10 * (int(tens.translate(_DIGITS)) if tens else 1) + (int(ones.translate(_DIGITS)) if ones else 0)


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDay(text) from None


def _plain(text: str) -> str:
    return re.sub(r"[‐‑‒–—―−－]+", "-", re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)))


def days_in(text: str) -> tuple[date, ...]:
    """Every full date in a text, in order of place.

    Raises: NoSuchDay
    """
    plain = _plain(text)
    found = [(m.start(), _day(int(m[1]), int(m[2]), int(m[3]), m[0])) for m in _DAY.finditer(plain)]
    found += [
        (m.start(), _day(int(m[1].translate(_DIGITS)), number(m[2]), number(m[3]), m[0]))
        for m in _HAN_DAY.finditer(plain)
    ]
    return tuple(day for _, day in sorted(found))


def only_day(text: str) -> date | None:
    """The day, if the text is nothing but a date."""
    plain = _plain(text)
    if len(plain) > 16 or not (_DAY.fullmatch(plain) or _HAN_DAY.fullmatch(plain)):
        return None
    return days_in(plain)[0]


def range_in(text: str, year: int | None) -> tuple[date, date] | None:
    """The two ends of "2024年5月23日至5月31日": what the later one leaves out it has from the one before.

    `year` is the notice's, for a range without any. Raises: NoSuchDay
    """
    plain = _plain(text)
    full = days_in(plain)
    if len(full) >= 2:
        return full[0], full[-1]
    later = re.search(r"(?:至|到|-|~)(?:(\d{1,2})月)?(\d{1,2})日", plain)
    earlier = _SHORT_DAY.search(plain)
    if later is None or earlier is None or not (full or year):
        return None
    first = full[0] if full else _day(year or 0, int(earlier[1]), int(earlier[2]), plain)
    month = int(later[1] or first.month)
    return first, _day(first.year + (month < first.month), month, int(later[2]), plain)


@dataclass(frozen=True, slots=True)
class Term:
    """ "5个工作日", "10日": so many days, working days only or all; from the day named, where one is."""

    count: int
    working: bool
    since: date | None


def term_in(text: str) -> Term | None:
    """Raises: NoSuchDay"""
    plain = _plain(text)
    found = _TERM.search(_DAY.sub("某日", plain))
    if found is None:
        return None
    count = int(found["count"]) if found["count"].isascii() else number(found["count"])
    return Term(count, bool(found["working"]), next(iter(days_in(plain)), None))


def expiry(text: str, issued_on: date | None) -> date | None:
    """When a permission ends: "至2025年4月23日", or "一年内", "6个月" from the day named, else from the notice's own.

    Raises: NoSuchDay
    """
    plain = _plain(text)
    days = days_in(plain)
    if len(days) > 1 or (days and not re.search(r"起|自|从", plain)):
        return days[-1]
    since = days[0] if days else issued_on
    if "半年" in plain:
        months = 6
    elif found := re.search(r"(\d{1,2}|[一二两三四五六七八九十]{1,3})(年|个月)", plain):
        count = int(found[1]) if found[1].isascii() else number(found[1].replace("两", "二"))
        months = count * 12 if found[2] == "年" else count
    else:
        return None
    return _months_after(since, months) if since else None


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + year, month + 1)[1]
    return date(day.year + year, month + 1, min(day.day, last))
