"""Criteria in the filter language of a search service (Meilisearch's): comparisons joined by AND, OR, NOT.

Every value is quoted, whatever it holds, so no value can be read as a part of the language. Trap: a backslash before the
closing quote cannot be written in it, so no value here or in a document has one (`without_backslash`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from public_site.search.attributes import ENTERPRISE, KEY_LENGTH, NOBODY, REST_LENGTH, without_backslash
from public_site.search.criteria import After, All, Any, Begins, Between, Criterion, OneOf, Phrase, Term

EVERYBODY = f"kind = {ENTERPRISE}"
NOT_ANYBODY = f"kind = {NOBODY}"
_BY_RESTS = ("former", "knots")


def written(criterion: Criterion) -> str:
    match criterion:
        case Term(field, value) if field in _BY_RESTS:
            return _begins(field, str(value)[:REST_LENGTH])
        case Term(field, value):
            return is_one_of(*_named(field, [value]))
        case OneOf(field, values):
            return is_one_of(*_named(field, values))
        case Phrase(field, words):
            return _begins(field, _joined(words)[:REST_LENGTH])
        case Begins(field, start):
            return _begins(field, start)
        case Between(field, low, high):
            return all_of([*_least(field, low), *_most(field, high)])
        case After(_, text):
            return f"key > {quoted(text[:KEY_LENGTH])}"
        case All(parts, but_not):
            return all_of([*map(written, parts), *(none_of(written(part)) for part in but_not)])
        case Any(parts):
            return any_of(map(written, parts))
    raise TypeError(criterion)


def _named(field: str, values: Iterable[str | int]) -> tuple[str, list[str | int]]:
    """The attribute for a field of `criteria`: the order of names is kept cut to what a service can hold."""
    if field == "name_order":
        return "key", [str(value)[:KEY_LENGTH] for value in values]
    return field, list(values)


def _joined(words: Sequence[str]) -> str:
    """The text that a phrase of overlapping pairs stands for."""
    return words[0] + "".join(word[1:] for word in words[1:])


def _begins(field: str, start: str) -> str:
    return f"{field} STARTS WITH {quoted(start)}"


def _least(field: str, low: int | None) -> list[str]:
    return [] if low is None else [f"{field} >= {low}"]


def _most(field: str, high: int | None) -> list[str]:
    return [] if high is None else [f"{field} <= {high}"]


def is_one_of(attribute: str, values: Iterable[str | int]) -> str:
    told = [str(value) if isinstance(value, int) else quoted(value) for value in values]
    if not told:
        return NOT_ANYBODY
    return f"{attribute} = {told[0]}" if len(told) == 1 else f"{attribute} IN [{', '.join(told)}]"


def all_of(parts: Iterable[str]) -> str:
    """All of these hold; no part: everybody."""
    asked = [part for part in dict.fromkeys(parts) if part != EVERYBODY]
    if not asked:
        return EVERYBODY
    return asked[0] if len(asked) == 1 else f"({' AND '.join(asked)})"


def any_of(parts: Iterable[str]) -> str:
    """At least one of these holds; no part: nobody."""
    ways = [part for part in dict.fromkeys(parts) if part != NOT_ANYBODY]
    if not ways:
        return NOT_ANYBODY
    return ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})"


def none_of(part: str) -> str:
    return f"(NOT {part})"


def quoted(value: str) -> str:
    plain = without_backslash(value).replace('"', '\\"')
    return f'"{plain}"'
