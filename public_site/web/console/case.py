"""`/console/complaints/{id}`: one complaint, opened, and what one's own body may do with it now.

What this module knows that no other does: how little a page may show of it. A photo is a download that no page can run
or embed; how the informant can be reached stands on a page of its own that is asked for with a reason.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import places, records
from public_site.complaints import cases, categories, clocks, habits, handling, proposals, workflow
from public_site.enterprises import NoSuchEnterprise
from public_site.faults import NotValid
from public_site.supervisors import Person
from public_site.web import doors
from public_site.web.console import guard
from public_site.web.console.complaint_doors import Desk, Supervisor, store, today
from public_site.web.console.complaints import KINDS, QUEUE, STATES
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER

routes = APIRouter()
_CASE = QUEUE + "/{complaint_id:int}"
_ACTS = tuple(name for name, act in workflow.ACTS.items() if act.by in ("body", "offered"))
_TITLES = {"ask": "向投诉人提问", "answer": "投诉人的回答", "add": "投诉人补充的材料", "object": "投诉人说“没有解决”"}
_PHOTO = {
    "Content-Disposition": "attachment; filename=photo.jpg",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


@routes.get(_CASE, dependencies=[doors.parameters()])
def case(complaint_id: int, request: Request, person: Supervisor, desk: Desk, register: guard.Looking) -> Response:
    """All of it; that it was opened is told to the informant."""
    return _page(request, person, desk, register, complaint_id, Form())


@routes.post(_CASE + "/act", dependencies=[doors.parameters()])
def act(
    complaint_id: int,
    request: Request,
    person: Supervisor,
    desk: Desk,
    register: guard.Looking,
    form: Annotated[Form, guard.form("act", "said", "code", "to")],
) -> Response:
    """One act; or the page again, with what is wrong and what was written."""
    handling.require(store(request), desk, _number(complaint_id))
    name, said = form.choice("act", _ACTS), form.passage("said", longest=cases.LONGEST)
    if name is None:
        form.refuse("act", "没有说明要做什么")
    if name is not None and not form.problems:
        try:
            handling.act(store(request), desk, _number(complaint_id), name, said, code=form.said("code"),
                         to=form.said("to"), on=today())  # fmt: skip
        except NotValid as fault:
            form.refuse(f"act-{name}", str(fault))
        else:
            return guard.go(QUEUE if name in ("take", "decline") else f"{QUEUE}/{complaint_id}")
    return _page(request, person, desk, register, complaint_id, form)


@routes.post(_CASE + "/contact", dependencies=[doors.parameters()])
def contact(
    complaint_id: int,
    request: Request,
    person: Supervisor,
    desk: Desk,
    register: guard.Looking,
    form: Annotated[Form, guard.form("why")],
) -> Response:
    """How the informant can be reached, for a reason that they are told."""
    why = form.passage("why", longest=500)
    try:
        told = handling.contact(store(request), desk, _number(complaint_id), why, on=today())
    except NotValid as fault:
        form.refuse("why", str(fault))
        return _page(request, person, desk, register, complaint_id, form)
    return guard.page(request, person, "complaint_contact.html", number=complaint_id, contact=told, why=why)


@routes.post(_CASE + "/propose", dependencies=[doors.parameters()])
def propose(
    complaint_id: int,
    request: Request,
    person: Supervisor,
    desk: Desk,
    register: guard.Looking,
    form: Annotated[Form, guard.form("proposal")],
) -> Response:
    """Propose to the publishers that the grade be examined again."""
    handling.required_own(store(request), desk, _number(complaint_id))
    said = form.passage("proposal", longest=proposals.LONGEST)
    try:
        if not form.problems:
            proposals.propose(store(request), desk, _number(complaint_id), said, on=today())
    except NotValid as fault:
        form.refuse("proposal", str(fault))
    if form.problems:
        return _page(request, person, desk, register, complaint_id, form)
    return guard.go(f"{QUEUE}/proposals")


@routes.get(_CASE + "/photos/{ordinal:int}", dependencies=[doors.parameters()])
def photo(complaint_id: int, ordinal: int, request: Request, desk: Desk) -> Response:
    """A photo as a download; that it was opened is told to the informant."""
    picture = handling.photo(store(request), desk, _number(complaint_id), _number(ordinal), on=today())
    return Response(picture, media_type="image/jpeg", headers=_PHOTO)


def _page(
    request: Request, person: Person, desk: handling.Desk, register: Connection, complaint_id: int, form: Form
) -> Response:
    seen = handling.view(store(request), desk, _number(complaint_id), on=today())
    return guard.page(
        request, person, "complaint.html", status=422 if form.problems else 200, desk=desk, seen=seen, form=form,
        enterprise=_enterprise(register, seen.statement), categories=categories.table(), states=STATES, titles=_TITLES,
        reasons=workflow.REFUSALS | workflow.OUTCOMES, refusals=list(workflow.REFUSALS.items()), kinds=KINDS,
        outcomes=list(workflow.OUTCOMES.items()), clocks=clocks.NAMES, longest=cases.LONGEST, today=today(),
        place=places.place(seen.case.place).text if places.is_division(seen.case.place) else "",
        given=habits.given(store(request), [seen.case.id]).get(seen.case.id),
        templates=habits.templates(store(request), desk), others=[(body.id, body.name) for body in seen.others],
    )  # fmt: skip


def _enterprise(register: Connection, statement: Any) -> records.EnterpriseView | None:
    """What is published of the enterprise that the complaint is about."""
    number = (statement or {}).get("enterprise")
    if not number:
        return None
    try:
        return records.enterprise(register, number)
    except records.EnterpriseMerged as moved:
        return records.enterprise(register, moved.into)
    except NoSuchEnterprise:
        return None


def _number(said: int) -> int:
    return min(said, LARGEST_NUMBER)
