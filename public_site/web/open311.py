"""`/open311/v2`: partner systems lodge complaints for people (GeoReport v2) and see where their own stand.

What this module knows that no other does: how the standard's fields are ours; that of a complaint only body, state, county,
category and days go out, to the partner that lodged it and to nobody else; that a device or account is never kept, a
link never opened, and that the person's tracking code is handed over in the notice, once. Without a key there is nothing
to see, because nothing of a complaint is public.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from public_site import ground, places
from public_site.complaints import cases, categories, lodging, partners, workflow
from public_site.complaints.lodging import Lodged, Statement
from public_site.complaints.partners import Standing
from public_site.faults import NotFound
from public_site.web import doors, georeport, pages
from public_site.web.forms import Form
from public_site.web.parameters import Parameters, ParametersRefused, UrlNotValid

routes = APIRouter(prefix="/open311/v2")
LARGEST = 128 << 10
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_CHANGED = "2026-11-26 00:00"
_CHINA = timezone(timedelta(hours=8))
_LONGEST_SPAN = timedelta(days=90)
_ATTRIBUTE = re.compile(r"attribute\[(when|categories)\](\[\])?")
_SENT = frozenset({
    "api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "email", "device_id",
    "account_id", "first_name", "last_name", "phone", "description", "media_url", "when", "categories",
})  # fmt: skip
_KEY = ("api_key", "jurisdiction_id")
_ASKED = (*_KEY, "service_request_id", "service_code", "start_date", "end_date", "status")


class NoSuchService(NotFound):
    """There is no service of this code."""


class NoSuchRequest(NotFound):
    """There is no request of this id, or none that this partner lodged."""


class NoSuchFormat(NotFound):
    """Only JSON and XML are written."""


class RequestRefused(UrlNotValid):
    """A request that cannot be taken; the sentence says what is missing."""


def _format(ending: str) -> str:
    if ending not in georeport.FORMATS:
        raise NoSuchFormat("只有 json 和 xml。")
    return ending


Format = Annotated[str, Depends(_format)]
Plain = Annotated[Parameters, doors.parameters(*_KEY)]


@routes.get("/discovery.{ending}")
def discovery(site: doors.TheSite, ending: Format, _: Plain) -> Response:
    """Where the endpoint is and how one gets a key."""
    told = {
        "changeset": _CHANGED,
        "contact": f"{site.settings.address}/complaints",
        "key_service": "接入系统的 api_key 由本站的运营者发给。",
        "endpoints": [{
            "specification": SPECIFICATION, "url": f"{site.settings.address}/open311/v2", "changeset": _CHANGED,
            "type": "test" if site.settings.demo else "production", "formats": ["text/xml", "application/json"],
        }],
    }  # fmt: skip
    return georeport.answer(ending, "discovery", told)


@routes.get("/services.{ending}")
def services(ending: Format, _: Plain) -> Response:
    """What can be reported: the categories."""
    return georeport.answer(ending, "services", [_service(code) for code in categories.table()])


@routes.get("/services/{code}.{ending}")
def service(code: str, ending: Format, _: Plain) -> Response:
    """What is asked besides: when it was, and whether it is of further categories."""
    _require_service(code)
    table = categories.table()
    asked = [
        _attribute(1, "when", "string", "什么时候，例如 3月2日夜里两点", []),
        _attribute(2, "categories", "multivaluelist", "还属于哪些类别", [{"key": k, "name": t} for k, (t, _) in table.items()]),
    ]  # fmt: skip
    return georeport.answer(ending, "service_definition", {"service_code": code, "attributes": asked})


@routes.get("/requests.{ending}")
def requests(request: Request, site: doors.TheSite, ending: Format, asked: Annotated[Parameters, doors.parameters(*_ASKED)]) -> Response:  # fmt: skip
    """The partner's own requests; without a key none, because none is public."""
    first, last = _span(asked)
    references, wanted = _several(asked, "service_request_id"), _several(asked, "service_code")
    status = set(_several(asked, "status"))
    if status - {"open", "closed"}:
        asked.refuse("status", "应为 open 或 closed")
    for code in wanted:
        _require_service(code)
    asked.settle()
    found: list[Standing] = []
    if key := _key(request, asked):
        is_open = None if len(status) != 1 else status == {"open"}
        found = partners.standings(site.complaints, partners.named(site.complaints, key), first=first, last=last,
                                   references=references, categories=wanted, is_open=is_open)  # fmt: skip
    return georeport.answer(ending, "service_requests", [_request(one) for one in found])


