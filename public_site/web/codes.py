"""`/codes/{credit code}`: from an enterprise's credit code to its page, or the plain words that there is no record."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from public_site import enterprises, records
from public_site.languages import _
from public_site.web import doors, errors, pages
from public_site.web.parameters import UrlNotValid

routes = APIRouter(dependencies=[doors.parameters()])


class NotACreditCode(UrlNotValid):
    """The characters cannot be a unified social credit code."""


@routes.get("/codes/{code}")
def code(code: str, request: Request, snapshot: doors.Reader) -> Response:
    """The enterprise of this code. No record is not grade D, and the page says so."""
    wanted = code.strip().upper()
    if not enterprises.is_credit_code(wanted):
        raise NotACreditCode(
            _(
                "这不是有效的统一社会信用代码：应为 18 位数字和大写字母（不含 I、O、S、V、Z），且校验位正确。请对照营业执照核对。"
            )
        )
    found = records.id_of_code(snapshot.connection, wanted)
    if found is not None:
        return RedirectResponse(f"/enterprises/{found}", 302)
    if errors.wants_json(request):
        raise enterprises.NoSuchEnterprise(_("未见公开记录。这不等于 D 级：多数地方只公布较好的等级。"))
    return pages.plain(request, "codes/code.html", status=404, snapshot=snapshot, code=wanted)
