"""The engine beside the process: a Meilisearch server, asked through its official client. Nothing else imports it.

Traps that shaped this file: the client opens a connection for every request and keeps the headers of all threads in one
place, so each request has a client for itself, whose connection stays open (`_Kept`); its time limit starts anew with
every byte, and looking up a host's name has none, so whoever waits does so for a thread, not for a socket (`_Clients`);
adding documents to an index that is gone makes a new one with other settings, so what is built aside is looked at
before it is put in force; what is asked for is done later, and may fail then, so tasks are awaited.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import uuid4

import meilisearch
import numpy as np
import orjson
import requests
from meilisearch._httprequests import HttpRequests
from meilisearch.errors import MeilisearchApiError, MeilisearchError
from meilisearch.index import Index
from meilisearch.models.task import TaskInfo

from public_site.search import attributes, filter_text, generations, multi_search, wire
from public_site.search.attributes import Record
from public_site.search.cells import Numbers
from public_site.search.values import (
    LIMIT,
    Document,
    EngineAway,
    Found,
    IndexDamaged,
    IndexMissing,
    Query,
    QueryNotValid,
    Source,
)
from public_site.search.wire import Answer, Question

PAUSE_SECONDS = 3.0
REMEMBERED_SECONDS = 0.2
WRITE_SECONDS = 60
TASK_SECONDS = 60
BUILD_SECONDS = 3 * 3600
BATCH_BYTES = 16_000_000
MOST_CHANGED = 5_000
FETCHED = 20_000  # ids at most, page by page
MOST_INDEXES = 1_000
_SERVER_ERRORS = 500
_ASIDE = "-building-"
T = TypeVar("T")


class MeilisearchIndex:
    """One index of a server. Any number of processes may read; of each machine one writes (`folder` holds its lock)."""

    def __init__(self, folder: Path, *, url: str, key: str | None, name: str, seconds: float) -> None:
        self.folder = folder
        self.name = name
        self._service = _Service(url, key, name, seconds)
        self._url, self._key = url, key
        self._remembered: tuple[float, Record] | None = None

    def find(self, query: Query) -> Found:
        return multi_search.find(self._service.within_time(), query)

    def every_id(self, query: Query) -> Numbers:
        """All ids that answer the query, ascending.

        Raises: QueryNotValid where they are more than may be fetched page by page.
        """
        page = self.find(replace(query, sort="id", cursor=None, limit=LIMIT))
        if page.total > FETCHED:
            raise QueryNotValid("text", f"符合的企业超过 {FETCHED} 家，地图上显示不下，请多写几个字或者加上筛选条件。")
        found = [page.ids]
        while page.next:
            page = self.find(replace(query, sort="id", cursor=page.next, limit=LIMIT))
            found.append(page.ids)
        return np.array(sorted(id for ids in found for id in ids), np.int64)

    def suggest(self, text: str, limit: int = 8) -> tuple[int, ...]:
        return multi_search.suggest(self._service.within_time(), text, limit)

    def as_of(self) -> int:
        """The entry number the index stands at, as of a moment ago; 0 when there is none or it is away."""
        remembered = self._remembered
        if remembered is not None and time.monotonic() < remembered[0]:
            return remembered[1].as_of
        try:
            record = wire.record(self._service.within_time()([wire.OF_RECORD])[0])
        except (IndexMissing, IndexDamaged, EngineAway):
            self._remembered = None
            return 0
        self._remembered = time.monotonic() + REMEMBERED_SECONDS, record
        return record.as_of

    def catch_up(self, source: Source) -> int:
        """Take in what changed since; build anew what is missing, damaged or at odds with the register."""
        with self._writing() as server:
            return self._caught_up(server, source)

    def rebuild(self, source: Source) -> int:
        """Build a new index aside and put it in force; readers go on meanwhile."""
        with self._writing() as server:
            return self._rebuilt(server, source)

    def forget(self) -> None:
        with self._writing() as server:
            for name in server.names():
                if name == self.name or name.startswith(self.name + _ASIDE):
                    server.drop(name)

    def problems(self, source: Source | None = None) -> list[str]:
        """What is wrong with the index: away, not ours, damaged, behind or at odds with the register."""
        try:
            server = _Server(self._url, self._key)
            record, count = self._looked_at(server, self.name)
        except (IndexMissing, IndexDamaged, EngineAway) as fault:
            return [str(fault)]
        if record.count != count:
            return [str(IndexDamaged("文档数不符"))]
        if source is None:
            return []
        latest, documents = source.latest_number(), source.document_count()
        if record.as_of != latest:
            return [f"索引停在第 {record.as_of} 条记录，登记册已到第 {latest} 条。"]
        return [] if count == documents else [f"索引有 {count} 家企业，登记册有 {documents} 家。"]

    @contextmanager
    def _writing(self) -> Iterator[_Server]:
        with generations.writing(self.folder):
            try:
                yield _Server(self._url, self._key)
            finally:
                self._remembered = None

    def _looked_at(self, server: _Server, name: str) -> tuple[Record, int]:
        """What an index says of itself and how many enterprises it holds. Raises: IndexMissing, IndexDamaged."""
        if name not in server.names():
            raise IndexMissing
        if not server.has_settings(name):
            raise IndexDamaged("索引设置不符")
        record = wire.record(server.asked(name, wire.OF_RECORD))
        return record, server.count(name) - 1

    def _caught_up(self, server: _Server, source: Source) -> int:
        try:
            record, count = self._looked_at(server, self.name)
        except (IndexMissing, IndexDamaged):
            return self._rebuilt(server, source)
        latest = source.latest_number()
        if record.as_of == latest and count == record.count == source.document_count():
            return latest
        changed = sorted(set(source.changed_since(record.as_of)))
        if record.as_of >= latest or len(changed) > MOST_CHANGED:
            return self._rebuilt(server, source)
        count = self._taken_in(server, source, changed, latest)
        if count != source.document_count() and source.latest_number() == latest:
            return self._rebuilt(server, source)
        return latest

    def _taken_in(self, server: _Server, source: Source, changed: list[int], latest: int) -> int:
        """What is there and the index's record come in one step; what is gone goes before. How many there are then."""
        documents = list(source.documents(changed)) if changed else []
        if gone := sorted(set(changed) - {document.id for document in documents}):
            server.remove(self.name, gone)
        known = server.known(self.name, [document.id for document in documents])
        count = server.count(self.name) - 1 + len(documents) - known
        lines = [*map(_line, documents), _line(Record(latest, count))]
        server.done(server.add(self.name, b"\n".join(lines)))
        return server.count(self.name) - 1

    def _rebuilt(self, server: _Server, source: Source) -> int:
        for left_over in server.names():
            if left_over.startswith(self.name + _ASIDE):
                server.drop(left_over)
        aside = f"{self.name}{_ASIDE}{uuid4().hex[:12]}"
        try:
            record = self._built(server, source, aside)
            if self._looked_at(server, aside) != (record, record.count):
                raise IndexDamaged("新建的索引不完整")
            if self.name not in server.names():
                server.make(self.name)
            server.swap(self.name, aside)
        finally:
            with suppress(EngineAway):  # the next rebuild drops what could not be dropped now
                server.drop(aside)
        return record.as_of

    def _built(self, server: _Server, source: Source, aside: str) -> Record:
        """All documents, then the record of them, in an index of its own."""
        server.make(aside)
        latest, count = source.latest_number(), 0
        tasks, waiting, size = [], [], 0
        for document in source.documents(None):
            waiting.append(_line(document))
            count, size = count + 1, size + len(waiting[-1])
            if size > BATCH_BYTES:
                tasks.append(server.add(aside, b"\n".join(waiting)))
                waiting, size = [], 0
        record = Record(latest, count)
        tasks.append(server.add(aside, b"\n".join([*waiting, _line(record)])))
        for task in tasks:
            server.done(task, BUILD_SECONDS)
        return record


