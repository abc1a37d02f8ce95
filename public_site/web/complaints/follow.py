"""`/complaints/follow`: what an informant sees and does with the tracking code, which travels in POST bodies only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from public_site.complaints import cases, categories, clocks, following, routing, workflow
from public_site.faults import NotValid
from public_site.languages import N_, Words, _, sentences
from public_site.web import doors, pages
from public_site.web.complaints import arriving
from public_site.web.forms import Form

routes = APIRouter()
FOLLOW, ACT = "/complaints/follow", "/complaints/follow/act"
_FIELDS = frozenset({"code", "act", "said", "sure"})
_ACTS = ("answer", "add", "object", "withdraw", "erase")
_DONE = Words(
    {
        "answer": N_("回答已经送到承办机关。"),
        "add": N_("补充的材料已经送到。"),
        "object": N_("已经转给上一级。"),
        "withdraw": N_("已经撤回。"),
    }
)


async def _plain(request: Request) -> Form:
    return await arriving.fields(request, _FIELDS)


@routes.get(FOLLOW, dependencies=[doors.parameters()])
def ask(request: Request, site: doors.TheSite) -> Response:
    """Where the code is typed."""
    return _asking(request, site, 200)


@routes.post(FOLLOW, dependencies=[doors.parameters()])
def follow(request: Request, site: doors.TheSite, form: Annotated[Form, Depends(_plain)]) -> Response:
    """All that the informant sees; an unknown code is answered like a malformed one."""
    site.complaints.slow_down("follow", _address(request), at=pages.now())
    return _shown(request, site, form.said("code"))


@routes.post(ACT, max_body_size=arriving.LARGEST, dependencies=[doors.parameters()])
async def act(request: Request, site: doors.TheSite) -> Response:
    """Answer, add, object, withdraw, erase."""
    form, pictures = await arriving.with_photos(request, _FIELDS)
    return await run_in_threadpool(_acted, request, site, form, pictures)


@routes.post("/complaints/follow/proof", dependencies=[doors.parameters()])
def proof(request: Request, site: doors.TheSite, form: Annotated[Form, Depends(_plain)]) -> Response:
    """A signed statement that this was lodged, as a file to keep."""
    try:
        said = following.proof(site.complaints, form.said("code"))
    except following.UnknownCode as fault:
        return _asking(request, site, 422, str(fault))
    headers = {"Content-Disposition": 'attachment; filename="registration-proof.jws"'}
    return Response(said + "\n", media_type="application/jose", headers=headers)


def _acted(request: Request, site: doors.Site, form: Form, pictures: list[bytes]) -> Response:
    store, code, today = site.complaints, form.said("code"), pages.day_of(pages.now())
    store.slow_down("follow", _address(request), at=pages.now())
    name, said = form.choice("act", _ACTS), form.passage("said", longest=cases.LONGEST)
    try:
        if name is None or form.problems:
            raise NotValid(form.problem("said") or _("没有说明要做什么。"))
        if name in ("erase", "withdraw") and not form.flag("sure"):
            raise NotValid(_("请先勾选确认。"))
        if name == "erase":
            following.erase(store, code, on=today)
            return pages.plain(request, "complaints/erased.html", status=200)
        refused = following.act(store, code, name, said, pictures, on=today)
    except following.UnknownCode as fault:
        return _asking(request, site, 422, str(fault))
    except NotValid as fault:
        return _shown(request, site, code, 422, str(fault), kept=said)
    return _shown(request, site, code, done=sentences(_DONE[name], *refused))


def _shown(
    request: Request, site: doors.Site, code: str, status: int = 200, fault: str = "", done: str = "", kept: str = ""
) -> Response:  # fmt: skip
    try:
        seen = following.follow(site.complaints, code, on=pages.day_of(pages.now()))
    except following.UnknownCode as refused:
        return _asking(request, site, 422, str(refused))
    return pages.plain(
        request, "complaints/followed.html", status=status, seen=seen, code=code, fault=fault, done=done,
        form=Form([("said", kept)] if kept else []), states=workflow.STATES, reasons=workflow.REFUSALS | workflow.OUTCOMES,
        clocks=clocks.NAMES, categories=categories.table(), longest=cases.LONGEST, why=routing.told,
    )  # fmt: skip


def _asking(request: Request, site: doors.Site, status: int, fault: str = "") -> Response:
    return pages.plain(request, "complaints/follow.html", status=status, fault=fault, form=Form(), is_open=site.complaints.is_open)  # fmt: skip


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
