"""Names that may be meant while a word is still being typed: quick, uncounted, best first."""

from __future__ import annotations

from public_site.search import criteria, finding
from public_site.search import text as texts
from public_site.search.criteria import Criterion, every
from public_site.search.snapshot import Snapshot
from public_site.search.values import TERM_COUNT, TEXT_LENGTH

MOST = 50


def suggest(snapshot: Snapshot, text: str, limit: int) -> tuple[int, ...]:
    """The ids of names that begin so, then of those that contain it or sound like it."""
    found: dict[int, None] = {}
    enough = wanted(limit)
    for step in steps(text):
        if len(found) >= enough:
            break
        hits = finding.by_id(snapshot, snapshot.simplified(step), -1, enough)
        found.update((hit.id, None) for hit in hits)
    return tuple(found)[:enough]


def wanted(limit: int) -> int:
    return max(1, min(limit, MOST))


def steps(text: str) -> list[Criterion]:
    """What to look for, best first; text that no query may hold means nothing."""
    terms = texts.terms(text[: 2 * TEXT_LENGTH])
    whole = "".join(terms)
    if not whole or len(text.strip()) > TEXT_LENGTH or len(whole) > TEXT_LENGTH or len(terms) > TERM_COUNT:
        return []
    return _steps(terms, whole)


def _steps(terms: tuple[str, ...], whole: str) -> list[Criterion]:
    steps = [criteria.name_begins(whole)]
    if len(whole) < 2:
        return [*steps, criteria.former_begins(whole)]
    if not texts.is_only_form(whole):
        steps.append(criteria.name_contains(whole))
    if len(terms) > 1:
        return [*steps, every(criteria.of_term(term, alone=False) for term in terms)]
    steps.extend(criteria.sounds_like(whole))
    steps.extend(criteria.sounds_begun(whole))
    steps.append(criteria.former_contains(whole))
    return [*steps, *criteria.code_begins(whole)]
