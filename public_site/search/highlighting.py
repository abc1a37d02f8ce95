"""Which characters of a name a query found, told as pieces of the original text; the page escapes and marks them.

Places are found in the normal form and mapped back, so full-width, traditional and bracketed writings are marked, too.
"""

from __future__ import annotations

from public_site.search import sounds
from public_site.search import text as texts


def highlight(name: str, query_text: str) -> list[tuple[str, bool]]:
    """The name cut into pieces, in order and complete; True marks what the query found."""
    plain, places = texts.normal_with_places(name)
    hit = [False] * len(name)
    for term in texts.terms(query_text):
        for start, end in _found(plain, term):
            for place in range(places[start], places[end - 1] + 1):
                hit[place] = True
    edges = [place for place in range(1, len(name)) if hit[place] != hit[place - 1]]
    starts, ends = [0, *edges], [*edges, len(name)]
    return [(name[start:end], hit[start]) for start, end in zip(starts, ends, strict=True)] if name else []


def _found(plain: str, term: str) -> list[tuple[int, int]]:
    found, start = [], plain.find(term)
    while start >= 0:
        found.append((start, start + len(term)))
        start = plain.find(term, start + 1)
    if not found and sounds.is_spelled(term):
        found = sounds.sounding(plain, term)
    if not found and len(texts.without_form(term)) < len(term):
        found = _found(plain, texts.without_form(term))
    return found
