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

from public_site.search import Document, IndexDamaged, IndexMissing, Query, WriterBusy, generations
from public_site.search.embedded_index import EmbeddedIndex
from tests.search.conftest import answers, some_enterprises
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


def test_asking_for_what_is_not_there_leaves_no_trace(folder: Path) -> None:
    assert EmbeddedIndex(folder).as_of() == 0
    assert EmbeddedIndex(folder).problems()
    assert not folder.exists()


def test_catching_up_twice_changes_nothing(embedded: EmbeddedIndex, register: Register, folder: Path) -> None:
    register.publish(Document(id=50, name="新厂"))
    embedded.catch_up(register)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    embedded.catch_up(register)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before


def test_catching_up_goes_on_in_the_same_generation_and_forgetting_leaves_none(
    embedded: EmbeddedIndex, register: Register, folder: Path
) -> None:
    register.publish(Document(id=50, name="新来的厂"))
    register.withdraw(20)
    embedded.catch_up(register)
    assert (folder / "CURRENT").read_text() == "gen-1\n"
    embedded.forget()
    assert not list(folder.glob("gen-*"))


def test_a_rebuild_goes_on_aside_and_old_generations_go(
    embedded: EmbeddedIndex, register: Register, folder: Path
) -> None:
    other_reader = EmbeddedIndex(folder)
    before = answers(other_reader)
    embedded.rebuild(register)
    assert [path.name for path in folder.glob("gen-*")] == ["gen-2"]
    assert answers(other_reader) == before


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
@pytest.mark.parametrize(
    "pattern", ["gen-*/meta.json", "gen-*/*.term", "gen-*/*.idx", "gen-*/*.fast", "gen-*/*.store", "gen-*/*.held"]
)
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
    assert begun.wait(120)
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
        assert begun.wait(120)
        time.sleep(0.013 * round_number)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        reader = EmbeddedIndex(folder)
        found = reader.find(Query())
        assert found.as_of == found.total == reader.as_of()
        assert reader.problems() == []


def test_what_a_killed_writer_left_behind_is_no_damage_but_a_changed_byte_is(
    embedded: EmbeddedIndex, register: Register, folder: Path
) -> None:
    embedded.catch_up(register)
    home = generations.current(folder)
    assert home is not None
    (home / "25c0e0dc639a47d6bf415343f70bc773.fast").write_bytes(b"half of a")
    (home / "999999.held").write_bytes(b"half of a")
    assert embedded.problems() == []
    committed = next(home / name for name in generations.segment_files(home) if name.endswith(".term"))
    content = bytearray(committed.read_bytes())
    content[0] ^= 1
    committed.write_bytes(content)
    assert [committed.name in told for told in embedded.problems()] == [True]


def _read_until(folder: Path, text: str, ready: Event, done: Event) -> None:
    index = EmbeddedIndex(folder)
    index.find(Query())
    ready.set()
    while not index.find(Query(text)).total:
        time.sleep(0.002)
    done.set()


@pytest.mark.parametrize("act", ["catch_up", "rebuild"])
def test_an_update_is_seen_by_other_processes(
    embedded: EmbeddedIndex, register: Register, folder: Path, act: str
) -> None:
    ready, done = _PROCESSES.Event(), _PROCESSES.Event()
    reader = _PROCESSES.Process(target=_read_until, args=(folder, "后来居上", ready, done))
    reader.start()
    assert ready.wait(120)
    register.publish(Document(id=80, name="后来居上水泥厂"))
    getattr(embedded, act)(register)
    assert done.wait(120)  # how soon: `make bench-search`
    reader.join()
