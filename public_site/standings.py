"""The projection of the register that pages read: who holds which grade, now and on any day.

The meaning of entries is `folding`'s; this module knows only how the fold is kept in tables. `as_of()`, `catch_up()`,
`forget()`: rebuilding is forgetting and catching up, catching up twice changes nothing, and both happen in the
transaction of the append. What entries touch is folded anew, an enterprise at a time, so the cost is that of the news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Index, bindparam, insert, text, update
from sqlmodel import Field, SQLModel

from public_site import enterprises, folding, mending, register, trails
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
    mended_by: int | None
    withdrawn: int


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


class MergedEnterpriseRecord(SQLModel, table=True):
    """An id that leads to another one: of an enterprise merged into it, or of a split that was undone."""

    __tablename__ = "merged_enterprise"
    __table_args__ = (Index("merged_enterprise_into", "into_id"), Index("merged_enterprise_of_code", "credit_code"))

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    into_id: int
    credit_code: str | None


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
    """A grade entry as it counts today, after corrections and withdrawals; `cited`: only a second place to read `cites`."""

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
    cites: int | None
    mended_by: int | None
    withdrawn: int


class NoticeIndustryRecord(SQLModel, table=True):
    """How many decisions of an industry a notice holds, and how many of them are downgrades that count today."""

    __tablename__ = "notice_industry"

    industry: str = Field(primary_key=True)
    notice_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    decisions: int
    downgrades: int


TABLES = ("notice", "notice_industry", "enterprise", "enterprise_name", "merged_enterprise", "holding", "decision")
COUNTS = "count(*), coalesce(sum(CASE WHEN kind = 'downgraded' AND withdrawn = 0 THEN 1 ELSE 0 END), 0)"
OF_ENTERPRISE = {"enterprise": "id", "enterprise_name": "enterprise_id", "merged_enterprise": "id",
                 "holding": "enterprise_id", "decision": "enterprise_id"}  # fmt: skip


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
    _tell_notices(connection, start, latest)
    for among in trails.batches_of_families(_families_since(connection, start, latest), _BATCH):
        _fold_anew(connection, among, start, latest)
    register.reach(connection, NAME, latest)
    return latest - start


def changed_since(connection: Connection, number: int) -> list[int]:
    """Ids of the enterprises that entries after `number` bear on, ascending; with those that lead to another by now."""
    families = _families_since(connection, number, register.latest_number(connection))
    return sorted(i for family in families for i in family)


def _families_since(connection: Connection, number: int, latest: int) -> list[trails.Family]:
    """What was published of an enterprise, of one tied to it by a merge or a move, or of a notice that speaks of it."""
    query = text(
        "SELECT DISTINCT enterprise_id FROM entry WHERE number > :n AND enterprise_id IS NOT NULL"
        " UNION SELECT DISTINCT enterprise_id FROM entry WHERE enterprise_id IS NOT NULL AND notice_id IN"
        " (SELECT notice_id FROM entry WHERE number > :n AND enterprise_id IS NULL AND kind <> 'notice_published')"
    )
    ids = [int(i) for (i,) in connection.execute(query, {"n": number})]
    return trails.families(connection, ids, latest)


def rows_of_family(family: folding.Family) -> Iterator[tuple[type[SQLModel], dict[str, Any]]]:
    """The table rows that a family makes."""
    for folded in family.members.values():
        yield from rows_of(folded)
    for enterprise_id, into in family.leads_to.items():
        facts = family.merged.get(enterprise_id)
        code = facts.credit_code if facts else None
        yield MergedEnterpriseRecord, {"id": enterprise_id, "into_id": into, "credit_code": code}


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


def _fold_anew(connection: Connection, among: Sequence[trails.Family], start: int, known: int) -> None:
    """Replace what was made of these families up to entry `start`; a later id has no rows yet."""
    ids = [i for family in among for i in family]
    if there := [i for i in ids if i <= start]:
        _count(connection, there, -1)
        for table, column in OF_ENTERPRISE.items():
            query = text(f"DELETE FROM {table} WHERE {column} IN :ids").bindparams(bindparam("ids", expanding=True))
            connection.execute(query, {"ids": there})
    made: dict[type[SQLModel], list[dict[str, Any]]] = {}
    for _, trail in trails.of_families(connection, among, known):
        for table_class, row in rows_of_family(folding.family(trail)):
            made.setdefault(table_class, []).append(row)
    for table_class, rows in made.items():
        register.write(connection, table_class, rows)
    _count(connection, ids, +1)
    if there:
        connection.execute(text("DELETE FROM notice_industry WHERE decisions = 0"))


def _count(connection: Connection, ids: Sequence[int], sign: int) -> None:
    """Take these enterprises' decisions out of their notices' counts, or put them in."""
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    counted = connection.execute(
        text(f"SELECT notice_id, industry, {COUNTS} FROM decision WHERE enterprise_id IN :ids"
             " GROUP BY notice_id, industry").bindparams(among), {"ids": list(ids)},
    ).all()  # fmt: skip
    of_notices: dict[int, tuple[int, int]] = {}
    of_industries: list[dict[str, Any]] = []
    for notice_id, industry, decisions, downgrades in counted:
        more, fallen = of_notices.get(notice_id, (0, 0))
        of_notices[notice_id] = more + sign * int(decisions), fallen + sign * int(downgrades)
        if industry is not None:
            of_industries.append({"industry": industry, "id": notice_id, "decisions": sign * int(decisions),
                                  "downgrades": sign * int(downgrades)})  # fmt: skip
    adding = text("UPDATE notice SET decisions = decisions + :decisions, downgrades = downgrades + :downgrades WHERE id = :id")  # fmt: skip
    for notice_id, (decisions, downgrades) in of_notices.items():
        connection.execute(adding, {"id": notice_id, "decisions": decisions, "downgrades": downgrades})
    if of_industries:
        connection.execute(
            text("INSERT INTO notice_industry (industry, notice_id, decisions, downgrades)"
                 " VALUES (:industry, :id, :decisions, :downgrades) ON CONFLICT (industry, notice_id) DO UPDATE SET"
                 " decisions = notice_industry.decisions + excluded.decisions,"
                 " downgrades = notice_industry.downgrades + excluded.downgrades"), of_industries,
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


_DECISION_COLUMNS = tuple(n for n in DecisionRecord.model_fields if n in mending.Decision.__dataclass_fields__)


def _decision_row(enterprise_id: int, decision: mending.Decision) -> dict[str, Any]:
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


def _tell_notices(connection: Connection, start: int, latest: int) -> None:
    """Make the rows of the notices published or amended after entry `start`; the folds count their decisions."""
    query = text("SELECT number FROM entry WHERE kind = 'notice_published' AND number > :n ORDER BY number")
    new = [int(n) for (n,) in connection.execute(query, {"n": start}).all()]
    amended = trails.amended_notices(connection, latest)
    if new:
        rows = [notice_row(amended.get(n) or [register.entry(connection, n)], 0, 0) for n in new]
        connection.execute(insert(NoticeRecord), rows)
    for amendments in amended.values():
        if amendments[0].number <= start < amendments[-1].number:
            row = notice_row(amendments, 0, 0)
            told = {k: v for k, v in row.items() if k not in ("id", "decisions", "downgrades")}
            connection.execute(update(NoticeRecord).where(NoticeRecord.id == row["id"]).values(told))


def notice_row(amended: Sequence[register.Entry], decisions: int, downgrades: int) -> dict[str, Any]:
    """The row of the notice that the first of these entries published and the others amend, with how many decisions and
    downgrades count under it today."""
    notice = mending.notice(amended[0], amended, mending.undone(amended))
    told = {k: notice.said[k] for k in ("title", "issuer", "division", "number", "issued_on", "scope", "scheme",
                                        "sha256")}  # fmt: skip
    own = {"id": amended[0].number, "stage": notice.stage, "published_at": amended[0].published_at}
    fate = {"mended_by": notice.mended_by, "withdrawn": int(notice.withdrawn)}
    return told | own | fate | {"decisions": decisions, "downgrades": downgrades}


def names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The present names of these enterprises."""
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    query = text("SELECT id, name FROM enterprise WHERE id IN :ids").bindparams(among)
    found: dict[int, str] = {}
    for batch in register.batches(sorted(set(ids)), _BATCH):
        found |= {int(i): str(n) for i, n in connection.execute(query, {"ids": list(batch)})}
    return found
