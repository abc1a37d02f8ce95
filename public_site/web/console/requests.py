"""`/console/requests`: what the public says is wrong with this site's data, and the answer to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import error_reports
from public_site.faults import NotValid
from public_site.web import doors, pages
from public_site.web.console import guard
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
_PAGE = 50


@routes.get("/console/requests")
def requests(
    request: Request,
    person: guard.Publisher,
    connection: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("state", "before")],
) -> Response:
    """The reports that wait for an answer, or those that have one; newest first."""
    state = parameters.choice("state", ("open", "closed")) or "open"
    before = parameters.whole("before", 1, 2**31 - 1)
    parameters.settle()
    found = error_reports.reports(connection, state, before=before, limit=_PAGE + 1)
    following = f"/console/requests?state={state}&before={found[_PAGE - 1].id}" if len(found) > _PAGE else None
    return guard.page(request, person, "requests.html", reports=found[:_PAGE], state=state, next=following)


@routes.get("/console/requests/{report_id:int}", dependencies=[doors.parameters()])
def report(report_id: int, request: Request, person: guard.Publisher, connection: guard.Looking) -> Response:
    """One report with what it is about."""
    found = error_reports.report(connection, min(report_id, LARGEST_NUMBER))
    return guard.page(request, person, "request.html", report=found, form=Form())


@routes.post("/console/requests/{report_id:int}/close", dependencies=[doors.parameters()])
def close(
    report_id: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("answer", "draft")],
) -> Response:
    """The answer, and the draft that mends the data where there is one."""
    found = error_reports.report(connection, min(report_id, LARGEST_NUMBER))
    answer, draft = form.passage("answer", longest=error_reports.LONGEST), form.whole("draft", 1, 2**31 - 1)
    if not form.problems:
        try:
            error_reports.close(
                doors.site(request).database, found.id, answer, draft, by=person.name, at=pages.now()
            )  # fmt: skip
        except NotValid as fault:
            form.refuse("answer", str(fault))
    if form.problems:
        return guard.page(request, person, "request.html", status=422, report=found, form=form)
    return guard.go(f"/console/requests/{found.id}")
