"""Whom the rows of a draft mean: asked of the register, and of the draft's own rows before them.

The rule is `enterprises.match`; this module knows how its candidates are found, many rows at a time. An enterprise that
a row of the same draft will first register is known by the negative id -n-1 of that row n, until it has a real one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import enterprises, register
from public_site.enterprises import Known, Match, Wanted, core_name, normal_name

# What a row means while there is no register yet.
NOTHING_KNOWN = enterprises.match(Wanted("", None, None, None, None, None), [])

_Alike = dict[tuple[str, str], dict[int, Known]]


class Matcher:
    """Answers for the rows of one draft, in their order."""

    def __init__(self, connection: Connection | None) -> None:
        self._connection = connection
        self._own: _Alike = {}

    def answers(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> list[Match]:
        """Whom each of these rows (number in the draft, what it says) means."""
        wanted = [Wanted(*(c[k] for k in ("name", "former_name", "credit_code", "province", "city", "county")))
                  for _, c in rows]  # fmt: skip
        registered = _alike(self._connection, wanted) if self._connection is not None else {}
        return [self._answer(ordinal, w, registered) for (ordinal, _), w in zip(rows, wanted, strict=True)]

    def _answer(self, ordinal: int, wanted: Wanted, registered: _Alike) -> Match:
        known = _relevant(wanted, registered) | _relevant(wanted, self._own)
        match = enterprises.match(wanted, list(known.values()))
        if match.status == "new":
            self._remember(Known(-ordinal - 1, wanted.name, _names(wanted), wanted.credit_code, wanted.province,
                                 wanted.city, wanted.county))  # fmt: skip
        elif match.status == "matched" and match.enterprise_id is not None and match.enterprise_id < 0:
            before = known[match.enterprise_id]
            names = tuple(dict.fromkeys((*before.normal_names, *_names(wanted))))
            self._remember(replace(before, normal_names=names, credit_code=before.credit_code or wanted.credit_code))
            return replace(match, status="new", reason="与本文件前面一行是同一家新企业")
        return match

    def _remember(self, known: Known) -> None:
        for key in _keys(known):
            self._own.setdefault(key, {})[known.id] = known


def _names(wanted: Wanted) -> tuple[str, ...]:
    return tuple(normal_name(n) for n in (wanted.name, wanted.former_name) if n)


def _keys(known: Known) -> set[tuple[str, str]]:
    keys = {("name", n) for n in known.normal_names} | {("core", core_name(n)) for n in known.normal_names}
    return keys | ({("code", known.credit_code)} if known.credit_code else set())


def _relevant(wanted: Wanted, alike: _Alike) -> dict[int, Known]:
    keys = [("code", wanted.credit_code or ""), ("core", core_name(wanted.name))]
    keys += [("name", n) for n in _names(wanted)]
    return {identity: known for key in keys for identity, known in alike.get(key, {}).items()}


def _alike(connection: Connection, wanted: Iterable[Wanted]) -> _Alike:
    """Every enterprise of the register that shares a code, a name or a name's core with one of `wanted`."""
    wanted = list(wanted)
    names = {n for w in wanted for n in _names(w)}
    ids = _ids(connection, "enterprise_id", "enterprise_name WHERE normal_name", names)
    ids |= _ids(connection, "enterprise_id", "enterprise_name WHERE core_name", {core_name(w.name) for w in wanted})
    ids |= _ids(connection, "id", "enterprise WHERE credit_code", {w.credit_code for w in wanted if w.credit_code})
    found: _Alike = {}
    for known in known_enterprises(connection, ids):
        for key in _keys(known):
            found.setdefault(key, {})[known.id] = known
    return found


def _ids(connection: Connection, column: str, where: str, values: set[str]) -> set[int]:
    if not values:
        return set()
    query = text(f"SELECT {column} FROM {where} IN :values").bindparams(bindparam("values", expanding=True))
    return {int(i) for (i,) in connection.execute(query, {"values": sorted(values)})}


def known_enterprises(connection: Connection, ids: Iterable[int]) -> list[Known]:
    """The enterprises of these ids as matching sees them, ascending."""
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    names = text("SELECT enterprise_id, normal_name FROM enterprise_name WHERE enterprise_id IN :ids"
                 " ORDER BY enterprise_id, ordinal").bindparams(among)  # fmt: skip
    facts = text("SELECT id, name, credit_code, province, city, county FROM enterprise WHERE id IN :ids"
                 " ORDER BY id").bindparams(among)  # fmt: skip
    found: list[Known] = []
    for batch in register.batches(sorted(ids), 500):
        borne: dict[int, list[str]] = {}
        for enterprise_id, name in connection.execute(names, {"ids": list(batch)}):
            borne.setdefault(enterprise_id, []).append(name)
        for enterprise_id, name, code, province, city, county in connection.execute(facts, {"ids": list(batch)}):
            found.append(Known(enterprise_id, name, tuple(borne[enterprise_id]), code, province, city, county))
    return found
