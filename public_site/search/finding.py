"""How a page of hits is found over one state of an index: totals, facets, order, cursors, near matches.

What an index has to offer for it is a `Snapshot`; this module knows no engine. Counting and fetching are kept
apart: counts are remembered for as long as the snapshot stands, pages are fetched by ranges of ids or days so that even
a word that stands in every name costs a look at a few thousand documents only.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from public_site.search import cells, criteria, cursors, near_matches, prepared
from public_site.search.criteria import NOTHING, All, Any, Between, Criterion, OneOf, every
from public_site.search.snapshot import Counts, Hit, Snapshot
from public_site.search.values import Found, Query

MANY = 20_000
PLACE_GROUPS = ("province", "city", "county")


def find(snapshot: Snapshot, query: Query) -> Found:
    cursor = cursors.read(query.cursor, sort=query.order)
    fixed = every([*_place(snapshot, query), *_fixed(query)])
    text = snapshot.simplified(criteria.of_text(query))
    ranks = tuple(map(snapshot.simplified, criteria.ranks(query)))
    search = Search(snapshot, query, every([text, fixed]), ranks)
    approximate = False
    if query.terms and not search.total and not snapshot.first(text, "id", 1, downward=False):
        near = near_matches.instead(snapshot, query.terms)
        if near is not None:
            search, approximate = Search(snapshot, query, every([near.text, fixed]), near.ranks), True
    page, more = search.page(cursor, query.limit)
    return Found(
        total=search.total,
        ids=tuple(hit.id for _, hit in page),
        next=_next(query, page) if more else None,
        facets=search.facets(),
        as_of=snapshot.as_of,
        approximate=approximate and search.total > 0,
        kilometres=_kilometres(snapshot, query, [hit for _, hit in page]),
    )


def _fixed(query: Query) -> list[Criterion]:
    fixed = criteria.filters(query).get("fixed")
    return [] if fixed is None else [fixed]


def _place(snapshot: Snapshot, query: Query) -> list[Criterion]:
    found = [criteria.in_box(query.bbox)] if query.bbox is not None else []
    if query.near is not None:
        found.append(_within(snapshot, query.near, -1.0, query.reach_km * 1000, criteria.EVERYTHING))
    return found


def _within(snapshot: Snapshot, near: tuple[float, float], inner: float, outer: float, also: Criterion) -> Criterion:
    """Between two distances: squares wholly inside, and by id those on the rim that pass the exact test."""
    inside, rim = cells.ring(near, inner, outer)
    ids, lats, lons = snapshot.places(every([criteria.in_cells(rim), also]))
    far = cells.whole_metres(near, lats, lons)
    kept = ids[(far > inner) & (far <= outer)]
    return Any((criteria.in_cells(inside), OneOf("id", tuple(sorted(kept.tolist())))))


def _kilometres(snapshot: Snapshot, query: Query, hits: list[Hit]) -> dict[int, float]:
    if query.near is None or not hits:
        return {}
    if query.order == "distance":
        return {hit.id: int(hit.key) / 1000 for hit in hits}
    ids, lats, lons = snapshot.places(OneOf("id", tuple(hit.id for hit in hits)))
    return dict(zip(ids.tolist(), (cells.whole_metres(query.near, lats, lons) / 1000).tolist(), strict=True))


def _next(query: Query, page: list[tuple[int, Hit]]) -> str:
    rank, last = page[-1]
    return cursors.written(cursors.Cursor(query.order, rank, last.key, last.id))


class Search:
    """One question over one snapshot: the base (text, place, day) and the filters, kept apart for the facets."""

    def __init__(self, snapshot: Snapshot, query: Query, base: Criterion, ranks: tuple[Criterion, ...]) -> None:
        self.snapshot = snapshot
        self.query = query
        self.base = base
        self.ranks = ranks
        self.chosen = {group: part for group, part in criteria.filters(query).items() if group != "fixed"}
        self.traits = criteria.trait_filters(query)
        self.trait_counts = self._trait_counts()
        self.total = self._total()
        self.matches = self._without()
        self.probed = self._probed()

    def _total(self) -> int:
        if not self.traits:
            return sum(self.trait_counts.values())
        return sum(count for joined, count in self.trait_counts.items() if not self._failing(joined))

    def _trait_counts(self) -> Counts:
        """How often each combination of small traits stands among what matches but for the trait filters."""
        criterion = every([self.base, *self.chosen.values()])
        if not any(group in self.chosen for group in (*PLACE_GROUPS, "industry")) and not self.traits:
            return self._counts(criterion, ("traits", "province", "industries"))[0]
        return self._counts(criterion, ("traits",))[0]

    def _counts(self, criterion: Criterion, columns: tuple[str, ...]) -> tuple[Counts, ...]:
        return self.snapshot.counts(criterion, columns)

    def _without(self, *groups: str) -> Criterion:
        """All that is asked for but the filters of these groups."""
        if not self.chosen and not self.traits:
            return self.base
        kept = [part for group, part in self.chosen.items() if group not in groups]
        return every([self.base, *kept, *([criteria.of_traits(self.traits)] if self.traits else [])])

    def _probed(self) -> Criterion:
        """The same matches, asked so that it is quick where few documents are looked at."""
        if self.query.bbox is None:
            return self.matches
        box = criteria.in_box(self.query.bbox)
        if not isinstance(self.matches, All):
            return every(criteria.between_edges(self.query.bbox)) if self.matches == box else self.matches
        parts = [part for part in self.matches.parts if part != box]
        return every([*parts, All((), self.matches.but_not), *criteria.between_edges(self.query.bbox)])

    def facets(self) -> dict[str, tuple[tuple[str, int], ...]]:
        found = self._trait_facets()
        wanted = {"province": self._without(*PLACE_GROUPS), "industries": self._without("industry")}
        if any(group in self.chosen for group in PLACE_GROUPS):
            wanted["city"] = self._without("city", "county")
            wanted["county"] = self._without("county")
        together: dict[Criterion, list[str]] = {}
        for column, criterion in wanted.items():
            together.setdefault(criterion, []).append(column)
        for criterion, columns in together.items():
            for column, counts in zip(columns, self._counts(criterion, tuple(columns)), strict=True):
                if column == "industries":
                    found["industry"] = _ordered(_industries(counts))
                else:
                    found[column] = _ordered(counts)
        return found

    def _trait_facets(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """Each small trait counted among what passes the filters of all other facets."""
        everywhere: dict[str, int] = {}
        only_in: dict[str, dict[str, int]] = {facet: {} for facet in self.traits}
        for joined, count in self.trait_counts.items():
            failing = self._failing(joined) if self.traits else ()
            if len(failing) <= 1:
                tally = only_in[failing[0]] if failing else everywhere
                for trait in prepared.trait_values(joined):
                    tally[trait] = tally.get(trait, 0) + count
        found: dict[str, Counter[str]] = {facet: Counter() for facet in prepared.TRAIT_FACETS}
        for within, tally in ((None, everywhere), *only_in.items()):
            for trait, count in tally.items():
                facet, _, value = trait.partition(":")
                if within in (None, facet):
                    found[facet][value] += count
        return {facet: _ordered(tally) for facet, tally in found.items()}

    def _failing(self, joined: str) -> list[str]:
        """The facets whose filter a combination of traits does not pass."""
        values = prepared.trait_values(joined)
        return [facet for facet, (wanted, there) in self.traits.items() if wanted.isdisjoint(values) is there]

    def page(self, cursor: cursors.Cursor | None, limit: int) -> tuple[list[tuple[int, Hit]], bool]:
        """The hits of one page with the rank of each, and whether there are more."""
        if not self.total:
            return [], False
        wanted = limit + 1
        if self.query.near is not None and self.query.order == "distance":
            found = [(0, hit) for hit in self._by_distance(self.query.near, cursor, wanted)]
        elif self.query.order == "name":
            found = [(0, hit) for hit in self._by_name(cursor, wanted)]
        elif self.query.order in ("since", "downgraded"):
            found = [(0, hit) for hit in self._by_day(self.query.order, cursor, wanted)]
        else:
            found = self._by_rank(cursor, wanted)
        return found[:limit], len(found) > limit

    def _by_rank(self, cursor: cursors.Cursor | None, wanted: int) -> list[tuple[int, Hit]]:
        ranks = self.ranks if self.query.order == "relevance" else (criteria.EVERYTHING,)
        found: list[tuple[int, Hit]] = []
        for rank, better in enumerate(ranks):
            if better == NOTHING or (cursor is None and len(found) == self.total):
                continue
            if len(found) >= wanted or (cursor is not None and rank < cursor.rank):
                continue
            after = cursor.id if cursor is not None and rank == cursor.rank else -1
            criterion = every([self.matches, better, All((), tuple(way for way in ranks[:rank] if way != NOTHING))])
            found.extend((rank, hit) for hit in by_id(self.snapshot, criterion, after, wanted - len(found)))
        return found

    def _by_day(self, order: str, cursor: cursors.Cursor | None, wanted: int) -> list[Hit]:
        """Newest first. Where very many match, as many months as should hold a page are looked through first."""
        below = [] if cursor is None else [Between(order, None, int(cursor.key) - 1)]
        if order == "since" and self.total > MANY:
            newest = None if cursor is None else int(cursor.key) >> prepared.ID_BITS
            share = self.total / self.snapshot.size
            buckets = self.snapshot.newest_days(newest, math.ceil((wanted + 20) * 3 / share))
            found = self._days(every([self.probed, buckets, *below]), order, wanted)
            if len(found) >= wanted:
                return found
        return self._days(every([self.matches, *below]), order, wanted)

    def _days(self, criterion: Criterion, order: str, wanted: int) -> list[Hit]:
        hits = self.snapshot.first(criterion, order, wanted, downward=True)
        return [Hit(hit.key, prepared.LARGEST_ID - (int(hit.key) & prepared.LARGEST_ID)) for hit in hits]

    def _by_name(self, cursor: cursors.Cursor | None, wanted: int) -> list[Hit]:
        """By the name's key, then id. The engine leaves equal names in no order, so the last one is fetched whole."""
        found: list[Hit] = []
        matches = self.matches
        if cursor is not None:
            same = every([matches, criteria.Term("name_order", cursor.key), Between("id", cursor.id + 1, None)])
            found = [Hit(cursor.key, hit.id) for hit in self.snapshot.first(same, "id", wanted, downward=False)]
            matches = every([matches, criteria.After("name_order", str(cursor.key))])
        if len(found) < wanted:
            found.extend(self.snapshot.first(matches, "name_order", wanted - len(found), downward=False))
        last = found[-1].key if found else None
        if len(found) >= wanted and last != (cursor.key if cursor else None):
            same = every([self.matches, criteria.Term("name_order", str(last))])
            equal = self.snapshot.first(same, "id", wanted, downward=False)
            found = [hit for hit in found if hit.key != last] + [Hit(str(last), hit.id) for hit in equal]
        return sorted(found, key=lambda hit: (hit.key, hit.id))[:wanted]

    def _by_distance(self, near: tuple[float, float], cursor: cursors.Cursor | None, wanted: int) -> list[Hit]:
        """Rings outward from the last hit, each wide enough to hold what is likely needed."""
        reach = self.query.reach_km * 1000
        start = int(cursor.key) if cursor is not None else 0
        dense = self.total / reach**2
        outer = math.sqrt(start**2 + 2 * (wanted + 10) / dense) + 1
        while True:
            outer = min(outer, reach)
            hits = self._in_ring(near, start, outer)
            if cursor is not None:
                hits = [hit for hit in hits if (hit.key, hit.id) > (cursor.key, cursor.id)]
            if len(hits) >= wanted or outer >= reach:
                return hits[:wanted]
            outer = start + (outer - start) * 2

    def _in_ring(self, near: tuple[float, float], inner: float, outer: float) -> list[Hit]:
        inside, rim = cells.ring(near, inner, outer)
        ids, lats, lons = self.snapshot.places(every([self.matches, criteria.in_cells([*inside, *rim])]))
        far = cells.whole_metres(near, lats, lons)
        kept = (far >= inner) & (far <= outer)
        ids, far = ids[kept], far[kept]
        order = np.lexsort((ids, far))
        return [Hit(key, found) for key, found in zip(far[order].tolist(), ids[order].tolist(), strict=True)]


