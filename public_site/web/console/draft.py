"""`/console/notices/{draft}`: one draft, from what the reader understood to its approval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy import Connection

from public_site import documents, drafts, handovers, intake, publishing, records, reviews, supervisors, uploads
from public_site.database import Database
from public_site.drafts import Draft, DraftRow
from public_site.enterprises import normal_name
from public_site.faults import Fault, NotAllowed, NotFound, NotReady, NotValid
from public_site.web import doors, pages, words
from public_site.web.console import desks, facts, guard, telling
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
_ROWS = 100
_LONGEST_REASON = 1_000
_ENTERPRISES = 50


class NoSuchRow(NotFound):
    """The draft has no such row, or nothing is asked about it."""


class OriginalAway(NotReady):
    """The draft's file is not where it should be."""


@routes.get("/console/notices/{draft_id:int}", dependencies=[doors.parameters()])
def draft(draft_id: int, request: Request, person: guard.Publisher, connection: guard.Looking) -> Response:
    """A draft as it stands: what is open in it, what approving it would change; or what became of it."""
    return _draft_page(request, person, connection, _known(connection, draft_id))


def _known(connection: Connection, draft_id: int) -> Draft:
    return drafts.draft(connection, min(draft_id, LARGEST_NUMBER))


def _draft_page(
    request: Request, person: supervisors.Person, connection: Connection, found: Draft, fault: Fault | None = None,
    form: Form | None = None,
) -> Response:  # fmt: skip
    status = 200 if fault is None else 422
    if isinstance(fault, publishing.SeenOtherwise | publishing.RegisterMoved):
        status = 409
    elif isinstance(fault, NotAllowed):
        status = 403
    shown = {"draft": found, "title": desks.title(found), "steps": handovers.steps(connection, found.id), "dates": drafts.dates(connection, found.id),
             "told": telling.told(connection, found) if found.kind != "notice" else None,
             "fault": "" if fault is None else str(fault), "form": form or Form()}  # fmt: skip
    if found.state != "open":
        changes = _published_changes(connection, found)
        return guard.page(request, person, "closed.html", status=status, **shown, changes=changes)
    review = reviews.review(doors.site(request).database, found.id, at=pages.now())
    # What was matched again while it was looked at is newer than this snapshot: read it as it was reviewed.
    with doors.site(request).database.reading() as later:
        item = desks.item(later, drafts.draft(later, found.id))
        may_approve = desks.may_approve(later, found, person)
    return guard.page(
        request, person, "draft.html", status=status, **shown, review=review, seen=review.preview, item=item,
        may_approve=may_approve,
    )  # fmt: skip


def _published_changes(connection: Connection, found: Draft) -> Sequence[records.Change]:
    if found.state != "published" or found.kind != "notice" or found.first_entry is None:
        return ()
    return records.notice_changes(connection, found.first_entry, limit=_ENTERPRISES)


# --- rows


@routes.get("/console/notices/{draft_id:int}/rows")
def rows(
    draft_id: int,
    request: Request,
    person: guard.Publisher,
    connection: guard.Looking,
    parameters: Annotated[Parameters, doors.parameters("start")],
) -> Response:
    """Every row as it was understood, and whom it means; `start` is the number of the first one shown."""
    start = parameters.whole("start", 0, 100_000_000) or 0
    parameters.settle()
    found = _known(connection, draft_id)
    shown = _some(connection, found.id, start, _ROWS + 1)
    following = shown[_ROWS].ordinal if len(shown) > _ROWS else None
    names = _names(connection, shown)
    return guard.page(request, person, "rows.html", draft=found, title=desks.title(found), rows=shown[:_ROWS],
                      start=start, following=following, names=names)  # fmt: skip


def _some(connection: Connection, draft_id: int, start: int, limit: int) -> list[DraftRow]:
    every = drafts.rows(connection, draft_id, start=start)
    return [row for row, _ in zip(every, range(limit), strict=False)]


def _names(connection: Connection, shown: Sequence[DraftRow]) -> dict[int, records.EnterpriseLine]:
    ids = {row.match.enterprise_id for row in shown} | {c.id for row in shown for c in row.match.candidates}
    return {line.id: line for line in records.lines(connection, sorted(i for i in ids if i is not None and i > 0))}


@routes.get("/console/notices/{draft_id:int}/questions", dependencies=[doors.parameters()])
def next_question(draft_id: int, _: guard.Drafter, connection: guard.Looking) -> Response:
    """The first row that is still a question; the draft where there is none."""
    return guard.go(_next(connection, _known(connection, draft_id).id))


def _next(connection: Connection, draft_id: int) -> str:
    waiting = next(drafts.rows(connection, draft_id, only_open=True), None)
    return f"/console/notices/{draft_id}" + (f"/rows/{waiting.ordinal}" if waiting is not None else "")


