"""The demo register: the written notices go in by the ordinary intake, drafted by one role and approved by another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from sqlalchemy import text

from public_site import drafts, notices, publishing, register
from public_site.database import Database
from public_site.demo import Correction, PlannedNotice, write_notices
from public_site.settings import Settings

DRAFTER, APPROVER = "演示起草人", "演示批准人"
_OFFICE_CLOSES = time(17, tzinfo=publishing.CHINA)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Intake:
    database: Database
    settings: Settings
    folder: Path


def fill(database: Database, settings: Settings, enterprises: int, progress: Progress) -> int:
    """Make the demo register in an empty data folder, or finish one that was interrupted; returns its N.

    Each notice is published on the afternoon of its own day, so that the history has a past to look at. A register
    that was not made by this function is left as it is.
    """
    intake = _Intake(database, settings, settings.data / "notices")
    with database.reading() as connection:
        begun = register.latest_number(connection)
    if begun and not (intake.folder / "manifest.json").exists():
        return begun
    if not (intake.folder / "manifest.json").exists():
        write_notices(intake.folder, enterprises)
    planned = [PlannedNotice(**n) for n in json.loads((intake.folder / "manifest.json").read_text("utf-8"))]
    planned.sort(key=lambda notice: (notice.issued_on, notice.file))
    for done, notice in enumerate(planned, start=1):
        _publish(intake, notice)
        progress(done, len(planned))
    _mend(intake, datetime.combine(_day(planned[-1]) + timedelta(days=1), _OFFICE_CLOSES))
    with database.reading() as connection:
        return register.latest_number(connection)


def _day(notice: PlannedNotice) -> datetime:
    return datetime.fromisoformat(notice.issued_on).replace(tzinfo=publishing.CHINA)


def _publish(intake: _Intake, notice: PlannedNotice) -> None:
    file = intake.folder / notice.file
    if _is_published(intake.database, hashlib.sha256(file.read_bytes()).hexdigest()):
        return
    at = datetime.combine(_day(notice), _OFFICE_CLOSES)
    reading = notices.read(file, given=notices.Given(url=notice.url))
    taken = publishing.take_in(intake.database, intake.settings, file, reading, by=DRAFTER, at=at)
    with intake.database.reading() as connection:
        asked = list(drafts.rows(connection, taken.draft.id, only_open=True))
    for row in asked:
        _answer(intake.database, taken.draft.id, row)
    publishing.publish(intake.database, intake.settings, taken.draft.id, by=APPROVER, at=at)


def _answer(database: Database, draft_id: int, row: drafts.DraftRow) -> None:
    """What the clerk of the demo answers: alike names in these made-up lists are always different enterprises."""
    publishing.decide(database, draft_id, row.ordinal, "new", by=DRAFTER)


def _is_published(database: Database, sha256: str) -> bool:
    query = text("SELECT 1 FROM notice WHERE sha256 = :sha")
    with database.reading() as connection:
        return connection.execute(query, {"sha": sha256}).scalar() is not None


def _mend(intake: _Intake, at: datetime) -> None:
    """Carry out the planned corrections and withdrawals, each by two people."""
    for planned in json.loads((intake.folder / "corrections.json").read_text("utf-8")):
        wanted = Correction(**planned)
        with intake.database.reading() as connection:
            found = connection.execute(
                text("SELECT d.entry, d.mended_by FROM decision d JOIN notice n ON n.id = d.notice_id"
                     " WHERE n.sha256 = :sha AND d.row = :row"),
                {"sha": hashlib.sha256((intake.folder / wanted.file).read_bytes()).hexdigest(), "row": wanted.row},
            ).one()  # fmt: skip
        if found.mended_by is None:
            _mend_one(intake, found.entry, wanted, at)


def _mend_one(intake: _Intake, entry: int, wanted: Correction, at: datetime) -> None:
    if wanted.action == "corrected":
        draft = publishing.draft_correction(intake.database, entry, {"grade": wanted.grade}, reason=wanted.reason,
                                            by=DRAFTER, at=at)  # fmt: skip
    else:
        draft = publishing.draft_withdrawal(intake.database, entry, reason=wanted.reason, by=DRAFTER, at=at)
    publishing.publish(intake.database, intake.settings, draft.id, by=APPROVER, at=at)
