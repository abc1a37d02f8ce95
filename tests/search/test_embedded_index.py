"""The index as a projection: it catches up, it can be forgotten, it notices damage, and it never stops its readers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from public_site.search import Document, Found, IndexDamaged, IndexMissing, Query, WriterBusy
from public_site.search.embedded_index import EmbeddedIndex
from tests.search.conftest import some_enterprises
from tests.search.naive import Register, register_of

_PROCESSES = multiprocessing.get_context("spawn")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "search"


@pytest.fixture
def embedded(folder: Path, register: Register) -> EmbeddedIndex:
    index = EmbeddedIndex(folder)
    index.rebuild(register)
    return index


def answers(index: EmbeddedIndex) -> list[Found]:
    return [
        index.find(query) for query in (Query(), Query("公司"), Query("puyang"), Query("9113"), Query(grades=("B",)))
    ]


def test_without_an_index_one_is_told_so(folder: Path) -> None:
    index = EmbeddedIndex(folder)
    assert index.as_of() == 0
    with pytest.raises(IndexMissing):
        index.find(Query())
    with pytest.raises(IndexMissing):
        index.suggest("宏声")
    assert index.problems()
    assert not folder.exists()


def test_the_first_catch_up_builds_the_index(folder: Path, register: Register) -> None:
    index = EmbeddedIndex(folder)
    assert index.catch_up(register) == register.number == index.as_of()
    assert index.find(Query()).total == len(register.of_id)
    assert index.problems(register) == []


def test_an_empty_register_has_an_empty_index(folder: Path) -> None:
    index = EmbeddedIndex(folder)
    index.catch_up(Register())
    found = index.find(Query())
    assert (found.total, found.ids, found.next, found.as_of) == (0, (), None, 0)
    assert index.find(Query("宏声")).total == 0
    assert index.problems(Register()) == []


def test_catching_up_twice_changes_nothing(embedded: EmbeddedIndex, register: Register, folder: Path) -> None:
    register.publish(Document(id=50, name="新厂"))
    embedded.catch_up(register)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    embedded.catch_up(register)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before


def test_what_is_new_changed_or_gone_is_taken_in(embedded: EmbeddedIndex, register: Register, folder: Path) -> None:
    register.publish(
        Document(id=50, name="新来的厂"),
        Document(id=3, name="重庆宏声包装有限公司", former_names=("重庆宏声纸箱有限责任公司",)),
    )
    register.withdraw(20)
    assert embedded.catch_up(register) == register.number
    assert embedded.find(Query("新来")).ids == (50,)
    assert embedded.find(Query("宏声包装")).ids == (3,)
    assert embedded.find(Query("宏声纸箱")).ids == (3,)
    assert not embedded.find(Query("农业发展")).ids
    assert embedded.find(Query()).total == len(register.of_id)
    assert (folder / "CURRENT").read_text() == "gen-1\n"
    assert embedded.problems(register) == []


steps = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["publish", "withdraw", "catch up"])), max_size=25)


@settings(max_examples=15)
@given(steps)
def test_catching_up_in_any_order_equals_a_rebuild(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    register = Register()
    index = EmbeddedIndex(tmp_path_factory.mktemp("caught-up"))
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
    fresh = EmbeddedIndex(tmp_path_factory.mktemp("fresh"))
    fresh.rebuild(register)
    assert answers(index) == answers(fresh)


def test_a_rebuild_goes_on_aside_and_old_generations_go(
    embedded: EmbeddedIndex, register: Register, folder: Path
) -> None:
    other_reader = EmbeddedIndex(folder)
    before = answers(other_reader)
    embedded.rebuild(register)
    assert [path.name for path in folder.glob("gen-*")] == ["gen-2"]
    assert answers(other_reader) == before


def test_forgetting_leaves_nothing(embedded: EmbeddedIndex, register: Register, folder: Path) -> None:
    embedded.forget()
    assert embedded.as_of() == 0
    assert not list(folder.glob("gen-*"))
    with pytest.raises(IndexMissing):
        embedded.find(Query())
    embedded.catch_up(register)
    assert embedded.find(Query("宏声")).ids == (3,)


def test_a_register_that_went_back_is_followed_by_a_rebuild(embedded: EmbeddedIndex, register: Register) -> None:
    restored = register_of(some_enterprises()[:3])
    assert embedded.problems(restored)
    assert embedded.catch_up(restored) == 3
    assert embedded.find(Query()).total == 3
    assert embedded.problems(restored) == []


def test_an_index_that_lags_says_so(embedded: EmbeddedIndex, register: Register) -> None:
    register.publish(Document(id=60, name="后来的厂"))
    assert len(embedded.problems(register)) == 1
    assert embedded.find(Query()).as_of == register.number - 1


def test_a_count_at_odds_with_the_register_is_noticed_and_mended(embedded: EmbeddedIndex, register: Register) -> None:
    del register.of_id[20]
    assert embedded.problems(register)
    embedded.catch_up(register)
    assert embedded.problems(register) == []
    assert embedded.find(Query("农业")).total == 0


def _without(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def _cut(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 0xFF
        path.write_bytes(bytes(content))


@pytest.mark.parametrize("harm", [_without, _cut])
@pytest.mark.parametrize("pattern", ["gen-*/meta.json", "gen-*/*.term", "gen-*/*.idx", "gen-*/*.fast", "gen-*/*.store"])
def test_a_damaged_index_is_noticed_on_opening_and_rebuilt(
    embedded: EmbeddedIndex, register: Register, folder: Path, harm: Callable[[Path, str], None], pattern: str
) -> None:
    expected = answers(embedded)
    harm(folder, pattern)
    reader = EmbeddedIndex(folder)
    assert reader.as_of() == 0
    with pytest.raises((IndexDamaged, IndexMissing)):
        reader.find(Query())
    assert EmbeddedIndex(folder).catch_up(register) == register.number
    assert answers(EmbeddedIndex(folder)) == expected


@pytest.mark.parametrize("pattern", ["gen-*/*.term", "gen-*/*.idx", "gen-*/*.fast", "gen-*/*.store", "gen-*/*.pos"])
def test_a_changed_byte_is_found_by_its_checksum(
    embedded: EmbeddedIndex, register: Register, folder: Path, pattern: str
) -> None:
    _flipped(folder, pattern)
    assert embedded.problems(register)
    embedded.rebuild(register)
    assert embedded.problems(register) == []


@pytest.mark.parametrize("content", ["", "gen-9\n", "../../etc\n", "\x00", "gen-x"])
def test_a_spoiled_pointer_is_noticed_and_mended(
    embedded: EmbeddedIndex, register: Register, folder: Path, content: str
) -> None:
    (folder / "CURRENT").write_text(content)
    with pytest.raises((IndexMissing, IndexDamaged)):
        embedded.find(Query())
    embedded.catch_up(register)
    assert embedded.find(Query("宏声")).ids == (3,)


def _write_for_long(folder: Path, begun: Event) -> None:
    class Slow(Register):
        def latest_number(self) -> int:
            begun.set()
            time.sleep(60)
            return 0

    EmbeddedIndex(folder).rebuild(Slow())


def test_a_second_writer_is_refused_and_a_dead_one_leaves_no_lock(
    embedded: EmbeddedIndex, register: Register, folder: Path
) -> None:
    begun = _PROCESSES.Event()
    writer = _PROCESSES.Process(target=_write_for_long, args=(folder, begun))
    writer.start()
    assert begun.wait(30)
    for act in (lambda: embedded.catch_up(register), lambda: embedded.rebuild(register), embedded.forget):
        with pytest.raises(WriterBusy):
            act()
    assert embedded.find(Query("宏声")).ids == (3,)
    writer.kill()
    writer.join()
    register.publish(Document(id=70, name="后来的厂"))
    assert embedded.catch_up(register) == register.number
    assert [path.name for path in folder.glob("gen-*")] == ["gen-1"]


def _catch_up_again_and_again(folder: Path, begun: Event) -> None:
    register = register_of(some_enterprises())
    index = EmbeddedIndex(folder)
    for number in range(100, 100_000):
        register.publish(Document(id=number, name=f"第{number}水泥有限公司"))
        index.rebuild(register) if number % 7 == 0 else index.catch_up(register)
        begun.set()


def test_a_writer_killed_at_any_moment_leaves_an_index_that_can_be_read_and_caught_up(folder: Path) -> None:
    for round_number in range(6):
        begun = _PROCESSES.Event()
        writer = _PROCESSES.Process(target=_catch_up_again_and_again, args=(folder, begun))
        writer.start()
        assert begun.wait(30)
        time.sleep(0.013 * round_number)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        reader = EmbeddedIndex(folder)
        found = reader.find(Query())
        assert found.as_of == found.total == reader.as_of()
        assert reader.problems() == []


def _read_until(folder: Path, text: str, ready: Event, done: Event) -> None:
    index = EmbeddedIndex(folder)
    index.find(Query())
    ready.set()
    while not index.find(Query(text)).total:
        time.sleep(0.002)
    done.set()


@pytest.mark.parametrize("act", ["catch_up", "rebuild"])
def test_an_update_is_seen_by_other_processes_within_a_second(
    embedded: EmbeddedIndex, register: Register, folder: Path, act: str
) -> None:
    ready, done = _PROCESSES.Event(), _PROCESSES.Event()
    reader = _PROCESSES.Process(target=_read_until, args=(folder, "后来居上", ready, done))
    reader.start()
    assert ready.wait(30)
    register.publish(Document(id=80, name="后来居上水泥厂"))
    getattr(embedded, act)(register)
    assert done.wait(1)
    reader.join()
