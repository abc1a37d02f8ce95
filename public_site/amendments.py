"""What an amendment draft says, and the entries that it becomes: corrections, withdrawals, and who an enterprise is.

What this module knows that no other does: which facts of a decision, a notice and an enterprise may be amended and what
they must hold to; that an amendment says what was said before it; which decisions a merge or a split carries along, and
which units join. A plan is made when the draft is made, to refuse what cannot be, and again when it is approved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from public_site import grades, mending, places, register, trails
from public_site.enterprises import is_credit_code, normal_name
from public_site.faults import NotValid
from public_site.register import Entry, Kind

_LONGEST = {"reason": 1_000, "reference": 500, "name": 200, "title": 500, "url": 1_000}
_LONGEST_TEXT = 200
_OF_DECISIONS = ("grade", "industry", "line", "site", "effective_on")
_OF_NOTICES = ("title", "issuer", "number", "index_number", "issued_on", "stage", "url", "objection_window",
               "objection_until", "supervised_by")  # fmt: skip
_OF_ENTERPRISES = ("name", "credit_code", "place", "zone", "lat", "lon")
_TOGETHER = (("province", "city", "county"), ("lat_e6", "lon_e6"))  # told whole, also where only a part changes
_NEVER_BLANK = frozenset({"grade", "industry", "effective_on", "title", "issuer", "issued_on", "stage", "name"})
_NEW = 0  # stands for the enterprise that the plan's first entry makes

Content = Mapping[str, Any]
_UnitKey = tuple[str, str, str]


class CannotAmend(NotValid):
    """This cannot be amended so."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry to be: its kind, what it says, and what it is about."""

    kind: Kind
    data: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)


def plan(connection: Connection, content: Content, today: date) -> list[Planned]:
    """The entries that an amendment draft makes of the register as it is now.

    Raises: CannotAmend, register.NoSuchEntry, grades.UnknownGrade, places.NoSuchPlace.
    """
    made = _PLANS[content["action"]](connection, {**content, "today": today.isoformat()})
    reasons = {"reason": content["reason"]}
    if content.get("reference"):
        reasons["reference"] = content["reference"]
    return [Planned(p.kind, p.data | reasons, p.about) for p in made]


def append(appending: register.Appending, planned: Sequence[Planned], seal: str) -> None:
    """Append a plan; its first entry carries the draft's seal."""
    made = 0
    for at, one in enumerate(planned):
        data = one.data if at else one.data | {"draft_sha256": seal}
        if data.get("to") == _NEW:
            data = data | {"to": made}
        made = appending.add(one.kind, data, **one.about)


def said(kind: str, words: str | None) -> str | None:
    """A reason or reference as it will be public: one line, not too long. Raises: CannotAmend."""
    plain = " ".join((words or "").split())
    if len(plain) > _LONGEST[kind]:
        raise CannotAmend(f"理由和依据太长：请写在 {_LONGEST[kind]} 字以内。")
    if kind == "reason" and not plain:
        raise CannotAmend("必须写明理由，它将公开。")
    return plain or None


def summary(content: Content) -> str:
    """One line for a list of drafts."""
    what = {
        "corrected": "更正第 {entry} 条",
        "withdrawn": "撤销第 {entry} 条",
        "notice_corrected": "更正第 {notice} 号公告",
        "notice_withdrawn": "撤销第 {notice} 号公告全部内容",
        "undone": "收回第 {entry} 条",
        "enterprise_changed": "更改第 {enterprise} 号企业的登记信息",
        "site_changed": "更改第 {unit} 号评级单元的厂区",
        "enterprise_merged": "第 {enterprise} 号企业并入第 {to} 号",
        "decisions_moved": "第 {enterprise} 号企业拆分",
    }
    return f"{what[content['action']].format(**content)}：{content['reason']}"


# --- decisions ---------------------------------------------------------------------------------------------------------


def _correction(connection: Connection, content: Content) -> list[Planned]:
    target = _graded(register.entry(connection, content["entry"]), connection)
    changes = _tidied(content["changes"], _OF_DECISIONS)
    _require_true(changes, target, content["today"])
    return [_corrected(connection, target, changes)]


