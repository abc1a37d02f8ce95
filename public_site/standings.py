"""The projection of the register that pages read: who holds which grade, now and on any day.

The meaning of entries is `folding`'s; this module knows only how the fold is kept in tables. `as_of()`, `catch_up()`,
`forget()`: rebuilding is forgetting and catching up, catching up twice changes nothing, and both happen in the
transaction of the append. What entries touch is folded anew, an enterprise at a time, so the cost is that of the news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Index, bindparam, insert, text
from sqlmodel import Field, SQLModel

from public_site import enterprises, folding, register
from public_site.enterprises import Line, core_name, normal_name

NAME = "standings"
_BATCH = 500
EXCELLENCE = "A+"


class NoticeRecord(SQLModel, table=True):
    """A published notice, for lists; its full text of facts is the body of entry `id`."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_by_day", "issued_on", "id"), Index("notice_of_file", "sha256"))

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str
    issuer: str
    division: str | None
    number: str | None
    issued_on: str
    published_at: str
    stage: str
    scope: str
    scheme: str
    sha256: str
    decisions: int
    downgrades: int


class EnterpriseRecord(SQLModel, table=True):
    """An enterprise as it is now, with what lists and filters need of its units."""

    __tablename__ = "enterprise"
    __table_args__ = (
        Index("enterprise_of_code", "credit_code"),
        Index("enterprise_by_name", "normal_name", "id"),
        Index("enterprise_touched", "touched"),
        Index("enterprise_excellent", "excellence", "since", "id"),
    )

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str
    normal_name: str
    credit_code: str | None
    province: str | None
    city: str | None
    county: str | None
    zone: str | None
    lat_e6: int | None
    lon_e6: int | None
    overall_grade: str | None
    overall_reason: str
    excellence: int
    since: str | None
    downgraded_on: str | None
    touched: int


class EnterpriseNameRecord(SQLModel, table=True):
    """Every name an enterprise bears or bore; `ordinal` 0 is the present one, 1 the one before it, and so on.

    The keys are `enterprises.Keys`: under them matching finds names that are only alike.
    """

    __tablename__ = "enterprise_name"
    __table_args__ = (
        Index("enterprise_name_normal", "normal_name"),
        Index("enterprise_name_core", "core_name"),
        Index("enterprise_name_stem", "stem_key"),
        Index("enterprise_name_head", "head_key"),
        Index("enterprise_name_tail", "tail_key"),
        Index("enterprise_name_short", "short_key"),
    )

    enterprise_id: int = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    name: str
    normal_name: str
    core_name: str
    stem_key: str | None
    head_key: str | None
    tail_key: str | None
    short_key: str | None


class HoldingRecord(SQLModel, table=True):
    """What a unit holds from `from_day` until the day before `to_day` (null: until now)."""

    __tablename__ = "holding"
    __table_args__ = (
        Index("holding_of_enterprise", "enterprise_id", "to_day"),
        Index("holding_of_notice", "notice_id"),
    )

    unit_id: int = Field(primary_key=True)
    from_day: str = Field(primary_key=True)
    to_day: str | None
    enterprise_id: int
    site: str | None
    industry: str | None
    line: str | None
    grade: str | None
    scheme: str | None
    since: str | None
    entry: int | None
    notice_id: int | None
    listed: int
    managed_as: str | None
    managed_until: str | None
    downgraded_on: str | None
    proposed_grade: str | None
    proposed_scheme: str | None
    proposed_since: str | None
    proposed_entry: int | None
    proposed_notice_id: int | None


