"""Grade checks: what the register says of each enterprise on a caller's list, as of a day and as known at an entry.

What this module knows that no other does: when a row of the list *is* an enterprise (an exact code, or an exact name after
normalisation in an agreeing place), when it is only a question (candidates are offered, never chosen), and what a bank is
told of a match. Identity is judged by all that was known, grades by the day that is asked about.

    match             one enterprise is meant beyond doubt; `reason` says by what
    ambiguous         several may be meant, or code and name contradict each other; `candidates`
    no_public_record  nothing was published of it by then (never to be read as grade D); `candidates` that are only alike
    invalid           the row cannot be what it says it is (a code with a wrong digit, one that a spreadsheet damaged …)

Reasons are signed, so they are Chinese in whatever language somebody asks; pages tell them again (`languages.recognised`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, text

from public_site import folding, places, plain_accounts, register, testimony, trails
from public_site.database import chosen
from public_site.enterprises import MOST_CANDIDATES, core_name, normal_name
from public_site.faults import NotFound
from public_site.folding import Facts
from public_site.languages import N_, _
from public_site.notices import codes
from public_site.questions import Question

STATUSES = ("match", "ambiguous", "no_public_record", "invalid")
_STEP = 250
# By (whether the name agrees too, whether the code was another's that was merged into this one).
_BY_CODE = {
    (False, False): N_("信用代码一致"),
    (True, False): N_("信用代码与名称一致"),
    (False, True): N_("信用代码一致（该代码属于已并入这家企业的主体）"),
    (True, True): N_("信用代码与名称一致（该代码属于已并入这家企业的主体）"),
}
# By (whether it bears the name now, whether a place was asked for, whether a code was).
_BY_NAME = {
    (True, True, False): N_("名称与所在地一致"),
    (True, False, False): N_("名称一致，登记中仅此一家"),
    (False, True, False): N_("曾用名与所在地一致"),
    (False, False, False): N_("曾用名一致，登记中仅此一家"),
    (True, True, True): N_("名称与所在地一致；登记中没有它的代码，请自行核对"),
    (True, False, True): N_("名称一致，登记中仅此一家；登记中没有它的代码，请自行核对"),
    (False, True, True): N_("曾用名与所在地一致；登记中没有它的代码，请自行核对"),
    (False, False, True): N_("曾用名一致，登记中仅此一家；登记中没有它的代码，请自行核对"),
}
_Line = tuple[str | None, str | None, str | None]


class NoRecord(NotFound):
    """Nothing was on record of an enterprise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one row. `account`: canonical JSON of what is told of the enterprise, when it is a match."""

    ref: str
    asked: dict[str, str | None]
    status: str
    reason: str
    candidates: tuple[dict[str, Any], ...] = ()
    account: bytes | None = None
    same_as: str | None = None

    @property
    def enterprise(self) -> dict[str, Any] | None:
        """What is told of the enterprise, read anew."""
        return None if self.account is None else orjson.loads(self.account)

    def told(self) -> bytes:
        """All of it as canonical JSON."""
        account = None if self.account is None else orjson.Fragment(self.account)
        said = {"ref": self.ref, "asked": self.asked, "status": self.status, "reason": self.reason,
                "candidates": self.candidates, "enterprise": account, "same_as": self.same_as}  # fmt: skip
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Findings:
    """The answers in the order of the list; `used`: the entries they rest on, canonical bytes by number; `notices` by id."""

    as_of: str
    known: int
    answers: tuple[Answer, ...]
    notices: dict[str, dict[str, Any]]
    used: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class _Known:
    """An enterprise that rows may mean: what they are compared with, and what would be told of it, ready to be sent.

    Not the story it was folded from: ten thousand of those do not fit.
    """

    id: int
    facts: Facts
    names: tuple[str, ...]
    account: bytes
    on_record: bool
    rests_on: tuple[int, ...]
    notices: tuple[int, ...]

    @property
    def candidate(self) -> dict[str, Any]:
        return testimony.candidate(self.id, self.facts)


@dataclass(slots=True)
class _Pool:
    """The enterprises that rows may mean, as known, and by what they may be meant."""

    by_id: dict[int, _Known] = field(default_factory=dict)
    leads_to: dict[int, int] = field(default_factory=dict)
    codes: dict[str, set[int]] = field(default_factory=dict)
    merged_codes: dict[str, set[int]] = field(default_factory=dict)
    former_codes: dict[str, set[int]] = field(default_factory=dict)
    names: dict[str, set[int]] = field(default_factory=dict)
    cores: dict[str, set[int]] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wanted:
    question: Question
    code: str | None = None
    regions: tuple[_Line, ...] = ()
    fault: str = ""

    @property
    def name(self) -> str:
        return normal_name(self.question.name) if self.question.name else ""


Tell = Callable[[str, int, int], None]


def silent(_part: str, _done: int, _whole: int) -> None:
    """Nobody listens."""


def check(
    connection: Connection, questions: Sequence[Question], *, as_of: str, known: int,
    progress: Tell = silent,
) -> Findings:  # fmt: skip
    """Answer every row, as of the day `as_of` and as far as entry `known` had told; `progress` is told (part, done, all)."""
    wanted = [_wanted(question) for question in questions]
    pool = _pool(connection, wanted, as_of, known, progress)
    answers: list[Answer] = []
    first: dict[int, str] = {}
    matched: set[int] = set()
    for one in wanted:
        ref, asked = one.question.ref, one.question.said()
        status, reason, ids = _judged(one, pool)
        if status == "match" and not pool.by_id[ids[0]].on_record:
            reason = N_("{day} 及以前未见公开记录。这不等于 D 级。").format(day=as_of)
            status, ids = "no_public_record", ()
        if status != "match":
            offered = tuple(pool.by_id[i].candidate for i in ids[:MOST_CANDIDATES])
            answers.append(Answer(ref, asked, status, reason, offered))
            continue
        matched.add(ids[0])
        same_as = first.setdefault(ids[0], ref)
        answers.append(
            Answer(ref, asked, status, reason, (), pool.by_id[ids[0]].account, None if same_as == ref else same_as)
        )
    return _findings(connection, answers, pool, matched, as_of, known)


def about(connection: Connection, enterprise_id: int, *, as_of: str, known: int) -> Findings:
    """The same for one enterprise of this register: by its id, so that nothing needs to be matched.

    Raises: NoRecord.
    """
    pool = _Pool()
    _fill(pool, connection, {enterprise_id}, as_of, known, silent, by_name=False)
    found = pool.by_id.get(enterprise_id)
    if found is None:
        raise NoRecord(_("没有这家企业的公开记录。没有公开记录不等于 D 级。"))
    if not found.on_record:
        raise NoRecord(_("{day} 及以前未见这家企业的公开记录。这不等于 D 级。", day=as_of))
    asked = {"code": found.facts.credit_code, "name": found.facts.name, "region": None}
    reason = N_("本站企业编号 {number}").format(number=enterprise_id)
    answer = Answer("1", asked, "match", reason, (), found.account)
    return _findings(connection, [answer], pool, {enterprise_id}, as_of, known)


def _findings(
    connection: Connection, answers: list[Answer], pool: _Pool, matched: set[int], as_of: str, known: int
) -> Findings:  # fmt: skip
    notices = {notice for i in matched for notice in pool.by_id[i].notices}
    cited = testimony.notices(connection, notices, known, pool.bodies)
    rests_on = notices.union(*(pool.by_id[i].rests_on for i in matched))
    if missing := rests_on - pool.bodies.keys():  # amendments of whole notices
        query = "SELECT number, body FROM entry WHERE number IN {values}"
        pool.bodies |= {number: body.encode() for number, body in chosen(connection, query, sorted(missing))}
    used = {number: pool.bodies[number] for number in rests_on}
    return Findings(as_of, known, tuple(answers), cited, used)


def _wanted(question: Question) -> _Wanted:
    try:
        code = codes.credit_code(question.code) if question.code is not None else None
    except codes.BadCode as bad:
        return _Wanted(question, fault=str(bad))
    if code is None and not (question.name and normal_name(question.name)):
        return _Wanted(question, fault=N_("这一行没有代码，也没有名称。"))
    regions: tuple[_Line, ...] = ()
    if question.region:
        found = places.find(question.region)
        if not found:
            fault = N_("所在地无法识别。请写省、市、区县的名称，例如“重庆市涪陵区”，或留空。")
            return _Wanted(question, code, fault=fault)
        regions = tuple(tuple(d.code if d else None for d in (p.province, p.city, p.county)) for p in found)  # type: ignore[misc]
    return _Wanted(question, code, regions)


def _judged(one: _Wanted, pool: _Pool) -> tuple[str, str, tuple[int, ...]]:
    """The status of a row, why, and whom it may mean."""
    named = sorted(pool.names.get(one.name, ())) if one.name else []
    if one.fault:
        return "invalid", one.fault, tuple(named)
    if one.code:
        by_code = sorted(pool.codes.get(one.code, ()))
        if not by_code and (merged := sorted(pool.merged_codes.get(one.code, ()))):
            by_code = merged
        if len(by_code) == 1:
            return _judged_by_code(one, pool, by_code[0])
        if by_code:
            return "ambiguous", N_("登记中有多家企业使用同一代码，请核对。"), tuple(by_code)
        if former := sorted(pool.former_codes.get(one.code, ())):
            return "ambiguous", N_("这个代码曾登记在下列企业名下，后来更正为另一代码，请核对。"), tuple(former)
        if not one.name:
            reason = N_("登记中没有这个代码。多数公告不写代码，请补充企业名称再查；这不等于 D 级。")
            return "no_public_record", reason, ()
    return _judged_by_name(one, pool, named)


def _judged_by_code(one: _Wanted, pool: _Pool, found: int) -> tuple[str, str, tuple[int, ...]]:
    enterprise = pool.by_id[found]
    if one.name and one.name not in map(normal_name, enterprise.names):
        return "ambiguous", N_("代码与登记一致，名称却不同。是否已更名，或代码抄错？请核对。"), (found,)
    merged = found in pool.merged_codes.get(one.code or "", ())
    return "match", _BY_CODE[bool(one.name), merged], (found,)


def _judged_by_name(one: _Wanted, pool: _Pool, named: list[int]) -> tuple[str, str, tuple[int, ...]]:
    other_code = [i for i in named if one.code and pool.by_id[i].facts.credit_code]
    here = [i for i in named if _agrees(one.regions, pool.by_id[i]) and i not in other_code]
    if len(here) == 1 and len(named) - len(here) == 0:
        present = normal_name(pool.by_id[here[0]].facts.name) == one.name
        return "match", _BY_NAME[present, bool(one.regions), bool(one.code)], (here[0],)
    if len(here) == 1 and one.regions and not other_code:
        return "match", _BY_NAME[True, True, False], (here[0],)
    if other_code and not here:
        return "ambiguous", N_("名称与登记一致，代码却不同，请核对。"), tuple(named)
    if len(here) > 1:
        return "ambiguous", N_("登记中有多家企业使用这个名称，请补充所在地或代码。"), tuple(named)
    if named:
        return "ambiguous", N_("同名企业登记在别处或未写明所在地，请核对。"), tuple(named)
    alike = sorted(pool.cores.get(core_name(one.name), ()))
    if alike:
        return "ambiguous", N_("没有完全相同的名称；下列名称只差公司形式或括号，请核对。"), tuple(alike)
    return "no_public_record", N_("登记中没有这个名称。这不等于 D 级：多数地方只公布较好的等级。"), ()


def _agrees(regions: tuple[_Line, ...], enterprise: _Known) -> bool:
    """Equal as far as both say; where the row names a place, the register must name one too."""
    if not regions:
        return True
    line = (enterprise.facts.province, enterprise.facts.city, enterprise.facts.county)
    for region in regions:
        pairs = [(a, b) for a, b in zip(region, line, strict=True) if a and b]
        if pairs and all(a == b for a, b in pairs):
            return True
    return False


# --- finding them -----------------------------------------------------------------------------------------------------


def _pool(connection: Connection, wanted: Sequence[_Wanted], as_of: str, known: int, progress: Tell) -> _Pool:
    asked_codes = {w.code for w in wanted if w.code}
    asked_names = {w.name for w in wanted if w.name}
    by_code = _by(connection, "SELECT credit_code, id FROM enterprise WHERE credit_code IN {values}", asked_codes)
    ids = {i for _, i in by_code}
    ids |= {i for _, i in _by(connection, "SELECT credit_code, into_id FROM merged_enterprise WHERE credit_code IN {values}",
                              asked_codes)}  # fmt: skip
    names = "SELECT normal_name, enterprise_id FROM enterprise_name WHERE normal_name IN {values}"
    cores = "SELECT core_name, enterprise_id FROM enterprise_name WHERE core_name IN {values}"
    ids |= {i for _, i in _by(connection, names, asked_names)}
    ids |= {i for _, i in _by(connection, cores, {core_name(name) for name in asked_names})}
    former = _with_other_codes(connection, known) if asked_codes else {}
    ids |= {i for i, borne in former.items() if borne & asked_codes}
    ids |= {i for _, i in _by(connection, "SELECT into_id, id FROM merged_enterprise WHERE into_id IN {values}", ids)}
    pool = _Pool()
    _fill(pool, connection, ids, as_of, known, progress, by_name=bool(asked_names))
    for enterprise_id, borne in former.items():
        now = pool.leads_to.get(enterprise_id, enterprise_id)
        for code in borne if now in pool.by_id else ():
            pool.former_codes.setdefault(code, set()).add(now)
    return pool


def _by(connection: Connection, query: str, asked: Iterable[Any]) -> list[tuple[Any, int]]:
    return [(key, int(i)) for key, i in chosen(connection, query, sorted(asked))]


def _fill(
    pool: _Pool, connection: Connection, ids: Iterable[int], as_of: str, known: int, progress: Tell, *, by_name: bool
) -> None:  # fmt: skip
    """Tell of these enterprises and of all that is tied to them, and keep of each what answers need."""
    families = trails.families(connection, ids, known)
    amended = trails.amended_notices(connection, known)
    for at, (family, bodies) in enumerate(trails.bodies_of(connection, families, known), 1):
        if at % _STEP == 0 or at == len(families):
            progress(N_("核对历史"), at, len(families))
        said = [orjson.loads(body) for body in bodies]
        for entry, body in zip(said, bodies, strict=True):
            pool.bodies[entry["number"]] = body
        touched = amended and any(entry["notice"] in amended for entry in said)
        if len(family) == 1 and not touched and plain_accounts.is_plain(said):
            _enter(pool, _known_plainly(said, as_of), by_name=by_name)
        else:
            trail = trails.whole_trail((register.Entry(**entry) for entry in said), amended)
            for one in _known_by_folding(pool, trail, as_of):
                _enter(pool, one, by_name=by_name)


def _known_plainly(said: list[dict[str, Any]], as_of: str) -> _Known:
    told = plain_accounts.account(said, as_of)
    history = told["history"]
    return _Known(
        told["id"], plain_accounts.facts(said[0]), plain_accounts.names(said[0]), _canonical(told), bool(history),
        (told["id"], *[one["entry"] for one in history]), tuple([one["notice_id"] for one in history]),
    )  # fmt: skip


def _known_by_folding(pool: _Pool, trail: Sequence[register.Entry], as_of: str) -> Iterator[_Known]:
    """The members of a family; those that are another one by now go into the pool as that one's."""
    family = folding.family(trail)
    pool.leads_to |= family.leads_to
    for enterprise_id, facts in family.merged.items():
        into = family.leads_to[enterprise_id]
        if facts.credit_code and into in family.members:
            pool.merged_codes.setdefault(facts.credit_code, set()).add(into)
    for enterprise in family.members.values():
        rests_on: set[int] = set()
        notices: set[int] = set()
        account = testimony.account(enterprise, trail, as_of, rests_on, notices)
        yield _Known(enterprise.id, enterprise.facts, enterprise.names, _canonical(account), bool(account["history"]),
                     tuple(rests_on), tuple(notices))  # fmt: skip