def _corrected(connection: Connection, target: Entry, changes: Mapping[str, Any]) -> Planned:
    now = _decision(connection, target.number)
    before = {k: now[k] for k in changes if now[k] != changes[k]}
    if not before and not now["withdrawn"]:
        raise CannotAmend("更正前后没有不同。")
    changed = {k: changes[k] for k in before} or dict(changes)
    return Planned("corrected", changed | {"corrects": target.number, "before": before}, _about(target, now))


def _withdrawal(connection: Connection, content: Content) -> list[Planned]:
    target = register.entry(connection, content["entry"])
    if target.kind in register.AMENDING_KINDS:
        raise CannotAmend(f"第 {target.number} 条本身是更正或撤销；要收回它，请用 public-site undo。")
    target = _graded(target, connection)
    now = _decision(connection, target.number)
    if now["withdrawn"]:
        raise CannotAmend(f"第 {target.number} 条已经撤销（见第 {now['mended_by']} 条）。")
    return [Planned("withdrawn", {"withdraws": target.number}, _about(target, now))]


def _graded(entry: Entry, connection: Connection) -> Entry:
    """The grade entry that is meant: of a correction or withdrawal, the one that it mends. Raises: CannotAmend."""
    if entry.kind in register.MENDING_KINDS:
        return register.entry(connection, entry.data.get("corrects") or entry.data["withdraws"])
    if entry.kind not in register.GRADE_KINDS:
        raise CannotAmend(f"第 {entry.number} 条不是等级条目，不能这样更正或撤销。")
    return entry


def _decision(connection: Connection, number: int) -> RowMapping:
    return connection.execute(text("SELECT * FROM decision WHERE entry = :n"), {"n": number}).mappings().one()


def _about(target: Entry, now: RowMapping) -> dict[str, Any]:
    return {"notice": target.notice, "enterprise": now["enterprise_id"], "unit": now["unit_id"], "stage": target.stage,
            "effective_on": target.effective_on}  # fmt: skip


def _require_true(changes: Mapping[str, Any], target: Entry, today: str) -> None:
    """What a correction may put in an entry's place is held to what a notice may say."""
    if "grade" in changes:
        grades.grade(changes["grade"])
    _require_day(changes.get("effective_on"), "更正的生效日期", today)
    scheme = target.data["scheme"]
    if "industry" in changes and scheme != grades.LOCAL and not grades.industry(changes["industry"], scheme).known:
        closest = "、".join(grades.closest_industries(changes["industry"], scheme))
        raise CannotAmend(f"没有“{changes['industry']}”这个行业；相近的有：{closest}。")


def _require_day(said_on: str | None, what: str, today: str) -> None:
    if said_on is None:
        return
    try:
        day = date.fromisoformat(said_on).isoformat()
    except ValueError:
        raise CannotAmend(f"{what}应写作 YYYY-MM-DD，而不是 {said_on}。") from None
    if day > today:
        raise CannotAmend(f"{what} {day} 还没有到。")


