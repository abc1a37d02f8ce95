"""What a URL may say after its question mark.

What this module knows that no other does: an unknown name is refused (400) instead of ignored, because a misspelt
filter that is ignored shows a wrong list; an empty value is as good as none (plain forms send them); a refused value is
never repeated in the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Request

from public_site.faults import NotValid
from public_site.languages import _

LONGEST_TEXT = 64
MOST_VALUES = 50
LARGEST_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"-?\d{1,3}(\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused parameter and what it should look like."""

    name: str
    message: str


class UrlNotValid(NotValid):
    """The URL says something that cannot be meant."""


class ParametersRefused(UrlNotValid):
    """Some values of the URL cannot be understood."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        told = (_("参数 {name}：{message}", name=problem.name, message=problem.message) for problem in problems)
        super().__init__(_("；").join(told) + _("。"))
        self.problems = problems


class UnknownParameter(UrlNotValid):
    """The URL names something this page does not know."""

    def __init__(self, known: frozenset[str]) -> None:
        if known:
            names = _("、").join(sorted(known))
            said = _(
                "网址中有本页不认识的参数。为免给出错误的结果，我们没有忽略它。本页可用的参数：{names}。", names=names
            )
        else:
            said = _("网址中有本页不认识的参数。为免给出错误的结果，我们没有忽略它。本页没有参数。")
        super().__init__(said)


class Parameters:
    """The parameters of one request. Each reader notes its problems; `settle()` raises them all at once."""

    def __init__(self, request: Request, known: frozenset[str]) -> None:
        self._take(request.query_params.multi_items(), known)

    def _take(self, items: Iterable[tuple[str, str]], known: frozenset[str]) -> None:
        self._given: dict[str, list[str]] = {}
        for name, value in items:
            if name not in known:
                raise UnknownParameter(known)
            if value.strip():
                self._given.setdefault(name, []).append(value)
        self._problems: list[Problem] = []

    def take_as(self, name: str, value: str) -> None:
        """Read parameter `name` as if it said `value` (another word for the same)."""
        self._given[name] = [value]

    def settle(self) -> None:
        """Raises: ParametersRefused, naming every refused parameter."""
        if self._problems:
            raise ParametersRefused(tuple(self._problems))

    def raw(self, name: str) -> tuple[str, ...]:
        """The values exactly as they came, for a reader with rules of its own."""
        return tuple(self._given.get(name, []))

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str | None:
        """A short text without control characters."""
        values = self._given.get(name, [])
        if len(values) > 1:
            self.refuse(name, _("只能出现一次"))
            return None
        return self._clean(name, values[0], longest) if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a repeatable parameter, each once, in the order given."""
        values = self._given.get(name, [])
        if len(values) > MOST_VALUES:
            self.refuse(name, _("最多 {most} 个值", most=MOST_VALUES))
            return ()
        cleaned = (self._clean(name, value, LONGEST_TEXT) for value in values)
        return tuple(dict.fromkeys(value for value in cleaned if value is not None))

    def choice(self, name: str, among: tuple[str, ...]) -> str | None:
        """One of a few words."""
        value = self.text(name)
        if value is None or value in among:
            return value
        self.refuse(name, _("应为 {choices} 之一", choices=_("、").join(among)))
        return None

    def flag(self, name: str) -> bool:
        """`1` for yes; nothing else."""
        value = self.text(name)
        if value not in (None, "1"):
            self.refuse(name, _("只能写 1，或者不写"))
        return value == "1"

    def day(self, name: str) -> date | None:
        """A day as YYYY-MM-DD."""
        value = self.text(name)
        if value is None:
            return None
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self.refuse(name, _("应为年-月-日，例如 2024-04-24"))
            return None

    def moment(self, name: str) -> datetime | None:
        """A moment with its offset (RFC 3339). A plus sign that the URL turned into a space is put back."""
        value = self.text(name)
        if value is None:
            return None
        try:
            found = datetime.fromisoformat(value.replace(" ", "+"))
            if found.tzinfo is None or not 1900 < found.year < 9999:
                raise ValueError
        except ValueError:
            self.refuse(name, _("应为带时区的时刻，例如 2024-04-24T18:00:00+08:00"))
            return None
        return found

    def numbers(self, name: str, count: int, example: str) -> tuple[float, ...] | None:
        """Exactly `count` decimal numbers separated by commas."""
        value = self.text(name)
        if value is None:
            return None
        pieces = [piece.strip() for piece in value.split(",")]
        if len(pieces) != count or not all(_NUMBER.fullmatch(piece) for piece in pieces):
            self.refuse(name, _("应为 {count} 个以逗号分隔的数，例如 {example}", count=count, example=example))
            return None
        return tuple(float(piece) for piece in pieces)

    def number(self, name: str) -> float | None:
        """One decimal number."""
        found = self.numbers(name, 1, "12.5")
        return found[0] if found else None

    def whole(self, name: str, least: int, most: int) -> int | None:
        """A whole number between two others."""
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and least <= int(value) <= most):
            self.refuse(name, _("应为 {least} 至 {most} 的整数", least=least, most=most))
            return None
        return int(value)

    def whole_numbers(self, name: str) -> tuple[int, ...]:
        """The values of a repeatable parameter that are ids: whole numbers from 1 on."""
        values = self.texts(name)
        if not all(value.isascii() and value.isdigit() and 0 < int(value[:20]) <= LARGEST_NUMBER for value in values):
            self.refuse(name, _("应为正整数编号，例如 1042"))
            return ()
        return tuple(map(int, values))

    def known_at(self, name: str = "known_at") -> datetime | int | None:
        """How far the register had told: a moment (RFC 3339), or the number of an entry."""
        value = self.text(name)
        if value is None or not (value.isascii() and value.isdigit()):
            return self.moment(name)
        return self.whole(name, 1, 10**9 - 1)

    def refuse(self, name: str, message: str) -> None:
        """Note a problem that only the page can see (for instance, two parameters that exclude each other)."""
        self._problems.append(Problem(name, message))

    def _clean(self, name: str, value: str, longest: int) -> str | None:
        value = value.strip()
        if len(value) > longest:
            self.refuse(name, _("最长 {longest} 个字", longest=longest))
            return None
        if any(unicodedata.category(character) in {"Cc", "Cs", "Cn"} or character == "\ufffd" for character in value):
            self.refuse(name, _("含有无法识别的字符"))
            return None
        return value
