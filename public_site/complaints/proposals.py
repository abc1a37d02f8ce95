"""A body proposes to the publishers that a grade be examined again: a message that changes nothing by itself.

What this module knows that no other does: what leaves a complaint with it. The publishers learn the enterprise, the body
and what the body wrote for them, and whether the body substantiated what led to it; never which complaint it was, nor a
word that an informant wrote. Which it was is kept with the complaint, sealed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, text

from public_site.complaints import bodies, cases, handling, workflow
from public_site.complaints.handling import Desk
from public_site.complaints.store import PROPOSAL, Store
from public_site.faults import NotFound, NotValid

LONGEST = 2_000


class NoSuchProposal(NotFound):
    """There is no proposal of this number."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal and what became of it. Days are ISO text; `state`: open | closed; `upheld`: its body substantiated it."""

    id: int
    enterprise: int
    body: str
    who: str
    said: str
    made_on: str
    state: str
    answer: str | None
    closed_by: str | None
    closed_on: str | None
    upheld: bool


_COLUMNS = ", ".join(f.name for f in fields(Proposal)[:-1]) + ", id IN (SELECT proposal FROM upheld) AS upheld"


def propose(store: Store, desk: Desk, number: int, said: str, *, on: date) -> int:
    """Propose to examine the grade of the enterprise that a complaint is about; the proposal's number.

    The informant sees that it was done, not what was written. Raises: NoSuchComplaint, NotNow, NotValid, Locked.
    """
    seen = handling.required_own(store, desk, number)
    workflow.after("propose", seen.state, accepted=True)
    key = cases.opened_with_console(store, seen, desk.key(), "statement")
    with store.sealed.writing() as connection:
        case = handling.require_own(connection, desk, number)
        workflow.after("propose", case.state, accepted=True)
        statement = cases.content(connection, case, "statement", key)
        enterprise = (statement or {}).get("enterprise")
        if not enterprise:
            raise NotValid("这件投诉没有指明登记里的企业，不能建议核查等级。")
        if not said.strip() or len(said) > LONGEST:
            raise NotValid(f"请写明为什么，最长 {LONGEST} 个字。")
        record = {"enterprise": enterprise, "body": desk.body.id, "who": desk.who, "said": said.strip(),
                  "made_on": on.isoformat(), "state": "open"}  # fmt: skip
        made = connection.execute(insert(PROPOSAL).returning(PROPOSAL.c.id), [record]).scalar_one()
        cases.led_to(connection, case, key, int(made))
        cases.add_step(connection, case, "propose", by="body", on=on, body=desk.body.id, who=desk.who)
    return int(made)


def proposals(store: Store, state: str, *, before: int | None = None, limit: int = 50) -> list[Proposal]:
    """For the publishers: every body's, newest first; `before`: below this number."""
    query = text(f"SELECT {_COLUMNS} FROM proposal WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit")
    with store.looking() as connection:
        rows = connection.execute(query, {"state": state, "before": before or 2**31 - 1, "limit": limit})
        return [_read(row) for row in rows]


def of_body(store: Store, desk: Desk, *, limit: int = 50) -> list[Proposal]:
    """What this body proposed lately, with the answers."""
    query = text(f"SELECT {_COLUMNS} FROM proposal WHERE body = :body ORDER BY id DESC LIMIT :limit")
    with store.looking() as connection:
        return [_read(row) for row in connection.execute(query, {"body": desk.body.id, "limit": limit})]


def proposal(store: Store, number: int) -> Proposal:
    """Raises: NoSuchProposal."""
    with store.looking() as connection:
        found = connection.execute(text(f"SELECT {_COLUMNS} FROM proposal WHERE id = :id"), {"id": number}).first()
    if found is None:
        raise NoSuchProposal(f"没有第 {number} 号建议。")
    return _read(found)


def waiting(store: Store) -> int:
    """How many wait for an answer; none before complaints were opened."""
    if not store.is_open:
        return 0
    with store.looking() as connection:
        return int(connection.execute(text("SELECT count(*) FROM proposal WHERE state = 'open'")).scalar_one())


def close(store: Store, number: int, answer: str, *, by: str, on: date) -> None:
    """Answer a proposal. Raises: NoSuchProposal, NotValid."""
    if not answer.strip():
        raise NotValid("请写明核查的结果。")
    if proposal(store, number).state != "open":
        raise NotValid(f"第 {number} 号建议已经答复。")
    with store.sealed.writing() as connection:
        connection.execute(
            text("UPDATE proposal SET state = 'closed', answer = :answer, closed_by = :by, closed_on = :on"
                 " WHERE id = :id AND state = 'open'"),
            {"answer": answer.strip(), "by": by, "on": on.isoformat(), "id": number},
        )  # fmt: skip


def body_name(store: Store, body: str) -> str:
    """What a body is called; one that is gone is called by its id."""
    with store.looking() as connection:
        known = bodies.all_of(connection)
    return known[body].name if body in known else body


def _read(row: Row[Any]) -> Proposal:
    *facts, upheld = tuple(row)
    told: dict[str, Any] = dict(zip((f.name for f in fields(Proposal)), facts, strict=False))
    return Proposal(**told, upheld=bool(upheld))
