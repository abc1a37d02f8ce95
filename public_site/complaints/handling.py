"""What a supervisor sees of the complaints of their own body, and does with them.

What this module knows that no other does: whose a complaint is. A body sees what it has, what it was asked to take over,
and what is late with a body below it; never what is about itself. Whatever else there may be does not exist for it. Every
look at what is sealed goes on record before it is shown, and the informant is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, text

from public_site.complaints import bodies, cases, clocks, routing, sealing, workflow
from public_site.complaints.cases import Case, NoSuchComplaint, Step
from public_site.complaints.routing import Body
from public_site.complaints.store import OPENING, Store
from public_site.faults import NotAllowed, NotValid

PAGE = 50
MINE = (
    "(body = :body OR offered_to = :body OR (late = 1 AND body IN (SELECT id FROM body WHERE parent = :body)))"
    " AND coalesce(about_body, '') <> :body AND state <> 'erased'"
)
_OPEN = "state IN ('routed', 'working', 'asked', 'offered')"
# What a body may look at, apart: its own that wait, its own that are late, what it is asked to take over, what is late
# with a body below it, and what is done.
FILTERS = {
    "waiting": f"body = :body AND {_OPEN}",
    "late": f"body = :body AND {_OPEN} AND (late = 1 OR due_on < :today)",
    "offered": "offered_to = :body",
    "below": f"body <> :body AND coalesce(offered_to, '') <> :body AND {_OPEN}",
    "closed": "body = :body AND state IN ('closed', 'refused', 'withdrawn')",
}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A queue narrowed: by kind, place (division code), category, and whom of the body it was given to (a name)."""

    kind: str | None = None
    county: str | None = None
    category: str | None = None
    given_to: str | None = None

    @property
    def where(self) -> str:
        """The conditions of what is narrowed by."""
        said = {
            "kind": "kind = :kind",
            "county": "place = :county",
            "category": "' ' || categories || ' ' LIKE :category",
            "given_to": "EXISTS (SELECT 1 FROM given WHERE given.complaint = complaint.id AND given.who = :given_to)",
        }
        return "".join(f" AND {said[name]}" for name in self.bound)

    @property
    def bound(self) -> dict[str, str]:
        """The values of the conditions."""
        category = f"% {self.category} %" if self.category else None
        values = {"kind": self.kind, "county": self.county, "category": category, "given_to": self.given_to}
        return {name: value for name, value in values.items() if value}


WHOLE = Narrowed()


class NoBody(NotAllowed):
    """This person works for no body."""


class Locked(NotAllowed):
    """The console's key is not unlocked in this session."""

    def __init__(self) -> None:
        super().__init__("您还没有得到投诉密钥，看不到封存的内容。请管理员授予，再重新登录。")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who acts, for which body, and the console's key where their session unlocked it."""

    who: str
    body: Body
    private: bytes | None

    def key(self) -> bytes:
        """Raises: Locked."""
        if self.private is None:
            raise Locked
        return self.private


@dataclass(frozen=True, slots=True)
class View:
    """A complaint as its page shows it. Without the key `statement` is None and the texts of steps are empty."""

    case: Case
    statement: Mapping[str, Any] | None
    has_contact: bool
    steps: tuple[Step, ...]
    photos: int
    bodies: Mapping[str, Body]
    alike: tuple[Case, ...]
    may: frozenset[str]
    others: tuple[Body, ...]
    is_own: bool

    @property
    def may_propose(self) -> bool:
        """Whether the grade of its enterprise may be proposed for another look."""
        named = bool(self.statement and self.statement.get("enterprise"))
        return named and self.is_own and self.case.state in workflow.ACTS["propose"].states

    @property
    def why_here(self) -> str:
        """The sentence that says why the body that has it has it."""
        told = [step.code for step in self.steps if step.act in ("lodge", "object", "escalate", "take")]
        return told[-1] if told else ""


def desk(store: Store, who: str, private: bytes | None) -> Desk:
    """Raises: NoBody."""
    with store.looking() as connection:
        body = bodies.body_of(connection, who)
    if body is None:
        raise NoBody("您还没有归到哪个机关，看不到投诉。请管理员设置（public-site complaints appoint）。")
    return Desk(who, body, private)


