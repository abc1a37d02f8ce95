"""Whom the rows of a draft mean: asked of the register, and of the draft's own rows before them.

The rule is `enterprises.match`; this module knows how its candidates are found, many rows at a time. An enterprise that
a row of the same draft will first register is known by the negative id -n-1 of that row n, until it has a real one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import enterprises, places, register
from public_site.enterprises import Known, Line, Match, Wanted, core_name, normal_name

# What a row means while there is no register yet.
NOTHING_KNOWN = enterprises.match(Wanted("", None, None, None, None, None), [])

_Alike = dict[tuple[str, str], dict[int, Known]]

# More names than this under one key, and the key says nothing: half of the county is called something with 铸造.
_COMMON = 200
_KEYS_AT_ONCE = 10_000
_LONGEST_ID = 9
_PLACE = 6  # a key begins with a division's code


class Matcher:
    """Answers for the rows of one draft, in their order; `division` is the issuer's, for rows that name no place."""

    def __init__(self, connection: Connection | None, division: str | None = None) -> None:
        self._connection = connection if connection is not None and _knows_anyone(connection) else None
        self._issuers: Line = _codes(division) if division else (None, None, None)
        self._own: _Alike = {}

    def answers(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> list[Match]:
        """Whom each of these rows (number in the draft, what it says) means."""
        wanted = [self._wanted(content) for _, content in rows]
        registered: _Alike = {}
        if self._connection is not None:
            _add_alike(self._connection, wanted, registered)
            unknown = [
                w for w in wanted if enterprises.match(w, list(_relevant(w, registered).values())).status == "new"
            ]
            _add_neighbours(self._connection, unknown, registered)
        return [self._answer(ordinal, w, registered) for (ordinal, _), w in zip(rows, wanted, strict=True)]

    def _wanted(self, said: dict[str, Any]) -> Wanted:
        line: Line = said["province"], said["city"], said["county"]
        silent = not any(line) and not said["place"]
        return Wanted(
            said["name"], said["former_name"], said["credit_code"], *(self._issuers if silent else line), silent
        )

    def _answer(self, ordinal: int, wanted: Wanted, registered: _Alike) -> Match:
        known = _relevant(wanted, registered) | _relevant(wanted, self._own)
        match = enterprises.match(wanted, list(known.values()))
        if match.status == "new":
            line = (None, None, None) if wanted.by_issuer else wanted.line
            self._remember(Known(-ordinal - 1, wanted.name, _names(wanted), wanted.credit_code, *line))
        elif match.status == "matched" and match.enterprise_id is not None and match.enterprise_id < 0:
            before = known[match.enterprise_id]
            names = tuple(dict.fromkeys((*before.normal_names, *_names(wanted))))
            self._remember(replace(before, normal_names=names, credit_code=before.credit_code or wanted.credit_code))
            return replace(match, status="new", reason="与本文件前面一行是同一家新企业")
        return match

    def _remember(self, known: Known) -> None:
        for key in _keys(known):
            self._own.setdefault(key, {})[known.id] = known


def _knows_anyone(connection: Connection) -> bool:
    return connection.execute(text("SELECT 1 FROM enterprise LIMIT 1")).scalar() is not None


def _codes(division: str) -> Line:
    province, city, county = (level.code if level else None for level in places.lineage(division))
    return province, city, county


def _names(wanted: Wanted) -> tuple[str, ...]:
    return tuple(normal_name(n) for n in (wanted.name, wanted.former_name) if n)


def _keys(known: Known) -> set[tuple[str, str]]:
    """Under what an enterprise is found: its code, its names, their cores and stems. An issuer tells names that are a
    sign apart from each other in its own list, so the draft's own enterprises are not looked for by halves."""
    keys = {("name", n) for n in known.normal_names} | {("core", core_name(n)) for n in known.normal_names}
    at = enterprises.place_key(known.line)
    keys |= {("stem", at + enterprises.stem_name(n, known.line)) for n in known.normal_names}
    return keys | {("code", code) for code in known.codes}


def _relevant(wanted: Wanted, alike: _Alike) -> dict[int, Known]:
    keys = [("code", wanted.credit_code or ""), ("core", core_name(wanted.name)), ("neighbour", wanted.name)]
    keys += [("name", n) for n in _names(wanted)]
    keys += [("stem", at + _stem(wanted)) for at in _places_to_ask(wanted.line)]
    return {identity: known for key in keys for identity, known in alike.get(key, {}).items()}


def _stem(wanted: Wanted) -> str:
    return enterprises.stem_name(wanted.name, wanted.line)


@lru_cache(maxsize=8192)
def _places_to_ask(line: Line) -> list[str]:
    """The places under which an enterprise may be kept that agrees with this one: a province agrees with its cities."""
    province, city, county = line
    if city or county or not province:
        return sorted({enterprises.place_key(line), province or ""} - {""})
    return sorted({province, *(enterprises.place_key((province, c.code, None)) for c in places.children(province))})


def _add_alike(connection: Connection, wanted: Sequence[Wanted], found: _Alike) -> None:
    """Every enterprise of the register that shares a code, a name, a core or a stem with one of `wanted`."""
    names = {n for w in wanted for n in _names(w)}
    stems = {at + _stem(w) for w in wanted for at in _places_to_ask(w.line)}
    ids = _ids(connection, "enterprise_id", "enterprise_name WHERE normal_name", names)
    ids |= _ids(connection, "enterprise_id", "enterprise_name WHERE core_name", {core_name(w.name) for w in wanted})
    ids |= _ids(connection, "enterprise_id", "enterprise_name WHERE stem_key", stems)
    codes = {w.credit_code for w in wanted if w.credit_code}
    ids |= _ids(connection, "id", "enterprise WHERE credit_code", codes)
    ids |= _ids(connection, "into_id", "merged_enterprise WHERE credit_code", codes)
    for known in known_enterprises(connection, ids):
        for key in _keys(known):
            found.setdefault(key, {})[known.id] = known


def _add_neighbours(connection: Connection, wanted: Sequence[Wanted], found: _Alike) -> None:
    """The enterprises whose name is only like that of one of `wanted`, which the register does not know."""
    neighbours = _neighbours(connection, wanted)
    for known in known_enterprises(connection, neighbours):
        for name in neighbours[known.id]:
            found.setdefault(("neighbour", name), {})[known.id] = known


def _neighbours(connection: Connection, wanted: Sequence[Wanted]) -> dict[int, set[str]]:
    """Enterprises whose name is a sign or two away from a row's, is its short name or its long one; with the rows' names.

    Looked for where the row is, by one half of the stem: see `enterprises.Keys`.
    """
    asking: dict[str, dict[str, set[tuple[str, str]]]] = {"head_key": {}, "tail_key": {}, "short_key": {}}
    near: dict[int, set[str]] = {}
    for w in wanted:
        stem = _stem(w)
        for at in _places_to_ask(w.line):
            heads, tails = enterprises.neighbour_keys(stem, at)
            for column, keys in (("head_key", heads), ("tail_key", tails), ("short_key", {at + stem[:1]})):
                for key in keys:
                    asking[column].setdefault(key, set()).add((w.name, stem))
            if enterprises.is_short(w.name):
                for identity in _long_names(connection, normal_name(w.name), at + stem[:1]):
                    near.setdefault(identity, set()).add(w.name)
    for column, asked in asking.items():
        for key, identity, stem_key, name in _under(connection, column, asked):
            for own, stem in asked[key]:
                if _is_near(column, own, stem, stem_key[_PLACE:], name):
                    near.setdefault(identity, set()).add(own)
    return near


def _is_near(column: str, own: str, stem: str, other_stem: str, other: str) -> bool:
    if column == "short_key":
        return enterprises.abbreviates(other, normal_name(own))
    return enterprises.signs_apart(stem, other_stem) is not None


def _under(connection: Connection, column: str, keys: Iterable[str]) -> Iterator[tuple[str, int, str, str]]:
    """Key, enterprise, stem and name of what stands under these keys, but for keys under which too much stands."""
    counted = text(f"SELECT {column} FROM enterprise_name WHERE {column} IN :keys GROUP BY {column}"
                   " HAVING count(*) <= :most").bindparams(bindparam("keys", expanding=True))  # fmt: skip
    telling = text(f"SELECT {column}, enterprise_id, stem_key, normal_name FROM enterprise_name WHERE {column} IN :keys"
                   ).bindparams(bindparam("keys", expanding=True))  # fmt: skip
    for batch in register.batches(sorted(keys), _KEYS_AT_ONCE):
        known = [key for (key,) in connection.execute(counted, {"keys": list(batch), "most": _COMMON})]
        if known:
            for key, identity, stem, name in connection.execute(telling, {"keys": known}):
                yield str(key), int(identity), str(stem), str(name)


def _long_names(connection: Connection, short: str, beginning: str) -> list[int]:
    """The enterprises whose stem begins so and whose name a short name may stand for."""
    query = text("SELECT enterprise_id, normal_name FROM enterprise_name WHERE stem_key >= :from AND stem_key < :to"
                 " LIMIT :most")  # fmt: skip
    after = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    found = connection.execute(query, {"from": beginning, "to": after, "most": _COMMON + 1}).all()
    return [int(i) for i, name in found if enterprises.abbreviates(short, name)] if len(found) <= _COMMON else []


def _ids(connection: Connection, column: str, where: str, values: set[str] | set[int]) -> set[int]:
    query = text(f"SELECT {column} FROM {where} IN :values").bindparams(bindparam("values", expanding=True))
    return {
        int(i)
        for batch in register.batches(sorted(values), _KEYS_AT_ONCE)
        for (i,) in connection.execute(query, {"values": list(batch)})
    }


def meant_by(connection: Connection, said: str) -> list[Known]:
    """The enterprises that a person means by an id (of one merged by now, too), a credit code or a whole name."""
    said = said.strip()
    if said.isascii() and said.isdigit() and len(said) <= _LONGEST_ID:
        ids = _ids(connection, "id", "enterprise WHERE id", {int(said)})
        ids = ids or _ids(connection, "into_id", "merged_enterprise WHERE id", {int(said)})
    elif enterprises.is_credit_code(said.upper()):
        ids = _ids(connection, "id", "enterprise WHERE credit_code", {said.upper()})
        ids = ids or _ids(connection, "into_id", "merged_enterprise WHERE credit_code", {said.upper()})
    else:
        ids = _ids(connection, "enterprise_id", "enterprise_name WHERE normal_name", {normal_name(said)})
    return known_enterprises(connection, sorted(ids)[:_COMMON])


def is_merged_away(connection: Connection, number: str) -> bool:
    """Whether an enterprise of this number was, and is another one by now."""
    if len(number) > _LONGEST_ID:
        return False
    query = text("SELECT 1 FROM merged_enterprise WHERE id = :id")
    return connection.execute(query, {"id": int(number)}).scalar() is not None


def known_enterprises(connection: Connection, ids: Iterable[int]) -> list[Known]:
    """The enterprises of these ids as matching sees them, ascending."""
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    names = text("SELECT enterprise_id, normal_name FROM enterprise_name WHERE enterprise_id IN :ids"
                 " ORDER BY enterprise_id, ordinal").bindparams(among)  # fmt: skip
    facts = text("SELECT id, name, credit_code, province, city, county FROM enterprise WHERE id IN :ids"
                 " ORDER BY id").bindparams(among)  # fmt: skip
    merged = text("SELECT into_id, credit_code FROM merged_enterprise WHERE into_id IN :ids AND credit_code IS NOT NULL"
                  " ORDER BY id").bindparams(among)  # fmt: skip
    found: list[Known] = []
    for batch in register.batches(sorted(ids), 500):
        borne: dict[int, list[str]] = {}
        also: dict[int, list[str]] = {}
        for enterprise_id, code in connection.execute(merged, {"ids": list(batch)}):
            also.setdefault(enterprise_id, []).append(code)
        for enterprise_id, name in connection.execute(names, {"ids": list(batch)}):
            borne.setdefault(enterprise_id, []).append(name)
        for enterprise_id, name, code, province, city, county in connection.execute(facts, {"ids": list(batch)}):
            names_borne, codes = tuple(borne[enterprise_id]), tuple(also.get(enterprise_id, ()))
            found.append(Known(enterprise_id, name, names_borne, code, province, city, county, codes))
    return found
