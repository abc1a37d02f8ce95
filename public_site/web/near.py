"""`/near`: from where one is, or from a place that one names or chooses step by step, to the list by distance.

What this module knows that no other does: where the middle of a place is that one looks around, and that a province is
too large to be looked around. The browser's own position never comes here: a script of the page rounds it and opens
`/enterprises?near=`, and only when asked to.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from public_site import ground, places
from public_site.web import answers, doors, filters, pages
from public_site.web.filters import Filters
from public_site.web.parameters import Parameters

routes = APIRouter()
_LONGEST = 40
_RADIUS_KM = 10


@routes.get("/near")
def near(
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("place", "radius_km")],
    snapshot: doors.Reader,
) -> Response:
    """Where do you want to look? A county leads to the list around it, a city also to its counties, a province down."""
    said = parameters.text("place", longest=_LONGEST) or ""
    radius = parameters.choice("radius_km", tuple(f"{km}" for km in filters.RADII_KM))
    parameters.settle()
    kilometres = int(radius or _RADIUS_KM)
    found = _meant(said)
    here = found[0] if len(found) == 1 else None
    around = _around(here, kilometres) if here else None
    if here and here.county and around:
        return answers.public(request, snapshot, RedirectResponse(around, 302))
    return pages.page(
        request, snapshot, "near/near.html", said=said, choices=found if here is None else (), here=here,
        around=around, radius=kilometres, radii=filters.RADII_KM,
        below=places.children(here.code) if here else places.children(),
    )  # fmt: skip


def _meant(said: str) -> list[places.Place]:
    """The places of a name, or the one of a code."""
    if places.is_division(said):
        return [places.place(said)]
    codes = dict.fromkeys(found.code for found in places.find(said) if found.code) if said else {}
    return [places.place(code) for code in codes if code]


def _around(here: places.Place, kilometres: int) -> str | None:
    """The list around the middle of a place, or of the place above it that has one; never of a province."""
    points = ground.inner_points()
    middle = next((points[d.code] for d in (here.county, here.city) if d and d.code in points), None)
    if middle is None:
        return None
    lat, lon = middle
    return Filters(near=(round(lat, 3), round(lon, 3)), radius_km=float(kilometres), sort="distance").url()
