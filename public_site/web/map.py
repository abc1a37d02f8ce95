"""`/map`: the same list of enterprises beside a map of it; `/map/features.geojson` is what the map shows of a viewport.

What this module knows that no other does: on the map `bbox` is the viewport, so the list beside it is always of what one
sees; a day in the past has a list but no map, because points are counted for the present only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import clusters, ground, maps, places, points, records, search
from public_site.faults import NotFound, NotReady
from public_site.languages import _
from public_site.web import answers, doors, errors, filters, finding, map_ground, marks, pages, words
from public_site.web.filters import Filters
from public_site.web.parameters import Parameters, ParametersRefused

routes = APIRouter()
NAMES = tuple(name for name in filters.NAMES if name != "as_of")
_PAGING = ("sort", "cursor", "limit")
MapParameters = Annotated[Parameters, doors.parameters(*NAMES)]
FeatureParameters = Annotated[Parameters, doors.parameters(*(n for n in NAMES if n not in _PAGING), "zoom")]
OverviewParameters = Annotated[Parameters, doors.parameters(*(n for n in NAMES if n not in (*_PAGING, "bbox")))]
NoParameters = Annotated[Parameters, doors.parameters()]
_ROWS = 10
_FACETS = ("grade", "province", "city", "county", "industry", "excellence")
_BATCHES = 20  # of ids at most, while the index is away


class NoGroundOfOurOwn(NotFound):
    """The operator has not set a ground."""


@routes.get("/map")
def map_page(request: Request, parameters: MapParameters, snapshot: doors.Reader, index: doors.Index) -> Response:
    """The page: the list, which works without a script, and the map that a script draws of it."""
    template = "map/map.html"
    site: doors.Site = request.app.state.site
    shown: dict[str, Any] = {"map": _map_facts(site)}
    try:
        wanted = filters.read(parameters)
        result = finding.find(index, snapshot, wanted.query(wanted.limit or _ROWS))
    except (ParametersRefused, search.CursorNotValid) as refused:
        if errors.wants_json(request):
            raise
        return pages.plain(request, template, status=400, snapshot=snapshot, filters=Filters(),
                           problems=errors.problems(refused), overview="/map/overview.svg", **shown)  # fmt: skip
    found = result.found
    response = pages.page(
        request,
        snapshot,
        template,
        filters=wanted,
        problems=[],
        found=found,
        lines=records.lines(snapshot.connection, found.ids),
        facets=_facets(wanted, found),
        chips=_chips(wanted),
        next=wanted.page_after(found.next).url("/map") if found.next else None,
        overview=_overview_url(wanted),
        elsewhere=0 if wanted.bbox is None else _elsewhere(site, index, snapshot, wanted),
        **shown,
    )
    return map_ground.with_tiles(response, site)


@routes.get("/map/features.geojson")
def features(request: Request, parameters: FeatureParameters, snapshot: doors.Reader, index: doors.Index) -> Response:
    """Clusters and single enterprises of a viewport (RFC 7946); `numberMatched` counts enterprises with a point, not
    features. Those without one (`withoutPoint`) are counted at divisions, in features that say so."""
    zoom = parameters.whole("zoom", *clusters.ZOOMS)
    wanted = filters.read(parameters)
    site: doors.Site = request.app.state.site
    bbox = wanted.bbox or maps.CHINA
    query, ids = _question(index, snapshot, wanted)
    held = site.points.at(snapshot.connection, snapshot.number)
    view = clusters.view(held, bbox, maps.ZOOM if zoom is None else zoom, query, ids)
    singles = [mark.id for mark in view.marks if mark.id is not None]
    told = points.rows_by_id(snapshot.connection, singles)
    body = {
        "type": "FeatureCollection",
        "numberMatched": view.matched,
        "numberReturned": len(view.marks),
        "withoutPoint": view.elsewhere,
        "entry": snapshot.number,
        "features": [_at_division(mark, wanted) if mark.seat else _feature(mark, told) for mark in view.marks],
    }
    return answers.public(request, snapshot, Response(orjson.dumps(body), media_type="application/geo+json"))


@routes.get("/map/overview.svg")
def overview(request: Request, parameters: OverviewParameters, snapshot: doors.Reader, index: doors.Index) -> Response:
    """A drawing of the provinces with how many enterprises match in each, by grade: for print, and without a script."""
    wanted = filters.read(parameters)
    site: doors.Site = request.app.state.site
    query, ids = _question(index, snapshot, wanted)
    counts = clusters.by_province(site.points.at(snapshot.connection, snapshot.number), query, ids)
    drawn = (
        pages.templates(site)
        .get_template("map/overview.svg")
        .render(
            ground=ground.overview(),
            counts=counts,
            words=words,
            most=max((sum(c.values()) for c in counts.values()), default=0),
        )
    )
    return answers.public(request, snapshot, Response(drawn, media_type="image/svg+xml"))


@routes.get("/map/scaffold.js")
def scaffold(request: Request, __: NoParameters, snapshot: doors.Reader) -> Response:
    """folium's script that makes the Leaflet map."""
    site: doors.Site = request.app.state.site
    script = maps.scaffold(map_ground.tiles(site))
    return answers.public(request, snapshot, Response(script, media_type="text/javascript; charset=utf-8"))


