"""Documents made ready for the writer: the same in this process or in a second one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import orjson
import pytest

from public_site.search import Document, preparing
from tests.search.conftest import some_enterprises


def test_a_second_process_makes_what_this_one_makes_in_the_same_order() -> None:
    documents = [Document(id=n, name=f"{one.name}{n}") for n in range(700) for one in some_enterprises()[:4]]
    here, there = preparing.Preparation({}), preparing.Preparation({})
    batches = list(there.ready(documents, expected=preparing.FEW + 1))
    assert batches == list(here.ready(documents, expected=len(documents)))
    assert here.columns == there.columns
    made = [orjson.loads(one) for batch in batches for one in batch.json]
    assert [one["id"] for one in made] == [one.id for one in documents]
    assert max(batch.largest_id for batch in batches) == 699


def test_counted_columns_become_numbers_in_the_json() -> None:
    preparation = preparing.Preparation({"province": ["500000"]})
    [batch] = preparation.ready([some_enterprises()[1]], expected=1)
    told = orjson.loads(batch.json[0])
    assert preparation.columns["province"] == ["500000", "130000"]
    assert (told["id"], told["province"], told["city"], told["traits"]) == (7, 2, 1, 1)
    assert "province:130000" in told["facts"]


def test_the_death_of_the_second_process_is_told() -> None:
    def documents() -> Iterator[Document]:
        for number in range(100_000):
            if number == 3_000:
                for child in multiprocessing.active_children():
                    child.kill()
                    child.join()
            yield Document(id=number, name=f"第{number}水泥厂")

    with pytest.raises(preparing.PreparationEnded):
        list(preparing.Preparation({}).ready(documents(), expected=100_000))
    assert not multiprocessing.active_children()
