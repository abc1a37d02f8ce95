"""What a server does for complaints by itself: letters, clocks, what is kept no longer, the counts of a quarter.

What this module knows that no other does: when. Letters go on the quarter hour and the rest once an hour, never at the
moment something happened; several servers may make the same rounds, because each is harmless to repeat.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from public_site import mail
from public_site.complaints import letters, statistics, upkeep
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.faults import Fault
from public_site.settings import Settings

_CHINA = ZoneInfo("Asia/Shanghai")
_LETTER_DAYS = timedelta(days=90)
_QUARTER_HOUR = 900
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Done:
    """What a round of upkeep did."""

    late: int
    destroyed: int
    quarters: int


def keep_up(store: Store, *, at: datetime) -> Done:
    """Escalate what is overdue, destroy what was kept long enough, close the quarters that are over."""
    today = at.astimezone(_CHINA).date()
    late = upkeep.escalate(store, on=today)
    quarters = statistics.close_quarters(store, on=today)  # before anything that it counts is destroyed
    destroyed = upkeep.forget(store, days=store.settings.complaint_days, on=today)
    letters.forget(store, before=at - _LETTER_DAYS)
    if store.wants_shredding:
        store.shred()  # what was erased while somebody was reading
    return Done(late, destroyed, quarters)


@contextmanager
def making(settings: Settings) -> Iterator[None]:
    """Within the block a thread makes the rounds."""
    stop = threading.Event()
    thread = threading.Thread(target=_make, args=(settings, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=15)


def _make(settings: Settings, stop: threading.Event) -> None:
    hour = -1
    while not stop.wait(_seconds_to_quarter_hour(datetime.now(UTC))):
        at = datetime.now(UTC)
        hour = _round(settings, at, hour)


def _round(settings: Settings, at: datetime, hour: int) -> int:
    store = Store(settings)
    try:
        if not store.is_open or not store.keeps_house:
            return hour
        if at.hour != hour:
            keep_up(store, at=at)
            with closing(Database(settings.register_url)) as database:
                statistics.hand_over(store, database)
        if mail.is_set_up(settings):
            sent = letters.send(store, at=at)
            if sent.waiting or sent.given_up:
                _log.warning("letters not sent", again=sent.waiting, given_up=sent.given_up)
    except (Fault, SQLAlchemyError, OSError) as fault:  # it must outlive a database or a mail server that is away
        _log.warning("rounds for complaints are not complete", reason=type(fault).__name__)
        return hour
    finally:
        store.close()
    return at.hour


def _seconds_to_quarter_hour(at: datetime) -> float:
    return _QUARTER_HOUR - at.timestamp() % _QUARTER_HOUR