class DecisionRecord(SQLModel, table=True):
    """A grade entry as it counts today, after corrections and withdrawals."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("decision_of_notice", "notice_id", "entry"),
        Index("decision_of_enterprise", "enterprise_id"),
        Index("decision_of_kind", "kind", "stage", "withdrawn", "effective_on", "entry"),
    )

    entry: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    notice_id: int
    enterprise_id: int
    unit_id: int
    kind: str
    stage: str
    effective_on: str
    sheet: str | None
    row: int | None
    site: str | None
    industry: str | None
    line: str | None
    scheme: str
    grade: str | None
    previous_grade: str | None
    managed_as: str | None
    managed_until: str | None
    mended_by: int | None
    withdrawn: int


TABLES = ("notice", "enterprise", "enterprise_name", "holding", "decision")
_FALLEN = "coalesce(sum(CASE WHEN kind = 'downgraded' AND withdrawn = 0 THEN 1 ELSE 0 END), 0)"
_OF_ENTERPRISE = {"enterprise": "id", "enterprise_name": "enterprise_id", "holding": "enterprise_id",
                  "decision": "enterprise_id"}  # fmt: skip


def as_of(connection: Connection) -> int:
    """The entry number that the tables have reached."""
    return register.reached(connection, NAME)


def forget(connection: Connection) -> None:
    """Empty the tables; `catch_up` makes them again from the register."""
    for table in TABLES:
        connection.execute(text(f"DELETE FROM {table}"))
    register.reach(connection, NAME, 0)


def catch_up(connection: Connection) -> int:
    """Bring the tables up to the latest entry; returns how many entries were read."""
    start, latest = as_of(connection), register.latest_number(connection)
    if start == latest:
        return 0
    _add_notices(connection, start)
    for ids in register.batches(changed_since(connection, start), _BATCH):
        _fold_anew(connection, ids, latest)
    register.reach(connection, NAME, latest)
    return latest - start


def changed_since(connection: Connection, number: int) -> list[int]:
    """Ids of the enterprises that entries after `number` speak of, ascending."""
    query = text(
        "SELECT DISTINCT enterprise_id FROM entry WHERE number > :n AND enterprise_id IS NOT NULL ORDER BY enterprise_id"
    )
    return [int(i) for (i,) in connection.execute(query, {"n": number})]


def rows_of(folded: folding.Folded) -> Iterator[tuple[type[SQLModel], dict[str, Any]]]:
    """The table rows that one folded enterprise makes."""
    yield EnterpriseRecord, enterprise_row(folded, folded.now())
    line = folded.facts.province, folded.facts.city, folded.facts.county
    for ordinal, name in enumerate(reversed(folded.names)):
        yield (
            EnterpriseNameRecord,
            {"enterprise_id": folded.id, "ordinal": ordinal, "name": name} | name_columns(name, line),
        )
    for unit in folded.standings.values():
        for standing, following in zip(unit, (*unit[1:], None), strict=True):
            yield HoldingRecord, holding_row(folded.id, standing, following.from_day if following else None)
    for decision in folded.decisions:
        yield DecisionRecord, _decision_row(folded.id, decision)


def name_columns(name: str, line: Line) -> dict[str, Any]:
    """What a name is compared and looked for by; `line` is the enterprise's place."""
    keys = enterprises.keys(name, line)
    return {"normal_name": normal_name(name), "core_name": core_name(name), "stem_key": keys.stem,
            "head_key": keys.head, "tail_key": keys.tail, "short_key": keys.short}  # fmt: skip


def _fold_anew(connection: Connection, ids: Sequence[int], known: int) -> None:
    _count(connection, ids, -1)
    for table, column in _OF_ENTERPRISE.items():
        # Rows exist only for ids that were there before: for new enterprises this costs an index look-up each.
        query = text(f"DELETE FROM {table} WHERE {column} IN :ids").bindparams(bindparam("ids", expanding=True))
        connection.execute(query, {"ids": list(ids)})
    made: dict[type[SQLModel], list[dict[str, Any]]] = {}
    for enterprise_id, trail in register.trails(connection, ids, known):
        folded = folding.fold(enterprise_id, trail)
        assert folded is not None  # without a day to look from, a trail that begins with a registration always folds
        for table_class, row in rows_of(folded):
            made.setdefault(table_class, []).append(row)
    for table_class, rows in made.items():
        connection.execute(insert(table_class), rows)
    _count(connection, ids, +1)


