"""`/downgrades`: every downgrade that was decided and not withdrawn, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import news, records
from public_site.languages import _
from public_site.web import doors, keyset, pages, telling
from public_site.web.parameters import Parameters

routes = APIRouter()


@routes.get("/downgrades")
def downgrades(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor")], snapshot: doors.Reader
) -> Response:
    """The list of downgrades."""
    after = keyset.read(parameters)
    found, total = records.downgrades(snapshot.connection, after=after)
    following = keyset.following("/downgrades", [(item.effective_on, item.entry) for item in found])
    return pages.page(
        request,
        snapshot,
        "downgrades/downgrades.html",
        downgrades=found,
        total=total,
        next=following,
        later=bool(after),
        feeds=telling.links(telling.address_of("/downgrades"), _("降级")),
    )


@routes.get("/downgrades.atom")
@routes.get("/downgrades.rss")
@routes.get("/downgrades.feed.json")
def feed(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor")], snapshot: doors.Reader
) -> Response:
    """The same to follow, in the order of publication."""
    page = news.of_downgrades(snapshot.connection, before=telling.before(parameters))
    return telling.answer(
        request, snapshot, page, title=_("降级"), path="/downgrades", further=telling.beside("/downgrades")
    )
