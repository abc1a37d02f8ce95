"""The names in `names.txt` (invented, but made like real ones) are found by what people type, and counted exactly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import opencc
import pytest

from public_site.search import Document, Engine, Query, normal, sounds
from public_site.search.text import without_form
from tests.search import naive
from tests.search.conftest import MakeEngine

NAMES = Path(__file__).with_name("names.txt").read_text("utf-8").splitlines()
DOCUMENTS = [Document(id=number, name=name) for number, name in enumerate(NAMES, 1)]
TRADITIONAL = opencc.OpenCC("s2t")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@pytest.fixture(scope="module")
def named(make_engine: MakeEngine) -> Engine:
    index = make_engine()
    index.rebuild(naive.register_of(DOCUMENTS))
    return index


def typed(name: str, luck: random.Random) -> Iterator[str]:
    plain, core = normal(name), without_form(normal(name))
    for length in (2, 3, 4, 5):
        if len(plain) >= length:
            start = luck.randrange(len(plain) - length + 1)
            yield plain[start : start + length]
    start = luck.randrange(max(1, len(core) - 3))
    part = core[start : start + luck.randint(2, 4)]
    if len(part) > 1 and not any(character.isascii() for character in part):
        yield "".join(sounds.readings(character)[0] for character in part)
        yield "".join(luck.choice(sounds.readings(character)) for character in part)
    if len(core) > 2 and not any(character.isascii() for character in core[:4]):
        yield "".join(sounds.initials(character)[0] for character in core[:4])
    yield name
    yield core
    yield name.translate(FULL_WIDTH)
    yield TRADITIONAL.convert(name)
    yield f"{core[-2:]} {core[:2]}"


def test_there_are_names_enough() -> None:
    assert len(set(NAMES)) >= 300


@pytest.fixture
def some(kind: str) -> list[Document]:
    """Whose names are asked for: the small server of the tests reads every filter in Python, so it is asked for fewer."""
    return DOCUMENTS[::6] if kind == "meilisearch" else DOCUMENTS


def test_names_are_found_by_what_people_type_and_counted_exactly(named: Engine, some: list[Document]) -> None:
    luck = random.Random(11)
    asked = found_early = 0
    for document in some:
        for text in typed(document.name, luck):
            query = Query(text)
            expected = naive.total(DOCUMENTS, query)
            found = named.find(query)
            assert document.id in expected, (document.name, text)
            assert found.total == len(expected), (document.name, text)
            assert not found.approximate
            if len(expected) < 20:
                asked += 1
                found_early += document.id in found.ids[:20]
    assert asked > 6 * len(some)
    assert found_early / asked >= 0.995


def test_one_slip_in_a_long_name_still_finds_it(named: Engine, some: list[Document]) -> None:
    luck = random.Random(13)
    asked = found_early = 0
    for document in some:
        name = normal(document.name)
        core = without_form(name)
        if len(core) < 5:
            continue
        place = luck.randrange(len(core) - 1)
        for text in (
            name[:place] + "鑫" + name[place + 1 :],
            name[:place] + name[place + 1 :],
            name[:place] + "犇" + name[place:],
            name[:place] + name[place + 1] + name[place] + name[place + 2 :],
        ):
            if not naive.total(DOCUMENTS, Query(text)):
                asked += 1
                found_early += document.id in named.find(Query(text)).ids[:20]
    assert asked > 2 * len(some)
    assert found_early / asked >= 0.995
