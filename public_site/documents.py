"""The register as a search index takes it in: one document an enterprise, read off its line.

What this module knows that no other does: which facts of an enterprise an index may find and count it by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import records, register, standings
from public_site.database import Database
from public_site.faults import NotReady
from public_site.search import Engine
from public_site.search.values import Document

_BATCH = 500


def bring_along(database: Database, index: Engine) -> str:
    """Let the index catch up with what was just published; the reason, where it could not (a running server will)."""
    try:
        index.catch_up(RegisterSource(database))
    except (NotReady, OSError) as fault:  # what is published is published: this is not its failure
        return str(fault)
    return ""


class RegisterSource:
    """The register's enterprises as a search index takes them in (`search.Source`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest_number(self) -> int:
        with self._database.reading() as connection:
            return register.latest_number(connection)

    def document_count(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(text("SELECT count(*) FROM enterprise")).scalar_one())

    def changed_since(self, number: int) -> Iterable[int]:
        with self._database.reading() as connection:
            return standings.changed_since(connection, number)

    def documents(self, ids: Sequence[int] | None) -> Iterator[Document]:
        with self._database.reading() as connection:
            for batch in _id_batches(connection, ids):
                touched = _touched(connection, batch)
                for line in records.lines(connection, batch):
                    yield _document(line, touched[line.id])


def _touched(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    query = text("SELECT id, touched FROM enterprise WHERE id IN :ids").bindparams(among)
    return {int(i): int(number) for i, number in connection.execute(query, {"ids": list(ids)})}


def _id_batches(connection: Connection, ids: Sequence[int] | None) -> Iterator[Sequence[int]]:
    if ids is not None:
        yield from register.batches(ids, _BATCH)
        return
    query = text("SELECT id FROM enterprise WHERE id > :last ORDER BY id LIMIT :limit")
    last = 0
    while batch := [int(i) for (i,) in connection.execute(query, {"last": last, "limit": _BATCH})]:
        yield batch
        last = batch[-1]


def _document(line: records.EnterpriseLine, touched: int) -> Document:
    held = [u for u in line.units if u.stage == "decided" and u.listed and u.grade]
    return Document(
        id=line.id,
        name=line.name,
        former_names=line.former_names,
        credit_code=line.credit_code,
        province=line.province.code if line.province else None,
        city=line.city.code if line.city else None,
        county=line.county.code if line.county else None,
        industries=_distinct(u.industry for u in line.units),
        grades=_distinct(u.grade for u in held),
        overall="incomparable" if line.overall_reason == "not_comparable" else line.overall_grade,
        schemes=_distinct(u.scheme for u in line.units),
        excellence=line.excellence,
        downgraded_on=date.fromisoformat(line.downgraded_on) if line.downgraded_on else None,
        unlisted=any(not u.listed for u in line.units),
        stages=_distinct(s for u in line.units for s in (u.stage, "proposed" if u.proposal else None)),
        lat=line.lat,
        lon=line.lon,
        since=date.fromisoformat(line.since) if line.since else None,
        entry=touched,
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))
