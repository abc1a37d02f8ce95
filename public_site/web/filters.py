"""What the URL of a list of enterprises says: search, filters, day, order, page; and the URLs that say a little more.

What this module knows that no other does: the parameters of design.md §4, how they become a search query, and that a
facet is a link: every value beside a list is the URL of the same list narrowed, or widened again, by that value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from public_site import grades, places, search
from public_site.languages import _
from public_site.search.values import LIMIT
from public_site.web.parameters import Parameters

NAMES = (
    "q", "province", "city", "county", "industry", "grade", "overall", "scheme", "stage", "excellence", "unlisted",
    "downgraded_since", "near", "radius_km", "bbox", "as_of", "sort", "cursor", "limit",
)  # fmt: skip
FACETS = (
    "grade", "overall", "province", "city", "county", "industry", "scheme", "stage", "excellence", "unlisted",
)  # fmt: skip
PAGE = 50
_OVERALL_INCOMPARABLE = "incomparable"
_YES = "1"
LONGEST_CURSOR = 2000
_PARAMETER_OF = {
    "text": "q", "provinces": "province", "cities": "city", "counties": "county", "industries": "industry",
    "grades": "grade", "schemes": "scheme", "stages": "stage",
}  # fmt: skip
# Choosing one of these takes the place of what was chosen before, and of what lies below it.
_BELOW = {"province": ("city", "county"), "city": ("county",), "county": ()}


RADII_KM = (1, 3, 5, 10, 20, 50)  # that a page offers; an address may say others


@dataclass(frozen=True, slots=True)
class Choice:
    """A value beside a list, and the list that choosing it gives (or, when it is chosen, the list without it)."""

    value: str
    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one parameter, with their counts."""

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """One list of enterprises, as its URL says it."""

    q: str | None = None
    province: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    county: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    grade: tuple[str, ...] = ()
    overall: tuple[str, ...] = ()
    scheme: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    excellence: bool = False
    unlisted: bool = False
    downgraded_since: date | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    as_of: date | None = None
    sort: str | None = None
    cursor: str | None = None
    limit: int | None = None

    def query(self, limit: int | None = None) -> search.Query:
        """The question for the search engine, as long as the URL says or as `limit` does.

        Raises: search.QueryNotValid.
        """
        return search.Query(
            text=self.q or "",
            provinces=self.province,
            cities=self.city,
            counties=self.county,
            industries=self.industry,
            grades=self.grade,
            overall=self.overall,
            schemes=self.scheme,
            stages=self.stage,
            excellence=True if self.excellence else None,
            unlisted=True if self.unlisted else None,
            downgraded_since=self.downgraded_since,
            near=self.near,
            radius_km=self.radius_km,
            bbox=self.bbox,
            sort=self.sort,
            cursor=self.cursor,
            limit=limit or self.limit or PAGE,
        )

    def url(self, path: str = "/enterprises") -> str:
        """The address of this list: parameters in one fixed order, nothing empty, so that equal lists are equal URLs."""
        return _address(path, _pieces(self))

    def singles(self) -> list[tuple[str, str]]:
        """The chosen filters that have one value: name, and what a reader calls it."""
        said: dict[str, str | None] = {
            "q": self.q and _("“{words}”", words=self.q),
            "downgraded_since": _("{day} 以来降级", day=self.downgraded_since) if self.downgraded_since else None,
            "near": self.near and _("距所选地点 {km:g} 公里内", km=self.query().reach_km),
            "bbox": _("地图范围内") if self.bbox else None,
            "as_of": _("截至 {day}", day=self.as_of) if self.as_of else None,
        }
        return [(name, text) for name, text in said.items() if text]

    def page_after(self, cursor: str) -> Filters:
        """The same list, further down."""
        return replace(self, cursor=cursor)

    def sorted_by(self, sort: str) -> Filters:
        """The same list in another order, from its beginning."""
        return replace(self, sort=sort, cursor=None)

    def without(self, name: str) -> Filters:
        """The same list without a filter that has one value."""
        return self._changed({"near": None, "radius_km": None} if name == "near" else {name: getattr(Filters(), name)})

    def radii(self, path: str) -> list[Choice]:
        """The same list in other circles, where it has one."""
        if self.near is None:
            return []
        reach, wide = self.query().reach_km, (replace(self, radius_km=float(km), cursor=None) for km in RADII_KM)
        return [
            Choice(f"{f.radius_km:g}", _("{km} 公里", km=f"{f.radius_km:g}"), 0, f.url(path), f.radius_km == reach)
            for f in wide
        ]

    def first_page(self) -> Filters:
        """The same list from its beginning."""
        return replace(self, cursor=None)

    def hidden(self, *shown: str) -> list[tuple[str, str]]:
        """What a form must carry along besides the fields it shows; of the orders only the one that any day has."""
        left_out = (*shown, "cursor", *(() if self.sort == "name" else ("sort",)))
        return [pair for name in NAMES if name not in left_out for pair in _said(name, getattr(self, name))]

    def chosen(self, name: str) -> tuple[str, ...]:
        """The chosen values of a facet."""
        found: tuple[str, ...] | bool = getattr(self, name)
        if isinstance(found, bool):
            return (_YES,) if found else ()
        return found

    def with_value(self, name: str, value: str) -> Filters:
        """This list narrowed by one more value."""
        return self._changed(self._narrowing(name, value))

    def without_value(self, name: str, value: str) -> Filters:
        """This list widened again by one value."""
        return self._changed(self._widening(name, value))

    def choice(self, name: str, value: str, label: str, count: int, path: str) -> Choice:
        """A value of a facet with the address of the list that it gives; a page has dozens, so no list is made for it."""
        is_chosen = value in self.chosen(name)
        changes = self._widening(name, value) if is_chosen else self._narrowing(name, value)
        pieces = _pieces(self) | {changed: _piece(changed, to) for changed, to in changes.items()} | {"cursor": ""}
        return Choice(value, label, count, _address(path, pieces), is_chosen)

    def _narrowing(self, name: str, value: str) -> dict[str, Any]:
        if isinstance(getattr(self, name), bool):
            return {name: True}
        if name in _BELOW:
            return {name: (value,)} | dict.fromkeys(_BELOW[name], ())
        return {name: tuple(dict.fromkeys((*self.chosen(name), value)))}

    def _widening(self, name: str, value: str) -> dict[str, Any]:
        if isinstance(getattr(self, name), bool):
            return {name: False}
        left = tuple(other for other in self.chosen(name) if other != value)
        return {name: left} | dict.fromkeys(_BELOW.get(name, ()), ())

    def _changed(self, changes: dict[str, Any]) -> Filters:
        return replace(self, cursor=None, **changes)


