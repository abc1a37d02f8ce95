"""What a grade check takes and answers, member by member: the only address of the API that is asked by POST.

What this module knows that no other does: the shape of the questions, of each of the four answers, and which forms a list
may have. The OpenAPI document and the documentation page are made from it, as from `schemas` for the lists.
"""

from __future__ import annotations

from typing import Any

from public_site import evidence, questions
from public_site.web.api import schemas
from public_site.web.api.schemas import (
    GRADES,
    Schema,
    Words,
    choice,
    day,
    flag,
    maybe,
    members,
    moment,
    several,
    text,
    whole,
)

PATH = "/api/v1/checks"
ID = "checks"
JSON, CSV, JOSE = "application/json", "text/csv", "application/jose"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 200
TITLE = Words("批量核查等级", "Check a list of enterprises")
WORDS = Words(
    f"一次至多 {questions.MOST_QUESTIONS:,} 家：给出代码、名称或两者加所在地，得到每家企业在 as_of 那天的等级（只算到 known_at "
    "已公布的内容）和一份签名的回执。也可以直接发送 CSV 或 XLSX 名单，日期写在网址里；答复的形式由 Accept 决定，"
    "application/jose 只要回执。名单不保存。已有 2 份名单在核查时请稍候，见 503 的 Retry-After。",
    f"Up to {questions.MOST_QUESTIONS:,} at once: say a code, a name, or both with a place; each is answered with its grades on "
    "as_of (as far as known at known_at), and all of it with a signed receipt. Or send a CSV or XLSX list with the days in the "
    "URL; Accept chooses the form of the answer, application/jose being the receipt alone. The list is not kept. Two lists "
    "are answered at a time; beyond that 503 with Retry-After.",
)
_TEXT = {"type": ["string", "null"], "maxLength": LONGEST}
_AS_OF = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_KNOWN_AT = {
    "type": "string",
    "pattern": r"^(\d{1,9}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))$",
}
DAY = Words("查哪一天的等级；不写则为今天（中国时间）", "Grades of this day; today in China if not said.")
MOMENT = Words(
    "只算到此刻已公布的内容：带时区的时刻，或登记条目编号（取到那一条为止最后一次完整的发布）；不写则为现在",
    "Only what was published by then: a moment with its offset, or the number of an entry (the last whole publication up to "
    "it); now if not said.",
)
PARAMETERS = (("as_of", DAY, _AS_OF, "2024-01-01"), ("known_at", MOMENT, _KNOWN_AT, "2024-12-31T08:00:00+08:00"))
QUESTIONS: Schema = {
    "type": "object",
    "description": Words("名单", "The list."),
    "properties": {
        "as_of": _AS_OF | {"description": DAY},
        "known_at": _KNOWN_AT | {"description": MOMENT},
        "queries": {
            "type": "object",
            "description": Words("您的编号 → 企业", "Your reference → the enterprise."),
            "minProperties": 1,
            "maxProperties": questions.MOST_QUESTIONS,
            "propertyNames": {"maxLength": LONGEST},
            "additionalProperties": {
                "type": "object",
                "description": Words("一家企业", "An enterprise."),
                "properties": {
                    "code": _TEXT | {"description": Words("统一社会信用代码", "Unified social credit code.")},
                    "name": _TEXT | {"description": Words("名称", "Name.")},
                    "region": _TEXT
                    | {"description": Words("所在地，例如 重庆市涪陵区", "Place, as in a Chinese address.")},
                },
                "additionalProperties": False,
            },
        },
    },
    "required": ["queries"],
    "additionalProperties": False,
}
EXAMPLE = {
    "as_of": "2024-01-01",
    "queries": {"1": {"code": "91130200699229617X"}, "2": {"name": "演示丙家具有限公司", "region": "重庆市涪陵区"}},
}
_CODE = maybe(text("统一社会信用代码", "Credit code."))
_CANDIDATE = members(
    "可能是它，请自行核对", "It may be meant; for you to decide.",
    id=whole("企业编号", "Id of the enterprise."), name=text("名称", "Name."), credit_code=_CODE,
    place=maybe(text("行政区划代码", "Division code.")),
)  # fmt: skip
_DIVISION = maybe(text("行政区划代码", "Division code."))
_PROPOSAL = maybe(members(
    "公示拟定、尚未见结果的等级", "A proposed grade on which nothing has followed yet.",
    grade=maybe(choice("等级", "The grade.", *GRADES)), scheme=maybe(text("评级方案", "The scheme.")),
    since=maybe(day("公示日期", "Day of the proposal.")), entry=whole("登记条目", "Its entry."),
    notice_id=maybe(whole("公告编号", "Its notice.")),
))  # fmt: skip
_UNIT = members(
    "评级单元在那一天的等级", "What a graded unit held on that day.",
    **{name: member for name, member in schemas.UNIT["properties"].items() if name != "proposal"},
    entry=maybe(whole("依据的登记条目", "The entry it rests on.")),
    downgraded_on=maybe(day("最近一次降级", "Last downgrade.")),
    proposal=_PROPOSAL,
)  # fmt: skip
_DECISION = members(
    "到那一天为止的一次决定", "A decision up to that day.",
    entry=whole("登记条目", "Its entry."),
    unit=whole("评级单元", "The unit."),
    **{name: schemas.DECISION["properties"][name] for name in (
        "kind", "stage", "grade", "previous_grade", "industry", "line", "effective_on", "managed_as", "managed_until",
        "sheet", "row", "cites", "mended_by", "withdrawn", "notice_id")},
    scheme=maybe(text("评级方案", "The scheme.")),
    published_at=moment("本站发布的时刻（UTC）", "When this site published it (UTC)."),
)  # fmt: skip
_CORRECTION = members(
    "一次更正", "A correction.",
    entry=whole("登记条目", "Its entry."), kind=schemas.KIND,
    published_at=moment("发布的时刻（UTC）", "When it was published (UTC)."),
    reason=maybe(text("理由", "Why.")), mends=maybe(whole("它更正的条目", "The entry it acts on.")),
)  # fmt: skip
_ENTERPRISE = members(
    "查到的企业，和它在那一天的等级", "The enterprise that is meant, with its grades on that day.",
    **{name: schemas.ENTERPRISE["properties"][name] for name in (
        "id", "name", "former_names", "credit_code", "zone", "overall_grade", "overall_reason", "excellence", "url")},
    province=_DIVISION, city=_DIVISION, county=_DIVISION,
    since=maybe(day("等级自何日起", "Since when.")),
    last_downgrade=maybe(day("最近一次降级", "Last downgrade.")),
    no_longer_listed=flag("有单元不在最新完整名单中", "Whether the latest complete list lacks a unit of it."),
    units=several("各评级单元", "Its graded units.", _UNIT),
    history=several("到那一天为止的决定，先后为序", "Decisions up to that day, oldest first.", _DECISION),
    corrections=several("全部更正", "Every amendment.", _CORRECTION),
)  # fmt: skip
ANSWER = members(
    "对一行的答复", "The answer to one row.",
    ref=text("您的编号", "Your reference."),
    asked=members("您写的", "What was asked.", code=_CODE, name=maybe(text("名称", "Name.")), region=maybe(text("所在地", "Place."))),
    status=choice(
        "match 已匹配，ambiguous 有疑问，no_public_record 未见公开记录（不等于 D 级），invalid 无法核查",
        "match; ambiguous: several may be meant, or code and name differ; no_public_record: nothing was published (not grade "
        "D); invalid: the row cannot be what it says.",
        *evidence.STATUSES),
    reason=text("理由", "Why."),
    candidates=several("可能是哪几家，绝不代选", "Who may be meant; never chosen.", _CANDIDATE),
    enterprise=maybe(_ENTERPRISE),
    same_as=maybe(text("与哪一行是同一家企业", "The row that means the same enterprise.")),
)  # fmt: skip
_NOTICE = members(
    "依据的公告", "A notice behind the answers.",
    id=whole("公告编号", "Its id."),
    **{name: schemas.NOTICE["properties"][name] for name in ("stage", "title", "issuer", "number", "issued_on")},
    url=maybe(text("官方网页", "Official page.")), sha256=schemas.WHOLE_NOTICE["properties"]["sha256"],
)  # fmt: skip
ANSWERS = members(
    "对名单的答复", "The answers to a list.",
    responses={"type": "object", "description": Words("您的编号 → 答复", "Your reference → the answer."),
               "additionalProperties": ANSWER},
    as_of=day("哪一天的等级", "The day."),
    known_at=moment("所知截至", "As far as was known at."),
    entry=whole("登记截至第几条", "The entry N that this is as of."),
    notices={"type": "object", "description": Words("公告编号 → 公告", "Id → notice."), "additionalProperties": _NOTICE},
    limits=text("请注意", "What this is not."),
    receipt=text("签名的回执（JWS），请保存；/verify 说明怎样核对", "The signed receipt (JWS); /verify tells how to check it."),
)  # fmt: skip


def operation(statuses: dict[str, Any], example: Any) -> dict[str, Any]:
    """The operation as OpenAPI says it. `statuses`: the errors it may answer."""
    files: dict[str, Any] = {
        CSV: {"schema": {"type": "string"}},
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    }
    answered = {
        JSON: {"schema": {"$ref": "#/components/schemas/Checks"}, "example": example},
        **files,
        JOSE: {"schema": {"type": "string"}},
    }
    return {
        "operationId": ID,
        "summary": TITLE,
        "description": WORDS,
        "parameters": [
            {"name": name, "in": "query", "description": words, "schema": schema, "example": shown}
            for name, words, schema, shown in PARAMETERS
        ],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Queries"}, "example": EXAMPLE}, **files},
        },
        "responses": {"200": {"description": TITLE, "content": answered}, **statuses},
    }
