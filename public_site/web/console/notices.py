"""`/console/notices`: drafts by where they lie, and a new one: the file comes in, is read aside, and becomes a draft."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from public_site import drafts, handovers, uploads
from public_site.faults import Fault, NotAllowed, NotValid
from public_site.supervisors import Person
from public_site.web import doors, pages
from public_site.web.console import facts, guard, receiving
from public_site.web.console.desks import desks
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
NEW = "/console/notices/new"
# More than any setting allows; what the settings allow is asked for before (`front`) and while the file comes in.
_MOST_BYTES = 1100 << 20
_FINDINGS = 25


@routes.get("/console/notices", dependencies=[doors.parameters()])
def notices(request: Request, person: guard.Publisher, connection: guard.Looking) -> Response:
    """Every draft, by where it lies."""
    return guard.page(request, person, "notices.html", desks=desks(connection))


@routes.get(NEW)
def new(
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("instead_of", "after_upload")],
) -> Response:
    """Where a file is given; `instead_of` is the draft it will take the place of, `after_upload` the file it mends."""
    instead_of = parameters.whole("instead_of", 1, 2**31 - 1)
    after = parameters.whole("after_upload", 1, 2**31 - 1)
    parameters.settle()
    before = uploads.of_draft(connection, instead_of) if instead_of else None
    before = uploads.upload(connection, after) if after else before
    if instead_of:
        drafts.open_draft(connection, instead_of)
    form = facts.shown(before.given if before is not None else {})
    return _new_page(request, person, form, instead_of or (before.about if before is not None else None), after)


@routes.post(NEW, max_body_size=_MOST_BYTES, dependencies=[doors.parameters()])
async def take_in(request: Request, person: guard.Drafter) -> Response:
    """The file is kept and put in line; or the same page, with what is wrong."""
    site = doors.site(request)
    known = frozenset({*facts.FIELDS, "instead_of", "after_upload"})
    form = Form((), known)
    try:
        got = await receiving.receive(request, site.settings.uploads, site.settings.file_limit_mb << 20, known)
    except guard.ForeignForm:
        raise
    except NotValid as fault:
        form.refuse("file", str(fault))
        return _new_page(request, person, form, None, None)
    return await run_in_threadpool(_in_line, request, person, got)


def _in_line(request: Request, person: Person, got: receiving.Received) -> Response:
    kept = doors.site(request).settings.uploads / got.stored
    try:
        return _put_in_line(request, person, got)
    except Fault:
        kept.unlink(missing_ok=True)
        raise


def _put_in_line(request: Request, person: Person, got: receiving.Received) -> Response:
    site, form = doors.site(request), got.form
    given = facts.read(form)
    instead_of, after = (form.whole(name, 1, 2**31 - 1) for name in ("instead_of", "after_upload"))
    if not got.file_name or not got.size:
        form.refuse("file", "请选择公告文件" if not got.file_name else "文件是空的，请确认选对了文件")
    if form.problems:
        (site.settings.uploads / got.stored).unlink(missing_ok=True)
        return _new_page(request, person, form, instead_of, after)
    hands: set[str] = set()
    if instead_of:
        with site.database.reading() as connection:
            replaced = drafts.open_draft(connection, instead_of)
            handovers.require_at_drafter(connection, instead_of)
            hands = {replaced.drafted_by} | handovers.hands(connection, instead_of)
    number = uploads.add(site.database, got.file_name, got.stored, got.size, given, by=person.name, at=pages.now(),
                         about=instead_of, after=after, with_whom=frozenset(hands))  # fmt: skip
    return guard.go(f"/console/notices/uploads/{number}")


def _new_page(
    request: Request, person: Person, form: Form, instead_of: int | None, after_upload: int | None
) -> Response:
    limit = doors.site(request).settings.file_limit_mb
    return guard.page(request, person, "new.html", status=422 if form.problems else 200, form=form, facts=facts,
                      limit=limit, instead_of=instead_of, after_upload=after_upload)  # fmt: skip


@routes.get("/console/notices/uploads/{upload_id:int}")
def upload(
    upload_id: int,
    request: Request,
    person: guard.Watcher,
    connection: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("after")],
) -> Response:
    """How far the reading is; then the draft, or every problem beside its row."""
    if not person.may("drafter"):
        raise NotAllowed("这一步要由起草人来做，您没有这个角色。")
    after = parameters.whole("after", 0, 100_000) or 0
    parameters.settle()
    found = uploads.upload(connection, min(upload_id, LARGEST_NUMBER))
    there = (
        f"/console/notices/{found.draft_id}" if found.draft_id is not None else f"/console/notices/uploads/{found.id}"
    )
    if request.headers.get("hx-request") == "true" and not found.is_under_way:
        return Response(status_code=204, headers={"HX-Redirect": there})
    if found.draft_id is not None:
        return guard.go(there)
    shown = found.findings[after : after + _FINDINGS]
    following = after + _FINDINGS if after + _FINDINGS < len(found.findings) else None
    return guard.page(request, person, "upload.html", upload=found, findings=shown, after=after, following=following)


@routes.post("/console/notices/uploads/{upload_id:int}/put-away", dependencies=[doors.parameters()])
def put_away(upload_id: int, request: Request, _: guard.Drafter, __: Annotated[Form, guard.form()]) -> Response:
    """A file that could not be read goes off the desk."""
    uploads.put_away(doors.site(request).database, min(upload_id, LARGEST_NUMBER))
    return guard.go("/console/notices")
