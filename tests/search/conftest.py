"""A small register of real-looking enterprises, and an index of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from public_site.search import Document, Engine
from public_site.search.embedded_index import EmbeddedIndex
from tests.search.naive import Register, register_of

Make = Callable[[Register], Engine]


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


@pytest.fixture
def register() -> Register:
    return register_of(some_enterprises())


@pytest.fixture
def index(register: Register, tmp_path: Path) -> Engine:
    index = EmbeddedIndex(tmp_path / "search")
    index.rebuild(register)
    return index


@pytest.fixture(scope="module")
def hostile_index(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """One index for many questions."""
    index = EmbeddedIndex(tmp_path_factory.mktemp("hostile"))
    index.rebuild(register_of(some_enterprises()))
    return index
