"""A visitor's check on its way: the list as understood, how far answering has come, the results for an hour.

What this module knows that no other does: in which pieces a check lies on the shelf, all under one address, so that a
page reads no more than it shows; that whoever comes after the hour finds only the SHA-256 of the receipt; and when an
answering that nobody hears of any more counts as broken off.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from public_site import evidence, receipts, shelf
from public_site.database import Database
from public_site.faults import Fault
from public_site.languages import N_
from public_site.questions import Asked, Question
from public_site.settings import Settings

MOST_AT_ONCE = 1_000  # rows that are answered while the visitor waits; more are answered behind a page with progress
_SILENCE = 120.0
_STEP = 0.4
_WAITING = N_("排队")
_INITIALS = {"match": "m", "ambiguous": "a", "no_public_record": "n", "invalid": "i"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A list that waits to be answered, and for what; `known_at` as the visitor wrote it."""

    as_of: str
    known_at: datetime | int | None
    asked: Asked


@dataclass(frozen=True, slots=True)
class Progress:
    """How far answering has come: what is being done, how much of it; `fault` in words when it could not be done."""

    part: str
    done: int
    all: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What a receipt says, one answer at a time. `head`: all but the answers and their proof, with `totals`."""

    head: dict[str, Any]
    notices: bytes
    lines: tuple[bytes, ...]
    statuses: str

    def answers(self, status: str | None, after: int, most: int) -> tuple[int, list[dict[str, Any]]]:
        """How many answers have a status (None: any), and those of them after the first `after`."""
        wanted = _INITIALS.get(status or "")
        places = [at for at, initial in enumerate(self.statuses) if wanted in (None, initial)]
        return len(places), [orjson.loads(self.lines[at]) for at in places[after : after + most]]

    def told(self) -> dict[str, Any]:
        """What tables are made of; the answers are read one by one, once."""
        return {**self.head, "notices": orjson.loads(self.notices), "results": map(orjson.loads, self.lines)}


def keep(folder: Path, asked: Asked, *, as_of: str, known_at: datetime | int | None) -> str:
    """Put a list on the shelf; its address. Raises: shelf.ShelfFull."""
    known = known_at.isoformat() if isinstance(known_at, datetime) else known_at
    return shelf.put(folder, orjson.dumps({"as_of": as_of, "known_at": known, "asked": asked}))


def kept(folder: Path, address: str) -> Kept:
    """The list of an address. Raises: shelf.Gone."""
    told = orjson.loads(shelf.get(folder, address))
    known, list_of = told["known_at"], told["asked"]
    asked = Asked(
        tuple(Question(**question) for question in list_of["questions"]),
        tuple((meaning, heading) for meaning, heading in list_of["columns"]),
        tuple(list_of["header"]),
        tuple(tuple(row) for row in list_of["rows"]),
        list_of["left_out"],
    )
    return Kept(told["as_of"], datetime.fromisoformat(known) if isinstance(known, str) else known, asked)


def begin(folder: Path, address: str) -> bool:
    """Say that the list is going to be answered; False where it was already, or is being."""
    running = progress(folder, address)
    if results(folder, address) is not None or (running is not None and not running.fault):
        return False
    _say(folder, address, Progress(_WAITING, 0, 0))
    return True


def answer(database: Database, settings: Settings, address: str, *, made_at: datetime) -> None:
    """Answer the list of an address and put the results beside it; what cannot be done is told as its progress.

    Raises: shelf.Gone.
    """
    folder = settings.shelf
    list_of = kept(folder, address)
    said_at = 0.0

    def tell(part: str, done: int, whole: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _STEP or done == whole:
            said_at = time.monotonic()
            _say(folder, address, Progress(part, done, whole))

    try:
        with database.reading() as connection:
            known = receipts.known_at(connection, list_of.known_at)
            receipt = receipts.made(connection, settings, list_of.asked.questions, as_of=list_of.as_of, known=known,
                                    made_at=made_at, progress=tell)  # fmt: skip
    except Fault as fault:
        _say(folder, address, Progress(_WAITING, 0, 0, str(fault)))
        return
    shelf.put(folder, receipt.data, _piece(address, "receipt"))
    shelf.put(folder, _results(receipt), _piece(address, "results"))
    shelf.remember(folder, address, bytes.fromhex(receipt.sha256))


def progress(folder: Path, address: str) -> Progress | None:
    """How far answering has come; None where nobody has been answering for a while."""
    try:
        told = orjson.loads(shelf.get(folder, _piece(address, "progress")))
    except shelf.Gone:
        return None
    silent = time.time() - told.pop("at")
    return Progress(**told) if told["fault"] or silent < _SILENCE else None


def results(folder: Path, address: str) -> Results | None:
    """The answers, once they are there. Raises: shelf.Gone where the list is not there any more."""
    shelf.get(folder, address)
    try:
        head, notices, *lines = shelf.get(folder, _piece(address, "results")).split(b"\n")
    except shelf.Gone:
        return None
    told = orjson.loads(head)
    return Results(told, notices, tuple(lines), told.pop("statuses"))


def receipt(folder: Path, address: str) -> bytes:
    """The signed receipt. Raises: shelf.Gone."""
    return shelf.get(folder, _piece(address, "receipt"))


def _results(receipt: receipts.Receipt) -> bytes:
    """A line about all of it, a line of its notices, a line for each answer."""
    head = {
        **receipt.head,
        "totals": {status: receipt.statuses.count(status) for status in evidence.STATUSES},
        "receipt_sha256": receipt.sha256,
        "statuses": "".join(_INITIALS[status] for status in receipt.statuses),
    }
    return b"\n".join((orjson.dumps(head), receipt.notices, *(answer.told() for answer in receipt.answers)))


def _say(folder: Path, address: str, told: Progress) -> None:
    shelf.put(folder, orjson.dumps({**asdict(told), "at": time.time()}), _piece(address, "progress"))


def _piece(address: str, name: str) -> str:
    return f"{address}/{name}"
