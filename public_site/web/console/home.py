"""`/console/`: what waits for the one who is signed in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import error_reports
from public_site.web import doors
from public_site.web.console import guard
from public_site.web.console.desks import desks, may_approve

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/console")
def without_slash(_: guard.Person) -> Response:
    """The address as one types it."""
    return guard.go("/console/")


@routes.get("/console/")
def home(request: Request, person: guard.Person, connection: guard.Looking) -> Response:
    """What waits for me."""
    found = desks(connection)
    to_approve = [i for i in found.handed_over if may_approve(connection, i.draft, person)]
    return guard.page(
        request, person, "home.html", desks=found, to_approve=to_approve, reports=error_reports.waiting(connection)
    )