@lru_cache(maxsize=64)
def _pieces(wanted: Filters) -> dict[str, str]:
    """What each parameter adds to the address, in their order; "" where it says nothing."""
    return {name: _piece(name, getattr(wanted, name)) for name in NAMES}


@lru_cache(maxsize=2048)
def _piece(name: str, value: Any) -> str:
    return urlencode(_said(name, value), safe=",")


def _address(path: str, pieces: dict[str, str]) -> str:
    query = "&".join(filter(None, pieces.values()))
    return f"{path}?{query}" if query else path


def _said(name: str, value: Any) -> list[tuple[str, str]]:
    if value is None or value is False or value == ():
        return []
    if value is True:
        return [(name, "1")]
    if isinstance(value, float):
        return [(name, f"{value:g}")]
    if isinstance(value, date):
        return [(name, value.isoformat())]
    if isinstance(value, tuple) and isinstance(value[0], float):
        return [(name, ",".join(f"{part:.9g}" for part in value))]
    return [(name, str(part)) for part in value] if isinstance(value, tuple) else [(name, str(value))]


def facet(
    wanted: Filters, name: str, counts: Iterable[tuple[str, int]], path: str, label: Callable[[str], str]
) -> Facet:
    """The links of one facet."""
    return Facet(name, tuple(wanted.choice(name, value, label(value), count, path) for value, count in counts))


