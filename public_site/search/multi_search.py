"""How a page of hits is found with as few round trips as can be: page, ranks, total and facets in one request.

The service is a function that answers a list of questions (`wire.Ask`); this module knows no client. What comes back is
believed only as far as it holds together: ids are ids, and the order is the one asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from public_site.search import attributes, cells, criteria, cursors, filter_text, near_matches, prepared, suggesting
from public_site.search.attributes import FACETS
from public_site.search.criteria import Criterion
from public_site.search.filter_text import all_of, any_of, none_of, written
from public_site.search.snapshot import Hit
from public_site.search.values import EngineAway, Found, Query
from public_site.search.wire import OF_RECORD, Answer, Ask, Question, record

LARGEST_ID = prepared.LARGEST_ID
MOST_HITS = 100_000
LONG_WORD = 24
_ENOUGH_PIECES = 3
_PLACES = ("province", "city", "county")
_COUNTED_WITHOUT = {"province": _PLACES, "city": ("city", "county")}


def find(ask: Ask, query: Query) -> Found:
    cursor = cursors.read(query.cursor, sort=query.order)
    place = _place(ask, query)
    page = _asked(ask, query, cursor, written(criteria.of_text(query)), place, criteria.ranks(query))
    approximate = False
    if query.terms and not page.total and not page.text_is_found:
        near = near_matches.instead(Look(ask), query.terms, criteria.of_text(query))
        if near is not None:
            page, approximate = _asked(ask, query, cursor, written(near.text), place, near.ranks), True
    hits = page.hits
    if query.order == "distance" and query.near is not None and page.total:
        hits = [(0, hit) for hit in _nearest(ask, query, query.near, page, cursor)]
    shown = hits[: query.limit]
    return Found(
        total=page.total,
        ids=tuple(hit.id for _, hit in shown),
        next=_next(query, shown[-1]) if len(hits) > query.limit else None,
        facets=page.facets,
        as_of=page.as_of,
        approximate=approximate and page.total > 0,
        kilometres=_kilometres(ask, query, [hit for _, hit in shown]),
    )


def suggest(ask: Ask, text: str, limit: int) -> tuple[int, ...]:
    """The ids of names that begin so, then of those that contain it or sound like it: all steps in one request."""
    steps = suggesting.steps(text)
    if not steps:
        return ()
    wanted = suggesting.wanted(limit)
    told = ask([OF_RECORD, *(Question(_of_enterprises(written(step)), wanted, ("id:asc",)) for step in steps)])
    record(told[0])
    return tuple(dict.fromkeys(_id(hit) for answer in told[1:] for hit in answer.hits))[:wanted]


class Look:
    """What guessing needs of an index (`snapshot.Look`)."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def simplified(self, criterion: Criterion) -> Criterion:
        """The service drops by itself what cannot be."""
        return criterion

    def first(self, criterion: Criterion, order: str, limit: int, *, downward: bool) -> list[Hit]:
        sort = f"{order}:{'desc' if downward else 'asc'}"
        question = Question(_of_enterprises(written(criterion)), limit, (sort,), fields=("id", order))
        return [Hit(_number(hit, order), _id(hit)) for hit in self._ask([question])[0].hits]

    def alike(self, criterion: Criterion, pieces: Sequence[str], limit: int) -> list[tuple[int, str]]:
        """Of short words all the pieces that a slip spares must be there."""
        ways = [
            all_of(
                filter_text.is_one_of("grams", [piece]) for piece in (*pieces[:at], *pieces[at + near_matches.SLIPS :])
            )
            for at in range(max(1, len(pieces) - near_matches.SLIPS + 1))
        ]
        some = any_of(ways) if _ENOUGH_PIECES < len(pieces) <= LONG_WORD else filter_text.EVERYBODY
        question = Question(_of_enterprises(written(criterion), some), limit, ("id:asc",), fields=("id", "name"))
        return [(_id(hit), _text(hit, "name")) for hit in self._ask([question])[0].hits]


@dataclass(frozen=True, slots=True)
class _Page:
    """What one request told; `matches` is the filter of all that match."""

    total: int
    text_is_found: bool
    facets: dict[str, tuple[tuple[str, int], ...]]
    as_of: int
    hits: list[tuple[int, Hit]]
    matches: str


