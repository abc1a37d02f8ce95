"""`/enterprises`: one URL is list, search, filter and download; `/enterprises/{id}` is one enterprise's whole story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import grades, places, records, register, search
from public_site.places import Division
from public_site.web import answers, csv_lines, doors, errors, filters, finding, pages, shapes, words
from public_site.web.filters import Filters
from public_site.web.parameters import LARGEST_NUMBER, Parameters, ParametersRefused

routes = APIRouter()
ListParameters = Annotated[Parameters, doors.parameters(*filters.NAMES)]
OneParameters = Annotated[Parameters, doors.parameters("as_of", "known_at")]
_PAGE = 50


@routes.get("/enterprises")
def enterprises(request: Request, parameters: ListParameters, snapshot: doors.Reader, index: doors.Index) -> Response:
    """The list as a page; htmx gets its results only. A refused filter is the same page with what is wrong."""
    template = "enterprises/list.html"
    try:
        wanted = filters.read(parameters)
        result = finding.find(index, snapshot, wanted.query(_PAGE), wanted.as_of)
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
        facets=[facet for facet in _facets(wanted, result.found) if not _says_nothing(facet)],
        chips=_chips(wanted),
        sorts=_sorts(wanted),
        next=_next(wanted, result.found, "/enterprises"),
    )


@routes.get("/enterprises.json")
def enterprises_json(
    request: Request, parameters: ListParameters, snapshot: doors.Reader, index: doors.Index
) -> Response:
    """The same list as JSON."""
    wanted = filters.read(parameters)
    result = finding.find(index, snapshot, wanted.query(_PAGE), wanted.as_of)
    found = result.found
    body = {
        "total": found.total,
        "items": [shapes.enterprise(line) for line in _lines(snapshot, found.ids, wanted.as_of)],
        "facets": {
            facet.name: [shapes.facet(choice) for choice in facet.choices]
            for facet in _facets(wanted, found, "/enterprises.json")
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
    ids = csv_lines.ids(lambda query: finding.find(index, snapshot, query, wanted.as_of).found, wanted)
    wants_body = not request.scope.get("head", False)
    rows = csv_lines.rows(site.database, ids if wants_body else [], wanted.as_of, snapshot.number)
    header = [column.name for column in csv_lines.COLUMNS]
    return answers.public(request, snapshot, answers.stream_csv("enterprises.csv", header, rows))


@routes.get("/enterprises/{enterprise_id:int}")
def enterprise(enterprise_id: int, request: Request, parameters: OneParameters, snapshot: doors.Reader) -> Response:
    """One enterprise: the grade of each unit, the derived overall grade, the timeline, the sources."""
    as_of, view = _view(enterprise_id, parameters, snapshot)
    citations = shapes.citations(view.history)
    return pages.page(
        request,
        snapshot,
        "enterprises/enterprise.html",
        enterprise=view.line,
        history=shapes.told(view.history),
        as_of=as_of,
        known_at=parameters.moment("known_at"),
        verdict=words.verdict(view.line),
        citations=citations,
        decided_by=_decided_by(view.line, citations),
    )


@routes.get("/enterprises/{enterprise_id:int}.json")
def enterprise_json(
    enterprise_id: int, request: Request, parameters: OneParameters, snapshot: doors.Reader
) -> Response:
    """The same as JSON."""
    _, view = _view(enterprise_id, parameters, snapshot)
    return answers.json(request, snapshot, shapes.enterprise_with_history(view))


def _view(
    enterprise_id: int, parameters: Parameters, snapshot: doors.Snapshot
) -> tuple[date | None, records.EnterpriseView]:
    as_of, known_at = parameters.day("as_of"), parameters.moment("known_at")
    parameters.settle()
    known = register.number_known_at(snapshot.connection, known_at) if known_at else None
    day = as_of.isoformat() if as_of else None
    return as_of, records.enterprise(snapshot.connection, min(enterprise_id, LARGEST_NUMBER), as_of=day, known=known)


def _lines(snapshot: doors.Snapshot, ids: tuple[int, ...], as_of: date | None) -> list[records.EnterpriseLine]:
    return records.lines(snapshot.connection, ids, as_of=as_of.isoformat() if as_of else None)


def _next(wanted: Filters, found: search.Found, path: str) -> str | None:
    return wanted.page_after(found.next).url(path) if found.next else None


def _facets(wanted: Filters, found: search.Found, path: str = "/enterprises") -> list[filters.Facet]:
    return [
        filters.facet(wanted, name, _in_order(name, found.facets[name]), path, _label(name))
        for name in filters.FACETS
        if found.facets.get(name)
    ]


def _says_nothing(facet: filters.Facet) -> bool:
    """The "cities" of 重庆 and its like all bear the municipality's own name: a reader goes on to its counties."""
    return facet.name == "city" and all(
        places.lineage(c.value)[0] == Division(f"{c.value[:2]}0000", c.label) for c in facet.choices
    )


def _in_order(name: str, counts: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """Grades best first, sub-industries under their industry; everything else as counted, most first."""
    if name == "grade":
        best_first = [grade.label for grade in grades.grades()]
        return sorted(counts, key=lambda counted: best_first.index(counted[0]))
    if name == "industry":
        place = {value: at for at, (value, _) in enumerate(counts)}
        return sorted(counts, key=lambda counted: (place.get(counted[0].split("/")[0], 0), place[counted[0]]))
    return counts


def _chips(wanted: Filters) -> list[filters.Choice]:
    """What is chosen, each with the list without it."""
    chips = [filters.Choice(name, text, 0, wanted.without(name).url(), True) for name, text in wanted.singles()]
    for name in filters.FACETS:
        for value in wanted.chosen(name):
            label = f"{words.PARAMETERS[name]}：{_label(name)(value)}"
            chips.append(filters.Choice(value, label, 0, wanted.without_value(name, value).url(), True))
    return chips


def _sorts(wanted: Filters) -> list[filters.Choice]:
    usable = [s for s in words.SORTS if (s != "distance" or wanted.near) and (s != "relevance" or wanted.q)]
    in_force = wanted.query(1).order
    return [filters.Choice(s, words.SORTS[s], 0, wanted.sorted_by(s).url(), s == in_force) for s in usable]


def _label(name: str) -> Callable[[str], str]:
    if name == "industry":
        return lambda value: value.rpartition("/")[2]
    return places.name if name in ("province", "city", "county") else str


def _decided_by(line: records.EnterpriseLine, citations: dict[int, records.Citation]) -> records.Citation | None:
    """The notice of the latest decision that holds."""
    decided = [unit for unit in line.units if unit.stage == "decided" and unit.since == line.since and unit.notice_id]
    return citations.get(decided[0].notice_id or 0) if decided else None
