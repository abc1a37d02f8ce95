"""`/.well-known/…`: what programs look for at a fixed address."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import log, signing
from public_site.web import answers, doors

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/.well-known/jwks.json")
def keys(request: Request, snapshot: doors.Reader, site: doors.TheSite) -> Response:
    """Every public key that ever signed for this register, and what was revoked. Keys change without a new entry."""
    settings = site.settings
    origin = log.origin(snapshot.connection) or settings.origin
    answer = answers.json(
        request, snapshot, signing.key_set(settings.receipt_keys, settings.log_key, origin, settings.proof_key)
    )
    answer.headers["Cache-Control"] = "public, max-age=60"
    del answer.headers["ETag"]
    return answer
