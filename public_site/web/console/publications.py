"""`/console/publications/{notice}`: from a published notice to the draft that corrects or withdraws it whole."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import publishing, records
from public_site.supervisors import Person
from public_site.web import doors
from public_site.web.console import facts, grounds, guard
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER

routes = APIRouter()
_LONGEST = {"title": 300, "issuer": 100, "number": 100, "index_number": 100, "objection_window": 200}
_DAYS = ("issued_on", "objection_until")
_FIELDS = (*_LONGEST, *_DAYS, "stage", "url")


@routes.get("/console/publications/{notice:int}", dependencies=[doors.parameters()])
def publication(notice: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """A published notice, what was amended of it, and what may be."""
    return guard.page(request, person, "publication.html", notice=_view(connection, notice))


def _view(connection: Connection, notice: int) -> records.NoticeView:
    return records.notice(connection, min(notice, LARGEST_NUMBER))


@routes.get("/console/publications/{notice:int}/correct", dependencies=[doors.parameters()])
def correct_page(notice: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """What the notice says of itself, to be written over."""
    view = _view(connection, notice)
    return _correct_page(request, person, view, Form(list(_shown(view).items())))


def _correct_page(request: Request, person: Person, view: records.NoticeView, form: Form) -> Response:
    return guard.page(request, person, "correct_notice.html", status=422 if form.problems else 200, notice=view,
                      form=form, stages=facts.STAGES)  # fmt: skip


def _shown(view: records.NoticeView) -> dict[str, str]:
    """What the notice says by now, as the fields of the form show it."""
    line = view.line
    said = {"title": line.title, "issuer": line.issuer, "number": line.number, "index_number": view.index_number,
            "issued_on": line.issued_on, "stage": line.stage, "url": view.url,
            "objection_window": view.objection_window, "objection_until": view.objection_until}  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


@routes.post("/console/publications/{notice:int}/correct", dependencies=[doors.parameters()])
def correct(
    notice: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form(*_FIELDS, "seen", *grounds.FIELDS)],
) -> Response:
    """A draft of what was written over; its decisions follow the day and the stage."""
    view = _view(connection, notice)
    shown, said = _shown(view), _said(form)
    changes = {name: value for name, value in said.items() if value != shown.get(name)}
    if form.said("seen") != str(view.line.mended_by or view.line.id):
        form.refuse("title", "您打开这一页之后，这份公告有了更正；请对照公开页面重新核对，再提交一次")
    elif not changes and not form.problems:
        form.refuse("title", "请写明改什么：与登记的没有不同")
    draft = partial(publishing.draft_notice_correction, doors.site(request).database, view.line.id, changes)
    return grounds.drafted(person, form, "title", draft) or _correct_page(request, person, view, form)


def _said(form: Form) -> dict[str, Any]:
    days = {name: form.day(name) for name in _DAYS}
    texts = {name: form.text(name, longest=longest) for name, longest in _LONGEST.items()}
    stage = form.choice("stage", tuple(value for value, _ in facts.STAGES))
    told = {name: day.isoformat() if day else None for name, day in days.items()}
    return texts | told | {"stage": stage, "url": form.web_address("url")}


@routes.get("/console/publications/{notice:int}/withdraw", dependencies=[doors.parameters()])
def withdraw_page(notice: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Should nothing that the notice said count any longer?"""
    return guard.page(request, person, "withdraw_notice.html", notice=_view(connection, notice), form=Form())


@routes.post("/console/publications/{notice:int}/withdraw", dependencies=[doors.parameters()])
def withdraw(
    notice: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form(*grounds.FIELDS)],
) -> Response:
    """A draft that withdraws it whole."""
    view = _view(connection, notice)
    draft = partial(publishing.draft_notice_withdrawal, doors.site(request).database, view.line.id)
    made = grounds.drafted(person, form, "reason", draft)
    return made or guard.page(request, person, "withdraw_notice.html", status=422, notice=view, form=form)
