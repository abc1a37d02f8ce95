"""`/console/enterprises/{id}/merge`, `…/split`: two records of one enterprise become one, a wrong match is taken apart."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import publishing, records, register
from public_site.supervisors import Person
from public_site.web import doors
from public_site.web.console import grounds, guard
from public_site.web.console.identities import view_of
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()
_LONGEST = 200
_ITSELF = "alone"


@routes.get("/console/enterprises/{enterprise_id:int}/merge")
def merge_page(
    enterprise_id: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("into")],
) -> Response:
    """With which enterprise is this one the same? Then: which of its units continue which?"""
    source = view_of(connection, enterprise_id).line
    form = Form([("into", said) for said in parameters.raw("into")], frozenset({"into"}))
    into = grounds.enterprise_meant(connection, form, "into")
    if into == source.id:
        form.refuse("into", "不能把一家企业并入它自己")
    return _merge_page(request, person, connection, source, into, form)


def _merge_page(
    request: Request, person: Person, connection: Connection, source: records.EnterpriseLine, into: int | None, form: Form
) -> Response:  # fmt: skip
    other = None if into in (None, source.id) else view_of(connection, into or 0).line
    return guard.page(request, person, "merge.html", status=422 if form.problems else 200, enterprise=source,
                      other=other, form=form, itself=_ITSELF, joined=form.raw("join"))  # fmt: skip


@routes.post("/console/enterprises/{enterprise_id:int}/merge", dependencies=[doors.parameters()])
def merge(
    enterprise_id: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("into", "join", *grounds.FIELDS)],
) -> Response:
    """A draft by which both are one, under the other's number."""
    source = view_of(connection, enterprise_id).line
    into = grounds.enterprise_meant(connection, form, "into")
    if into is None and not form.problem("into"):
        form.refuse("into", "请写明并入哪家企业")
    draft = partial(publishing.draft_merge, doors.site(request).database, source.id, into or 0, joins=_joins(form))
    made = grounds.drafted(person, form, "into", draft)
    return made or _merge_page(request, person, connection, source, into, form)


def _joins(form: Form) -> dict[int, int] | None:
    """Which unit continues which, as `12=34`; `12=alone` for one that stays by itself. None where nobody was asked."""
    joins: dict[int, int] = {}
    said = form.texts("join")
    for pair in said:
        one, _, other = pair.partition("=")
        if not (_is_number(one) and (_is_number(other) or other == _ITSELF)):
            form.refuse("join", "请选择相接的评级单元")
        elif other != _ITSELF:
            joins[int(one)] = int(other)
    return joins if said else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


@routes.get("/console/enterprises/{enterprise_id:int}/split", dependencies=[doors.parameters()])
def split_page(enterprise_id: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Which of these belong to another enterprise, and to which?"""
    return _split_page(request, person, view_of(connection, enterprise_id), Form())


def _split_page(request: Request, person: Person, view: records.EnterpriseView, form: Form) -> Response:
    events = [event for event in view.history if event.kind in register.GRADE_KINDS and event.kind != "cited"]
    return guard.page(request, person, "split.html", status=422 if form.problems else 200, enterprise=view.line,
                      events=events, form=form, chosen=(form.raw("unit"), form.raw("entry")))  # fmt: skip


@routes.post("/console/enterprises/{enterprise_id:int}/split", dependencies=[doors.parameters()])
def split(
    enterprise_id: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("unit", "entry", "to", "name", "credit_code", "place", *grounds.FIELDS)],
) -> Response:
    """A draft by which they leave it."""
    view = view_of(connection, enterprise_id)
    units, entries = _numbers(form, "unit"), _numbers(form, "entry")
    if not (units or entries or form.problems):
        form.refuse("unit", "请选择移走哪些评级单元或等级条目")
    to = _target(connection, form)
    draft = partial(
        publishing.draft_split, doors.site(request).database, view.line.id, units=units, entries=entries, to=to
    )
    return grounds.drafted(person, form, "to", draft) or _split_page(request, person, view, form)


def _target(connection: Connection, form: Form) -> int | dict[str, Any]:
    """An enterprise there is, or the facts of a new one."""
    number = grounds.restorable_meant(connection, form, "to")
    said = {"name": form.text("name", longest=_LONGEST), "credit_code": form.text("credit_code"),
            "place": grounds.place_meant(form, "place")}  # fmt: skip
    new = {name: value for name, value in said.items() if value is not None}
    if number is not None and new:
        form.refuse("to", "要么移到已有的企业，要么写新企业的名称，不能都写")
    if number is None and not said["name"] and not form.problem("to"):
        form.refuse("to", "请写明移到哪家企业，或者写新企业的名称")
    return new if number is None else number


def _numbers(form: Form, name: str) -> tuple[int, ...]:
    said = form.texts(name)
    if not all(map(_is_number, said)):
        form.refuse(name, "请在列表中选择")
        return ()
    return tuple(map(int, said))
