"""`/api/v1/units`: graded units with what each holds, now or as of a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import listings
from public_site.web import doors, filters, shapes
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import SCHEMES, STAGES, THINGS
from public_site.web.parameters import Parameters

routes = APIRouter()
NAMES = (
    "enterprise", "notice", "province", "city", "county", "industry", "grade", "scheme", "stage", "unlisted", "as_of",
    "sort", "cursor", "limit", "fields",
)  # fmt: skip


@routes.get("/api/v1/units")
def units(
    request: Request, parameters: Annotated[Parameters, doors.parameters(*NAMES)], snapshot: doors.Reader
) -> Response:
    """The list of units."""
    fields = answering.fields(parameters, THINGS["Unit"])
    paging = cursors.read(parameters, "units", listings.UNIT_SORTS)
    as_of = parameters.day("as_of")
    wanted = listings.UnitFilters(
        enterprise=parameters.whole_numbers("enterprise"),
        notice=parameters.whole_numbers("notice"),
        province=filters.divisions(parameters, "province"),
        city=filters.divisions(parameters, "city"),
        county=filters.divisions(parameters, "county"),
        industry=parameters.texts("industry"),
        grade=filters.grades_among(parameters, "grade"),
        scheme=filters.among(parameters, "scheme", SCHEMES),
        stage=filters.among(parameters, "stage", STAGES),
        unlisted=parameters.flag("unlisted"),
        as_of=as_of.isoformat() if as_of else None,
    )
    answering.settle_order(parameters, paging, narrowed=bool(wanted.enterprise or wanted.notice))
    page = listings.units(snapshot.connection, wanted, sort=paging.sort, after=paging.after, limit=paging.limit)
    return answering.page(request, snapshot, page, shapes.listed_unit, paging, fields)
