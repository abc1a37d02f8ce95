"""A small register of real-looking enterprises, and indexes of it in every engine.

What asks for `engines` (or `index`) runs on each: the embedded one, Meilisearch's over a small server of our own, and
over a real one where PUBLIC_SITE_TEST_MEILI_URL names it (with its key in PUBLIC_SITE_TEST_MEILI_KEY_FILE).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from public_site.search import Document, Engine, EngineAway, Found, Query
from public_site.search.embedded_index import EmbeddedIndex
from public_site.search.meilisearch_index import MeilisearchIndex
from tests.search import meili_server
from tests.search.naive import Register, register_of

MakeEngine = Callable[[], Engine]
REAL_URL = os.environ.get("PUBLIC_SITE_TEST_MEILI_URL")
REAL_KEY = os.environ.get("PUBLIC_SITE_TEST_MEILI_KEY_FILE")
ENGINES = ("embedded", "meilisearch", *(["real meilisearch"] if REAL_URL else []))
SLOWEST_ANSWER = 30.0  # what an answer is, not how soon it comes: the machine may be busy
_numbers = count(1)


def answers(index: Engine) -> list[Found]:
    """The answers to some questions, to compare what two indexes hold."""
    asked = (Query(), Query("公司"), Query("puyang"), Query("9113"), Query(grades=("B",)))
    return [index.find(query) for query in asked]


@contextmanager
def making(kind: str) -> Iterator[MakeEngine]:
    """Makes engines of a kind, each with an index of its own that is gone at the end."""
    made: list[Engine] = []
    with tempfile.TemporaryDirectory() as folder:

        def embedded() -> Engine:
            return EmbeddedIndex(Path(folder) / str(next(_numbers)))

        def of_server(url: str, key: str | None) -> MakeEngine:
            def make() -> Engine:
                name = f"mingji-test-{os.getpid()}-{next(_numbers)}"
                made.append(MeilisearchIndex(Path(folder) / name, url=url, key=key, name=name, seconds=SLOWEST_ANSWER))
                return made[-1]

            return make

        if kind == "embedded":
            yield embedded
        elif kind == "meilisearch":
            with meili_server.serving(meili_server.Meili()) as url:
                yield of_server(url, meili_server.KEY)
        else:
            yield of_server(str(REAL_URL), Path(REAL_KEY).read_text("ascii").strip() if REAL_KEY else None)
            for index in made:
                with suppress(EngineAway):
                    index.forget()


@pytest.fixture(scope="module", params=ENGINES)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of engine; every test that asks for it, or for what it makes, runs on each."""
    return str(request.param)


@pytest.fixture(scope="module")
def make_engine(kind: str) -> Iterator[MakeEngine]:
    """Makes an engine without an index."""
    with making(kind) as make:
        yield make


def some_enterprises() -> list[Document]:
    return [
        Document(
            id=3, name="重庆宏声纸箱有限责任公司", credit_code="91130200699229617X", province="500000", city="500100",
            county="500112", industries=("包装印刷",), grades=("B",), overall="B", schemes=("national-2020",),
            stages=("decided",), lat=29.6, lon=106.5, since=date(2024, 5, 1),
        ),
        Document(
            id=7, name="河北普阳钢铁有限公司", former_names=("武安市普阳钢铁厂",), province="130000", city="130400",
            county="130481", industries=("钢铁/长流程", "焦化"), grades=("A", "B"), overall="B", schemes=("national-2020",),
            stages=("decided", "proposed"), lat=36.7, lon=114.2, since=date(2025, 3, 2), excellence=True,
        ),
        Document(
            id=12, name="武安市普阳水泥（集团）有限公司", province="130000", city="130400", county="130481",
            industries=("水泥/粉磨站",), grades=("引领性",), overall="引领性", schemes=("local",), stages=("decided",),
            lat=36.71, lon=114.21, since=date(2023, 1, 9), downgraded_on=date(2023, 1, 9), unlisted=True,
        ),
        Document(id=20, name="中国农业发展银行", province="110000", since=date(2022, 2, 2)),
        Document(id=21, name="重庆长江重庆分公司", province="500000", city="500100", county="500103"),
        Document(id=30, name="单县东方家具厂", province="370000", city="371700", county="371722", since=date(2021, 1, 1)),
        Document(id=31, name="铝业股份有限公司"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def an_engine(make_engine: MakeEngine) -> Engine:
    """One engine for many registers: who asks for it rebuilds it first."""
    return make_engine()


@pytest.fixture
def register() -> Register:
    return register_of(some_enterprises())


@pytest.fixture
def index(register: Register, make_engine: MakeEngine) -> Engine:
    index = make_engine()
    index.rebuild(register)
    return index


@pytest.fixture(scope="module")
def hostile_index(make_engine: MakeEngine) -> Engine:
    """One index for many questions."""
    index = make_engine()
    index.rebuild(register_of(some_enterprises()))
    return index
