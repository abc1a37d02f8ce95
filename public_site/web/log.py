"""`/log/…`: the tamper-evident log, for whoever keeps watch from outside."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from public_site import log
from public_site.web import answers, doors

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/log/checkpoint")
def checkpoint(request: Request, snapshot: doors.Reader) -> Response:
    """The latest signed checkpoint (C2SP signed note): who keeps it is a witness."""
    return answers.public(request, snapshot, PlainTextResponse(log.checkpoint(snapshot.connection)))
