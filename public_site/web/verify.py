"""`/verify`: whether a receipt or a registration proof still says what it said, each check in words; nothing is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from public_site import log, receipt_verifier, signing
from public_site.web import doors, pages

routes = APIRouter(dependencies=[doors.parameters()])
PAGE = "/verify"
LARGEST_RECEIPT = 64 << 20


@routes.get(PAGE)
def verify(request: Request) -> Response:
    """The form."""
    return pages.plain(request, "verify/verify.html", status=200, checks=None, said=None, proof=False)


async def _sent(request: Request) -> str:
    async with request.form(max_files=1, max_fields=5, max_part_size=LARGEST_RECEIPT) as sent:
        file = sent.get("file")
        data = await file.read() if isinstance(file, UploadFile) else b""
        return data.decode("ascii", "replace") or str(sent.get("receipt") or "")


@routes.post(PAGE, max_body_size=LARGEST_RECEIPT)
def verified(
    request: Request, site: doors.TheSite, snapshot: doors.Reader, receipt: Annotated[str, Depends(_sent)]
) -> Response:
    """Each check of a receipt."""
    settings = site.settings
    origin = log.origin(snapshot.connection) or settings.origin
    checks = receipt_verifier.verify(
        receipt, signing.key_set(settings.receipt_keys, settings.log_key, origin, settings.proof_key)
    )
    holds = all(held for _, held, _ in checks)
    said = receipt_verifier.content(receipt) if holds else None
    return pages.plain(
        request, "verify/verify.html", status=200 if holds else 422, checks=checks, said=said,
        proof=receipt_verifier.is_proof(receipt),
    )  # fmt: skip