def queue(
    store: Store, desk: Desk, view: str, narrowed: Narrowed = WHOLE, *, after: tuple[str, int] = ("", 0), on: date
) -> list[Case]:
    """The complaints of a body in a view (`FILTERS`), by due date, after the keyset (due_on or "", id); 51 at most."""
    query = text(
        f"SELECT {cases.COLUMNS} FROM complaint WHERE {MINE} AND ({FILTERS[view]}) {narrowed.where}"
        " AND (coalesce(due_on, '') > :due OR (coalesce(due_on, '') = :due AND id > :id))"
        " ORDER BY coalesce(due_on, ''), id LIMIT :limit"
    )
    bound = {"body": desk.body.id, "today": on.isoformat(), "due": after[0], "id": after[1], "limit": PAGE + 1}
    with store.looking() as connection:
        return [Case(*row) for row in connection.execute(query, bound | narrowed.bound)]


def counts(store: Store, desk: Desk, *, on: date) -> dict[str, int]:
    """How many there are in each view but that of what is done."""
    views = [view for view in FILTERS if view != "closed"]
    columns = ", ".join(f"sum(CASE WHEN {FILTERS[view]} THEN 1 ELSE 0 END)" for view in views)
    query = text(f"SELECT {columns} FROM complaint WHERE {MINE} AND {_OPEN}")
    with store.looking() as connection:
        found = connection.execute(query, {"body": desk.body.id, "today": on.isoformat()}).one()
    return {view: int(number or 0) for view, number in zip(views, found, strict=True)}


def counties(store: Store, desk: Desk) -> list[str]:
    """The places (division codes) that complaints of this body are about."""
    query = text(f"SELECT DISTINCT place FROM complaint WHERE {MINE} AND place <> '' ORDER BY place")
    with store.looking() as connection:
        return [str(code) for code in connection.execute(query, {"body": desk.body.id}).scalars()]


def view(store: Store, desk: Desk, number: int, *, on: date) -> View:
    """A complaint of this body, opened; that is on record before this returns. Raises: NoSuchComplaint."""
    case = _mine(store, desk, number)
    key = cases.opened_with_console(store, case, desk.private, "statement") if desk.private else None
    if key is not None:
        _opened(store, desk, case, "statement", on)
    with store.looking() as connection:
        statement = cases.content(connection, case, "statement", key) if key else None
        sealed = connection.execute(text("SELECT contact FROM complaint WHERE id = :id"), {"id": case.id}).scalar()
        rows = connection.execute(
            text(f"SELECT {cases.COLUMNS} FROM complaint WHERE {MINE} AND alike = :alike AND id <> :id"
                 " ORDER BY id DESC LIMIT 10"), {"body": desk.body.id, "alike": case.alike, "id": case.id}
        )  # fmt: skip
        alike = tuple(Case(*row) for row in rows)
        told = tuple(cases.steps(connection, case, key))
        known = bodies.all_of(connection)
        fit = tuple(others(known, case, _judged(connection, case)))
        return View(case, statement, sealed is not None, told, cases.photos(connection, case), known, alike,
                    _may(desk, case), fit, _has(desk, case))  # fmt: skip


def contact(store: Store, desk: Desk, number: int, why: str, *, on: date) -> Mapping[str, Any]:
    """How the informant can be reached; the reason is told to them.

    A body that it was handed to reads it only with the informant's consent. Raises: NoSuchComplaint, NotValid, Locked.
    """
    case = _mine(store, desk, number)
    if not why.strip():
        raise NotValid("请写明为什么要看联系方式；投诉人会看到这个理由。")
    if not _has(desk, case):
        raise NotAllowed("只有承办机关可以看联系方式。")
    statement_key = cases.opened_with_console(store, case, desk.key(), "statement")
    key = cases.opened_with_console(store, case, desk.key(), "contact")
    with store.sealed.writing() as connection:
        case = require_own(connection, desk, number)
        found = cases.content(connection, case, "contact", key)
        if found is None:
            raise NoSuchComplaint("投诉人没有留联系方式。")
        if not found.get("to_body") and _first_body(connection, case) != desk.body.id:
            raise NotValid("投诉人没有同意把身份交给别的机关，联系方式打不开。可以在这里提问。")
        cases.add_step(connection, case, "contact", by="body", on=on, body=desk.body.id, who=desk.who, said=why.strip(),
                       key=statement_key)  # fmt: skip
        _record_opening(connection, desk, case, "contact", on)
    return found


