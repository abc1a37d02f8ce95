"""`/console/complaints/…`: what the people of a body share: templates, proposals, who read what, their own figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import standings
from public_site.complaints import habits, proposals, reading, tallies, workflow
from public_site.faults import NotValid
from public_site.web import doors
from public_site.web.console import guard
from public_site.web.console.complaint_doors import Desk, Supervisor, store, today
from public_site.web.console.complaints import QUEUE, STATES
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()
_READINGS = 100


@routes.get(f"{QUEUE}/templates", dependencies=[doors.parameters()])
def templates(request: Request, person: Supervisor, desk: Desk) -> Response:
    """What replies of this body may begin with."""
    return _templates(request, person, desk, Form())


@routes.post(f"{QUEUE}/templates", dependencies=[doors.parameters()])
def save_template(
    request: Request, person: Supervisor, desk: Desk, form: Annotated[Form, guard.form("name", "words")]
) -> Response:
    """Keep one; the same name again replaces it."""
    name = form.needed("name", "请给模板起个名字", longest=40)
    said = form.passage("words", longest=habits.LONGEST_TEMPLATE)
    if not form.problems:
        try:
            habits.save_template(store(request), desk, name, said)
        except NotValid as fault:
            form.refuse("words", str(fault))
        else:
            return guard.go(f"{QUEUE}/templates")
    return _templates(request, person, desk, form)


@routes.post(f"{QUEUE}/templates/remove", dependencies=[doors.parameters()])
def remove_template(request: Request, desk: Desk, form: Annotated[Form, guard.form("name")]) -> Response:
    """Forget one."""
    habits.remove_template(store(request), desk, form.said("name"))
    return guard.go(f"{QUEUE}/templates")


def _templates(request: Request, person: Supervisor, desk: Desk, form: Form) -> Response:
    return guard.page(request, person, "complaint_templates.html", status=422 if form.problems else 200, form=form,
                      templates=habits.templates(store(request), desk), longest=habits.LONGEST_TEMPLATE)  # fmt: skip


@routes.get(f"{QUEUE}/proposals", dependencies=[doors.parameters()])
def proposed(request: Request, person: Supervisor, desk: Desk, register: guard.Looking) -> Response:
    """What this body proposed to the publishers, and what they answered."""
    found = proposals.of_body(store(request), desk)
    names = standings.names(register, {one.enterprise for one in found})
    return guard.page(request, person, "complaint_proposals.html", proposals=found, names=names)


@routes.get(f"{QUEUE}/readings")
def readings(
    request: Request, person: Supervisor, desk: Desk, parameters: Annotated[Parameters, doors.parameters("before")]
) -> Response:
    """Who of this body opened what, newest first; what is unusual before it."""
    before = parameters.whole("before", 1, 2**31 - 1)
    parameters.settle()
    found = reading.readings(store(request), desk, before=before, limit=_READINGS + 1)
    following = f"{QUEUE}/readings?before={found[_READINGS - 1].id}" if len(found) > _READINGS else None
    return guard.page(
        request, person, "complaint_readings.html", readings=found[:_READINGS], next=following, what=reading.WHAT,
        unusual=reading.unusual(store(request), desk.body.id, on=today()), thresholds=reading.THRESHOLDS,
    )  # fmt: skip


@routes.get(f"{QUEUE}/statistics", dependencies=[doors.parameters()])
def statistics(request: Request, person: Supervisor, desk: Desk) -> Response:
    """The figures of one's own body."""
    return guard.page(
        request, person, "complaint_statistics.html", desk=desk, tallies=tallies.tallies(store(request), desk, on=today()),
        states=STATES, reasons=workflow.REFUSALS | workflow.OUTCOMES,
    )  # fmt: skip