@routes.get("/console/notices/{draft_id:int}/rows/{ordinal:int}", dependencies=[doors.parameters()])
def row(draft_id: int, ordinal: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """Which enterprise is this? One question, its candidates with what is known of them."""
    found = drafts.open_draft(connection, min(draft_id, LARGEST_NUMBER))
    return _row_page(request, person, connection, found, ordinal, Form())


def _row_page(
    request: Request, person: supervisors.Person, connection: Connection, found: Draft, ordinal: int, form: Form
) -> Response:
    asked = _asked(connection, found.id, ordinal)
    waiting = drafts.statuses(connection, found.id)["question"]
    choices = list(_choices(asked, _names(connection, [asked])))
    return guard.page(
        request, person, "row.html", status=422 if form.problems else 200, draft=found, title=desks.title(found),
        row=asked, form=form, waiting=waiting, choices=choices,
    )  # fmt: skip


def _choices(asked: DraftRow, lines: dict[int, records.EnterpriseLine]) -> Iterator[tuple[str, str, str]]:
    """The answers there are: (value, words, what is known of the enterprise)."""
    said = asked.content["name"]
    for candidate in asked.match.candidates:
        identity, name = candidate.id, candidate.name
        known = _known_of(lines[identity]) if identity in lines else f"本文件第 {-identity - 1} 项的新企业"
        likely = f"可能性 {candidate.score}（{candidate.reason}）" if candidate.reason else ""
        yield f"same:{identity}", f"是“{name}”", "；".join(part for part in (known, likely) if part)
        if normal_name(said) != normal_name(name):
            yield f"renamed:{identity}", f"是“{name}”，现在更名为“{said}”", "登记更名；用旧名仍能查到。"
    yield "new", "都不是，是一家新企业", ""
    yield "skip", "先跳过，这次不登记这一行", ""


def _known_of(line: records.EnterpriseLine) -> str:
    place = "".join(division.name for division in words.distinct_places(line.province, line.city, line.county))
    held = "、".join(f"{unit.industry or '行业未载明'} {unit.grade}" for unit in line.units[:4] if unit.grade)
    former = f"曾用名 {'、'.join(line.former_names)}" if line.former_names else ""
    code = f"信用代码 {line.credit_code}" if line.credit_code else ""
    return "；".join(part for part in (place or "所在地未载明", held, former, code) if part)


def _asked(connection: Connection, draft_id: int, ordinal: int) -> DraftRow:
    found = next(drafts.rows(connection, draft_id, start=min(ordinal, 2**31 - 1)), None)
    if found is None or found.ordinal != ordinal or found.match.status != "question":
        raise NoSuchRow(f"第 {draft_id} 号草稿的第 {ordinal} 项没有要判断的问题。")
    return found


@routes.post("/console/notices/{draft_id:int}/rows/{ordinal:int}", dependencies=[doors.parameters()])
def decide(
    draft_id: int,
    ordinal: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form("answer")],
) -> Response:
    """The answer; then the next question, or the draft."""
    found = drafts.open_draft(connection, min(draft_id, LARGEST_NUMBER))
    answer = _answer(form, _asked(connection, found.id, ordinal))
    if answer is not None:
        try:
            publishing.decide(doors.site(request).database, found.id, ordinal, *answer, by=person.name)
        except NotValid as fault:
            form.refuse("answer", str(fault))
    if form.problems:
        return _row_page(request, person, connection, found, ordinal, form)
    with doors.site(request).database.reading() as later:
        return guard.go(_next(later, found.id))


def _answer(form: Form, asked: DraftRow) -> tuple[drafts.Choice, int | None] | None:
    """`same:12`, `renamed:12`, `new` or `skip`."""
    word, _, number = form.said("answer").partition(":")
    known = {str(candidate.id): candidate.id for candidate in asked.match.candidates}
    if word in ("new", "skip") and not number:
        return ("new" if word == "new" else "skip"), None
    if word in ("same", "renamed") and number in known:
        return ("same" if word == "same" else "renamed"), known[number]
    form.refuse("answer", "请选择一项")
    return None


# --- facts


@routes.get("/console/notices/{draft_id:int}/facts", dependencies=[doors.parameters()])
def facts_page(draft_id: int, request: Request, person: guard.Drafter, connection: guard.Looking) -> Response:
    """What the notice leaves open, and what was said about it."""
    found = drafts.open_draft(connection, min(draft_id, LARGEST_NUMBER))
    return _facts_page(request, person, found, facts.shown(_given(connection, found)))


def _facts_page(request: Request, person: supervisors.Person, found: Draft, form: Form) -> Response:
    return guard.page(request, person, "facts.html", status=422 if form.problems else 200, draft=found,
                      title=desks.title(found), form=form, facts=facts)  # fmt: skip


