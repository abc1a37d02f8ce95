"""What a page with a map and its script must know of the ground under it.

What this module knows that no other does: whether the outlines of the build, the operator's file or a tile service lie
under a map, where each is fetched, and that a tile service needs its own permission in the page's headers.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import Response

from public_site import ground, maps
from public_site.languages import _
from public_site.web import policy
from public_site.web.doors import Site

OPERATORS = "/map/ground.geojson"


def tiles(site: Site) -> maps.Tiles | None:
    """The tile service, where the operator has set one."""
    return maps.Tiles(site.settings.map_tiles) if site.settings.map_tiles else None


def facts(site: Site) -> dict[str, Any]:
    """The ground of the public map, as its page says it."""
    settings = site.settings
    own = settings.map_ground_file is not None
    told = {"ground": OPERATORS, "details": "{}"} if own else outlines(site)
    return told | {"source": settings.map_ground_source or _(ground.SOURCE), "approval": settings.map_approval}


def outlines(site: Site) -> dict[str, str]:
    """The outlines of the build: the country's, and by province those of its cities and counties."""
    codes = [province.code for province in ground.overview().provinces]
    details = {code[:2]: site.assets.url(ground.detail(code)) for code in codes}
    return {"ground": site.assets.url(ground.PROVINCES), "details": json.dumps(details)}


def with_tiles(response: Response, site: Site) -> Response:
    """A tile service is the one foreign host a page may ask, and only where the operator has set it."""
    if found := tiles(site):
        response.headers.update(policy.with_images_from(found.hosts))
    return response
