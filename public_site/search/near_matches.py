"""What may have been meant when a word finds nothing: another legal form, a syllable not yet typed, the same sound,
one wrong, missing, extra or swapped character. Only a person decides whether it was meant; the page says so."""

from __future__ import annotations

from dataclasses import dataclass

from public_site.search import criteria, sounds
from public_site.search import text as texts
from public_site.search.criteria import Criterion, OneOf, every
from public_site.search.snapshot import Look

CANDIDATES = 100
CLOSEST = 50
SLIPS = 3  # as many neighbouring pieces at most does one slip spoil
SHORTEST = 4
SHORTEST_BY_SOUND = 3


@dataclass(frozen=True, slots=True)
class Near:
    """What to look for instead, and what makes one hit better than another."""

    text: Criterion
    ranks: tuple[Criterion, ...]


def instead(snapshot: Look, terms: tuple[str, ...], text: Criterion) -> Near | None:
    """A near match for the one word that finds nothing by itself; None when there is no such word, or no match. `text` is
    what they ask for together."""
    if len(terms) == 1:
        found = {terms[0]: text}
    else:
        found = {term: snapshot.simplified(criteria.of_term(term, alone=False)) for term in terms}
    lost = [term for term, criterion in found.items() if not _is_found(snapshot, criterion)]
    if len(lost) != 1:
        return None
    others = [criterion for term, criterion in found.items() if term != lost[0]]
    near = _near(snapshot, lost[0])
    return near and Near(every([near.text, *others]), near.ranks)


def _is_found(snapshot: Look, criterion: Criterion) -> bool:
    return criterion != criteria.NOTHING and bool(snapshot.first(criterion, "id", 1, downward=False))


def _near(snapshot: Look, term: str) -> Near | None:
    if sounds.is_spelled(term):
        begun = snapshot.simplified(criteria.any_of(criteria.sounds_begun(term)))
        return Near(begun, (criteria.EVERYTHING,)) if _is_found(snapshot, begun) else None
    if term.isascii():
        return None
    core = texts.without_form(term)
    if core != term:
        shorter = snapshot.simplified(criteria.of_term(core, alone=True))
        if _is_found(snapshot, shorter):
            return Near(shorter, (criteria.name_begins(core), criteria.name_contains(core), criteria.EVERYTHING))
    same_sound = _of_same_sound(snapshot, core)
    mistyped = _mistyped(snapshot, core)
    if not same_sound and not mistyped:
        return None
    ranks = [OneOf("id", tuple(sorted(same_sound)))] if same_sound else []
    return Near(OneOf("id", tuple(sorted({*same_sound, *mistyped}))), (*ranks, criteria.EVERYTHING))


def _of_same_sound(snapshot: Look, core: str) -> list[int]:
    if len(core) < SHORTEST_BY_SOUND:
        return []
    heard = [OneOf("sounds", tuple(sorted(ways))) for ways in sounds.pinyin_pairs_of(core)]
    hits = snapshot.first(every(heard), "id", CANDIDATES, downward=False)
    return [hit.id for hit in hits]


def _mistyped(snapshot: Look, core: str) -> list[int]:
    """Names with the word but for one slip. A slip spares one half of the word, so names with either half are looked at,
    those that share most pieces first."""
    if len(core) < SHORTEST:
        return []
    middle = len(core) // 2
    swapped = core[: middle - 1] + core[middle] + core[middle - 1] + core[middle + 1 :]
    halves = snapshot.simplified(criteria.any_of(map(criteria.name_contains, (core[:middle], core[middle:], swapped))))
    if halves == criteria.NOTHING:
        return []
    candidates = snapshot.alike(halves, texts.pairs(core), CLOSEST)
    return [found for found, name in candidates if has_one_slip(name, core)]


def has_one_slip(name: str, word: str) -> bool:
    """Does the name hold the word but for one character wrong, missing, too many, or two swapped?"""
    if word[1:] in name or word[:-1] in name or word[1] + word[0] + word[2:] in name:
        return True
    start = name.find(word[0])
    while start >= 0:
        if _goes_on(name[start:], word):
            return True
        start = name.find(word[0], start + 1)
    return False


def _goes_on(name: str, word: str) -> bool:
    """Does this rest of a name begin with the word but for one slip? It is where the two first differ."""
    at = 0
    while at < min(len(name), len(word)) and name[at] == word[at]:
        at += 1
    wrong = name.startswith(word[at + 1 :], at + 1)
    missing = name.startswith(word[at:], at + 1)
    too_many = name.startswith(word[at + 1 :], at)
    swapped = name.startswith(word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :], at)
    return wrong or missing or too_many or swapped
