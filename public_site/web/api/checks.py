"""`POST /api/v1/checks`: grades for a list as of a day, in one call; nothing of it is kept.

JSON in, JSON out: `{as_of, known_at?, queries: {ref: {code, name, region}}}` → `{responses: {ref: …}, receipt, …}`. Or a list
as it is (CSV, XLSX) with `?as_of=&known_at=`, answered beside the caller's own columns in the form that `Accept` names;
`application/jose` is the receipt alone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from public_site import answer_tables, questions, receipts
from public_site.faults import NotValid
from public_site.questions import Asked, Question
from public_site.web import doors, pages
from public_site.web.parameters import Parameters

routes = APIRouter()
PATH = "/api/v1/checks"
LARGEST = 10 << 20
_CSV, _JSON, _JOSE = "text/csv", "application/json", "application/jose"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NAMES = {_CSV: "list.csv", _XLSX: "list.xlsx"}
_LONGEST = 200


class BodyNotValid(NotValid):
    """The body is not what this address takes."""


async def _body(request: Request) -> bytes:
    return await request.body()


@routes.post(PATH, max_body_size=LARGEST)
def check(
    request: Request,
    site: doors.TheSite,
    snapshot: doors.Reader,
    parameters: Annotated[Parameters, doors.parameters("as_of", "known_at")],
    body: Annotated[bytes, Depends(_body)],
) -> Response:
    """Answer every row; today's grades in China where no day is said."""
    day, moment = parameters.day("as_of"), parameters.moment("known_at")
    parameters.settle()
    kind = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if kind in _NAMES:
        asked = questions.of_file(body, _NAMES[kind])
    elif kind == _JSON:
        said = _read(body)
        day, moment = _day(said.get("as_of")) or day, _moment(said.get("known_at")) or moment
        asked = _asked(said["queries"])
    else:
        raise BodyNotValid(f"内容应为 {_JSON}、{_CSV} 或 {_XLSX}。")
    known = receipts.known_at(snapshot.connection, moment)
    as_of = (day or pages.day_of(pages.now())).isoformat()
    made_at = pages.now()
    receipt = receipts.made(
        snapshot.connection, site.settings, asked.questions, as_of=as_of, known=known, made_at=made_at
    )
    return _answer(request.headers.get("accept", ""), kind, asked, receipt)


def _answer(accept: str, kind: str, asked: Asked, receipt: receipts.Receipt) -> Response:
    """In the form that the caller asks for; where it does not say, in that of the list."""
    wanted = next((form for form in (_JSON, _CSV, _XLSX, _JOSE) if form in accept), kind)
    if wanted == _JOSE:
        return Response(receipt.text, media_type=_JOSE)
    if wanted != _JSON:
        write = answer_tables.as_csv if wanted == _CSV else answer_tables.as_xlsx
        return Response(write(asked, receipt.said), media_type=wanted)
    told = {name: receipt.said[name] for name in ("as_of", "known_at", "entry", "notices", "limits")}
    responses = {answer["ref"]: answer for answer in receipt.said["results"]}
    return Response(orjson.dumps({"responses": responses, **told, "receipt": receipt.text}), media_type=_JSON)


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BodyNotValid("内容不是 JSON。") from None
    if not isinstance(said, dict) or not said.keys() <= {"as_of", "known_at", "queries"}:
        raise BodyNotValid("内容应为 {as_of, known_at, queries}，没有别的字段。")
    queries = said.get("queries")
    if not isinstance(queries, dict) or not 0 < len(queries) <= questions.MOST_QUESTIONS:
        raise BodyNotValid(f"queries 应有 1 至 {questions.MOST_QUESTIONS:,} 项：编号 → {{code, name, region}}。")
    return said


def _asked(queries: dict[str, Any]) -> Asked:
    found = []
    for at, (ref, query) in enumerate(queries.items(), 1):
        known = isinstance(query, dict) and query.keys() <= {"code", "name", "region"}
        if not known or len(ref) > _LONGEST or not all(v is None or isinstance(v, str) for v in query.values()):
            raise BodyNotValid(f"queries 的第 {at} 项应为 {{code, name, region}}，每一项是文字。")
        code, name, region = ((query.get(k) or "").strip()[:_LONGEST] or None for k in ("code", "name", "region"))
        found.append(Question(ref, at, code, name, region))
    rows = tuple((q.ref, *(str(v or "") for v in q.said().values())) for q in found)
    return Asked(tuple(found), (), ("ref", "code", "name", "region"), rows)


def _day(said: Any) -> date | None:
    if said is None:
        return None
    try:
        return date.fromisoformat(said) if len(said) == 10 else _refuse_day()
    except (TypeError, ValueError):
        return _refuse_day()


def _refuse_day() -> date:
    raise BodyNotValid("as_of 应为年-月-日，例如 2024-04-24。")


def _moment(said: Any) -> datetime | None:
    if said is None:
        return None
    try:
        found = pages.moment_of(said)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise BodyNotValid("known_at 应为带时区的时刻，例如 2024-04-24T18:00:00+08:00。")
    return found
