"""The engine on a Meilisearch server: what it makes of a server that is damaged, strange, slow, wrong or away."""

from __future__ import annotations

import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from public_site.search import Document, EngineAway, IndexDamaged, Query, WriterBusy, generations
from public_site.search.attributes import SETTINGS
from public_site.search.meilisearch_index import PAUSE_SECONDS, MeilisearchIndex
from tests.search import meili_server
from tests.search.conftest import answers
from tests.search.meili_server import KEY, Meili, Refused, send, standing
from tests.search.naive import Register, register_of

NAME = "enterprises"
ALLOWED = 0.3
BUSY_MACHINE = 10  # still less than the five seconds for which a fault here hangs or drips
Reply = Callable[[BaseHTTPRequestHandler], None]


def index_at(url: str, folder: Path, key: str | None = KEY, seconds: float = ALLOWED) -> MeilisearchIndex:
    return MeilisearchIndex(folder / "search", url=url, key=key, name=NAME, seconds=seconds)


class Moody(Meili):
    """A server that can be told to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = 0
        self.forgets_half = False
        self.adding = threading.Event()
        self.adding.set()

    def _add(self, name: str, documents: list[dict[str, Any]]) -> None:
        if self.refuses:
            self.refuses -= 1
            raise Refused(400, "no_space_left_on_device")
        super()._add(name, documents[len(documents) // 2 :] if self.forgets_half else documents)


@pytest.fixture
def meili() -> Moody:
    return Moody()


@pytest.fixture
def url(meili: Moody) -> Iterator[str]:
    with meili_server.serving(meili) as url:
        yield url


@pytest.fixture
def index(url: str, register: Register, tmp_path: Path) -> MeilisearchIndex:
    index = index_at(url, tmp_path, seconds=10)
    index.rebuild(register)
    return index


def _without_record(meili: Meili) -> None:
    del meili.indexes[NAME].documents[0]


def _of_old_format(meili: Meili) -> None:
    meili.indexes[NAME].documents[0]["record"] = json.dumps({"as_of": 7, "count": 7, "format": 0})


def _with_strange_record(meili: Meili) -> None:
    meili.indexes[NAME].documents[0]["record"] = "[]"


def _with_other_settings(meili: Meili) -> None:
    meili.indexes[NAME].settings = dict(SETTINGS) | {"pagination": {"maxTotalHits": 1000}}


def _someone_elses(meili: Meili) -> None:
    meili.indexes[NAME] = meili_server.Index()
    meili.indexes[NAME].documents = {1: {"id": 1, "title": "film"}}


def _lacking_one(meili: Meili) -> None:
    del meili.indexes[NAME].documents[20]


HARMS = [_without_record, _of_old_format, _with_strange_record, _with_other_settings, _someone_elses, _lacking_one]


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_or_strange_index_is_noticed_and_built_anew(
    index: MeilisearchIndex, meili: Moody, register: Register, harm: Callable[[Meili], None]
) -> None:
    expected = answers(index)
    harm(meili)
    meili.indexes[NAME].changed()
    assert index.problems()
    assert index.catch_up(register) == register.number
    assert answers(index) == expected
    assert index.problems(register) == []
    assert list(meili.indexes) == [NAME]


@pytest.mark.parametrize("harm", [_without_record, _of_old_format, _with_strange_record, _someone_elses])
def test_an_index_that_does_not_say_what_it_is_answers_nothing(
    index: MeilisearchIndex, meili: Moody, harm: Callable[[Meili], None]
) -> None:
    harm(meili)
    meili.indexes[NAME].changed()
    with pytest.raises(IndexDamaged):
        index.find(Query("宏声"))
    time.sleep(0.25)
    assert index.as_of() == 0


def test_a_failed_task_is_told_with_its_reason_and_what_was_there_stays(
    index: MeilisearchIndex, meili: Moody, register: Register
) -> None:
    expected = answers(index)
    for act in (index.catch_up, index.rebuild):
        register.publish(Document(id=50, name="新来的厂"))
        meili.refuses = 1
        with pytest.raises(EngineAway, match="no_space_left_on_device"):
            act(register)
        assert answers(index) == expected
        assert list(meili.indexes) == [NAME]
    assert index.catch_up(register) == register.number
    assert index.find(Query("新来")).ids == (50,)


def test_an_index_that_is_not_whole_is_not_put_in_force(
    index: MeilisearchIndex, meili: Moody, register: Register
) -> None:
    expected = answers(index)
    meili.forgets_half = True
    with pytest.raises(IndexDamaged):
        index.rebuild(register)
    assert answers(index) == expected
    assert list(meili.indexes) == [NAME]


def test_what_a_killed_builder_left_is_dropped_by_the_next(
    index: MeilisearchIndex, meili: Moody, register: Register
) -> None:
    meili.indexes[f"{NAME}-building-0"] = meili_server.Index()
    meili.indexes["someone-elses"] = meili_server.Index()
    index.rebuild(register)
    assert sorted(meili.indexes) == [NAME, "someone-elses"]
    meili.indexes[f"{NAME}-building-0"] = meili_server.Index()
    index.forget()
    assert sorted(meili.indexes) == ["someone-elses"]


def test_readers_see_the_old_index_or_the_new_one_and_never_half(
    index: MeilisearchIndex, url: str, register: Register, tmp_path: Path
) -> None:
    reader, seen, done = index_at(url, tmp_path, seconds=10), set(), threading.Event()

    def read() -> None:
        while not done.is_set():
            found = reader.find(Query("有限公司"))
            seen.add((found.as_of, found.total))

    thread = threading.Thread(target=read)
    thread.start()
    before = (register.number, 3)
    register.publish(*(Document(id=number, name=f"第{number}有限公司") for number in range(100, 400)))
    index.rebuild(register)
    assert reader.find(Query("有限公司")).total == 303
    done.set()
    thread.join()
    assert seen <= {before, (register.number, 303)}


def test_batches_are_bounded_and_together_whole(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meili: Moody
) -> None:
    monkeypatch.setattr("public_site.search.meilisearch_index.BATCH_BYTES", 20_000)
    register = register_of(Document(id=number, name=f"第{number}演示有限公司") for number in range(1, 101))
    index = index_at(url, tmp_path, seconds=10)
    index.rebuild(register)
    assert index.problems(register) == []
    assert len([task for task in meili.tasks if task["type"] == "change"]) > 5


def test_what_is_published_is_seen_by_another_reader(
    index: MeilisearchIndex, url: str, register: Register, tmp_path: Path
) -> None:
    reader = index_at(url, tmp_path, seconds=10)
    assert reader.as_of() == register.number
    register.publish(Document(id=80, name="后来居上水泥厂"))
    index.catch_up(register)
    while reader.as_of() != register.number:  # how soon: `python -m benchmarks.search_meili`
        time.sleep(0.01)
    assert reader.find(Query("后来居上")).ids == (80,)


def test_catching_up_twice_changes_nothing(index: MeilisearchIndex, meili: Moody, register: Register) -> None:
    done = len(meili.tasks)
    index.catch_up(register)
    assert len(meili.tasks) == done


def _hold_the_lock(folder: Path, held: Any, release: Any) -> None:
    with generations.writing(folder):
        held.set()
        release.wait(30)


def test_a_second_writer_on_this_machine_is_refused(index: MeilisearchIndex, register: Register) -> None:
    processes = multiprocessing.get_context("spawn")
    held, release = processes.Event(), processes.Event()
    writer = processes.Process(target=_hold_the_lock, args=(index.folder, held, release))
    writer.start()
    assert held.wait(30)
    for act in (lambda: index.catch_up(register), lambda: index.rebuild(register), index.forget):
        with pytest.raises(WriterBusy):
            act()
    assert index.find(Query("宏声")).ids == (3,)
    release.set()
    writer.join()


def test_a_wrong_key_is_told_and_finds_nothing(url: str, index: MeilisearchIndex, tmp_path: Path) -> None:
    stranger = index_at(url, tmp_path, key="another key")
    with pytest.raises(EngineAway, match="invalid_api_key"):
        stranger.find(Query("宏声"))
    assert stranger.problems()


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))


def _never(handler: BaseHTTPRequestHandler) -> None:
    _body(handler)
    time.sleep(5)


def _drop_by_drop(handler: BaseHTTPRequestHandler) -> None:
    _body(handler)
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def _header_by_header(handler: BaseHTTPRequestHandler) -> None:
    _body(handler)
    for letter in b"HTTP/1.1 200 OK" + b" " * 85:
        handler.wfile.write(bytes([letter]))
        time.sleep(0.05)


def _hangs_up(handler: BaseHTTPRequestHandler) -> None:
    _body(handler)
    handler.close_connection = True


def _cut_short(handler: BaseHTTPRequestHandler) -> None:
    _body(handler)
    send(handler, b'{"results": [{"hits": [{"id": 3')


def _cut_short_of_its_length(handler: BaseHTTPRequestHandler) -> None:
    _body(handler)
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"results": [')
    handler.close_connection = True


def _says(content: bytes, status: int = 200) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        _body(handler)
        send(handler, content, status)

    return reply


def _tells(change: Callable[[dict[str, Any]], None]) -> Reply:
    """A server that answers every question in the right shape, but for one change."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        results = []
        for question in json.loads(_body(handler))["queries"]:
            told: dict[str, Any] = {"hits": [], "totalHits": 0}
            if question["facets"]:
                told["facetDistribution"] = {facet: {} for facet in question["facets"]}
            if "record" in question["filter"]:
                record = json.dumps({"as_of": 7, "count": 7, "format": 1})
                told |= {"hits": [{"record": record}], "totalHits": 1}
            elif question["hitsPerPage"] and "grams" in question["filter"]:
                told |= {"hits": [{"id": 3}], "totalHits": 1}
            change(told)
            results.append(told)
        send(handler, json.dumps({"results": results}).encode())

    return reply


