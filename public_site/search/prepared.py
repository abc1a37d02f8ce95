"""A document made ready for an engine: what is looked up, what is counted, what is sorted by.

Counting is cheap over a column with one value a document, and dear over many values. So all small traits of an
enterprise (grades, schemes, stages …) are joined into one value, its industries into another, and both are taken apart
again after counting (`trait_values`, `industry_values`).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from public_site.search import cells, sounds
from public_site.search import text as texts
from public_site.search.values import Document

KNOTTED = "knotted"
SEPARATOR = "\x1f"
ID_BUCKET = 12
DAY_BUCKET = 10
ID_BITS = 32
LARGEST_ID = (1 << ID_BITS) - 1
BEFORE_ALL_DAYS = date(1990, 1, 1).toordinal()
CODE_STARTS = range(4, 10)
CODE_LENGTH = 18

_MOST = max(texts.IN_MOST_NAMES, key=len)  # all others are pieces of it

TRAIT_FACETS = ("grade", "overall", "scheme", "excellence", "unlisted", "stage")

Prepared = dict[str, Any]


def traits(document: Document) -> tuple[str, ...]:
    """The small facts of an enterprise as `facet:value`."""
    one = document
    return _traits(one.grades, one.overall, one.schemes, one.stages, one.excellence, one.unlisted)


@lru_cache(maxsize=50_000)
def _traits(
    grades: tuple[str, ...],
    overall: str | None,
    schemes: tuple[str, ...],
    stages: tuple[str, ...],
    excellence: bool,
    unlisted: bool,
) -> tuple[str, ...]:
    found = [f"grade:{grade}" for grade in grades]
    if overall is not None:
        found.append(f"overall:{overall}")
    found.extend(f"scheme:{scheme}" for scheme in schemes)
    found.extend(f"stage:{stage}" for stage in stages)
    if excellence:
        found.append("excellence:1")
    if unlisted:
        found.append("unlisted:1")
    return tuple(sorted(set(found)))


@lru_cache(maxsize=50_000)
def trait_values(joined: str) -> frozenset[str]:
    return frozenset(joined.split(SEPARATOR)) - {""}


@lru_cache(maxsize=50_000)
def with_parents(industries: tuple[str, ...]) -> tuple[str, ...]:
    """Each industry and its parent, since a parent stands for its sub-industries."""
    return tuple(sorted({*industries, *(name.split("/")[0] for name in industries)} - {""}))


@lru_cache(maxsize=50_000)
def industry_values(joined: str) -> tuple[str, ...]:
    return tuple(value for value in joined.split(SEPARATOR) if value)


def ranked_by_day(day: date | None, document_id: int) -> int:
    """One number that sorts the latest day first and, on the same day, the smaller id first, when read downward."""
    return day_number(day) << ID_BITS | (LARGEST_ID - document_id)


def day_number(day: date | None) -> int:
    """Days since 1990; 0 stands for no day (and for any day before)."""
    return max(0, day.toordinal() - BEFORE_ALL_DAYS) if day else 0


def code_starts(code: str) -> list[str]:
    return [code[:length] for length in CODE_STARTS if length < len(code)] + [code] if code else []


def lacking(names: tuple[str, ...]) -> list[str]:
    """Which of the pieces that are in most names are in none of these."""
    if any(_MOST in name for name in names):
        return []
    return [f"without:{piece}" for piece in texts.IN_MOST_NAMES if not any(piece in name for name in names)]


def prepared(document: Document) -> Prepared:
    """The fields of one document, by the names the embedded engine's schema gives them."""
    name = texts.normal(document.name)[: texts.NAME_LENGTH]
    former = tuple(filter(None, (texts.normal(other)[: texts.NAME_LENGTH] for other in document.former_names)))
    of_document = traits(document)
    of_industries = with_parents(document.industries)
    knotted = texts.is_knotted(name)
    fields: Prepared = {
        "id": document.id,
        "id_bucket": document.id >> ID_BUCKET,
        "name_order": texts.name_order(name),
        "grams": " ".join(texts.grams(name)),
        "sounds": sounds.sounds(name),
        "traits": SEPARATOR.join(of_document),
        "industries": SEPARATOR.join(of_industries),
        "since": ranked_by_day(document.since, document.id),
        "day_bucket": day_number(document.since) // DAY_BUCKET,
        "downgraded": ranked_by_day(document.downgraded_on, document.id),
    }
    facts = [
        *of_document,
        *_industry_facts(of_industries),
        *_place_facts(document.province, document.city, document.county),
    ]
    if knotted:
        fields["knots"] = texts.positioned((name,))
        facts.append(KNOTTED)
    if former:
        fields["former"] = texts.positioned(former)
        facts.extend(f"former:{other}" for other in former)
    facts += lacking((name, *former))
    if document.credit_code:
        facts.extend([f"code:{start}" for start in code_starts(texts.normal(document.credit_code))])
    fields["facts"] = facts
    _add_place(fields, document)
    if document.downgraded_on is not None:
        fields["downgraded_day"] = day_number(document.downgraded_on)
    return fields


@lru_cache(maxsize=50_000)
def _industry_facts(industries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"industry:{industry}" for industry in industries)


@lru_cache(maxsize=50_000)
def _place_facts(province: str | None, city: str | None, county: str | None) -> tuple[str, ...]:
    levels = (("province", province), ("city", city), ("county", county))
    return tuple(f"{level}:{code}" for level, code in levels if code)


def _add_place(fields: Prepared, document: Document) -> None:
    if document.province:
        fields["province"] = document.province
    if document.city:
        fields["city"] = document.city
    if document.county:
        fields["county"] = document.county
    if document.lat is not None and document.lon is not None:
        lat, lon = cells.micro(document.lat), cells.micro(document.lon)
        fields.update(lat=lat, lon=lon, spot=cells.spot(lat, lon), cell=cells.cells(lat, lon))
