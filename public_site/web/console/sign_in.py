"""`/console/sign-in`, `/console/sign-out`, `/console/account`: coming, going, and one's own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from public_site import supervisors
from public_site.complaints import keys
from public_site.faults import NotValid
from public_site.throttling import TooFast
from public_site.web import doors, pages
from public_site.web.console import guard
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()
_FIELDS = frozenset({"name", "password", "code"})


@routes.get("/console/sign-in", dependencies=[Depends(guard.at_home)])
def sign_in_page(request: Request, parameters: Annotated[Parameters, doors.parameters("ended")]) -> Response:
    """Where one signs in."""
    ended = parameters.flag("ended")
    parameters.settle()
    return guard.page(request, None, "sign_in.html", form=Form(), fault="", ended=ended)


async def _said(request: Request) -> Form:
    return await guard.read(request, _FIELDS)


@routes.post("/console/sign-in", dependencies=[Depends(guard.at_home), doors.parameters()])
def sign_in(request: Request, form: Annotated[Form, Depends(_said)]) -> Response:
    """A new session, or the same page with one and the same sentence for whatever was wrong."""
    site, address = doors.site(request), request.client.host if request.client else ""
    try:
        token = supervisors.sign_in(
            site.database, site.settings.console_key, name=form.said("name"), password=form.said("password"),
            code=form.said("code"), address=address, at=pages.now(),
        )  # fmt: skip
    except (supervisors.SignInRefused, TooFast) as fault:
        status = 429 if isinstance(fault, TooFast) else 422
        shown = Form([("name", form.said("name"))])
        return guard.page(request, None, "sign_in.html", status=status, form=shown, fault=str(fault), ended=False)
    _unlock(site, form.said("password"), token)
    response = guard.go("/console/")
    guard.give(request, response, token)
    return response


def _unlock(site: doors.Site, password: str, token: str) -> None:
    """Let whoever handles complaints hold the complaints' key for this session, where it was lent to them."""
    with site.database.reading() as connection:
        person = supervisors.watching(connection, token, at=pages.now())
    if person.may("supervisor") or person.may("administrator"):
        keys.unlock(site.complaints, person.name, password, token, at=pages.now())


@routes.post("/console/sign-out", dependencies=[doors.parameters()])
def sign_out(request: Request, _: guard.Person, __: Annotated[Form, guard.form()]) -> Response:
    """The session ends here and now."""
    token = guard.held(request) or ""
    keys.lock(doors.site(request).complaints, token)
    supervisors.sign_out(doors.site(request).database, token, at=pages.now())
    response = guard.go(guard.SIGN_IN)
    guard.take_away(request, response)
    return response


@routes.get("/console/account", dependencies=[doors.parameters()])
def account(request: Request, person: guard.Person) -> Response:
    """Who one is here, and one's password."""
    return guard.page(request, person, "account.html", form=Form(), fault="")


@routes.post("/console/account", dependencies=[doors.parameters()])
def change_password(
    request: Request, person: guard.Person, form: Annotated[Form, guard.form("old", "new", "again")]
) -> Response:
    """A new password; one signs in again with it."""
    site, old, new = doors.site(request), form.said("old"), form.said("new")
    try:
        if new != form.said("again"):
            raise NotValid("两次写的新密码不一样。")
        supervisors.change_password(site.database, person, old, new, at=pages.now())
    except (NotValid, TooFast) as fault:
        return guard.page(request, person, "account.html", status=422, form=Form(), fault=str(fault))
    keys.change_password(site.complaints, person.name, old, new)
    response = guard.go(guard.SIGN_IN)
    guard.take_away(request, response)
    return response