@routes.get("/requests/{reference}.{ending}")
def one_request(request: Request, site: doors.TheSite, reference: str, ending: Format, asked: Plain) -> Response:
    """Where one of the partner's own requests stands."""
    key = _key(request, asked)
    found = partners.standing(site.complaints, partners.named(site.complaints, key), reference) if key else None
    if found is None:
        raise NoSuchRequest("没有这个编号的请求，或者不是这个接入系统提交的。")
    return georeport.answer(ending, "service_requests", [_request(found)])


@routes.get("/tokens/{token}.{ending}")
def token(token: str, ending: Format, _: Plain) -> Response:  # noqa: ARG001 - no token is ever given out
    """Every request gets its id at once, so there are no tokens."""
    raise NoSuchRequest("没有这个 token：提交时就给出编号。")


async def _sent(request: Request) -> Form:
    told = request.headers.get("content-type", "").partition(";")[0].strip()
    if told not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise RequestRefused("应以 application/x-www-form-urlencoded 提交。")
    sent = await request.form(max_files=6, max_fields=60, max_part_size=LARGEST)
    if any(isinstance(value, UploadFile) for value in sent.values()):
        raise RequestRefused("不收随请求的文件：请用 media_url，或请投诉人凭查询码补充照片。")
    named = [
        (found[1] if (found := _ATTRIBUTE.fullmatch(name)) else name, str(value)) for name, value in sent.multi_items()
    ]
    return Form(named, _SENT)


@routes.post("/requests.{ending}", max_body_size=LARGEST, dependencies=[doors.parameters(*_KEY)])
def create(request: Request, site: doors.TheSite, ending: Format, form: Annotated[Form, Depends(_sent)]) -> Response:
    """Lodge a complaint for somebody; with an `Idempotency-Key` the same request sent again is the same complaint."""
    store, key = site.complaints, _key(request, form)
    partner = partners.named(store, key or "")
    partners.slow_down(store, partner, at=pages.now())
    statement = _statement(form, partner)
    once = f"open311 {partner} {request.headers.get('idempotency-key') or secrets.token_urlsafe(24)}"
    made = lodging.lodge(store, statement, (), once=once, on=pages.day_of(pages.now()))
    told = {"service_request_id": made.reference, "service_notice": _notice(site, made), "account_id": None}
    return georeport.answer(ending, "service_requests", [told])


# --- their words for ours


def _service(code: str) -> Mapping[str, Any]:
    title, hint = categories.table()[code]
    return {"service_code": code, "service_name": title, "description": hint, "metadata": True, "type": "realtime",
            "keywords": ",".join(re.split("[、，]", title)), "group": "污染举报"}  # fmt: skip


def _attribute(
    order: int, code: str, datatype: str, description: str, values: list[dict[str, str]]
) -> Mapping[str, Any]:
    return {"variable": True, "code": code, "datatype": datatype, "required": False, "datatype_description": None,
            "order": order, "description": description, "values": values}  # fmt: skip


