"""`/healthz`: the process answers. Nothing more is claimed; `readyz` tells whether it can answer truthfully."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from public_site.web import doors

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/healthz")
def alive() -> PlainTextResponse:
    """Always `ok`: a supervisor of processes restarts what does not say so."""
    return PlainTextResponse("ok\n")
