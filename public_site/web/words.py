"""The words pages use for what the register holds: grades, kinds of entry, stages, scopes, names of parameters.

What this module knows that no other does: how each value of the data is said to a reader, and the outline of each grade
mark (letter + shape + colour: the shape alone tells the grades apart on a black and white print).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from public_site import grades, histories, records, register

_LEVELS = ("province", "city", "county")
SECTIONS = (
    ("enterprises", "企业"),
    ("map", "地图"),
    ("places", "地区"),
    ("notices", "公告"),
    ("downgrades", "降级"),
    ("excellence", "A+ 企业"),
    ("data", "数据"),
)
FIELD_TYPES = {"integer": "整数", "number": "数", "string": "文字", "boolean": "是非", "date": "日期",
               "datetime": "时刻", "list": "列表", "object": "JSON"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """How a grade is drawn (in a box 40 high) and said aloud."""

    slug: str
    spoken: str
    path: str
    width: int = 40
    baseline: float = 27
    ring: bool = False


_CIRCLE = "M20 2a18 18 0 1 1 0 36a18 18 0 1 1 0-36z"
_DISC = "M20 5a15 15 0 1 1 0 30a15 15 0 1 1 0-30z"
_SQUARE = "M8 3h24a5 5 0 0 1 5 5v24a5 5 0 0 1-5 5H8a5 5 0 0 1-5-5V8a5 5 0 0 1 5-5z"
_HEXAGON = "M11 3.5h18L38.5 20 29 36.5H11L1.5 20z"
_DIAMOND = "M20 1 39 20 20 39 1 20z"

MARKS: dict[str, Mark] = {
    "A+": Mark("ap", "A+级，卓越级", _DISC, baseline=26, ring=True),
    "A": Mark("a", "A级", _CIRCLE),
    "B": Mark("b", "B级", _SQUARE),
    "B-": Mark("bm", "B-级", _SQUARE),
    "C": Mark("c", "C级", _HEXAGON),
    "D": Mark("d", "D级", _DIAMOND),
    "引领性": Mark("l", "引领性", "M20 4h44a16 16 0 0 1 0 32H20a16 16 0 0 1 0-32z", width=84, baseline=26.5),
    "非引领性": Mark("nl", "非引领性", "M20 4h62a16 16 0 0 1 0 32H20a16 16 0 0 1 0-32z", width=102, baseline=26.5),
}

KINDS = {
    "graded": "认定等级",
    "upgraded": "升级",
    "downgraded": "降级",
    "confirmed": "再次公布，等级未变",
    "no_longer_listed": "未再列入",
    "managed_as": "按其他等级管理",
    "cited": "同一决定再次公布",
    "corrected": "更正",
    "withdrawn": "撤销",
    "notice_corrected": "公告更正",
    "notice_withdrawn": "公告撤销",
    "enterprise_merged": "企业合并",
    "decisions_moved": "企业拆分",
    "undone": "收回",
}
AMENDS = {
    "corrected": "更正",
    "withdrawn": "撤销",
    "notice_corrected": "更正",
    "notice_withdrawn": "撤销",
    "undone": "收回",
}
WITH_GRADE = frozenset({"graded", "upgraded", "downgraded", "confirmed", "cited"})
_PROPOSED = {
    "graded": "拟认定",
    "upgraded": "拟升级",
    "downgraded": "拟降级",
    "confirmed": "拟定，等级未变",
    "cited": "同一公示再次公布",
    "no_longer_listed": "拟不再列入",
}
NOTICE_STAGES = {"proposed": "公示（拟定，尚未确定）", "decided": "公告（已确定）"}
STAGES = {"proposed": "公示", "decided": "公告"}
SCOPES = {
    "snapshot": "完整名单",
    "increment": "新增名单",
    "single": "单个企业",
    "mixed": "新增与调整",
}
OVERALL_LONG = {
    "only_unit": "只有一个评级单元，总体等级即该单元的等级。",
    "only_decided_unit": "只有一个已确定的评级单元，总体等级即该单元的等级；其余单元只公示过，尚未见结果。",
    "only_graded_unit": "只有一个评定了等级的评级单元，总体等级即该单元的等级。",
    "only_listed_unit": "只有一个仍在名单之内的评级单元，总体等级即该单元的等级。",
    "lowest_of_units": "由各评级单元推出：多行业企业取最低一级（短板原则）。这一总体等级由本站推算，公告中未必写明。",
    "not_comparable": "各评级单元的等级不在同一尺度或不属同一方案，不能排出高低，因此不给出总体等级。",
    "no_grade": "目前没有处于名单之内、已经公布的等级。",
}
# What an amendment may change, as a reader is told what it said before and says now.
FACTS = {
    "grade": "等级",
    "industry": "行业",
    "line": "生产线",
    "site": "厂区",
    "scheme": "评级方案",
    "effective_on": "生效日期",
    "managed_as": "管理等级",
    "managed_until": "管理期限",
    "title": "标题",
    "issuer": "发布机关",
    "number": "文号",
    "index_number": "索引号",
    "issued_on": "日期",
    "stage": "性质",
    "url": "原网页",
    "objection_window": "异议期",
    "objection_until": "异议期截止",
    "supervised_by": "社会监督（查实的机关）",
    "name": "名称",
    "credit_code": "统一社会信用代码",
    "place": "所在地",
    "zone": "所在园区",
    "point": "位置",
}
PARAMETERS = {
    "q": "查询词",
    "province": "省份",
    "city": "地市",
    "county": "区县",
    "industry": "行业",
    "grade": "等级",
    "overall": "总体等级",
    "excellence": "A+ 企业",
    "downgraded_since": "降级起始日",
    "near": "中心点",
    "radius_km": "半径",
    "bbox": "范围",
    "as_of": "截至日期",
    "known_at": "当时已公布",
    "sort": "排序",
    "cursor": "翻页位置",
    "unlisted": "未再列入",
    "stage": "阶段",
    "scheme": "评级方案",
    "limit": "每页家数",
    "zoom": "缩放级别",
}
FACET_VALUES = {
    ("overall", "incomparable"): "不可比",
    ("stage", "decided"): "有公告确定的等级",
    ("stage", "proposed"): "有公示而未见结果的等级",
    ("excellence", "1"): "有 A+ 级的评级单元",
    ("unlisted", "1"): "有未再列入名单的评级单元",
}
SORTS = {
    "relevance": "相关度",
    "distance": "距离",
    "since": "最近变化",
    "downgraded": "最近降级",
    "name": "名称",
    "id": "登记先后",
}


class Named(Protocol):
    """Anything with a name to show."""

    @property
    def name(self) -> str: ...


Division = TypeVar("Division", bound=Named)


def distinct_places(*divisions: Division | None) -> tuple[Division, ...]:
    """A place's divisions without gaps and without the same name twice (重庆市 is both province and city)."""
    return tuple({division.name: division for division in divisions if division is not None}.values())


