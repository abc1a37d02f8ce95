"""`/console/complaints`: the complaints of one's own body by due date, narrowed by what one likes, as one's own views."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import places
from public_site.complaints import categories, habits, handling
from public_site.complaints.cases import Case
from public_site.complaints.handling import Narrowed
from public_site.faults import NotValid
from public_site.web import doors, keyset
from public_site.web.console import guard
from public_site.web.console.complaint_doors import Desk, Supervisor, store, today
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()
QUEUE = "/console/complaints"
VIEWS = {
    "waiting": "等待办理",
    "late": "已逾期",
    "offered": "请我们接办",
    "below": "下级逾期",
    "closed": "已结束",
}
KINDS = {"pollution": "污染举报", "objection": "等级异议"}
# `workflow` speaks to the informant; here the same is said to those who handle it.
STATES = {
    "routed": "等待受理",
    "working": "正在办理",
    "asked": "等投诉人回答",
    "offered": "已请另一机关接办，等待对方同意",
    "closed": "已办结",
    "refused": "不予受理",
    "withdrawn": "投诉人已撤回",
    "erased": "已删除",
}
_NARROWED = ("view", "kind", "county", "category", "mine")


@routes.get(QUEUE)
def queue(
    request: Request,
    person: Supervisor,
    desk: Desk,
    parameters: Annotated[Parameters, doors.parameters(*_NARROWED, "cursor")],
) -> Response:
    """One page of a view, the most urgent first."""
    view, narrowed, query = _wanted(parameters, person.name)
    after = keyset.read(parameters)
    parameters.settle()
    found = handling.queue(store(request), desk, view, narrowed, after=_from(after), on=today())
    shown, more = found[: handling.PAGE], len(found) > handling.PAGE
    following = f"{QUEUE}?{urlencode([*query, ('cursor', _cursor(shown[-1]))])}" if more else None
    return guard.page(
        request, person, "complaints.html", desk=desk, view=view, narrowed=narrowed, query=urlencode(query), cases=shown,
        next=following, views=VIEWS, kinds=KINDS, categories=categories.table(), states=STATES, today=today(),
        counties=_named(handling.counties(store(request), desk)), counts=handling.counts(store(request), desk, on=today()),
        given=habits.given(store(request), [case.id for case in shown]), saved=habits.views(store(request), person.name),
        colleagues=habits.colleagues(store(request), desk), form=Form(), others=_without(query),
    )  # fmt: skip


@routes.post(f"{QUEUE}/views", dependencies=[doors.parameters()])
def save_view(
    request: Request, desk: Desk, form: Annotated[Form, guard.form("name", *_NARROWED)]
) -> Response:  # fmt: skip
    """Keep what is narrowed by under a name of one's own; the same name again replaces it."""
    name = form.needed("name", "请给这个视图起个名字", longest=40)
    _, _, query = _wanted(form, desk.who)
    if form.problems:
        raise NotValid("；".join(problem.message for problem in form.problems) + "。")
    habits.save_view(store(request), desk.who, name, urlencode(query))
    return guard.go(f"{QUEUE}?{urlencode(query)}")


@routes.post(f"{QUEUE}/views/remove", dependencies=[doors.parameters()])
def remove_view(request: Request, desk: Desk, form: Annotated[Form, guard.form("name")]) -> Response:
    """Forget one of one's own views."""
    habits.remove_view(store(request), desk.who, form.said("name"))
    return guard.go(QUEUE)


@routes.post(f"{QUEUE}/give", dependencies=[doors.parameters()])
def give(request: Request, desk: Desk, form: Annotated[Form, guard.form("id", "who")]) -> Response:
    """Give what was ticked to one of one's own body, all or none."""
    numbers = form.whole_numbers("id")
    form.settle()
    habits.give(store(request), desk, numbers, form.said("who"))
    return guard.go(QUEUE)


def _wanted(said: Parameters, who: str) -> tuple[str, Narrowed, list[tuple[str, str]]]:
    """The view, how it is narrowed, and both as a URL says them."""
    view = said.choice("view", tuple(VIEWS)) or "waiting"
    kind = said.choice("kind", tuple(KINDS))
    category = said.choice("category", tuple(categories.table()))
    mine, county = said.flag("mine"), said.text("county")
    if county is not None and not places.is_division(county):
        said.refuse("county", "不是行政区划代码")
    narrowed = Narrowed(kind, county, category, who if mine else None)
    told = {"view": view, "kind": kind, "county": county, "category": category, "mine": "1" if mine else None}
    return view, narrowed, [(name, value) for name, value in told.items() if value]


def _without(query: list[tuple[str, str]]) -> str:
    """What narrows a view, for the same in another view."""
    return urlencode([pair for pair in query if pair[0] != "view"])


def _from(after: tuple[str, int] | None) -> tuple[str, int]:
    if after is None:
        return "", 0
    return ("" if after[0] == _NO_DAY else after[0]), after[1]


_NO_DAY = "0000-00-00"


def _cursor(case: Case) -> str:
    return f"{case.due_on or _NO_DAY}_{case.id}"


def _named(codes: list[str]) -> list[tuple[str, str]]:
    return [(code, places.place(code).text) for code in codes if places.is_division(code)]
