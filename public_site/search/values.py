"""The words in which search is spoken about: the document that goes in, the question, the answer, and what can go wrong.

A `Query` is checked when it is made: an engine never meets nonsense, and no request can ask for unbounded work.
Engines only find and count. Whatever is shown about an enterprise comes from the register, by id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from public_site import faults
from public_site.languages import _
from public_site.search import text as texts

SORTS = ("relevance", "since", "downgraded", "name", "distance", "id")
TEXT_LENGTH = 64
TERM_COUNT = 6
LIMIT = 1000
VALUES_PER_FILTER = 50
VALUES_IN_ALL = 100
RADIUS_KM = 500.0
DEFAULT_RADIUS_KM = 50.0
FARTHEST_LATITUDE = 60.0


class QueryNotValid(faults.NotValid):
    """The question cannot be asked like this; `field` names the part that is wrong."""

    def __init__(self, field_name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field_name


class CursorNotValid(QueryNotValid):
    """The cursor is not one of ours, or belongs to another order."""

    def __init__(self) -> None:
        super().__init__("cursor", _("翻页位置无效：请从第一页重新查询。"))


class IndexMissing(faults.NotReady):
    """There is no index yet."""

    def __init__(self) -> None:
        super().__init__(_("检索索引尚未建立，暂以名称开头匹配查询。"))


class IndexDamaged(faults.NotReady):
    """The index cannot be read or contradicts itself; it has to be rebuilt from the register."""

    def __init__(self, why: str) -> None:
        super().__init__(_("检索索引已损坏，需要重建（{why}）。登记数据不受影响。", why=why))


class WriterBusy(faults.NotReady):
    """Another process is writing the index."""

    def __init__(self) -> None:
        super().__init__(_("另一个进程正在更新检索索引，请稍后再试。"))


class EngineAway(faults.NotReady):
    """The search service does not answer, or answers with nonsense."""

    def __init__(self, why: str) -> None:
        super().__init__(_("检索服务暂不可用（{why}），暂以名称开头匹配查询。", why=why))


@dataclass(frozen=True, slots=True)
class Document:
    """What the index may know of one enterprise: enough to find and count it, nothing to show."""

    id: int
    name: str
    former_names: tuple[str, ...] = ()
    credit_code: str | None = None
    province: str | None = None
    city: str | None = None
    county: str | None = None
    industries: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    overall: str | None = None
    schemes: tuple[str, ...] = ()
    excellence: bool = False
    downgraded_on: date | None = None
    unlisted: bool = False
    stages: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    since: date | None = None
    entry: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """One question. Values of one filter are alternatives; different filters must all hold.

    `among`: only which of these ids (at most `LIMIT`) answer it; the index knows this, the register's tables do not.
    """

    text: str = ""
    provinces: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    counties: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    overall: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    excellence: bool | None = None
    unlisted: bool | None = None
    downgraded_since: date | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    sort: str | None = None
    cursor: str | None = None
    limit: int = 50
    among: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        _check_text(self.text)
        _check_filters(self)
        _check_place(self)
        _check_page(self)

    @property
    def terms(self) -> tuple[str, ...]:
        return texts.terms(self.text)

    @property
    def order(self) -> str:
        """The order in force when none was asked for: best match, nearest, or newest decision first."""
        if self.sort is not None:
            return self.sort
        if self.text.strip():
            return "relevance"
        return "distance" if self.near is not None else "since"

    @property
    def reach_km(self) -> float:
        return DEFAULT_RADIUS_KM if self.radius_km is None else self.radius_km


def _check_text(text: str) -> None:
    if len(text.strip()) > TEXT_LENGTH:
        raise QueryNotValid("text", _("查询文字最多 {most} 个字符，请缩短后再查。", most=TEXT_LENGTH))
    if len(texts.terms(text)) > TERM_COUNT:
        raise QueryNotValid("text", _("一次最多查 {most} 个词，请减少空格分开的词。", most=TERM_COUNT))
    if sum(map(len, texts.terms(text))) > 2 * TEXT_LENGTH:
        raise QueryNotValid("text", _("查询文字展开后过长，请使用普通汉字、字母或数字。"))


def _check_filters(query: Query) -> None:
    in_all = 0
    for name in ("provinces", "cities", "counties", "industries", "grades", "overall", "schemes", "stages"):
        values: tuple[str, ...] = getattr(query, name)
        in_all += len(values)
        if len(values) > VALUES_PER_FILTER:
            raise QueryNotValid(name, _("同一筛选条件最多选 {most} 个值。", most=VALUES_PER_FILTER))
        for value in values:
            if not value or len(value) > TEXT_LENGTH or not value.isprintable():
                raise QueryNotValid(name, _("筛选条件的值为空、过长或含有不可见字符。"))
    if in_all > VALUES_IN_ALL:
        raise QueryNotValid("filters", _("全部筛选条件合计最多 {most} 个值。", most=VALUES_IN_ALL))


def _check_place(query: Query) -> None:
    if query.near is not None:
        lat, lon = query.near
        if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= FARTHEST_LATITUDE and abs(lon) <= 180):
            raise QueryNotValid("near", _("位置应写作“纬度,经度”，例如 29.56,106.55。"))
    if query.radius_km is not None:
        if query.near is None:
            raise QueryNotValid("radius_km", _("指定半径时须同时指定位置（near）。"))
        if not (math.isfinite(query.radius_km) and 0 < query.radius_km <= RADIUS_KM):
            raise QueryNotValid("radius_km", _("半径应大于 0，不超过 {most:.0f} 公里。", most=RADIUS_KM))
    if query.bbox is not None:
        west, south, east, north = query.bbox
        if not (all(map(math.isfinite, query.bbox)) and -180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise QueryNotValid("bbox", _("范围应写作“最小经度,最小纬度,最大经度,最大纬度”。"))


def _check_page(query: Query) -> None:
    if query.sort is not None and query.sort not in SORTS:
        raise QueryNotValid("sort", _("没有这种排序；可用：{orders}。", orders=_("、").join(SORTS)))
    if query.sort == "distance" and query.near is None:
        raise QueryNotValid("sort", _("按距离排序须同时指定位置（near）。"))
    if not 1 <= query.limit <= LIMIT:
        raise QueryNotValid("limit", _("每页条数应为 1 至 {most}。", most=LIMIT))
    if query.cursor is not None and len(query.cursor) > 2000:
        raise CursorNotValid


@dataclass(frozen=True, slots=True)
class Found:
    """One page of ids in order, with the exact number of all and the counts that let one narrow or widen."""

    total: int
    ids: tuple[int, ...]
    next: str | None
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    as_of: int
    approximate: bool = False
    kilometres: Mapping[int, float] = field(default_factory=dict)


class Source(Protocol):
    """Where an index catches up from: the register's standings."""

    def latest_number(self) -> int:
        """The latest entry number N."""

    def document_count(self) -> int:
        """How many documents `documents(None)` yields now."""

    def changed_since(self, number: int) -> Iterable[int]:
        """Ids of the enterprises that entries after `number` touched."""

    def documents(self, ids: Sequence[int] | None) -> Iterator[Document]:
        """The documents of these ids (None: of all); ids that are gone are left out."""


class Engine(Protocol):
    """One face for every engine: it finds, it suggests, and it is a projection of the register."""

    def find(self, query: Query) -> Found: ...

    def every_id(self, query: Query) -> NDArray[np.int64]: ...

    def suggest(self, text: str, limit: int = 8) -> tuple[int, ...]: ...

    def as_of(self) -> int: ...

    def catch_up(self, source: Source) -> int: ...

    def rebuild(self, source: Source) -> int: ...

    def forget(self) -> None: ...

    def problems(self, source: Source | None = None) -> list[str]: ...