def _asked(
    ask: Ask, query: Query, cursor: cursors.Cursor | None, text: str, place: str, ranks: tuple[Criterion, ...]
) -> _Page:
    chosen = _chosen(query)
    base = all_of([text, place, _downgraded(query), _among(query)])
    matches = all_of([base, *chosen.values()])
    groups = _facet_groups(query, chosen)
    counts = [
        Question(_of_enterprises(base, *(p for group, p in chosen.items() if group not in left_out)), facets=facets)
        for left_out, facets in groups.items()
    ]
    pages = _pages(query, cursor, matches, ranks)
    told = ask([OF_RECORD, Question(_of_enterprises(text)), *counts, *(question for _, question in pages)])
    of_record, of_text = told[:2]
    of_counts, of_pages = told[2 : 2 + len(counts)], told[2 + len(counts) :]
    return _Page(
        total=of_counts[0].total,
        text_is_found=of_text.total > 0,
        facets={facet: _ordered(values) for answer in of_counts for facet, values in answer.facets.items()},
        as_of=record(of_record).as_of,
        hits=_once(
            (rank, hit)
            for (rank, question), answer in zip(pages, of_pages, strict=True)
            for hit in _hits(question, answer)
        ),
        matches=matches,
    )


def _once(ranked: Iterable[tuple[int, Hit]]) -> list[tuple[int, Hit]]:
    """Each hit in its best rank: one that changes while it is asked for may be told in two."""
    found: dict[int, tuple[int, Hit]] = {}
    for rank, hit in ranked:
        found.setdefault(hit.id, (rank, hit))
    return list(found.values())


def _of_enterprises(*parts: str) -> str:
    """These, and never the index's record: it meets whatever is only told by what is not there."""
    asked = all_of(parts)
    return asked if asked == filter_text.EVERYBODY else f"{filter_text.EVERYBODY} AND {asked}"


def _chosen(query: Query) -> dict[str, str]:
    """The chosen filters by the facet they belong to."""
    of_values = {
        "province": query.provinces,
        "city": query.cities,
        "county": query.counties,
        "industry": query.industries,
        "grade": query.grades,
        "overall": query.overall,
        "scheme": query.schemes,
        "stage": query.stages,
    }
    chosen = {facet: filter_text.is_one_of(facet, values) for facet, values in of_values.items() if values}
    for facet, wanted in (("excellence", query.excellence), ("unlisted", query.unlisted)):
        if wanted is not None:
            there = filter_text.is_one_of(facet, ["1"])
            chosen[facet] = there if wanted else none_of(there)
    return chosen


def _downgraded(query: Query) -> str:
    if query.downgraded_since is None:
        return filter_text.EVERYBODY
    return f"downgraded_day >= {max(1, prepared.day_number(query.downgraded_since))}"


def _among(query: Query) -> str:
    return filter_text.EVERYBODY if query.among is None else filter_text.is_one_of("id", query.among)


def _facet_groups(query: Query, chosen: Mapping[str, str]) -> dict[frozenset[str], tuple[str, ...]]:
    """The facets to count, by the chosen filters that are left out for it; the first counts what matches all."""
    in_a_place = bool(query.provinces or query.cities or query.counties)
    groups: dict[frozenset[str], tuple[str, ...]] = {frozenset(): ()}
    for facet in FACETS:
        if facet in ("city", "county") and not in_a_place:
            continue
        left_out = frozenset(chosen).intersection(_COUNTED_WITHOUT.get(facet, (facet,)))
        groups[left_out] = (*groups.get(left_out, ()), facet)
    return groups


def _pages(
    query: Query, cursor: cursors.Cursor | None, matches: str, ranks: tuple[Criterion, ...]
) -> list[tuple[int, Question]]:
    """What to ask for the hits, with the rank of those it gives; by distance, only when their number is known."""
    wanted = query.limit + 1
    if query.order == "distance":
        return []
    if query.order == "name":
        fields, sort, after = ("id", "key"), ("key:asc", "id:asc"), _after_name(cursor)
        return [(0, Question(_of_enterprises(matches, after), wanted, sort, fields=fields))]
    if query.order in ("since", "downgraded"):
        below = f"{query.order} < {cursor.key}" if cursor is not None else filter_text.EVERYBODY
        fields = ("id", query.order)
        return [(0, Question(_of_enterprises(matches, below), wanted, (f"{query.order}:desc",), fields=fields))]
    found: list[tuple[int, Question]] = []
    better: list[str] = []
    for rank, criterion in enumerate(ranks if query.order == "relevance" else (criteria.EVERYTHING,)):
        of_rank = written(criterion)
        if cursor is None or rank >= cursor.rank:
            after = f"id > {cursor.id}" if cursor is not None and rank == cursor.rank else filter_text.EVERYBODY
            parts = [matches, of_rank, *map(none_of, better), after]
            found.append((rank, Question(_of_enterprises(*parts), wanted, ("id:asc",))))
        better.append(of_rank)
    return found


def _after_name(cursor: cursors.Cursor | None) -> str:
    if cursor is None:
        return filter_text.EVERYBODY
    key = filter_text.quoted(str(cursor.key)[: attributes.KEY_LENGTH])
    return f"(key > {key} OR (key = {key} AND id > {cursor.id}))"


