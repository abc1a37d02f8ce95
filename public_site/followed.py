"""Lists of one's own to follow: enterprises under a private address that nobody can guess.

What this module knows that no other does: that of such a list only a random token's hash and the ids of the enterprises
are kept, not who made it, when, or what was typed; that the token is told once, to whoever made the list; that it can be
deleted by whoever holds it; and how a pasted line is looked up without anything being guessed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BindParameter, Connection, bindparam, text
from sqlmodel import Field, SQLModel

from public_site import throttling
from public_site.database import Database
from public_site.enterprises import is_credit_code, normal_name
from public_site.faults import NotFound
from public_site.languages import _

MOST_LINES = 500
MOST_MEANT = 5
PER_ADDRESS = throttling.Rate(burst=5, seconds=600)
_TOKEN_BYTES = 20


class NoSuchList(NotFound):
    """No list has this address: it was never given out, or it was deleted; the two are not told apart."""


class FollowedListRecord(SQLModel, table=True):
    """A list: the hash of its token, and the ids as a JSON array. No column could hold who follows it."""

    __tablename__ = "followed_list"

    token_hash: str = Field(primary_key=True)
    enterprise_ids: str


@dataclass(frozen=True, slots=True)
class Meant:
    """A line as it was pasted, and the enterprises it may mean: exactly one is followed, of none and several none is."""

    line: str
    ids: tuple[int, ...]


def meant(connection: Connection, lines: Sequence[str]) -> list[Meant]:
    """Whom each line means: a credit code or a name, present or former, as it was published."""
    by_code = _by_code(connection, sorted({line.upper() for line in lines if is_credit_code(line.upper())}))
    by_name = _by_name(connection, sorted({normal_name(line) for line in lines}))
    return [
        Meant(
            line, by_code.get(line.upper(), ()) if is_credit_code(line.upper()) else by_name.get(normal_name(line), ())
        )
        for line in lines
    ]


def keep(database: Database, ids: Sequence[int], *, address: str, at: datetime) -> str:
    """Keep a list; its token, which cannot be told again.

    Raises: throttling.TooFast.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    record = {"token": _hash(token), "ids": orjson.dumps(sorted(set(ids))).decode()}
    with database.writing() as connection:
        heard = throttling.take(connection, "followed list", address, PER_ADDRESS, at=at)
        if heard:
            connection.execute(
                text("INSERT INTO followed_list (token_hash, enterprise_ids) VALUES (:token, :ids)"), record
            )
            return token
    raise throttling.TooFast(_("您刚才已经建立过几份名单，请过十分钟再试。"))


def ids(connection: Connection, token: str) -> tuple[int, ...]:
    """The enterprises of a list, by the ids they bear now.

    Raises: NoSuchList.
    """
    query = text("SELECT enterprise_ids FROM followed_list WHERE token_hash = :token")
    found = connection.execute(query, {"token": _hash(token)}).scalar()
    if found is None:
        raise NoSuchList(_("没有这份名单：地址不对，或者名单已经删除。"))
    kept: list[int] = orjson.loads(found)
    led = _survivors(connection, kept)
    return tuple(sorted({led.get(i, i) for i in kept}))


def delete(database: Database, token: str) -> None:
    """Forget a list at once; its address leads nowhere from then on.

    Raises: NoSuchList.
    """
    with database.writing() as connection:
        gone = connection.execute(text("DELETE FROM followed_list WHERE token_hash = :token"), {"token": _hash(token)})
        if gone.rowcount != 1:
            raise NoSuchList(_("没有这份名单：地址不对，或者名单已经删除。"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _by_code(connection: Connection, codes: Sequence[str]) -> dict[str, tuple[int, ...]]:
    query = text(
        "SELECT credit_code AS said, id FROM enterprise WHERE credit_code IN :said UNION"
        " SELECT credit_code, into_id FROM merged_enterprise WHERE credit_code IN :said"
    )
    return _grouped(connection, query.bindparams(_among("said")), codes)


def _by_name(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    query = text("SELECT normal_name AS said, enterprise_id AS id FROM enterprise_name WHERE normal_name IN :said")
    return _grouped(connection, query.bindparams(_among("said")), names)


def _grouped(connection: Connection, query: Any, said: Sequence[str]) -> dict[str, tuple[int, ...]]:
    if not said:
        return {}
    found: dict[str, set[int]] = {}
    for row in connection.execute(query, {"said": list(said)}):
        found.setdefault(row[0], set()).add(int(row[1]))
    return {value: tuple(sorted(ids)) for value, ids in found.items()}


def _survivors(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    query = text("SELECT id, into_id FROM merged_enterprise WHERE id IN :ids").bindparams(_among("ids"))
    return {int(row.id): int(row.into_id) for row in connection.execute(query, {"ids": list(ids)})}


def _among(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)
