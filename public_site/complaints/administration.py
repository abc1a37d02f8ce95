"""Who handles complaints, for which body, with which role and key: asked for by one administrator, decided by another.

What this module knows that no other does: the two-person rule of the complaints' side. Whoever asked cannot agree, nor
can the one whom it is about; what was asked is checked when it is asked and again when it is agreed to. Nothing here
makes a sign-in: people are enrolled at the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import insert, text

from public_site import audit, persons, supervisors
from public_site.complaints import bodies, keys
from public_site.complaints.routing import Body
from public_site.complaints.store import CHANGE, Store
from public_site.database import Database
from public_site.faults import Fault, NotAllowed, NotFound, NotValid
from public_site.supervisors import Person

KINDS = {
    "appoint": "归到机关",
    "dismiss": "不再归任何机关",
    "grant": "授予投诉密钥",
    "revoke": "收回投诉密钥",
    "roles": "改角色",
    "disable": "停用",
    "body": "增加或改动机关",
    "remove_body": "去掉机关",
}


class NoSuchChange(NotFound):
    """There is no change of this number that waits."""


class SameHands(NotAllowed):
    """One person asked and would decide, or would decide about themselves."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was asked for. `what`: by kind, the person `who` with `body` or `roles`; a body's columns, or its `id`."""

    id: int
    kind: str
    what: Mapping[str, Any]
    asked_by: str
    asked_on: str
    state: str
    decided_by: str | None
    decided_on: str | None


@dataclass(frozen=True, slots=True)
class Worker:
    """A person of the console as administrators see them. `key`: none | own (signed in, not lent) | lent."""

    person: Person
    body: Body | None
    key: str


@dataclass(frozen=True, slots=True)
class Office:
    """Where both halves are: the register's people, and the complaints' store. `at`: now."""

    database: Database
    store: Store
    at: datetime


def workers(office: Office) -> list[Worker]:
    """Everybody who can sign in, by name."""
    with office.database.reading() as connection:
        people = supervisors.people(connection)
    with office.store.looking() as connection:
        known = bodies.all_of(connection)
        members = {str(r[0]): str(r[1]) for r in connection.execute(text("SELECT who, body FROM member"))}
    with office.store.wraps.reading() as connection:
        held = {str(r[0]): bool(r[1]) for r in connection.execute(text("SELECT who, console IS NOT NULL FROM holder"))}
    return [
        Worker(p, known.get(members.get(p.name, "")), {None: "none", False: "own", True: "lent"}[held.get(p.name)])
        for p in people
        if not p.disabled
    ]


def ask(office: Office, kind: str, what: Mapping[str, str], *, by: str, on: date) -> int:
    """Ask for a change; its number. Raises: NotValid when it could not be done."""
    _check(office, kind, what)
    record = {
        "kind": kind,
        "what": orjson.dumps(what).decode(),
        "asked_by": by,
        "asked_on": on.isoformat(),
        "state": "open",
    }
    with office.store.sealed.writing() as connection:
        number = connection.execute(insert(CHANGE).returning(CHANGE.c.id), [record]).scalar_one()
    _note(office, by, f"complaints ask {number} {kind}")
    return int(number)


def changes(store: Store, state: str = "open", *, limit: int = 50) -> list[Change]:
    """The changes in a state (open, done, refused), newest first."""
    with store.looking() as connection:
        rows = connection.execute(
            text("SELECT id, kind, what, asked_by, asked_on, state, decided_by, decided_on FROM change"
                 " WHERE state = :state ORDER BY id DESC LIMIT :limit"), {"state": state, "limit": limit}
        )  # fmt: skip
        return [Change(row[0], row[1], orjson.loads(row[2]), *row[3:]) for row in rows]


def agree(office: Office, number: int, *, by: Person, private: bytes | None, on: date) -> Change:
    """Do what another administrator asked for. `private`: the console's key where the decider's session unlocked it.

    Raises: NoSuchChange, SameHands, NotValid when it cannot be done any more.
    """
    change = _open(office.store, number)
    if by.name in (change.asked_by, change.what.get("who")):
        raise SameHands("要由另一位管理员来决定：不能同意自己提出的，也不能同意关于自己的。")
    _check(office, change.kind, change.what)
    if change.kind == "grant" and private is None:
        raise NotValid(
            "授予投诉密钥，同意的人自己要持有并已解锁；也可以在机器上用离线密钥：public-site complaints grant。"
        )
    _decide(office.store, number, "done", by.name, on)
    try:
        _do(office, change, by.name, private)
    except Fault:
        _reopen(office.store, number)
        raise
    _note(office, by.name, f"complaints agree {number} {change.kind}")
    return change


