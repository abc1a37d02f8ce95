"""A form's own key, and that whoever sends it took some trouble: a computer's work, or a little of one's time.

What this module knows that no other does: a ticket is made with the first page and signed; it is the idempotency key,
the salt of the work (ALTCHA, so each challenge is used once), and the moment from which the alternative without script
counts. Nothing is kept of it but its hash, with the complaint.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass

from altcha import v1 as altcha

from public_site.complaints.store import Store
from public_site.faults import NotValid
from public_site.languages import _

WAIT = 20  # seconds that the alternative takes
_LONGEST = 86_400
_HARDEST = 60_000


class TicketRefused(NotValid):
    """A form that we did not make, or made too long ago."""


class NotYet(NotValid):
    """Neither the work was done nor the time has passed."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the browser is asked to find: a number up to `most` whose hash with `salt` is `challenge`."""

    salt: str
    challenge: str
    signature: str
    most: int


def new(store: Store, now: int) -> str:
    """A ticket for a form that begins `now` (seconds)."""
    said = f"{secrets.token_urlsafe(18)}.{now}"
    return f"{said}.{store.mac('ticket', said)[:32]}"


def once(store: Store, ticket: str, now: int) -> str:
    """The form's own key. Raises: TicketRefused."""
    return _read(store, ticket, now)[0]


def work(store: Store, ticket: str, now: int) -> Work:
    """The challenge of a ticket; the same each time. Raises: TicketRefused."""
    key = _read(store, ticket, now)[0]
    number = int(store.mac("work number", key)[:8], 16) % _HARDEST
    options = altcha.ChallengeOptions(salt=key, number=number, max_number=_HARDEST, hmac_key=store.mac("work", "key"))
    made = altcha.create_challenge(options)
    return Work(made.salt, made.challenge, made.signature, made.max_number)


def require_trouble(store: Store, ticket: str, done: str, now: int) -> None:
    """Raises: TicketRefused, NotYet."""
    key, since = _read(store, ticket, now)
    if now - since >= WAIT or _is_done(store, key, done):
        return
    raise NotYet(
        _(
            "请再等 {seconds} 秒，然后再按一次“发送”。这是为了防止程序成批提交；填写的内容都还在。",
            seconds=WAIT - (now - since),
        )
    )


def _is_done(store: Store, key: str, done: str) -> bool:
    try:
        said = json.loads(base64.b64decode(done, validate=True))
        return str(said["salt"]).rstrip("&") == key and altcha.verify_solution(done, store.mac("work", "key"))[0]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        return False


def _read(store: Store, ticket: str, now: int) -> tuple[str, int]:
    said, _dot, signature = ticket.rpartition(".")
    key, _dot, since = said.partition(".")
    if not hmac.compare_digest(store.mac("ticket", said)[:32].encode(), signature.encode()):
        raise TicketRefused(_("这张表单不是本站的页面，请重新填写。"))
    if not 0 <= now - int(since) <= _LONGEST:
        raise TicketRefused(_("这张表单打开得太久了，请重新填写。"))
    return key, int(since)
