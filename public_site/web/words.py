"""The words pages use for what the register holds: grades, kinds of entry, stages, scopes, names of parameters.

What this module knows that no other does: how each value of the data is said to a reader.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from public_site import grades, histories, languages, places, records, register
from public_site.languages import N_, P_, Words, _

_LEVELS = ("province", "city", "county")
SECTIONS = (
    ("enterprises", N_("企业")),
    ("map", N_("地图")),
    ("places", N_("地区")),
    ("notices", N_("公告")),
    ("downgrades", N_("降级")),
    ("excellence", N_("A+ 企业")),
    ("data", N_("数据")),
)
FIELD_TYPES = Words({"integer": N_("整数"), "number": N_("数"), "string": N_("文字"), "boolean": N_("是非"), "date": N_("日期"),
               "datetime": N_("时刻"), "list": N_("列表"), "object": N_("JSON")})  # fmt: skip

KINDS = Words(
    {
        "graded": N_("认定等级"),
        "upgraded": N_("升级"),
        "downgraded": P_("what happened", "降级"),
        "confirmed": N_("再次公布，等级未变"),
        "no_longer_listed": N_("未再列入"),
        "managed_as": N_("按其他等级管理"),
        "cited": N_("同一决定再次公布"),
        "corrected": N_("更正"),
        "withdrawn": N_("撤销"),
        "notice_corrected": N_("公告更正"),
        "notice_withdrawn": N_("公告撤销"),
        "enterprise_merged": N_("企业合并"),
        "decisions_moved": N_("企业拆分"),
        "undone": N_("收回"),
    }
)
AMENDS = Words(
    {
        "corrected": P_("verb", "更正"),
        "withdrawn": P_("verb", "撤销"),
        "notice_corrected": P_("verb", "更正"),
        "notice_withdrawn": P_("verb", "撤销"),
        "undone": P_("verb", "收回"),
    }
)
WITH_GRADE = frozenset({"graded", "upgraded", "downgraded", "confirmed", "cited"})
_PROPOSED = Words(
    {
        "graded": N_("拟认定"),
        "upgraded": N_("拟升级"),
        "downgraded": N_("拟降级"),
        "confirmed": N_("拟定，等级未变"),
        "cited": N_("同一公示再次公布"),
        "no_longer_listed": N_("拟不再列入"),
    }
)
NOTICE_STAGES = Words({"proposed": N_("公示（拟定，尚未确定）"), "decided": N_("公告（已确定）")})
STAGES = Words({"proposed": P_("stage", "公示"), "decided": P_("stage", "公告")})
SCOPES = Words(
    {
        "snapshot": N_("完整名单"),
        "increment": N_("新增名单"),
        "single": N_("单个企业"),
        "mixed": N_("新增与调整"),
    }
)
OVERALL_LONG = Words(
    {
        "only_unit": N_("只有一个评级单元，总体等级即该单元的等级。"),
        "only_decided_unit": N_("只有一个已确定的评级单元，总体等级即该单元的等级；其余单元只公示过，尚未见结果。"),
        "only_graded_unit": N_("只有一个评定了等级的评级单元，总体等级即该单元的等级。"),
        "only_listed_unit": N_("只有一个仍在名单之内的评级单元，总体等级即该单元的等级。"),
        "lowest_of_units": N_(
            "由各评级单元推出：多行业企业取最低一级（短板原则）。这一总体等级由本站推算，公告中未必写明。"
        ),
        "not_comparable": N_("各评级单元的等级不在同一尺度或不属同一方案，不能排出高低，因此不给出总体等级。"),
        "no_grade": N_("目前没有处于名单之内、已经公布的等级。"),
    }
)
# What an amendment may change, as a reader is told what it said before and says now.
FACTS = Words(
    {
        "grade": N_("等级"),
        "industry": N_("行业"),
        "line": N_("生产线"),
        "site": N_("厂区"),
        "scheme": N_("评级方案"),
        "effective_on": N_("生效日期"),
        "managed_as": N_("管理等级"),
        "managed_until": N_("管理期限"),
        "title": N_("标题"),
        "issuer": N_("发布机关"),
        "number": N_("文号"),
        "index_number": N_("索引号"),
        "issued_on": N_("日期"),
        "stage": N_("性质"),
        "url": N_("原网页"),
        "supervised_by": N_("社会监督（查实的机关）"),
        "objection_window": N_("异议期"),
        "objection_until": N_("异议期截止"),
        "name": N_("名称"),
        "credit_code": N_("统一社会信用代码"),
        "place": N_("所在地"),
        "zone": N_("所在园区"),
        "point": N_("位置"),
    }
)
PARAMETERS = Words(
    {
        "q": N_("查询词"),
        "province": N_("省份"),
        "city": N_("地市"),
        "county": N_("区县"),
        "industry": N_("行业"),
        "grade": N_("等级"),
        "overall": N_("总体等级"),
        "excellence": N_("A+ 企业"),
        "downgraded_since": N_("降级起始日"),
        "near": N_("中心点"),
        "radius_km": N_("半径"),
        "bbox": N_("范围"),
        "as_of": N_("截至日期"),
        "known_at": N_("当时已公布"),
        "sort": N_("排序"),
        "cursor": N_("翻页位置"),
        "unlisted": N_("未再列入"),
        "stage": N_("阶段"),
        "scheme": N_("评级方案"),
        "limit": N_("每页家数"),
        "zoom": N_("缩放级别"),
    }
)
FACET_VALUES = Words(
    {
        ("overall", "incomparable"): N_("不可比"),
        ("stage", "decided"): N_("有公告确定的等级"),
        ("stage", "proposed"): N_("有公示而未见结果的等级"),
        ("excellence", "1"): N_("有 A+ 级的评级单元"),
        ("unlisted", "1"): N_("有未再列入名单的评级单元"),
    }
)
SORTS = Words(
    {
        "relevance": N_("相关度"),
        "distance": N_("距离"),
        "since": N_("最近变化"),
        "downgraded": N_("最近降级"),
        "name": N_("名称"),
        "id": N_("登记先后"),
    }
)


class Named(Protocol):
    """Anything with a name to show."""

    @property
    def name(self) -> str: ...


Division = TypeVar("Division", bound=Named)


def distinct_places(*divisions: Division | None) -> tuple[Division, ...]:
    """A place's divisions without gaps and without the same name twice (重庆市 is both province and city)."""
    return tuple({division.name: division for division in divisions if division is not None}.values())


