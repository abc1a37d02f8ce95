"""`/api`: the page that explains the API, and its OpenAPI 3.1 document, both written from `operations` and `schemas`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

import public_site
from public_site import languages
from public_site.web import answers, doors, pages
from public_site.web.api import check_schemas, operations, schemas
from public_site.web.api.operations import OPERATIONS, Operation, Parameter
from public_site.web.api.schemas import THINGS, Schema, Words, in_language

routes = APIRouter(dependencies=[doors.parameters()])
TEMPLATE = "api/api.html"
_INTRODUCTION = Words(
    "中国重点行业企业大气环境绩效等级的公开登记。无需登记或密钥。每一个答复都由登记的最新条目编号 N（entry）和网址决定。",
    "The public register of the air-environment performance grades of China's key-industry enterprises. No key is needed. "
    "Every answer is a function of the register's latest entry number N (entry) and the URL.",
)
_PROBLEMS = {
    400: Words(
        "网址有误：不认识的参数，或者不能理解的值",
        "The URL is wrong: an unknown parameter, or a value that cannot be meant.",
    ),
    404: Words("没有这一项", "There is no such thing."),
    405: Words("这个网址不接受这种请求", "This address does not take this method."),
    413: Words("内容太大", "The request is too large."),
    422: Words("发送的内容不能理解", "The body cannot be understood."),
    429: Words("请求太频繁，见 Retry-After", "Too many requests; see Retry-After."),
    500: Words("服务出了差错", "The service failed."),
    503: Words("暂时不能给出可靠的答复，见 Retry-After", "No truthful answer can be given right now; see Retry-After."),
}
_HEADERS: dict[str, Schema] = {
    "ETag": schemas.text("强校验，由 N 和网址得出", "Strong validator, made of N and the URL."),
    "Cache-Control": schemas.text("可以保存一分钟", "May be kept for a minute."),
    "RateLimit": schemas.text("还可以请求多少次", "How many requests are left."),
    "RateLimit-Policy": schemas.text("请求次数的上限", "The limit of requests."),
    "X-Request-ID": schemas.text("这一次请求的编号", "Id of this request."),
    "Link": schemas.text("下一页，rel=next", "The next page, rel=next."),
}


@routes.get("/api")
def page(request: Request, snapshot: doors.Reader) -> Response:
    """The documentation."""
    return _page(request, snapshot, languages.current())


@routes.get("/api/openapi.json")
def openapi(request: Request, snapshot: doors.Reader) -> Response:
    """The OpenAPI document in the language of the URL."""
    return answers.json(request, snapshot, document(languages.current()))


@cache
def examples() -> dict[str, Any]:
    """An answer of each operation, by its id."""
    told: dict[str, Any] = json.loads((files("public_site.web.api") / "examples.json").read_text(encoding="utf-8"))
    return told


@cache
def document(language: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    told = {
        "openapi": "3.1.0",
        "info": {
            "title": Words("明绩 API", "Mingji API"),
            "version": public_site.__version__,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {operation.path: {"get": _operation(operation)} for operation in OPERATIONS}
        | {path: {"get": _operation(_operation_of("changes"), path)} for path in operations.CHANGES_PATHS[1:]}
        | {check_schemas.PATH: {"post": check_schemas.operation(_errors(404, 422), examples()[check_schemas.ID])}},
        "components": {
            "schemas": _schemas(),
            "headers": {name: {"description": s["description"], "schema": s} for name, s in _HEADERS.items()},
            "responses": {_name(status): _problem(words) for status, words in _PROBLEMS.items()},
        },
    }
    found: dict[str, Any] = in_language(told, language)
    return found


def _operation_of(name: str) -> Operation:
    return next(operation for operation in OPERATIONS if operation.id == name)


def _operation(operation: Operation, path: str = "") -> dict[str, Any]:
    answered = {
        "description": operation.title,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
        "content": {"application/json": {"schema": _answer(operation), "example": examples()[operation.id]}},
    }
    return {
        "operationId": operation.id + ("_of_data" if path else ""),
        "summary": operation.title,
        "description": operation.words,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {
            "200": answered,
            **(
                {"302": {"description": Words("已并入他家", "Merged into another.")}}
                if operation.id == "enterprise"
                else {}
            ),
            "304": {"description": Words("您已有这份答复", "You have this answer already.")},
            **_errors(404),
        },
    }


def _errors(*more: int) -> dict[str, Any]:
    """The errors that any address may answer, and some of one's own."""
    statuses = sorted({400, 405, 413, 429, 500, 503, *more})
    return {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema
    if parameter.repeats:
        schema = {"type": "array", "items": schema, "maxItems": operations.MOST}
    told: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.words,
        "schema": schema,
    }
    if parameter.place == "path":
        told["required"] = True
    if parameter.repeats:
        told |= {"style": "form", "explode": True}
    if parameter.example is not None:
        told["example"] = [parameter.example] if parameter.repeats else parameter.example
    return told


