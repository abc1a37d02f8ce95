"""Partner systems that lodge complaints for people, and what each sees of those it lodged: never a word of them.

What this module knows that no other does: a partner is known by a key of which only the hash is kept; a partner sees
where its own complaints stand (body, state, due date), and no other complaint exists for it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, insert, text

from public_site import throttling
from public_site.complaints import bodies, cases
from public_site.complaints.cases import Case
from public_site.complaints.store import PARTNER, Store, ask_for
from public_site.faults import NotAllowed, NotFound

MOST = 1000
_RATE = throttling.Rate(burst=600, seconds=1)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)


class UnknownKey(NotAllowed):
    """No partner has this key."""


class NoSuchPartner(NotFound):
    """There is no partner of this name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a complaint stands, as its partner sees it. `updated_on`: the day of the last step that its informant sees."""

    case: Case
    body: str
    updated_on: str


def admit(store: Store, name: str, *, on: date) -> str:
    """Give a partner a key, in place of the one it had; the key is shown this once."""
    key = secrets.token_urlsafe(24)
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM partner WHERE name = :name"), {"name": name})
        connection.execute(insert(PARTNER), [{"name": name, "key_hash": _hash(key), "since": on.isoformat()}])
    return key


def end(store: Store, name: str) -> None:
    """The partner's key is worth nothing from now on. Raises: NoSuchPartner."""
    with store.sealed.writing() as connection:
        done = connection.execute(text("DELETE FROM partner WHERE name = :name"), {"name": name})
    if not done.rowcount:
        raise NoSuchPartner(f"没有名为 {name} 的接入系统。")


def everyone(store: Store) -> list[tuple[str, str]]:
    """(name, since) of every partner."""
    with store.looking() as connection:
        rows = connection.execute(text("SELECT name, since FROM partner ORDER BY name"))
        return [(name, since) for name, since in rows]


def named(store: Store, key: str) -> str:
    """Whose key this is. Raises: UnknownKey."""
    with store.looking() as connection:
        name = connection.execute(text("SELECT name FROM partner WHERE key_hash = :h"), {"h": _hash(key)}).scalar()
    if name is None:
        raise UnknownKey("没有提供 api_key，或 api_key 不对。")
    return str(name)


def slow_down(store: Store, name: str, *, at: datetime) -> None:
    """Raises: throttling.TooFast."""
    with store.sealed.writing(lasting=False) as connection:
        heard = throttling.take(connection, "partner", name, _RATE, at=at)
    if not heard:
        raise throttling.TooFast("请求太频繁，请稍后再试。")


def standing(store: Store, name: str, reference: str) -> Standing | None:
    """One complaint that this partner lodged."""
    found = _standings(store, "partner = :name AND reference = :reference", {"name": name, "reference": reference})
    return found[0] if found else None


def standings(store: Store, name: str, *, first: date, last: date, references: Sequence[str] = (),
              categories: Sequence[str] = (), is_open: bool | None = None) -> list[Standing]:  # fmt: skip
    """The complaints that this partner lodged, the newest first, `MOST` at most. `references` overrides all else."""
    bound: dict[str, Any] = {"name": name}
    if references:
        return _standings(store, "partner = :name AND reference IN :ids", bound | {"ids": list(references)}, _IDS)
    where = "partner = :name AND received_on BETWEEN :first AND :last"
    bound |= {"first": first.isoformat(), "last": last.isoformat()}
    if is_open is not None:
        where += f" AND state {'' if is_open else 'NOT '}IN ('routed', 'working', 'asked', 'offered')"
    found = _standings(store, where, bound)
    return [one for one in found if not categories or one.case.categories.split()[0] in categories]


def _standings(store: Store, where: str, bound: dict[str, Any], *expanding: BindParameter[Any]) -> list[Standing]:
    query = text(
        f"SELECT {cases.COLUMNS} FROM complaint WHERE state <> 'erased' AND {where} ORDER BY id DESC LIMIT {MOST}"
    )
    with store.looking() as connection:
        ask_for(connection, bound["name"])
        found = [Case(*row) for row in connection.execute(query.bindparams(*expanding), bound)]
        known = bodies.all_of(connection)
        updated = _last_steps(connection, [case.id for case in found])
        return [Standing(case, known[case.body].name if case.body in known else "", updated[case.id]) for case in found]


def _last_steps(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    query = text("SELECT complaint, max(made_on) FROM step WHERE shown = 1 AND complaint IN :ids GROUP BY complaint")
    return dict(connection.execute(query.bindparams(_IDS), {"ids": list(ids)}).all())


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
