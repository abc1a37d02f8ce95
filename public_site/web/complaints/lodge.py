"""`/complaints/lodge`, `/complaints/send`: a complaint, one question a page; nothing is kept until it is sent.

What this module knows that no other does: that the answers travel from page to page in the form itself, that nothing
written is lost to a refusal, and that the tracking code is in the answer to a POST only, never in an address.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from public_site.complaints import cases, categories, lodging, photos, routing
from public_site.complaints.routing import Body
from public_site.languages import N_, _, sentences
from public_site.throttling import TooFast
from public_site.web import doors, pages
from public_site.web.complaints import arriving, questions, tickets
from public_site.web.forms import Form

routes = APIRouter()
LODGE, SEND = "/complaints/lodge", "/complaints/send"
LARGEST_ANSWERS = 128 << 10  # 5,000 letters take up to 60,000 bytes in a plain form
_AGAIN = N_("照片没有随着保留，请重新选择。")


def first(request: Request, site: doors.Site, kind: str, **given: str) -> Response:
    """The first question of a kind; `given`: what the address says already."""
    items = [("kind", kind), ("ticket", tickets.new(site.complaints, _now()))]
    items += [(name, value) for name, value in given.items() if value]
    return _question(request, site, Form(items, questions.FIELDS), questions.ASKED[kind][0])


async def _plain(request: Request) -> Form:
    return await arriving.fields(request, questions.FIELDS)


@routes.post(LODGE, max_body_size=LARGEST_ANSWERS, dependencies=[doors.parameters()])
def lodge(request: Request, site: doors.TheSite, form: Annotated[Form, Depends(_plain)]) -> Response:
    """The next question, the same one with what is wrong, or all answers to be checked."""
    asked = questions.ASKED[questions.kind(form)]
    tickets.once(site.complaints, form.said("ticket"), _now())
    again, answered = form.choice("again", asked), form.choice("asked", asked)
    if again:
        form.take_as("checking", "1")
        return _question(request, site, form, again)
    if answered is None:
        return _check(request, site, form)
    questions.read(site, form, answered)
    if form.problems:
        return _question(request, site, form, answered, 422)
    if form.flag("checking"):  # a single answer was changed; the others are looked at in its light
        wrong = questions.first_wrong(site, form)
        return _question(request, site, form, wrong, 422) if wrong else _check(request, site, form)
    following = questions.following(site, form, answered)
    return _question(request, site, form, following) if following else _check(request, site, form)


@routes.post(SEND, max_body_size=arriving.LARGEST, dependencies=[doors.parameters()])
async def send(request: Request, site: doors.TheSite) -> Response:
    """Kept, once, however often it is sent; the code is shown."""
    form, pictures = await arriving.with_photos(request, questions.FIELDS)
    return await run_in_threadpool(_sent, request, site, form, pictures)


def _sent(request: Request, site: doors.Site, form: Form, pictures: list[bytes]) -> Response:
    store, ticket = site.complaints, form.said("ticket")
    once = tickets.once(store, ticket, _now())
    if wrong := questions.first_wrong(site, form):
        return _question(request, site, form, wrong, 422)
    try:
        tickets.require_trouble(store, ticket, form.said("work"), _now())
        store.slow_down("complaint", request.client.host if request.client else "", at=pages.now())
    except (tickets.NotYet, TooFast) as fault:
        status = 422 if isinstance(fault, tickets.NotYet) else 429
        return _check(request, site, form, status, sentences(str(fault), _(_AGAIN) if pictures else ""))
    statement = questions.statement(site, form)
    made = lodging.lodge(store, statement, pictures, once=once, on=pages.day_of(pages.now()))
    return pages.plain(request, "complaints/lodged.html", status=200, made=made, why=routing.told(made.why))


def _now() -> int:
    return int(time.time())


def _question(request: Request, site: doors.Site, form: Form, name: str, status: int = 200) -> Response:
    of = questions.enterprise(site, form)
    choices: dict[str, Any] = {"authorities": [], "notices": [], "county": form.said("county")}
    if name == "where" and not choices["county"]:
        choices["county"] = questions.county_of_point(form)
    if name == "which":
        choices["notices"] = questions.notices_of(site, of)
    if name == "whom":
        choices["authorities"] = _named(questions.told_before(site, form, of))
    return _page(request, site, form, "question.html", status, name=name, **choices)


def _check(request: Request, site: doors.Site, form: Form, status: int = 200, fault: str = "") -> Response:
    work = tickets.work(site.complaints, form.said("ticket"), _now())
    foreseen = lodging.foreseen(site.complaints, questions.statement(site, form), on=pages.day_of(pages.now()))
    names = _named(questions.told_before(site, form, questions.enterprise(site, form)))
    return _page(request, site, form, "check.html", status, work=work, fault=fault, most=photos.MOST, foreseen=foreseen,
                 why=routing.told(foreseen.why), authorities=names, days=site.settings.complaint_days)  # fmt: skip


def _named(found: Mapping[str, Body]) -> list[tuple[str, str]]:
    return [(body.id, body.name) for body in found.values()]


def _page(request: Request, site: doors.Site, form: Form, template: str, status: int, **context: Any) -> Response:
    kind = questions.kind(form)
    carried = [(name, value) for name in questions.CARRIED for value in form.raw(name)]
    return pages.plain(
        request, f"complaints/{template}", status=status, form=form, kind=kind, carried=carried, asked=questions.ASKED[kind],
        enterprise=questions.enterprise(site, form), notice=questions.notice(site, form), categories=categories.table(),
        fields_of=questions.OF, today=pages.day_of(pages.now()).isoformat(), longest=cases.LONGEST,
        channel=site.settings.complaint_channel, **context,
    )  # fmt: skip
