"""Files on their way to a draft: received, waiting, being read, and what came of it.

What this module knows that no other does: how an uploaded file is kept while it is read (a random name in a private
folder, written as it arrives), how far the reading is, and that all of it survives a restart.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO, Any, Literal

import orjson
from sqlalchemy import Connection, Index, insert, text
from sqlmodel import Field, SQLModel

from public_site import lasting, register
from public_site.database import Database
from public_site.faults import NotFound, NotValid
from public_site.notices import Given, Problem, Reading

State = Literal["waiting", "reading", "drafted", "refused", "put_away"]
_LONGEST_ARRIVAL = 86_400  # a file that has not arrived within a day will not
_COLUMNS = "id, state, file_name, file, size, given, about, who, with_whom, made_at, rows_done, findings, draft_id"


class NoSuchUpload(NotFound):
    """There is no upload of this number."""


class UploadRecord(SQLModel, table=True):
    """An upload. `given`, `with_whom`, `findings` are JSON; `about` is the draft that it answers questions of."""

    __tablename__ = "upload"
    __table_args__ = (Index("upload_of_draft", "draft_id"), Index("upload_by_state", "state", "id"))

    id: int | None = Field(default=None, primary_key=True)
    state: str
    file_name: str
    file: str
    size: int
    given: str
    about: int | None
    who: str
    with_whom: str
    made_at: str
    rows_done: int
    findings: str
    draft_id: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the file, with the row it stands in: (header, cell, whether it is the cell that is meant)."""

    problem: dict[str, Any]
    cells: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way. `given`: what the clerk said about it; `with_whom`: who said it before."""

    id: int
    state: str
    file_name: str
    file: str
    size: int
    given: dict[str, Any]
    about: int | None
    who: str
    with_whom: tuple[str, ...]
    made_at: str
    rows_done: int
    findings: tuple[Finding, ...]
    draft_id: int | None

    @property
    def is_under_way(self) -> bool:
        return self.state in ("waiting", "reading")


@contextmanager
def receiving(folder: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """A new file in the private folder, and its name; gone again when the block fails."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = secrets.token_hex(16)
    path = folder / name
    try:
        with path.open("xb") as file:
            yield name, file
            lasting.settle(file)  # what is acknowledged is on disk
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def add(
    database: Database, file_name: str, file: str, size: int, given: Given, *, by: str, at: datetime,
    about: int | None = None, after: int | None = None, with_whom: frozenset[str] = frozenset(),
) -> int:  # fmt: skip
    """Put a received file in line; its number. `after` is the refused upload that it mends: that one is put away.

    Raises: NotValid for an empty file.
    """
    if not size:
        raise NotValid("文件是空的，请确认选对了文件。")
    said = {k: v for k, v in asdict(given).items() if v is not None}
    record = {"state": "waiting", "file_name": file_name, "file": file, "size": size, "about": about, "who": by,
              "given": orjson.dumps(said).decode(), "with_whom": orjson.dumps(sorted(with_whom)).decode(),
              "made_at": register.moment(at), "rows_done": 0, "findings": "[]", "draft_id": None}  # fmt: skip
    with database.writing() as connection:
        put = text("UPDATE upload SET state = 'put_away' WHERE id = :id AND state = 'refused'")
        connection.execute(put, {"id": after})
        return int(connection.execute(insert(UploadRecord).returning(UploadRecord.id), [record]).scalar_one())  # type: ignore[call-overload]


def upload(connection: Connection, upload_id: int) -> Upload:
    """Raises: NoSuchUpload."""
    found = connection.execute(text(f"SELECT {_COLUMNS} FROM upload WHERE id = :id"), {"id": upload_id}).one_or_none()
    if found is None:
        raise NoSuchUpload(f"没有第 {upload_id} 号上传。")
    return _upload(found)


def unfinished(connection: Connection) -> list[Upload]:
    """What is under way or was refused and not put away, newest first."""
    query = text(
        f"SELECT {_COLUMNS} FROM upload WHERE state IN ('waiting', 'reading', 'refused') ORDER BY id DESC LIMIT 200"
    )
    return [_upload(row) for row in connection.execute(query)]


