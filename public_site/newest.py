"""The register's latest entry, known without a question to the database for every answer.

What this module knows that no other does: how a process learns that N has moved. On SQLite a look at a counter that every
commit moves (five thousandths of a second old at most); on PostgreSQL a thread asks every so often, so
what it says may be that much older. When it can no longer be known, it says so rather than what it once knew.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from public_site import register
from public_site.database import Database
from public_site.faults import NotReady

# Asked for this long without an answer, the database counts as gone.
LATE_SECONDS = 2.0
# One look (8 µs, more when the processor has other things in mind) serves everybody for as long, in seconds.
LOOK_SECONDS = 0.005
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest entry and when it was published (None before the first)."""

    number: int
    published_at: str | None


class Newest:
    """Follows the register's latest entry; `every` seconds on PostgreSQL (0: asks each time)."""

    def __init__(self, database: Database, every: float) -> None:
        self.last: Latest | None = None  # what was last read, however long ago
        self._database = database
        self._every = every
        self._changes: Callable[[], int] | None = None
        self._seen: int | None = None
        self._read_at = self._looked_at = 0.0
        self._thread: threading.Thread | None = None

    def now(self) -> Latest | None:
        """The latest entry; None where the database does not say."""
        try:
            if self._database.is_sqlite:
                return self._when_changed()
            if self._every == 0:
                return self.read()
        except (NotReady, SQLAlchemyError, sqlite3.Error, OSError):
            return None
        if self._thread is None:
            self._thread = threading.Thread(target=_follow, args=(weakref.ref(self), self._every), daemon=True)
            self._thread.start()
        return self.last if time.monotonic() - self._read_at < max(LATE_SECONDS, 4 * self._every) else None

    def read(self) -> Latest:
        """Ask the database. Raises: DatabaseBusy, SQLAlchemyError."""
        with self._database.reading() as connection:
            number, published_at = register.latest(connection)
        if self.last is None or self.last.number != number:
            self.last = Latest(number, published_at)
        self._read_at = time.monotonic()
        return self.last

    def _when_changed(self) -> Latest | None:
        if self._changes is None:
            self._changes = self._database.changes()
        elif time.monotonic() - self._looked_at < LOOK_SECONDS:
            return self.last
        self._looked_at = time.monotonic()
        mark = self._changes()
        if mark != self._seen:
            self.read()
            self._seen = mark
        return self.last


def _follow(newest: weakref.ref[Newest], every: float) -> None:
    """Ends with the object that it reads for."""
    gone = False
    while (follower := newest()) is not None:
        try:
            follower.read()
            gone = False
        except (NotReady, SQLAlchemyError, OSError) as fault:
            if not gone:
                _log.warning("the register cannot be read", reason=type(fault).__name__)
            gone = True
        del follower
        time.sleep(every)