def read(parameters: Parameters) -> Filters:
    """The filters of a request.

    Raises: ParametersRefused, naming every parameter that is not understood.
    """
    found = Filters(
        q=parameters.text("q"),
        province=divisions(parameters, "province"),
        city=divisions(parameters, "city"),
        county=divisions(parameters, "county"),
        industry=parameters.texts("industry"),
        grade=grades_among(parameters, "grade"),
        overall=grades_among(parameters, "overall", _OVERALL_INCOMPARABLE),
        scheme=among(parameters, "scheme", tuple(scheme.id for scheme in grades.schemes())),
        stage=among(parameters, "stage", ("proposed", "decided")),
        excellence=parameters.flag("excellence"),
        unlisted=parameters.flag("unlisted"),
        downgraded_since=parameters.day("downgraded_since"),
        near=_two(parameters.numbers("near", 2, "29.70,107.39")),
        radius_km=parameters.number("radius_km"),
        bbox=_four(parameters.numbers("bbox", 4, "105.2,28.1,110.2,32.2")),
        as_of=parameters.day("as_of"),
        sort=parameters.choice("sort", search.SORTS),
        cursor=parameters.text("cursor", longest=LONGEST_CURSOR),
        limit=parameters.whole("limit", 1, LIMIT),
    )
    if found.as_of is not None:
        _refuse_what_only_the_present_has(found, parameters)
    try:
        found.query()
    except search.QueryNotValid as refused:
        parameters.refuse(_PARAMETER_OF.get(refused.field, refused.field), str(refused))
    parameters.settle()
    return found


def _refuse_what_only_the_present_has(wanted: Filters, parameters: Parameters) -> None:
    """The index knows the present only, and the register's tables know neither distances nor overall grades of a day."""
    if wanted.sort not in (None, "name"):
        parameters.refuse("sort", _("查某一天当时的等级时只能按名称排列（name）"))
    if wanted.near is not None:
        parameters.refuse("near", _("查某一天当时的等级时不能按距离筛选，请改用地区或地图范围（bbox）"))
    if wanted.overall:
        parameters.refuse("overall", _("查某一天当时的等级时不能按总体等级筛选，请改用等级（grade）"))


def _two(found: tuple[float, ...] | None) -> tuple[float, float] | None:
    return None if found is None else (found[0], found[1])


def _four(found: tuple[float, ...] | None) -> tuple[float, float, float, float] | None:
    return None if found is None else (found[0], found[1], found[2], found[3])


def divisions(parameters: Parameters, name: str) -> tuple[str, ...]:
    """The values of a repeatable parameter that are codes of divisions."""
    values = parameters.texts(name)
    for value in values:
        try:
            places.name(value)
        except places.NoSuchPlace:
            parameters.refuse(name, _("应为六位行政区划代码，例如 500000"))
            return ()
    return values


def grades_among(parameters: Parameters, name: str, *others: str) -> tuple[str, ...]:
    """The values of a repeatable parameter that are grades, or one of `others`."""
    # A plus sign that was not escaped arrives as a space: "A " can only mean A+.
    values = tuple(f"{value[:-1]}+" if value == "A " else value.strip() for value in parameters.raw(name))
    among = (*(grade.label for grade in grades.grades()), *others)
    if not set(values) <= set(among):
        parameters.refuse(name, _("应为 {choices} 之一", choices=_("、").join(among)))
        return ()
    return tuple(dict.fromkeys(values))


def among(parameters: Parameters, name: str, among: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a repeatable parameter that are each one of a few words."""
    values = parameters.texts(name)
    if not set(values) <= set(among):
        parameters.refuse(name, _("应为 {choices} 之一", choices=_("、").join(among)))
        return ()
    return values