def romanised(name: str) -> str:
    """A Chinese name in pinyin; "" without Chinese."""
    return languages.romanised(name)


def enterprise_name(name: str) -> str:
    """An enterprise's name in plain text: in English with its pinyin in brackets."""
    spelled = "" if languages.current() == languages.CHINESE else languages.romanised(name)
    return f"{name} ({spelled})" if spelled else name


def latin_name(name: str) -> str:
    """An enterprise's name where Chinese cannot be marked as such (attributes, code to paste): in English its pinyin."""
    return name if languages.current() == languages.CHINESE else languages.romanised(name) or name


def place_name(division: Named) -> str:
    """A division's name: in English its own English name or pinyin, without the word for its kind."""
    return division.name if languages.current() == languages.CHINESE else _english_place(division.name)


def place_line(divisions: Iterable[Named]) -> str:
    """A place from the province down, in one line: 重庆市涪陵区; Fuling, Chongqing."""
    if languages.current() == languages.CHINESE:
        return "".join(division.name for division in divisions)
    return ", ".join(reversed([_english_place(division.name) for division in divisions]))


@lru_cache(maxsize=8192)
def _english_place(name: str) -> str:
    if name in _PLACES_IN_ENGLISH:
        return _PLACES_IN_ENGLISH[name]
    short = _KIND_OF_PLACE.sub("", name) if len(name) > 2 else name
    first, *others = languages.romanised(short).split() or [name]
    return first + "".join(f"'{syllable}" if syllable[0] in "aeo" else syllable for syllable in others)


