"""`/sitemap.xml` and its parts `/sitemaps/{n}.xml`: every address that a search engine should know, from the register.

What this module knows that no other does: part 0 holds the site's own pages; part n what entries (n-1)*50,000+1 to
n*50,000 first made. An id is the number of an entry and no two things share one, so no part can outgrow the 50,000
addresses that a sitemap may have, and a part that is full changes only when something in it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import listings
from public_site.faults import NotFound
from public_site.web import answers, doors

routes = APIRouter(dependencies=[doors.parameters()])
SIZE = 50_000
FIXED = (
    "/", "/enterprises", "/map", "/places", "/industries", "/near", "/notices", "/downgrades", "/excellence", "/data",
    "/data/dictionary", "/follow", "/api", "/about", "/about/grades",
)  # fmt: skip
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


class NoSuchPart(NotFound):
    """The register is not that long."""


@routes.get("/sitemap.xml")
def index(request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """The list of the parts."""
    count = -(-snapshot.number // SIZE)
    parts = (f"<sitemap><loc>{site.settings.address}/sitemaps/{n}.xml</loc></sitemap>" for n in range(count + 1))
    return _xml(request, snapshot, "sitemapindex", parts)


@routes.get("/sitemaps/{part:int}.xml")
def sitemap(part: int, request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """One part."""
    if part == 0:
        found: Iterator[tuple[str, str | None]] = ((path, None) for path in FIXED)
    elif (part - 1) * SIZE < snapshot.number:
        found = listings.addresses(snapshot.connection, (part - 1) * SIZE, part * SIZE)
    else:
        raise NoSuchPart("网站地图没有这一部分。")
    urls = (_url(site.settings.address + path, day) for path, day in found)
    return _xml(request, snapshot, "urlset", urls)


def _url(address: str, day: str | None) -> str:
    return f"<url><loc>{escape(address)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</url>"


def _xml(request: Request, snapshot: doors.Snapshot, root: str, lines: Iterator[str]) -> Response:
    body = "\n".join(
        ('<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{_NAMESPACE}">', *lines, f"</{root}>\n")
    )
    return answers.public(request, snapshot, Response(body, media_type="application/xml"))