def _answer(operation: Operation) -> Schema:
    if operation.id == "changes":
        return {"$ref": "#/components/schemas/Changes"}
    return {"$ref": f"#/components/schemas/{operation.thing}{'List' if operation.many else 'Answer'}"}


def _schemas() -> dict[str, Schema]:
    """Each thing whole, and the parts of it that `fields=` leaves; lists and single answers of both."""
    found: dict[str, Schema] = {"Problem": schemas.PROBLEM, "Changes": _changes(),
                                "Queries": check_schemas.QUESTIONS, "Checks": check_schemas.ANSWERS}  # fmt: skip
    for operation in OPERATIONS:
        thing = THINGS[operation.thing]
        found[thing.name] = thing.schema
        if operation.id == "changes":
            continue
        found[f"{thing.name}Part"] = thing.schema | {
            "description": Words("fields= 所要的字段", "The members that fields= asks for."),
            "required": [thing.key],
        }
        either = {"anyOf": [{"$ref": f"#/components/schemas/{thing.name}{part}"} for part in ("", "Part")]}
        if operation.many:
            found[f"{thing.name}List"] = _list(operation, either)
        else:
            found[f"{thing.name}Answer"] = either
    return found


def _list(operation: Operation, items: Schema) -> Schema:
    more: dict[str, Schema] = {}
    if operation.id == "enterprises":
        more = {
            "facets": schemas.FACETS,
            "approximate": schemas.flag(
                "没有完全符合的，给出的是读音或字形相近的", "Nothing fits exactly; these are alike."
            ),
            "limited": schemas.flag("索引暂不可用，只按名称查找", "The index is away: found by name only."),
        }
    return schemas.members(
        operation.title.zh,
        operation.title.en,
        total=schemas.whole("全部有多少项（确切）", "How many there are in all, exactly."),
        items=schemas.several("这一页", "This page.", items),
        **more,
        next=schemas.maybe(schemas.text("下一页的网址；null 为最后一页", "URL of the next page; null at the end.")),
        entry=schemas.whole("截至登记第几条", "The entry N that this is as of."),
    )


def _changes() -> Schema:
    return schemas.members(
        "变更", "Changes.",
        events=schemas.several("按登记先后", "In the order of the register.", {"$ref": "#/components/schemas/Change"}),
        next_after=schemas.whole("下一次从这一条以后问起", "Ask again after this entry."),
        entry=schemas.whole("登记的最新条目", "The register's latest entry."),
    )  # fmt: skip


def _name(status: int) -> str:
    return f"Problem{status}"


def _problem(words: Words) -> dict[str, Any]:
    return {
        "description": words,
        "headers": {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _page(request: Request, snapshot: doors.Snapshot, language: str) -> Response:
    return pages.page(
        request,
        snapshot,
        TEMPLATE,
        language=language,
        introduction=getattr(_INTRODUCTION, language),
        operations=OPERATIONS,
        things=in_language({name: thing.schema for name, thing in THINGS.items()}, language),
        problems=in_language(_PROBLEMS, language),
        example=_shown,
        kind=_kind,
        checks=check_schemas,
        asked=json.dumps(check_schemas.EXAMPLE, ensure_ascii=False),
        answers=in_language(check_schemas.ANSWERS, language),
    )


@cache
def _shown(operation_id: str) -> str:
    return json.dumps(examples()[operation_id], ensure_ascii=False, indent=2)


def _kind(schema: Schema) -> str:
    """The type of a member in a few characters: `string|null`, `array`."""
    found = schema["type"]
    return found if isinstance(found, str) else "|".join(found)