_KIND_OF_PLACE = re.compile(
    rf"(?<=..)((?:{places.PEOPLES})*自治[区州县旗]|特别行政区|省|市|地区|林区|特区|新区|区|县|旗|盟)$"
)
# Names that English writes in another way than pinyin does (统一地名英译, as the statistics yearbooks print them).
_PLACES_IN_ENGLISH = {
    "陕西省": "Shaanxi", "内蒙古自治区": "Inner Mongolia", "西藏自治区": "Xizang", "香港特别行政区": "Hong Kong",
    "澳门特别行政区": "Macao", "哈尔滨市": "Harbin", "呼和浩特市": "Hohhot", "乌鲁木齐市": "Urumqi", "拉萨市": "Lhasa",
    "齐齐哈尔市": "Qiqihar", "鄂尔多斯市": "Ordos", "呼伦贝尔市": "Hulunbuir", "西安市": "Xi'an",
}  # fmt: skip
_DIRECTIONS = (N_("正北"), N_("东北"), N_("正东"), N_("东南"), N_("正南"), N_("西南"), N_("正西"), N_("西北"))


def direction(here: tuple[float, float], there: tuple[float | None, float | None]) -> str:
    """Where something lies from here, of eight directions; points are latitude and longitude. Empty without a point."""
    lat, lon = there
    if lat is None or lon is None or (lat, lon) == here:
        return ""
    east = (lon - here[1]) * math.cos(math.radians((lat + here[0]) / 2))
    return _(_DIRECTIONS[round(math.degrees(math.atan2(east, lat - here[0])) / 45) % 8])


def is_local(scheme: str | None) -> bool:
    """Whether a scheme is a local standard; its grades are not compared with national ones."""
    return scheme is not None and grades.scheme(scheme).family == "local"


def scheme_title(scheme: str | None) -> str:
    """A scheme's name."""
    return _(grades.scheme(scheme).title if scheme else N_("未载明"))


def industry(name: str, between: str = "：") -> str:
    """An industry, with its part behind it: 陶瓷：建筑陶瓷; Ceramics: building ceramics."""
    return (between if languages.current() == languages.CHINESE else ": ").join(_(part) for part in name.split("/"))


def facet_value(name: str, value: str) -> str:
    """What a value beside a list is called."""
    if name == "industry":
        return _(value.rpartition("/")[2])
    if name in ("province", "city", "county"):
        return place_name(records.division(value))
    if name == "scheme":
        return scheme_title(value)
    return FACET_VALUES.get((name, value)) or _(value)


def kind(kind: str, stage: str | None) -> str:
    """What an entry does; what a 公示 says is only proposed."""
    if stage != "proposed":
        return KINDS[kind]
    return _PROPOSED[kind] if kind in _PROPOSED else _("拟{what}", what=KINDS[kind])


def happened(event: histories.Event, enterprise_id: int) -> str:
    """What an entry of an enterprise's history tells, in a few words."""
    if event.kind == "enterprise_registered":
        return _("首次登记")
    if event.kind == "enterprise_changed":
        return _("；").join(_changed(event.facts)) or _("登记信息更新")
    if event.kind == "enterprise_merged":
        return _("第 {one} 号企业与第 {other} 号是同一家，合并", one=event.enterprise, other=event.other)
    if event.kind == "decisions_moved":
        if event.other == enterprise_id:
            return _("误归在一起的 {count} 条等级决定移自第 {one} 号企业", count=event.moved, one=event.enterprise)
        return _("误归在一起的 {count} 条等级决定移至第 {one} 号企业", count=event.moved, one=event.other)
    if event.kind == "undone":
        return undone(event.mended_kind)
    if event.kind in register.AMENDING_KINDS:
        return KINDS[event.kind]
    if event.kind == "managed_as":
        return managed(event.managed_as or "", event.managed_until, proposed=event.stage == "proposed")
    return kind(event.kind, event.stage)


def managed(grade: str, until: str | date | None, *, proposed: bool = False) -> str:
    """That something is managed as another grade than its own."""
    text = N_("拟按 {grade} 级管理") if proposed else N_("按 {grade} 级管理")
    return _(text, grade=_(grade)) + (_("，至 {day}", day=until) if until else "")


def decided(stage: str, decisions: int, downgrades: int) -> str:
    """How much a notice decides or proposes."""
    many, fallen = f"{decisions:,}", f"{downgrades:,}"
    if stage == "proposed":
        told, also = _("拟定 {count} 条", count=many), N_("，其中拟降级 {count} 条")
    else:
        told, also = _("{count} 条决定", count=many), N_("，其中降级 {count} 条")
    return told + (_(also, count=fallen) if downgrades else "")


