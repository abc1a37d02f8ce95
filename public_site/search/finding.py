"""How a page of hits is found over one state of an index: totals, facets, order, cursors, near matches.

What an index has to offer for it is a `Snapshot`; this module knows no engine. Counting and fetching are kept
apart: counts are remembered for as long as the snapshot stands, pages are fetched by ranges of ids or days so that even
a word that stands in every name costs a look at a few thousand documents only.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from public_site.search import by_filters, cells, criteria, cursors, near_matches, prepared
from public_site.search.cells import Numbers
from public_site.search.columns import Facet
from public_site.search.criteria import NOTHING, All, Any, Between, Criterion, OneOf, every
from public_site.search.fetched import MANY, Fetched, facets_of, tallied
from public_site.search.snapshot import Hit, Snapshot
from public_site.search.values import Found, Query


def find(snapshot: Snapshot, query: Query) -> Found:
    cursor = cursors.read(query.cursor, sort=query.order)
    text = snapshot.simplified(criteria.of_text(query))
    search = _search(snapshot, query, text, tuple(map(snapshot.simplified, criteria.ranks(query))))
    approximate = False
    if query.terms and not search.total:
        near = near_matches.instead(snapshot, query.terms, text)
        if near is not None:
            search, approximate = _search(snapshot, query, near.text, near.ranks), True
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


def every_id(snapshot: Snapshot, query: Query) -> Numbers:
    """The ids of all that `find` would go through page by page, ascending."""
    query = replace(query, sort="id", cursor=None)
    text = snapshot.simplified(criteria.of_text(query))
    search = _search(snapshot, query, text, ())
    if query.terms and not search.total:
        near = near_matches.instead(snapshot, query.terms, text)
        search = _search(snapshot, query, near.text, ()) if near is not None else search
    return search.ids()


def _search(snapshot: Snapshot, query: Query, text: Criterion, ranks: tuple[Criterion, ...]) -> Search | Fetched:
    """What is few is fetched at once, what asks for no word is held in memory; all else is counted by the index."""
    picked = Fetched.picked(snapshot, query)
    if picked is not None:
        return picked
    base = every([text, *_fixed(query)])
    edges = criteria.EVERYTHING if query.bbox is None else All(criteria.between_edges(query.bbox))
    fetched = Fetched.few(snapshot, query, every([base, edges]), ranks)
    if fetched is not None:
        return fetched
    if query.near is None:
        place = criteria.EVERYTHING if query.bbox is None else criteria.in_box(query.bbox)
        return Search(snapshot, query, base, ranks, place)
    base = every([base, edges])
    if query.order == "distance":
        fetched = Fetched.around(snapshot, query, base)
        if fetched is not None:
            return fetched
    return Search(snapshot, query, base, ranks, _within(snapshot, query.near, query.reach_km * 1000))


def _fixed(query: Query) -> list[Criterion]:
    fixed = criteria.filters(query).get("fixed")
    among = None if query.among is None else OneOf("id", query.among)
    return [criterion for criterion in (fixed, among) if criterion is not None]


def _within(snapshot: Snapshot, near: tuple[float, float], reach: float) -> Criterion:
    """No farther than so many metres: squares wholly inside, and by id those on the rim that pass the exact test."""
    inside, rim = cells.ring(near, -1.0, reach)
    rows = snapshot.rows(criteria.in_cells(rim), ("spot",))
    kept = rows["id"][cells.whole_metres(near, *cells.spots_apart(rows["spot"])) <= reach]
    return Any((criteria.in_cells(inside), OneOf("id", tuple(sorted(kept.tolist())))))


def _kilometres(snapshot: Snapshot, query: Query, hits: list[Hit]) -> dict[int, float]:
    if query.near is None or not hits:
        return {}
    if query.order == "distance":
        return {hit.id: int(hit.key) / 1000 for hit in hits}
    rows = snapshot.rows(OneOf("id", tuple(hit.id for hit in hits)), ("spot",))
    far = cells.whole_metres(query.near, *cells.spots_apart(rows["spot"])) / 1000
    return dict(zip(rows["id"].tolist(), far.tolist(), strict=True))


def _next(query: Query, page: list[tuple[int, Hit]]) -> str:
    rank, last = page[-1]
    return cursors.written(cursors.Cursor(query.order, rank, last.key, last.id))


class Search:
    """One question over one snapshot: the base (text, place, day) and the filters, kept apart for the facets."""

    def __init__(
        self, snapshot: Snapshot, query: Query, base: Criterion, ranks: tuple[Criterion, ...], place: Criterion
    ) -> None:
        self.snapshot = snapshot
        self.query = query
        self.base = base
        self.ranks = ranks
        self.place = place
        self.chosen = {group: part for group, part in criteria.filters(query).items() if group != "fixed"}
        self.traits = criteria.trait_filters(query)
        if self.traits:
            self.chosen["traits"] = criteria.of_traits(self.traits)
        self.counts = self._counts()
        self.total = self._total()
        self.matches = self._without()
        self.probed = self._probed()

    def _total(self) -> int:
        counts = self.counts["traits"]
        return int((counts[self.snapshot.columns.passing(self.traits)] if self.traits else counts).sum())

    def _counts(self) -> dict[str, Numbers]:
        """Each column counted among what passes the filters of all other facets; what is the same is counted at once."""
        if by_filters.is_by_filters(self.query):
            return by_filters.counts(self.snapshot.held, self.snapshot.columns, self.query)
        together: dict[Criterion, list[str]] = {}
        for column, dropped in tallied(self.query).items():
            together.setdefault(self._without(*dropped), []).append(column)
        found: dict[str, Numbers] = {}
        for criterion, columns in together.items():
            found |= self.snapshot.counts(criterion, tuple(columns))
        return found

    def _without(self, *groups: str) -> Criterion:
        """All that is asked for but the filters of these groups."""
        return every([self.place, self._without_place(*groups)])

    def _without_place(self, *groups: str) -> Criterion:
        return every([self.base, *(part for group, part in self.chosen.items() if group not in groups)])

    def _probed(self) -> Criterion:
        """The same matches, asked so that it is quick where few documents are looked at."""
        if self.query.bbox is None or self.query.near is not None:
            return self.matches
        return every([self._without_place(), *criteria.between_edges(self.query.bbox)])

    def ids(self) -> Numbers:
        """All ids that match, ascending."""
        return self.snapshot.rows(self.matches, ())["id"] if self.total else np.zeros(0, np.int64)

    def facets(self) -> dict[str, Facet]:
        return facets_of(self.snapshot.columns, self.counts, self.traits)

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
        """Newest first. Where very many match, as many stretches of days as should hold a page are looked through first."""
        in_places = self.query.provinces or self.query.cities or self.query.counties
        if in_places and by_filters.is_by_filters(self.query):
            before = None if cursor is None else int(cursor.key)
            return by_filters.newest(self.snapshot.held, self.snapshot.columns, self.query, before, wanted)
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
        rows = self.snapshot.rows(every([self._without_place(), criteria.in_cells([*inside, *rim])]), ("spot",))
        far = cells.whole_metres(near, *cells.spots_apart(rows["spot"]))
        kept = (far >= inner) & (far <= outer)
        ids, far = rows["id"][kept], far[kept]
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
