"""`/console/proposals`: grades that bodies propose to examine again, and the publishers' answers. Nothing follows by itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import publishing, records, standings
from public_site.complaints import proposals
from public_site.complaints.proposals import Proposal
from public_site.faults import Fault, NotValid
from public_site.supervisors import Person
from public_site.web import doors, pages
from public_site.web.console import guard
from public_site.web.console.complaint_doors import store, today
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
_PAGE = 50
_REASON = "经社会监督查实之后公布，在公告上写明。"  # public, and the same each time


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


@routes.post("/console/proposals/{proposal_id:int}/notice", dependencies=[doors.parameters()])
def name_notice(
    proposal_id: int,
    request: Request,
    person: guard.Drafter,
    register: guard.Looking,
    form: Annotated[Form, guard.form("notice")],
) -> Response:
    """A draft by which the notice of a downgrade says that a substantiated complaint led to it: by whom, and no more."""
    found = proposals.proposal(store(request), min(proposal_id, LARGEST_NUMBER))
    chosen = form.choice("notice", tuple(number for number, _ in _downgrades(found, _enterprise(register, found))))
    if not found.upheld:
        form.refuse("notice", "提出的机关还没有把有关投诉办结为查实，公告不能这样写")
    elif not chosen and not form.problems:
        form.refuse("notice", "请选择公告")
    if form.problems:
        return _page(request, person, register, proposal_id, form)
    notice, body = int(chosen or 0), proposals.body_name(store(request), found.body)
    said = (records.notice(register, notice).supervised_by or "").split("；")
    changes = {"supervised_by": "；".join(sorted({*filter(None, said), body}))}
    try:
        made = publishing.draft_notice_correction(
            doors.site(request).database, notice, changes, reason=_REASON, by=person.name, at=pages.now()
        )
    except NotValid as fault:
        form.refuse("notice", str(fault))
        return _page(request, person, register, proposal_id, form)
    return guard.go(f"/console/notices/{made.id}")


def _enterprise(register: Connection, proposal: Proposal) -> records.EnterpriseView | None:
    """The enterprise that is meant, as it is published now."""
    try:
        return records.enterprise(register, proposal.enterprise)
    except records.EnterpriseMerged as moved:
        return records.enterprise(register, moved.into)
    except Fault:
        return None


def _downgrades(proposal: Proposal, enterprise: records.EnterpriseView | None) -> list[tuple[str, str]]:
    """The notices that downgraded the enterprise since the proposal was made, as (number, words), newest first."""
    told = {
        str(event.notice.id): f"{event.notice.title}（{event.effective_on}，降为 {event.grade}）"
        for event in (enterprise.history if enterprise else ())
        if event.notice and event.kind == "downgraded" and event.stage == "decided" and not event.withdrawn
        and pages.day_of(event.published_at).isoformat() >= proposal.made_on
    }  # fmt: skip
    return list(told.items())


def _page(request: Request, person: Person, register: Connection, number: int, form: Form) -> Response:
    found = proposals.proposal(store(request), min(number, LARGEST_NUMBER))
    enterprise = _enterprise(register, found)
    return guard.page(
        request, person, "proposal.html", status=422 if form.problems else 200, proposal=found,
        enterprise=enterprise and enterprise.line, downgrades=_downgrades(found, enterprise),
        body=proposals.body_name(store(request), found.body), form=form,
    )  # fmt: skip
