"""What search must answer, by looking at every document one after the other; slow, plain, and sharing no look-ups.

Only the normal form of a text and the readings of a character are taken from the code under test: both have tests
of their own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from public_site import search
from public_site.search import Document, Query, sounds

EARTH = 6_371_008.8


@dataclass
class Register:
    """A source for an index: documents by id, and the entry that last touched each."""

    of_id: dict[int, Document] = field(default_factory=dict)
    touched: dict[int, int] = field(default_factory=dict)
    number: int = 0

    def publish(self, *documents: Document) -> None:
        for document in documents:
            self.number += 1
            self.of_id[document.id] = replace(document, entry=self.number)
            self.touched[document.id] = self.number

    def withdraw(self, number: int) -> None:
        self.number += 1
        self.of_id.pop(number, None)
        self.touched[number] = self.number

    def latest_number(self) -> int:
        return self.number

    def document_count(self) -> int:
        return len(self.of_id)

    def changed_since(self, number: int) -> Iterable[int]:
        return [document for document, entry in self.touched.items() if entry > number]

    def documents(self, ids: Sequence[int] | None) -> Iterator[Document]:
        for number in list(self.of_id) if ids is None else ids:
            if number in self.of_id:
                yield self.of_id[number]


def register_of(documents: Iterable[Document]) -> Register:
    register = Register()
    register.publish(*documents)
    return register


normal = lru_cache(maxsize=100_000)(search.normal)


def total(documents: Sequence[Document], query: Query) -> set[int]:
    return {document.id for document in documents if matches(document, query)}


def matches(document: Document, query: Query, but: tuple[str, ...] = ()) -> bool:
    return finds_text(document, query) and in_place(document, query) and passes(document, query, but)


def finds_text(document: Document, query: Query) -> bool:
    if not query.text.strip():
        return True
    terms = search.terms(query.text)
    return bool(terms) and all(finds_term(document, term, len(terms) == 1) for term in terms)


def finds_term(document: Document, term: str, alone: bool) -> bool:
    name = normal(document.name)
    former = [normal(other) for other in document.former_names]
    code = normal(document.credit_code or "")
    like_code = 4 <= len(term) <= 18 and term.isascii() and all(c.isdigit() for c in term[2:8])
    if like_code and len(term) == 18:
        return code == term
    if len(term) == 1 and alone:
        return any(known.startswith(term) for known in (name, *former))
    if any(term in known for known in (name, *former)) or (like_code and code.startswith(term)):
        return True
    return len(term) > 1 and all("a" <= c <= "z" for c in term) and (is_pinyin(name, term) or is_initials(name, term))


def is_pinyin(name: str, letters: str) -> bool:
    return any(is_heard(name, way) for way in sounds.splits(letters))


def is_heard(name: str, way: tuple[str, ...]) -> bool:
    if len(way) == 1:
        return bool(name) and way[0] in sounds.readings(name[0])
    return all(
        any(a in sounds.readings(name[i]) and b in sounds.readings(name[i + 1]) for i in range(len(name) - 1))
        for a, b in pairwise(way)
    )


@lru_cache(maxsize=100_000)
def first_letters(name: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(reading[0] for reading in sounds.readings(character)) for character in name)


def is_initials(name: str, letters: str) -> bool:
    heard = first_letters(name)

    def stands_at(run: str, place: int) -> bool:
        return all(letter in heard[place + i] for i, letter in enumerate(run))

    if len(letters) == 2:
        return len(name) > 1 and stands_at(letters, 0)
    runs = [letters] if len(letters) == 3 else [letters[i : i + 4] for i in range(len(letters) - 3)]
    return all(any(stands_at(run, place) for place in range(len(name) - len(run) + 1)) for run in runs)


def metres(query: Query, document: Document) -> int | None:
    if query.near is None or document.lat is None or document.lon is None:
        return None
    lat, lon = (math.radians(degrees) for degrees in query.near)
    to_lat, to_lon = math.radians(round(document.lat, 6)), math.radians(round(document.lon, 6))
    half = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    return round(2 * EARTH * math.asin(math.sqrt(half)))


def in_place(document: Document, query: Query) -> bool:
    if query.near is not None:
        far = metres(query, document)
        if far is None or far > query.reach_km * 1000:
            return False
    if query.bbox is not None:
        west, south, east, north = query.bbox
        if document.lat is None or document.lon is None:
            return False
        return south <= document.lat <= north and west <= document.lon <= east
    return True


def values_of(document: Document) -> dict[str, set[str]]:
    """The values of each facet that a document has."""
    of_industries = set(document.industries) | {name.split("/")[0] for name in document.industries}
    return {
        "province": {document.province or ""} - {""},
        "city": {document.city or ""} - {""},
        "county": {document.county or ""} - {""},
        "industry": of_industries,
        "grade": set(document.grades),
        "overall": {document.overall or ""} - {""},
        "scheme": set(document.schemes),
        "stage": set(document.stages),
        "excellence": {"1"} if document.excellence else set(),
        "unlisted": {"1"} if document.unlisted else set(),
    }


def chosen(query: Query) -> dict[str, tuple[str, ...]]:
    return {
        "province": query.provinces,
        "city": query.cities,
        "county": query.counties,
        "industry": query.industries,
        "grade": query.grades,
        "overall": query.overall,
        "scheme": query.schemes,
        "stage": query.stages,
    }


def passes(document: Document, query: Query, but: tuple[str, ...]) -> bool:
    if query.among is not None and document.id not in query.among:
        return False
    of_document = values_of(document)
    for facet, values in chosen(query).items():
        if values and facet not in but and not of_document[facet] & set(values):
            return False
    for facet, wanted in (("excellence", query.excellence), ("unlisted", query.unlisted)):
        if wanted is not None and facet not in but and bool(of_document[facet]) is not wanted:
            return False
    since = query.downgraded_since
    return since is None or (document.downgraded_on is not None and document.downgraded_on >= since)


def facets(documents: Sequence[Document], query: Query) -> dict[str, tuple[tuple[str, int], ...]]:
    found = {}
    without = {"province": ("province", "city", "county"), "city": ("city", "county")}
    place = bool(query.provinces or query.cities or query.counties)
    for facet in values_of(Document(1, "")):
        if facet in ("city", "county") and not place:
            continue
        tally: Counter[str] = Counter()
        for document in documents:
            if matches(document, query, without.get(facet, (facet,))):
                tally.update(values_of(document)[facet])
        found[facet] = tuple(sorted(tally.items(), key=lambda pair: (-pair[1], pair[0])))
    return found


def rank(document: Document, query: Query) -> int:
    whole = "".join(search.terms(query.text))
    name = normal(document.name)
    exact = {name, *(normal(other) for other in document.former_names)}
    if not whole:
        return 0
    code = normal(document.credit_code or "")
    if whole in exact or (len(search.terms(query.text)) == 1 and len(whole) == 18 and whole == code):
        return 0
    if name.startswith(whole):
        return 1
    return 2 if whole in name else 3


def in_order(documents: Sequence[Document], query: Query) -> list[int]:
    def newest_first(day: object) -> int:
        return -day.toordinal() if day else 0  # type: ignore[attr-defined]

    keys = {
        "relevance": lambda one: (rank(one, query), one.id),
        "id": lambda one: (one.id,),
        "since": lambda one: (newest_first(one.since), one.id),
        "downgraded": lambda one: (newest_first(one.downgraded_on), one.id),
        "distance": lambda one: (metres(query, one), one.id),
    }
    found = [document for document in documents if matches(document, query)]
    return [document.id for document in sorted(found, key=keys[query.order])]
