"""`/near`: from where one is, or a place that one names, to the list by distance or of that place.

The position never comes here: a script of the page rounds it and opens `/enterprises?near=`, and only when asked to.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from public_site import places
from public_site.web import answers, doors, pages
from public_site.web.parameters import Parameters

routes = APIRouter()
_LONGEST = 40


@routes.get("/near")
def near(
    request: Request, parameters: Annotated[Parameters, doors.parameters("place")], snapshot: doors.Reader
) -> Response:
    """Where do you want to look? A name that means one place leads there."""
    said = parameters.text("place", longest=_LONGEST)
    parameters.settle()
    codes = dict.fromkeys(found.code for found in places.find(said) if found.code) if said else {}
    if len(codes) == 1:
        return answers.public(request, snapshot, RedirectResponse(f"/places/{next(iter(codes))}", 302))
    choices = [places.place(code) for code in codes if code]
    return pages.page(
        request, snapshot, "near/near.html", said=said or "", choices=choices, provinces=places.children()
    )
