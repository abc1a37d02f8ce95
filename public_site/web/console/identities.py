"""`/console/enterprises`, `/console/units`: who and where an enterprise is, and which site of it a graded unit is."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import matching, places, publishing, records, register
from public_site.faults import NotFound
from public_site.supervisors import Person
from public_site.web import doors
from public_site.web.console import grounds, guard
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
_TEXTS = ("name", "credit_code", "place", "zone", "lat", "lon")
_LONGEST = 200


@routes.get("/console/enterprises")
def find(
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("q")],
) -> Response:
    """Which enterprise is to be amended? By number, credit code or whole name."""
    said = parameters.text("q", longest=_LONGEST)
    parameters.settle()
    found = matching.meant_by(connection, said) if said else []
    if len(found) == 1:
        return guard.go(f"/console/enterprises/{found[0].id}")
    lines = records.lines(connection, [known.id for known in found])
    return guard.page(request, person, "enterprises.html", said=said or "", lines=lines)


@routes.get("/console/enterprises/{enterprise_id:int}", dependencies=[doors.parameters()])
def enterprise(enterprise_id: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """What was published of an enterprise, each entry with what may be done about it."""
    try:
        view = view_of(connection, enterprise_id)
    except records.EnterpriseMerged as moved:
        return guard.go(f"/console/enterprises/{moved.into}")
    return guard.page(
        request, person, "enterprise.html", enterprise=view.line, events=view.history,
        graded=register.GRADE_KINDS, amending=register.AMENDING_KINDS,
    )  # fmt: skip


def view_of(connection: Connection, enterprise_id: int) -> records.EnterpriseView:
    """An enterprise as it is now. Raises: EnterpriseMerged, NoSuchEnterprise."""
    return records.enterprise(connection, min(enterprise_id, LARGEST_NUMBER))


# --- who and where


@routes.get("/console/enterprises/{enterprise_id:int}/change", dependencies=[doors.parameters()])
def change_page(enterprise_id: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Name, code, place and point as they are on record, to be written over."""
    view = view_of(connection, enterprise_id)
    return _change_page(request, person, view, Form(list(_shown(view.line).items())))


def _change_page(request: Request, person: Person, view: records.EnterpriseView, form: Form) -> Response:
    return guard.page(request, person, "change.html", status=422 if form.problems else 200, enterprise=view.line,
                      seen=view.history[0].entry, form=form)  # fmt: skip


def _shown(line: records.EnterpriseLine) -> dict[str, str]:
    """What is on record, as the fields of the form show it."""
    finest = line.county or line.city or line.province
    shown = {
        "name": line.name,
        "credit_code": line.credit_code,
        "place": _in_words(finest.code) if finest else None,
        "zone": line.zone,
        "lat": None if line.lat is None else f"{line.lat:.6f}",
        "lon": None if line.lon is None else f"{line.lon:.6f}",
    }
    return {name: value for name, value in shown.items() if value is not None}


def _in_words(code: str) -> str:
    """A place by its whole line where that means only this place, else its code."""
    if not places.is_division(code):
        return code
    words = places.place(code).text
    return words if {found.code for found in places.find(words)} == {code} else code


@routes.post("/console/enterprises/{enterprise_id:int}/change", dependencies=[doors.parameters()])
def change(
    enterprise_id: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form(*_TEXTS, "since", "seen", *grounds.FIELDS)],
) -> Response:
    """A draft of what was written over; an emptied field says that it is not known."""
    view = view_of(connection, enterprise_id)
    since = form.day("since")
    changes = _changes(form, view.line)
    if form.said("seen") != str(view.history[0].entry):
        form.refuse("name", "您打开这一页之后，这家企业的登记有了变化；请对照公开页面重新核对，再提交一次")
    elif not changes and not form.problems:
        form.refuse("name", "请写明改什么：与登记的没有不同")
    draft = partial(publishing.draft_enterprise_change, doors.site(request).database, view.line.id, changes,
                    since=since.isoformat() if since else None)  # fmt: skip
    return grounds.drafted(person, form, "name", draft) or _change_page(request, person, view, form)


def _changes(form: Form, line: records.EnterpriseLine) -> dict[str, Any]:
    """What the form says otherwise than the record."""
    shown = _shown(line)
    changed = {name for name in _TEXTS if form.said(name).strip() != shown.get(name, "")}
    told: dict[str, Any] = {n: form.text(n, longest=_LONGEST) for n in ("name", "credit_code", "zone") if n in changed}
    if "place" in changed:
        told["place"] = grounds.place_meant(form, "place")
    if changed & {"lat", "lon"}:
        told |= {"lat": form.number("lat"), "lon": form.number("lon")}
    return told


# --- sites


@routes.get("/console/units/{unit:int}/site", dependencies=[doors.parameters()])
def site_page(unit: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Which site of its enterprise is this unit?"""
    line, found = _unit(connection, unit)
    shown = Form([("site", found.site)] if found.site else [])
    return guard.page(request, person, "site.html", enterprise=line, unit=found, form=shown)


@routes.post("/console/units/{unit:int}/site", dependencies=[doors.parameters()])
def site(
    unit: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("site", *grounds.FIELDS)],
) -> Response:
    """A draft that says so, for all decisions of the unit."""
    line, found = _unit(connection, unit)
    draft = partial(publishing.draft_site, doors.site(request).database, found.id, form.text("site", longest=_LONGEST))
    made = grounds.drafted(person, form, "site", draft)
    return made or guard.page(request, person, "site.html", status=422, enterprise=line, unit=found, form=form)


def _unit(connection: Connection, number: int) -> tuple[records.EnterpriseLine, records.UnitLine]:
    """A unit that holds or is proposed something, with its enterprise. Raises: NotFound."""
    entry = register.entry(connection, min(number, LARGEST_NUMBER))
    if entry.enterprise is not None:
        try:
            line = view_of(connection, entry.enterprise).line
        except records.EnterpriseMerged as moved:
            line = view_of(connection, moved.into).line
        for unit in line.units:
            if unit.id == entry.number:
                return line, unit
    raise NotFound(f"没有第 {entry.number} 号评级单元。")