def _canonical(account: dict[str, Any]) -> bytes:
    return orjson.dumps(account, option=orjson.OPT_SORT_KEYS)


def _enter(pool: _Pool, enterprise: _Known, *, by_name: bool) -> None:
    pool.by_id[enterprise.id] = enterprise
    if enterprise.facts.credit_code:
        pool.codes.setdefault(enterprise.facts.credit_code, set()).add(enterprise.id)
    for name in enterprise.names if by_name else ():
        pool.names.setdefault(normal_name(name), set()).add(enterprise.id)
        pool.cores.setdefault(core_name(name), set()).add(enterprise.id)


def _with_other_codes(connection: Connection, known: int) -> dict[int, set[str]]:
    """The enterprises whose code was ever changed, each with every code it was given: few, and looked for by kind."""
    changed = (
        "SELECT DISTINCT enterprise_id FROM entry WHERE number IN (SELECT number FROM entry WHERE kind = 'enterprise_changed'"
        " AND number <= :known) AND body LIKE '%\"credit_code\"%'"
    )
    ids = [int(i) for (i,) in connection.execute(text(changed), {"known": known})]
    query = ("SELECT enterprise_id, body FROM entry WHERE enterprise_id IN {values} AND number <= :known"
             " AND kind IN ('enterprise_registered', 'enterprise_changed')")  # fmt: skip
    found: dict[int, set[str]] = {}
    for enterprise_id, body in chosen(connection, query, ids, known=known):
        if code := register.read(body).data.get("credit_code"):
            found.setdefault(int(enterprise_id), set()).add(code)
    return found
