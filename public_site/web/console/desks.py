"""Where each draft lies: on the drafter's desk, handed over, refused, published; and what still has to be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from public_site import drafts, handovers, publishing, uploads
from public_site.drafts import Draft
from public_site.handovers import Step
from public_site.supervisors import Person
from public_site.uploads import Upload

_MOST_CLOSED = 30


@dataclass(frozen=True, slots=True)
class Item:
    """A draft in a list: what it is called, how it came to lie here, what is still open in it."""

    draft: Draft
    title: str
    last: Step | None
    open_rows: int
    open_questions: int

    @property
    def is_handed_over(self) -> bool:
        return self.last is not None and self.last.act == "handed_over"

    @property
    def is_refused(self) -> bool:
        return self.last is not None and self.last.act == "refused"


@dataclass(frozen=True, slots=True)
class Desks:
    """All that is under way, and what was closed lately."""

    handed_over: tuple[Item, ...]
    refused: tuple[Item, ...]
    drafting: tuple[Item, ...]
    uploads: tuple[Upload, ...]
    published: tuple[Item, ...]


def desks(connection: Connection) -> Desks:
    """Everything by where it lies."""
    under_way = [item(connection, draft) for draft in drafts.drafts(connection)]
    return Desks(
        handed_over=tuple(i for i in under_way if i.is_handed_over),
        refused=tuple(i for i in under_way if i.is_refused),
        drafting=tuple(i for i in under_way if not i.is_handed_over and not i.is_refused),
        uploads=tuple(uploads.unfinished(connection)),
        published=tuple(item(connection, d) for d in drafts.recent(connection, "published", _MOST_CLOSED)),
    )


def item(connection: Connection, draft: Draft) -> Item:
    """A draft as lists name it."""
    steps = [step for step in handovers.steps(connection, draft.id) if step.act != "contributed"]
    asked = drafts.statuses(connection, draft.id)["question"] if draft.state == "open" else 0
    return Item(draft, title(draft), steps[-1] if steps else None, asked, len(draft.content.get("questions", ())))


def title(draft: Draft) -> str:
    """What a draft is called."""
    return publishing.summary(draft)


def hands(connection: Connection, draft: Draft) -> set[str]:
    """Who cannot approve a draft, because they had a hand in it."""
    return {draft.drafted_by} | drafts.deciders(connection, draft.id) | handovers.hands(connection, draft.id)


def may_approve(connection: Connection, draft: Draft, person: Person) -> bool:
    """Whether this person may be the second one."""
    return person.may("approver") and person.name not in hands(connection, draft)
