"""Counted columns: numbers instead of values, and facets as sums over them."""

from __future__ import annotations

import numpy as np
import pytest

from public_site.search.columns import Columns, Numbering, TooManyValues, apart
from public_site.search.prepared import SEPARATOR


def of(**values: list[str]) -> Columns:
    every: dict[str, list[str]] = {"traits": [], "industries": [], "province": [], "city": [], "county": []}
    return Columns(every | values)


def test_a_value_keeps_the_number_it_was_first_given_also_after_a_restart() -> None:
    numbering = Numbering({})
    assert [numbering.numbers({"province": code})[0]["province"] for code in ("500000", "130000", "500000")] == [
        1,
        2,
        1,
    ]
    again = Numbering(numbering.values())
    assert [again.numbers({"province": code})[0]["province"] for code in ("130000", "110000", "500000")] == [2, 3, 1]


def test_the_numbers_of_an_enterprise_in_one_word_are_told_apart_again() -> None:
    known = {"traits": [str(n) for n in range(70_000)], "county": [str(n) for n in range(8_000)]}
    numbering = Numbering(known)
    largest, large = numbering.numbers({"traits": "65534", "county": "7999", "province": "500000"})
    _, none = numbering.numbers({})
    assert largest == {"traits": 65_535, "county": 8_000, "province": 1}
    told = apart(np.array([large, none], np.uint64))
    assert {column: numbers.tolist() for column, numbers in told.items()} == {
        "traits": [65_535, 0], "industries": [0, 0], "province": [1, 0], "city": [0, 0], "county": [8_000, 0],
    }  # fmt: skip


def test_more_different_values_than_numbers_are_refused_not_miscounted() -> None:
    with pytest.raises(TooManyValues):
        Numbering({"traits": [str(n) for n in range(70_000)]}).numbers({"traits": "65535"})


def test_a_facet_is_ordered_by_count_then_value_and_leaves_out_what_does_not_occur() -> None:
    columns = of(province=["500000", "130000", "110000", "120000"])
    counts = np.array([9, 3, 3, 0, 7])  # the first is of those without a province
    assert columns.facet("province", counts) == (("120000", 7), ("130000", 3), ("500000", 3))


def test_joined_industries_are_counted_singly() -> None:
    columns = of(industries=["水泥", SEPARATOR.join(["水泥", "焦化"]), ""])
    assert columns.facet("industries", np.array([0, 2, 5, 1])) == (("水泥", 7), ("焦化", 5))


def test_each_trait_is_counted_without_the_choice_of_its_own_facet() -> None:
    columns = of(traits=["grade:A", "grade:B", SEPARATOR.join(["grade:B", "stage:decided"]), ""])
    counts = np.array([0, 10, 20, 40, 80])
    facets = columns.trait_facets(counts, {"grade": (frozenset({"grade:B"}), True)})
    assert facets["grade"] == (("B", 60), ("A", 10))
    assert facets["stage"] == (("decided", 40),)
    unwanted = columns.trait_facets(counts, {"stage": (frozenset({"stage:decided"}), False)})
    assert unwanted["grade"] == (("B", 20), ("A", 10))
    assert unwanted["stage"] == (("decided", 40),)


def test_what_passes_several_choices_passes_each() -> None:
    columns = of(traits=["grade:A", SEPARATOR.join(["excellence:1", "grade:A"]), "grade:B"])
    chosen = {"grade": (frozenset({"grade:A"}), True), "excellence": (frozenset({"excellence:1"}), False)}
    assert columns.passing(chosen).tolist() == [False, True, False, False]
    assert columns.passing({}).tolist() == [True] * 4
    assert columns.holding("traits", {"grade:Z"}).tolist() == [False] * 4