def _hits(question: Question, answer: Answer) -> list[Hit]:
    """The hits of one question with their keys. Raises: EngineAway, when they do not come in the order asked for."""
    key = question.sort[0].partition(":")[0]
    hits = [Hit(_text(hit, "key") if key == "key" else _number(hit, key), _id(hit)) for hit in answer.hits]
    keys = [(hit.key, hit.id) if key in ("key", "id") else (-int(hit.key), hit.id) for hit in hits]
    if any(one >= other for one, other in pairwise(keys)):
        raise EngineAway("结果次序不符")
    return hits


def _place(ask: Ask, query: Query) -> str:
    parts = []
    if query.bbox is not None:
        parts.append(written(criteria.in_box(query.bbox)))
    if query.near is not None:
        parts.append(_within(ask, query.near, query.reach_km * 1000))
    return all_of(parts)


def _within(ask: Ask, near: tuple[float, float], reach: float) -> str:
    """Squares wholly inside, and by id those on the rim that pass the exact test."""
    inside, rim = cells.ring(near, -1.0, reach)
    hits = _in_squares(ask, near, filter_text.EVERYBODY, rim)
    kept = sorted(hit.id for hit in hits if int(hit.key) <= reach)
    return any_of([filter_text.is_one_of("cell", inside), filter_text.is_one_of("id", kept)])


def _nearest(
    ask: Ask, query: Query, near: tuple[float, float], page: _Page, cursor: cursors.Cursor | None
) -> list[Hit]:
    """By whole metres, then id: rings outward from the last hit, each wide enough to hold what is likely needed."""
    wanted, reach = query.limit + 1, query.reach_km * 1000
    start, after = (0, (-1, -1)) if cursor is None else (int(cursor.key), (int(cursor.key), cursor.id))
    outer = math.sqrt(start**2 + 2 * (wanted + 10) * reach**2 / page.total) + 1
    while True:
        outer = min(outer, reach)
        inside, rim = cells.ring(near, start, outer)
        hits = _in_squares(ask, near, page.matches, [*inside, *rim])
        hits = [hit for hit in hits if int(hit.key) <= outer and (int(hit.key), hit.id) > after]
        if len(hits) >= wanted or outer >= reach:
            return hits[:wanted]
        outer = start + (outer - start) * 2


def _in_squares(ask: Ask, near: tuple[float, float], matches: str, squares: Sequence[int]) -> list[Hit]:
    question = Question(
        _of_enterprises(matches, filter_text.is_one_of("cell", squares)), MOST_HITS, fields=("id", "lat", "lon")
    )
    answer = ask([question])[0]
    if answer.total > MOST_HITS:
        raise EngineAway("同一地点企业过多")
    return _far(near, answer.hits)


def _kilometres(ask: Ask, query: Query, hits: list[Hit]) -> dict[int, float]:
    if query.near is None or not hits:
        return {}
    if query.order != "distance":
        ids = filter_text.is_one_of("id", [hit.id for hit in hits])
        hits = _far(query.near, ask([Question(ids, len(hits), fields=("id", "lat", "lon"))])[0].hits)
    return {hit.id: int(hit.key) / 1000 for hit in hits}


def _far(near: tuple[float, float], hits: Sequence[Mapping[str, Any]]) -> list[Hit]:
    """The hits with their distance in whole metres, the nearest first."""
    places = [(_whole(hit, "lat"), _whole(hit, "lon")) for hit in hits]
    table = np.array(places, dtype=np.int64).reshape(-1, 2)
    far = cells.whole_metres(near, table[:, 0], table[:, 1]).tolist()
    return sorted((Hit(key, _id(hit)) for key, hit in zip(far, hits, strict=True)), key=lambda hit: (hit.key, hit.id))


def _next(query: Query, last: tuple[int, Hit]) -> str:
    rank, hit = last
    return cursors.written(cursors.Cursor(query.order, rank, hit.key, hit.id))


def _ordered(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((value, n) for value, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0])))


def _id(hit: Mapping[str, Any]) -> int:
    found = _number(hit, "id")
    if not 0 < found <= LARGEST_ID:
        raise EngineAway("应答中的编号无效")
    return found


def _number(hit: Mapping[str, Any], name: str) -> int:
    found = _whole(hit, name)
    if found < 0:
        raise EngineAway(f"应答中的 {name} 无效")
    return found


def _whole(hit: Mapping[str, Any], name: str) -> int:
    found = hit.get(name)
    if type(found) is not int or abs(found) >= 1 << 53:
        raise EngineAway(f"应答缺少 {name}")
    return found


def _text(hit: Mapping[str, Any], name: str) -> str:
    found = hit.get(name)
    if not isinstance(found, str):
        raise EngineAway(f"应答缺少 {name}")
    return found
