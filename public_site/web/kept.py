"""Ready answers in memory: bytes by what was asked, within a bound.

What this module knows that no other does: how much an answer weighs, and that what was not asked for longest is forgotten
first. One event loop uses it; it holds no lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from public_site.web.stamping import Stamped

_OVERHEAD = 6144  # headers, keys and objects of one answer


@dataclass(slots=True)
class Answer:
    """The bytes of a public answer and the entry they are true for.

    `own`: the page's pieces, where it is about the enterprise `subject` alone; it then holds for later entries that do
    not bear on that enterprise, within the `month` of its last publication (its drawing of time ends there).
    """

    number: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    tag: bytes
    unchanged: list[tuple[bytes, bytes]]
    own: Stamped | None = None
    subject: int = 0
    month: str = ""

    @property
    def size(self) -> int:
        """Bytes of memory, roughly."""
        return _OVERHEAD + len(self.body) + (self.own.size if self.own else 0)


@dataclass(slots=True)
class Kept:
    """The ready answers of one process, at most `most` bytes of them; and how often they were asked for."""

    most: int
    hits: int = 0
    misses: int = 0
    stale: int = 0
    size: int = 0
    _answers: OrderedDict[Hashable, Answer] = field(default_factory=OrderedDict)

    @property
    def count(self) -> int:
        """How many answers there are."""
        return len(self._answers)

    def get(self, key: Hashable) -> Answer | None:
        """The answer kept for `key`, of whatever entry."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer in place of what was kept for `key`."""
        self.drop(key)
        self._answers[key] = answer
        self.size += answer.size
        while self.size > self.most:
            _, oldest = self._answers.popitem(last=False)
            self.size -= oldest.size

    def drop(self, key: Hashable) -> None:
        """Forget what is kept for `key`."""
        gone = self._answers.pop(key, None)
        if gone is not None:
            self.size -= gone.size

    def clear(self) -> None:
        """Forget every answer."""
        self._answers.clear()
        self.size = 0

    def renewable(self) -> Iterator[tuple[Hashable, Answer]]:
        """The answers that may hold for later entries."""
        return ((key, answer) for key, answer in tuple(self._answers.items()) if answer.own is not None)
