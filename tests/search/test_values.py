"""A question is checked when it is put: what is too long, too much or not understood never reaches an engine."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site import faults
from public_site.search import Engine, Query, QueryNotValid


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("text", {"text": "宏" * 65}),
        ("text", {"text": "宏" * 10_000}),
        ("text", {"text": "a b c d e f g"}),
        ("text", {"text": "\ufdfa" * 60}),
        ("provinces", {"provinces": ("500000",) * 51}),
        ("filters", {"provinces": tuple(map(str, range(50))), "cities": tuple(map(str, range(50))), "grades": ("A",)}),
        ("grades", {"grades": ("",)}),
        ("grades", {"grades": ("A\x00",)}),
        ("grades", {"grades": ("A" * 65,)}),
        ("industries", {"industries": ("水\u202e泥",)}),
        ("near", {"near": (math.nan, 100.0)}),
        ("near", {"near": (91.0, 100.0)}),
        ("near", {"near": (30.0, math.inf)}),
        ("radius_km", {"near": (30.0, 110.0), "radius_km": 0.0}),
        ("radius_km", {"near": (30.0, 110.0), "radius_km": 501.0}),
        ("radius_km", {"near": (30.0, 110.0), "radius_km": math.nan}),
        ("radius_km", {"radius_km": 5.0}),
        ("bbox", {"bbox": (110.0, 30.0, 100.0, 40.0)}),
        ("bbox", {"bbox": (100.0, math.nan, 110.0, 40.0)}),
        ("sort", {"sort": "random"}),
        ("sort", {"sort": "distance"}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": 1001}),
        ("cursor", {"cursor": "x" * 2001}),
    ],
)
def test_nonsense_is_refused_with_the_part_that_is_wrong(field: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(QueryNotValid) as refused:
        Query(**arguments)
    assert refused.value.field == field
    assert isinstance(refused.value, faults.NotValid)
    assert any("\u4e00" <= character <= "\u9fff" for character in str(refused.value))


def test_spaces_around_the_text_do_not_count() -> None:
    assert Query(" " * 500 + "宏声" + " " * 500).terms == ("宏声",)


@given(st.text(max_size=64))
def test_any_text_is_answered_or_refused_and_quickly(hostile_index: Engine, text: str) -> None:
    begun = time.thread_time()
    try:
        found = hostile_index.find(Query(text))
    except QueryNotValid:
        return
    assert found.total >= len(found.ids)
    hostile_index.suggest(text)
    assert time.thread_time() - begun < 1