def _first_body(connection: Connection, case: Case) -> str | None:
    """The body that the informant was told when they sent it."""
    query = text("SELECT body FROM step WHERE complaint = :id AND act = 'lodge'")
    return connection.execute(query, {"id": case.id}).scalar()


def photo(store: Store, desk: Desk, number: int, ordinal: int, *, on: date) -> bytes:
    """A photo, as a JPEG. Raises: NoSuchComplaint, Locked."""
    case = _mine(store, desk, number)
    key = cases.opened_with_console(store, case, desk.key(), "statement")
    with store.looking() as connection:
        found = connection.execute(text("SELECT picture FROM photo WHERE complaint = :id AND ordinal = :at"),
                                   {"id": case.id, "at": ordinal}).scalar()  # fmt: skip
    if found is None:
        raise NoSuchComplaint("没有这张照片。")
    _opened(store, desk, case, "photo", on)
    return sealing.unseal(key, bytes(found), cases.bound(case, f"photo {ordinal}"))


def act(
    store: Store, desk: Desk, number: int, name: str, said: str = "", *, code: str = "", to: str = "", on: date
) -> None:
    """One act of `workflow.ACTS` that is a body's. `code`: a refusal's reason, a closing's outcome; `to`: whom is asked.

    Raises: NoSuchComplaint, workflow.NotNow, NotAllowed, NotValid, Locked.
    """
    case = _mine(store, desk, number)
    said = said.strip()
    _require_words(name, said, code)
    key = cases.opened_with_console(store, case, desk.key(), "statement") if said else None
    with store.sealed.writing() as connection:
        case = _mine_in(connection, desk, number)
        if name not in _may(desk, case):
            workflow.after(name, case.state, accepted=case.accepted_on is not None)
            raise NotAllowed("这一步不由您的机关来做。")
        state = workflow.after(name, case.state, accepted=case.accepted_on is not None)
        changes, why = _changes(connection, desk, case, name, code, to, on)
        cases.add_step(connection, case, name, by="body", on=on, body=desk.body.id, who=desk.who, said=said, key=key,
                       code=why, shown=workflow.ACTS[name].shown, changes={"state": state} | changes)  # fmt: skip
        if name == "close" and key is not None:
            cases.judged(connection, case, key, code)


def _require_words(name: str, said: str, code: str) -> None:
    if name in ("refuse", "ask", "note", "reply", "close", "extend", "offer", "decline") and not said:
        raise NotValid("请写明内容。")
    if len(said) > cases.LONGEST:
        raise NotValid(f"最长 {cases.LONGEST} 个字。")
    if name == "refuse" and code not in workflow.REFUSALS:
        raise NotValid("请选择不予受理的原因。")
    if name == "close" and code not in workflow.OUTCOMES:
        raise NotValid("请选择办理的结果。")


