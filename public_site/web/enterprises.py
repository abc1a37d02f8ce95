"""`/enterprises`: one URL is list, search, filter and download; `/enterprises/{id}` is one enterprise's whole story."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from public_site import histories, news, records, register, search, spreadsheets
from public_site.languages import _
from public_site.web import (
    answers,
    certificates,
    csv_lines,
    doors,
    embedding,
    errors,
    filters,
    finding,
    list_files,
    pages,
    shapes,
    structured,
    telling,
    timelines,
    words,
)
from public_site.web.filters import Filters
from public_site.web.parameters import LARGEST_NUMBER, Parameters, ParametersRefused

routes = APIRouter()
ListParameters = Annotated[Parameters, doors.parameters(*filters.NAMES)]
SuggestionParameters = Annotated[Parameters, doors.parameters("q")]
FeedParameters = Annotated[Parameters, doors.parameters("cursor")]
OneParameters = Annotated[Parameters, doors.parameters("as_of", "known_at")]
_SUGGESTIONS = 8
_ROWS = 20  # of a page, for a phone's sake; files hold `filters.PAGE`


@routes.get("/enterprises")
def enterprises(request: Request, parameters: ListParameters, snapshot: doors.Reader, index: doors.Index) -> Response:
    """The list as a page; htmx gets its results only. A refused filter is the same page with what is wrong."""
    template = "enterprises/list.html"
    try:
        wanted = filters.read(parameters)
        result = finding.find(index, snapshot, wanted.query(wanted.limit or _ROWS), wanted.as_of)
    except (ParametersRefused, search.CursorNotValid) as refused:
        if errors.wants_json(request):
            raise
        problems = errors.problems(refused)
        return pages.plain(
            request, template, status=400, snapshot=snapshot, filters=Filters(), problems=problems, feeds=()
        )
    return pages.page(
        request,
        snapshot,
        template,
        filters=wanted,
        problems=[],
        found=result.found,
        limited=result.limited,
        lines=_lines(snapshot, result.found.ids, wanted.as_of),
        facets=_speaking(finding.facets(wanted, result.found), result.found.total),
        chips=_chips(wanted),
        sorts=_sorts(wanted, only_by_name=result.limited or wanted.as_of is not None),
        register_until=_register_until(snapshot, snapshot.number, wanted.as_of),
        next=_next(wanted, result.found, "/enterprises"),
        feeds=() if wanted.as_of else telling.links(_feed_of(wanted), _("这份名单的变化")),
        most_rows=spreadsheets.MOST_ROWS,
    )


@routes.get("/enterprises.json")
def enterprises_json(
    request: Request, parameters: ListParameters, snapshot: doors.Reader, index: doors.Index
) -> Response:
    """The same list as JSON."""
    wanted = filters.read(parameters)
    result = finding.find(index, snapshot, wanted.query(), wanted.as_of)
    found = result.found
    body = {
        "total": found.total,
        "items": [shapes.enterprise(line) for line in _lines(snapshot, found.ids, wanted.as_of)],
        "facets": {
            facet.name: [shapes.facet(choice) for choice in facet.choices]
            for facet in finding.facets(wanted, found, "/enterprises.json")
        },
        "next": _next(wanted, found, "/enterprises.json"),
        "approximate": found.approximate,
        "limited": result.limited,
        "entry": snapshot.number,
    }
    return answers.json(request, snapshot, body)


@routes.get("/enterprises.csv")
@routes.get("/enterprises.excel.csv")
@routes.get("/enterprises.xlsx")
@routes.get("/enterprises.geojson")
def enterprises_file(
    request: Request,
    parameters: ListParameters,
    snapshot: doors.Reader,
    index: doors.Index,
    site: doors.TheSite,
) -> Response:
    """The same list, whole, as a file: CSV exactly as registered, CSV and XLSX for spreadsheets, GeoJSON for maps."""
    wanted = filters.read(parameters)
    kind = request.url.path.partition(".")[2]
    wants_body = not request.scope.get("head", False)
    total = finding.find(index, snapshot, wanted.query(1), wanted.as_of).found.total if kind != "csv" else 0
    if kind == "xlsx":
        list_files.require_fits(total)
    ids = finding.ids(index, snapshot, wanted.query(), wanted.as_of) if wants_body else ()
    lines = csv_lines.lines(site.database, snapshot.connection, snapshot.number, ids, wanted.as_of)
    return answers.public(request, snapshot, _file(kind, lines, total, snapshot))


def _file(kind: str, lines: Generator[records.EnterpriseLine], total: int, snapshot: doors.Snapshot) -> Response:
    name, seconds = f"enterprises.{kind}", csv_lines.LONGEST_SECONDS
    if kind == "geojson":
        features = answers.stream_features(list_files.features(lines), total, snapshot.number)
        return answers.stream(name, list_files.GEOJSON, features, seconds=seconds)
    rows = csv_lines.written(lines)
    if kind == "xlsx":
        book = list_files.workbook(rows, pages.moment_of(snapshot.published_at))
        return answers.stream(name, list_files.XLSX, book, seconds=seconds)
    header = [column.name for column in csv_lines.COLUMNS]
    if kind == "excel.csv":
        rows = list_files.guarded(rows)
        return answers.stream_csv(name, header, rows, seconds=seconds, mark=list_files.EXCEL_MARK)
    return answers.stream_csv(name, header, rows, seconds=seconds)


@routes.get("/enterprises.atom")
@routes.get("/enterprises.rss")
@routes.get("/enterprises.feed.json")
def enterprises_feed(
    request: Request, parameters: ListParameters, snapshot: doors.Reader, index: doors.Index
) -> Response:
    """What happened to the enterprises of this list, the newest entry first; `cursor` leads further back."""
    before = telling.before(parameters)
    wanted = filters.read(parameters)
    if wanted.as_of is not None:
        parameters.refuse("as_of", _("订阅的是今后的变化，不能加截至日期"))
        parameters.settle()
    followed = replace(wanted, cursor=None, sort=None, limit=None)

    def further(ending: str, before: int | None) -> str:
        return (followed.page_after(str(before)) if before else followed).url(f"/enterprises.{ending}")

    page = _news(snapshot, index, followed, before)
    what = _("、").join(chip.label for chip in _chips(followed)) or _("全部企业")
    return telling.answer(
        request, snapshot, page, title=_("{what}的变化", what=what), path=followed.url(), further=further
    )


def _news(snapshot: doors.Snapshot, index: search.Engine, followed: Filters, before: int) -> news.Page:
    """Asked of the index alone: while it is away, a feed waits rather than leaves something out."""
    if followed == Filters():
        return news.of_many(snapshot.connection, None, before=before)
    query = replace(followed.query(news.FEW), sort="id")
    found = index.find(query)
    if found.next is None:
        return news.of_few(snapshot.connection, found.ids, before=before)

    def matching(ids: Sequence[int]) -> set[int]:
        batches = register.batches(ids, query.limit)
        answers_of_index = [index.find(replace(query, among=tuple(batch))) for batch in batches]
        return {i for found in answers_of_index if not found.approximate for i in found.ids}

    return news.of_many(snapshot.connection, matching, before=before)


@routes.get("/enterprises/suggestions")
def suggestions(
    request: Request, parameters: SuggestionParameters, snapshot: doors.Reader, index: doors.Index
) -> Response:
    """The enterprises that may be meant while a name is being typed; without a script a page of its own."""
    text = parameters.text("q") or ""
    parameters.settle()
    ids = finding.suggest(index, snapshot, text, _SUGGESTIONS)
    lines = _lines(snapshot, ids, None)
    return pages.page(request, snapshot, "enterprises/suggestions.html", text=text, lines=lines)


@routes.get("/enterprises/{enterprise_id:int}")
def enterprise(
    enterprise_id: int, request: Request, parameters: OneParameters, snapshot: doors.Reader, site: doors.TheSite
) -> Response:
    """One enterprise: the grade of each unit, the derived overall grade, the timeline, the sources."""
    try:
        as_of, view = _view(enterprise_id, parameters, snapshot)
    except records.EnterpriseMerged as merged:
        return _to_survivor(request, snapshot, f"/enterprises/{merged.into}")
    citations = shapes.citations(view.history)
    known = parameters.known_at()
    return pages.page(
        request,
        snapshot,
        "enterprises/enterprise.html",
        subject=_only_of_itself(view, as_of, known, snapshot),
        enterprise=view.line,
        history=shapes.told(view.history),
        elsewhere=shapes.repetitions(view.history),
        as_of=as_of,
        known_at=known,
        known_entry=known if isinstance(known, int) else None,
        entry=view.entry if as_of or known else None,
        structured=structured.enterprise(view.line, citations, site.settings.base_url),
        lanes=_lanes(view, as_of, snapshot),
        verdict=words.verdict(view.line),
        citations=citations,
        decided_by=_decided_by(view.line, citations),
        register_until=_register_until(snapshot, view.entry, as_of),
        feeds=telling.links(telling.address_of(f"/enterprises/{view.line.id}"), words.latin_name(view.line.name)),
        snippets=embedding.snippets(answers.address(request), view.line),
    )


def _only_of_itself(
    view: records.EnterpriseView, as_of: date | None, known: datetime | int | None, snapshot: doors.Snapshot
) -> int | None:
    """Its id, where later entries that do not bear on it leave the page as it is: not the page of a day or of a moment, nor
    one whose grade takes effect later than the last publication."""
    if as_of or known is not None or not snapshot.published_at:
        return None
    latest = pages.day_of(snapshot.published_at).isoformat()
    return None if any((event.effective_on or "") > latest for event in view.history) else view.line.id


def _lanes(view: records.EnterpriseView, as_of: date | None, snapshot: doors.Snapshot) -> timelines.Lanes | None:
    """The drawing of what its units held, up to the day that the page speaks of."""
    if not view.history:
        return None
    if as_of:
        return timelines.of(view.history, view.line, as_of.isoformat())
    # To the beginning of the month of the last publication: the page then need not be drawn anew with each.
    latest = pages.day_of(snapshot.published_at or view.history[-1].published_at).isoformat()
    own = max((e.effective_on for e in view.history if (e.effective_on or "") <= latest and e.effective_on), default="")
    return timelines.of(view.history, view.line, max(f"{latest[:7]}-01", own))


@routes.get("/enterprises/{enterprise_id:int}.json")
def enterprise_json(
    enterprise_id: int, request: Request, parameters: OneParameters, snapshot: doors.Reader
) -> Response:
    """The same as JSON."""
    try:
        _, view = _view(enterprise_id, parameters, snapshot)
    except records.EnterpriseMerged as merged:
        return _to_survivor(request, snapshot, f"/enterprises/{merged.into}.json")
    return answers.json(request, snapshot, shapes.enterprise_with_history(view))


@routes.get("/enterprises/{enterprise_id:int}.atom")
@routes.get("/enterprises/{enterprise_id:int}.rss")
@routes.get("/enterprises/{enterprise_id:int}.feed.json")
def enterprise_feed(
    enterprise_id: int, request: Request, parameters: FeedParameters, snapshot: doors.Reader
) -> Response:
    """All that was published about one enterprise, newest first."""
    before = telling.before(parameters)
    path = f"/enterprises/{min(enterprise_id, LARGEST_NUMBER)}"
    try:
        view = records.enterprise(snapshot.connection, min(enterprise_id, LARGEST_NUMBER))
    except records.EnterpriseMerged as merged:
        return _to_survivor(request, snapshot, request.url.path.replace(path, f"/enterprises/{merged.into}", 1))
    page = news.of_enterprise(view, before=before)
    return telling.answer(
        request, snapshot, page, title=words.enterprise_name(view.line.name), path=path, further=telling.beside(path)
    )


@routes.get("/enterprises/{enterprise_id:int}/badge.svg", dependencies=[doors.parameters()])
@routes.get("/enterprises/{enterprise_id:int}/card", dependencies=[doors.parameters()])
def embedded(enterprise_id: int, request: Request, snapshot: doors.Reader) -> Response:
    """The grade as other sites show it: a picture, or a small page in a frame. Both say as of when."""
    path = request.url.path
    try:
        line = records.enterprise(snapshot.connection, min(enterprise_id, LARGEST_NUMBER)).line
    except records.EnterpriseMerged as merged:
        return _to_survivor(request, snapshot, f"/enterprises/{merged.into}/{path.rpartition('/')[2]}")
    return embedding.answer(request, snapshot, line, picture=path.endswith(".svg"))


@routes.get("/enterprises/{enterprise_id:int}/certificate")
@routes.get("/enterprises/{enterprise_id:int}/certificate.jws")
@routes.get("/enterprises/{enterprise_id:int}/certificate.pdf")
def certificate(
    enterprise_id: int, request: Request, parameters: OneParameters, snapshot: doors.Reader, site: doors.TheSite
) -> Response:
    """What is on record on one signed sheet: to print, as PDF, as the receipt."""
    number = min(enterprise_id, LARGEST_NUMBER)
    last = request.url.path.rpartition("/")[2]
    try:
        records.enterprise(snapshot.connection, number)
    except records.EnterpriseMerged as merged:
        return _to_survivor(request, snapshot, f"/enterprises/{merged.into}/{last}")
    return certificates.answer(request, site, snapshot, parameters, number, last.removeprefix("certificate"))


def _to_survivor(request: Request, snapshot: doors.Snapshot, path: str) -> Response:
    """From the id of an enterprise that was merged to the one it is now, for the same day and moment.

    Not for ever: a merge may be undone.
    """
    asked = f"?{request.url.query}" if request.url.query else ""
    return answers.public(request, snapshot, RedirectResponse(path + asked, 302))


def _view(
    enterprise_id: int, parameters: Parameters, snapshot: doors.Snapshot
) -> tuple[date | None, records.EnterpriseView]:
    as_of, known = parameters.day("as_of"), parameters.known_at()
    parameters.settle()
    if isinstance(known, datetime):
        known = register.number_known_at(snapshot.connection, known)
    day = as_of.isoformat() if as_of else None
    return as_of, records.enterprise(snapshot.connection, min(enterprise_id, LARGEST_NUMBER), as_of=day, known=known)


def _lines(snapshot: doors.Snapshot, ids: tuple[int, ...], as_of: date | None) -> list[records.EnterpriseLine]:
    return records.lines(snapshot.connection, ids, as_of=as_of.isoformat() if as_of else None)


def _feed_of(wanted: Filters) -> Callable[[str], str]:
    followed = replace(wanted, cursor=None, sort=None, limit=None)
    return lambda ending: followed.url(f"/enterprises.{ending}")


def _next(wanted: Filters, found: search.Found, path: str) -> str | None:
    return wanted.page_after(found.next).url(path) if found.next else None


def _speaking(facets: Sequence[filters.Facet], total: int) -> list[filters.Facet]:
    """The facets that tell a reader something: no overall grades that repeat the grades, no value that all have."""
    counted = {facet.name: [(choice.value, choice.count) for choice in facet.choices] for facet in facets}
    grade = sorted(counted.get("grade", ()))
    return [
        facet
        for facet in facets
        if any(choice.chosen for choice in facet.choices)
        or not (_says_nothing(facet, total) or (facet.name == "overall" and sorted(counted["overall"]) == grade))
    ]


def _says_nothing(facet: filters.Facet, total: int) -> bool:
    """The "cities" of 重庆 and its like all bear the municipality's own name: a reader goes on to its counties."""
    if facet.name == "city":
        return all(records.division(f"{c.value[:2]}0000").name == records.division(c.value).name for c in facet.choices)
    return facet.name in ("scheme", "stage", "unlisted", "excellence") and all(
        choice.count == total for choice in facet.choices
    )