_DIRECTIONS = ("正北", "东北", "正东", "东南", "正南", "西南", "正西", "西北")


def direction(here: tuple[float, float], there: tuple[float | None, float | None]) -> str:
    """Where something lies from here, of eight directions; points are latitude and longitude. Empty without a point."""
    lat, lon = there
    if lat is None or lon is None or (lat, lon) == here:
        return ""
    east = (lon - here[1]) * math.cos(math.radians((lat + here[0]) / 2))
    return _DIRECTIONS[round(math.degrees(math.atan2(east, lat - here[0])) / 45) % 8]


def is_local(scheme: str | None) -> bool:
    """Whether a scheme is a local standard; its grades are not compared with national ones."""
    return scheme is not None and grades.scheme(scheme).family == "local"


def scheme_title(scheme: str | None) -> str:
    """A scheme's name."""
    return grades.scheme(scheme).title if scheme else "未载明"


def facet_value(name: str, value: str) -> str:
    """What a value beside a list is called."""
    if name == "industry":
        return value.rpartition("/")[2]
    if name in ("province", "city", "county"):
        return records.division(value).name
    if name == "scheme":
        return scheme_title(value)
    return FACET_VALUES.get((name, value), value)


def kind(kind: str, stage: str | None) -> str:
    """What an entry does; what a 公示 says is only proposed."""
    return _PROPOSED.get(kind, f"拟{KINDS[kind]}") if stage == "proposed" else KINDS[kind]


def happened(event: histories.Event, enterprise_id: int) -> str:
    """What an entry of an enterprise's history tells, in a few words."""
    if event.kind == "enterprise_registered":
        return "首次登记"
    if event.kind == "enterprise_changed":
        return "；".join(_changed(event.facts)) or "登记信息更新"
    if event.kind == "enterprise_merged":
        return f"第 {event.enterprise} 号企业与第 {event.other} 号是同一家，合并"
    if event.kind == "decisions_moved":
        from_or_to = f"移自第 {event.enterprise}" if event.other == enterprise_id else f"移至第 {event.other}"
        return f"误归在一起的 {event.moved} 条等级决定{from_or_to} 号企业"
    if event.kind == "undone":
        return undone(event.mended_kind)
    if event.kind in register.AMENDING_KINDS:
        return KINDS[event.kind]
    if event.kind == "managed_as":
        until = f"，至 {event.managed_until}" if event.managed_until else ""
        return f"{'拟' if event.stage == 'proposed' else ''}按 {event.managed_as} 级管理{until}"
    return kind(event.kind, event.stage)