def refuse(office: Office, number: int, *, by: Person, on: date) -> None:
    """Let a change be; whoever asked may do that too. Raises: NoSuchChange."""
    _open(office.store, number)
    _decide(office.store, number, "refused", by.name, on)
    _note(office, by.name, f"complaints refuse {number}")


def _open(store: Store, number: int) -> Change:
    for change in changes(store, limit=1000):
        if change.id == number:
            return change
    raise NoSuchChange(f"没有第 {number} 号等待决定的申请。")


def _decide(store: Store, number: int, state: str, by: str, on: date) -> None:
    with store.sealed.writing() as connection:
        done = connection.execute(
            text(
                "UPDATE change SET state = :state, decided_by = :by, decided_on = :on WHERE id = :id AND state = 'open'"
            ),
            {"state": state, "by": by, "on": on.isoformat(), "id": number},
        )
        if done.rowcount != 1:
            raise NoSuchChange(f"没有第 {number} 号等待决定的申请。")


def _reopen(store: Store, number: int) -> None:
    with store.sealed.writing() as connection:
        connection.execute(text("UPDATE change SET state = 'open', decided_by = NULL, decided_on = NULL WHERE id = :id"),
                           {"id": number})  # fmt: skip


def _check(office: Office, kind: str, what: Mapping[str, Any]) -> None:
    """Raises: NotValid, saying what keeps it from being done."""
    if kind not in KINDS:
        raise NotValid("没有这种申请。")
    with office.store.looking() as connection:
        known = bodies.all_of(connection)
    if kind == "body":
        bodies.check(known | {what["id"]: bodies.of_columns(what)})
        return
    if kind == "remove_body":
        bodies.check({id: body for id, body in known.items() if id != what["id"]})
        if what["id"] not in known:
            raise NotValid(f"没有编号为 {what['id']} 的机关。")
        return
    with office.database.reading() as connection:
        people = {p.name: p for p in supervisors.people(connection) if not p.disabled}
    if what.get("who") not in people:
        raise NotValid("没有这个人；人员在机器上新增：public-site supervisors add。")
    if kind == "appoint" and what.get("body") not in known:
        raise NotValid("请选择机关。")
    if kind == "roles" and not set(str(what.get("roles", "")).split()) & set(persons.ROLES):
        raise NotValid("请至少选择一个角色。")
    if kind == "grant" and not people[what["who"]].roles & {"supervisor", "administrator"}:
        raise NotValid("投诉密钥只授予投诉承办人和管理员。")
    if kind == "grant" and not keys.has_signed_in(office.store, what["who"]):
        raise NotValid(f"{what['who']} 还没有登录过控制台；请此人先登录一次，再授予。")


def _do(office: Office, change: Change, by: str, private: bytes | None) -> None:
    store, what = office.store, change.what
    if change.kind == "appoint":
        bodies.appoint(store, what["who"], what["body"])
    elif change.kind == "dismiss":
        bodies.dismiss(store, what["who"])
    elif change.kind == "grant" and private is not None:
        keys.grant(store, what["who"], private)
    elif change.kind == "revoke":
        keys.revoke(store, what["who"])
    elif change.kind == "roles":
        supervisors.set_roles(office.database, what["who"], str(what["roles"]).split(), by=by, at=office.at)
        if "supervisor" not in str(what["roles"]).split():
            keys.revoke(store, what["who"])
    elif change.kind == "disable":
        supervisors.disable(office.database, what["who"], by=by, at=office.at)
        keys.revoke(store, what["who"])
        bodies.dismiss(store, what["who"])
    elif change.kind == "body":
        bodies.put(store, bodies.of_columns(what))
    elif change.kind == "remove_body":
        bodies.remove(store, what["id"])


def _note(office: Office, who: str, what: str) -> None:
    with office.database.writing() as connection:
        audit.note(connection, who=who, what=what, at=office.at)
