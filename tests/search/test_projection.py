"""The index as a projection of the register, whatever the engine: it catches up, it can be forgotten, it tells problems."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from public_site.search import Document, Engine, IndexMissing, Query
from tests.search.conftest import MakeEngine, answers, some_enterprises
from tests.search.naive import Register, register_of


def test_without_an_index_one_is_told_so(make_engine: MakeEngine) -> None:
    index = make_engine()
    assert index.as_of() == 0
    with pytest.raises(IndexMissing):
        index.find(Query())
    with pytest.raises(IndexMissing):
        index.suggest("宏声")
    assert index.problems()


def test_the_first_catch_up_builds_the_index(make_engine: MakeEngine, register: Register) -> None:
    index = make_engine()
    assert index.catch_up(register) == register.number == index.as_of()
    assert index.find(Query()).total == len(register.of_id)
    assert index.problems(register) == []


def test_an_empty_register_has_an_empty_index(make_engine: MakeEngine) -> None:
    index = make_engine()
    index.catch_up(Register())
    found = index.find(Query())
    assert (found.total, found.ids, found.next, found.as_of) == (0, (), None, 0)
    assert index.find(Query("宏声")).total == 0
    assert index.problems(Register()) == []


def test_what_is_new_changed_or_gone_is_taken_in(index: Engine, register: Register) -> None:
    register.publish(
        Document(id=50, name="新来的厂"),
        Document(id=3, name="重庆宏声包装有限公司", former_names=("重庆宏声纸箱有限责任公司",)),
    )
    register.withdraw(20)
    assert index.catch_up(register) == register.number
    assert index.find(Query("新来")).ids == (50,)
    assert index.find(Query("宏声包装")).ids == (3,)
    assert index.find(Query("宏声纸箱")).ids == (3,)
    assert not index.find(Query("农业发展")).ids
    assert index.find(Query()).total == len(register.of_id)
    assert index.problems(register) == []


steps = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["publish", "withdraw", "catch up"])), max_size=25)


@settings(max_examples=15)
@given(steps)
def test_catching_up_in_any_order_equals_a_rebuild(
    make_engine: MakeEngine, an_engine: Engine, steps: list[tuple[int, str]]
) -> None:
    register = Register()
    index = make_engine()
    for number, (document, act) in enumerate(steps):
        if act == "publish":
            register.publish(
                Document(id=document, name=f"普阳第{number}有限公司", grades=("B",), credit_code=f"9113{number:014}")
            )
        elif act == "withdraw":
            register.withdraw(document)
        else:
            index.catch_up(register)
    index.catch_up(register)
    an_engine.rebuild(register)
    assert answers(index) == answers(an_engine)


def test_forgetting_leaves_nothing(index: Engine, register: Register) -> None:
    index.forget()
    assert index.as_of() == 0
    with pytest.raises(IndexMissing):
        index.find(Query())
    index.forget()
    index.catch_up(register)
    assert index.find(Query("宏声")).ids == (3,)


def test_a_register_that_went_back_is_followed_by_a_rebuild(index: Engine) -> None:
    restored = register_of(some_enterprises()[:3])
    assert index.problems(restored)
    assert index.catch_up(restored) == 3
    assert index.find(Query()).total == 3
    assert index.problems(restored) == []


def test_an_index_that_lags_says_so(index: Engine, register: Register) -> None:
    register.publish(Document(id=60, name="后来的厂"))
    assert len(index.problems(register)) == 1
    assert index.find(Query()).as_of == register.number - 1


def test_a_count_at_odds_with_the_register_is_noticed_and_mended(index: Engine, register: Register) -> None:
    del register.of_id[20]
    assert index.problems(register)
    index.catch_up(register)
    assert index.problems(register) == []
    assert index.find(Query("农业")).total == 0


def test_a_change_that_the_register_took_back_is_taken_in(index: Engine, register: Register) -> None:
    before = answers(index)
    changed = register.of_id[3]
    register.publish(replace(changed, name="宏声改名"))
    index.catch_up(register)
    register.publish(changed)
    index.catch_up(register)
    assert [replace(found, as_of=0) for found in answers(index)] == [replace(found, as_of=0) for found in before]