def undone(kind: str | None) -> str:
    """What taking an amendment back means: a withdrawal taken back restores."""
    if kind in ("withdrawn", "notice_withdrawn"):
        return "恢复：收回撤销"
    return f"收回{KINDS.get(kind or '', '登记信息的更改')}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that an amendment changed: what it said before, what it says now."""

    what: str
    before: str
    now: str


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What an amendment changed, fact by fact; an amendment of before such facts were kept tells only what is new."""
    earlier, later = _readable(before), _readable({k: v for k, v in now.items() if k in before})
    return [Difference(FACTS[k], earlier[k], later.get(k, "未载明")) for k in earlier]


def _readable(facts: Mapping[str, Any]) -> dict[str, str]:
    told = {k: _said(k, v) for k, v in facts.items() if k in FACTS}
    if any(level in facts for level in _LEVELS):
        divisions = distinct_places(*(records.division(facts[level]) for level in _LEVELS if facts.get(level)))
        told["place"] = "".join(division.name for division in divisions) or "未载明"
    if "lat_e6" in facts or "lon_e6" in facts:
        lat, lon = facts.get("lat_e6"), facts.get("lon_e6")
        told["point"] = "未载明" if lat is None or lon is None else f"北纬 {lat / 1e6:.6f}、东经 {lon / 1e6:.6f}"
    return told


def _said(name: str, value: Any) -> str:
    if value is None:
        return "未载明"
    return NOTICE_STAGES[value] if name == "stage" else scheme_title(value) if name == "scheme" else str(value)


def _changed(facts: Mapping[str, Any]) -> Iterator[str]:
    """What became known or different of an enterprise; a fact that is None is no longer known."""
    if name := facts.get("name"):
        yield f"名称变更为 {name}"
    if "credit_code" in facts:
        yield f"统一社会信用代码登记为 {facts['credit_code'] or '未载明'}"
    if any(level in facts for level in _LEVELS):
        told = distinct_places(*(records.division(facts[level]) for level in _LEVELS if facts.get(level)))
        yield f"所在地登记为 {''.join(division.name for division in told) or '未载明'}"
    if "zone" in facts:
        yield f"所在园区登记为 {facts['zone'] or '未载明'}"
    if "lat_e6" in facts or "lon_e6" in facts:
        yield "地图位置有更新"


def without_overall(line: records.EnterpriseLine) -> str:
    """What stands in a list where an enterprise has no overall grade."""
    if line.overall_reason == "not_comparable":
        return "不可比"
    if any(unit.proposal for unit in line.units):
        return "仅公示"
    return "未再列入" if any(not unit.listed for unit in line.units) else "未公布"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first sentence of an enterprise's page, and what it rests on."""

    heading: str
    explanation: str


def verdict(line: records.EnterpriseLine) -> Verdict:
    """What can be said of an enterprise in one line, without claiming more than was published."""
    if line.overall_grade:
        heading = grades.grade(line.overall_grade).title
        return Verdict(heading, OVERALL_LONG[_reason(line)])
    if line.overall_reason == "not_comparable":
        return Verdict("各单元等级不可比", OVERALL_LONG["not_comparable"])
    if any(unit.proposal for unit in line.units):
        return Verdict("只有公示过的等级", "曾公示，尚未见结果。公示是征求意见，结果可能改变；公告之后才是确定的等级。")
    if any(not unit.listed for unit in line.units):
        return Verdict("未再列入最新名单", "最近一份完整名单中没有这家企业。这不是降级的决定，公告也没有说明原因。")
    return Verdict("未见已公布的等级", OVERALL_LONG["no_grade"])


def _reason(line: records.EnterpriseLine) -> str:
    """Why the overall grade is what it is; "the only unit" only where there is no other."""
    if line.overall_reason != "only_unit" or len(line.units) == 1:
        return line.overall_reason
    if any(unit.stage == "proposed" for unit in line.units):
        return "only_decided_unit"
    return "only_listed_unit" if any(not unit.listed for unit in line.units) else "only_graded_unit"


def map_grade(label: str) -> str:
    """What a mark on the map says, in words: a grade's title, or what stands in its place."""
    return grades.grade(label).title if label in MARKS else _MAP_OTHERS[label].spoken


# What is known of where enterprises without a point are, by the level of the division that they are counted at.
PRECISIONS = {
    "county": "位置为县级",
    "city": "在市内，位置未载明",
    "province": "在省内，位置未载明",
}


def map_marks() -> dict[str, dict[str, Any]]:
    """Every mark of the map for the script that draws it, by label: slug, letter, spoken, path, width, baseline, ring."""
    drawn = {label: (label, mark) for label, mark in MARKS.items()}
    drawn |= {label: ("＝" if label == "incomparable" else "", mark) for label, mark in _MAP_OTHERS.items()}
    return {
        label: {"slug": mark.slug, "letter": letter, "spoken": mark.spoken, "path": mark.path, "width": mark.width,
                "baseline": mark.baseline, "ring": mark.ring}
        for label, (letter, mark) in drawn.items()
    }  # fmt: skip


# Enterprises without an overall grade: shapes that no grade has.
_MAP_OTHERS = {
    "incomparable": Mark("other", "各单元等级不可比", "M20 3 38 36H2z", baseline=32),
    "none": Mark("other", "没有已公布的等级", "M20 12a8 8 0 1 1 0 16a8 8 0 1 1 0-16z"),
}
# In a drawing that stands alone; the same as in site.css, for a light ground.
MAP_COLOURS = {"A+": "#0a5234", "A": "#1a7446", "B": "#1d5fa6", "B-": "#8db4dd", "C": "#8a5a06", "D": "#8f1f2d",
               "引领性": "#5a3d8a", "非引领性": "#b7a3d6", "incomparable": "#7d8288", "none": "#d0d3d6"}  # fmt: skip