def _tidied(changes: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """The changes with texts in one line, blank ones as None. Raises: CannotAmend."""
    if not changes:
        raise CannotAmend("没有写明改什么。")
    tidy: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise CannotAmend(f"不能这样更改 {name}；可以更改的有：{'、'.join(known)}。")
        plain = (" ".join(value.split()) or None) if isinstance(value, str) else value
        if plain is None and name in _NEVER_BLANK:
            raise CannotAmend(f"{name} 不能留空。")
        if isinstance(plain, str) and len(plain) > _LONGEST.get(name, _LONGEST_TEXT):
            raise CannotAmend(f"{name} 太长。")
        tidy[name] = plain
    return tidy


# --- notices -----------------------------------------------------------------------------------------------------------


def _notice(connection: Connection, number: int) -> mending.Notice:
    published = register.entry(connection, number)
    if published.kind != "notice_published":
        raise CannotAmend(f"第 {number} 条不是公告。")
    amended = trails.amended_notices(connection, register.latest_number(connection)).get(number, [published])
    return mending.notice(published, amended, mending.undone(amended))


def _notice_correction(connection: Connection, content: Content) -> list[Planned]:
    notice = _notice(connection, content["notice"])
    facts = _tidied(content["changes"], _OF_NOTICES)
    now = dict(notice.said) | {"stage": notice.stage}
    if "issuer" in facts:
        facts["division"] = places.issuer_division(facts["issuer"])
    _require_day(facts.get("issued_on"), "公告日期", content["today"])
    _require_day(facts.get("objection_until"), "异议期截止日", "9999-12-31")
    if facts.get("url") and not re.match(r"https?://\S+$", facts["url"]):
        raise CannotAmend("网址应以 http:// 或 https:// 开头。")
    if facts.get("stage", now["stage"]) != now["stage"]:
        if facts["stage"] not in ("proposed", "decided"):
            raise CannotAmend("阶段只能是 proposed（公示）或 decided（已认定）。")
        if now["scope"] == "snapshot" and facts["stage"] == "decided":
            raise CannotAmend("完整名单由公示改为公告，会漏掉“未再列入”的企业：请撤销这份公告，重新收取。")
    if facts.get("supervised_by") and not _tells_a_downgrade(connection, content["notice"]):
        raise CannotAmend("这份公告没有算数的降级，不能写明因社会监督而降级。")
    before = {k: now.get(k) for k in facts if now.get(k) != facts[k]}
    if not before:
        raise CannotAmend("更正前后没有不同。")
    data = {"corrects": content["notice"], "facts": {k: facts[k] for k in before}, "before": before}
    return [Planned("notice_corrected", data, {"notice": content["notice"]})]


def _tells_a_downgrade(connection: Connection, notice: int) -> bool:
    query = text("SELECT 1 FROM decision WHERE notice_id = :notice AND kind = 'downgraded' AND stage = 'decided'"
                 " AND withdrawn = 0 LIMIT 1")  # fmt: skip
    return connection.execute(query, {"notice": notice}).first() is not None


def _notice_withdrawal(connection: Connection, content: Content) -> list[Planned]:
    number = content["notice"]
    if _notice(connection, number).withdrawn:
        raise CannotAmend(f"第 {number} 号公告已经撤销。")
    return [Planned("notice_withdrawn", {"withdraws": number}, {"notice": number})]


def _undoing(connection: Connection, content: Content) -> list[Planned]:
    target = register.entry(connection, content["entry"])
    if target.kind not in register.AMENDING_KINDS:
        raise CannotAmend(
            f"第 {target.number} 条不是更正、撤销或企业信息的更改，没有可收回的；等级条目请用 public-site withdraw。"
        )
    if target.kind == "undone" and _is_of_a_move(connection, target):
        raise CannotAmend("收回过的合并或拆分不能恢复，请重新合并或拆分。")
    latest = register.latest_number(connection)
    if target.enterprise is not None:
        trail = trails.of_enterprise(connection, target.enterprise, latest)
    else:
        trail = list(trails.amended_notices(connection, latest)[target.notice])
    if target.number in mending.undone(trail):
        raise CannotAmend(f"第 {target.number} 条已经收回。")
    about = {"notice": target.notice, "enterprise": target.enterprise, "unit": target.unit}
    return [Planned("undone", {"undoes": target.number}, about)]


def _is_of_a_move(connection: Connection, entry: Entry) -> bool:
    target = register.entry(connection, entry.data["undoes"])
    return target.kind in register.MOVING_KINDS or (target.kind == "undone" and _is_of_a_move(connection, target))


# --- enterprises -------------------------------------------------------------------------------------------------------


def _enterprise(connection: Connection, number: int) -> RowMapping:
    """The row of an enterprise that is not merged away. Raises: CannotAmend."""
    row = connection.execute(text("SELECT * FROM enterprise WHERE id = :id"), {"id": number}).mappings().first()
    if row is not None:
        return row
    into = _merged_into(connection, number)
    raise CannotAmend(f"第 {number} 号企业已并入第 {into} 号。" if into else f"没有第 {number} 号企业。")


def _merged_into(connection: Connection, number: int) -> int | None:
    found = connection.execute(text("SELECT into_id FROM merged_enterprise WHERE id = :id"), {"id": number}).scalar()
    return None if found is None else int(found)


def _enterprise_change(connection: Connection, content: Content) -> list[Planned]:
    enterprise = content["enterprise"]
    now = _enterprise(connection, enterprise)
    facts = _facts(connection, content["changes"], enterprise)
    different = {k for k in facts if now[k] != facts[k]}
    changed = different.union(*(group for group in _TOGETHER if different & set(group)))
    before = {k: now[k] for k in facts if k in changed}
    if not before:
        raise CannotAmend("更改前后没有不同。")
    told = mending.read(trails.of_enterprise(connection, enterprise, register.latest_number(connection))).told[
        enterprise
    ]
    last = max((t.day for t in told if set(before) & set(t.said)), default=told[0].day)
    data = {k: facts[k] for k in before} | {"before": before}
    since = content.get("since")
    if since is None:
        if "name" in before:
            data["mistaken"] = now["name"]
    else:
        _require_day(since, "更改之日", content["today"])
        if since < last:
            raise CannotAmend(f"登记中已有 {last} 起的信息，更改之日不能早于它。")
    return [Planned("enterprise_changed", data, {"enterprise": enterprise, "effective_on": since or last})]


def _facts(connection: Connection, changes: Mapping[str, Any], enterprise: int | None) -> dict[str, Any]:
    """The register's facts for what a person says of an enterprise. Raises: CannotAmend, places.NoSuchPlace."""
    said_of = _tidied(changes, _OF_ENTERPRISES)
    facts: dict[str, Any] = {k: said_of[k] for k in ("name", "credit_code", "zone") if k in said_of}
    if facts.get("credit_code"):
        facts["credit_code"] = _code(connection, facts["credit_code"].upper(), enterprise)
    if "place" in said_of:
        levels = places.lineage(said_of["place"]) if said_of["place"] else (None, None, None)
        facts |= {k: d and d.code for k, d in zip(("province", "city", "county"), levels, strict=True)}
    if ("lat" in said_of) != ("lon" in said_of) or (said_of.get("lat") is None) != (said_of.get("lon") is None):
        raise CannotAmend("位置须同时给出纬度和经度（WGS 84）。")
    if "lat" in said_of:
        facts |= _point(said_of["lat"], said_of["lon"])
    return facts


def _point(lat: float | None, lon: float | None) -> dict[str, int | None]:
    if lat is None or lon is None:
        return {"lat_e6": None, "lon_e6": None}
    if not (3 <= lat <= 54 and 73 <= lon <= 136):
        raise CannotAmend(f"纬度 {lat}、经度 {lon} 不在中国境内，请核对是否写反。")
    return {"lat_e6": round(lat * 1_000_000), "lon_e6": round(lon * 1_000_000)}


def _code(connection: Connection, code: str, enterprise: int | None) -> str:
    if not is_credit_code(code):
        raise CannotAmend(f"{code} 不是有效的统一社会信用代码，请对照营业执照核对。")
    query = text("SELECT id FROM enterprise WHERE credit_code = :code UNION SELECT into_id FROM merged_enterprise"
                 " WHERE credit_code = :code ORDER BY id")  # fmt: skip
    other = next((i for (i,) in connection.execute(query, {"code": code}) if i != enterprise), None)
    if other is not None:
        raise CannotAmend(f"第 {other} 号企业已登记此代码；若是同一家企业，请用 public-site merge 合并。")
    return code


def _site_change(connection: Connection, content: Content) -> list[Planned]:
    """A unit's site is what its decisions say it is: each of them is corrected."""
    changes = _tidied({"site": content["site"]}, ("site",))
    query = text("SELECT entry, site FROM decision WHERE unit_id = :unit AND withdrawn = 0 ORDER BY entry")
    found = connection.execute(query, {"unit": content["unit"]}).all()
    if not found:
        raise CannotAmend(f"没有第 {content['unit']} 号评级单元。")
    other = [entry for entry, site in found if site != changes["site"]]
    if not other:
        raise CannotAmend("更正前后没有不同。")
    return [_corrected(connection, register.entry(connection, n), changes) for n in other]


def _merge(connection: Connection, content: Content) -> list[Planned]:
    source, to = content["enterprise"], content["to"]
    if source == to:
        raise CannotAmend("不能把一家企业并入它自己。")
    _enterprise(connection, source)
    _enterprise(connection, to)
    ours, theirs = _units(connection, source), _units(connection, to)
    joins = dict(content["joins"]) if content.get("joins") is not None else _alike(ours, theirs)
    if strange := [u for pair in joins.items() for u, own in zip(pair, (ours, theirs), strict=True) if u not in own]:
        raise CannotAmend(f"第 {strange[0]} 号不是这两家企业的评级单元。")
    moves = [[entry, joins.get(unit, unit)] for entry, unit, _ in _decisions(connection, source)]
    return [Planned("enterprise_merged", {"to": to, "moves": moves}, {"enterprise": source})]


def _split(connection: Connection, content: Content) -> list[Planned]:
    source, to = content["enterprise"], content["to"]
    _enterprise(connection, source)
    made: list[Planned] = []
    if isinstance(to, Mapping):
        made.append(_made_by_split(connection, source, to))
        to, theirs = _NEW, {}
    elif to == source:
        raise CannotAmend("拆分须移到另一家企业。")
    else:
        if _merged_into(connection, to) is None:
            _enterprise(connection, to)
        theirs = _units(connection, to)
    moves = _moves(connection, source, content["units"], content["entries"], theirs)
    return [*made, Planned("decisions_moved", {"to": to, "moves": moves}, {"enterprise": source})]


def _made_by_split(connection: Connection, source: int, said_of: Mapping[str, Any]) -> Planned:
    facts = _facts(connection, said_of, None)
    if not facts.get("name"):
        raise CannotAmend("拆出的新企业须有名称。")
    told = mending.read(trails.of_enterprise(connection, source, register.latest_number(connection))).told[source]
    data = {k: v for k, v in facts.items() if v is not None} | {"split_from": source}
    return Planned("enterprise_registered", data, {"effective_on": told[0].day or None})


def _moves(
    connection: Connection,
    source: int,
    units: Sequence[int],
    entries: Sequence[int],
    theirs: Mapping[int, _UnitKey],
) -> list[list[int]]:
    """The chosen decisions, with what only repeats them, each with the unit that it lands in."""
    every = _decisions(connection, source)
    chosen = {entry for entry, unit, _ in every if entry in entries or unit in units}
    known = {entry for entry, _, _ in every} | {unit for _, unit, _ in every}
    if strange := [n for n in (*units, *entries) if n not in known]:
        raise CannotAmend(f"第 {strange[0]} 号不是第 {source} 号企业的评级单元或等级条目。")
    if not chosen:
        raise CannotAmend("请写明移走哪些评级单元（units）或等级条目（entries）。")
    if alone := [(e, cited) for e, _, cited in every if e in chosen and cited is not None and cited not in chosen]:
        raise CannotAmend(f"第 {alone[0][0]} 条只是第 {alone[0][1]} 条的另一个出处，请移第 {alone[0][1]} 条。")
    chosen |= {entry for entry, _, cited in every if cited in chosen}
    ours = _units(connection, source)
    landing: dict[int, int] = {}
    for entry, unit, _ in every:
        if entry in chosen and unit not in landing:
            whole = all(e in chosen for e, u, _ in every if u == unit)
            landing[unit] = _alike({unit: ours[unit]}, theirs).get(unit, unit if whole else entry)
    return [[entry, landing[unit]] for entry, unit, _ in every if entry in chosen]


def _decisions(connection: Connection, enterprise: int) -> list[tuple[int, int, int | None]]:
    """Every grade entry of an enterprise with its unit and the entry that it only cites, ascending."""
    query = text("SELECT entry, unit_id, cites FROM decision WHERE enterprise_id = :id ORDER BY entry")
    return [(int(e), int(u), c) for e, u, c in connection.execute(query, {"id": enterprise})]


def _units(connection: Connection, enterprise: int) -> dict[int, _UnitKey]:
    """What each unit of an enterprise is: site, industry and line by its latest decision that counts, else any."""
    query = text("SELECT unit_id, site, industry, line FROM decision WHERE enterprise_id = :id"
                 " ORDER BY 1 - withdrawn, effective_on, entry")  # fmt: skip
    return {
        int(unit): (normal_name(site or ""), normal_name(industry or ""), normal_name(line or ""))
        for unit, site, industry, line in connection.execute(query, {"id": enterprise})
    }


def _alike(ours: Mapping[int, _UnitKey], theirs: Mapping[int, _UnitKey]) -> dict[int, int]:
    """Units of two enterprises that say the same of themselves."""
    by_key = {key: unit for unit, key in sorted(theirs.items(), reverse=True)}
    return {unit: by_key[key] for unit, key in ours.items() if key in by_key}


_PLANS: dict[str, Callable[[Connection, Content], list[Planned]]] = {
    "corrected": _correction,
    "withdrawn": _withdrawal,
    "notice_corrected": _notice_correction,
    "notice_withdrawn": _notice_withdrawal,
    "undone": _undoing,
    "enterprise_changed": _enterprise_change,
    "site_changed": _site_change,
    "enterprise_merged": _merge,
    "decisions_moved": _split,
}
