"""`/follow`: how to follow a city, an industry, an enterprise; and a private address for a list of one's own.

What this module knows that no other does: a private address is told once, in the answer's own page, which no cache
keeps and no robot lists; without it nobody, we included, can find the list again.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from public_site import feeds, followed, languages, news, records
from public_site.faults import NotAllowed
from public_site.languages import _
from public_site.web import answers, doors, pages, telling, translating
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()


class Keeping:
    """The routes that write, for the part that may: lists are made and forgotten by the intake."""

    routes = APIRouter()


_FIELDS = frozenset({"list"})
LONGEST_LIST = 40_000
_LONGEST_LINE = 200


class ForeignForm(NotAllowed):
    """A form that another site sent."""


@routes.get("/follow", dependencies=[doors.parameters()])
def follow(request: Request, snapshot: doors.Reader) -> Response:
    """How to follow, in plain words."""
    return pages.page(request, snapshot, "follow/follow.html", form=Form((), _FIELDS), unclear=(), most_lines=followed.MOST_LINES,
                      longest=LONGEST_LIST)  # fmt: skip


@routes.get("/follow/deleted", dependencies=[doors.parameters()])
def deleted(request: Request) -> Response:
    """What deleting a list has done."""
    return pages.plain(request, "follow/deleted.html", status=200)


async def _sent(request: Request) -> Form:
    """Raises: ForeignForm. There is no session here to be misused; this only keeps other sites from making lists."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ForeignForm(_("这张表单不是从本站的页面发出的，没有处理。"))
    fields = await request.form(max_files=0, max_fields=5)
    return Form([(name, str(value)) for name, value in fields.multi_items()], _FIELDS)


Sent = Annotated[Form, Depends(_sent)]


@Keeping.routes.post("/follow/lists", dependencies=[doors.parameters()])
def make(request: Request, site: doors.TheSite, form: Sent) -> Response:
    """A list that is clear in every line becomes a private address; any other is shown again with what is unclear."""
    lines = _lines(form)
    unclear: list[tuple[str, list[records.EnterpriseLine]]] = []
    ids: list[int] = []
    if not form.problems:
        with site.database.reading() as connection:
            for found in followed.meant(connection, lines):
                if len(found.ids) == 1:
                    ids.extend(found.ids)
                else:
                    unclear.append((found.line, records.lines(connection, found.ids[: followed.MOST_MEANT])))
    if unclear:
        form.refuse(
            "list", _("有 {count} 行不能确定是哪家企业，请按下面的说明改好，或者删去这些行", count=len(unclear))
        )
    if form.problems:
        return pages.plain(request, "follow/follow.html", status=422, form=form, unclear=unclear,
                           most_lines=followed.MOST_LINES, longest=LONGEST_LIST)  # fmt: skip
    address = request.client.host if request.client else ""
    token = followed.keep(site.database, ids, address=address, at=pages.now())
    return RedirectResponse(f"/follow/lists/{token}", 303)


# Before the list's own page, whose token would else be taken to end with it.
@routes.get("/follow/lists/{token}.atom")
@routes.get("/follow/lists/{token}.rss")
@routes.get("/follow/lists/{token}.feed.json")
def feed(
    token: str,
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("cursor")],
    snapshot: doors.Reader,
) -> Response:
    """What happened to the enterprises of the list."""
    before = telling.before(parameters)
    page = news.of_few(snapshot.connection, followed.ids(snapshot.connection, token), before=before)
    path = f"/follow/lists/{token}"
    told = telling.plain(request, snapshot, page, title=_("我关注的企业"), path=path, further=telling.beside(path))
    return _private(told)


@routes.get("/follow/lists/{token}", dependencies=[doors.parameters()])
def one_list(token: str, request: Request, site: doors.TheSite) -> Response:
    """The private page of a list: its feeds, its enterprises, how to delete it."""
    try:
        with site.database.reading() as connection:
            lines = records.lines(connection, followed.ids(connection, token))
    except followed.NoSuchList:  # it may have been made a moment ago, and a replica not know it yet
        with site.database.reading_what_was_written() as connection:
            lines = records.lines(connection, followed.ids(connection, token))
    at = answers.address(request) + translating.prefix(languages.current())
    addresses = [(form.title, f"{at}/follow/lists/{token}.{form.ending}") for form in feeds.FORMATS]
    links = telling.links(telling.address_of(f"/follow/lists/{token}"), _("我关注的企业"))
    return _private(pages.plain(request, "follow/list.html", status=200, lines=lines, token=token, addresses=addresses,
                                feeds=links))  # fmt: skip


@Keeping.routes.post("/follow/lists/{token}/delete", dependencies=[doors.parameters()])
def delete(token: str, site: doors.TheSite, form: Sent) -> Response:  # noqa: ARG001  # the guard of the form
    """Forget the list at once."""
    followed.delete(site.database, token)
    return RedirectResponse("/follow/deleted", 303)


def _lines(form: Form) -> list[str]:
    """The lines of the pasted list, each once."""
    said = form.passage("list", longest=LONGEST_LIST)
    lines = list(dict.fromkeys(line.strip() for line in said.split("\n") if line.strip()))
    if form.problems:
        return []
    if not lines:
        form.refuse("list", _("请粘贴企业名称或统一社会信用代码，每行一个"))
    elif len(lines) > followed.MOST_LINES:
        form.refuse(
            "list",
            _("一份名单最多 {most} 行，现在有 {count} 行；可以分成几份", most=followed.MOST_LINES, count=len(lines)),
        )
    elif any(len(line) > _LONGEST_LINE for line in lines):
        form.refuse("list", _("每行最多 {longest} 个字，一行只写一家企业", longest=_LONGEST_LINE))
    return lines


def _private(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
