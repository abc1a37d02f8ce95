"""A document as a search service keeps it: one attribute for each thing that is looked up, counted or sorted by.

A service's own reading of Chinese is not used: its segmentation misses pieces of names, and a quoted phrase only proves
that each word stands near the next, so that "长江重庆长" would be found in 重庆长江重庆分公司. All that is looked up are
whole values made by us (`prepared`), met by filters; nothing is searched as text, and counts are exact by construction.
Places are ours, too: a service's own (`_geo`) are one tree that is read whole for every radius and written whole for
every change, seconds at 100,000 enterprises; so circles and boxes are squares and an exact test (`cells`).
Positions are kept where pieces prove nothing (former names, names with a repeated piece): as every rest of the name, so
that a phrase is the beginning of one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from public_site.search import cells, prepared
from public_site.search import text as texts
from public_site.search.values import Document, IndexDamaged

FORMAT = 1
ENTERPRISE, RECORD, NOBODY = "enterprise", "record", "nobody"
RECORD_ID = 0  # the register numbers from 1
# A service keeps values of up to 468 bytes and cuts longer ones by itself; no name in use is nearly as long.
KEY_LENGTH = 115
REST_LENGTH = 115
FACETS = (
    "province", "city", "county", "industry", "grade", "overall", "scheme", "excellence", "unlisted", "stage",
)  # fmt: skip
SHOWN = ("id", "name", "key", "since", "downgraded", "lat", "lon", "record")
VALUES_PER_FACET = 3000

_LOOKED_UP = ("kind", "grams", "sounds", "facts", "former", "knots", "cell", *FACETS)
_COMPARED = ("id", "key", "since", "downgraded", "downgraded_day", "lat", "lon")

SETTINGS: dict[str, Any] = {
    "searchableAttributes": [],
    "displayedAttributes": list(SHOWN),
    "filterableAttributes": [
        {
            "attributePatterns": list(_LOOKED_UP),
            "features": {"facetSearch": False, "filter": {"equality": True, "comparison": False}},
        },
        {
            "attributePatterns": list(_COMPARED),
            "features": {"facetSearch": False, "filter": {"equality": True, "comparison": True}},
        },
    ],
    "sortableAttributes": ["id", "key", "since", "downgraded"],
    "rankingRules": ["sort"],
    "typoTolerance": {"enabled": False},
    "prefixSearch": "disabled",
    "facetSearch": False,
    "faceting": {"maxValuesPerFacet": VALUES_PER_FACET},
    "pagination": {"maxTotalHits": 10_000_000},
    "searchCutoffMs": 1000,
}


@dataclass(frozen=True, slots=True)
class Record:
    """What an index says of itself, kept as one document more; written together with what it speaks of, or after."""

    as_of: int
    count: int
    format: int = FORMAT

    def document(self) -> dict[str, Any]:
        return {"id": RECORD_ID, "kind": RECORD, "record": orjson.dumps(asdict(self)).decode()}


def read_record(document: dict[str, Any]) -> Record:
    """Raises: IndexDamaged, when it is not ours or not of today."""
    try:
        record = Record(**orjson.loads(document["record"]))
    except (KeyError, TypeError, ValueError) as error:
        raise IndexDamaged("自述记录无法读取") from error
    if record.format != FORMAT:
        raise IndexDamaged("索引格式已更新")
    if not all(type(number) is int and number >= 0 for number in (record.as_of, record.count)):
        raise IndexDamaged("自述记录无法读取")
    return record


def attributes(document: Document) -> dict[str, Any]:
    """One document as the service takes it in."""
    ready = prepared.prepared(document)
    name = texts.normal(document.name)[: texts.NAME_LENGTH]
    former = [texts.normal(other)[: texts.NAME_LENGTH] for other in document.former_names]
    fields: dict[str, Any] = {
        "id": document.id,
        "kind": ENTERPRISE,
        "name": name,
        "key": texts.name_order(name)[:KEY_LENGTH],
        "grams": _distinct(str(ready["grams"]).split()),
        "sounds": _distinct(str(ready["sounds"]).split()),
        "facts": [
            *([prepared.KNOTTED] if texts.is_knotted(name) else []),
            *(f"former:{other}" for other in former if other),
            *prepared.lacking((name, *former)),
            *(f"code:{start}" for start in prepared.code_starts(texts.normal(document.credit_code or ""))),
        ],
        "former": _distinct(rest for other in former if other for rest in _rests(other)),
        "knots": _rests(name) if texts.is_knotted(name) else [],
        "since": ready["since"],
        "downgraded": ready["downgraded"],
        **_counted(document),
    }
    if document.downgraded_on is not None:
        fields["downgraded_day"] = prepared.day_number(document.downgraded_on)
    if document.lat is not None and document.lon is not None:
        lat, lon = cells.micro(document.lat), cells.micro(document.lon)
        fields |= {"lat": lat, "lon": lon, "cell": cells.cells(lat, lon)}
    return fields


def _counted(document: Document) -> dict[str, list[str]]:
    counted = {
        "province": (document.province,),
        "city": (document.city,),
        "county": (document.county,),
        "industry": prepared.with_parents(document.industries),
        "grade": document.grades,
        "overall": (document.overall,),
        "scheme": document.schemes,
        "stage": document.stages,
        "excellence": ("1",) if document.excellence else (),
        "unlisted": ("1",) if document.unlisted else (),
    }
    return {facet: _distinct(without_backslash(one) for one in values if one) for facet, values in counted.items()}


def without_backslash(value: str) -> str:
    return value.replace("\\", "\u2216")


def _rests(name: str) -> list[str]:
    """The name from its marked start and from each of its characters on."""
    return _distinct(rest[:REST_LENGTH] for rest in (texts.START + name, *(name[at:] for at in range(len(name)))))


def _distinct(values: Any) -> list[str]:
    return list(dict.fromkeys(values))
