"""What a sent form says: read like a URL's parameters, but shown again with its problems instead of refused with 400."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from public_site.languages import _
from public_site.web.parameters import Parameters, Problem

_UNSEEN = frozenset({"Cc", "Cs", "Cn"})


class Form(Parameters):
    """The fields of one form. A page shows it again (422) while `problems` is not empty."""

    def __init__(self, items: Iterable[tuple[str, str]] = (), known: frozenset[str] | None = None) -> None:
        given = list(items)
        self._take(given, known if known is not None else frozenset(name for name, _ in given))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, in the order it was found."""
        return tuple(self._problems)

    def problem(self, name: str) -> str:
        """What is wrong with one field; empty when nothing is."""
        return next((problem.message for problem in self._problems if problem.name == name), "")

    def said(self, name: str) -> str:
        """A field as it was sent, to be shown again; what no page can show is left out."""
        sent = next(iter(self.raw(name)), "")
        return "".join(sign for sign in sent if sign in "\r\n\t" or unicodedata.category(sign) not in _UNSEEN)

    def needed(self, name: str, message: str, *, longest: int = 200) -> str:
        """A text that must not be left empty."""
        value = self.text(name, longest=longest)
        if value is None and not self.problem(name):
            self.refuse(name, message)
        return value or ""

    def passage(self, name: str, *, longest: int) -> str:
        """Several lines of text; empty when nothing was written."""
        value = next(iter(self.raw(name)), "").replace("\r\n", "\n").replace("\r", "\n").strip()
        if len(value) > longest:
            self.refuse(name, _("最长 {longest} 个字，现在有 {count} 个字", longest=longest, count=len(value)))
        if any(unicodedata.category(sign) in _UNSEEN and sign not in "\n\t" for sign in value):
            self.refuse(name, _("含有无法识别的字符"))
        return value

    def web_address(self, name: str) -> str | None:
        """An address of the web, or none."""
        value = self.text(name, longest=500)
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            self.refuse(name, _("应为完整的网址，以 https:// 或 http:// 开头"))
            return None
        return value
