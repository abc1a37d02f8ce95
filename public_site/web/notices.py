"""`/notices`: the published documents, the rows that were read from each, and the original file with its SHA-256."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from public_site import news, records
from public_site.faults import NotFound, NotReady
from public_site.languages import _
from public_site.web import caching, doors, keyset, pages, structured, telling
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
_ROWS = 100


class OriginalAway(NotReady):
    """The original file of a published notice is not where it should be."""


class NotSupervised(NotFound):
    """Nothing says that a substantiated complaint led to this notice."""


@routes.get("/notices")
def notices(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor")], snapshot: doors.Reader
) -> Response:
    """All notices, newest first."""
    after = keyset.read(parameters)
    found, total = records.notices(snapshot.connection, after=after, limit=keyset.PAGE)
    following = keyset.following("/notices", [(line.issued_on, line.id) for line in found])
    return pages.page(
        request, snapshot, "notices/list.html", notices=found, total=total, next=following, later=bool(after),
        feeds=telling.links(telling.address_of("/notices"), _("公告")),
    )  # fmt: skip


@routes.get("/notices.atom")
@routes.get("/notices.rss")
@routes.get("/notices.feed.json")
def feed(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor")], snapshot: doors.Reader
) -> Response:
    """The same to follow, in the order of publication."""
    page = news.of_notices(snapshot.connection, before=telling.before(parameters))
    return telling.answer(request, snapshot, page, title=_("公告"), path="/notices", further=telling.beside("/notices"))


@routes.get("/notices/{notice_id:int}")
def notice(
    notice_id: int,
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("after")],
    snapshot: doors.Reader,
    site: doors.TheSite,
) -> Response:
    """One notice with its rows; a long one is paged by the number of the last entry shown."""
    view = records.notice(snapshot.connection, min(notice_id, LARGEST_NUMBER))
    after = _after(parameters)
    rows = records.notice_changes(snapshot.connection, view.line.id, after=after, limit=_ROWS + 1)
    following = f"/notices/{view.line.id}?after={rows[_ROWS - 1].entry}" if len(rows) > _ROWS else None
    told = structured.notice(view, site.settings.base_url)
    return pages.page(
        request, snapshot, "notices/notice.html", notice=view, rows=rows[:_ROWS], next=following, later=bool(after),
        structured=told,
    )  # fmt: skip


@routes.get("/notices/{notice_id:int}/supervision", dependencies=[doors.parameters()])
def supervision(notice_id: int, request: Request, snapshot: doors.Reader) -> Response:
    """The substantiated complaint that led to a downgrade, as far as it is public: that there was one, and who found it so."""
    view = records.notice(snapshot.connection, min(notice_id, LARGEST_NUMBER))
    if not view.supervised_by:
        raise NotSupervised("没有登记过这份公告与查实的投诉有关。")
    return pages.page(request, snapshot, "notices/supervision.html", notice=view)


@routes.get("/notices/{notice_id:int}/original", dependencies=[doors.parameters()])
def original(notice_id: int, request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """The original file, byte for byte, always as a download: what strangers wrote is never shown in our pages."""
    view = records.notice(snapshot.connection, min(notice_id, LARGEST_NUMBER))
    if mine := caching.held(request, view.sha256):
        raise caching.NotModified(mine)
    path = site.settings.originals / view.sha256
    if not path.is_file():
        raise OriginalAway(_("这份公告的原始文件暂时取不到，请稍后再试。登记中保存着它的 SHA-256，可供核对。"))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(view.file_name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(view.sha256)).decode()}:",
        "ETag": f'"{view.sha256}"',
        "Cache-Control": caching.PUBLIC,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


def _after(parameters: Parameters) -> int:
    given = parameters.text("after") or "0"
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        parameters.refuse("after", _("应为本页给出的条目编号"))
    parameters.settle()
    return int(given)
