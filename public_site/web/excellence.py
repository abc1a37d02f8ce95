"""`/excellence`: the enterprises that hold A+ (卓越级), most recent decision first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import news, records, search
from public_site.languages import _
from public_site.web import doors, finding, pages, telling
from public_site.web.filters import LONGEST_CURSOR, Filters
from public_site.web.parameters import Parameters

routes = APIRouter()


@routes.get("/excellence")
def excellence(
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("cursor")],
    snapshot: doors.Reader,
    index: doors.Index,
) -> Response:
    """The list of A+ enterprises."""
    cursor = parameters.text("cursor", longest=LONGEST_CURSOR)
    parameters.settle()
    found = finding.find(index, snapshot, search.Query(excellence=True, sort="since", cursor=cursor)).found
    return pages.page(
        request,
        snapshot,
        "excellence/excellence.html",
        lines=records.lines(snapshot.connection, found.ids),
        total=found.total,
        next=Filters(cursor=found.next).url("/excellence") if found.next else None,
        later=cursor is not None,
        feeds=telling.links(telling.address_of("/excellence"), _("A+ 企业")),
    )


@routes.get("/excellence.atom")
@routes.get("/excellence.rss")
@routes.get("/excellence.feed.json")
def feed(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor")], snapshot: doors.Reader
) -> Response:
    """The same to follow, in the order of publication."""
    page = news.of_excellence(snapshot.connection, before=telling.before(parameters))
    return telling.answer(
        request, snapshot, page, title=_("A+ 企业"), path="/excellence", further=telling.beside("/excellence")
    )
