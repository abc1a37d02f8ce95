"""From a fault to what the caller sees: one table, and two forms of the same answer.

What this module knows that no other does: which kind of fault is which HTTP status, and whether the caller wants a page
or RFC 9457 problem+json. An answer to an error never repeats a value that came in: not in the page, not in the JSON.
"""

from __future__ import annotations

import uuid
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from public_site import languages
from public_site.faults import Fault, NotAllowed, NotFound, NotReady, NotValid
from public_site.languages import N_, _
from public_site.search import CursorNotValid, QueryNotValid
from public_site.throttling import TooFast
from public_site.web import caching, georeport, pages
from public_site.web.parameters import ParametersRefused, UrlNotValid

_log = structlog.get_logger()
_DATA = (".json", ".csv", ".xlsx", ".geojson", ".atom", ".rss")

# What a URL says wrongly is 400; what a form says wrongly is 422.
STATUS: dict[type[Fault], int] = {
    UrlNotValid: 400,
    QueryNotValid: 400,
    NotFound: 404,
    NotAllowed: 403,
    NotValid: 422,
    TooFast: 429,
    NotReady: 503,
    Fault: 500,
}

# status: (what happened, what one can do)
SAID: dict[int, tuple[str, str]] = {
    400: (N_("网址有误"), N_("请检查网址，或者从搜索重新开始。网址太长时，请减少筛选条件。")),
    403: (N_("不允许这样做"), N_("您没有这样做的权限。")),
    404: (N_("没有找到这一页"), N_("网址可能写错了，或者这里从来没有过内容。本站公布过的内容不会删除，也不会换地址。")),
    405: (N_("这里不接受这种请求"), N_("这个网址只能查看。")),
    413: (N_("内容太大"), N_("发送的内容超过了本页的上限。")),
    422: (N_("填写的内容有误"), N_("请按提示修改后再试。")),
    429: (N_("请求太频繁"), N_("请稍等片刻再试。")),
    500: (N_("服务出了差错"), N_("这是我们的问题，不是您的。登记数据不受影响，请稍后再试。")),
    503: (N_("暂时无法给出可靠的回答"), N_("数据正在更新或维护，请稍后再试。我们宁可不答，也不给出可能过时的等级。")),
}


def install(app: FastAPI) -> None:
    """Give every fault and every stray exception its answer."""
    app.exception_handler(caching.NotModified)(caching.not_modified)
    app.exception_handler(Fault)(_fault)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(OperationalError)(_away)
    app.exception_handler(Exception)(_crash)


def refusal(request: Request, status: int, detail: str = "", problems: tuple[tuple[str, str], ...] = ()) -> Response:
    """The answer to an error: a page for people, problem+json for programs. `problems`: (parameter, sentence)."""
    title, remedy = map(_, SAID.get(status, (HTTPStatus(status).phrase, "")))
    if request.url.path.startswith(georeport.PREFIX):
        return georeport.refusal(request.url.path, status, detail or title)
    occurrence = uuid.uuid4().urn
    response: Response
    if wants_json(request):
        body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail or remedy,
            "instance": occurrence,
            "errors": [{"pointer": f"/query/{name}", "detail": message} for name, message in problems],
        }
        response = JSONResponse(body, status, media_type="application/problem+json")
        response.headers["Content-Language"] = languages.TAGS[languages.current()]
        if is_data(request.url.path):  # a page of another site may read what was wrong
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    else:
        response = pages.plain(
            request, "errors/error.html", status=status, heading=title, detail=detail, remedy=remedy, problems=problems
        )
    response.headers["X-Request-ID"] = occurrence.removeprefix("urn:uuid:")
    if status in (429, 503):
        response.headers["Retry-After"] = "10"
    return response


def is_api(path: str) -> bool:
    """Whether this is an address of the API, whose answers are counted."""
    return path.startswith(("/api/", "/en/api/")) or path == "/data/changes"


def is_data(path: str) -> bool:
    """Whether programs are meant to read this address, from any site."""
    return is_api(path) or path.startswith("/log/") or path.endswith(_DATA)


def wants_json(request: Request) -> bool:
    """A data URL, the API, or a caller that asks for JSON rather than for a page."""
    path = request.url.path
    if is_data(path) or path.startswith(("/readyz", "/healthz")):
        return True
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def status_of(fault: Fault) -> int:
    """The HTTP status of a fault: that of its nearest kind."""
    return next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)


def problems(fault: Fault) -> tuple[tuple[str, str], ...]:
    """The parameters that a fault names, each with what is wrong with it."""
    if isinstance(fault, ParametersRefused):
        return tuple((problem.name, problem.message) for problem in fault.problems)
    return (("cursor", str(fault)),) if isinstance(fault, CursorNotValid) else ()


def _fault(request: Request, fault: Fault) -> Response:
    return refusal(request, status_of(fault), str(fault), problems(fault))


def _http(request: Request, fault: HTTPException) -> Response:
    response = refusal(request, fault.status_code)
    for name, value in (fault.headers or {}).items():
        response.headers[name] = value
    return response


def _invalid(request: Request, fault: RequestValidationError) -> Response:
    places = (tuple(str(step) for step in error["loc"]) for error in fault.errors())
    return refusal(request, 422, problems=tuple((place[-1], _("不是这里要求的形式")) for place in places if place))


def _away(request: Request, fault: OperationalError) -> Response:
    """The database does not answer: not our mistake in this request, and worth asking again."""
    response = refusal(request, 503)
    _log.error("the database does not answer", exc_info=fault)
    return response


def _crash(request: Request, fault: Exception) -> Response:
    response = refusal(request, 500)
    # The number is what the visitor was shown; the fault is told without its words and values.
    _log.error("request not answered", occurrence=response.headers["X-Request-ID"], exc_info=fault)
    return response
