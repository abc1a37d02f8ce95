"""`/api/v1/versions`: the versions of the open data, as their own index tells them.

What this module knows that no other does: a version is made some time after an entry, so this answer alone is not a
function of N: its ETag is made of the index.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import open_data
from public_site.web import caching, doors
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import THINGS
from public_site.web.parameters import Parameters

routes = APIRouter()


@routes.get("/api/v1/versions")
def versions(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor", "limit", "fields")],
    site: doors.TheSite,
) -> Response:  # fmt: skip
    """The versions, newest first; none before the first export."""
    fields = answering.fields(parameters, THINGS["Version"])
    paging = cursors.read(parameters, "versions", ("-entry",))
    parameters.settle()
    index = open_data.read(site.settings.open_data_folder)
    digest = hashlib.sha256(open_data.as_json(index)).hexdigest()[:12]
    tag = caching.tag(request, 0, f"{site.build}{digest}", None)
    if mine := caching.held(request, tag):
        raise caching.NotModified(mine)
    found = index.versions
    begin = paging.after[1] if paging.after else 0
    end = begin + paging.limit
    cursor = paging.cursor(("", end) if end < len(found) else None)
    following = answering.with_cursor(request, cursor) if cursor else None
    body = {
        "total": len(found),
        "items": [answering.picked(_shape(version), fields) for version in found[begin:end]],
        "next": following,
        "entry": found[0].entry if found else 0,
    }
    response = Response(orjson.dumps(body), media_type="application/json")
    caching.declare_public(response, tag)
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _shape(version: open_data.Version) -> dict[str, Any]:
    folder = f"/data/{quote(version.name)}/"
    return {
        "version": version.name,
        "entry": version.entry,
        "date": version.date,
        "published_at": version.published_at,
        "thinned": version.thinned,
        "files": [
            {
                "name": file.name,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "rows": file.rows,
                "url": f"{folder}{quote(file.name)}",
            }
            for file in version.files
        ],
        "url": folder,
    }