def _changes(
    connection: Connection, desk: Desk, case: Case, name: str, code: str, to: str, on: date
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """What an act changes besides the state, and the word or sentence that goes with it."""
    today = on.isoformat()
    if name == "accept":
        return {"accepted_on": today, "late": 0, **cases.running(case.kind, "finish", case.place, on)}, ""
    if name == "ask":
        return {"asked_on": today}, ""
    if name in ("refuse", "close"):
        return {"closed_on": today, "outcome": code, "due_on": None, "due_clock": None, "late": 0}, code
    if name == "extend":
        return _extended(case), ""
    if name == "offer":
        known = bodies.all_of(connection)
        if to not in {body.id for body in others(known, case, _judged(connection, case))}:
            raise NotValid("请选择另一个有这项职权、没有牵连的机关。")
        cases.write_letter(connection, "offered", case.reference, known[to], on)
        return {"offered_to": to, **cases.running(case.kind, "return", case.place, on)}, known[to].name
    if name == "take":
        why = routing.TAKEN.format(body=desk.body.name)
        return cases.to_body(case.kind, case.place, desk.body, on), why
    if name == "decline":
        return {"offered_to": None, **_clock_as_it_was(connection, case)}, ""
    return {}, ""


def _clock_as_it_was(connection: Connection, case: Case) -> dict[str, Any]:
    """The clock that ran before another body was asked: asking must not win time."""
    if not case.accepted_on:
        since = connection.execute(
            text(
                "SELECT max(made_on) FROM step WHERE complaint = :id AND act IN ('lodge', 'take', 'object', 'escalate')"
            ),
            {"id": case.id},
        ).scalar()
        return cases.running(case.kind, "accept", case.place, date.fromisoformat(since or case.received_on))
    finish = cases.running(case.kind, "finish", case.place, date.fromisoformat(case.accepted_on))
    if not case.extended:
        return dict(finish)
    return dict(cases.running(case.kind, "extension", case.place, date.fromisoformat(finish["due_on"])))


def _extended(case: Case) -> dict[str, Any]:
    if case.extended or not case.due_on:
        raise workflow.NotNow("期限只能延长一次。")
    due = clocks.clock(case.kind, "extension", case.place).due(date.fromisoformat(case.due_on))
    return {"extended": 1, "due_on": due.isoformat(), "due_clock": "extension"}


def _may(desk: Desk, case: Case) -> frozenset[str]:
    """The acts that this body may do now."""
    whose = {"body"} if _has(desk, case) else set()
    if case.offered_to == desk.body.id and case.state == "offered":
        whose.add("offered")
    found = {name for name, act in workflow.ACTS.items() if act.by in whose and case.state in act.states}
    return frozenset(found - ({"extend"} if case.extended else set()))


def _has(desk: Desk, case: Case) -> bool:
    return case.body == desk.body.id


def require(store: Store, desk: Desk, number: int) -> None:
    """Raises: NoSuchComplaint, unless this body sees it."""
    _mine(store, desk, number)


def required_own(store: Store, desk: Desk, number: int) -> Case:
    """A complaint that this body has. Raises: NoSuchComplaint."""
    with store.looking() as connection:
        return require_own(connection, desk, number)


def require_own(connection: Connection, desk: Desk, number: int) -> Case:
    """A complaint that this body has. Raises: NoSuchComplaint."""
    case = _mine_in(connection, desk, number)
    if not _has(desk, case):
        raise NoSuchComplaint("没有这件投诉。")
    return case


def _mine(store: Store, desk: Desk, number: int) -> Case:
    with store.looking() as connection:
        return _mine_in(connection, desk, number)


def _mine_in(connection: Connection, desk: Desk, number: int) -> Case:
    case = cases.case(connection, f"id = :id AND {MINE}", id=number, body=desk.body.id)
    if case is None:
        raise NoSuchComplaint("没有这件投诉。")
    return case


def _opened(store: Store, desk: Desk, case: Case, what: str, on: date) -> None:
    with store.sealed.writing() as connection:
        _record_opening(connection, desk, case, what, on)


def _record_opening(connection: Connection, desk: Desk, case: Case, what: str, on: date) -> None:
    record = {"complaint": case.id, "what": what, "body": desk.body.id, "who": desk.who, "opened_on": on.isoformat()}
    connection.execute(insert(OPENING), [record])


def others(known: Mapping[str, Body], case: Case, judged: frozenset[str] = frozenset()) -> list[Body]:
    """Whom a complaint may be handed over to: competent, not what it is about, not who judged it before."""
    unfit = {case.body, case.about_body} | judged
    return [b for b in known.values() if b.id not in unfit and case.kind in b.competences]


def _judged(connection: Connection, case: Case) -> frozenset[str]:
    """The bodies whose closing or refusal the informant did not accept."""
    if not case.objected:
        return frozenset()
    rows = connection.execute(
        text("SELECT DISTINCT body FROM step WHERE complaint = :id AND act IN ('close', 'refuse')"), {"id": case.id}
    )
    return frozenset(str(body) for body in rows.scalars())
