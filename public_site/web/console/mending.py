"""`/console/entries`: from a published entry to the draft that corrects it, withdraws it, or takes an amendment back."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import grades, publishing, records, register
from public_site.enterprises import NoSuchEnterprise
from public_site.faults import NotFound
from public_site.supervisors import Person
from public_site.web import doors
from public_site.web.console import grounds, guard
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER

routes = APIRouter()
_GRADES = tuple((grade.label, grade.title) for grade in grades.grades())


@routes.get("/console/entries/{entry:int}/correct", dependencies=[doors.parameters()])
def correct_page(entry: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """What is right in this entry's place?"""
    return _page(request, person, connection, entry, "correct", Form())


@routes.post("/console/entries/{entry:int}/correct", dependencies=[doors.parameters()])
def correct(
    entry: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("grade", "industry", "effective_on", "reason", "reference")],
) -> Response:
    """A draft that puts something else in the entry's place."""
    day = form.day("effective_on")
    said = {
        "grade": form.choice("grade", tuple(label for label, _ in _GRADES)),
        "industry": form.text("industry", longest=100),
        "effective_on": day.isoformat() if day else None,
    }
    changes = {name: value for name, value in said.items() if value is not None}
    if not changes and not form.problems:
        form.refuse("grade", "请写明改什么")
    return _draft(request, person, connection, entry, "correct", form, changes)


@routes.get("/console/entries/{entry:int}/withdraw", dependencies=[doors.parameters()])
def withdraw_page(entry: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Should this entry count no longer?"""
    return _page(request, person, connection, entry, "withdraw", Form())


@routes.post("/console/entries/{entry:int}/withdraw", dependencies=[doors.parameters()])
def withdraw(
    entry: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("reason", "reference")],
) -> Response:
    """A draft that takes the entry back."""
    return _draft(request, person, connection, entry, "withdraw", form, {})


@routes.get("/console/entries/{entry:int}/undo", dependencies=[doors.parameters()])
def undo_page(entry: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Should this amendment be as though it had never been?"""
    return _undo_page(request, person, connection, entry, Form())


@routes.post("/console/entries/{entry:int}/undo", dependencies=[doors.parameters()])
def undo(
    entry: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form(*grounds.FIELDS)],
) -> Response:
    """A draft that takes an amendment back."""
    draft = partial(publishing.draft_undoing, doors.site(request).database, min(entry, LARGEST_NUMBER))
    made = grounds.drafted(person, form, "reason", draft)
    return made or _undo_page(request, person, connection, entry, form)


def _undo_page(request: Request, person: Person, connection: Connection, entry: int, form: Form) -> Response:
    target = register.entry(connection, min(entry, LARGEST_NUMBER))
    if target.kind not in register.AMENDING_KINDS:
        raise NotFound(f"第 {target.number} 条不是更正、撤销、合并、拆分或登记信息的更改，没有可收回的。")
    return guard.page(request, person, "undo.html", status=422 if form.problems else 200, entry=target, form=form)


def _draft(
    request: Request, person: Person, connection: Connection, entry: int, act: str, form: Form, changes: dict[str, str]
) -> Response:
    database, entry = doors.site(request).database, min(entry, LARGEST_NUMBER)
    if act == "correct":
        made = grounds.drafted(person, form, "grade", partial(publishing.draft_correction, database, entry, changes))
    else:
        made = grounds.drafted(person, form, "reason", partial(publishing.draft_withdrawal, database, entry))
    return made or _page(request, person, connection, entry, act, form)


def _page(
    request: Request, person: Person, connection: Connection, entry: int, act: str, form: Form
) -> Response:  # fmt: skip
    target = register.entry(connection, min(entry, LARGEST_NUMBER))
    if target.kind not in register.GRADE_KINDS or target.enterprise is None:
        raise NotFound(f"第 {target.number} 条不是等级条目，不能这样更正或撤回。")
    view = records.enterprise(connection, target.enterprise)
    event = next((event for event in view.history if event.entry == target.number), None)
    if event is None:
        raise NoSuchEnterprise(f"第 {target.number} 条已不属于这家企业。")
    return guard.page(request, person, "mend.html", status=422 if form.problems else 200, act=act, event=event,
                      enterprise=view.line, form=form, grades=_GRADES)  # fmt: skip