def _request(one: Standing) -> Mapping[str, Any]:
    case = one.case
    code = case.categories.split()[0]
    due = f"{case.due_on}T23:59:59+08:00" if case.due_on else None
    notes = (workflow.REFUSALS | workflow.OUTCOMES).get(case.outcome or "", workflow.STATES[case.state])
    return {
        "service_request_id": case.reference, "status": "open" if case.is_open else "closed", "status_notes": notes,
        "service_name": categories.table()[code][0], "service_code": code, "description": None, "agency_responsible": one.body,
        "service_notice": None, "requested_datetime": f"{case.received_on}T00:00:00+08:00",
        "updated_datetime": f"{one.updated_on}T00:00:00+08:00", "expected_datetime": due,
        "address": places.place(case.place).text if places.is_division(case.place) else None, "address_id": None,
        "zipcode": None, "lat": None, "long": None, "media_url": None,
    }  # fmt: skip


def _notice(site: doors.Site, made: Lodged) -> str:
    return (f"{made.why}{made.due_on} 前告知是否受理（{made.clock.basis}）。投诉人的查询码：{made.shown_code}，只给这一次，请交给投诉人；"
            f"凭它在 {site.settings.address}/complaints/follow 看答复、回答问题。请不要保存查询码。")  # fmt: skip


def _statement(form: Form, partner: str) -> Statement:
    """What was sent, as a complaint. Raises: RequestRefused, NoSuchService, ParametersRefused."""
    code = form.text("service_code")
    if code is None:
        raise RequestRefused("没有提供 service_code。")
    _require_service(code)
    more = form.texts("categories")
    for other in more:
        _require_service(other)
    lat, long = form.number("lat"), form.number("long")
    address = form.text("address_string", longest=300) or ""
    if (lat is None) != (long is None) or (lat is None and not address):
        raise RequestRefused("要有地点：lat 和 long，或 address_string（address_id 不能单独使用）。")
    said = form.passage("description", longest=cases.LONGEST)
    if len(said) < 10:
        raise RequestRefused("description 太短：看到了什么、从哪里来，至少 10 个字，否则线索不详。")
    if link := form.text("media_url", longest=500):
        said += (
            f"\n（接入系统附的链接，没有核对：{link if urlsplit(link).scheme in ('http', 'https') else '不是网址'}）"
        )
    name = "".join(form.text(part, longest=60) or "" for part in ("last_name", "first_name"))
    how = "；".join(filter(None, (form.text("phone", longest=60), form.text("email", longest=120))))
    statement = Statement(
        kind="pollution", place=_place(lat, long, address), where=_where(lat, long, address), when=form.text("when", longest=200) or "",
        said=said, categories=tuple(dict.fromkeys((code, *more))), partner=partner,
        contact={"name": name, "how": how, "to_body": False, "public": False} if how else None,
    )  # fmt: skip
    if form.problems:
        raise ParametersRefused(form.problems)
    return statement


def _place(lat: float | None, long: float | None, address: str) -> str:
    by_point = ground.county_at(lat, long) if lat is not None and long is not None else None
    return by_point or (places.issuer_division(address) if address else None) or ""


def _where(lat: float | None, long: float | None, address: str) -> str:
    return f"{address}（纬度 {lat:g}，经度 {long:g}）" if lat is not None and long is not None else address


def _require_service(code: str) -> None:
    if code not in categories.table():
        raise NoSuchService("没有这个 service_code。")


def _key(request: Request, asked: Parameters) -> str | None:
    return request.headers.get("x-api-key") or asked.text("api_key")


def _several(asked: Parameters, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for value in asked.raw(name) for part in value.split(",") if part.strip())[:100]


def _span(asked: Parameters) -> tuple[date, date]:
    """The days asked for: 90 at most, the latest 90 where nothing is said."""
    start, end = asked.moment("start_date"), asked.moment("end_date")
    last = _day(end) if end else _day(start) + _LONGEST_SPAN if start else pages.day_of(pages.now())
    first = _day(start) if start else last - _LONGEST_SPAN
    if last - first > _LONGEST_SPAN:
        asked.refuse("start_date", "与 end_date 相距不能超过 90 天")
    return first, last


def _day(at: datetime) -> date:
    return at.astimezone(_CHINA).date()
