"""What the collector of cycles is spared: looking through ten thousand answers again and again, and through the program itself.

What this module knows that no other does: that the collector belongs to the whole process, so that it runs again only when
the last of those at work is done, and that what a program consists of (modules, classes, routes) is no garbage however often
it is looked through. What has no cycles is freed at once all the same.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ARENAS, _TRIM_ABOVE = -8, -1  # M_ARENA_MAX, M_TRIM_THRESHOLD of <malloc.h>
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


def keep_what_is_here() -> None:
    """What a process has now it has until it ends: never looked through again. Else one answer in a while waits a quarter of
    a second for the modules, templates and routes to be looked through."""
    gc.freeze()


@contextmanager
def beginning() -> Iterator[None]:
    """No collection while a part of the program is loaded or put together, and what is there at the end is kept."""
    with left_alone():
        yield
        keep_what_is_here()


def give_memory_back() -> None:
    """For a server's many threads: what one of them freed is used by the next, and goes back to the system where much of it
    lies together. Else each keeps a heap of its own (glibc; elsewhere nothing is done). Before any thread is started."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENAS, 2)
        mallopt(_TRIM_ABOVE, 4 << 20)
