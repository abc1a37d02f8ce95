"""What every answer of the API looks like, member by member: JSON Schema (2020-12) with words in both languages.

What this module knows that no other does: the meaning, type and possible values of each member that `web/shapes.py` writes.
The OpenAPI document, the documentation page and the check of `fields=` are all made from here, and tests hold the
answers to it. A description is a pair (Chinese, English) until a language is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from public_site import grades, register

Schema = dict[str, Any]


class Words(NamedTuple):
    """The same said in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Thing:
    """What the items of a list are: their name in the document, the member that is their id, all members."""

    name: str
    key: str
    schema: Schema

    @property
    def members(self) -> frozenset[str]:
        return frozenset(self.schema["properties"])


def text(zh: str, en: str, **more: Any) -> Schema:
    return {"type": "string", "description": Words(zh, en), **more}


def whole(zh: str, en: str, **more: Any) -> Schema:
    return {"type": "integer", "minimum": 0, "description": Words(zh, en), **more}


def flag(zh: str, en: str) -> Schema:
    return {"type": "boolean", "description": Words(zh, en)}


def day(zh: str, en: str) -> Schema:
    return text(zh, en, format="date", pattern=r"^\d{4}-\d{2}-\d{2}$")


def moment(zh: str, en: str) -> Schema:
    return text(zh, en, format="date-time")


def choice(zh: str, en: str, *among: str) -> Schema:
    return text(zh, en, enum=list(among))


def maybe(schema: Schema) -> Schema:
    """The same, or null where it is not known."""
    changed = schema | {"type": [schema["type"], "null"]}
    return changed | {"enum": [*schema["enum"], None]} if "enum" in schema else changed