def _line(of: Document | Record) -> bytes:
    return orjson.dumps(of.document() if isinstance(of, Record) else attributes.attributes(of))


class _Kept(HttpRequests):
    """The client's requests over connections that stay open, and never by way of a proxy. Trap: an answer that the server
    packs comes in several pieces, and the last waits 40 ms for the receipt of the one before."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept-Encoding"] = "identity"

    def send_request(self, http_method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return super().send_request(getattr(self._session, http_method.__name__), *arguments, **named)


class _Clients:
    """Clients that wait to be used: each request has one for itself, and whoever makes it is back in time, whatever the
    server does. A thread that a server keeps holds nobody up, not even the end of the process."""

    def __init__(self, url: str, key: str | None, seconds: float) -> None:
        self._url, self._key, self._seconds = url, key, seconds
        self._idle: deque[meilisearch.Client] = deque()

    def ask(self, act: Callable[[meilisearch.Client], T], seconds: float) -> T:
        told: Future[T] = Future()
        threading.Thread(target=self._run, args=(act, told), daemon=True).start()
        try:
            return told.result(max(0.0, seconds))
        except NotInTime:
            raise EngineAway("没有按时应答") from None

    def _run(self, act: Callable[[meilisearch.Client], T], told: Future[T]) -> None:
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._new()
        try:
            with _telling_faults():
                result = act(client)
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            told.set_exception(error)
        else:
            self._idle.append(client)
            told.set_result(result)

    def _new(self) -> meilisearch.Client:
        seconds: Any = self._seconds  # the client says whole seconds, but takes parts of one
        client = meilisearch.Client(self._url, self._key, timeout=seconds)
        client.http = client.task_handler.http = _Kept(client.config)
        return client


@contextmanager
def _telling_faults() -> Iterator[None]:
    """Whatever a server or what stands in its place may do becomes a fault that callers know."""
    try:
        yield
    except MeilisearchApiError as error:
        if error.code == "index_not_found":
            raise IndexMissing from None
        if error.status_code < _SERVER_ERRORS and error.code in ("invalid_search_filter", "invalid_search_sort",
                                                                 "invalid_search_facets"):  # fmt: skip
            raise IndexDamaged(str(error.code)) from error
        raise EngineAway(str(error.code or f"HTTP {error.status_code}")) from error
    except (MeilisearchError, requests.RequestException) as error:
        raise EngineAway(type(error).__name__) from error
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:  # the client takes answers apart unseen
        raise EngineAway("应答无法读取") from error


class _Service:
    """The server as searches meet it: they wait no longer than they may, and not at all while it is known to be away."""

    def __init__(self, url: str, key: str | None, name: str, seconds: float) -> None:
        self._clients = _Clients(url, key, seconds)
        self._seconds = seconds
        self._name = name
        self._lock = threading.Lock()
        self._away_until = 0.0

    def within_time(self) -> wire.Ask:
        """Asking for one answer's sake: however many requests it takes, together they have `seconds`."""
        ends = time.monotonic() + self._seconds
        return lambda questions: self._asked(questions, ends)

    def _asked(self, questions: Sequence[Question], ends: float) -> list[Answer]:
        self._require_not_away()
        try:
            told = self._clients.ask(lambda client: self._told(client, questions), ends - time.monotonic())
        except EngineAway:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            raise
        except (IndexMissing, IndexDamaged):
            self._away_until = 0.0
            raise
        self._away_until = 0.0
        return told

    def _told(self, client: meilisearch.Client, questions: Sequence[Question]) -> list[Answer]:
        results = client.multi_search([wire.written(self._name, question) for question in questions])["results"]
        return [wire.read(result, question) for result, question in zip(results, questions, strict=True)]

    def _require_not_away(self) -> None:
        """One request at a time finds out whether the server is back; the others are refused at once."""
        if not self._away_until:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                raise EngineAway("刚才没有应答")
            if self._away_until:
                self._away_until = now + PAUSE_SECONDS


