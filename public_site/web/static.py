"""`/static/{hash}/{name}`: files that never change under their address."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from public_site.faults import NotFound
from public_site.languages import _
from public_site.web import caching, doors

routes = APIRouter(dependencies=[doors.parameters()])


class NoSuchFile(NotFound):
    """No static file has this name and these bytes."""


@routes.get("/static/{digest}/{name:path}")
def file(digest: str, name: str, site: doors.TheSite) -> Response:
    """A static file, to be kept for ever: its address contains the hash of its bytes."""
    found = site.assets.find(digest, name)
    if found is None:
        raise NoSuchFile(_("没有这个文件，或者它已有新版本；请刷新页面。"))
    headers = {"Cache-Control": caching.FOREVER, "ETag": f'"{found.digest}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)