def by_id(snapshot: Snapshot, criterion: Criterion, after: int, wanted: int) -> list[Hit]:
    """The next hits by id. Where very many may match, the next few thousand ids are looked through first."""
    beyond = [] if after < 0 else [Between("id", after + 1, None)]
    likely = snapshot.at_most(criterion)
    if likely > MANY:
        ids_apart = max(1.0, snapshot.largest_id / likely)
        first = max(0, after + 1) >> prepared.ID_BUCKET
        for patience in (4, 64):
            width = math.ceil(wanted * ids_apart * patience / (1 << prepared.ID_BUCKET))
            if width > 500:
                break
            near = OneOf("id_bucket", tuple(range(first, first + width + 1)))
            found = snapshot.first(every([criterion, near, *beyond]), "id", wanted, downward=False)
            if len(found) >= wanted:
                return found
    return snapshot.first(every([criterion, *beyond]), "id", wanted, downward=False)


def _industries(counts: Counts) -> Counter[str]:
    tally: Counter[str] = Counter()
    for joined, count in counts.items():
        for value in prepared.industry_values(joined):
            tally[value] += count
    return tally


def _ordered(counts: Counts) -> tuple[tuple[str, int], ...]:
    return tuple(
        sorted(((value, count) for value, count in counts.items() if count), key=lambda pair: (-pair[1], pair[0]))
    )