def undone(kind: str | None) -> str:
    """What taking an amendment back means: a withdrawal taken back restores."""
    if kind in ("withdrawn", "notice_withdrawn"):
        return _("恢复：收回撤销")
    return _("收回{what}", what=KINDS.get(kind or "") or _("登记信息的更改"))


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that an amendment changed: what it said before, what it says now."""

    what: str
    before: str
    now: str


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What an amendment changed, fact by fact; an amendment of before such facts were kept tells only what is new."""
    earlier, later = _readable(before), _readable({k: v for k, v in now.items() if k in before})
    return [Difference(FACTS[k], earlier[k], later.get(k, _("未载明"))) for k in earlier]


def _readable(facts: Mapping[str, Any]) -> dict[str, str]:
    told = {k: _said(k, v) for k, v in facts.items() if k in FACTS}
    if any(level in facts for level in _LEVELS):
        divisions = distinct_places(*(records.division(facts[level]) for level in _LEVELS if facts.get(level)))
        told["place"] = place_line(divisions) or _("未载明")
    if "lat_e6" in facts or "lon_e6" in facts:
        lat, lon = facts.get("lat_e6"), facts.get("lon_e6")
        point = "" if lat is None or lon is None else _("北纬 {lat:.6f}、东经 {lon:.6f}", lat=lat / 1e6, lon=lon / 1e6)
        told["point"] = point or _("未载明")
    return told


def _said(name: str, value: Any) -> str:
    if value is None:
        return _("未载明")
    if name == "stage":
        return NOTICE_STAGES[value]
    return scheme_title(value) if name == "scheme" else _(value) if name in ("grade", "managed_as") else str(value)


def _changed(facts: Mapping[str, Any]) -> Iterator[str]:
    """What became known or different of an enterprise; a fact that is None is no longer known."""
    if name := facts.get("name"):
        yield _("名称变更为 {name}", name=name)
    if "credit_code" in facts:
        yield _("统一社会信用代码登记为 {code}", code=facts["credit_code"] or _("未载明"))
    if any(level in facts for level in _LEVELS):
        told = distinct_places(*(records.division(facts[level]) for level in _LEVELS if facts.get(level)))
        yield _("所在地登记为 {place}", place=place_line(told) or _("未载明"))
    if "zone" in facts:
        yield _("所在园区登记为 {zone}", zone=facts["zone"] or _("未载明"))
    if "lat_e6" in facts or "lon_e6" in facts:
        yield _("地图位置有更新")


def without_overall(line: records.EnterpriseLine) -> str:
    """What stands in a list where an enterprise has no overall grade."""
    if line.overall_reason == "not_comparable":
        return _("不可比")
    if any(unit.proposal for unit in line.units):
        return _("仅公示")
    return _("未再列入") if any(not unit.listed for unit in line.units) else _("未公布")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first sentence of an enterprise's page, and what it rests on."""

    heading: str
    explanation: str


def verdict(line: records.EnterpriseLine) -> Verdict:
    """What can be said of an enterprise in one line, without claiming more than was published."""
    if line.overall_grade:
        heading = _(grades.grade(line.overall_grade).title)
        return Verdict(heading, OVERALL_LONG[_reason(line)])
    if line.overall_reason == "not_comparable":
        return Verdict(_("各单元等级不可比"), OVERALL_LONG["not_comparable"])
    if any(unit.proposal for unit in line.units):
        return Verdict(
            _("只有公示过的等级"), _("曾公示，尚未见结果。公示是征求意见，结果可能改变；公告之后才是确定的等级。")
        )
    if any(not unit.listed for unit in line.units):
        return Verdict(
            _("未再列入最新名单"), _("最近一份完整名单中没有这家企业。这不是降级的决定，公告也没有说明原因。")
        )
    return Verdict(_("未见已公布的等级"), OVERALL_LONG["no_grade"])


def _reason(line: records.EnterpriseLine) -> str:
    """Why the overall grade is what it is; "the only unit" only where there is no other."""
    if line.overall_reason != "only_unit" or len(line.units) == 1:
        return line.overall_reason
    if any(unit.stage == "proposed" for unit in line.units):
        return "only_decided_unit"
    return "only_listed_unit" if any(not unit.listed for unit in line.units) else "only_graded_unit"
