"""The languages of the public pages, and how a text is told in the one that was asked for.

What this module knows that no other does: the program is written in Chinese, so the Chinese text is the key of its
translation (gettext); the translations stand in `locales/`; the language is that of the running request, and
Chinese wherever there is none (commands, letters, the console). What the data say is never translated, only romanised.

A text with values is a format string: `_("共 {count} 行", count=3)`. A text that is written down now and told later is
marked `N_("…")`, so that the extraction finds it, and told with `_` or by `Words`. Where one Chinese word wants two
translations, `P_("where", "…")` (in templates `{% trans "where" %}…`) tells them apart, as gettext's contexts do. What was
written down for good is Chinese with its values in it: `recognised` finds out which text it was.

The packages behind this are imported when they are first needed: whoever speaks Chinese only (a command, the child that
parses a file within a bound) neither waits for them nor holds them.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

CHINESE = "zh"
ENGLISH = "en"
TAGS = {CHINESE: "zh-CN", ENGLISH: "en"}  # BCP 47
CATALOG = Path(__file__).parent / "locales" / ENGLISH / "LC_MESSAGES" / "messages.po"
_CONTEXT_END = "\x04"  # as in gettext's own files
_BRACKETS = str.maketrans("（）", "()")
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_VALUE = re.compile(r"\{(\w+)[^{}]*\}")
_LEAST = 6  # characters beside its values, by which a text is told from another

_current: ContextVar[str] = ContextVar("language", default=CHINESE)
Value = TypeVar("Value", bound=Hashable)


def current() -> str:
    """The language of the running request."""
    return _current.get()


@contextmanager
def using(language: str) -> Iterator[None]:
    """Tell everything in this language while the block runs."""
    before = _current.set(language)
    try:
        yield
    finally:
        _current.reset(before)


def _(text: str, **values: object) -> str:
    """The text in the current language, with the values in their places."""
    told = forms(text, _current.get())[0]
    return told.format(**values) if values else told


def N_(text: str) -> str:  # noqa: N802 - gettext's name, which extraction knows
    """The text as it is: marked to be told later."""
    return text


def P_(context: str, text: str) -> str:  # noqa: N802
    """The text as `_` tells it where `context` says which of its meanings is meant."""
    return f"{context}{_CONTEXT_END}{text}"


def forms(text: str, language: str) -> tuple[str, ...]:
    """The forms of a text in a language (English: for one, for other numbers); the text itself where it is not told."""
    found = None if language == CHINESE else _catalog().get(text)
    return found or (text.rpartition(_CONTEXT_END)[2],)


def retold(text: str) -> str:
    """What was written down in Chinese, in the current language; as it is where no text of the program fits it."""
    parts = () if _current.get() == CHINESE else recognised(text)
    told = (_(part, **{name: _(value) for name, value in values.items()}) for part, values in parts)
    return " ".join(told) or text


@lru_cache(maxsize=8192)
def recognised(text: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Which text of the program was written down here, or which two one after the other (what is wrong, what to do).

    Each with its values; empty where it is none.
    """
    if whole := _fitting(text):
        return (whole,)
    for end in re.finditer("。(?=.)", text):
        first, second = _fitting(text[: end.end()]), _fitting(text[end.end() :])
        if first and second:
            return first, second
    return ()


def _fitting(text: str) -> tuple[str, Mapping[str, str]] | None:
    if text in _catalog():
        return text, {}
    fits = ((known, pattern.fullmatch(text)) for known, pattern in _patterns())
    return next(((known, fit.groupdict()) for known, fit in fits if fit), None)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Every text with values and what it looks like with them; the one that says most of its own first."""
    found = []
    for text in _catalog():
        pieces = _VALUE.split(text)
        own, seen = sum(map(len, pieces[::2])), set[str]()
        if len(pieces) == 1 or own < _LEAST or _CONTEXT_END in text:
            continue
        pattern = ""
        for at, piece in enumerate(pieces):
            pattern += (f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)") if at % 2 else re.escape(piece)
            seen |= {piece} if at % 2 else set()
        found.append((own, text, re.compile(pattern, re.DOTALL)))
    return tuple((text, pattern) for _own, text, pattern in sorted(found, key=lambda one: -one[0]))


@cache
def _catalog() -> Mapping[str, tuple[str, ...]]:
    from babel.messages.pofile import read_po

    told: dict[str, tuple[str, ...]] = {}
    with CATALOG.open("rb") as file:
        for message in read_po(file, locale=ENGLISH):
            key = message.id if isinstance(message.id, str) else message.id[0]
            string = message.string or ()
            found = (string,) if isinstance(string, str) else tuple(string)
            if key and found and all(found):
                told[P_(message.context, key) if message.context else key] = found
    return told


def sentences(*told: str) -> str:
    """Whole sentences one after another, as the current language sets them; empty ones left out."""
    return ("" if current() == CHINESE else " ").join(sentence for sentence in told if sentence)


class Words(Mapping[Value, str]):
    """What each value is called, told in the current language."""

    def __init__(self, words: Mapping[Value, str]) -> None:
        self._words = dict(words)

    def __getitem__(self, value: Value) -> str:
        return _(self._words[value])

    def __iter__(self) -> Iterator[Value]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


def long_day(day: str) -> str:
    """A day (YYYY-MM-DD) as sentences write it: 2024年4月24日, 24 April 2024."""
    year, month, of_month = map(int, day.split("-"))
    return f"{year}年{month}月{of_month}日" if current() == CHINESE else _english_day(year, month, of_month)


@lru_cache(maxsize=4096)
def _english_day(year: int, month: int, of_month: int) -> str:
    from babel.dates import format_date

    return format_date(date(year, month, of_month), "long", locale="en_GB")


@lru_cache(maxsize=8192)
def romanised(name: str) -> str:
    """A Chinese name in pinyin without tones, one word a syllable and the first letter large; "" without Chinese."""
    if not HAN.search(name):
        return ""
    from pypinyin import Style, lazy_pinyin

    spelled = " ".join(lazy_pinyin(name.translate(_BRACKETS), style=Style.NORMAL, v_to_u=True)).strip()
    spelled = spelled.replace("( ", "(").replace(" )", ")")
    return spelled[:1].upper() + spelled[1:]
