"""What a query asks of a document, as a small tree that any engine can carry out.

The tree is made of values: two queries that ask the same are equal, so that counts can be remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from public_site.search import cells, prepared, sounds
from public_site.search import text as texts
from public_site.search.values import Query


@dataclass(frozen=True, slots=True)
class Term:
    """The field holds this value."""

    field: str
    value: str | int


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field holds one of these values."""

    field: str
    values: tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """The field holds these words one after the other."""

    field: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begins:
    """The field holds a value that begins so."""

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Between:
    """The number lies between the two, both included; None leaves a side open."""

    field: str
    low: int | None
    high: int | None
    few_values: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """The field's only value sorts after this text."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these holds (no parts: everything), and none of the exceptions."""

    parts: tuple[Criterion, ...] = ()
    but_not: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these holds (no parts: nothing)."""

    parts: tuple[Criterion, ...] = ()


Criterion = Term | OneOf | Phrase | Begins | Between | After | All | Any

EVERYTHING = All()
NOTHING = Any()
_KNOTTED = Term("facts", prepared.KNOTTED)


def every(parts: Iterable[Criterion]) -> Criterion:
    """All of these, without needless nesting: who meets one alternative need not be asked for any of them."""
    flat: list[Criterion] = []
    exceptions: list[Criterion] = []
    for part in parts:
        if isinstance(part, All):
            flat.extend(part.parts)
            exceptions.extend(part.but_not)
        else:
            flat.append(part)
    if len(flat) > 1:
        asked = dict.fromkeys(flat)
        flat = [part for part in asked if not (isinstance(part, Any) and any(way in asked for way in part.parts))]
    if len(flat) == 1 and not exceptions:
        return flat[0]
    return All(tuple(flat), tuple(exceptions))


def any_of(parts: Iterable[Criterion]) -> Criterion:
    flat = tuple(dict.fromkeys(parts))
    return flat[0] if len(flat) == 1 else Any(flat)


def simplified(
    criterion: Criterion,
    frequency: Callable[[str, str | int], int],
    starting: Callable[[str, str], tuple[str, ...]],
) -> Criterion:
    """The same question without what cannot be: values that no document has, and whatever hangs on them."""
    match criterion:
        case Term(field, value):
            return criterion if frequency(field, value) else NOTHING
        case Phrase(field, words):
            return criterion if all(frequency(field, word) for word in words) else NOTHING
        case Begins(field, start):
            return one_of(field, starting(field, start))
        case All(parts, but_not):
            left = [simplified(part, frequency, starting) for part in parts]
            never = tuple(
                part for part in (simplified(part, frequency, starting) for part in but_not) if part != NOTHING
            )
            return NOTHING if NOTHING in left else every([*left, All((), never)])
        case Any(parts):
            ways = (simplified(part, frequency, starting) for part in parts)
            return any_of(way for way in ways if way != NOTHING)
    return criterion


def name_is(text: str) -> Criterion:
    return Term("name_order", texts.name_order(text))


def name_contains(text: str) -> Criterion:
    """The name now in force contains this, in one piece."""
    if len(text) == 1:
        return Term("grams", text)
    return _chained(texts.chain(text), texts.phrase(text))


def name_begins(text: str) -> Criterion:
    if len(text) <= 3:
        return Term("grams", texts.START + text)
    return _chained([texts.START + text[:3], *texts.chain(text[1:])], texts.phrase(text, from_start=True))


def _chained(links: list[str], words: tuple[str, ...]) -> Criterion:
    if len(links) == 1:
        return Term("grams", links[0])
    chain = All(tuple(Term("grams", link) for link in dict.fromkeys(links)), (_KNOTTED,))
    return Any((chain, Phrase("knots", words)))


def former_contains(text: str) -> Criterion:
    """A former name contains this, in one piece."""
    words = texts.phrase(text)
    return Phrase("former", words) if len(words) > 1 else Term("former", text)


def former_begins(text: str) -> Criterion:
    return Term("former", texts.START + text)


def sounds_like(term: str) -> list[Criterion]:
    """The ways a word of plain letters may be heard in a name: pinyin, initials."""
    if not sounds.is_spelled(term):
        return []
    heard = [every(Term("sounds", pair) for pair in sounds.split_pairs(way)) for way in sounds.splits(term)]
    runs = sounds.initial_runs(term)
    if len(term) == sounds.RUN - 1:
        return [*heard, Begins("sounds", runs[0])]
    return [*heard, every(Term("sounds", run) for run in runs)]


def sounds_begun(term: str) -> list[Criterion]:
    """The ways a word may be heard whose last syllable is still being typed."""
    found: list[Criterion] = []
    for way, rest in sounds.unfinished(term) if sounds.is_spelled(term) else ():
        pairs = sounds.split_pairs(way) if len(way) > 1 else ()
        found.append(every([*(Term("sounds", pair) for pair in pairs), Begins("sounds", f"{way[-1]}'{rest}")]))
    return found


def code_begins(term: str) -> list[Criterion]:
    if not texts.is_code_start(term):
        return []
    if len(term) in prepared.CODE_STARTS or len(term) == prepared.CODE_LENGTH:
        return [Term("facts", f"code:{term}")]
    return [Begins("facts", f"code:{term}")]


def of_term(term: str, *, alone: bool) -> Criterion:
    """One word of a query; a single character typed alone is the beginning of a name."""
    if len(term) == 1 and alone:
        return Any((name_begins(term), former_begins(term)))
    if term in texts.IN_MOST_NAMES:
        return All((), (Term("facts", f"without:{term}"),))
    if is_whole_code((term,)):
        return any_of(code_begins(term))
    return any_of([name_contains(term), former_contains(term), *sounds_like(term), *code_begins(term)])


def is_whole_code(terms: tuple[str, ...]) -> bool:
    return len(terms) == 1 and len(terms[0]) == prepared.CODE_LENGTH and texts.is_code_start(terms[0])


def of_text(query: Query) -> Criterion:
    if not query.terms:
        return NOTHING if query.text.strip() else EVERYTHING
    return every(of_term(term, alone=len(query.terms) == 1) for term in query.terms)


def ranks(query: Query) -> tuple[Criterion, ...]:
    """What makes a hit better, best first: exactly this, begins so, contains it in one piece, the rest."""
    whole = "".join(query.terms)
    if not whole or is_whole_code(query.terms):
        return (EVERYTHING,)
    exactly = Any((name_is(whole), Term("facts", f"former:{whole}")))
    return (exactly, name_begins(whole), name_contains(whole), EVERYTHING)


def filters(query: Query) -> dict[str, Criterion]:
    """The chosen filters by the group whose facet they belong to; `fixed` belongs to none."""
    chosen: dict[str, Criterion] = {}
    for group, values in (
        ("province", query.provinces),
        ("city", query.cities),
        ("county", query.counties),
        ("industries", query.industries),
    ):
        if values:
            fact = "industry" if group == "industries" else group
            chosen[group] = one_of("facts", tuple(f"{fact}:{value}" for value in values))
    if query.downgraded_since is not None:
        chosen["fixed"] = Between(
            "downgraded_day", max(1, prepared.day_number(query.downgraded_since)), None, few_values=True
        )
    return chosen


def trait_filters(query: Query) -> dict[str, tuple[frozenset[str], bool]]:
    """The chosen small traits by facet: the values of which one must be there (False: none may be there)."""
    chosen: dict[str, tuple[frozenset[str], bool]] = {}
    for facet, values in (
        ("grade", query.grades),
        ("overall", query.overall),
        ("scheme", query.schemes),
        ("stage", query.stages),
    ):
        if values:
            chosen[facet] = frozenset(f"{facet}:{value}" for value in values), True
    for facet, wanted in (("excellence", query.excellence), ("unlisted", query.unlisted)):
        if wanted is not None:
            chosen[facet] = frozenset({f"{facet}:1"}), wanted
    return chosen


def of_traits(chosen: dict[str, tuple[frozenset[str], bool]]) -> Criterion:
    wanted = tuple(one_of("facts", tuple(sorted(values))) for values, there in chosen.values() if there)
    unwanted = tuple(one_of("facts", tuple(sorted(values))) for values, there in chosen.values() if not there)
    return every([All(wanted, unwanted)])


def one_of(field: str, values: tuple[str, ...]) -> Criterion:
    if not values:
        return NOTHING
    return Term(field, values[0]) if len(values) == 1 else OneOf(field, values)


def in_cells(numbers: Iterable[int]) -> Criterion:
    return OneOf("cell", tuple(sorted(numbers)))


def edges(bbox: tuple[float, float, float, float]) -> cells.Box:
    """South, west, north and east of a box in millionths of a degree."""
    west, south, east, north = map(cells.micro, bbox)
    return south, west, north, east


def in_box(bbox: tuple[float, float, float, float]) -> Criterion:
    """Squares wholly inside, and the exact test for those on the rim: quick for all documents."""
    inside, rim = cells.box(*edges(bbox))
    return Any((in_cells(inside), All((in_cells(rim), *between_edges(bbox)))))


def between_edges(bbox: tuple[float, float, float, float]) -> tuple[Criterion, Criterion]:
    """The exact test alone: quick where something else leaves few documents to test."""
    south, west, north, east = edges(bbox)
    return Between("lat", south, north), Between("lon", west, east)
