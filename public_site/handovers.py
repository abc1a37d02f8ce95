"""The way of a draft between two desks: handed over for approval, refused with a reason, taken back.

What this module knows that no other does: where a draft lies is its last step, and every step stays; so that the queue
and the history are one table. Whoever had a hand in a draft is known here, and so cannot approve it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, text
from sqlmodel import Field, SQLModel

from public_site import register
from public_site.faults import NotValid

# contributed: somebody drafted or answered what this draft was made of
Act = Literal["contributed", "handed_over", "taken_back", "refused"]
_HANDS = ("contributed", "handed_over", "taken_back")


class HandedOver(NotValid):
    """The draft lies on the approver's desk: it is not changed under their eyes."""


class NotHandedOver(NotValid):
    """The draft is still on the drafter's desk."""


class DraftStepRecord(SQLModel, table=True):
    """A step of a draft; `said` is the reason of a refusal or a word to the colleague."""

    __tablename__ = "draft_step"

    draft_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    ordinal: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    act: str
    who: str
    made_at: str
    said: str


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a draft, and who did it."""

    act: str
    who: str
    made_at: str
    said: str


def steps(connection: Connection, draft_id: int) -> list[Step]:
    """A draft's way so far, oldest first."""
    query = text("SELECT act, who, made_at, said FROM draft_step WHERE draft_id = :id ORDER BY ordinal")
    return [Step(*row) for row in connection.execute(query, {"id": draft_id})]


def is_handed_over(connection: Connection, draft_id: int) -> bool:
    """Whether the draft waits for an approver."""
    before = steps(connection, draft_id)
    return bool(before) and before[-1].act == "handed_over"


def waiting(connection: Connection) -> set[int]:
    """The drafts whose last step is a hand-over (the published ones among them too)."""
    query = text(
        "SELECT draft_id FROM draft_step s WHERE act = 'handed_over' AND ordinal ="
        " (SELECT max(ordinal) FROM draft_step t WHERE t.draft_id = s.draft_id)"
    )
    return {int(draft_id) for (draft_id,) in connection.execute(query)}


def hands(connection: Connection, draft_id: int) -> set[str]:
    """Who had a hand in what is to be approved."""
    return {step.who for step in steps(connection, draft_id) if step.act in _HANDS}


def note(connection: Connection, draft_id: int, act: Act, said: str = "", *, by: str, at: datetime) -> None:
    """Append a step."""
    record = {"draft_id": draft_id, "ordinal": len(steps(connection, draft_id)), "act": act, "who": by,
              "made_at": register.moment(at), "said": said}  # fmt: skip
    connection.execute(insert(DraftStepRecord), [record])


def require_at_drafter(connection: Connection, draft_id: int) -> None:
    """Raises: HandedOver."""
    if is_handed_over(connection, draft_id):
        raise HandedOver(f"第 {draft_id} 号草稿已移交待批准，不能再改动；要改动请先收回，或由批准人退回。")


def require_at_approver(connection: Connection, draft_id: int) -> None:
    """Raises: NotHandedOver."""
    if not is_handed_over(connection, draft_id):
        raise NotHandedOver(f"第 {draft_id} 号草稿还没有移交（或已收回、退回），现在不能批准或退回。")
