"""Letters to bodies out of the outbox: that there is something, never what.

What this module knows that no other does: what a letter may say (reference, what is asked of the body, by when); that a
body gets one letter for all that waits for it, on the quarter hour, so that no letter tells the minute something came in;
when a letter is tried again, when it is given up, and that the operator is told of what could not be sent, once.
Nothing is ever written to an informant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import mail, register
from public_site.complaints import bodies, clocks
from public_site.complaints.routing import Body
from public_site.complaints.store import Store
from public_site.mail import Letter

MOST_TRIES = 10
TOLD_AFTER = 3  # tries; from then on the operator hears of it
_FIRST_WAIT = timedelta(minutes=15)
_LONGEST_WAIT = timedelta(hours=12)
_AT_ONCE = 500
ABOUT = {
    "new": "新转来，请告知是否受理",
    "offered": "另一机关请您接办，请答复",
    "overdue": "逾期，请查看",
}
_BY_ID: BindParameter[int] = bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round: letters (of the outbox) sent, to be tried again, given up."""

    sent: int = 0
    waiting: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: int
    about: str
    reference: str
    tries: int
    due_on: str | None
    due_clock: str | None


def send(store: Store, *, at: datetime) -> Round:
    """Send what waits; what cannot be sent is tried again later. Raises: NotOpenYet."""
    found = Round()
    for body, waiting in _claimed(store, at):
        sent, given_up = _sent(store, body, waiting, at)
        again = len(waiting) - sent - given_up
        found = Round(found.sent + sent, found.waiting + again, found.given_up + given_up)
    _tell_operator(store, at)
    return found


def _sent(store: Store, body: Body, waiting: Sequence[_Waiting], at: datetime) -> tuple[int, int]:
    """How many of them were sent, and how many were given up."""
    try:
        mail.send(store.settings, _letter(store, body, waiting), at=at)
    except mail.NotTaken as refused:
        lost = [w.id for w in waiting if refused.for_good or w.tries >= MOST_TRIES]
        with store.sealed.writing() as connection:
            _set(connection, [w.id for w in waiting], "fault = :fault", fault=refused.reason)
            _set(connection, lost, f"tries = {MOST_TRIES}, next_at = NULL")
        return 0, len(lost)
    with store.sealed.writing() as connection:
        _set(connection, [w.id for w in waiting], "sent_on = :day, next_at = NULL, fault = ''", day=_day(at))
    return len(waiting), 0


def _claimed(store: Store, at: datetime) -> list[tuple[Body, list[_Waiting]]]:
    """What is due, by body. It is put off before it is tried, so that no other process tries it and a crash only delays it."""
    with store.sealed.writing() as connection:
        known = bodies.all_of(connection)
        rows = connection.execute(
            text("SELECT l.body, l.id, l.about, l.reference, l.tries, c.due_on, c.due_clock FROM letter l"
                 " LEFT JOIN complaint c ON c.reference = l.reference WHERE l.sent_on IS NULL AND l.tries < :most"
                 " AND (l.next_at IS NULL OR l.next_at <= :now) ORDER BY l.id LIMIT :limit"),
            {"most": MOST_TRIES, "now": register.moment(at), "limit": _AT_ONCE},
        ).all()  # fmt: skip
        found: dict[str, list[_Waiting]] = {}
        for body, number, about, reference, tries, due_on, due_clock in rows:
            found.setdefault(body, []).append(_Waiting(number, about, reference, tries + 1, due_on, due_clock))
        for body, waiting in found.items():
            if body not in known or not known[body].address:
                _set(connection, [w.id for w in waiting], f"tries = {MOST_TRIES}, fault = '机关没有邮箱地址'")
                continue
            for one in waiting:
                again = at + min(_FIRST_WAIT * 2 ** (one.tries - 1), _LONGEST_WAIT)
                _set(connection, [one.id], "tries = tries + 1, next_at = :again", again=register.moment(again))
    return [(known[body], waiting) for body, waiting in found.items() if body in known and known[body].address]


def _letter(store: Store, body: Body, waiting: Sequence[_Waiting]) -> Letter:
    host = store.settings.console_host
    where = f"https://{host}/console/complaints" if host else f"{store.settings.address}/console/complaints"
    lines = [f"{body.name}：", "", "有投诉等待贵单位在明绩控制台处理：", ""]
    for one in waiting:
        due = f"，{one.due_on} 前{clocks.NAMES.get(one.due_clock or '', '')}" if one.due_on else ""
        lines.append(f"· {one.reference}：{ABOUT[one.about]}{due}")
    lines += ["", f"请登录查看：{where}", "", "这封信不含投诉内容；请不要在回信中写投诉的内容。本信自动发出。"]
    key = f"{body.id} {' '.join(str(w.id) for w in waiting)}"
    return Letter(body.address, "明绩：有投诉等待办理", "\n".join(lines) + "\n", key)


def _tell_operator(store: Store, at: datetime) -> None:
    """One letter about all that could not be sent and was not told of yet; where that fails too, the next round tries."""
    if not store.settings.mail_operator:
        return
    with store.looking() as connection:
        rows = connection.execute(
            text("SELECT id, body, tries, fault FROM letter WHERE sent_on IS NULL AND told = 0 AND tries >= :least"
                 " ORDER BY id LIMIT :limit"), {"least": TOLD_AFTER, "limit": _AT_ONCE}
        ).all()  # fmt: skip
        known = bodies.all_of(connection)
    if not rows:
        return
    counted: dict[tuple[str, str, bool], int] = {}
    for _, body, tries, fault in rows:
        named = known[body].name if body in known else body
        key = (named, fault, tries >= MOST_TRIES)
        counted[key] = counted.get(key, 0) + 1
    lines = [f"· {body}：{count} 件，{fault or '没有答复'}{'，已放弃' if lost else '，还会再试'}" for (body, fault, lost), count in counted.items()]  # fmt: skip
    said = (
        "下列机关的通知没有送出（不含投诉内容）：\n\n"
        + "\n".join(lines)
        + "\n\n地址改正后，用 public-site complaints letters --again 重试。\n"
    )
    letter = Letter(
        store.settings.mail_operator, "明绩：有通知没有送出", said, f"told {' '.join(str(r[0]) for r in rows)}"
    )
    try:
        mail.send(store.settings, letter, at=at)
    except mail.NotTaken:
        return
    with store.sealed.writing() as connection:
        _set(connection, [row[0] for row in rows], "told = 1")


def try_again(store: Store) -> int:
    """Put everything that was not sent back in line, what was given up too; how many."""
    with store.sealed.writing() as connection:
        done = connection.execute(
            text("UPDATE letter SET tries = 0, next_at = NULL, told = 0, fault = '' WHERE sent_on IS NULL")
        )
    return int(done.rowcount)


def forget(store: Store, *, before: datetime) -> None:
    """What was sent long ago need not be kept."""
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM letter WHERE sent_on < :day"), {"day": _day(before)})


def _set(connection: Connection, ids: Sequence[int], what: str, **bound: object) -> None:
    if ids:
        connection.execute(
            text(f"UPDATE letter SET {what} WHERE id IN :ids").bindparams(_BY_ID), {"ids": list(ids), **bound}
        )


def _day(at: datetime) -> str:
    return at.date().isoformat()
