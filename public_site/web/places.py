"""`/places`: the tree of divisions with what is on record in each; `/places/{code}` is one of them as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import grades, places, records, search, years
from public_site.places import Division
from public_site.web import doors, finding, pages

routes = APIRouter(dependencies=[doors.parameters()])
_SHOWN = 6
_INDUSTRIES = 12
_FIRST_DAY = date(1949, 10, 1)  # every downgrade there is


@routes.get("/places")
def tree(request: Request, snapshot: doors.Reader, index: doors.Index) -> Response:
    """Provinces with how many enterprises each has."""
    found = finding.find(index, snapshot, search.Query(limit=1)).found
    return pages.page(request, snapshot, "places/tree.html", total=found.total,
                      provinces=_counted(places.children(), found.facets))  # fmt: skip


@routes.get("/places/{code}")
def place(code: str, request: Request, snapshot: doors.Reader, index: doors.Index) -> Response:
    """One place: grades, industries, what its authorities published, what fell lately, and the places around and below."""
    here = places.division(code)
    level, query = _asked(code, _SHOWN)
    found = finding.find(index, snapshot, query).found
    fallen = finding.find(index, snapshot, _asked(code, _SHOWN, fallen=True)[1]).found
    counts = dict(found.facets.get("grade", ()))
    return pages.page(
        request,
        snapshot,
        "places/place.html",
        here=here,
        level=level,
        above=_above(code),
        total=found.total,
        grade_counts=[(grade, counts[grade.label]) for grade in grades.grades() if grade.label in counts],
        most=max(counts.values(), default=0),
        industries=[(name, count) for name, count in found.facets.get("industry", ()) if "/" not in name][:_INDUSTRIES],
        below=_counted(_below(code), found.facets),
        beside=[division for division in _beside(code) if division.code != code],
        years=years.of_place(snapshot.connection, code),
        notices=records.notices_of_place(snapshot.connection, code, limit=_SHOWN),
        fallen=records.lines(snapshot.connection, fallen.ids),
    )


def _asked(code: str, limit: int, *, fallen: bool = False) -> tuple[str, search.Query]:
    """The filter that means a place, and its enterprises."""
    since = _FIRST_DAY if fallen else None
    sort = "downgraded" if fallen else None
    if code.endswith("0000"):
        return "province", search.Query(provinces=(code,), downgraded_since=since, sort=sort, limit=limit)
    if code.endswith("00"):
        return "city", search.Query(cities=(code,), downgraded_since=since, sort=sort, limit=limit)
    return "county", search.Query(counties=(code,), downgraded_since=since, sort=sort, limit=limit)


def _above(code: str) -> list[Division]:
    """What a place lies in, outermost first; a municipality is not also its own city."""
    here, above = places.division(code), dict[str, Division]()
    for division in places.lineage(code):
        if division is not None and division.name != here.name:
            above.setdefault(division.name, division)
    return list(above.values())


def _below(code: str) -> tuple[Division, ...]:
    """The next level down; a municipality's districts and counties are its own."""
    if code in places.MUNICIPALITIES:
        return places.children(f"{code[:2]}0100")
    return places.children(code)


def _beside(code: str) -> tuple[Division, ...]:
    """The places of the same parent."""
    province, city, _ = places.lineage(code)
    if province is None or code == province.code:
        return places.children()
    return _below(city.code if city and city.code != code else province.code)


def _counted(
    divisions: tuple[Division, ...], facets: Mapping[str, tuple[tuple[str, int], ...]]
) -> list[tuple[Division, int]]:
    counts = {code: count for level in ("province", "city", "county") for code, count in facets.get(level, ())}
    return [(division, counts.get(division.code, 0)) for division in divisions]
