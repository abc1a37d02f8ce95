"""The second person: what they are shown, and that they approve exactly that.

What this module knows that no other does: the fingerprint of what was seen (the draft's seal and the entry it was held
against), that an approval of anything else is refused, and when a draft goes from one desk to the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydantic import TypeAdapter
from sqlalchemy import Connection, text
from sqlmodel import Field, SQLModel

from public_site import drafts, handovers, publishing
from public_site.database import Database
from public_site.differences import Preview
from public_site.faults import NotReady, NotValid
from public_site.publishing import NotYetPublishable, SamePerson
from public_site.settings import Settings

_ATTEMPTS = 4


class NoStillMoment(NotReady):
    """The draft or the register changes faster than it can be looked at."""


class DraftPreviewRecord(SQLModel, table=True):
    """What approving a draft would change, as it was worked out for one fingerprint and day."""

    __tablename__ = "draft_preview"

    draft_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    fingerprint: str
    content: str


@dataclass(frozen=True, slots=True)
class Review:
    """What an approval would change, and the fingerprint of exactly this."""

    preview: Preview
    fingerprint: str


def review(database: Database, draft_id: int, *, at: datetime) -> Review:
    """What approving a draft would change now; worked out once for each state of draft and register.

    Raises: NoSuchDraft, DraftClosed.
    """
    day = at.astimezone(publishing.CHINA).date().isoformat()
    for _ in range(_ATTEMPTS):
        with database.reading() as connection:
            drafts.open_draft(connection, draft_id)
            before = drafts.seal(connection, draft_id)
            if drafts.is_up_to_date(connection, draft_id) and (kept := _kept(connection, draft_id, f"{before} {day}")):
                return Review(kept, before)
        seen = publishing.preview(database, draft_id, at=at)
        with database.reading() as connection:
            after = drafts.seal(connection, draft_id)
        if after == before:
            _keep(database, draft_id, f"{after} {day}", seen)
            return Review(seen, after)
    raise NoStillMoment("草稿或登记正在变化，请稍后再看。")


def hand_over(database: Database, draft_id: int, *, by: str, at: datetime) -> None:
    """Give a draft to a colleague for approval, when nothing in it is open.

    Raises: NoSuchDraft, DraftClosed, NotYetPublishable, handovers.HandedOver, publishing.SeenOtherwise.
    """
    seen = review(database, draft_id, at=at)
    if seen.preview.blockers:
        raise NotYetPublishable("还不能移交：" + "".join(seen.preview.blockers))
    with database.writing() as connection:
        drafts.open_draft(connection, draft_id)
        handovers.require_at_drafter(connection, draft_id)
        publishing.require_seen(connection, draft_id, seen.fingerprint)
        handovers.note(connection, draft_id, "handed_over", by=by, at=at)


def take_back(database: Database, draft_id: int, *, by: str, at: datetime) -> None:
    """Take a draft back from the approver's desk. Raises: NoSuchDraft, DraftClosed, handovers.NotHandedOver."""
    with database.writing() as connection:
        drafts.open_draft(connection, draft_id)
        handovers.require_at_approver(connection, draft_id)
        handovers.note(connection, draft_id, "taken_back", by=by, at=at)


def refuse(database: Database, draft_id: int, reason: str, *, by: str, at: datetime) -> None:
    """Give a draft back to the drafter, with the reason.

    Raises: NoSuchDraft, DraftClosed, handovers.NotHandedOver, SamePerson, NotValid without a reason.
    """
    if not reason.strip():
        raise NotValid("请写明退回的理由，起草人要据此修改。")
    with database.writing() as connection:
        draft = drafts.open_draft(connection, draft_id)
        handovers.require_at_approver(connection, draft_id)
        if by == draft.drafted_by or by in handovers.hands(connection, draft_id):
            raise SamePerson("退回要由另一人来做；经手人请用“收回”。")
        handovers.note(connection, draft_id, "refused", reason.strip(), by=by, at=at)


def approve(
    database: Database, settings: Settings, draft_id: int, *, seen: str, by: str, at: datetime
) -> publishing.Publication:
    """Approve exactly what was seen. Raises: as publishing.publish."""
    return publishing.publish(database, settings, draft_id, by=by, at=at, seen=seen)


def discard(database: Database, draft_id: int, *, by: str, at: datetime) -> None:
    """Give a draft up. Raises: NoSuchDraft, DraftClosed, handovers.HandedOver."""
    with database.writing() as connection:
        handovers.require_at_drafter(connection, draft_id)
        drafts.discard(connection, draft_id, by=by, at=at)


@cache
def _previews() -> TypeAdapter[Preview]:
    return TypeAdapter(Preview)


def _kept(connection: Connection, draft_id: int, fingerprint: str) -> Preview | None:
    query = text("SELECT content FROM draft_preview WHERE draft_id = :id AND fingerprint = :seen")
    found = connection.execute(query, {"id": draft_id, "seen": fingerprint}).scalar()
    return None if found is None else _previews().validate_json(str(found))


def _keep(database: Database, draft_id: int, fingerprint: str, seen: Preview) -> None:
    content = _previews().dump_json(seen).decode()
    with database.writing() as connection:
        connection.execute(
            text("INSERT INTO draft_preview (draft_id, fingerprint, content) VALUES (:id, :seen, :content)"
                 " ON CONFLICT (draft_id) DO UPDATE SET fingerprint = excluded.fingerprint, content = excluded.content"),
            {"id": draft_id, "seen": fingerprint, "content": content},
        )  # fmt: skip
