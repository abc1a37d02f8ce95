"""What stands between a read notice and the register: a draft that one person makes and another approves.

What this module knows that no other does: how a draft is kept (its notice, its rows, for each row whether the
enterprise is known, new or a question), that the same file makes one draft, and who may answer what. Nothing here is
public; nothing of it enters the register except through `publishing`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Index, insert, text
from sqlmodel import Field, SQLModel

from public_site import lasting, register
from public_site.enterprises import Candidate, Match
from public_site.faults import NotFound, NotValid
from public_site.matching import Matcher
from public_site.notices import Reading

_BATCH = 1_000
_SAME = ("same", "renamed")
Choice = Literal["same", "renamed", "new", "skip"]


class NoSuchDraft(NotFound):
    """There is no draft of this number."""


class DraftClosed(NotValid):
    """The draft was published or discarded already."""


class WrongAnswer(NotValid):
    """An answer that does not fit the row's question."""


class DraftRecord(SQLModel, table=True):
    """A draft: `kind` notice (rows beside it) or mending (a correction or withdrawal, whole in `content`)."""

    __tablename__ = "draft"
    __table_args__ = (Index("draft_of_file", "sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    state: str
    content: str
    sha256: str | None
    drafted_by: str
    drafted_at: str
    base_entry: int
    salt: str
    closed_by: str | None
    closed_at: str | None
    first_entry: int | None
    last_entry: int | None


class DraftRowRecord(SQLModel, table=True):
    """A row of a draft with the answer to "which enterprise is this?"; `choice` is a person's decision."""

    __tablename__ = "draft_row"

    draft_id: int = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    content: str
    status: str
    enterprise_id: int | None
    reason: str
    candidates: str
    choice: str | None
    chosen_by: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft's head. `content` is the notice's facts (kind notice) or the mending's."""

    id: int
    kind: str
    state: str
    content: dict[str, Any]
    drafted_by: str
    base_entry: int
    first_entry: int | None
    last_entry: int | None


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A row of a draft: what the notice says (`content`, the fields of `notices.Row`) and whom it means."""

    ordinal: int
    content: dict[str, Any]
    match: Match
    choice: str | None

    @property
    def is_open(self) -> bool:
        """Whether a person still has to say whom the row means."""
        return self.match.status == "question" and self.choice is None


def make(connection: Connection, reading: Reading, *, by: str, at: datetime) -> tuple[Draft, bool]:
    """The draft of an accepted reading, and whether it was made now.

    The same file with the same statements about it is the draft (or the publication) it already was; other statements
    about the same file replace its open draft.
    """
    facts = _notice_facts(reading)
    published = _of_file(connection, facts["sha256"], "published")
    if published is not None:
        return published, False
    open_one = _of_file(connection, facts["sha256"], "open")
    if open_one is not None:
        if open_one.content == facts:
            return open_one, False
        _close(connection, open_one.id, "discarded", by=by, at=at)
    draft_id = _insert(connection, "notice", facts, facts["sha256"], by=by, at=at)
    ordinal, matcher = 0, Matcher(connection, facts["division"])
    rows = iter(reading.rows)
    while batch := list(islice(rows, _BATCH)):
        numbered = list(enumerate((orjson.loads(orjson.dumps(row)) for row in batch), start=ordinal))
        answers = matcher.answers(numbered)
        records = [_row_record(draft_id, at_row, content, match)
                   for (at_row, content), match in zip(numbered, answers, strict=True)]  # fmt: skip
        connection.execute(insert(DraftRowRecord), records)
        ordinal += len(batch)
    return draft(connection, draft_id), True


def make_mending(connection: Connection, content: dict[str, Any], *, by: str, at: datetime) -> Draft:
    """A draft that corrects or withdraws one entry; what `content` must hold is `publishing`'s to say."""
    return draft(connection, _insert(connection, "mending", content, None, by=by, at=at))


def open_of_file(connection: Connection, sha256: str) -> Draft | None:
    """The open draft of a file, where it has one."""
    return _of_file(connection, sha256, "open")


def draft(connection: Connection, draft_id: int) -> Draft:
    """Raises: NoSuchDraft."""
    found = connection.execute(
        text("SELECT id, kind, state, content, drafted_by, base_entry, first_entry, last_entry FROM draft"
             " WHERE id = :id"), {"id": draft_id}
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NoSuchDraft(f"没有第 {draft_id} 号草稿。")
    return Draft(found[0], found[1], found[2], orjson.loads(found[3]), *found[4:])


def open_draft(connection: Connection, draft_id: int) -> Draft:
    """Raises: NoSuchDraft, DraftClosed."""
    found = draft(connection, draft_id)
    if found.state != "open":
        said = "已发布" if found.state == "published" else "已作废"
        raise DraftClosed(f"第 {draft_id} 号草稿{said}，不能再改动。")
    return found


def drafts(connection: Connection, state: str = "open") -> list[Draft]:
    """Every draft in `state`, oldest first."""
    ids = connection.execute(text("SELECT id FROM draft WHERE state = :state ORDER BY id"), {"state": state})
    return [draft(connection, i) for (i,) in ids.all()]


def recent(connection: Connection, state: str, limit: int) -> list[Draft]:
    """The drafts in `state`, newest first, at most `limit`."""
    query = text("SELECT id FROM draft WHERE state = :state ORDER BY id DESC LIMIT :limit")
    return [draft(connection, i) for (i,) in connection.execute(query, {"state": state, "limit": limit}).all()]


@dataclass(frozen=True, slots=True)
class Dates:
    """When a draft was made, and who closed it when."""

    drafted_at: str
    closed_by: str | None
    closed_at: str | None


def dates(connection: Connection, draft_id: int) -> Dates:
    """A draft's beginning and end. Raises: NoSuchDraft."""
    query = text("SELECT drafted_at, closed_by, closed_at FROM draft WHERE id = :id")
    found = connection.execute(query, {"id": draft_id}).one_or_none()
    if found is None:
        raise NoSuchDraft(f"没有第 {draft_id} 号草稿。")
    return Dates(*found)


def rows(connection: Connection, draft_id: int, *, only_open: bool = False, start: int = 0) -> Iterator[DraftRow]:
    """A draft's rows from number `start`, in the order of the file, read as they are asked for.

    `only_open`: questions without an answer.
    """
    asked = " AND status = 'question' AND choice IS NULL" if only_open else ""
    query = text(
        "SELECT ordinal, content, status, enterprise_id, reason, candidates, choice FROM draft_row"
        f" WHERE draft_id = :id AND ordinal >= :start{asked} ORDER BY ordinal LIMIT :limit"
    )
    while found := connection.execute(query, {"id": draft_id, "start": start, "limit": _BATCH}).all():
        for ordinal, content, status, enterprise_id, reason, candidates, choice in found:
            may_be = tuple(Candidate(*c) for c in orjson.loads(candidates))
            yield DraftRow(ordinal, orjson.loads(content), Match(status, enterprise_id, reason, may_be), choice)
        start = found[-1][0] + 1


def statuses(connection: Connection, draft_id: int) -> Counter[str]:
    """How many rows are matched, new, or still a question."""
    query = text(
        "SELECT CASE WHEN choice IS NULL THEN status WHEN choice IN ('same', 'renamed') THEN 'matched' WHEN choice = 'new'"
        " THEN 'new' ELSE 'skipped' END, count(*) FROM draft_row WHERE draft_id = :id GROUP BY 1"
    )
    return Counter({str(s): int(n) for s, n in connection.execute(query, {"id": draft_id})})


def deciders(connection: Connection, draft_id: int) -> set[str]:
    """Who answered questions of a draft."""
    query = text("SELECT DISTINCT chosen_by FROM draft_row WHERE draft_id = :id AND chosen_by IS NOT NULL")
    return {str(who) for (who,) in connection.execute(query, {"id": draft_id})}


def decide(
    connection: Connection, draft_id: int, ordinal: int, choice: Choice, enterprise_id: int | None = None, *, by: str
) -> None:
    """Answer a row's question: the `same` as a candidate, the same and `renamed`, `new`, or left out (`skip`).

    A candidate with a negative id -n-1 is the new enterprise of the draft's own row n.

    Raises: NoSuchDraft, DraftClosed, WrongAnswer.
    """
    open_draft(connection, draft_id)
    row = next((r for r in rows(connection, draft_id) if r.ordinal == ordinal), None)
    if row is None:
        raise WrongAnswer(f"第 {draft_id} 号草稿没有第 {ordinal} 项。")
    if choice in _SAME and enterprise_id not in {c.id for c in row.match.candidates}:
        raise WrongAnswer(f"企业 {enterprise_id} 不是第 {ordinal} 项的候选企业。")
    connection.execute(
        text("UPDATE draft_row SET choice = :choice, enterprise_id = :enterprise, chosen_by = :by"
             " WHERE draft_id = :id AND ordinal = :ordinal"),
        {"choice": choice, "enterprise": enterprise_id if choice in _SAME else None, "by": by,
         "id": draft_id, "ordinal": ordinal},
    )  # fmt: skip


def match_again(connection: Connection, draft_id: int, known: int) -> int:
    """Match every row against the register as it is now (`known` = its N); returns how many came out otherwise.

    Where the answer or its candidates changed, what a person had chosen is asked again.
    """
    matcher, changed = Matcher(connection, draft(connection, draft_id).content["division"]), 0
    every = rows(connection, draft_id)
    while batch := list(islice(every, _BATCH)):
        fresh = matcher.answers([(row.ordinal, row.content) for row in batch])
        for row, match in zip(batch, fresh, strict=True):
            before = replace(row.match, enterprise_id=match.enterprise_id) if row.choice else row.match
            if match != before:
                changed += 1
                record = _row_record(draft_id, row.ordinal, row.content, match)
                connection.execute(
                    text("UPDATE draft_row SET status = :status, enterprise_id = :enterprise_id, reason = :reason,"
                         " candidates = :candidates, choice = :choice, chosen_by = :chosen_by"
                         " WHERE draft_id = :draft_id AND ordinal = :ordinal"),
                    {k: v for k, v in record.items() if k != "content"},
                )  # fmt: skip
    connection.execute(text("UPDATE draft SET base_entry = :n WHERE id = :id"), {"n": known, "id": draft_id})
    return changed


def discard(connection: Connection, draft_id: int, *, by: str, at: datetime) -> None:
    """Raises: NoSuchDraft, DraftClosed."""
    open_draft(connection, draft_id)
    _close(connection, draft_id, "discarded", by=by, at=at)


def discard_if_open(connection: Connection, draft_id: int, *, by: str, at: datetime) -> None:
    """Discard a draft that another has taken the place of; one that was closed meanwhile is let be."""
    if draft(connection, draft_id).state == "open":
        _close(connection, draft_id, "discarded", by=by, at=at)


def is_up_to_date(connection: Connection, draft_id: int) -> bool:
    """Whether a draft's rows were matched against the register as it is now."""
    found = draft(connection, draft_id)
    return found.kind != "notice" or found.base_entry == register.latest_number(connection)


def approve(connection: Connection, draft_id: int, *, by: str, at: datetime) -> str:
    """Close a draft as published and return its seal, which goes into the register."""
    _close(connection, draft_id, "published", by=by, at=at)
    return seal(connection, draft_id)


def seal(connection: Connection, draft_id: int) -> str:
    """SHA-256 over all that a draft says and who made and approved it.

    It stands in the public entry, so that nobody can later change who approved what; the draft's random salt keeps it
    from telling anything about them.
    """
    head = connection.execute(
        text("SELECT id, kind, content, coalesce(sha256, ''), drafted_by, drafted_at, base_entry, salt, closed_by,"
             " closed_at FROM draft WHERE id = :id"), {"id": draft_id}
    ).one()  # fmt: skip
    running = hashlib.sha256(orjson.dumps(tuple(head)))
    query = text(
        "SELECT ordinal, content, status, enterprise_id, reason, candidates, choice, chosen_by FROM draft_row"
        " WHERE draft_id = :id AND ordinal >= :start ORDER BY ordinal LIMIT :limit"
    )
    start = 0
    while found := connection.execute(query, {"id": draft_id, "start": start, "limit": _BATCH}).all():
        for row in found:
            running.update(orjson.dumps(tuple(row)))
        start = found[-1][0] + 1
    return running.hexdigest()


def note_entries(connection: Connection, draft_id: int, first: int, last: int) -> None:
    """Remember which entries a published draft became."""
    connection.execute(
        text("UPDATE draft SET first_entry = :first, last_entry = :last WHERE id = :id"),
        {"first": first, "last": last, "id": draft_id},
    )


def keep_original(folder: Path, source: Path, sha256: str) -> Path:
    """Keep the notice's file under its hash: written aside, synced, renamed. A file kept already is left alone.

    Raises: NotValid when the file is no longer the one that was read.
    """
    kept = folder / sha256
    if kept.exists():
        return kept
    content = source.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NotValid(f"{source.name} 在读取过程中被改动，请重新收取。")
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{sha256}.{os.getpid()}"
    with aside.open("wb") as file:
        file.write(content)
        lasting.settle(file)
    aside.rename(kept)
    lasting.settle_folder(folder)
    return kept


def _notice_facts(reading: Reading) -> dict[str, Any]:
    facts: dict[str, Any] = orjson.loads(orjson.dumps(reading.notice))
    questions = orjson.loads(orjson.dumps(list(reading.questions)))
    return facts | {"rows": reading.row_count, "questions": questions, "remarks": list(reading.remarks)}


def _row_record(draft_id: int, ordinal: int, content: dict[str, Any], match: Match) -> dict[str, Any]:
    return {
        "draft_id": draft_id,
        "ordinal": ordinal,
        "content": orjson.dumps(content).decode(),
        "status": match.status,
        "enterprise_id": match.enterprise_id,
        "reason": match.reason,
        "candidates": orjson.dumps([(c.id, c.name, c.score, c.reason) for c in match.candidates]).decode(),
        "choice": None,
        "chosen_by": None,
    }


def _of_file(connection: Connection, sha256: str, state: str) -> Draft | None:
    query = text("SELECT id FROM draft WHERE sha256 = :sha AND state = :state ORDER BY id DESC LIMIT 1")
    found = connection.execute(query, {"sha": sha256, "state": state}).scalar()
    return None if found is None else draft(connection, found)


def _insert(
    connection: Connection, kind: str, content: dict[str, Any], sha256: str | None, *, by: str, at: datetime
) -> int:
    record = {"kind": kind, "state": "open", "content": orjson.dumps(content).decode(), "sha256": sha256,
              "drafted_by": by, "drafted_at": register.moment(at),
              "base_entry": register.latest_number(connection), "salt": secrets.token_hex(16)}  # fmt: skip
    return int(connection.execute(insert(DraftRecord).returning(DraftRecord.id), [record]).scalar_one())  # type: ignore[call-overload]


def _close(connection: Connection, draft_id: int, state: str, *, by: str, at: datetime) -> None:
    connection.execute(
        text("UPDATE draft SET state = :state, closed_by = :by, closed_at = :at WHERE id = :id"),
        {"state": state, "by": by, "at": register.moment(at), "id": draft_id},
    )


def grades_covered(connection: Connection, draft: Draft) -> set[str]:
    """The grades that a notice's list is a list of: those of its rows and those its counts sentence names."""
    named = {count["grade"] for count in draft.content["stated_counts"] if count["grade"]}
    covered: set[str] = set(named)
    for row in rows(connection, draft.id):
        if row.content["grade"] and row.content["listed"]:
            covered.add(row.content["grade"])
    return covered


def rows_pointed_to(connection: Connection, draft_id: int) -> set[int]:
    """The numbers of the rows whose new enterprise a later row of the draft means too."""
    query = text("SELECT DISTINCT enterprise_id FROM draft_row WHERE draft_id = :id AND enterprise_id < 0")
    return {-int(identity) - 1 for (identity,) in connection.execute(query, {"id": draft_id})}


def meant_by_rows_left_out(connection: Connection, draft_id: int) -> set[int]:
    """The enterprises that a row may mean which a person left out, or which still asks."""
    query = text(
        "SELECT candidates, enterprise_id FROM draft_row WHERE draft_id = :id"
        " AND (choice = 'skip' OR status = 'question' AND choice IS NULL)"
    )
    meant: set[int] = set()
    for candidates, identity in connection.execute(query, {"id": draft_id}):
        meant |= {int(candidate[0]) for candidate in orjson.loads(candidates)} | ({identity} if identity else set())
    return meant
