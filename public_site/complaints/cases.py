"""A complaint as it is kept, its steps, and how either half of its seal is opened: what every other module here shares.

What this module knows that no other does: that a step and the state it leads to are written together, with the clock
that runs from then on and the letter it calls for; and which key opens which part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, insert, text

from public_site.complaints import clocks, keys, sealing, workflow
from public_site.complaints.routing import Body
from public_site.complaints.store import LETTER, PHOTO, PROPOSED, STEP, UPHELD, Store, ask_for
from public_site.faults import NotFound
from public_site.languages import N_

LONGEST = 5_000
_NOT_PLAIN = frozenset({"code_mac", "once", "statement", "contact"})


class NoSuchComplaint(NotFound):
    """There is no complaint of this number, or none that this person may see."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is not sealed of a complaint. Days are ISO text; `place` is a division code or empty."""

    id: int
    reference: str
    kind: str
    place: str
    categories: str
    alike: str
    about_body: str | None
    body: str
    offered_to: str | None
    state: str
    received_on: str
    accepted_on: str | None
    asked_on: str | None
    due_on: str | None
    due_clock: str | None
    closed_on: str | None
    outcome: str | None
    extended: int
    objected: int
    late: int

    @property
    def is_open(self) -> bool:
        return self.state in workflow.OPEN

    @property
    def clock(self) -> clocks.Clock | None:
        """The clock that runs."""
        return clocks.clock(self.kind, self.due_clock, self.place) if self.due_clock else None


@dataclass(frozen=True, slots=True)
class Step:
    """One act, opened: `said` is empty where nothing was written or the seal was not opened."""

    ordinal: int
    act: str
    by: str
    body: str | None
    who: str
    made_on: str
    code: str
    shown: bool
    said: str

    @property
    def title(self) -> str:
        return workflow.ACTS[self.act].title if self.act in workflow.ACTS else N_("查看联系方式")


COLUMNS = ", ".join(f.name for f in fields(Case))


def case(connection: Connection, where: str, **bound: Any) -> Case | None:
    """The one complaint that a condition (of constants and bound values) finds."""
    found = connection.execute(text(f"SELECT {COLUMNS} FROM complaint WHERE {where}"), bound).first()
    return Case(*found) if found else None


def steps(connection: Connection, case: Case, key: bytes | None, *, shown: bool = False) -> list[Step]:
    """The way so far; `shown`: only what the informant sees."""
    rows = connection.execute(
        text("SELECT ordinal, act, by, body, who, made_on, code, shown, said FROM step"
             " WHERE complaint = :id AND shown >= :least ORDER BY ordinal"), {"id": case.id, "least": int(shown)}
    )  # fmt: skip
    told = []
    for row in rows:
        said = b""
        if row.said is not None and key is not None:
            said = sealing.unseal(key, bytes(row.said), bound(case, f"step {row.ordinal}"))
        told.append(
            Step(row.ordinal, row.act, row.by, row.body, row.who, row.made_on, row.code, bool(row.shown), said.decode())
        )
    return told


