"""`/console/administration`: bodies, and who works for them with which role and key: one administrator asks, another agrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import persons, supervisors
from public_site.complaints import administration, bodies, keys, reading
from public_site.complaints.administration import KINDS, Change, Office
from public_site.complaints.routing import LEVELS, Body
from public_site.complaints.store import Store
from public_site.faults import NotFound, NotValid
from public_site.web import doors, pages
from public_site.web.console import guard
from public_site.web.console.complaint_doors import store, today
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
Administrator = Annotated[supervisors.Person, guard.having("administrator")]
HOME = "/console/administration"
_LEVELS = dict(zip(LEVELS, ("县级", "市级", "省级", "国家"), strict=True))
_COLUMNS = {
    "name": "名称",
    "level": "级别",
    "divisions": "管辖",
    "competences": "职权",
    "parent": "上级",
    "address": "邮箱",
}
_PERSONAL = ("appoint", "dismiss", "grant", "revoke", "roles", "disable")


@routes.get(HOME, dependencies=[doors.parameters()])
def home(request: Request, person: Administrator) -> Response:
    """What waits, who works for which body, which bodies there are, what reading was unusual."""
    return _home(request, person, Form())


@routes.get(f"{HOME}/body")
def body(
    request: Request, person: Administrator, parameters: Annotated[Parameters, doors.parameters("id")]
) -> Response:
    """A body as it is, to be written over; without `id` a new one."""
    said = parameters.text("id")
    parameters.settle()
    known = _bodies(store(request))
    if said and said not in known:
        raise NotFound("没有这个机关。")
    shown = Form(list(bodies.columns_of(known[said]).items())) if said else Form()
    return _body_page(request, person, shown, said or "", known)


@routes.post(f"{HOME}/body", dependencies=[doors.parameters()])
def ask_body(
    request: Request,
    person: Administrator,
    form: Annotated[Form, guard.form(*bodies.COLUMNS, "remove")],
) -> Response:
    """Ask for a body to be added, changed or taken away."""
    kind = "remove_body" if form.flag("remove") else "body"
    what = {column: form.text(column, longest=2_000) or "" for column in bodies.COLUMNS if column != "competences"}
    what["competences"] = " ".join(form.texts("competences"))
    if not _asked(request, person, form, "id", kind, {"id": what["id"]} if kind == "remove_body" else what):
        return _body_page(request, person, form, what["id"], _bodies(store(request)))
    return guard.go(HOME)


@routes.post(f"{HOME}/people", dependencies=[doors.parameters()])
def ask_person(
    request: Request, person: Administrator, form: Annotated[Form, guard.form("kind", "who", "body", "roles")]
) -> Response:
    """Ask for somebody's body, role or key to be another."""
    kind, who = form.choice("kind", _PERSONAL), form.needed("who", "请选择人员")
    what = {"who": who}
    if kind == "appoint":
        what["body"] = form.needed("body", "请选择机关")
    if kind == "roles":
        what["roles"] = " ".join(form.texts("roles"))
    if kind is None and not form.problems:
        form.refuse("kind", "请选择要做什么")
    if not _asked(request, person, form, "kind", kind or "", what):
        return _home(request, person, form)
    return guard.go(HOME)


@routes.post(f"{HOME}/changes/{{change_id:int}}/agree", dependencies=[doors.parameters()])
def agree(
    change_id: int, request: Request, person: Administrator, form: Annotated[Form, guard.form()]
) -> Response:  # fmt: skip
    """The second administrator's word; it is done at once."""
    private = keys.unlocked(store(request), guard.held(request) or "")
    try:
        administration.agree(_office(request), min(change_id, LARGEST_NUMBER), by=person, private=private, on=today())
    except NotValid as fault:
        form.refuse("changes", str(fault))
        return _home(request, person, form)
    return guard.go(HOME)


@routes.post(f"{HOME}/changes/{{change_id:int}}/refuse", dependencies=[doors.parameters()])
def refuse(change_id: int, request: Request, person: Administrator, _: Annotated[Form, guard.form()]) -> Response:
    """It is let be."""
    administration.refuse(_office(request), min(change_id, LARGEST_NUMBER), by=person, on=today())
    return guard.go(HOME)


def _asked(
    request: Request, person: supervisors.Person, form: Form, field: str, kind: str, what: Mapping[str, str]
) -> bool:  # fmt: skip
    if not form.problems:
        try:
            administration.ask(_office(request), kind, what, by=person.name, on=today())
        except NotValid as fault:
            form.refuse(field, str(fault))
    return not form.problems


def _home(request: Request, person: supervisors.Person, form: Form) -> Response:
    office, known = _office(request), _bodies(store(request))
    waiting = [(change, _told(change, known)) for change in administration.changes(office.store)]
    done = [(change, _told(change, known)) for change in administration.changes(office.store, "done", limit=20)]
    return guard.page(
        request, person, "administration.html", status=422 if form.problems else 200, form=form, waiting=waiting, done=done,
        workers=administration.workers(office), bodies=known, kinds=KINDS, personal=[(k, KINDS[k]) for k in _PERSONAL],
        levels=_LEVELS, unusual=reading.unusual(office.store, on=today()), what=reading.WHAT,
    )  # fmt: skip


def _body_page(
    request: Request, person: supervisors.Person, form: Form, known_id: str, known: Mapping[str, Body]
) -> Response:  # fmt: skip
    return guard.page(
        request, person, "administration_body.html", status=422 if form.problems else 200, form=form, levels=_LEVELS,
        known_id=known_id if known_id in known else "", bodies=known,
        competences={"pollution": "污染举报", "objection": "等级异议"}, chosen=form.raw("competences"),
    )  # fmt: skip


def _told(change: Change, known: Mapping[str, Body]) -> list[tuple[str, str, str]]:
    """A change line by line: what, as it is now (or empty), as it will be."""
    what: Mapping[str, Any] = change.what
    if change.kind in _PERSONAL:
        lines = [("人员", "", str(what["who"]))]
        if "body" in what:
            lines.append(("机关", "", known[what["body"]].name if what["body"] in known else str(what["body"])))
        if "roles" in what:
            lines.append(("角色", "", "、".join(persons.ROLES[role] for role in str(what["roles"]).split())))
        return lines
    before = bodies.columns_of(known[what["id"]]) if what["id"] in known else {}
    if change.kind == "remove_body":
        return [("机关", "", before.get("name", str(what["id"])))]
    after = bodies.columns_of(bodies.of_columns(what))
    lines = [("编号", "", after["id"])]
    return lines + [
        (title, before.get(c, ""), after[c]) for c, title in _COLUMNS.items() if after[c] != before.get(c, "")
    ]


def _bodies(kept: Store) -> dict[str, Body]:
    with kept.looking() as connection:
        return bodies.all_of(connection)


def _office(request: Request) -> Office:
    return Office(doors.site(request).database, store(request), pages.now())
