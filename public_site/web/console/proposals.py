"""`/console/proposals`: grades that bodies propose to examine again, and the publishers' answers. Nothing follows by itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import records, standings
from public_site.complaints import proposals
from public_site.faults import Fault, NotValid
from public_site.supervisors import Person
from public_site.web import doors
from public_site.web.console import guard
from public_site.web.console.complaint_doors import store, today
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
_PAGE = 50


@routes.get("/console/proposals")
def listed(
    request: Request,
    person: guard.Publisher,
    register: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("state", "before")],
) -> Response:
    """Those that wait for an answer, or those that have one; newest first."""
    state = parameters.choice("state", ("open", "closed")) or "open"
    before = parameters.whole("before", 1, 2**31 - 1)
    parameters.settle()
    found = []
    if store(request).is_open:
        found = proposals.proposals(store(request), state, before=before, limit=_PAGE + 1)
    following = f"/console/proposals?state={state}&before={found[_PAGE - 1].id}" if len(found) > _PAGE else None
    names = standings.names(register, {one.enterprise for one in found})
    return guard.page(
        request, person, "proposals.html", proposals=found[:_PAGE], names=names, state=state, next=following
    )


@routes.get("/console/proposals/{proposal_id:int}", dependencies=[doors.parameters()])
def proposal(proposal_id: int, request: Request, person: guard.Publisher, register: guard.Looking) -> Response:
    """One proposal, with the enterprise as it is published now."""
    return _page(request, person, register, proposal_id, Form())


@routes.post("/console/proposals/{proposal_id:int}/close", dependencies=[doors.parameters()])
def close(
    proposal_id: int,
    request: Request,
    person: guard.Drafter,
    register: guard.Looking,
    form: Annotated[Form, guard.form("answer")],
) -> Response:
    """The answer, which the body sees."""
    answer = form.passage("answer", longest=proposals.LONGEST)
    if not form.problems:
        try:
            proposals.close(store(request), min(proposal_id, LARGEST_NUMBER), answer, by=person.name, on=today())
        except NotValid as fault:
            form.refuse("answer", str(fault))
    if form.problems:
        return _page(request, person, register, proposal_id, form)
    return guard.go(f"/console/proposals/{proposal_id}")


def _page(request: Request, person: Person, register: Connection, number: int, form: Form) -> Response:
    found = proposals.proposal(store(request), min(number, LARGEST_NUMBER))
    try:
        enterprise = records.enterprise(register, found.enterprise).line
    except records.EnterpriseMerged as moved:
        enterprise = records.enterprise(register, moved.into).line
    except Fault:
        enterprise = None
    return guard.page(
        request, person, "proposal.html", status=422 if form.problems else 200, proposal=found, enterprise=enterprise,
        body=proposals.body_name(store(request), found.body), form=form,
    )  # fmt: skip
