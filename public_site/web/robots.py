"""`/robots.txt`: what crawlers should leave alone. Lists have no end of combinations; each thing is in the sitemap."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from public_site.web import answers, doors

routes = APIRouter(dependencies=[doors.parameters()])
LEFT_OUT = (
    "/console", "/complaints", "/enterprises/suggestions", "/api/v1/",
    "/*cursor=",  # the pages of a list
    "/enterprises?*&",  # a list narrowed twice
    "/*.csv", "/*.xlsx", "/*.geojson",  # whole lists as files
)  # fmt: skip


@routes.get("/robots.txt")
def robots(request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """Rules for all crawlers, and where the sitemap is."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in LEFT_OUT),
        "",
        f"Sitemap: {site.settings.address}/sitemap.xml",
    ]
    return answers.public(request, snapshot, PlainTextResponse("\n".join(lines) + "\n"))
