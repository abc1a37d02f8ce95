"""`/complaints/lodge`, `/complaints/send`: a complaint, one question a page; nothing is kept until it is sent.

What this module knows that no other does: which questions each kind asks, in which order, and that the answers travel
from page to page in the form itself. The tracking code is in the answer to a POST only, never in an address.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from public_site import places, records
from public_site.complaints import cases, categories, lodging, photos
from public_site.complaints.lodging import Lodged, Statement
from public_site.faults import NotFound
from public_site.web import doors, pages
from public_site.web.complaints import arriving, tickets
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER

routes = APIRouter()
LODGE, SEND = "/complaints/lodge", "/complaints/send"
KINDS = ("objection", "pollution")
QUESTIONS = {"pollution": ("where", "when", "what", "contact"), "objection": ("which", "what", "contact")}
_CARRIED = (
    "kind",
    "enterprise",
    "notice",
    "county",
    "where",
    "when",
    "categories",
    "said",
    "name",
    "how",
    "to_body",
    "public",
)
_FIELDS = frozenset({*_CARRIED, "ticket", "asked", "again", "work"})


def first(request: Request, site: doors.Site, kind: str, enterprise: int | None, notice: int | None) -> Response:
    """The first question of a kind."""
    given = [("kind", kind), ("ticket", tickets.new(site.complaints, _now()))]
    given += [(name, str(value)) for name, value in (("enterprise", enterprise), ("notice", notice)) if value]
    return _question(request, site, Form(given, _FIELDS), QUESTIONS[kind][0])


async def _plain(request: Request) -> Form:
    return await arriving.fields(request, _FIELDS)


@routes.post(LODGE, dependencies=[doors.parameters()])
def lodge(request: Request, site: doors.TheSite, form: Annotated[Form, Depends(_plain)]) -> Response:
    """The next question, the same one with what is wrong, or all answers to be checked."""
    kind = form.choice("kind", KINDS) or "pollution"
    asked = QUESTIONS[kind]
    tickets.once(site.complaints, form.said("ticket"), _now())
    again, answered = form.choice("again", asked), form.choice("asked", asked)
    if again:
        return _question(request, site, form, again)
    if answered:
        _READERS[answered](site, form)
        if form.problems:
            return _question(request, site, form, answered, 422)
        following = asked.index(answered) + 1
        if following < len(asked):
            return _question(request, site, form, asked[following])
    return _check(request, site, form)


@routes.post(SEND, max_body_size=arriving.LARGEST, dependencies=[doors.parameters()])
async def send(request: Request, site: doors.TheSite) -> Response:
    """Kept, once, however often it is sent; the code is shown."""
    form, pictures = await arriving.with_photos(request, _FIELDS)
    return await run_in_threadpool(_sent, request, site, form, pictures)


def _sent(request: Request, site: doors.Site, form: Form, pictures: list[bytes]) -> Response:
    kind, store = form.choice("kind", KINDS) or "pollution", site.complaints
    once = tickets.once(store, form.said("ticket"), _now())
    for name in QUESTIONS[kind]:
        _READERS[name](site, form)
    if form.problems:
        return _check(request, site, form, 422)
    try:
        tickets.require_trouble(store, form.said("ticket"), form.said("work"), _now())
    except tickets.NotYet as fault:
        return _check(request, site, form, 422, str(fault))
    store.slow_down("complaint", request.client.host if request.client else "", at=pages.now())
    made = lodging.lodge(store, _statement(site, form, kind), pictures, once=once, on=pages.day_of(pages.now()))
    return _lodged(request, made)


def _lodged(request: Request, made: Lodged) -> Response:
    return pages.plain(request, "complaints/lodged.html", status=200, made=made)


# --- questions


def _where(site: doors.Site, form: Form) -> None:
    if _enterprise(site, form) is not None:
        return
    form.needed("where", "请写明地点：路名、门牌、方位，或企业名称", longest=300)
    typed = form.needed("county", "请写明在哪个区县", longest=40)
    if typed and not form.problem("county"):
        found = {place.code: place for place in places.find(typed) if place.code}
        if not found:
            form.refuse("county", "没有找到这个地方，请写区县的全名，例如 重庆市涪陵区")
        elif len(found) > 1:
            named = "、".join(places.place(code).text for code in list(found)[:6] if code)
            form.refuse("county", f"有几处同名，请写全：{named}")


def _when(_: doors.Site, form: Form) -> None:
    form.needed("when", "请写明什么时候看到或闻到的；经常发生的，写大概的规律", longest=200)


def _which(site: doors.Site, form: Form) -> None:
    if _notice(site, form) is None:
        form.refuse("notice", "请写明是哪一份公告：公告页面网址最后的数字")


def _what(_: doors.Site, form: Form) -> None:
    said = form.passage("said", longest=cases.LONGEST)
    if len(said) < 10 and not form.problem("said"):
        form.refuse("said", "请写得具体一些，至少 10 个字：看到了什么、从哪里来")
    if form.said("kind") == "objection":
        return
    chosen = form.texts("categories")
    if not chosen or set(chosen) - set(categories.table()):
        form.refuse("categories", "请至少选一项")


def _contact(_: doors.Site, form: Form) -> None:
    name, how = form.text("name", longest=60), form.text("how", longest=120)
    form.flag("to_body")
    form.flag("public")
    if name and not how:
        form.refuse("how", "写了姓名，也请写怎么联系；或者两项都不写")


_READERS = {"where": _where, "when": _when, "which": _which, "what": _what, "contact": _contact}


def _statement(site: doors.Site, form: Form, kind: str) -> Statement:
    enterprise, notice = _enterprise(site, form), _notice(site, form) if kind == "objection" else None
    division = enterprise and (enterprise.county or enterprise.city or enterprise.province)
    typed = places.find(form.said("county")) if form.said("county") else ()
    how = form.text("how", longest=120)
    contact = {"name": form.text("name", longest=60) or "", "how": how, "to_body": form.flag("to_body"), "public": form.flag("public")}  # fmt: skip
    return Statement(
        kind=kind,
        place=division.code if division else (typed[0].code or "") if typed else "",
        where=form.text("where", longest=300) or (enterprise.name if enterprise else ""),
        when=form.text("when", longest=200) or "",
        said=form.passage("said", longest=cases.LONGEST),
        categories=form.texts("categories"),
        enterprise=enterprise.id if enterprise else None,
        enterprise_name=enterprise.name if enterprise else "",
        notice=notice.line.id if notice else None,
        notice_title=notice.line.title if notice else "",
        issuer=notice.line.division.code if notice and notice.line.division else None,
        contact=contact if how else None,
    )


def _enterprise(site: doors.Site, form: Form) -> records.EnterpriseLine | None:
    number = form.whole("enterprise", 1, LARGEST_NUMBER)
    if number is None:
        return None
    with site.database.reading() as connection:
        return next(iter(records.lines(connection, [number])), None)


def _notice(site: doors.Site, form: Form) -> records.NoticeView | None:
    number = form.whole("notice", 1, LARGEST_NUMBER)
    if number is None:
        return None
    with site.database.reading() as connection:
        try:
            return records.notice(connection, number)
        except NotFound:
            return None


def _now() -> int:
    return int(time.time())


# --- pages


def _question(request: Request, site: doors.Site, form: Form, name: str, status: int = 200) -> Response:
    return _page(request, site, form, "question.html", status, name=name)


def _check(request: Request, site: doors.Site, form: Form, status: int = 200, fault: str = "") -> Response:
    work = tickets.work(site.complaints, form.said("ticket"), _now())
    return _page(request, site, form, "check.html", status, work=work, fault=fault, most=photos.MOST)


def _page(request: Request, site: doors.Site, form: Form, template: str, status: int, **context: Any) -> Response:
    kind = "objection" if form.said("kind") == "objection" else "pollution"
    carried = [(name, value) for name in _CARRIED for value in form.raw(name)]
    return pages.plain(
        request, f"complaints/{template}", status=status, form=form, kind=kind, carried=carried, asked=QUESTIONS[kind],
        enterprise=_enterprise(site, form), notice=_notice(site, form), categories=categories.table(),
        today=pages.day_of(pages.now()).isoformat(), longest=cases.LONGEST, channel=site.settings.complaint_channel, **context,
    )  # fmt: skip