def _chips(wanted: Filters) -> list[filters.Choice]:
    """What is chosen, each with the list without it."""
    chips = [filters.Choice(name, text, 0, wanted.without(name).url(), True) for name, text in wanted.singles()]
    for name in filters.FACETS:
        for value in wanted.chosen(name):
            label = _("{name}：{value}", name=words.PARAMETERS[name], value=words.facet_value(name, value))
            chips.append(filters.Choice(value, label, 0, wanted.without_value(name, value).url(), True))
    return chips


def _sorts(wanted: Filters, *, only_by_name: bool) -> list[filters.Choice]:
    usable = [s for s in words.SORTS if (s != "distance" or wanted.near) and (s != "relevance" or wanted.q)]
    usable = ["name"] if only_by_name else usable
    in_force = "name" if only_by_name else wanted.query().order
    return [filters.Choice(s, words.SORTS[s], 0, wanted.sorted_by(s).url(), s == in_force) for s in usable]


def _register_until(snapshot: doors.Snapshot, number: int, as_of: date | None) -> date | None:
    """The last day that entry `number` could know of, where `as_of` lies beyond it: of that day nothing is known yet."""
    if as_of is None or not number:
        return None
    last = pages.day_of(register.entry(snapshot.connection, number).published_at)
    return last if as_of > last else None


def _decided_by(line: records.EnterpriseLine, citations: dict[int, histories.Citation]) -> histories.Citation | None:
    """The latest notice that says what some unit holds now, be it for the first time or again."""
    decided = {unit.notice_id for unit in line.units if unit.stage == "decided" and unit.notice_id}
    cited = [citations[number] for number in decided if number in citations]
    return max(cited, key=lambda citation: (citation.issued_on, citation.id), default=None)
