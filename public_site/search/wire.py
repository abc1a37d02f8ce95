"""Questions to a search service and its answers, as JSON (Meilisearch's multi-search): what is asked, what is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from public_site.search import attributes
from public_site.search.attributes import Record
from public_site.search.values import EngineAway, IndexDamaged


@dataclass(frozen=True, slots=True)
class Question:
    """What documents have to meet, and what is told of them besides their number."""

    filter: str
    limit: int = 0
    sort: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    fields: tuple[str, ...] = ("id",)


@dataclass(frozen=True, slots=True)
class Answer:
    """The number of documents that meet a question, the first of them, and how many have each value."""

    total: int
    hits: tuple[dict[str, Any], ...] = ()
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


Ask = Callable[[Sequence[Question]], list[Answer]]

OF_RECORD = Question(f"kind = {attributes.RECORD}", limit=2, fields=("record",))


def record(answer: Answer) -> Record:
    """Raises: IndexDamaged, when an index does not say what it is."""
    if len(answer.hits) != 1:
        raise IndexDamaged("缺少自述记录")
    return attributes.read_record(answer.hits[0])


def written(name: str, question: Question) -> dict[str, Any]:
    return {
        "indexUid": name,
        "filter": question.filter,
        "page": 1,
        "hitsPerPage": question.limit,
        "sort": list(question.sort),
        "facets": list(question.facets),
        "attributesToRetrieve": list(question.fields),
    }


def read(result: dict[str, Any], question: Question) -> Answer:
    """What was told, if it is what was asked for. Raises: EngineAway."""
    total, hits, facets = result["totalHits"], result["hits"], result.get("facetDistribution")
    if not (_is_count(total) and isinstance(hits, list)):
        raise EngineAway("应答无法读取")
    if len(hits) != min(question.limit, total) or not all(isinstance(hit, dict) for hit in hits):
        raise EngineAway("应答条数不符")
    counted: dict[str, Any] = {}
    if question.facets:
        if not isinstance(facets, dict):
            raise EngineAway("应答缺少分面")
        # A service leaves out what no document of the index has: then there is none in the answer either.
        counted = {facet: facets.get(facet, None if total else {}) for facet in question.facets}
    for counts in counted.values():
        if not (isinstance(counts, dict) and all(map(_is_count, counts.values()))):
            raise EngineAway("应答缺少分面")
        if len(counts) >= attributes.VALUES_PER_FACET:
            raise EngineAway("分面的取值过多")
    return Answer(total, tuple(hits), counted)


def _is_count(number: object) -> bool:
    return type(number) is int and number >= 0