def add_step(
    connection: Connection, case: Case, act: str, *, by: str, on: date, body: str | None = None, who: str = "",
    code: str = "", said: str = "", key: bytes | None = None, shown: bool = True, changes: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Append a step and change what of the complaint changes with it."""
    last = connection.execute(text("SELECT max(ordinal) FROM step WHERE complaint = :id"), {"id": case.id}).scalar()
    ordinal = (last or 0) + 1
    assert key is not None or not said
    sealed = sealing.seal(key, said.encode(), bound(case, f"step {ordinal}")) if key is not None and said else None
    record = {"complaint": case.id, "ordinal": ordinal, "act": act, "by": by, "body": body, "who": who,
              "made_on": on.isoformat(), "code": code, "shown": int(shown), "said": sealed}  # fmt: skip
    connection.execute(insert(STEP), [record])
    if changes:
        setting = ", ".join(f"{column} = :{column}" for column in changes)
        connection.execute(text(f"UPDATE complaint SET {setting} WHERE id = :id"), {**changes, "id": case.id})


def running(kind: str, clock: str, place: str, since: date, paused: int = 0) -> dict[str, str]:
    """The columns of a clock that runs from `since`."""
    return {"due_on": clocks.clock(kind, clock, place).due(since, paused).isoformat(), "due_clock": clock}


def to_body(case_kind: str, place: str, body: Body, on: date) -> dict[str, Any]:
    """The columns of a complaint that a body has to accept from `on`."""
    return {"body": body.id, "offered_to": None, "state": "routed", "accepted_on": None, "asked_on": None, "closed_on": None,
            "outcome": None, "late": 0, **running(case_kind, "accept", place, on)}  # fmt: skip


def write_letter(connection: Connection, about: str, reference: str, body: Body, on: date) -> None:
    """Put a letter to a body in the outbox, where it has an address: it says that there is something, never what."""
    if body.address:
        record = {
            "about": about,
            "reference": reference,
            "body": body.id,
            "made_on": on.isoformat(),
            "tries": 0,
            "fault": "",
            "told": 0,
        }
        connection.execute(insert(LETTER), [record])


def keep_photos(connection: Connection, case: Case, key: bytes, pictures: Sequence[bytes]) -> None:
    """Seal pictures that were drawn anew, after those that are there."""
    last = connection.execute(text("SELECT max(ordinal) FROM photo WHERE complaint = :id"), {"id": case.id}).scalar()
    for at, picture in enumerate(pictures, (last or 0) + 1):
        sealed = sealing.seal(key, picture, bound(case, f"photo {at}"))
        connection.execute(insert(PHOTO), [{"complaint": case.id, "ordinal": at, "picture": sealed}])


def photos(connection: Connection, case: Case) -> int:
    """How many photos there are."""
    return int(connection.execute(text("SELECT count(*) FROM photo WHERE complaint = :id"), {"id": case.id}).scalar_one())  # fmt: skip


def led_to(connection: Connection, case: Case, key: bytes, proposal: int) -> None:
    """Keep, sealed, that a complaint led to a proposal; where it was substantiated already, that shows at the proposal."""
    sealed = sealing.seal(key, str(proposal).encode(), bound(case, "proposed"))
    connection.execute(insert(PROPOSED), [{"complaint": case.id, "proposal": sealed}])
    judged(connection, case, key, case.outcome)


def judged(connection: Connection, case: Case, key: bytes, outcome: str | None) -> None:
    """Let the proposals that a complaint led to show whether it was substantiated, by its latest outcome."""
    rows = connection.execute(text("SELECT proposal FROM proposed WHERE complaint = :id"), {"id": case.id}).scalars()
    numbers = [int(sealing.unseal(key, bytes(sealed), bound(case, "proposed"))) for sealed in rows.all()]
    for number in numbers:
        connection.execute(text("DELETE FROM upheld WHERE proposal = :number"), {"number": number})
        if outcome in workflow.UPHELD:
            connection.execute(insert(UPHELD), [{"proposal": number}])


def bound(case: Case, part: str) -> str:
    """What a sealed part is bound to."""
    return keys.bound_to(case.reference, part)


def opened_with_code(store: Store, case: Case, code: str, part: str) -> bytes:
    """The data key of a part, by the tracking code. Raises: NoSuchComplaint when it was destroyed."""
    wrapped = _wrapped(store, case, part, "code")
    return sealing.unseal(code_key(code), wrapped, bound(case, part))


def opened_with_console(store: Store, case: Case, private: bytes, part: str) -> bytes:
    """The data key of a part, by the console's private key. Raises: NoSuchComplaint when it was destroyed."""
    return sealing.unwrap(private, _wrapped(store, case, part, "console"), bound(case, part))


def code_key(code: str) -> bytes:
    """The key that a tracking code gives."""
    return sealing.derived(code.encode(), "code")


def content(connection: Connection, case: Case, column: str, key: bytes) -> Mapping[str, Any] | None:
    """A sealed part, opened: `statement` or `contact`."""
    assert column in ("statement", "contact")
    sealed = connection.execute(text(f"SELECT {column} FROM complaint WHERE id = :id"), {"id": case.id}).scalar()
    if sealed is None:
        return None
    told: dict[str, Any] = orjson.loads(sealing.unseal(key, bytes(sealed), bound(case, column)))
    return told


def _wrapped(store: Store, case: Case, part: str, recipient: str) -> bytes:
    with store.wraps.reading() as connection:
        ask_for(connection, case.reference)
        found = connection.execute(
            text("SELECT wrapped FROM wrap WHERE reference = :r AND part = :p AND recipient = :to"),
            {"r": case.reference, "p": part, "to": recipient},
        ).scalar()
    if found is None:
        raise NoSuchComplaint("没有这件投诉。")
    return bytes(found)
