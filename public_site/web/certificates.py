"""What the register says of one enterprise on one sheet, signed: as a page to print, as PDF, as the receipt itself.

What this module knows that no other does: that such a sheet is a function of (N, URL) like every public page (it is made
out as of the moment up to which is known, not of the moment somebody asks), and which address its QR code leads to.
"""

from __future__ import annotations

from datetime import date

from fastapi import Request
from fastapi.responses import Response

from public_site import certificates, languages, receipts, register
from public_site.receipts import Receipt
from public_site.web import answers, pages, translating
from public_site.web.doors import Site, Snapshot
from public_site.web.parameters import Parameters

PDF, JWS, PAGE = ".pdf", ".jws", ""


def answer(
    request: Request, site: Site, snapshot: Snapshot, parameters: Parameters, enterprise_id: int, form: str
) -> Response:  # fmt: skip
    """The sheet in one of its forms.

    Raises: log.NoCheckpoint; records.NoSuchEnterprise; records.EnterpriseMerged.
    """
    day, at = parameters.day("as_of"), parameters.known_at()
    parameters.settle()
    known = receipts.known_at(snapshot.connection, at)
    told_until = pages.day_of(register.entry(snapshot.connection, known).published_at)
    receipt = receipts.certificate(snapshot.connection, site.settings, enterprise_id,
                                   as_of=(day or told_until).isoformat(), known=known)  # fmt: skip
    path = f"/enterprises/{enterprise_id}/certificate"
    query = f"?as_of={receipt.head['as_of']}&known_at={known}"
    lasting = f"{answers.address(request)}{translating.prefix(languages.current())}{path}{query}"
    if form == JWS:
        return _file(request, snapshot, receipt.data, "application/jose", receipt, enterprise_id, form)
    if form == PDF:
        content = certificates.as_pdf(receipt, lasting)
        return _file(request, snapshot, content, "application/pdf", receipt, enterprise_id, form)
    side, drawn = certificates.qr(lasting)
    said = receipt.said
    return pages.page(
        request, snapshot, "enterprises/certificate.html", said=said, facts=certificates.facts(receipt),
        units=certificates.units(said), enterprise=said["results"][0]["enterprise"], side=side, drawn=drawn,
        lasting=lasting, path=path, query=query, has_pdf=certificates.can_write_pdf(),
        day=date.fromisoformat(said["as_of"]),
    )  # fmt: skip


def _file(
    request: Request, snapshot: Snapshot, content: bytes, media_type: str, receipt: Receipt, enterprise_id: int, ending: str
) -> Response:  # fmt: skip
    name = f"mingji-{enterprise_id}-{receipt.head['as_of']}-{receipt.head['entry']}{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return answers.public(request, snapshot, Response(content, media_type=media_type, headers=headers))
