"""`/enterprises`: one URL is list, search, filter and download; `/enterprises/{id}` is one enterprise's whole story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from public_site import histories, records, register, search
from public_site.web import answers, csv_lines, doors, errors, filters, finding, pages, shapes, structured, words
from public_site.web.filters import Filters
from public_site.web.parameters import LARGEST_NUMBER, Parameters, ParametersRefused

routes = APIRouter()
ListParameters = Annotated[Parameters, doors.parameters(*filters.NAMES)]
SuggestionParameters = Annotated[Parameters, doors.parameters("q")]
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
        return pages.plain(request, template, status=400, snapshot=snapshot, filters=Filters(), problems=problems)
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
def enterprises_csv(
    request: Request,
    parameters: ListParameters,
    snapshot: doors.Reader,
    index: doors.Index,
    site: doors.TheSite,
) -> Response:
    """The same list, whole, as CSV: one line per enterprise, streamed."""
    wanted = filters.read(parameters)
    wants_body = not request.scope.get("head", False)
    ids = finding.ids(index, snapshot, wanted.query(), wanted.as_of) if wants_body else ()
    rows = csv_lines.rows(site.database, snapshot.connection, snapshot.number, ids, wanted.as_of)
    header = [column.name for column in csv_lines.COLUMNS]
    stream = answers.stream_csv("enterprises.csv", header, rows, seconds=csv_lines.LONGEST_SECONDS)
    return answers.public(request, snapshot, stream)


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
        enterprise=view.line,
        history=shapes.told(view.history),
        elsewhere=shapes.repetitions(view.history),
        as_of=as_of,
        known_at=known,
        known_entry=known if isinstance(known, int) else None,
        entry=view.entry,
        structured=structured.enterprise(view.line, citations, site.settings.base_url),
        verdict=words.verdict(view.line),
        citations=citations,
        decided_by=_decided_by(view.line, citations),
        register_until=_register_until(snapshot, view.entry, as_of),
    )


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
        return all(records.division(f"{c.value[:2]}0000").name == c.label for c in facet.choices)
    return facet.name in ("scheme", "stage", "unlisted", "excellence") and all(
        choice.count == total for choice in facet.choices
    )


def _chips(wanted: Filters) -> list[filters.Choice]:
    """What is chosen, each with the list without it."""
    chips = [filters.Choice(name, text, 0, wanted.without(name).url(), True) for name, text in wanted.singles()]
    for name in filters.FACETS:
        for value in wanted.chosen(name):
            label = f"{words.PARAMETERS[name]}：{words.facet_value(name, value)}"
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