class _Server:
    """The server as the one writer meets it: acts that are tasks there, each awaited."""

    def __init__(self, url: str, key: str | None) -> None:
        self._clients = _Clients(url, key, WRITE_SECONDS)

    def _ask(self, act: Callable[[meilisearch.Client], T]) -> T:
        return self._clients.ask(act, WRITE_SECONDS)

    def _ask_index(self, name: str, act: Callable[[Index], T]) -> T:
        def of_index(client: meilisearch.Client) -> T:
            index = client.index(name)
            index.http = client.http
            return act(index)

        return self._ask(of_index)

    def names(self) -> list[str]:
        def listed(client: meilisearch.Client) -> list[str]:
            told: Any = client.get_raw_indexes({"limit": MOST_INDEXES})
            return [str(one["uid"]) for one in told["results"]]

        return self._ask(listed)

    def count(self, name: str) -> int:
        return self._ask_index(name, lambda index: int(index.get_stats().number_of_documents))

    def known(self, name: str, ids: Sequence[int]) -> int:
        """How many of these are there already."""
        return self.asked(name, Question(filter_text.is_one_of("id", ids))).total if ids else 0

    def asked(self, name: str, question: Question) -> Answer:
        return self._ask(
            lambda client: wire.read(client.multi_search([wire.written(name, question)])["results"][0], question)
        )

    def has_settings(self, name: str) -> bool:
        found = self._ask_index(name, lambda index: dict(index.get_settings()))
        return all(_holds(found.get(setting), wanted) for setting, wanted in attributes.SETTINGS.items())

    def make(self, name: str) -> None:
        self.done(self._ask(lambda client: client.create_index(name, {"primaryKey": "id"})))
        self.done(self._ask_index(name, lambda index: index.update_settings(dict(attributes.SETTINGS))))

    def add(self, name: str, lines: bytes) -> TaskInfo:
        return self._ask_index(name, lambda index: index.add_documents_ndjson(lines, "id"))

    def remove(self, name: str, ids: Sequence[int]) -> None:
        gone = filter_text.is_one_of("id", ids)
        self.done(self._ask_index(name, lambda index: index.delete_documents(filter=gone)))

    def swap(self, name: str, other: str) -> None:
        self.done(self._ask(lambda client: client.swap_indexes([{"indexes": [name, other]}])))

    def drop(self, name: str) -> None:
        self.done(self._ask(lambda client: client.delete_index(name)))

    def done(self, task: TaskInfo, seconds: int = TASK_SECONDS) -> None:
        """Wait for a task. Raises: EngineAway with the server's reason, when it fails or takes too long."""
        every = 5 if seconds == TASK_SECONDS else 200
        found = self._clients.ask(
            lambda client: client.wait_for_task(task.task_uid, seconds * 1000, every), seconds + WRITE_SECONDS
        )
        if found.status != "succeeded":
            reason = (found.error or {}).get("message") or found.status
            raise EngineAway(f"任务 {task.task_uid} 未完成：{reason}")


def _holds(found: object, wanted: object) -> bool:
    """Does a setting, as the server tells it, say what is wanted? It adds what we leave to it, and orders lists."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        there = isinstance(found, list) and len(found) == len(wanted)
        return there and all(any(_holds(one, value) for one in cast("list[object]", found)) for value in wanted)
    return found == wanted
