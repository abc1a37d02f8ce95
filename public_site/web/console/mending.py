"""`/console/enterprises`, `/console/entries`: from what is published of an enterprise to the draft that mends it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import grades, publishing, records, register
from public_site.enterprises import NoSuchEnterprise
from public_site.faults import NotFound, NotValid
from public_site.supervisors import Person
from public_site.web import doors, pages
from public_site.web.console import guard
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER

routes = APIRouter()
_LONGEST_REASON = 500
_GRADES = tuple((grade.label, grade.title) for grade in grades.grades())


@routes.get("/console/enterprises/{enterprise_id:int}", dependencies=[doors.parameters()])
def enterprise(
    enterprise_id: int, request: Request, person: guard.Drafter, connection: guard.Looking
) -> Response:  # fmt: skip
    """What was published of an enterprise, each entry with what may be done about it."""
    view = _view(connection, enterprise_id)
    events = [event for event in view.history if event.kind in register.GRADE_KINDS]
    return guard.page(request, person, "enterprise.html", enterprise=view.line, events=events)


def _view(connection: Connection, enterprise_id: int) -> records.EnterpriseView:
    return records.enterprise(connection, min(enterprise_id, LARGEST_NUMBER))


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


def _draft(
    request: Request, person: Person, connection: Connection, entry: int, act: str, form: Form, changes: dict[str, str]
) -> Response:
    reason, database, at = form.passage("reason", longest=_LONGEST_REASON), doors.site(request).database, pages.now()
    reference = form.text("reference", longest=300)
    if not reason:
        form.refuse("reason", "请写明理由，它会公开显示")
    if not form.problems:
        try:
            if act == "correct":
                made = publishing.draft_correction(
                    database, entry, changes, reason=reason, by=person.name, at=at, reference=reference
                )
            else:
                made = publishing.draft_withdrawal(
                    database, entry, reason=reason, by=person.name, at=at, reference=reference
                )
        except NotValid as fault:
            form.refuse("reason" if act == "withdraw" else "grade", str(fault))
        else:
            return guard.go(f"/console/notices/{made.id}")
    return _page(request, person, connection, entry, act, form)


def _page(
    request: Request, person: Person, connection: Connection, entry: int, act: str, form: Form
) -> Response:  # fmt: skip
    target = register.entry(connection, min(entry, LARGEST_NUMBER))
    if target.kind not in register.GRADE_KINDS or target.enterprise is None:
        raise NotFound(f"第 {target.number} 条不是等级条目，不能这样更正或撤回。")
    view = _view(connection, target.enterprise)
    event = next((event for event in view.history if event.entry == target.number), None)
    if event is None:
        raise NoSuchEnterprise(f"第 {target.number} 条已不属于这家企业。")
    return guard.page(request, person, "mend.html", status=422 if form.problems else 200, act=act, event=event,
                      enterprise=view.line, form=form, grades=_GRADES)  # fmt: skip
