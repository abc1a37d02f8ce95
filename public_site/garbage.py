"""How long work is spared the collector of cycles: it would look through ten thousand answers again and again.

What this module knows that no other does: that the collector belongs to the whole process, so that it runs again only when
the last of those at work is done, and that what a program consists of (modules, classes, routes) is no garbage however often
it is looked through. What has no cycles is freed at once all the same.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_turn = threading.Lock()
_at_work: list[object] = []


@contextmanager
def left_alone() -> Iterator[None]:
    """No collection of cycles for as long as the block lasts: for seconds, and for data without cycles."""
    with _turn:
        _at_work.append(None)
        gc.disable()
    try:
        yield
    finally:
        with _turn:
            _at_work.pop()
            if not _at_work:
                gc.enable()


@contextmanager
def beginning() -> Iterator[None]:
    """The same while a part of the program is loaded or put together; what is there at the end is never looked through."""
    with left_alone():
        yield
        gc.freeze()
