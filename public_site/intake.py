"""From an uploaded file to its draft, away from the request that brought it.

What this module knows that no other does: that one process of a data folder reads, one file at a time; that a file which
a dying reader had begun is begun again; and that nothing is left waiting for ever, whatever a file does to its reader.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from public_site import drafts, handovers, notices, publishing, reviews, uploads
from public_site.database import Database
from public_site.drafts import Draft
from public_site.faults import Fault, NotReady
from public_site.settings import Settings
from public_site.uploads import Upload

_EVERY_SECONDS = 0.3
_TELL_SECONDS = 1.0
_log = structlog.get_logger()


def limits(settings: Settings) -> notices.Limits:
    """What reading one file may cost here."""
    return notices.Limits(
        file_mb=settings.file_limit_mb, memory_mb=settings.reader_memory_mb, seconds=settings.reader_seconds
    )


def keep_reading(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Read what is uploaded until told to stop; another process takes over when this one ends."""
    while not stop.is_set():
        with uploads.only_reader(settings.uploads) as mine:
            if mine:
                _serve_as_reader(database, settings, stop)
        stop.wait(_EVERY_SECONDS)


def _serve_as_reader(database: Database, settings: Settings, stop: threading.Event) -> None:
    try:
        uploads.begin_again(database, settings.uploads)
        while not stop.wait(_EVERY_SECONDS):
            while not stop.is_set() and read_next(database, settings):
                pass
    except (Fault, SQLAlchemyError, OSError) as fault:  # it must outlive a database that is away for a while
        _log.warning("uploads are not read", reason=type(fault).__name__)


def read_next(database: Database, settings: Settings) -> bool:
    """Read the upload that has waited longest; False when none waits."""
    upload = uploads.next_waiting(database)
    if upload is None:
        return False
    file = settings.uploads / upload.file
    try:
        _read(database, settings, upload, file)
    except Fault as fault:
        finding = uploads.problem_without_row(upload.file_name, str(fault), "请改正后重新上传。")
        uploads.refuse(database, upload.id, [finding])
    except FileNotFoundError:
        finding = uploads.problem_without_row(upload.file_name, "上传的文件已不在服务器上。", "请重新上传。")
        uploads.refuse(database, upload.id, [finding])
    file.unlink(missing_ok=True)
    return True


def _read(database: Database, settings: Settings, upload: Upload, file: Path) -> None:
    if upload.about is not None:
        with database.reading() as connection:
            handovers.require_at_drafter(connection, upload.about)
    reading = notices.read(
        file,
        given=given(upload),
        today=datetime.now(publishing.CHINA).date(),
        file_name=upload.file_name,
        progress=_teller(database, upload.id),
        limits=limits(settings),
    )
    if reading.problems:
        uploads.refuse(database, upload.id, uploads.findings_of(reading))
        return
    at = datetime.now(UTC)
    taken = publishing.take_in(database, settings, file, reading, by=upload.who, at=at)
    with database.writing() as connection:
        if taken.is_new:
            for name in sorted(set(upload.with_whom) - {upload.who}):
                handovers.note(connection, taken.draft.id, "contributed", by=name, at=at)
        replaces = upload.about is not None and upload.about != taken.draft.id
        if upload.about is not None and replaces and not handovers.is_handed_over(connection, upload.about):
            drafts.discard_if_open(connection, upload.about, by=upload.who, at=at)
        uploads.become(connection, upload.id, taken.draft.id, reading.row_count)
    if taken.draft.state == "open":
        reviews.review(database, taken.draft.id, at=at)  # so that it need not be worked out when the page is opened


def read_again(
    database: Database,
    settings: Settings,
    draft: Draft,
    given: notices.Given,
    *,
    hands: set[str],
    by: str,
    at: datetime,
) -> int:
    """Put a draft's own file in line once more, to be read in the light of `given`; the upload's number.

    The draft that comes of it takes this one's place. Raises: NotValid.
    """
    with uploads.receiving(settings.uploads) as (name, file):
        original = settings.originals / draft.content["sha256"]
        if not original.is_file():
            raise NotReady("这份草稿的原始文件暂时取不到，请稍后再试。")
        with original.open("rb") as source:
            shutil.copyfileobj(source, file)
        size = file.tell()
    return uploads.add(database, draft.content["file_name"], name, size, given, by=by, at=at, about=draft.id,
                       with_whom=frozenset(hands))  # fmt: skip


def given(upload: Upload) -> notices.Given:
    """What the clerk said about the file."""
    said = dict(upload.given)
    day = said.get("issued_on")
    return notices.Given(**said | {"issued_on": date.fromisoformat(day) if day else None})


def _teller(database: Database, upload_id: int) -> Callable[[int], None]:
    """Notes how far the reading is, once a second at most."""
    told = monotonic()

    def tell(rows: int) -> None:
        nonlocal told
        if monotonic() - told >= _TELL_SECONDS:
            told = monotonic()
            uploads.tell_rows(database, upload_id, rows)

    return tell
