"""`POST /api/v1/checks`: grades for a list as of a day, in one call; nothing of it is kept.

JSON in, JSON out: `{as_of, known_at?, queries: {ref: {code, name, region}}}` → `{responses: {ref: …}, receipt, …}`. Or a list
as it is (CSV, XLSX) with `?as_of=&known_at=`, answered beside the caller's own columns in the form that `Accept` names;
`application/jose` is the receipt alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from public_site import answer_tables, questions, receipts
from public_site.faults import NotValid
from public_site.languages import _
from public_site.questions import Asked, Question
from public_site.web import doors, pages
from public_site.web.api.check_schemas import CSV, JOSE, JSON, LONGEST, PARAMETERS, PATH, XLSX
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

__all__ = ["LARGEST", "PATH", "routes"]
routes = APIRouter()
LARGEST = 10 << 20
_RUN = 500
NAMES = tuple(name for name, *_ in PARAMETERS)
_LISTS = {CSV: "list.csv", XLSX: "list.xlsx"}


class BodyNotValid(NotValid):
    """The body is not what this address takes."""


async def _body(request: Request) -> bytes:
    return await request.body()


@routes.post(PATH, max_body_size=LARGEST)
def check(
    request: Request,
    site: doors.TheSite,
    parameters: Annotated[Parameters, doors.parameters(*NAMES)],
    body: Annotated[bytes, Depends(_body)],
    _turn: doors.Turn,
    snapshot: doors.Reader,
) -> Response:
    """Answer every row; today's grades in China where no day is said."""
    day, known_at = parameters.day("as_of"), parameters.known_at()
    parameters.settle()
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind in _LISTS:
        asked = questions.of_file(body, _LISTS[kind])
    elif kind == JSON:
        said = _read(body)
        day, known_at = said.day("as_of") or day, said.known_at() or known_at
        asked = _asked(said.queries)
        _settle(said)
    else:
        raise BodyNotValid(_("内容应为 {json}、{csv} 或 {xlsx}。", json=JSON, csv=CSV, xlsx=XLSX))
    known = receipts.known_at(snapshot.connection, known_at)
    as_of = (day or pages.day_of(pages.now())).isoformat()
    made_at = pages.now()
    receipt = receipts.made(
        snapshot.connection, site.settings, asked.questions, as_of=as_of, known=known, made_at=made_at
    )
    return _answer(request.headers.get("accept", ""), kind, asked, receipt)


def _answer(accept: str, kind: str, asked: Asked, receipt: receipts.Receipt) -> Response:
    """In the form that the caller asks for; where it does not say, in that of the list."""
    wanted = next((form for form in (JSON, CSV, XLSX, JOSE) if form in accept), kind)
    if wanted == JOSE:
        return Response(receipt.data, media_type=JOSE)
    if wanted != JSON:
        write = answer_tables.as_csv if wanted == CSV else answer_tables.as_xlsx
        return Response(write(asked, receipt.told()), media_type=wanted)
    return StreamingResponse(_pieces(asked, receipt), media_type=JSON)


def _pieces(asked: Asked, receipt: receipts.Receipt) -> Iterator[bytes]:
    """The answer in pieces, because whole it would be held a second time."""
    said = {name: receipt.head[name] for name in ("as_of", "known_at", "entry", "limits")}
    yield orjson.dumps(said)[:-1] + b',"notices":' + receipt.notices + b',"responses":{'
    for start in range(0, len(receipt.answers), _RUN):
        run = zip(asked.questions[start : start + _RUN], receipt.answers[start : start + _RUN], strict=True)
        told = b",".join(orjson.dumps(question.ref) + b":" + answer.told() for question, answer in run)
        yield b"," + told if start else told
    yield b'},"receipt":"'
    yield receipt.data
    yield b'"}'


class _Said(Form):
    """What a body of JSON says besides its questions."""

    queries: dict[str, Any]


def _read(body: bytes) -> _Said:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyNotValid(_("内容不是 JSON。")) from None
    if not isinstance(told, dict) or not told.keys() <= {*NAMES, "queries"}:
        raise BodyNotValid(_("内容应为 {as_of, known_at, queries}，没有别的字段。"))
    queries = told.pop("queries", None)
    if not isinstance(queries, dict) or not 0 < len(queries) <= questions.MOST_QUESTIONS:
        raise BodyNotValid(
            _("queries 应有 1 至 {most} 项：编号 → {{code, name, region}}。", most=f"{questions.MOST_QUESTIONS:,}")
        )
    if not all(isinstance(value, str) for value in told.values()):
        raise BodyNotValid(_("as_of 和 known_at 应为文字，例如 2024-04-24。"))
    said = _Said(told.items(), frozenset(NAMES))
    said.queries = queries
    return said


def _settle(said: Form) -> None:
    if said.problems:
        said_of_each = (f"{problem.name} {problem.message}" for problem in said.problems)
        raise BodyNotValid(_("；").join(said_of_each) + _("。"))


def _asked(queries: dict[str, Any]) -> Asked:
    found = []
    for at, (ref, query) in enumerate(queries.items(), 1):
        known = isinstance(query, dict) and query.keys() <= {"code", "name", "region"}
        if not known or len(ref) > LONGEST or not all(v is None or isinstance(v, str) for v in query.values()):
            raise BodyNotValid(_("queries 的第 {at} 项应为 {{code, name, region}}，每一项是文字。", at=at))
        code, name, region = ((query.get(k) or "").strip()[:LONGEST] or None for k in ("code", "name", "region"))
        found.append(Question(ref, at, code, name, region))
    rows = tuple((q.ref, *(str(v or "") for v in q.said().values())) for q in found)
    return Asked(tuple(found), (), ("ref", "code", "name", "region"), rows)
