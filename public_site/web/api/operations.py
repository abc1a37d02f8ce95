"""What can be asked of the API, parameter by parameter, in both languages: the one description.

The OpenAPI document and the documentation page are made from it, and a test holds it to what the routes really take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from public_site import listings, register
from public_site.search.values import LIMIT, TEXT_LENGTH
from public_site.web.api import enterprises, schemas
from public_site.web.api.schemas import GRADES, SCHEMES, SCOPES, STAGES, Schema, Words
from public_site.web.parameters import LARGEST_NUMBER, LONGEST_TEXT, MOST_VALUES


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a URL may say; `example` is as the URL says it."""

    name: str
    words: Words
    schema: Schema
    example: Any
    place: str = "query"
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One address: what it takes, what it answers (`thing`; several of it where `many`), which statuses it may have."""

    path: str
    id: str
    title: Words
    words: Words
    parameters: tuple[Parameter, ...]
    thing: str
    many: bool
    url: str  # an example that answers

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters if parameter.place == "query")


def _of(name: str, zh: str, en: str, schema: Schema, example: Any, **more: Any) -> Parameter:
    return Parameter(name, Words(zh, en), schema, example, **more)


def _any_of(name: str, zh: str, en: str, among: Sequence[str], example: str) -> Parameter:
    return _of(name, f"{zh}；可以多个", f"{en} May be repeated.",
               {"type": "string", "enum": list(among)}, example, repeats=True)  # fmt: skip


def _ids(name: str, zh: str, en: str) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}
    return _of(name, f"{zh}；可以多个", f"{en} May be repeated.", schema, 2, repeats=True)


def _day(name: str, zh: str, en: str, example: str = "2024-01-01") -> Parameter:
    return _of(name, zh, en, {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}, example)


def _code(name: str, zh: str, en: str, example: str) -> Parameter:
    schema = {"type": "string", "pattern": r"^\d{6}$"}
    return _of(
        name, f"{zh}的六位代码；可以多个", f"Division code of the {en}. May be repeated.", schema, example, repeats=True
    )


def _sort(sorts: Sequence[str], zh: str, en: str) -> Parameter:
    return _of("sort", zh, en, {"type": "string", "enum": list(sorts)}, sorts[0])


def _flag(name: str, zh: str, en: str) -> Parameter:
    return _of(name, f"{zh}；只能写 1", f"{en} Only 1.", {"type": "string", "enum": ["1"]}, "1")


def _id(name: str, zh: str, en: str) -> Parameter:
    return _of(name, zh, en, {"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER}, 2, place="path")


def _fields(thing: str) -> Parameter:
    zh, en = (
        "只要这些字段，以逗号分开；编号总在其中",
        "Only these members, separated by commas; the id is always among them.",
    )
    names = "|".join(sorted(schemas.THINGS[thing].members))
    schema = {"type": "string", "pattern": f"^({names})(,({names}))*$"}
    return _of("fields", zh, en, schema, ",".join(list(schemas.THINGS[thing].schema["properties"])[:2]))


_CURSOR = _of("cursor", "翻页位置：请照用答复中的 next", "Where the page begins: follow next of the answer.",
              {"type": "string", "maxLength": 2000}, None)  # fmt: skip
_LIMIT = _of("limit", f"每页多少项，1 至 {LIMIT}，默认 50", f"Items of a page, 1 to {LIMIT}; 50 if not said.",
             {"type": "integer", "minimum": 1, "maximum": LIMIT, "default": 50}, 50)  # fmt: skip
_AS_OF = _day("as_of", "看这一天当时的等级", "What held on this day.")
_KNOWN_AT = _of(
    "known_at", "只算此刻之前本站已发布的内容：带时区的时刻（RFC 3339）或登记条目编号",
    "Only what this site had published by then: a moment with its offset (RFC 3339), or the number of an entry.",
    {"type": "string", "pattern": r"^(\d{1,9}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))$"},
    "2024-12-31T08:00:00+08:00",
)  # fmt: skip
_PLACES = (
    _code("province", "省级行政区", "province", "500000"),
    _code("city", "地级行政区", "city", "500100"),
    _code("county", "县级行政区", "county", "500102"),
)
_INDUSTRY = _of("industry", "行业，包含其子行业；可以多个", "Industry with its parts. May be repeated.",
                {"type": "string", "maxLength": LONGEST_TEXT}, "水泥", repeats=True)  # fmt: skip
_GRADE = _any_of("grade", "等级", "Grade.", GRADES, "A")
_SCHEME = _any_of("scheme", "评级方案", "Scheme.", SCHEMES, SCHEMES[0])
_STAGE = _any_of("stage", "阶段：proposed 公示，decided 公告", "Stage: proposed or decided.", STAGES, "decided")
_UNLISTED = _flag("unlisted", "只要未再列入名单的", "Only those that the latest complete list no longer has.")
_BY_DAY = "按生效日期排列须同时指定 enterprise 或 notice", "By day only together with enterprise or notice."

OPERATIONS = (
    Operation(
        "/api/v1/enterprises", "enterprises", Words("企业列表", "Enterprises"),
        Words("检索、筛选、计数，与页面 /enterprises 相同。带 known_at 时给出当时所知的全部企业，只能按编号翻页。",
              "Search, filters and counts, as on the page /enterprises. With known_at: all enterprises as known then, by id."),
        (
            _of("q", "名称、曾用名、拼音、简称或信用代码中的字", "Part of a name, former name, its sound, or a credit code.",
                {"type": "string", "maxLength": TEXT_LENGTH}, "包装"),
            *_PLACES, _INDUSTRY, _GRADE,
            _any_of("overall", "总体等级", "Overall grade.", (*GRADES, "incomparable"), "A"),
            _SCHEME, _STAGE,
            _flag("excellence", "只要有 A+ 级单元的", "Only with a unit that holds A+."),
            _UNLISTED,
            _day("downgraded_since", "从这一天起降过级", "Downgraded on or after this day."),
            _of("near", "“纬度,经度”（WGS 84）附近", "Near latitude,longitude (WGS 84).",
                {"type": "string", "pattern": r"^-?\d{1,3}(\.\d{1,9})?,-?\d{1,3}(\.\d{1,9})?$"}, "29.70,107.39"),
            _of("radius_km", "离 near 多少公里以内，默认 50", "Kilometres around near; 50 if not said.",
                {"type": "number", "exclusiveMinimum": 0, "maximum": 500}, 20),
            _of("bbox", "“最小经度,最小纬度,最大经度,最大纬度”", "minLon,minLat,maxLon,maxLat.",
                {"type": "string", "pattern": r"^(-?\d{1,3}(\.\d{1,9})?,){3}-?\d{1,3}(\.\d{1,9})?$"}, "105.2,28.1,110.2,32.2"),
            _AS_OF, _KNOWN_AT,
            _sort(enterprises.SORTS, "排序；-effective_on 与 since 相同：最近决定的在前",
                  "Order; -effective_on is since: latest decision first."),
            _CURSOR, _LIMIT, _fields("Enterprise"),
        ),
        "Enterprise", True, "/api/v1/enterprises?province=500000&limit=1",
    ),
    Operation(
        "/api/v1/enterprises/{id}", "enterprise", Words("一家企业", "An enterprise"),
        Words("各单元的等级、推出的总体等级、全部变化经过和出处。已并入他家的编号答复 302。",
              "Grades of its units, derived overall grade, whole history, sources. The id of a merged enterprise answers 302."),
        (_id("id", "企业编号", "Id of the enterprise."), _AS_OF, _KNOWN_AT, _fields("EnterpriseWithHistory")),
        "EnterpriseWithHistory", False, "/api/v1/enterprises/2?as_of=2022-06-01",
    ),
    Operation(
        "/api/v1/units", "units", Words("评级单元列表", "Graded units"),
        Words("等级按行业和生产线评定：每个单元现在、或某一天的等级。",
              "Grades are given by industry and production line: what each unit holds now, or held on a day."),
        (
            _ids("enterprise", "企业编号", "Id of the enterprise."), _ids("notice", "依据的公告", "The notice it rests on."),
            *_PLACES, _INDUSTRY, _GRADE, _SCHEME, _STAGE, _UNLISTED, _AS_OF,
            _sort(listings.UNIT_SORTS, f"排序；{_BY_DAY[0]}", f"Order. {_BY_DAY[1]}"), _CURSOR, _LIMIT, _fields("Unit"),
        ),
        "Unit", True, "/api/v1/units?grade=A&limit=1",
    ),
    Operation(
        "/api/v1/entries", "entries", Words("登记条目", "Entries of the register"),
        Words("登记本身：按发布先后，原样。编号没有空缺，条目永不改变，更正也是新的条目。",
              "The register itself, in the order of publication, as it was appended. Numbers have no gaps, entries never change; "
              "a correction is a further entry."),
        (
            _any_of("kind", "条目的种类", "Kind of the entry.", register.KINDS, "downgraded"), _STAGE,
            _ids("enterprise", "企业编号", "Id of the enterprise."), _ids("notice", "公告编号", "Id of the notice."),
            _ids("unit", "评级单元编号", "Id of the unit."), _KNOWN_AT,
            _sort(listings.ENTRY_SORTS, f"排序；{_BY_DAY[0]}", f"Order. {_BY_DAY[1]}"), _CURSOR, _LIMIT, _fields("Entry"),
        ),
        "Entry", True, "/api/v1/entries?kind=downgraded&sort=-entry&limit=1",
    ),
    Operation(
        "/api/v1/entries/{number}", "entry", Words("一条登记", "An entry"), Words("按编号。", "By its number."),
        (_id("number", "条目编号", "Number of the entry."), _fields("Entry")),
        "Entry", False, "/api/v1/entries/3",
    ),
    Operation(
        "/api/v1/notices", "notices", Words("公示和公告列表", "Notices"),
        Words("最新的在前。", "Newest first."),
        (
            _code("division", "发布机关所在行政区划", "issuer", "500000"), _STAGE,
            _any_of("scope", "范围", "Scope.", SCOPES, "increment"), _SCHEME,
            _day("issued_since", "这一天及以后发布的", "Issued on or after this day."),
            _day("issued_until", "这一天及以前发布的", "Issued on or before this day.", "2024-12-31"),
            _sort(listings.NOTICE_SORTS, "排序", "Order."), _CURSOR, _LIMIT, _fields("Notice"),
        ),
        "Notice", True, "/api/v1/notices?limit=1",
    ),
    Operation(
        "/api/v1/notices/{id}", "notice", Words("一份公示或公告", "A notice"),
        Words("按更正后的样子，附原始文件的 SHA-256 和全部更正。", "As corrected, with the SHA-256 of its file and every amendment."),
        (_id("id", "公告编号", "Id of the notice."), _fields("WholeNotice")),
        "WholeNotice", False, "/api/v1/notices/1",
    ),
    Operation(
        "/api/v1/notices/{id}/rows", "rows", Words("公告中的决定", "What a notice decides"),
        Words("按原文顺序，按今天算数的样子。", "In the order of its file, as it counts today."),
        (_id("id", "公告编号", "Id of the notice."), _CURSOR, _LIMIT, _fields("Decision")),
        "Decision", True, "/api/v1/notices/1/rows?limit=1",
    ),
    Operation(
        "/api/v1/industries", "industries", Words("行业", "Industries"),
        Words("筛选所用的行业名。", "The industries that filters understand."),
        (_any_of("family", "国家或地方的方案", "National or local schemes.", ("national", "local"), "national"),
         _CURSOR, _LIMIT, _fields("Industry")),
        "Industry", True, "/api/v1/industries?limit=1",
    ),
    Operation(
        "/api/v1/places", "places", Words("行政区划", "Places"),
        Words("筛选所用的行政区划代码。", "The division codes that filters understand."),
        (_code("parent", "上一级", "level above", "500000"),
         _any_of("level", "级别", "Level.", ("province", "city", "county"), "city"), _CURSOR, _LIMIT, _fields("Place")),
        "Place", True, "/api/v1/places?parent=500100&limit=1",
    ),
    Operation(
        "/api/v1/places/{code}", "place", Words("一个行政区划", "A place"), Words("按代码。", "By its code."),
        (_of("code", "六位代码", "Code of six digits.", {"type": "string", "pattern": r"^\d{6}$"}, "500102", place="path"),
         _fields("Place")),
        "Place", False, "/api/v1/places/500102",
    ),
    Operation(
        "/api/v1/changes", "changes", Words("变更", "Changes"),
        Words("第 after 条以后发布的一切，按先后；以 next_after 再问，不会遗漏。从不删减。/data/changes 是同一份答复。",
              "All that was published after entry `after`, in order; asking again with next_after misses nothing. Never pruned. "
              "/data/changes gives the same."),
        (_of("after", "从这一条以后", "After this entry.",
             {"type": "integer", "minimum": 0, "maximum": 10**9 - 1, "default": 0}, 0), _LIMIT),
        "Change", True, "/api/v1/changes?after=2&limit=1",
    ),
    Operation(
        "/api/v1/versions", "versions", Words("开放数据的版本", "Versions of the open data"),
        Words("每个版本的文件、行数和 SHA-256，最新的在前。首次导出之前为空。",
              "Files, rows and SHA-256 of each version, newest first. Empty before the first export."),
        (_CURSOR, _LIMIT, _fields("Version")),
        "Version", True, "/api/v1/versions",
    ),
)  # fmt: skip
CHANGES_PATHS = ("/api/v1/changes", "/data/changes")
MOST = MOST_VALUES
