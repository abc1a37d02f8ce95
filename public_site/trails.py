"""What belongs together among the entries: the enterprises that a merge or a move ever tied to one another (a family), and
their entries in order (its trail).

What this module knows that no other does: that a family grows with every merge and move and never shrinks again, that the
amendments of a notice are part of the trail of whoever stands in it, and that what entries up to a number say of this
never changes, so that it is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, text

from public_site import register
from public_site.database import chosen
from public_site.register import Entry

Family = tuple[int, ...]


def families(connection: Connection, enterprise_ids: Iterable[int], known: int) -> list[Family]:
    """These enterprises, each with all that a merge or a move up to entry `known` ever tied it to; each family once."""
    kin = _kin(connection, known)
    return sorted({kin.get(i, (i,)) for i in enterprise_ids})


def tied_families(connection: Connection, known: int) -> list[Family]:
    """Every family of more than one enterprise up to entry `known`."""
    return sorted(set(_kin(connection, known).values()))


Made = TypeVar("Made")
_settled: WeakKeyDictionary[Engine, dict[Any, tuple[int, Any]]] = WeakKeyDictionary()


def _once(connection: Connection, known: int, make: Callable[[Connection, int], Made]) -> Made:
    """What `make` reads of the entries up to `known`, read once: what was committed never changes.

    Only in a snapshot (`Database.reading`): a writer's entries may yet come to nothing.
    """
    if not connection.get_execution_options().get("committed"):
        return make(connection, known)
    made = _settled.setdefault(connection.engine, {})
    held = made.get(make)
    if held is not None and held[0] == known:
        found: Made = held[1]
        return found
    found = make(connection, known)
    if known <= register.latest_number(connection):
        made[make] = (known, found)
    return found


def forget_what_was_read() -> None:
    """Read everything anew from here on: for whoever looks for entries that were changed behind the register's back."""
    _settled.clear()


def _kin(connection: Connection, known: int) -> Mapping[int, Family]:
    """Those of a family of more than one, each with it."""
    return _once(connection, known, _read_kin)


def _read_kin(connection: Connection, known: int) -> dict[int, Family]:
    # By number, and those from the index alone: where most entries are of few kinds, SQLite would else read them all.
    query = text(
        "SELECT body FROM entry WHERE number IN (SELECT number FROM entry WHERE kind IN :kinds AND number <= :known)"
        " ORDER BY number"
    ).bindparams(bindparam("kinds", expanding=True))
    kin: dict[int, Family] = {}
    for (body,) in connection.execute(query, {"kinds": sorted(register.MOVING_KINDS), "known": known}):
        move = register.read(body)
        assert move.enterprise is not None
        ends = (move.enterprise, move.data["to"])
        together = tuple(sorted({i for end in ends for i in kin.get(end, (end,))}))
        kin |= dict.fromkeys(together, together)
    return kin


def of_families(connection: Connection, among: Iterable[Family], known: int) -> Iterator[tuple[Family, list[Entry]]]:
    """The trail of each of these families up to entry `known`, oldest first."""
    amended = amended_notices(connection, known)
    for family, bodies in bodies_of(connection, among, known):
        yield family, whole_trail(map(register.read, bodies), amended)


def bodies_of(connection: Connection, among: Iterable[Family], known: int) -> Iterator[tuple[Family, list[bytes]]]:
    """The canonical bytes of the entries of each of these families' enterprises up to entry `known`, enterprise by
    enterprise, each in order."""
    query = ("SELECT enterprise_id, body FROM entry WHERE enterprise_id IN {values} AND number <= :known"
             " ORDER BY enterprise_id, number")  # fmt: skip
    for batch in batches_of_families(among, 500):
        family_of = {i: family for family in batch for i in family}
        found: dict[Family, list[bytes]] = {}
        for enterprise_id, body in chosen(connection, query, sorted(family_of), known=known):
            found.setdefault(family_of[enterprise_id], []).append(body.encode())
        yield from found.items()


def whole_trail(entries: Iterable[Entry], amended: Mapping[int | None, Sequence[Entry]]) -> list[Entry]:
    """A family's own entries with those of the `amended` notices that they come from, oldest first."""
    own = list(entries)
    notices = {e.notice for e in own if e.notice in amended} if amended else ()
    return sorted([*own, *(e for notice in notices for e in amended[notice])], key=attrgetter("number"))


def amended_notices(connection: Connection, known: int) -> Mapping[int | None, Sequence[Entry]]:
    """The notices that were corrected or withdrawn up to entry `known`: their publication and their amendments."""
    return _once(connection, known, _read_amended_notices)


def _read_amended_notices(connection: Connection, known: int) -> dict[int | None, list[Entry]]:
    amendments = (
        "FROM entry WHERE kind IN ('notice_corrected', 'notice_withdrawn', 'undone') AND enterprise_id IS NULL"
        " AND number <= :known"
    )
    query = text(
        f"SELECT body {amendments} UNION ALL SELECT body FROM entry WHERE number IN (SELECT notice_id {amendments})"
    )
    found: dict[int | None, list[Entry]] = {}
    for entry in sorted(
        (register.read(b) for (b,) in connection.execute(query, {"known": known})), key=lambda e: e.number
    ):
        found.setdefault(entry.notice, []).append(entry)
    return found


def of_enterprise(connection: Connection, enterprise_id: int, known: int) -> list[Entry]:
    """One enterprise's trail up to number `known`, oldest first; empty when there is none."""
    family = families(connection, [enterprise_id], known)
    return next((entries for _, entries in of_families(connection, family, known)), [])


def batches_of_families(among: Iterable[Family], size: int) -> Iterator[list[Family]]:
    """Families in runs of about `size` enterprises; none is cut."""
    run: list[Family] = []
    held = 0
    for family in among:
        run.append(family)
        held += len(family)
        if held >= size:
            yield run
            run, held = [], 0
    if run:
        yield run
