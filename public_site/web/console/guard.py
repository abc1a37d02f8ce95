"""Who is at the door of the console, and what is let in.

What this module knows that no other does: the session's cookie (bound to this host, never sent across sites), that a form
must come from our own page (the browser's word on its origin, and a token that only the session's own pages hold), and
that every request of a signed-in person goes on record before anything is done.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.datastructures import UploadFile

from public_site import persons, supervisors
from public_site.faults import NotAllowed, NotFound
from public_site.supervisors import NotSignedIn
from public_site.web import doors, pages
from public_site.web.forms import Form

SIGN_IN = "/console/sign-in"
_MOST_FIELDS = 60
_LARGEST_FIELD = 64 * 1024


class WrongHost(NotFound):
    """The console has a host name of its own, and this is another."""


class ForeignForm(NotAllowed):
    """A form that did not come from a page of ours."""


class TouchedOutside(RuntimeError):
    """A page that is not the console's asked who is signed in: an error of the program."""


def at_home(request: Request) -> None:
    """Raises: WrongHost."""
    wanted = doors.site(request).settings.console_host
    if wanted and request.url.hostname != wanted:
        raise WrongHost("没有找到这一页。")


# --- the cookie


def cookie_name(request: Request) -> str:
    """`__Host-` binds the cookie to this host and to https; over plain http (one machine) browsers do not keep such a one."""
    return "__Host-console" if doors.site(request).settings.is_secure else "console"


def held(request: Request) -> str | None:
    """What the browser holds. Raises: TouchedOutside on any page that is not the console's."""
    if not request.url.path.startswith("/console"):
        raise TouchedOutside(request.url.path)
    return request.cookies.get(cookie_name(request))


def give(request: Request, response: Response, token: str) -> None:
    """Let the browser hold `token` until it is closed."""
    secure = doors.site(request).settings.is_secure
    response.set_cookie(cookie_name(request), token, path="/", secure=secure, httponly=True, samesite="strict")


def take_away(request: Request, response: Response) -> None:
    """Let the browser forget its token."""
    secure = doors.site(request).settings.is_secure
    response.delete_cookie(cookie_name(request), path="/", secure=secure, httponly=True, samesite="strict")


# --- who


def person(request: Request) -> supervisors.Person:
    """Who is signed in; what they ask for goes on record. Raises: NotSignedIn."""
    at_home(request)
    what = f"{request.method} {request.url.path}"
    return supervisors.visit(doors.site(request).database, _token(request), what, at=pages.now())


def watcher(request: Request) -> supervisors.Person:
    """Who is signed in, where a page asks again by itself: neither recorded nor prolonged. Raises: NotSignedIn."""
    if request.headers.get("hx-request") != "true":
        return person(request)
    at_home(request)
    with doors.site(request).database.reading() as connection:
        return supervisors.watching(connection, _token(request), at=pages.now())


def _token(request: Request) -> str:
    token = held(request)
    if not token:
        raise NotSignedIn("请先登录。")
    return token


Person = Annotated[supervisors.Person, Depends(person)]
Watcher = Annotated[supervisors.Person, Depends(watcher)]


def having(*roles: str) -> Any:
    """The door that opens to whoever has one of these roles."""

    def check(who: Person) -> supervisors.Person:
        if not any(who.may(role) for role in roles):
            wanted = "或".join(persons.ROLES[role] for role in roles)
            raise NotAllowed(f"这一步要由{wanted}来做，您没有这个角色。")
        return who

    return Depends(check)


Drafter = Annotated[supervisors.Person, having("drafter")]
Approver = Annotated[supervisors.Person, having("approver")]
Publisher = Annotated[supervisors.Person, having("drafter", "approver")]  # what is not public yet is theirs alone


def looking(request: Request) -> Iterator[Connection]:
    """One snapshot of the database for a page of the console."""
    with doors.site(request).database.reading() as connection:
        yield connection


Looking = Annotated[Connection, Depends(looking, scope="function")]


def to_sign_in(request: Request, _: Exception) -> Response:
    """The answer to NotSignedIn: the page where one signs in (htmx is told to go there)."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": SIGN_IN})
    response = RedirectResponse(f"{SIGN_IN}?ended=1" if held(request) else SIGN_IN, 303)
    take_away(request, response)
    return response


# --- forms


def form_token(token: str) -> str:
    """What every form of a session's pages carries, and no other page can know."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def require_own_form(request: Request) -> None:
    """Raises: ForeignForm, unless the browser says that the form came from this very origin."""
    said = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    own = urlsplit(origin).netloc == request.headers.get("host", "")
    if said is not None and said != "same-origin":
        raise ForeignForm("这张表单不是从本站的页面发出的，没有处理。")
    if said is None and not (origin and own):
        raise ForeignForm("浏览器没有说明这张表单从哪里发出，没有处理。请换用较新的浏览器。")


def require_token(request: Request, given: str) -> None:
    """Raises: ForeignForm, unless the form carries its session's token."""
    token = held(request)
    if not token or not hmac.compare_digest(form_token(token).encode(), given.encode()):
        raise ForeignForm("这张表单已经失效（可能是重新登录过），没有处理。请刷新页面后再填。")


async def read(request: Request, known: frozenset[str]) -> Form:
    """The fields of a sent form, after it is known to be ours. Raises: ForeignForm."""
    require_own_form(request)
    fields = await request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=_LARGEST_FIELD)
    items = [(name, value) for name, value in fields.multi_items() if not isinstance(value, UploadFile)]
    require_token(request, next((value for name, value in items if name == "token"), ""))
    return Form([(name, value) for name, value in items if name != "token"], known)


def form(*known: str) -> Any:
    """The door for a form with these fields, sent by somebody who is signed in."""
    names = frozenset(known)

    async def sent(request: Request, _: Person) -> Form:
        return await read(request, names)

    return Depends(sent)


# --- pages


def page(
    request: Request, who: supervisors.Person | None, template: str, *, status: int = 200, **context: Any
) -> Response:
    """A page of the console: kept by no cache, known by no tag, with the token of its forms."""
    token = held(request) or secrets.token_urlsafe(32)
    settings = doors.site(request).settings
    response = pages.plain(
        request, f"console/{template}", status=status, person=who, token=form_token(token), roles=persons.ROLES,
        public=settings.base_url if settings.console_host else "", **context,
    )  # fmt: skip
    response.headers["Referrer-Policy"] = "same-origin"  # else the browser hides the origin of our own forms from us
    if who is None:
        give(request, response, token)
    return response


def go(url: str) -> Response:
    """On to a page, after a form was accepted."""
    return RedirectResponse(url, 303)
