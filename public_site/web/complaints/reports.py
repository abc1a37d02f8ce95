"""`/complaints/new`: which of the three it is; errors of this site's data are reported here."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from public_site import error_reports, records
from public_site.languages import _
from public_site.web import doors, pages
from public_site.web.complaints import arriving, lodge
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
KINDS = ("data", "objection", "pollution")
_FIELDS = frozenset({"enterprise", "notice", "report", "url", "once"})


@routes.get("/complaints/new")
def new(
    request: Request,
    site: doors.TheSite,
    parameters: Annotated[Parameters, doors.parameters("kind", "enterprise", "notice", "point")],
) -> Response:
    """Which of the three; then its own page."""
    kind = parameters.choice("kind", KINDS)
    enterprise, notice = (parameters.whole(name, 1, 2**31 - 1) for name in ("enterprise", "notice"))
    point = parameters.numbers("point", 2, "29.70,107.39") or ()
    parameters.settle()
    about = {
        "enterprise": str(enterprise or ""),
        "notice": str(notice or ""),
        "point": ",".join(f"{n:.5f}" for n in point),
    }
    if kind is None:
        return pages.plain(request, "complaints/kinds.html", status=200, about=about, is_open=site.complaints.is_open)
    if kind != "data" and site.complaints.is_open:
        return lodge.first(request, site, kind, **about)
    if kind != "data":
        return pages.plain(request, "complaints/elsewhere.html", status=200, kind=kind,
                           channel=site.settings.complaint_channel)  # fmt: skip
    items = [("enterprise", str(enterprise or "")), ("notice", str(notice or "")), ("once", secrets.token_urlsafe(18))]
    return _data_page(request, site, Form(items, _FIELDS))


async def _sent(request: Request) -> Form:
    """Raises: ForeignForm."""
    return await arriving.fields(request, _FIELDS)


@routes.post("/complaints/new", dependencies=[doors.parameters()])
def send(request: Request, site: doors.TheSite, form: Annotated[Form, Depends(_sent)]) -> Response:
    """Kept once, however often it is sent."""
    said = form.passage("report", longest=error_reports.LONGEST)
    if len(said) < 5 and not form.problem("report"):
        form.refuse("report", _("请写明哪里有误，应该是什么"))
    url = form.web_address("url")
    enterprise, notice = (form.whole(name, 1, 2**31 - 1) for name in ("enterprise", "notice"))
    once = form.text("once") or secrets.token_urlsafe(18)
    if form.problems:
        return _data_page(request, site, form, status=422)
    about: error_reports.About = "enterprise" if enterprise else "notice" if notice else "none"
    address = request.client.host if request.client else ""
    number = error_reports.send(site.database, about=about, about_id=enterprise or notice, said=said, url=url, once=once,
                                address=address, at=pages.now())  # fmt: skip
    return RedirectResponse(f"/complaints/received?number={number}", 303)


@routes.get("/complaints/received")
def received(request: Request, parameters: Annotated[Parameters, doors.parameters("number")]) -> Response:
    """What happens next."""
    number = parameters.whole("number", 1, 2**31 - 1)
    parameters.settle()
    return pages.plain(request, "complaints/received.html", status=200, number=number)


def _data_page(request: Request, site: doors.Site, form: Form, status: int = 200) -> Response:
    return pages.plain(request, "complaints/data.html", status=status, form=form, subject=_subject(site, form),
                       longest=error_reports.LONGEST)  # fmt: skip


def _subject(site: doors.Site, form: Form) -> tuple[str, str] | None:
    """What the report is about: its name and address. Something that does not exist is left out."""
    with site.database.reading() as connection:
        if enterprise := form.whole("enterprise", 1, LARGEST_NUMBER):
            found = records.lines(connection, [enterprise])
            return (found[0].name, f"/enterprises/{enterprise}") if found else None
        if notice := form.whole("notice", 1, LARGEST_NUMBER):
            try:
                return records.notice(connection, notice).line.title, f"/notices/{notice}"
            except records.NoSuchNotice:
                return None
    return None