def of_draft(connection: Connection, draft_id: int) -> Upload | None:
    """The upload that a draft was made of; None for one from the command line."""
    query = text(f"SELECT {_COLUMNS} FROM upload WHERE draft_id = :id ORDER BY id DESC LIMIT 1")
    found = connection.execute(query, {"id": draft_id}).one_or_none()
    return None if found is None else _upload(found)


def put_away(database: Database, upload_id: int) -> None:
    """Take an upload that was refused off the desk. Raises: NoSuchUpload, NotValid while it is being read."""
    with database.writing() as connection:
        if upload(connection, upload_id).state != "refused":
            raise NotValid("只有没有读成的文件可以收起。")
        connection.execute(text("UPDATE upload SET state = 'put_away' WHERE id = :id"), {"id": upload_id})


# --- the reader's side


@contextmanager
def only_reader(folder: Path) -> Iterator[bool]:
    """Whether this process is the one that reads; the system lets go of it when the process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".reader").open("wb") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def begin_again(database: Database, folder: Path) -> None:
    """Put back in line what a reader that is no more had begun, and remove files that nobody waits for."""
    with database.writing() as connection:
        connection.execute(text("UPDATE upload SET state = 'waiting', rows_done = 0 WHERE state = 'reading'"))
        wanted = {name for (name,) in connection.execute(text("SELECT file FROM upload WHERE state = 'waiting'"))}
    for file in folder.iterdir():
        arrives_no_more = time.time() - file.stat().st_mtime > _LONGEST_ARRIVAL
        if file.name not in wanted and not file.name.startswith(".") and arrives_no_more:
            file.unlink(missing_ok=True)


def next_waiting(database: Database) -> Upload | None:
    """The oldest that waits, now being read."""
    with database.reading() as connection:
        found = connection.execute(text("SELECT min(id) FROM upload WHERE state = 'waiting'")).scalar()
    if found is None:
        return None
    with database.writing() as connection:
        connection.execute(text("UPDATE upload SET state = 'reading' WHERE id = :id"), {"id": found})
        return upload(connection, int(found))


def tell_rows(database: Database, upload_id: int, rows: int) -> None:
    """How many rows have gone by."""
    with database.writing() as connection:
        connection.execute(text("UPDATE upload SET rows_done = :n WHERE id = :id"), {"n": rows, "id": upload_id})


def refuse(database: Database, upload_id: int, findings: list[Finding]) -> None:
    """The file cannot be taken in; nothing of it is kept but what is wrong with it."""
    told = orjson.dumps([asdict(finding) for finding in findings]).decode()
    with database.writing() as connection:
        connection.execute(text("UPDATE upload SET state = 'refused', findings = :told WHERE id = :id"),
                           {"told": told, "id": upload_id})  # fmt: skip


def become(connection: Connection, upload_id: int, draft_id: int, rows: int) -> None:
    """The file became a draft."""
    connection.execute(
        text("UPDATE upload SET state = 'drafted', draft_id = :draft, rows_done = :n WHERE id = :id"),
        {"draft": draft_id, "n": rows, "id": upload_id},
    )


def findings_of(reading: Reading) -> list[Finding]:
    """What is wrong with a file, each problem beside its row."""
    rows = {(excerpt.sheet, excerpt.row): excerpt for excerpt in reading.excerpts}
    found = []
    for problem in reading.problems:
        excerpt = rows.get((problem.sheet, problem.row or 0))
        cells = tuple((h, c, h == problem.column) for h, c in excerpt.cells) if excerpt is not None else ()
        found.append(Finding(asdict(problem), cells))
    return found


def problem_without_row(file_name: str, message: str, remedy: str) -> Finding:
    """A problem of the file as a whole."""
    return Finding(asdict(Problem(file_name, None, None, None, message, remedy)), ())


def _upload(row: Any) -> Upload:
    findings = tuple(
        Finding(f["problem"], tuple((h, c, bool(m)) for h, c, m in f["cells"])) for f in orjson.loads(row.findings)
    )
    return Upload(row.id, row.state, row.file_name, row.file, row.size, orjson.loads(row.given), row.about, row.who,
                  tuple(orjson.loads(row.with_whom)), row.made_at, row.rows_done, findings, row.draft_id)  # fmt: skip