def _changed(**changes: Any) -> Reply:
    return _tells(lambda told: told.update(changes))


FAULTS: dict[str, Reply] = {
    "never answers": _never,
    "answers drop by drop": _drop_by_drop,
    "answers header by header": _header_by_header,
    "hangs up": _hangs_up,
    "500": _says(b'{"message": "oh", "code": "internal", "type": "internal", "link": ""}', 500),
    "500 in HTML": _says(b"<h1>Oops</h1>", 500),
    "404 of another service": _says(b"not here", 404),
    "a redirection to nowhere": _says(b"", 302),
    "cut short": _cut_short,
    "shorter than it says": _cut_short_of_its_length,
    "HTML": _says(b"<!doctype html><title>Welcome</title>"),
    "nothing": _says(b""),
    "not UTF-8": _says(b"\xff\xfe\x00"),
    "a number": _says(b"7"),
    "a list": _says(b"[1, 2]"),
    "no results": _says(b"{}"),
    "results of another kind": _says(b'{"results": [7, null]}'),
    "too few results": _says(b'{"results": []}'),
    "deeply nested": _says(b"[" * 100_000),
    "a negative total": _changed(totalHits=-1),
    "a total in words": _changed(totalHits="many"),
    "half a total": _changed(totalHits=1.5),
    "hits that are none": _changed(hits=None),
    "more hits than there are": _changed(hits=[{"id": 3}, {"id": 4}, {"id": 5}]),
    "ids in words": _tells(lambda told: told.update(hits=[{"id": "3"}] if told["hits"] else [])),
    "ids that cannot be": _tells(lambda told: told.update(hits=[{"id": -3} for _ in told["hits"]])),
    "ids beyond all numbers": _tells(lambda told: told.update(hits=[{"id": 10**30} for _ in told["hits"]])),
    "no facets": _tells(lambda told: told.pop("facetDistribution", None)),
    "no counts of facets": _tells(lambda told: told.update(totalHits=len(told["hits"]) or 2, facetDistribution={})),
    "facets of another kind": _tells(lambda told: told.update(facetDistribution=[1])),
    "counts below nothing": _tells(lambda told: told.update(facetDistribution={"province": {"1": -1}})),
}