@routes.get(map_ground.OPERATORS)
def operators_ground(request: Request, __: NoParameters, snapshot: doors.Reader) -> Response:
    """The ground that the operator has set instead of ours."""
    settings = request.app.state.site.settings
    if settings.map_ground_file is None:
        raise NoGroundOfOurOwn(_("本站没有另设底图。"))
    content = ground.of_operator(settings.map_ground_file, settings.map_ground_gcj02)
    return answers.public(request, snapshot, Response(content, media_type="application/geo+json"))


def _question(
    index: search.Engine, snapshot: doors.Snapshot, wanted: Filters
) -> tuple[search.Query, points.Numbers | None]:
    """The filters without the viewport; where text was asked for, also every id that answers."""
    plain = replace(wanted, bbox=None, sort=None, cursor=None, limit=None)
    query = plain.query()
    if not wanted.q:
        return query, None
    try:
        engine: Any = index  # engines are told apart by identity, as keys of a cache
        return query, _ids(engine, query, index.as_of())
    except NotReady:
        batches = islice(finding.ids(index, snapshot, query), _BATCHES)
        return query, np.array(sorted(id for batch in batches for id in batch), np.int64)


@lru_cache(maxsize=8)
def _ids(index: Any, query: search.Query, as_of: int) -> points.Numbers:  # noqa: ARG001 - a key
    """While a map is pushed about, the same text is asked for again and again."""
    found: points.Numbers = index.every_id(query)
    return found


def _elsewhere(site: doors.Site, index: search.Engine, snapshot: doors.Snapshot, wanted: Filters) -> int:
    held = site.points.at(snapshot.connection, snapshot.number)
    return clusters.elsewhere(held, *_question(index, snapshot, wanted))


def _at_division(mark: clusters.Mark, wanted: Filters) -> dict[str, Any]:
    code = mark.seat or ""
    level = "county" if code[4:] != "00" else "city" if code[2:] != "0000" else "province"
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [mark.lon, mark.lat]},
        "properties": {
            "count": mark.count,
            "grades": dict(mark.grades),
            "division": {"code": code, "name": words.place_name(places.division(code))},
            "precision": marks.PRECISIONS[level],
            "list": replace(wanted, bbox=None, cursor=None).with_value(level, code).url(),
        },
    }


def _feature(mark: clusters.Mark, told: Mapping[int, Any]) -> dict[str, Any]:
    feature: dict[str, Any] = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [mark.lon, mark.lat]},
    }
    if mark.id is None:
        return feature | {"bbox": mark.box, "properties": {"count": mark.count, "grades": dict(mark.grades)}}
    row = told[mark.id]
    label = points.label(row.overall_grade, row.overall_reason)
    place = words.distinct_places(*(records.division(code) for code in (row.province, row.city, row.county) if code))
    latin = words.latin_name(row.name)
    return feature | {
        "id": mark.id,
        "properties": ({} if latin == row.name else {"latin": latin})
        | {
            "name": row.name,
            "grade": label,
            "grade_in_words": marks.map_grade(label),
            "place": " ".join(map(words.place_name, place)),
            "url": f"/enterprises/{mark.id}",
        },
    }


def _overview_url(wanted: Filters) -> str:
    return replace(wanted, bbox=None, sort=None, cursor=None, limit=None).url("/map/overview.svg")


def _facets(wanted: Filters, found: search.Found) -> list[filters.Facet]:
    return [
        filters.facet(wanted, name, found.facets[name], "/map", partial(words.facet_value, name))
        for name in _FACETS
        if found.facets.get(name)
    ]


def _chips(wanted: Filters) -> list[filters.Choice]:
    """What is chosen, each with the map without it."""
    chips = [filters.Choice(n, said, 0, wanted.without(n).url("/map"), True) for n, said in wanted.singles()]
    for name in filters.FACETS:
        for value in wanted.chosen(name):
            label = _("{name}：{value}", name=words.PARAMETERS[name], value=words.facet_value(name, value))
            chips.append(filters.Choice(value, label, 0, wanted.without_value(name, value).url("/map"), True))
    return chips


def _map_facts(site: doors.Site) -> dict[str, Any]:
    drawn, said = (json.dumps(told, ensure_ascii=False) for told in (marks.map_marks(), marks.map_words()))
    return map_ground.facts(site) | {"element": maps.ELEMENT, "drawn": drawn, "words": said}
