"""What a process counts of its own answers, where its siblings can read it.

What this module knows that no other does: the counts of a process are a row of numbers in a file of its own that is mapped
into memory, so that counting costs a few additions and whichever worker is asked adds up the rows of all, those of
workers that are gone included (a count never falls). The files lie in a folder that one `serve` makes for its workers;
without one the process counts for itself. Pages are told apart by the first word of their URL, out of the program's
own routes: nothing that a visitor wrote is ever a label.
"""

from __future__ import annotations

import ctypes
import hashlib
import mmap
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# The last: nothing was answered, because the caller left or the process was told to stop.
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "none")
OTHER = "(other)"
_NONE = len(STATUSES) - 1
_SUM = len(BUCKETS) + 1
_WIDTH = _SUM + 1 + len(STATUSES)
READY = ("hits", "misses", "stale", "size", "count")
_KEPT_FOR_ALL = len(READY) - 2  # counts; the last two are what is held now
_MEMORY = len(READY)
_HEAD = _MEMORY + 1
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ReadyPages(Protocol):
    """What the store of ready answers tells of itself: answers found, not found, told from an older entry; bytes, answers."""

    @property
    def hits(self) -> int: ...
    @property
    def misses(self) -> int: ...
    @property
    def stale(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Totals:
    """What all processes counted. `answers`: page → by status; `seconds`: page → by bucket (the last: slower), then the sum;
    `ready`: see ReadyPages; `memory`: bytes of each process that lives."""

    answers: Mapping[str, tuple[int, ...]]
    seconds: Mapping[str, tuple[float, ...]]
    ready: Mapping[str, int]
    memory: tuple[int, ...]


class Counts:
    """The row of this process. Only one thread counts (the event loop's); anybody may read."""

    def __init__(self, paths: Iterable[str], folder: Path | None = None) -> None:
        """`paths`: the templates of all routes. `folder`: where the siblings' rows lie."""
        words = sorted({path[1:].partition("/")[0] for path in paths})
        self.pages = [OTHER, *(f"/{word}{rest}" for word in words for rest in ("", "/…"))]
        self._alone = {word: _HEAD + _WIDTH * (1 + 2 * at) for at, word in enumerate(words)}
        self._deeper = {word: at + _WIDTH for word, at in self._alone.items()}
        self._folder, self._length = folder, 8 * (_HEAD + _WIDTH * len(self.pages))
        # Another version of the program may have other pages: its rows are not added to ours.
        self._kind = hashlib.sha256("\n".join(self.pages).encode()).hexdigest()[:12]
        self.cells = (ctypes.c_double * (self._length // 8)).from_buffer(self._mapped())

    def _mapped(self) -> mmap.mmap:
        if self._folder is None:
            return mmap.mmap(-1, self._length)
        with (self._folder / f"{self._kind}.{os.getpid()}").open("w+b") as file:
            file.truncate(self._length)
            return mmap.mmap(file.fileno(), self._length)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One answer began after so many seconds; status 0: none did."""
        word, _, rest = path[1:].partition("/")
        if word == "en" and path != "/en":
            word, _, rest = rest.partition("/")
        at = (self._deeper if rest else self._alone).get(word, _HEAD)
        cells = self.cells
        cells[at + bisect_left(BUCKETS, seconds)] += 1
        cells[at + _SUM] += seconds
        cells[at + _SUM + (status // 100 or _NONE + 1)] += 1

    def page_of(self, path: str) -> str:
        """What an address is counted as."""
        word, _, rest = path[1:].partition("/")
        if word == "en" and path != "/en":
            word, _, rest = rest.partition("/")
        return OTHER if word not in self._alone else f"/{word}/…" if rest else f"/{word}"

    def note(self, ready: ReadyPages) -> None:
        """Take down what is not counted here: how the store of ready answers does, and the memory of this process."""
        for at, name in enumerate(READY):
            self.cells[at] = getattr(ready, name)
        self.cells[_MEMORY] = memory()

    def totals(self) -> Totals:
        """All rows, added up."""
        answers = {page: [0] * len(STATUSES) for page in self.pages}
        seconds = {page: [0.0] * (_SUM + 1) for page in self.pages}
        ready, used = dict.fromkeys(READY, 0), []
        for row, lives in self._rows():
            for at, name in enumerate(READY):
                ready[name] += int(row[at]) if lives or at < _KEPT_FOR_ALL else 0
            if lives:
                used.append(int(row[_MEMORY]))
            for number, page in enumerate(self.pages):
                begin = _HEAD + number * _WIDTH
                for at in range(_SUM + 1):
                    seconds[page][at] += row[begin + at]
                for at in range(len(STATUSES)):
                    answers[page][at] += int(row[begin + _SUM + 1 + at])
        return Totals(
            {page: tuple(told) for page, told in answers.items()},
            {page: tuple(told) for page, told in seconds.items()},
            ready, tuple(used),
        )  # fmt: skip

    def _rows(self) -> Iterator[tuple[Sequence[float], bool]]:
        if self._folder is None:
            yield list(self.cells), True
            return
        for file in sorted(self._folder.glob(f"{self._kind}.*")):
            data = file.read_bytes()
            if len(data) == self._length:
                yield memoryview(data).cast("d").tolist(), _lives(int(file.suffix[1:]))


def memory() -> int:
    """Bytes of memory that this process holds now."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
