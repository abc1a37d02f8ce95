"""`/api/v1/enterprises`: the same search, filters and facets as the page, and the same JSON; also as once known."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from public_site import listings, records, search
from public_site.languages import _
from public_site.web import answers, doors, filters, finding, shapes
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import THINGS
from public_site.web.filters import Filters
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
NEWEST = "-effective_on"  # of an enterprise: the latest decision first, as `since`
SORTS = (*search.SORTS, NEWEST)
NAMES = (*filters.NAMES, "known_at", "fields")
# What was once known is in no index: such a list is whole, in the order of the ids.
NAMES_KNOWN = ("known_at", "fields", "sort", "cursor", "limit")


@routes.get("/api/v1/enterprises")
def enterprises(
    request: Request,
    parameters: Annotated[Parameters, doors.parameters(*NAMES)],
    snapshot: doors.Reader,
    index: doors.Index,
) -> Response:
    """The list of enterprises."""
    fields = answering.fields(parameters, THINGS["Enterprise"])
    known = answering.known(parameters, snapshot)
    if known is not None:
        return _as_known(request, parameters, snapshot, known, fields)
    wanted = _filters(parameters)
    result = finding.find(index, snapshot, wanted.query(), wanted.as_of)
    found = result.found
    day = wanted.as_of.isoformat() if wanted.as_of else None
    lines = records.lines(snapshot.connection, found.ids, as_of=day)
    return answering.many(
        request,
        snapshot,
        map(shapes.enterprise, lines),
        total=found.total,
        cursor=found.next,
        fields=fields,
        facets={
            facet.name: [shapes.facet(choice) for choice in facet.choices]
            for facet in finding.facets(wanted, found, "/api/v1/enterprises")
        },
        approximate=found.approximate,
        limited=result.limited,
    )


@routes.get("/api/v1/enterprises/{enterprise_id:int}")
def enterprise(
    enterprise_id: int,
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("as_of", "known_at", "fields")],
    snapshot: doors.Reader,
) -> Response:
    """One enterprise with its history; the id of a merged one leads to the survivor."""
    fields = answering.fields(parameters, THINGS["EnterpriseWithHistory"])
    day = parameters.day("as_of")
    known = answering.known(parameters, snapshot)
    parameters.settle()
    try:
        view = records.enterprise(
            snapshot.connection,
            min(enterprise_id, LARGEST_NUMBER),
            as_of=day.isoformat() if day else None,
            known=known,
        )
    except records.EnterpriseMerged as merged:
        asked = f"?{request.url.query}" if request.url.query else ""
        response = RedirectResponse(f"/api/v1/enterprises/{merged.into}{asked}", 302)
        return answers.public(request, snapshot, response)
    return answering.one(request, snapshot, shapes.enterprise_with_history(view), fields)


def _filters(parameters: Parameters) -> Filters:
    if parameters.raw("sort") == (NEWEST,):
        parameters.take_as("sort", "since")
    return filters.read(parameters)


def _as_known(
    request: Request, parameters: Parameters, snapshot: doors.Snapshot, known: int, fields: answering.Fields
) -> Response:
    for name in NAMES:
        if name not in NAMES_KNOWN and parameters.raw(name):
            parameters.refuse(name, _("与 known_at 不能同时使用：当时所知的名单没有索引，只能按编号列出全部"))
    paging = cursors.read(parameters, "enterprises known", ("id",))
    if parameters.raw("sort") not in ((), ("id",)):
        parameters.refuse("sort", _("使用 known_at 时只能按编号排列（id）"))
    parameters.settle()
    after = paging.after[1] if paging.after else 0
    page = listings.enterprises_known(snapshot.connection, known, after=after, limit=paging.limit)
    return answering.page(
        request, snapshot, page, shapes.enterprise, paging, fields, facets={}, approximate=False, limited=False
    )
