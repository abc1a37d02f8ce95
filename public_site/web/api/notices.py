"""`/api/v1/notices`: the published documents, and what the rows of each decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import listings, records
from public_site.web import doors, filters, shapes
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import SCHEMES, SCOPES, STAGES, THINGS
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
NAMES = (
    "division", "stage", "scope", "scheme", "issued_since", "issued_until", "sort", "cursor", "limit", "fields",
)  # fmt: skip


@routes.get("/api/v1/notices")
def notices(
    request: Request, parameters: Annotated[Parameters, doors.parameters(*NAMES)], snapshot: doors.Reader
) -> Response:
    """The list of notices, newest first."""
    fields = answering.fields(parameters, THINGS["Notice"])
    paging = cursors.read(parameters, "notices", listings.NOTICE_SORTS)
    since, until = parameters.day("issued_since"), parameters.day("issued_until")
    wanted = listings.NoticeFilters(
        division=filters.divisions(parameters, "division"),
        stage=filters.among(parameters, "stage", STAGES),
        scope=filters.among(parameters, "scope", SCOPES),
        scheme=filters.among(parameters, "scheme", SCHEMES),
        issued_since=since.isoformat() if since else None,
        issued_until=until.isoformat() if until else None,
    )
    parameters.settle()
    page = listings.notices(snapshot.connection, wanted, sort=paging.sort, after=paging.after, limit=paging.limit)
    return answering.page(request, snapshot, page, shapes.listed_notice, paging, fields)


@routes.get("/api/v1/notices/{notice_id:int}")
def notice(
    notice_id: int,
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("fields")],
    snapshot: doors.Reader,
) -> Response:
    """One notice."""
    fields = answering.fields(parameters, THINGS["WholeNotice"])
    parameters.settle()
    view = records.notice(snapshot.connection, min(notice_id, LARGEST_NUMBER))
    return answering.one(request, snapshot, shapes.notice(view), fields)


@routes.get("/api/v1/notices/{notice_id:int}/rows")
def rows(
    notice_id: int,
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("cursor", "limit", "fields")],
    snapshot: doors.Reader,
) -> Response:
    """What the rows of a notice decide, in the order of its file."""
    fields = answering.fields(parameters, THINGS["Decision"])
    paging = cursors.read(parameters, "rows", ("entry",))
    parameters.settle()
    line = records.notice(snapshot.connection, min(notice_id, LARGEST_NUMBER)).line
    after = paging.after[1] if paging.after else 0
    page = listings.decisions(snapshot.connection, line.id, after=after, limit=paging.limit)
    return answering.page(request, snapshot, page, shapes.decision, paging, fields)
