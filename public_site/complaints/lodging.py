"""How a form becomes a sealed complaint: at once, once, whole or not at all.

What this module knows that no other does: the same form sent again is the complaint it was, with the same code (which
only the form's own key gives, and which is kept nowhere); the wraps are written within the transaction of the complaint,
so that none is ever without its keys; where there is no room for photos the text is taken all the same. No moment finer
than the day is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import OperationalError

from public_site.complaints import bodies, cases, clocks, keys, photos, routing, sealing
from public_site.complaints.routing import Body, Matter
from public_site.complaints.store import COMPLAINT, WRAP, Store, ask_for
from public_site.faults import NotReady, NotValid
from public_site.languages import N_, _

NO_ROOM = N_("存储空间不足，照片没有保存；文字已经收到。可以过几天用查询码补充照片。")


@dataclass(frozen=True, slots=True)
class Statement:
    """What an informant says. `place`: division code, `zone`: of one without a code; `contact`: None for an anonymous complaint.

    `contact` holds name, how (telephone or address) and two consents of their own: `to_body`, `public`.
    """

    kind: str
    place: str
    where: str
    when: str
    said: str
    categories: tuple[str, ...] = ()
    enterprise: int | None = None
    enterprise_name: str = ""
    notice: int | None = None
    notice_title: str = ""
    issuer: str | None = None
    about_body: str | None = None
    contact: dict[str, Any] | None = None
    partner: str | None = None
    zone: str = ""

    def sealed_part(self) -> dict[str, Any]:
        """What is sealed with the statement's key."""
        return {"where": self.where, "when": self.when, "said": self.said, "enterprise": self.enterprise,
                "enterprise_name": self.enterprise_name, "notice": self.notice, "notice_title": self.notice_title}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lodged:
    """What the informant is told, once. `refused`: a sentence for each photo that was not taken."""

    reference: str
    code: str
    body: str
    why: str
    due_on: str
    clock: clocks.Clock
    refused: tuple[str, ...] = field(default=())

    @property
    def shown_code(self) -> str:
        return sealing.in_groups(self.code)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What will happen to a complaint once it is sent, as far as its routing and the clocks say."""

    body: str
    why: str
    due_on: str
    accept: clocks.Clock
    finish: clocks.Clock


def authorities(store: Store, kind: str, place: str, zone: str = "") -> dict[str, Body]:
    """The bodies above the place that are competent for a kind, the lowest first; none where nobody is."""
    with store.looking() as connection:
        known = bodies.all_of(connection)
    fit = [
        b for b in known.values() if kind in b.competences and b.id != routing.DUTY and place and b.covers(place, zone)
    ]
    return {b.id: b for b in sorted(fit, key=lambda b: routing.LEVELS.index(b.level))}


def foreseen(store: Store, statement: Statement, *, on: date) -> Foreseen:
    """Who would get a complaint that is sent today, why and by when. Raises: NotReady when no bodies were loaded."""
    with store.looking() as connection:
        route = _route(statement, bodies.all_of(connection))
    accept, finish = (clocks.clock(statement.kind, name, statement.place) for name in ("accept", "finish"))
    return Foreseen(route.body.name, route.sentence, accept.due(on).isoformat(), accept, finish)


def lodge(store: Store, statement: Statement, pictures: Sequence[bytes], *, once: str, on: date) -> Lodged:
    """Keep a complaint; `once` is the form's own key (at least 128 random bits, made by us).

    Raises: NotReady when no bodies were loaded.
    """
    code = sealing.letters(store.pepper, "code", once, sealing.CODE_LENGTH)
    with store.looking() as connection:
        if before := _before(connection, once, code):
            return before
    taken, refused = drawn(store, pictures)
    try:
        return _kept(store, statement, taken, refused, once, code, on)
    except OperationalError as fault:
        if not taken or "full" not in str(fault.orig):
            raise
        return _kept(store, statement, [], (*refused, _(NO_ROOM)), once, code, on)


def drawn(store: Store, pictures: Sequence[bytes]) -> tuple[list[bytes], tuple[str, ...]]:
    """Photos drawn anew, and a sentence for each that is not taken."""
    if pictures and not store.has_room_for_photos:
        return [], (_(NO_ROOM),)
    taken, refused = [], []
    for number, picture in enumerate(pictures, 1):
        try:
            if number > photos.MOST:
                raise photos.PhotoRefused(_("最多 {most} 张，这一张没有收。", most=photos.MOST))
            taken.append(photos.drawn(picture))
        except photos.PhotoRefused as fault:
            refused.append(_("第 {number} 张：{why}", number=number, why=fault))
    return taken, tuple(refused)


def _kept(
    store: Store, statement: Statement, taken: Sequence[bytes], refused: tuple[str, ...], once: str, code: str, on: date
) -> Lodged:  # fmt: skip
    reference = f"T{sealing.letters(store.pepper, 'reference', once, 10)}"
    parts = {"statement": statement.sealed_part()} | ({"contact": statement.contact} if statement.contact else {})
    data_keys = {part: sealing.new_key() for part in parts}
    sealed = {part: sealing.seal(data_keys[part], orjson.dumps(said), keys.bound_to(reference, part))
              for part, said in parts.items()}  # fmt: skip
    with store.sealed.writing() as connection:
        if before := _before(connection, once, code):
            return before
        route = _route(statement, bodies.all_of(connection))
        record = _record(store, statement, reference, code, once, on) | sealed
        record |= cases.to_body(statement.kind, statement.place, route.body, on)
        connection.execute(insert(COMPLAINT), [{"contact": None} | record])
        case = cases.case(connection, "reference = :r", r=reference)
        assert case is not None
        cases.add_step(connection, case, "lodge", by="informant", on=on, body=route.body.id, code=route.sentence)
        cases.keep_photos(connection, case, data_keys["statement"], taken)
        cases.write_letter(connection, "new", reference, route.body, on)
        _write_wraps(store, reference, data_keys, code)
    clock = clocks.clock(statement.kind, "accept", statement.place)
    return Lodged(reference, code, route.body.name, route.sentence, record["due_on"], clock, refused)


def _route(said: Statement, known: Mapping[str, Body]) -> routing.Route:
    if routing.DUTY not in known:
        raise NotReady(_("投诉受理还没有开通：请先运行 public-site complaints bodies。"))
    return routing.route(Matter(said.kind, said.place, said.issuer, said.about_body, zone=said.zone), known)


def _write_wraps(store: Store, reference: str, data_keys: dict[str, bytes], code: str) -> None:
    """Within the complaint's own transaction; wraps of a try that died before its complaint was kept are replaced."""
    with store.wraps.writing() as connection:
        ask_for(connection, reference)
        connection.execute(text("DELETE FROM wrap WHERE reference = :r"), {"r": reference})
        public, by_code = store.public_key, cases.code_key(code)
        for part, key in data_keys.items():
            bound = keys.bound_to(reference, part)
            for recipient, wrapped in (
                ("console", sealing.wrap(key, public, bound)),
                ("code", sealing.seal(by_code, key, bound)),
            ):
                record = {"reference": reference, "part": part, "recipient": recipient, "wrapped": wrapped}
                connection.execute(insert(WRAP), [record])


