"""The one list: which tables are published, and of each field its name, titles, type, unit, meaning and constraints.

What this module knows that no other does: everything that describes the data (headers, schemas, the dictionary, the
metadata files) is generated from here. To add a field, add it here and its expression in `staging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from public_site import grades, register

# `list` and `object` are JSON values in JSON formats; in CSV a list is joined by semicolons, an object is JSON text.
Type = Literal["integer", "number", "string", "boolean", "date", "datetime", "list", "object"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column: `values` are all it may hold, `refers_to` (table, field) is where its value is found again."""

    name: str
    zh: str
    en: str
    type: Type
    meaning: str
    unit: str = ""
    required: bool = False
    values: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    refers_to: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A dataset: its rows are in the order of `key`. `append_only`: a row that was published never changes."""

    name: str
    zh: str
    en: str
    meaning: str
    key: str
    fields: tuple[Field, ...]
    append_only: bool = False
    has_point: bool = False

    @property
    def key_field(self) -> Field:
        return next(f for f in self.fields if f.name == self.key)


_GRADES: Final = tuple(g.label for g in grades.grades())
_SCHEMES: Final = tuple(s.id for s in grades.schemes())
_STAGES: Final = ("proposed", "decided")
_CODE: Final = "^[0-9]{6}$"


def _id(name: str, zh: str, en: str, meaning: str, *, refers_to: str = "", required: bool = False) -> Field:
    refers = (refers_to, "number" if refers_to == "entries" else "id") if refers_to else None
    return Field(name, zh, en, "integer", meaning, required=required, minimum=1, refers_to=refers)


def _grade(name: str, zh: str, en: str, meaning: str) -> Field:
    return Field(name, zh, en, "string", meaning, values=_GRADES)


def _code(name: str, zh: str, en: str) -> tuple[Field, Field]:
    return (
        Field(f"{name}_code", f"{zh}代码", f"{en} code", "string", f"{zh}的行政区划代码，六位数字", pattern=_CODE),
        Field(name, zh, en, "string", f"{zh}的名称"),
    )


ENTERPRISES: Final = Table(
    "enterprises", "企业", "Enterprises",
    "登记中的每一家企业一行：名称、所在地、坐标和由各评级单元推出的总体等级。被合并的企业不在其中，其编号指向合并后的企业。",
    "id",
    (
        _id("id", "企业编号", "Enterprise id", "本站企业编号，永不改变，也不再用", required=True),
        Field("name", "名称", "Name", "string", "现用名称，以公告为准", required=True),
        Field("former_names", "曾用名", "Former names", "list", "曾用名，先旧后新；CSV 中以分号分隔"),
        Field("credit_code", "统一社会信用代码", "Unified social credit code", "string", "公告未写明则为空",
              pattern="^[0-9A-Z]{18}$"),
        *_code("province", "省级行政区", "Province"),
        *_code("city", "地级行政区", "City"),
        *_code("county", "县级行政区", "County"),
        Field("zone", "园区", "Zone", "string", "没有行政区划代码的园区、新区"),
        Field("lat", "纬度", "Latitude", "number", "WGS 84 坐标系的纬度", "度", minimum=-90, maximum=90),
        Field("lon", "经度", "Longitude", "number", "WGS 84 坐标系的经度", "度", minimum=-180, maximum=180),
        _grade("overall_grade", "总体等级", "Overall grade", "由已确定且仍列入的单元推出（取最低）；不可比或没有时为空"),
        Field("overall_reason", "总体等级的由来", "Reason of the overall grade", "string",
              "only_unit 唯一单元，lowest_of_units 取最低，not_comparable 不可比，no_grade 没有", required=True,
              values=("only_unit", "lowest_of_units", "not_comparable", "no_grade")),
        Field("excellence", "是否 A+", "Excellence", "boolean", "有单元为 A+（卓越级）", required=True),
        Field("since", "自何日起", "Since", "date", "各单元现有等级中最近一个自何日起"),
        Field("downgraded_on", "最近降级日", "Latest downgrade", "date", "最近一次被降级的日期"),
        _id("entry", "最近条目", "Latest entry", "最近一条涉及该企业的登记条目", required=True),
    ),
    has_point=True,
)  # fmt: skip
UNITS: Final = Table(
    "units", "评级单元", "Graded units",
    "一家企业可有几个厂区、行业或生产线，各自评级；每个评级单元一行。",
    "id",
    (
        _id("id", "单元编号", "Unit id", "评级单元编号，永不改变", required=True),
        _id("enterprise_id", "企业编号", "Enterprise id", "所属企业", refers_to="enterprises", required=True),
        Field("site", "厂区", "Site", "string", "公告写明的厂区"),
        Field("industry", "行业", "Industry", "string", "公告写明的行业；细分写作 陶瓷/建筑陶瓷"),
        Field("line", "生产线", "Line", "string", "公告写明的生产线或工序"),
    ),
)  # fmt: skip
_PROPOSAL: Final = (
    _grade("proposed_grade", "拟定等级", "Proposed grade", "公示拟定、尚未见结果的等级；不是已确定的等级"),
    Field("proposed_scheme", "拟定依据", "Proposed scheme", "string", "拟定等级所依的标准", values=_SCHEMES),
    Field("proposed_since", "公示日", "Proposed on", "date", "公示的日期"),
    _id("proposed_entry", "公示条目", "Entry of the proposal", "公示该等级的登记条目", refers_to="entries"),
    _id("proposed_notice_id", "公示", "Notice of the proposal", "公示该等级的文件", refers_to="notices"),
)
GRADES: Final = Table(
    "grades", "现有等级", "Grades held now",
    "每个评级单元现在持有的等级，附企业名称和行业，可直接使用。没有记录不等于 D 级。",
    "unit_id",
    (
        Field("unit_id", "单元编号", "Unit id", "integer", "评级单元", required=True, minimum=1,
              refers_to=("units", "id")),
        _id("enterprise_id", "企业编号", "Enterprise id", "所属企业", refers_to="enterprises", required=True),
        Field("enterprise", "企业名称", "Enterprise name", "string", "所属企业的现用名称", required=True),
        Field("industry", "行业", "Industry", "string", "公告写明的行业"),
        _grade("grade", "等级", "Grade", "已确定的等级；只公示过的单元为空，见“拟定等级”"),
        Field("scheme", "评级依据", "Scheme", "string", "national-2020、national-2026 国家标准的两版，local 地方标准",
              values=_SCHEMES),
        Field("stage", "阶段", "Stage", "string", "decided 已确定，proposed 只公示过", required=True, values=_STAGES),
        Field("since", "自何日起", "Since", "date", "现有等级自何日起"),
        Field("listed", "是否仍列入", "Still listed", "boolean", "否：最近的完整名单不再列入", required=True),
        Field("managed_as", "参照管理", "Managed as", "string", "重污染天气时参照哪一级管理", values=_GRADES),
        Field("managed_until", "参照管理至", "Managed until", "date", "参照管理的最后一天"),
        Field("downgraded_on", "最近降级日", "Latest downgrade", "date", "最近一次被降级的日期"),
        _id("entry", "登记条目", "Entry", "确定该等级的登记条目", refers_to="entries"),
        _id("notice_id", "公告", "Notice", "确定该等级的公告", refers_to="notices"),
        *_PROPOSAL,
    ),
)  # fmt: skip
ENTRIES: Final = Table(
    "entries", "登记条目", "Register entries",
    "整部登记：只增不改，更正和撤回也是新条目。由每一行可以重新算出它在校验树中的哈希，与校验点核对。",
    "number",
    (
        Field("number", "条目号", "Number", "integer", "从 1 起连续", required=True, minimum=1),
        Field("kind", "种类", "Kind", "string", "条目的种类，见 README", required=True, values=register.KINDS),
        Field("stage", "阶段", "Stage", "string", "proposed 公示，decided 确定", values=_STAGES),
        _id("notice_id", "公告", "Notice", "出自哪份公告", refers_to="notices"),
        _id("enterprise_id", "企业编号", "Enterprise id", "当时所属的企业（后来可能被合并）"),
        _id("unit_id", "单元编号", "Unit id", "当时所属的评级单元"),
        Field("effective_on", "生效日", "Effective on", "date", "自何日起算"),
        Field("published_at", "发布时刻", "Published at", "datetime", "本站发布的时刻（UTC）", required=True),
        Field("sheet", "工作表", "Sheet", "string", "在原始文件的哪张工作表"),
        Field("row", "行号", "Row", "integer", "在原始文件的哪一行", minimum=0),
        Field("data", "内容", "Content", "object", "条目的内容，规范 JSON（RFC 8785）", required=True),
    ),
    append_only=True,
)  # fmt: skip
NOTICES: Final = Table(
    "notices", "公告", "Notices",
    "等级的出处：已发布的公示和公告，附原始文件的 SHA-256。",
    "id",
    (
        _id("id", "公告编号", "Notice id", "本站公告编号，永不改变", required=True),
        Field("title", "标题", "Title", "string", "公告的标题", required=True),
        Field("issuer", "发布机关", "Issuer", "string", "发布公告的机关", required=True),
        Field("division_code", "机关所在区划代码", "Division code of the issuer", "string", "发布机关的行政区划代码",
              pattern=_CODE),
        Field("division", "机关所在区划", "Division of the issuer", "string", "发布机关的行政区划"),
        Field("number", "文号", "Document number", "string", "公告的文号"),
        Field("index_number", "索引号", "Index number", "string", "政府信息公开索引号"),
        Field("issued_on", "成文日期", "Issued on", "date", "公告的成文日期", required=True),
        Field("published_at", "登记时刻", "Registered at", "datetime", "本站登记的时刻（UTC）", required=True),
        Field("stage", "阶段", "Stage", "string", "proposed 公示，decided 公告", required=True, values=_STAGES),
        Field("scope", "范围", "Scope", "string", "snapshot 完整名单，increment 新增，single 单家，mixed 混合",
              required=True, values=("snapshot", "increment", "single", "mixed")),
        Field("scheme", "评级依据", "Scheme", "string", "公告所依的标准", required=True, values=_SCHEMES),
        Field("objection_until", "异议截止日", "Objections until", "date", "公示期的最后一天"),
        Field("url", "网址", "Address", "string", "公告在发布机关网站的网址"),
        Field("file_name", "文件名", "File name", "string", "原始文件的名称", required=True),
        Field("bytes", "文件大小", "Size", "integer", "原始文件的大小", "字节", required=True, minimum=0),
        Field("sha256", "SHA-256", "SHA-256", "string", "原始文件的指纹", required=True, pattern="^[0-9a-f]{64}$"),
        Field("decisions", "决定数", "Decisions", "integer", "登记了多少条决定", "条", required=True, minimum=0),
        Field("downgrades", "降级数", "Downgrades", "integer", "其中降级多少条", "条", required=True, minimum=0),
        _id("mended_by", "更正条目", "Mended by", "更正或撤回它的最近条目", refers_to="entries"),
        Field("withdrawn", "是否撤回", "Withdrawn", "boolean", "是否已被撤回", required=True),
    ),
)  # fmt: skip
INDUSTRIES: Final = Table(
    "industries", "行业", "Industries",
    "分级管理的重点行业及细分。",
    "id",
    (
        Field("id", "行业", "Industry", "string", "行业名称；细分写作 陶瓷/建筑陶瓷；地方标准的行业前有 local:",
              required=True),
        Field("name", "名称", "Name", "string", "units 和 grades 表中的写法", required=True),
        Field("parent", "大类", "Main industry", "string", "所属行业", required=True),
        Field("family", "标准", "Family of schemes", "string", "national 国家标准，local 地方标准", required=True,
              values=("national", "local")),
        Field("levels", "可用等级", "Levels", "list", "标准为该行业设了哪些等级；标准未载则为空"),
        Field("source", "出处", "Source", "string", "依据"),
    ),
)  # fmt: skip
PLACES: Final = Table(
    "places", "行政区划", "Places",
    "省、市、县三级行政区划的代码和名称。",
    "code",
    (
        Field("code", "代码", "Code", "string", "行政区划代码，六位数字", required=True, pattern=_CODE),
        Field("name", "名称", "Name", "string", "行政区划名称", required=True),
        Field("level", "级别", "Level", "string", "province 省级，city 地级，county 县级", required=True,
              values=("province", "city", "county")),
        Field("parent_code", "上级代码", "Parent code", "string", "上一级区划的代码；省级为空", pattern=_CODE,
              refers_to=("places", "code")),
    ),
)  # fmt: skip
COMPLAINT_STATISTICS: Final = Table(
    "complaint_statistics", "投诉统计", "Complaint statistics",
    "各县每季度收到多少件污染举报，按类别；少于五件的和能推算出来的不列。同一件可以有几个类别。",
    "id",
    (
        Field("id", "编号", "Id", "string", "季度-行政区划代码-类别；全国写作 CN", required=True),
        Field("quarter", "季度", "Quarter", "string", "收到的季度，如 2026Q1", required=True, pattern="^[0-9]{4}Q[1-4]$"),
        Field("place_code", "行政区划代码", "Place code", "string", "县级区划；空为全国", pattern=_CODE,
              refers_to=("places", "code")),
        Field("place", "地方", "Place", "string", "区划的名称；空为全国"),
        Field("category", "类别", "Category", "string", "举报的类别，如 odour 恶臭、异味", required=True),
        Field("complaints", "件数", "Complaints", "integer", "收到多少件，后来撤回或删除的也算", "件", required=True, minimum=5),
        Field("closed_on", "统计日", "Closed on", "date", "统计的日期；此后不再改变", required=True),
    ),
)  # fmt: skip
TABLES: Final = (ENTERPRISES, GRADES, UNITS, NOTICES, ENTRIES, INDUSTRIES, PLACES, COMPLAINT_STATISTICS)
