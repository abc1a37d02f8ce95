"""`/api/v1/industries` and `/api/v1/places`: the words that filters understand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import grades, places
from public_site.languages import _
from public_site.web import doors, filters
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import THINGS
from public_site.web.parameters import Parameters

routes = APIRouter()
LEVELS = ("province", "city", "county")
FAMILIES = ("national", "local")


@routes.get("/api/v1/industries")
def industries(
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("family", "cursor", "limit", "fields")],
    snapshot: doors.Reader,
) -> Response:
    """The industries of the schemes."""
    family = filters.among(parameters, "family", FAMILIES)
    found = [item for item in _industries() if not family or item["family"] in family]
    return _cut(request, parameters, snapshot, "Industry", found)


@routes.get("/api/v1/places")
def list_places(
    request: Request,
    parameters: Annotated[Parameters, doors.parameters("parent", "level", "cursor", "limit", "fields")],
    snapshot: doors.Reader,
) -> Response:
    """The divisions of the country: all, of a level, or those directly below another."""
    parents, levels = filters.divisions(parameters, "parent"), filters.among(parameters, "level", LEVELS)
    found = [
        item
        for item in _places()
        if (not parents or item["parent"] in parents) and (not levels or item["level"] in levels)
    ]
    return _cut(request, parameters, snapshot, "Place", found)


@routes.get("/api/v1/places/{code}")
def place(
    code: str, request: Request, parameters: Annotated[Parameters, doors.parameters("fields")], snapshot: doors.Reader
) -> Response:
    """One division."""
    fields = answering.fields(parameters, THINGS["Place"])
    parameters.settle()
    if not places.is_division(code):
        raise places.NoSuchPlace(_("没有这个行政区划代码。"))
    return answering.one(request, snapshot, _place(code), fields)


def _cut(
    request: Request, parameters: Parameters, snapshot: doors.Snapshot, name: str, found: list[dict[str, Any]]
) -> Response:
    """A page of a list that is short and in memory."""
    fields = answering.fields(parameters, THINGS[name])
    paging = cursors.read(parameters, name, ("order",))
    parameters.settle()
    begin = paging.after[1] if paging.after else 0
    end = begin + paging.limit
    return answering.many(
        request, snapshot, found[begin:end], total=len(found),
        cursor=paging.cursor(("", end) if end < len(found) else None), fields=fields,
    )  # fmt: skip


@cache
def _industries() -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "id": industry.name,
            "name": industry.name.rpartition("/")[2],
            "parent": industry.parent if industry.parent != industry.name else None,
            "family": family,
            "levels": [g.label for g in grades.grades() if g.label in industry.levels] if industry.levels else None,
            "source": industry.source,
            "url": f"/enterprises?industry={quote(industry.name, safe='')}",
        }
        for family in FAMILIES
        for industry in grades.industries(family)
    )


@cache
def _places() -> tuple[dict[str, Any], ...]:
    return tuple(map(_place, sorted(_codes(None))))


def _codes(above: str | None) -> Iterator[str]:
    for division in places.children(above):
        yield division.code
        yield from _codes(division.code)


def _place(code: str) -> dict[str, Any]:
    own = places.division(code)
    line = places.lineage(code)
    level = next(name for name, found in zip(reversed(LEVELS), reversed(line), strict=True) if found)
    above = [division.code for division in line if division and division.code != code]
    return {
        "code": code,
        "name": own.name,
        "level": level,
        "parent": above[-1] if above else None,
        "url": f"/enterprises?{level}={code}",
    }