def _count(connection: Connection, ids: Sequence[int], sign: int) -> None:
    """Take these enterprises' decisions out of their notices' counts, or put them in."""
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    counted = connection.execute(
        text(f"SELECT notice_id, count(*), {_FALLEN} FROM decision WHERE enterprise_id IN :ids GROUP BY notice_id")
        .bindparams(among), {"ids": list(ids)},
    ).all()  # fmt: skip
    for notice_id, decisions, downgrades in counted:
        connection.execute(
            text("UPDATE notice SET decisions = decisions + :decisions, downgrades = downgrades + :downgrades"
                 " WHERE id = :id"),
            {"id": notice_id, "decisions": sign * int(decisions), "downgrades": sign * int(downgrades)},
        )  # fmt: skip


def enterprise_row(folded: folding.Folded, held: Sequence[folding.Standing]) -> dict[str, Any]:
    """The row of an enterprise whose units hold `held`."""
    overall = folding.overall(held)
    days = [s.since for s in held if s.since and s.grade]
    falls = [s.downgraded_on for s in held if s.downgraded_on]
    return {
        "id": folded.id,
        **{name: getattr(folded.facts, name) for name in folding.FACTS},
        "normal_name": normal_name(folded.facts.name),
        "overall_grade": overall.grade,
        "overall_reason": overall.reason,
        "excellence": int(any(s.grade == EXCELLENCE and s.listed for s in held)),
        "since": max(days, default=None),
        "downgraded_on": max(falls, default=None),
        "touched": folded.touched,
    }


_DECISION_COLUMNS = tuple(n for n in DecisionRecord.model_fields if n in folding.Decision.__dataclass_fields__)


def _decision_row(enterprise_id: int, decision: folding.Decision) -> dict[str, Any]:
    row = {name: getattr(decision, name) for name in _DECISION_COLUMNS}
    return row | {
        "enterprise_id": enterprise_id,
        "unit_id": decision.unit,
        "notice_id": decision.notice,
        "withdrawn": int(decision.withdrawn),
    }


def holding_row(enterprise_id: int, standing: folding.Standing, to_day: str | None) -> dict[str, Any]:
    """The row of a unit's standing that ends before `to_day`."""
    proposal = standing.proposal
    return {
        "unit_id": standing.unit,
        "from_day": standing.from_day,
        "to_day": to_day,
        "enterprise_id": enterprise_id,
        "site": standing.site,
        "industry": standing.industry,
        "line": standing.line,
        "grade": standing.grade,
        "scheme": standing.scheme,
        "since": standing.since,
        "entry": standing.entry,
        "notice_id": standing.notice,
        "listed": int(standing.listed),
        "managed_as": standing.managed_as,
        "managed_until": standing.managed_until,
        "downgraded_on": standing.downgraded_on,
        "proposed_grade": proposal and proposal.grade,
        "proposed_scheme": proposal and proposal.scheme,
        "proposed_since": proposal and proposal.since,
        "proposed_entry": proposal and proposal.entry,
        "proposed_notice_id": proposal and proposal.notice,
    }


def _add_notices(connection: Connection, start: int) -> None:
    """Make the rows of the notices published after entry `start`; the folds that follow count their decisions."""
    query = text("SELECT number FROM entry WHERE kind = 'notice_published' AND number > :n ORDER BY number")
    rows = [
        notice_row(register.entry(connection, int(n)), 0, 0) for (n,) in connection.execute(query, {"n": start}).all()
    ]
    if rows:
        connection.execute(insert(NoticeRecord), rows)


def notice_row(entry: register.Entry, decisions: int, downgrades: int) -> dict[str, Any]:
    """The row of the notice that `entry` published, with how many decisions and downgrades count under it today."""
    told = {k: entry.data[k] for k in ("title", "issuer", "division", "number", "issued_on", "scope", "scheme",
                                       "sha256")}  # fmt: skip
    own = {"id": entry.number, "stage": entry.stage, "published_at": entry.published_at}
    return told | own | {"decisions": decisions, "downgrades": downgrades}


def names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The present names of these enterprises."""
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    query = text("SELECT id, name FROM enterprise WHERE id IN :ids").bindparams(among)
    found: dict[int, str] = {}
    for batch in register.batches(sorted(set(ids)), _BATCH):
        found |= {int(i): str(n) for i, n in connection.execute(query, {"ids": list(batch)})}
    return found
