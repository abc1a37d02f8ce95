"""`/`: search, what is new, how many enterprises hold which grade, where."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import grades, records, search, years
from public_site.web import doors, finding, pages, words

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/")
def home(request: Request, snapshot: doors.Reader, index: doors.Index, site: doors.TheSite) -> Response:
    """The front page."""
    everything = finding.find(index, snapshot, search.Query(limit=1)).found
    counts = dict(everything.facets.get("grade", ()))
    latest, notice_count = records.notices(snapshot.connection, limit=6)
    fallen, _ = records.downgrades(snapshot.connection, limit=6)
    best = finding.find(index, snapshot, search.Query(excellence=True, sort="since", limit=5)).found
    provinces = sorted(everything.facets.get("province", ()))
    return pages.page(
        request,
        snapshot,
        "home/home.html",
        enterprise_count=everything.total,
        notice_count=notice_count,
        grade_counts=[(grade, counts.get(grade.label, 0)) for grade in grades.grades()],
        most=max(counts.values(), default=0),
        notices=latest,
        downgrades=fallen,
        excellent=records.lines(snapshot.connection, best.ids),
        years=site.years.of(snapshot.number, lambda: years.everywhere(snapshot.connection)),
        provinces=[(code, words.place_name(records.division(code)), count) for code, count in provinces],
    )
