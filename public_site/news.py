"""What is new, newest first: entries of the register as feeds tell them.

What this module knows that no other does: a feed is the register itself, read backwards and narrowed; its pages begin
before an entry number, so that no page ever changes its place and none is lost. Few enterprises are followed by their
own entries; for very many the newest entries are looked through for theirs, a bounded number at a time: a page may then
be short, and the next one goes on from there. What happens to a whole notice happens to all whom it decided about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import histories, records, register, trails

PAGE = 50
FEW = 1_000  # enterprises whose entries are asked for by name
LAST = 2**63 - 1
_BATCH = 1_000
_MOST_BATCHES = 12
_OF_NOTICES = (
    "kind = 'notice_published'",
    "kind = 'notice_corrected'",
    "kind = 'notice_withdrawn'",
    "kind = 'undone' AND enterprise_id IS NULL",
)
_OF_A_WHOLE_NOTICE = "e.enterprise_id IS NULL AND e.kind IN ('notice_corrected', 'notice_withdrawn', 'undone')"
Matching = Callable[[Sequence[int]], Collection[int]]


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as it counts today, and the enterprise it is about, as that is called now (None: a notice)."""

    event: histories.Event
    enterprise: records.EnterpriseLine | None


@dataclass(frozen=True, slots=True)
class Page:
    """Items, newest first; `next`: the entry number before which the next page begins, None after the last one."""

    items: tuple[Item, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class _Pointer:
    """An entry, and whom it is about by now (a merge or a split: both), or the whole notice that it amends."""

    number: int
    enterprises: tuple[int, ...]
    notice: int | None = None


def of_notices(connection: Connection, *, before: int = LAST) -> Page:
    """Notices published, corrected, withdrawn and restored."""
    parts = (
        f"SELECT number FROM (SELECT number FROM entry WHERE {kind} AND number < :before"
        f" ORDER BY number DESC LIMIT :limit) AS kind_{at}"
        for at, kind in enumerate(_OF_NOTICES)
    )
    return _page(connection, f"{' UNION ALL '.join(parts)} ORDER BY number DESC LIMIT :limit", before)


def of_downgrades(connection: Connection, *, before: int = LAST) -> Page:
    """Decided downgrades in the order of their publication; one that was withdrawn since stays, and says so."""
    query = (
        "SELECT entry FROM decision WHERE kind = 'downgraded' AND stage = 'decided' AND entry < :before"
        " ORDER BY entry DESC LIMIT :limit"
    )
    return _page(connection, query, before)


def of_excellence(connection: Connection, *, before: int = LAST) -> Page:
    """The decisions by which today's A+ enterprises hold it. Who loses it stands among the downgrades."""
    query = (
        "SELECT d.entry FROM enterprise e JOIN decision d ON d.enterprise_id = e.id WHERE e.excellence = 1"
        " AND d.grade = 'A+' AND d.stage = 'decided' AND d.entry < :before ORDER BY d.entry DESC LIMIT :limit"
    )
    return _page(connection, query, before)


def of_enterprise(view: records.EnterpriseView, *, before: int = LAST) -> Page:
    """All that was published about one enterprise."""
    events = [e for e in view.history if e.entry < before and e.kind != "enterprise_registered"]
    events.sort(key=lambda event: -event.entry)
    shown = events[:PAGE]
    return Page(tuple(Item(e, view.line) for e in shown), shown[-1].entry if len(events) > PAGE else None)


def of_few(connection: Connection, ids: Sequence[int], *, before: int = LAST) -> Page:
    """What happened to these enterprises (at most `FEW`)."""
    wanted = frozenset(ids)
    families = trails.families(connection, wanted, register.latest_number(connection))
    kin = sorted({member for family in families for member in family})
    found = _pointers(connection, before, PAGE + 1, kin) if kin else []
    kept = [pointer for pointer in found[:PAGE] if pointer.notice or wanted & set(pointer.enterprises)]
    return Page(_items(connection, kept, wanted), found[PAGE - 1].number if len(found) > PAGE else None)


def of_many(connection: Connection, matching: Matching | None, *, before: int = LAST) -> Page:
    """What happened to the enterprises that `matching` picks out of those it is asked about (None: to all)."""
    kept: list[_Pointer] = []
    chosen: set[int] = set()
    for batch in _batches(connection, before):
        asked = sorted({i for pointer in batch for i in pointer.enterprises})
        chosen |= set(asked if matching is None else matching(asked))
        for pointer in batch:
            before = pointer.number
            if chosen & set(pointer.enterprises) or _is_of_some(connection, pointer.notice, matching):
                kept.append(pointer)
                if len(kept) == PAGE:
                    return Page(_items(connection, kept, chosen), before)
        if len(batch) < _BATCH:
            return Page(_items(connection, kept, chosen), None)
    return Page(_items(connection, kept, chosen), before)


def _batches(connection: Connection, before: int) -> Iterator[list[_Pointer]]:
    for _ in range(_MOST_BATCHES):
        batch = _pointers(connection, before, _BATCH)
        yield batch
        if not batch:
            return
        before = batch[-1].number


def _is_of_some(connection: Connection, notice: int | None, matching: Matching | None) -> bool:
    """Whether a notice decided about an enterprise that `matching` picks."""
    if notice is None or matching is None:
        return notice is not None
    query = text("SELECT DISTINCT enterprise_id FROM decision WHERE notice_id = :notice")
    whom = [int(i) for (i,) in connection.execute(query, {"notice": notice})]
    return any(matching(batch) for batch in register.batches(whom, _BATCH))


def _pointers(connection: Connection, before: int, limit: int, among: Sequence[int] | None = None) -> list[_Pointer]:
    own, of_notices = "e.enterprise_id IS NOT NULL", _OF_A_WHOLE_NOTICE
    values: dict[str, Any] = {"before": before, "limit": limit}
    if among is not None:
        own, values["among"] = "e.enterprise_id IN :among", list(among)
        theirs = "SELECT 1 FROM decision o WHERE o.notice_id = e.notice_id AND o.enterprise_id IN :among"
        of_notices += f" AND EXISTS ({theirs})"
    parts = (
        "SELECT * FROM (SELECT e.number, coalesce(d.enterprise_id, m.into_id, e.enterprise_id) AS enterprise,"
        " CASE WHEN e.enterprise_id IS NULL THEN e.notice_id END AS notice,"
        " CASE WHEN e.kind IN ('enterprise_merged', 'decisions_moved') THEN e.body END AS body FROM entry e"
        " LEFT JOIN decision d ON d.entry = e.number LEFT JOIN merged_enterprise m ON m.id = e.enterprise_id"
        f" WHERE e.number < :before AND e.kind <> 'enterprise_registered' AND {part}"
        f" ORDER BY e.number DESC LIMIT :limit) AS part_{at}"
        for at, part in enumerate((own, of_notices))
    )
    query = text(f"{' UNION ALL '.join(parts)} ORDER BY number DESC LIMIT :limit")
    if among is not None:
        query = query.bindparams(_many("among"))
    return [
        _Pointer(int(number), (), int(notice)) if notice is not None
        else _Pointer(int(number), (int(now), *([register.read(body).data["to"]] if body else [])))
        for number, now, notice, body in connection.execute(query, values)
    ]  # fmt: skip


def _page(connection: Connection, query: str, before: int) -> Page:
    numbers = [int(n) for (n,) in connection.execute(text(query), {"before": before, "limit": PAGE + 1})]
    shown = numbers[:PAGE]
    holders = text("SELECT entry, enterprise_id FROM decision WHERE entry IN :numbers").bindparams(_many("numbers"))
    whom = {int(entry): int(who) for entry, who in connection.execute(holders, {"numbers": shown})}
    pointers = [_Pointer(number, (whom[number],) if number in whom else ()) for number in shown]
    return Page(_items(connection, pointers, set(whom.values())), shown[-1] if len(numbers) > PAGE else None)


def _items(connection: Connection, pointers: Iterable[_Pointer], chosen: Collection[int]) -> tuple[Item, ...]:
    """The items of these entries; of the two ends of a merge or a split the one that was asked for is named."""
    whom = {p.number: next((i for i in p.enterprises if i in chosen), None) for p in pointers}
    lines = {line.id: line for line in records.lines(connection, sorted({i for i in whom.values() if i}))}
    query = text("SELECT body FROM entry WHERE number IN :numbers ORDER BY number DESC").bindparams(_many("numbers"))
    entries = [register.read(body) for (body,) in connection.execute(query, {"numbers": list(whom)})]
    fates = _fates(connection, list(whom))
    events = histories.of_entries(connection, entries, register.latest_number(connection))
    return tuple(
        Item(replace(event, **fates.get(event.entry, {})), lines.get(whom[event.entry] or 0)) for event in events
    )


def _fates(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What became of decisions: a rise or a fall by what was held before them today; mended; withdrawn."""
    query = text(
        "SELECT entry, kind, previous_grade, mended_by, withdrawn FROM decision WHERE entry IN :numbers"
    ).bindparams(_many("numbers"))
    return {
        row.entry: {"mended_by": row.mended_by, "withdrawn": bool(row.withdrawn)}
        | ({} if row.mended_by else {"kind": row.kind, "previous_grade": row.previous_grade})
        for row in connection.execute(query, {"numbers": list(numbers)})
    }


def _many(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)