def _record(store: Store, said: Statement, reference: str, code: str, once: str, on: date) -> dict[str, Any]:
    same = f"enterprise {said.enterprise}" if said.enterprise else f"{said.place} {''.join(said.where.split())}"
    return {
        "reference": reference, "code_mac": store.mac("code", code), "once": _hash(once), "kind": said.kind,
        "place": said.place, "categories": " ".join(said.categories), "alike": store.mac("alike", same)[:32],
        "about_body": said.about_body, "partner": said.partner, "received_on": on.isoformat(), "extended": 0, "objected": 0,
    }  # fmt: skip


def _before(connection: Connection, once: str, code: str) -> Lodged | None:
    """What the same form already became."""
    ask_for(connection, _hash(once))
    case = cases.case(connection, "once = :once", once=_hash(once))
    if case is None:
        return None
    if case.state == "erased":
        raise NotValid(_("这张表单提交过的投诉已经删除。要再投诉，请重新填写。"))
    first = cases.steps(connection, case, None)[0]
    clock = clocks.clock(case.kind, "accept", case.place)
    due = clock.due(date.fromisoformat(case.received_on)).isoformat()
    body = bodies.all_of(connection)[first.body or case.body]
    return Lodged(case.reference, code, body.name, first.code, due, clock)


def _hash(once: str) -> str:
    return hashlib.sha256(once.encode()).hexdigest()
