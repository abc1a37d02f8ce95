"""`/console/`: what waits for the one who is signed in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import error_reports, supervisors
from public_site.complaints import administration, handling, proposals, reading
from public_site.complaints.store import NotOpenYet
from public_site.web import doors
from public_site.web.console import complaint_doors, guard
from public_site.web.console.desks import desks, may_approve

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/console")
def without_slash(_: guard.Person) -> Response:
    """The address as one types it."""
    return guard.go("/console/")


@routes.get("/console/")
def home(request: Request, person: guard.Person, connection: guard.Looking) -> Response:
    """What waits for me."""
    publishes = person.may("drafter") or person.may("approver")
    found = desks(connection) if publishes else None
    to_approve = [i for i in found.handed_over if may_approve(connection, i.draft, person)] if found else []
    return guard.page(
        request, person, "home.html", desks=found, to_approve=to_approve,
        reports=error_reports.waiting(connection) if publishes else 0, **_complaints(request, person),
        proposals=proposals.waiting(complaint_doors.store(request)) if publishes else 0,
        changes=_changes(request, person),
    )  # fmt: skip


def _complaints(request: Request, person: supervisors.Person) -> dict[str, Any]:
    """How many complaints wait where, for whom they are; or what is missing before there can be any."""
    if not person.may("supervisor"):
        return {"counts": {}, "missing": "", "unusual": []}
    store, today = complaint_doors.store(request), complaint_doors.today()
    try:
        desk = complaint_doors.of(request, person)
    except (handling.NoBody, NotOpenYet) as fault:
        return {"counts": {}, "missing": str(fault), "unusual": []}
    return {
        "counts": handling.counts(store, desk, on=today),
        "missing": "" if desk.private else str(handling.Locked()),
        "unusual": reading.unusual(store, desk.body.id, on=today),
    }


def _changes(request: Request, person: supervisors.Person) -> int:
    """How many changes wait for another administrator than who asked."""
    store = complaint_doors.store(request)
    if not person.may("administrator") or not store.is_open:
        return 0
    return sum(change.asked_by != person.name for change in administration.changes(store))