def _given(connection: Connection, found: Draft) -> dict[str, object]:
    """What a clerk said about the notice; of a draft from the command line, what the draft itself holds."""
    before = uploads.of_draft(connection, found.id)
    if before is not None:
        return dict(before.given)
    asked = {question["about"] for question in found.content["questions"]}
    kept = {k: found.content[k] for k in ("issuer", "issued_on", "stage", "number", "scope", "url")}
    return {k: v for k, v in kept.items() if k not in asked}


@routes.post("/console/notices/{draft_id:int}/facts", dependencies=[doors.parameters()])
def say_facts(
    draft_id: int,
    request: Request,
    person: guard.Drafter,
    connection: guard.Looking,
    form: Annotated[Form, guard.form(*facts.FIELDS)],
) -> Response:
    """The file is read again in the light of what was said."""
    found = drafts.open_draft(connection, min(draft_id, LARGEST_NUMBER))
    given = facts.read(form)
    if form.problems:
        return _facts_page(request, person, found, form)
    handovers.require_at_drafter(connection, found.id)
    hands = desks.hands(connection, found)
    site = doors.site(request)
    number = intake.read_again(site.database, site.settings, found, given, hands=hands, by=person.name, at=pages.now())
    return guard.go(f"/console/notices/uploads/{number}")


@routes.get("/console/notices/{draft_id:int}/original", dependencies=[doors.parameters()])
def original(draft_id: int, request: Request, _: guard.Publisher, connection: guard.Looking) -> Response:
    """The draft's file as it came, always as a download."""
    found = _known(connection, draft_id)
    if found.kind != "notice":
        raise NotFound("这份草稿没有原始文件。")
    path = doors.site(request).settings.originals / found.content["sha256"]
    if not path.is_file():
        raise OriginalAway("这份草稿的原始文件暂时取不到，请稍后再试。")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.content['file_name'], safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


# --- from desk to desk


def _done(
    request: Request, person: supervisors.Person, draft_id: int, form: Form, act: Callable[[Database, int], object]
) -> Response:
    """On to the draft as it is after the act; or its page as it is now, with what kept the act from being done."""
    database = doors.site(request).database
    try:
        act(database, min(draft_id, LARGEST_NUMBER))
    except (NotValid, publishing.SamePerson) as fault:
        with database.reading() as connection:
            return _draft_page(request, person, connection, _known(connection, draft_id), fault, form)
    return guard.go(f"/console/notices/{draft_id}")


@routes.post("/console/notices/{draft_id:int}/hand-over", dependencies=[doors.parameters()])
def hand_over(draft_id: int, request: Request, person: guard.Drafter, form: Annotated[Form, guard.form()]) -> Response:
    """To a colleague, when nothing is open."""
    at = pages.now()
    return _done(request, person, draft_id, form, lambda d, i: reviews.hand_over(d, i, by=person.name, at=at))


@routes.post("/console/notices/{draft_id:int}/take-back", dependencies=[doors.parameters()])
def take_back(draft_id: int, request: Request, person: guard.Drafter, form: Annotated[Form, guard.form()]) -> Response:
    """Back from the colleague's desk."""
    at = pages.now()
    return _done(request, person, draft_id, form, lambda d, i: reviews.take_back(d, i, by=person.name, at=at))


@routes.post("/console/notices/{draft_id:int}/discard", dependencies=[doors.parameters()])
def discard(draft_id: int, request: Request, person: guard.Drafter, form: Annotated[Form, guard.form()]) -> Response:
    """Given up; it stays to be looked at."""
    at = pages.now()
    return _done(request, person, draft_id, form, lambda d, i: reviews.discard(d, i, by=person.name, at=at))


@routes.post("/console/notices/{draft_id:int}/refuse", dependencies=[doors.parameters()])
def refuse(
    draft_id: int, request: Request, person: guard.Approver, form: Annotated[Form, guard.form("reason")]
) -> Response:
    """Back to the drafter, with the reason."""
    at, reason = pages.now(), form.passage("reason", longest=_LONGEST_REASON)
    if not reason:
        form.refuse("reason", "请写明退回的理由，起草人要据此修改")

    def act(database: Database, known: int) -> None:
        if form.problems:
            raise NotValid(f"没有退回：{form.problems[0].message}。")
        reviews.refuse(database, known, reason, by=person.name, at=at)

    return _done(request, person, draft_id, form, act)


@routes.post("/console/notices/{draft_id:int}/approve", dependencies=[doors.parameters()])
def approve(
    draft_id: int, request: Request, person: guard.Approver, form: Annotated[Form, guard.form("seen")]
) -> Response:
    """Published: exactly what was seen; or the page as it is now, and the question again."""
    site, at, seen = doors.site(request), pages.now(), form.said("seen")

    def act(database: Database, known: int) -> None:
        reviews.approve(database, site.settings, known, seen=seen, by=person.name, at=at)
        documents.bring_along(database, site.index)

    return _done(request, person, draft_id, form, act)
