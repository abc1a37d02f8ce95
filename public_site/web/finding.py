"""Asking the index, and what is done when it is away.

What this module knows that no other does: how the values beside a list are ordered, and that a list of some past day, and any list while the index is missing or damaged,
is answered from the register's own tables. They find less and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from public_site import grades, search
from public_site.faults import NotReady
from public_site.languages import _
from public_site.search import tables
from public_site.search.values import LIMIT
from public_site.web import filters, words
from public_site.web.doors import Snapshot
from public_site.web.filters import Filters


class IndexNeeded(NotReady):
    """Only the index could answer this, and it is away."""


class IndexRenewed(NotReady):
    """The index moved on between two pages of one answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """The ids found, and whether they were found the plain way only."""

    found: search.Found
    limited: bool


def suggest(index: search.Engine, snapshot: Snapshot, text: str, limit: int) -> tuple[int, ...]:
    """The ids of the names that may be meant by what is typed so far; text that no query may hold means none."""
    try:
        return index.suggest(text, limit)
    except NotReady:
        snapshot.limited = True
    try:
        return tables.find(snapshot.connection, search.Query(text=text, limit=limit)).ids if text.strip() else ()
    except search.QueryNotValid:
        return ()


def find(index: search.Engine, snapshot: Snapshot, query: search.Query, as_of: date | None = None) -> Result:
    """The ids that answer `query`, now or as of a day.

    Raises: search.CursorNotValid; NotReady for what only the index can answer, while it is away.
    """
    if as_of is not None:
        return Result(tables.find(snapshot.connection, query, as_of.isoformat()), limited=bool(query.text))
    try:
        return Result(index.find(query), limited=False)
    except NotReady:
        _require_no_distance(query)
        snapshot.limited = True
        return Result(tables.find(snapshot.connection, query), limited=True)


def ids(
    index: search.Engine, snapshot: Snapshot, query: search.Query, as_of: date | None = None
) -> Iterator[Sequence[int]]:
    """All ids that answer `query`, in order and in batches; the caller stops when it has waited long enough.

    Raises: NotReady when the index was renewed meanwhile.
    """
    if as_of is not None:
        return tables.ids(snapshot.connection, query, as_of.isoformat())
    query = replace(query, limit=LIMIT, cursor=None)
    try:
        first = index.find(query)
    except NotReady:
        _require_no_distance(query)
        snapshot.limited = True
        return tables.ids(snapshot.connection, query)
    return _from(first, index, query)


def _from(found: search.Found, index: search.Engine, query: search.Query) -> Iterator[Sequence[int]]:
    yield found.ids
    version = found.as_of
    while found.next:
        found = index.find(replace(query, cursor=found.next))
        if found.as_of != version:
            raise IndexRenewed(_("名单刚刚更新，请重新下载。"))
        yield found.ids


def facets(wanted: Filters, found: search.Found, path: str = "/enterprises") -> list[filters.Facet]:
    """The values to narrow a list by, as links to `path`."""
    return [
        filters.facet(wanted, name, _in_order(name, found.facets[name]), path, partial(words.facet_value, name))
        for name in filters.FACETS
        if found.facets.get(name)
    ]


def _in_order(name: str, counts: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """Grades best first, sub-industries under their industry; everything else as counted, most first."""
    if name in ("grade", "overall"):
        best_first = [grade.label for grade in grades.grades()]
        place = {label: at for at, label in enumerate(best_first)}
        return sorted(counts, key=lambda counted: place.get(counted[0], len(place)))
    if name == "industry":
        place = {value: at for at, (value, _) in enumerate(counts)}
        return sorted(counts, key=lambda counted: (place.get(counted[0].split("/")[0], 0), place[counted[0]]))
    return counts


def _require_no_distance(query: search.Query) -> None:
    if query.near is not None:
        raise IndexNeeded(_("检索索引暂不可用，不能按距离查找；请稍后再试，或者按地区查。"))
