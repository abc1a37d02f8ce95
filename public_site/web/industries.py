"""`/industries`: the industries that are graded; `/industries/{name}`: the grades of one, its levels, where it is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import grades, records, search, years
from public_site.faults import NotFound
from public_site.languages import _
from public_site.web import doors, finding, pages, words

routes = APIRouter(dependencies=[doors.parameters()])
_LONGEST = 64


class NoSuchIndustry(NotFound):
    """Neither a scheme nor a notice names this industry."""


@routes.get("/industries")
def industries(request: Request, snapshot: doors.Reader, index: doors.Index) -> Response:
    """Every industry of the schemes, and what else notices name, with how many enterprises each has."""
    found = finding.find(index, snapshot, search.Query(limit=1)).found
    counts = dict(found.facets.get("industry", ()))
    known = list(dict.fromkeys(industry.name for industry in grades.industries("national")))
    local = [i.name for i in grades.industries("local") if i.name not in known]
    others = sorted(name for name in counts if name not in {*known, *local, *(n.split("/")[0] for n in known)})
    lists = [
        (_("国家标准的行业"), known),
        (_("只在地方标准中的行业"), list(dict.fromkeys(local))),
        (_("公告中写明的其他行业"), others),
    ]
    return pages.page(request, snapshot, "industries/list.html", lists=lists, counts=counts)


@routes.get("/industries/{name:path}")
def industry(name: str, request: Request, snapshot: doors.Reader, index: doors.Index) -> Response:
    """One industry."""
    named = [known for known in grades.industries() if name in (known.name, known.parent)]
    if not 0 < len(name) <= _LONGEST or not name.isprintable():
        raise NoSuchIndustry(_("没有这个行业。"))
    found = finding.find(index, snapshot, search.Query(industries=(name,), limit=1)).found
    if not named and not found.total:
        raise NoSuchIndustry(_("没有这个行业：国家和地方的标准、登记的公告里都没有这个名称。"))
    counts = dict(found.facets.get("grade", ()))
    provinces = sorted(found.facets.get("province", ()), key=lambda counted: (-counted[1], counted[0]))
    return pages.page(
        request,
        snapshot,
        "industries/industry.html",
        name=name,
        own=next((known for known in named if known.name == name), None),
        parts=[known for known in named if known.name != name],
        schemes=[(scheme, count) for scheme, count in found.facets.get("scheme", ())],
        total=found.total,
        years=years.of_industry(snapshot.connection, name),
        grade_counts=[(grade, counts[grade.label]) for grade in grades.grades() if grade.label in counts],
        most=max(counts.values(), default=0),
        provinces=[(code, words.place_name(records.division(code)), count) for code, count in provinces],
    )
