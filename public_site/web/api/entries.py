"""`/api/v1/entries` and the changes: the register itself, whole, as it was appended. Nothing of it is ever pruned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import listings, register
from public_site.search.values import LIMIT
from public_site.web import answers, doors, filters, shapes
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import STAGES, THINGS
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
NAMES = ("kind", "stage", "enterprise", "notice", "unit", "known_at", "sort", "cursor", "limit", "fields")
_CHANGES = 50


@routes.get("/api/v1/entries")
def entries(
    request: Request, parameters: Annotated[Parameters, doors.parameters(*NAMES)], snapshot: doors.Reader
) -> Response:
    """The list of entries."""
    fields = answering.fields(parameters, THINGS["Entry"])
    paging = cursors.read(parameters, "entries", listings.ENTRY_SORTS)
    wanted = listings.EntryFilters(
        kind=filters.among(parameters, "kind", register.KINDS),
        stage=filters.among(parameters, "stage", STAGES),
        enterprise=parameters.whole_numbers("enterprise"),
        notice=parameters.whole_numbers("notice"),
        unit=parameters.whole_numbers("unit"),
        known=answering.known(parameters, snapshot),
    )
    answering.settle_order(parameters, paging, narrowed=bool(wanted.enterprise or wanted.notice))
    page = listings.entries(snapshot.connection, wanted, sort=paging.sort, after=paging.after, limit=paging.limit)
    return answering.page(request, snapshot, page, shapes.entry, paging, fields)


@routes.get("/api/v1/entries/{number:int}")
def entry(
    number: int, request: Request, parameters: Annotated[Parameters, doors.parameters("fields")], snapshot: doors.Reader
) -> Response:
    """One entry."""
    fields = answering.fields(parameters, THINGS["Entry"])
    parameters.settle()
    found = register.entry(snapshot.connection, min(number, LARGEST_NUMBER))
    return answering.one(request, snapshot, shapes.entry(found), fields)


# Two addresses of one list. The first is the contract's; it stands here because its answer is the API's.
@routes.get("/data/changes")
@routes.get("/api/v1/changes")
def changes(
    request: Request, parameters: Annotated[Parameters, doors.parameters("after", "limit")], snapshot: doors.Reader
) -> Response:
    """What was published after entry `after`, in order: who asks again with `next_after` misses nothing."""
    after = parameters.whole("after", 0, 10**9 - 1) or 0
    limit = parameters.whole("limit", 1, LIMIT) or _CHANGES
    parameters.settle()
    found = register.since(snapshot.connection, after, limit)
    next_after = found[-1].number if found else after
    body = {"events": [shapes.change(one) for one in found], "next_after": next_after, "entry": snapshot.number}
    response = answers.json(request, snapshot, body)
    if next_after < snapshot.number:
        response.headers["Link"] = f'<{request.url.path}?after={next_after}&limit={limit}>; rel="next"'
    return response