@contextmanager
def faulty(reply: Reply) -> Iterator[str]:
    with standing(reply) as url:
        yield url


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_server_does_is_one_fault_in_little_time(fault: str, tmp_path: Path) -> None:
    with faulty(FAULTS[fault]) as url:
        index = index_at(url, tmp_path)
        begun = time.monotonic()
        with pytest.raises((EngineAway, IndexDamaged)):
            index.find(Query("宏声"))
        assert time.monotonic() - begun < BUSY_MACHINE * ALLOWED
        with pytest.raises((EngineAway, IndexDamaged)):
            index.suggest("宏声")
        assert index.as_of() in (0, 7)


def test_a_server_of_the_right_shape_is_believed(tmp_path: Path) -> None:
    """Or else the tests above would prove nothing."""
    with faulty(_tells(lambda _: None)) as url:
        found = index_at(url, tmp_path).find(Query("宏声"))
    assert (found.ids, found.as_of) == ((3,), 7)


def test_a_server_that_refuses_is_a_fault_for_readers_and_writers(tmp_path: Path, register: Register) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        index = index_at(f"http://127.0.0.1:{taken.getsockname()[1]}", tmp_path)
        for act in (
            lambda: index.find(Query("宏声")),
            lambda: index.suggest("宏声"),
            lambda: index.catch_up(register),
            lambda: index.rebuild(register),
            index.forget,
        ):
            with pytest.raises(EngineAway):
                act()
        assert index.as_of() == 0
        assert index.problems(register)


@pytest.mark.parametrize("fault", ["500", "HTML", "nothing", "a number", "no results", "cut short", "hangs up"])
def test_whoever_writes_is_told_so_too(fault: str, tmp_path: Path, register: Register) -> None:
    with faulty(FAULTS[fault]) as url:
        index = index_at(url, tmp_path)
        for act in (index.catch_up, index.rebuild):
            with pytest.raises(EngineAway):
                act(register)
        assert index.problems(register)


def test_a_hanging_server_costs_its_time_once_and_is_tried_again(tmp_path: Path, register: Register) -> None:
    meili, hangs, asked = Meili(), True, 0

    def reply(handler: BaseHTTPRequestHandler) -> None:
        nonlocal asked
        asked += 1
        if hangs:
            _never(handler)
        else:
            body = _body(handler)
            send(handler, json.dumps(meili.answer(handler.command, handler.path[1:].split("/"), body)).encode())

    with meili_server.serving(meili) as url:
        index_at(url, tmp_path, seconds=10).rebuild(register)
    with standing(reply) as url:
        index = index_at(url, tmp_path)
        with pytest.raises(EngineAway):
            index.find(Query("宏声"))
        for _ in range(10):
            with pytest.raises(EngineAway):
                index.find(Query("宏声"))
        assert asked == 1
        hangs = False
        time.sleep(PAUSE_SECONDS)
        assert index.find(Query("宏声")).ids == (3,)
