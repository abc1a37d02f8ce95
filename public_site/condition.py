"""How the installation stands: what each projection has reached, what waits and since when.

What this module knows that no other does: which figures tell an operator that something is stuck, and which of them may
be told at which grain. Complaints and their letters are counted to the day and never to the minute: whoever looks at a
figure every few seconds must not learn when a complaint came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from public_site import log, open_data, register, standings
from public_site.complaints import letters, workflow
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.faults import NotReady
from public_site.settings import Settings

_CHINA = ZoneInfo("Asia/Shanghai")
LATE_UPLOAD_SECONDS = 900
LATE_LETTER_DAYS = 1


class Index(Protocol):
    """What is asked of a search engine here."""

    def as_of(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Exported:
    """The latest version of the open data and its entry; `reason` where its folder cannot be read."""

    version: str | None
    entry: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """Uploads: how many wait to be read or are being read, and the seconds that the oldest has waited."""

    waiting: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Desk:
    """Complaints that came before today and nobody has accepted yet, with the days that the oldest waits; letters that were
    tried and not taken, that were given up, and the days that the oldest unsent one of before today waits."""

    complaints: int
    complaint_days: int
    letters_unsent: int
    letters_given_up: int
    letter_days: int


@dataclass(frozen=True, slots=True)
class Condition:
    """`entry` is N; `as_of`: projection → the entry that it has reached (0: not there)."""

    entry: int
    as_of: dict[str, int]
    open_data: Exported

    @property
    def lag(self) -> dict[str, int]:
        """How many entries each projection is behind."""
        return {name: self.entry - reached for name, reached in self.as_of.items()}

    @property
    def is_ready(self) -> bool:
        """Whether pages can be answered truthfully. The index only finds ids, and pages say when it lags; what stands in
        the database must not lag at all."""
        return self.lag["standings"] == 0 and self.lag["log"] == 0


def look(database: Database, settings: Settings, index: Index) -> Condition:
    """How the register and what follows it stand. Raises: NotReady, SQLAlchemyError."""
    with database.reading() as connection:
        entry = register.latest_number(connection)
        as_of = {"standings": standings.as_of(connection), "log": log.as_of(connection)}
    try:
        as_of["search"] = index.as_of()
    except NotReady:
        as_of["search"] = 0
    return Condition(entry, as_of, _exported(settings))


def _exported(settings: Settings) -> Exported:
    """It follows a publication after a while, and pages do not wait for it."""
    try:
        latest = open_data.read(settings.open_data_folder).latest
    except NotReady as fault:
        return Exported(None, 0, str(fault))
    return Exported(latest.name, latest.entry) if latest else Exported(None, 0)


def uploads(database: Database, *, at: datetime) -> Queue | None:
    """The files that wait to be read; None where this part may not know."""
    query = text("SELECT count(*), min(made_at) FROM upload WHERE state IN ('waiting', 'reading')")
    try:
        with database.reading() as connection:
            waiting, oldest = connection.execute(query).one()
    except SQLAlchemyError:
        return None
    return Queue(int(waiting), max(0.0, (at - datetime.fromisoformat(oldest)).total_seconds()) if oldest else 0.0)


def desk(store: Store, *, at: datetime) -> Desk | None:
    """What waits of complaints; None before the key ceremony, and where this part may not know."""
    if not store.is_open:
        return None
    today = at.astimezone(_CHINA).date()
    try:
        with store.looking() as connection:
            return _desk(connection, today, at.astimezone(UTC).date())
    except (NotReady, SQLAlchemyError):
        return None


def _desk(connection: Connection, today: date, letter_day: date) -> Desk:
    states = ", ".join(f"'{state}'" for state in workflow.OPEN)
    waiting, oldest = connection.execute(
        text(f"SELECT count(*), min(received_on) FROM complaint WHERE state IN ({states}) AND accepted_on IS NULL"
             " AND received_on < :today"), {"today": today.isoformat()}
    ).one()  # fmt: skip
    unsent, given_up = connection.execute(
        text("SELECT count(CASE WHEN tries > 0 THEN 1 END), count(CASE WHEN tries >= :most THEN 1 END) FROM letter"
             " WHERE sent_on IS NULL"), {"most": letters.MOST_TRIES}
    ).one()  # fmt: skip
    old = connection.execute(
        text("SELECT min(made_on) FROM letter WHERE sent_on IS NULL AND made_on < :today"),
        {"today": letter_day.isoformat()},
    ).scalar()
    return Desk(int(waiting), _days(oldest, today), int(unsent), int(given_up), _days(old, letter_day))


def _days(since: str | None, today: date) -> int:
    return (today - date.fromisoformat(since)).days if since else 0