def members(zh: str, en: str, **properties: Schema) -> Schema:
    """An object that has all of these members and no other."""
    return {
        "type": "object",
        "description": Words(zh, en),
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def several(zh: str, en: str, items: Schema) -> Schema:
    return {"type": "array", "description": Words(zh, en), "items": items}


def whatever(zh: str, en: str) -> Schema:
    return {"type": "object", "description": Words(zh, en), "additionalProperties": True}


GRADES = tuple(grade.label for grade in grades.grades())
SCHEMES = tuple(scheme.id for scheme in grades.schemes())
STAGES = ("proposed", "decided")
SCOPES = ("snapshot", "increment", "single", "mixed")
_GRADE = choice("等级", "The grade.", *GRADES)
_SCHEME = choice("评级方案", "The scheme it was given under.", *SCHEMES)
_STAGE = choice(
    "proposed 只有公示（拟定），decided 有公告（已定）",
    "proposed: only put up for objections; decided: final.",
    *STAGES,
)
_DIVISION = members(
    "行政区划", "A division of the country.",
    code=text("六位行政区划代码", "Division code of six digits.", pattern=r"^\d{6}$"),
    name=text("名称", "Its name."),
)  # fmt: skip
_SHA256 = text("原始文件的 SHA-256", "SHA-256 of the original file.", pattern="^[0-9a-f]{64}$")
_PATH = text("本站页面的路径", "Path of the page on this site.", pattern="^/")
_ENTRY = whole("截至登记第几条", "The entry number N that this answer is as of.")
_PUBLISHED = moment("本站发布的时刻（UTC）", "When this site published it (UTC).")
_FACTS = whatever("原来的内容（更正、更改时）", "What was said before (amendments).")
_NOW = whatever("现在的内容（更正、更改时）", "What is said instead (amendments).")
_REASON = maybe(text("理由", "Why it was amended."))
_REFERENCE = maybe(text("依据", "On what ground."))


def _at(zh: str, en: str) -> Schema:
    return maybe(_DIVISION | {"description": Words(zh, en)})


_PLACE = {
    "province": _at("省级行政区", "Province."),
    "city": _at("地级行政区", "Prefecture-level city."),
    "county": _at("县级行政区", "County or district."),
}
_WHOSE = members("所属企业", "Whose it is.", id=whole("企业编号", "Id of the enterprise."),
                 name=text("企业名称", "Its name."), **_PLACE)  # fmt: skip
_PROPOSAL = maybe(members(
    "公示拟定、尚未见结果的等级", "A grade that was proposed and on which nothing has followed yet.",
    grade=_GRADE, scheme=_SCHEME, since=day("公示日期", "Day of the proposal."),
    entry=whole("登记条目", "Its entry."), notice_id=whole("公告编号", "Its notice."),
))  # fmt: skip
_MANAGED = {
    "managed_as": maybe(choice("按此等级管理", "Managed as this grade.", *GRADES)),
    "managed_until": maybe(day("管理期限", "Until when.")),
}
UNIT = members(
    "评级单元：等级按行业和生产线评定", "A graded unit: grades are given by industry and production line.",
    id=whole("单元编号", "Id of the unit."),
    site=maybe(text("厂区", "Site.")),
    industry=maybe(text("行业；子行业写作 陶瓷/建筑陶瓷", "Industry; a part of one as 陶瓷/建筑陶瓷.")),
    line=maybe(text("生产线", "Production line.")),
    scheme=maybe(_SCHEME),
    scale=maybe(text("等级的尺度；不同尺度不能比较", "Scale of the grade; scales cannot be compared.")),
    grade=maybe(_GRADE),
    managed_as=_MANAGED["managed_as"],
    managed_until=_MANAGED["managed_until"],
    stage=_STAGE,
    since=maybe(day("自何日起", "Since when.")),
    notice_id=maybe(whole("依据的公告", "The notice it rests on.")),
    listed=flag("是否仍在最新完整名单中", "Whether the latest complete list still has it."),
    proposal=_PROPOSAL,
)  # fmt: skip
LISTED_UNIT = members(
    "评级单元及其企业", "A graded unit with whose it is.", **UNIT["properties"], enterprise=_WHOSE, url=_PATH
)
ENTERPRISE = members(
    "企业", "An enterprise.",
    id=whole("本站企业编号，永不改变", "Its id on this site; it never changes."),
    name=text("名称", "Name."),
    former_names=several("曾用名", "Former names.", text("曾用名", "A former name.")),
    credit_code=maybe(text("统一社会信用代码；公告未写明则为 null", "Unified social credit code; null where no notice has it.")),
    **_PLACE,
    zone=maybe(text("没有行政区划代码的园区、新区", "A zone without a code of its own.")),
    point=maybe(members("位置，WGS 84，度", "Place in degrees, WGS 84.",
                        lat={"type": "number", "minimum": -90, "maximum": 90, "description": Words("纬度", "Latitude.")},
                        lon={"type": "number", "minimum": -180, "maximum": 180, "description": Words("经度", "Longitude.")})),
    overall_grade=maybe(choice("推出的总体等级；不可比或没有时为 null", "Derived overall grade; null where there is none.", *GRADES)),
    overall_reason=choice(
        "总体等级的由来：唯一单元、取最低、不可比、没有", "How it was derived: the only unit, the lowest, not comparable, none.",
        "only_unit", "lowest_of_units", "not_comparable", "no_grade"),
    excellence=flag("是否有 A+ 级单元", "Whether a unit holds A+."),
    units=several("各评级单元", "Its graded units.", UNIT),
    url=_PATH,
)  # fmt: skip
_CITATION = maybe(members(
    "依据的公告，以及原文位置", "The notice behind it, and where in it.",
    id=whole("公告编号", "Id of the notice."), title=text("标题", "Title."), issuer=text("发布机关", "Issuer."),
    number=maybe(text("文号", "Document number.")), url=maybe(text("官方网页", "Official page.")), sha256=_SHA256,
    row=maybe(whole("原文行", "Row of the file.")), sheet=maybe(text("工作表", "Sheet.")),
))  # fmt: skip
KIND = choice("条目的种类", "What the entry does.", *register.KINDS)
_EVENT = members(
    "一次变化：一条登记", "An event: one entry of the register.",
    entry=whole("登记条目编号", "Number of the entry."),
    kind=KIND,
    stage=maybe(_STAGE),
    grade=maybe(_GRADE),
    previous_grade=maybe(choice("此前的等级", "The grade before.", *GRADES)),
    effective_on=maybe(day("生效日期", "Day from which it holds.")),
    published_at=_PUBLISHED,
    unit=maybe(whole("评级单元", "The unit.")),
    industry=maybe(text("行业", "Industry.")),
    line=maybe(text("生产线", "Production line.")),
    scheme=maybe(_SCHEME),
    **_MANAGED,
    mends=maybe(whole("它更正、撤销或收回的条目", "The entry it corrects, withdraws or takes back.")),
    mended_by=maybe(whole("更正或撤销它的条目", "The entry that mended it.")),
    withdrawn=flag("是否已撤销", "Whether it was withdrawn."),
    cites=maybe(whole("它重复公布的条目", "The entry it publishes a second time.")),
    undone=flag("是否已收回", "Whether it was taken back."),
    before=_FACTS,
    now=_NOW,
    moves=maybe(members("合并或拆分", "A merge or a split.",
                        **{"from": maybe(whole("自企业", "From enterprise.")), "to": whole("至企业", "To enterprise."),
                           "decisions": whole("移动的决定数", "How many decisions moved.")})),
    reason=_REASON,
    reference=_REFERENCE,
    name=maybe(text("登记的名称", "The name it registers.")),
    notice=_CITATION,
    cited_by=several("重复公布它的条目", "The entries that publish it again.", whole("条目", "An entry.")),
)  # fmt: skip
ENTERPRISE_WITH_HISTORY = members(
    "企业及其全部变化经过，最新的在前", "An enterprise with its whole history, newest first.",
    **ENTERPRISE["properties"],
    history=several("变化经过", "Its history.", _EVENT),
    as_of=maybe(day("哪一天的等级；null 为现在", "The day this tells of; null: the present.")),
    entry=_ENTRY,
)  # fmt: skip
_REGISTERED = {
    "stage": maybe(_STAGE),
    "notice_id": maybe(whole("公告编号", "Id of the notice.")),
    "enterprise_id": maybe(whole("企业编号", "Id of the enterprise.")),
}
ENTRY = members(
    "登记条目，原样，永不改变", "An entry of the register as it was appended; it never changes.",
    entry=whole("条目编号", "Its number."),
    kind=KIND,
    effective_on=maybe(day("生效日期", "Day from which it holds.")),
    published_at=_PUBLISHED,
    **_REGISTERED,
    unit_id=maybe(whole("评级单元编号", "Id of the unit.")),
    sheet=maybe(text("工作表", "Sheet of the notice's file.")),
    row=maybe(whole("原文行", "Row of the notice's file.")),
    data=whatever("条目的内容，依种类而定", "What it says, depending on its kind."),
)  # fmt: skip
CHANGE = members(
    "一项变更，供跟进登记的程序使用", "A change, for programs that follow the register.",
    entry=whole("条目编号", "Number of the entry."),
    op=choice("做了什么（条目的种类）", "What was done (the kind of the entry).", *register.KINDS),
    kind=choice("对什么", "To what.", "notice", "enterprise", "unit"),
    id=whole("其编号", "Its id."),
    published_at=_PUBLISHED,
    effective_on=maybe(day("生效日期", "Day from which it holds.")),
    **_REGISTERED,
    data=whatever("条目的内容，依种类而定", "What it says, depending on its kind."),
    url=_PATH,
)  # fmt: skip
NOTICE = members(
    "公示或公告", "A published notice.",
    id=whole("公告编号", "Its id."),
    title=text("标题", "Title."),
    issuer=text("发布机关", "Issuing authority."),
    division=_at("发布机关所在行政区划", "Division of the issuer."),
    number=maybe(text("文号", "Document number.")),
    issued_on=day("成文日期", "Day it was issued."),
    published_at=_PUBLISHED,
    stage=_STAGE,
    scope=choice("完整名单、新增、单个企业、新增与调整", "A complete list, additions, one enterprise, additions and changes.", *SCOPES),
    scheme=_SCHEME,
    decisions=whole("其中的决定数", "How many decisions count under it."),
    downgrades=whole("其中的降级数", "How many of them are downgrades."),
    mended_by=maybe(whole("更正或撤销它的条目", "The entry that mended it.")),
    withdrawn=flag("是否已撤销", "Whether it was withdrawn."),
    page=_PATH,
)  # fmt: skip
_AMENDMENT = members(
    "更正、撤销，或其收回", "A correction or withdrawal, or the taking back of one.",
    entry=whole("条目编号", "Its entry."), kind=KIND, published_at=_PUBLISHED, before=_FACTS, now=_NOW,
    mends=whole("它更正、撤销或收回的条目", "The entry it acts on."), undone=flag("是否已收回", "Whether it was taken back."),
    reason=_REASON, reference=_REFERENCE,
)  # fmt: skip
WHOLE_NOTICE = members(
    "公示或公告，及其原始文件", "A published notice with its original file.",
    **NOTICE["properties"],
    index_number=maybe(text("索引号", "Index number.")),
    cited=several("引用的文件", "Documents it cites.", text("文件", "A document.")),
    stated_counts=several("原文所述数目", "Counts that its text states.",
                          whatever("一项数目：label、grade、local、count", "A count: label, grade, local, count.")),
    objection_window=maybe(text("异议期原文", "Window for objections, as written.")),
    objection_until=maybe(day("异议期最后一天", "Last day of that window.")),
    supervised_by=maybe(text("查实有关投诉的机关，它们促成了其中的降级",
                             "Authorities that substantiated complaints which led to downgrades in it.")),
    url=maybe(text("官方网页", "Official page.")),
    file_name=text("原始文件名", "Name of the original file."),
    media_type=text("媒体类型", "Media type."),
    sha256=_SHA256,
    size=whole("字节数", "Bytes."),
    original=text("下载原始文件的路径", "Path of the original file.", pattern="^/"),
    amendments=several("更正与撤销，最新的在前", "Amendments, newest first.", _AMENDMENT),
)  # fmt: skip
DECISION = members(
    "公告中一行的决定，按今天算数的样子", "What a row of a notice decides, as it counts today.",
    entry=whole("登记条目", "Its entry."),
    enterprise=_WHOSE,
    unit_id=whole("评级单元编号", "Id of the unit."),
    site=maybe(text("厂区", "Site.")),
    industry=maybe(text("行业", "Industry.")),
    line=maybe(text("生产线", "Production line.")),
    scheme=_SCHEME,
    kind=KIND,
    stage=_STAGE,
    grade=maybe(_GRADE),
    previous_grade=maybe(choice("此前的等级", "The grade before.", *GRADES)),
    **_MANAGED,
    effective_on=day("生效日期", "Day from which it holds."),
    notice_id=whole("公告编号", "Id of the notice."),
    sheet=maybe(text("工作表", "Sheet.")),
    row=maybe(whole("原文行", "Row of the file.")),
    cites=maybe(whole("它重复公布的条目", "The entry it publishes a second time.")),
    mended_by=maybe(whole("更正或撤销它的条目", "The entry that mended it.")),
    withdrawn=flag("是否已撤销", "Whether it was withdrawn."),
    url=_PATH,
)  # fmt: skip
INDUSTRY = members(
    "行业", "An industry of the schemes.",
    id=text("行业名；子行业写作 陶瓷/建筑陶瓷，即筛选时所用", "Name as used in filters; a part of one as 陶瓷/建筑陶瓷."),
    name=text("名称", "Name."),
    parent=maybe(text("所属行业", "The industry it is part of.")),
    family=choice("国家或地方的方案", "National or local schemes.", "national", "local"),
    levels=maybe(several("方案规定的等级；未载明则为 null", "Grades the scheme foresees; null where not stated.", _GRADE)),
    source=text("出处", "Source."),
    url=_PATH,
)  # fmt: skip
PLACE = members(
    "行政区划", "A division of the country.",
    code=text("六位行政区划代码", "Division code of six digits.", pattern=r"^\d{6}$"),
    name=text("名称", "Name."),
    level=choice("级别", "Level.", "province", "city", "county"),
    parent=maybe(text("上一级代码", "Code of the level above.", pattern=r"^\d{6}$")),
    url=_PATH,
)  # fmt: skip
_FILE = members(
    "版本中的一个文件", "A file of a version.",
    name=text("文件名", "Name."),
    bytes=whole("字节数", "Bytes."),
    sha256=_SHA256 | {"description": Words("文件的 SHA-256", "SHA-256 of the file.")},
    rows=maybe(whole("行数", "Rows.")),
    url=text("下载路径", "Path to download it.", pattern="^/"),
)  # fmt: skip
VERSION = members(
    "开放数据的一个版本，永不改变", "A version of the open data; it never changes.",
    version=text("版本名", "Name of the version."),
    entry=whole("截至登记第几条", "The entry it is as of."),
    date=text("截至那一天（中国时间）", "The day in China that it is as of.", format="date"),
    published_at=text("第 entry 条登记的时刻", "The moment of that entry.", format="date-time"),
    thinned={"type": "boolean", "description": Words("旧版本，只留变化记录", "An old version of which only the delta is kept.")},
    files=several("文件", "Its files.", _FILE),
    url=_PATH,
)  # fmt: skip
PROBLEM = members(
    "错误（RFC 9457）", "A problem (RFC 9457).",
    type=text("错误类型的 URI", "URI of the type of problem."),
    title=text("发生了什么", "What happened."),
    status={"type": "integer", "minimum": 400, "maximum": 599, "description": Words("HTTP 状态码", "HTTP status.")},
    detail=text("详情，以及可以怎样做", "Details, and what to do."),
    instance=text("这一次的编号，与响应头 X-Request-ID 相同", "Id of this occurrence, as in the header X-Request-ID.", format="uri"),
    errors=several("有误的参数", "The parameters that are wrong.", members(
        "一处错误", "One of them.",
        pointer=text("哪一个参数（JSON Pointer）", "Which parameter (JSON Pointer).", pattern="^/"),
        detail=text("错在哪里", "What is wrong."),
    )),
)  # fmt: skip
_COUNT = members(
    "一个筛选值", "A value to narrow by.",
    value=text("值", "The value."), name=text("名称", "What it is called."), count=whole("企业数", "How many enterprises."),
    url=text("按它筛选的列表", "The list narrowed by it.", pattern="^/"),
)  # fmt: skip
FACETS = {
    "type": "object",
    "description": Words("各筛选条件的值和企业数", "Values to narrow by, with counts."),
    "additionalProperties": several("一个条件的值", "Values of one filter.", _COUNT),
}

THINGS = {
    thing.name: thing
    for thing in (
        Thing("Enterprise", "id", ENTERPRISE),
        Thing("EnterpriseWithHistory", "id", ENTERPRISE_WITH_HISTORY),
        Thing("Unit", "id", LISTED_UNIT),
        Thing("Entry", "entry", ENTRY),
        Thing("Notice", "id", NOTICE),
        Thing("WholeNotice", "id", WHOLE_NOTICE),
        Thing("Decision", "entry", DECISION),
        Thing("Industry", "id", INDUSTRY),
        Thing("Place", "code", PLACE),
        Thing("Change", "entry", CHANGE),
        Thing("Version", "version", VERSION),
    )
}


def in_language(value: Any, language: str) -> Any:
    """The same with every pair of words said in one language ("zh" or "en")."""
    if isinstance(value, Words):
        return getattr(value, language)
    if isinstance(value, dict):
        return {name: in_language(inner, language) for name, inner in value.items()}
    return [in_language(inner, language) for inner in value] if isinstance(value, (list, tuple)) else value
