"""The questions that are measured, by class, made from the names that are there."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from public_site.search import Document, Query, normal, sounds
from public_site.search.text import without_form

COMMON = (
    "科技", "材料", "建材", "机械", "制造", "水泥", "化工", "包装", "印刷", "有限", "公司", "有限公司", "限公司", "技有", "料有",
    "机械制造", "科技有限", "材料有限", "科技有限公司", "材料有限公司", "有限责任", "有限责任公司", "股份有限公司", "集团有限公司",
    "新材料", "料科技", "制品有限", "制品有限公司", "新材料科技有限公司", "集团", "股份", "责任公司", "器有", "业有限", "业有限公司",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    query: Query


def _window(luck: random.Random, name: str, length: int) -> str:
    start = luck.randrange(max(1, len(name) - length + 1))
    return name[start : start + length]


def _spelled(luck: random.Random, name: str, shortest: int) -> list[str]:
    core = without_form(name)
    part = _window(luck, core, luck.randint(min(shortest, len(core)), min(5, len(core))))
    return [sounds.readings(character)[0] for character in part]


def _mistyped(luck: random.Random, name: str) -> str:
    place = luck.randrange(1, max(2, len(without_form(name)) - 1))
    slip = luck.choice("替漏换")
    if slip == "替":
        return name[:place] + luck.choice("焱淼犇骉鑫") + name[place + 1 :]
    if slip == "漏":
        return name[:place] + name[place + 1 :]
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def _two_terms(luck: random.Random, name: str) -> str:
    core = without_form(name)
    return f"{core[-2:]} {_window(luck, core[:-2] or core, 2)}"


def _filtered(luck: random.Random, document: Document) -> Query:
    ways: tuple[Callable[[], Query], ...] = (
        lambda: Query(provinces=_of(document.province), grades=(luck.choice("ABCD"),)),
        lambda: Query(provinces=_of(document.province), cities=_of(document.city), overall=(luck.choice("ABC"),)),
        lambda: Query(industries=(document.industries[0].split("/")[0],), provinces=_of(document.province)),
        lambda: Query(industries=document.industries[:1], grades=document.grades[:1], schemes=document.schemes[:1]),
        lambda: Query(counties=_of(document.county), limit=luck.randint(1, 100)),
        lambda: Query(downgraded_since=date(2019, 6, 1) + timedelta(days=luck.randrange(2500))),
        lambda: Query(unlisted=True, provinces=_of(document.province), limit=luck.randint(1, 100)),
        lambda: Query(
            excellence=True, stages=("decided",), industries=document.industries[:1], limit=luck.randint(1, 100)
        ),
        lambda: Query(
            _window(luck, normal(document.name), 2), provinces=_of(document.province), grades=document.grades[:1]
        ),
    )
    return luck.choice(ways)()


def _of(code: str | None) -> tuple[str, ...]:
    return (code,) if code else ()


def _near(luck: random.Random, document: Document) -> Query:
    lat = (document.lat or 30.0) + luck.uniform(-0.2, 0.2)
    return Query(near=(lat, (document.lon or 110.0) + luck.uniform(-0.2, 0.2)), radius_km=50.0, sort="distance")


def _box(luck: random.Random, document: Document) -> Query:
    """As large as a province of middle size."""
    south, west = (document.lat or 30.0) - luck.uniform(1, 3), (document.lon or 110.0) - luck.uniform(1, 4)
    return Query(bbox=(west, south, west + 5.0, south + 4.0))


Maker = Callable[[random.Random, Document], Query | None]

CLASSES: dict[str, Maker] = {
    "2 characters": lambda luck, one: Query(_window(luck, normal(one.name), 2)),
    "3 characters": lambda luck, one: Query(_window(luck, normal(one.name), 3)),
    "4 characters": lambda luck, one: Query(_window(luck, normal(one.name), 4)),
    "5 characters": lambda luck, one: Query(_window(luck, normal(one.name), 5)),
    "very common pieces": lambda _luck, _one: None,
    "full name": lambda _, one: Query(one.name),
    "two terms": lambda luck, one: Query(_two_terms(luck, normal(one.name))),
    "pinyin": lambda luck, one: Query("".join(_spelled(luck, normal(one.name), 2))[:64]),
    "initials": lambda luck, one: Query("".join(part[0] for part in _spelled(luck, normal(one.name), 3))),
    "one typo": lambda luck, one: Query(_mistyped(luck, normal(one.name))),
    "code exact": lambda _, one: Query(one.credit_code) if one.credit_code else None,
    "code prefix": lambda luck, one: Query(one.credit_code[: luck.randint(4, 12)]) if one.credit_code else None,
    "filters with facets": _filtered,
    "50 km radius by distance": _near,
    "bounding box of a province": _box,
    "landing": lambda _luck, _one: None,
}


def questions(sample: list[Document], count: int, seed: int = 5) -> dict[str, list[Asked]]:
    """For each class as many different questions as asked for, or as there are."""
    luck = random.Random(seed)
    found: dict[str, list[Asked]] = {}
    for name, maker in CLASSES.items():
        made: dict[Query, None] = {}
        for _ in range(count * 3):
            query = maker(luck, luck.choice(sample))
            if query is not None and len(made) < count:
                made[query] = None
        found[name] = [Asked(query) for query in made]
    found["very common pieces"] = [Asked(Query(piece)) for piece in COMMON]
    found["landing"] = [Asked(Query())] * count
    return found
