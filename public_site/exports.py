"""When the open data are written anew: a while after the last publication, by a process of their own.

What this module knows that no other does: that an export waits until the register has been quiet for a while (or has
waited too long for quiet), that it is another program (`python -m data_export`) which may fail or be killed without the
site noticing more than an old version, and that a failed one is tried again later and later.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from public_site import logs, open_data, register
from public_site.database import Database
from public_site.faults import NotReady
from public_site.settings import Settings

_EVERY_SECONDS = 2.0
_MOST_QUIETS = 10  # a register that is never quiet is exported after so many times the wait
_LONGEST_PAUSE = 3600.0
_log = structlog.get_logger()


class Rhythm:
    """When to export; pure but for what it is told: the register's number, the exported one, and the seconds."""

    def __init__(self, quiet: float) -> None:
        self._quiet = quiet
        self._number = -1
        self._changed = self._behind = 0.0
        self._failures = 0
        self._not_before = 0.0

    def is_due(self, number: int, exported: int, now: float) -> bool:
        """Whether the version of entry `number` should be made at second `now`."""
        if number != self._number:
            if self._number <= exported:
                self._behind = now
            self._number, self._changed = number, now
        if number == exported or now < self._not_before:
            return False
        return now - self._changed >= self._quiet or now - self._behind >= self._quiet * _MOST_QUIETS

    def ended(self, *, well: bool, now: float) -> None:
        """An export ended; after a failure the next one waits twice as long as the last."""
        self._behind = now
        self._failures = 0 if well else self._failures + 1
        pause = 0 if well else min(self._quiet * 2**self._failures, _LONGEST_PAUSE)
        self._not_before = now + pause


@contextmanager
def following(database: Database, settings: Settings) -> Iterator[None]:
    """Within the block the open data follow the register, unless the settings say that somebody else sees to it."""
    if not settings.open_data_quiet_seconds:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(database, settings, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=15)


def _follow(database: Database, settings: Settings, stop: threading.Event) -> None:
    rhythm = Rhythm(settings.open_data_quiet_seconds)
    lagging = logs.Repeated("open data do not follow", "open data follow")
    while not stop.wait(_EVERY_SECONDS):
        try:
            with database.reading() as connection:
                number = register.latest_number(connection)
            latest = open_data.read(settings.open_data_folder).latest
        except (NotReady, SQLAlchemyError, OSError) as fault:  # it must outlive a database that is away for a while
            lagging.goes_on(str(fault) if isinstance(fault, NotReady) else type(fault).__name__)
            continue
        lagging.is_over()
        if number and rhythm.is_due(number, latest.entry if latest else 0, time.monotonic()):
            rhythm.ended(well=export(settings, stop.is_set), now=time.monotonic())


def export(settings: Settings, is_unwanted: Callable[[], bool]) -> bool:
    """Run one export to its end, or until it is unwanted; whether it ended well. A killed one leaves the old version."""
    command = [sys.executable, "-m", "data_export", "--background"]
    process = subprocess.Popen(command, env=os.environ | settings.as_environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
    while True:
        try:
            _, said = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            if is_unwanted():
                process.kill()
            continue
        if process.returncode and not is_unwanted():
            _log.warning("open data were not exported", reason=said.strip().rpartition("\n")[2])
        return process.returncode == 0
