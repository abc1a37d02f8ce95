"""Asking the index, and what is done when it is away.

What this module knows that no other does: a list of some past day, and any list while the index is missing or damaged,
is answered from the register's own tables. It finds less (names by their beginning) and the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from public_site import search
from public_site.faults import NotReady
from public_site.search import tables
from public_site.web.doors import Snapshot


@dataclass(frozen=True, slots=True)
class Result:
    """The ids found, and whether they were found the plain way only."""

    found: search.Found
    limited: bool


def find(index: search.Engine, snapshot: Snapshot, query: search.Query, as_of: date | None = None) -> Result:
    """The ids that answer `query`, now or as of a day.

    Raises: search.CursorNotValid.
    """
    if as_of is None:
        try:
            return Result(index.find(query), limited=False)
        except NotReady:
            return Result(tables.find(snapshot.connection, query, None), limited=True)
    return Result(tables.find(snapshot.connection, query, as_of.isoformat()), limited=bool(query.text))
