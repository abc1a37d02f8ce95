"""What an informant sees and does with the tracking code, and with nothing else.

What this module knows that no other does: an unknown code, a malformed one and one whose complaint was erased are
answered alike; what the informant writes later is sealed with the same key; who opened the complaint is told, and how
often; erasing destroys the wraps first, so that what is left anywhere is noise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from joserfc import jws
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from public_site import receipt_verifier, register
from public_site.complaints import bodies, cases, clocks, lodging, photos, routing, sealing, workflow
from public_site.complaints.cases import Case, NoSuchComplaint, Step
from public_site.complaints.routing import Body, Matter
from public_site.complaints.store import Store, ask_for
from public_site.faults import NotValid
from public_site.languages import N_, _

_PROOF_ALG = "Ed25519"
PROOF_LIMITS = N_("登记证明只证明这一编号的投诉在这一天登记过：不含内容，不说明是谁投诉、投诉谁、是否属实、结果如何。")


class UnknownCode(NotValid):
    """No complaint is followed by this code; why is not said."""

    def __init__(self) -> None:
        super().__init__(_("没有与这个查询码相符的投诉。请核对有没有抄错；已删除或已过保存期的也查不到。"))


class TooManyPhotos(NotValid):
    """A complaint has six photos at most."""


@dataclass(frozen=True, slots=True)
class Followed:
    """All that the informant sees. `openings`: (body, part) → how often."""

    case: Case
    statement: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    steps: tuple[Step, ...]
    bodies: Mapping[str, Body]
    openings: Mapping[tuple[str, str], int]
    photos: int
    may_object_until: str | None

    @property
    def body(self) -> str:
        return self.name(self.case.body)

    def name(self, body: str | None) -> str:
        """What a body is called."""
        return self.bodies[body].name if body and body in self.bodies else _("该机关")


def follow(store: Store, typed: str, *, on: date) -> Followed:
    """Raises: UnknownCode."""
    code = sealing.code_as_meant(typed)
    with store.looking() as connection:
        case = _of_code(store, connection, code)
        key = _key(store, case, code, "statement")
        statement = cases.content(connection, case, "statement", key)
        if statement is None:
            raise UnknownCode
        contact = _contact(store, connection, case, code)
        known = bodies.all_of(connection)
        rows = connection.execute(text("SELECT body, what FROM opening WHERE complaint = :id"), {"id": case.id})
        openings = Counter((known[body].name if body in known else body, what) for body, what in rows)
        told = tuple(cases.steps(connection, case, key, shown=True))
        return Followed(case, statement, contact, told, known, openings, cases.photos(connection, case), _objecting(case, on))  # fmt: skip


def act(store: Store, typed: str, name: str, said: str = "", pictures: Sequence[bytes] = (), *, on: date) -> tuple[str, ...]:  # fmt: skip
    """Answer, add, object ("not solved", once) or withdraw; a sentence for each photo that was not taken.

    Raises: UnknownCode, workflow.NotNow, NotValid.
    """
    code = sealing.code_as_meant(typed)
    if name in ("answer", "add", "object") and not said.strip() and not (name == "add" and pictures):
        raise NotValid(_("请写明内容。"))
    with store.looking() as connection:
        case = _of_code(store, connection, code)
        key = _key(store, case, code, "statement")
        room = photos.MOST - cases.photos(connection, case)
    drawn, refused = lodging.drawn(store, pictures[: max(room, 0)])
    if len(pictures) > room:
        refused = (*refused, _("最多 {most} 张，多出的没有收。", most=photos.MOST))
    try:
        _keep(store, code, key, name, said.strip(), drawn, on)
    except OperationalError as fault:
        if not drawn or "full" not in str(fault.orig):
            raise
        _keep(store, code, key, name, said.strip(), [], on)
        refused = (*refused, _(lodging.NO_ROOM))
    return refused


def _keep(
    store: Store, code: str | None, key: bytes, name: str, said: str, pictures: Sequence[bytes], on: date
) -> None:  # fmt: skip
    with store.sealed.writing() as connection:
        case = _of_code(store, connection, code)
        state = workflow.after(name, case.state, accepted=case.accepted_on is not None)
        changes, why = _changes(connection, case, name, on)
        cases.keep_photos(connection, case, key, pictures)
        cases.add_step(connection, case, name, by="informant", on=on, body=changes.get("body"), said=said, key=key,
                       code=why, changes={"state": state} | changes)  # fmt: skip


def erase(store: Store, typed: str, *, on: date) -> None:
    """Destroy a complaint: its wraps, then all that they opened. What it counted for in statistics stays. Raises: UnknownCode."""
    with store.looking() as connection:
        case = _of_code(store, connection, sealing.code_as_meant(typed))
    destroy(store, case, on=on)
    store.shred()


def destroy(store: Store, case: Case, *, on: date) -> None:
    """Erase a complaint; only its kind, county, categories and days are left. `store.shred` belongs after it."""
    with store.wraps.writing() as connection:
        ask_for(connection, case.reference)
        connection.execute(text("DELETE FROM wrap WHERE reference = :r"), {"r": case.reference})
    with store.sealed.writing() as connection:
        ask_for(connection, case.reference)
        for table in ("photo", "step", "opening", "given", "proposed"):
            connection.execute(text(f"DELETE FROM {table} WHERE complaint = :id"), {"id": case.id})
        connection.execute(text("DELETE FROM letter WHERE reference = :r"), {"r": case.reference})
        connection.execute(
            text("UPDATE complaint SET state = 'erased', statement = NULL, contact = NULL, due_on = NULL, due_clock = NULL,"
                 " offered_to = NULL, alike = '', partner = NULL, code_mac = :gone, closed_on = coalesce(closed_on, :on)"
                 " WHERE id = :id"), {"id": case.id, "on": on.isoformat(), "gone": f"erased {case.id}"}
        )  # fmt: skip


def proof(store: Store, typed: str) -> str:
    """A signed statement (compact JWS) that this complaint was lodged, and when; nothing of what it says.

    Raises: UnknownCode.
    """
    with store.looking() as connection:
        case = _of_code(store, connection, sealing.code_as_meant(typed))
    claims = {"type": "mingji.registration-proof", "version": 1, "issuer": store.settings.base_url or store.settings.origin,
              "complaint": case.reference, "kind": case.kind, "received_on": case.received_on, "limits": PROOF_LIMITS}  # fmt: skip
    head = {"alg": _PROOF_ALG, "kid": store.proof_key.thumbprint(), "typ": receipt_verifier.PROOF_TYPE}
    return jws.serialize_compact(head, register.canonical(claims), store.proof_key, algorithms=[_PROOF_ALG])


def _of_code(store: Store, connection: Connection, code: str | None) -> Case:
    mac = store.mac("code", code or "-")
    ask_for(connection, mac)
    case = cases.case(connection, "code_mac = :mac AND state <> 'erased'", mac=mac)
    if case is None or code is None:
        raise UnknownCode
    return case


def _key(store: Store, case: Case, code: str | None, part: str) -> bytes:
    try:
        return cases.opened_with_code(store, case, code or "", part)
    except NoSuchComplaint:
        raise UnknownCode from None


def _contact(store: Store, connection: Connection, case: Case, code: str | None) -> Mapping[str, Any] | None:
    try:
        return cases.content(connection, case, "contact", _key(store, case, code, "contact"))
    except UnknownCode:
        return None


def _objecting(case: Case, on: date) -> str | None:
    """Until when "not solved" may be said."""
    if case.state not in workflow.ACTS["object"].states or case.objected or not case.closed_on:
        return None
    until = clocks.clock(case.kind, "objecting", case.place).due(date.fromisoformat(case.closed_on)).isoformat()
    return until if on.isoformat() <= until else None


def _changes(connection: Connection, case: Case, name: str, on: date) -> tuple[dict[str, Any], str]:
    """What an act changes besides the state, and the sentence that explains it."""
    if name == "answer" and case.asked_on and case.due_on:
        paused = on - date.fromisoformat(case.asked_on)
        due = date.fromisoformat(case.due_on) + timedelta(days=max(paused.days, 0))
        return {"asked_on": None, "due_on": due.isoformat()}, ""
    if name == "withdraw":
        return {"due_on": None, "due_clock": None, "closed_on": on.isoformat(), "offered_to": None}, ""
    if name != "object":
        return {}, ""
    if not _objecting(case, on):
        raise workflow.NotNow(_("“没有解决”只能说一次，并且要在答复后 15 日内。"))
    known = bodies.all_of(connection)
    involved = frozenset(
        connection.execute(text("SELECT DISTINCT body FROM step WHERE complaint = :id AND body IS NOT NULL"), {"id": case.id})
        .scalars()
    )  # fmt: skip
    route = routing.route(Matter(case.kind, case.place, about=case.body, involved=involved - {case.body}), known)
    cases.write_letter(connection, "new", case.reference, route.body, on)
    why = routing.NOT_SOLVED.format(body=route.body.name)
    return cases.to_body(case.kind, case.place, route.body, on) | {"objected": 1}, why
