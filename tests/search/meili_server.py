"""A small server that speaks as much of Meilisearch's HTTP interface as search uses: for tests without a real one.

It shares nothing with the code under test. Filters are read from their text; attributes that the settings do not name
are refused; tasks are done later, one after the other, by a thread; adding to an index that is gone makes it, without
settings; values are compared in their normal form and cut to 468 bytes, as the real one does.
"""

from __future__ import annotations

import json
import queue
import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-key-for-tests-only"
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[<>]=?|=|[()\[\],]|STARTS WITH|[\w.+-]+)')
Json = dict[str, Any]
Ids = frozenset[int]


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


def normal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    plain = unicodedata.normalize("NFKD", value.strip()).lower()
    return plain.encode()[:468].decode(errors="ignore")


class Index:
    """Documents by id, the settings, and look-up tables made anew after each change."""

    def __init__(self) -> None:
        self.documents: dict[int, Json] = {}
        self.settings: Json = {"filterableAttributes": [], "sortableAttributes": [], "displayedAttributes": ["*"]}
        self.changed()

    def changed(self) -> None:
        self._tables: dict[str, dict[Any, set[int]]] = {}

    def table(self, attribute: str) -> dict[Any, set[int]]:
        if attribute not in self._tables:
            table = self._tables[attribute] = defaultdict(set)
            for number, document in self.documents.items():
                for value in values(document, attribute):
                    table[normal(value)].add(number)
        return self._tables[attribute]

    def allows(self, attribute: str, *, comparison: bool = False) -> None:
        for rule in self.settings["filterableAttributes"]:
            if rule == attribute:
                return
            named = isinstance(rule, dict) and attribute in rule["attributePatterns"]
            if named and (not comparison or rule["features"]["filter"]["comparison"]):
                return
        raise Refused(400, "invalid_search_filter")


def values(document: Json, attribute: str) -> list[Any]:
    found = document.get(attribute)
    return found if isinstance(found, list) else [] if found is None else [found]


class Filter:
    """Reads the text of a filter, and says who meets it."""

    def __init__(self, text: str, index: Index) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise Refused(400, "invalid_search_filter")
            self.tokens.append(found[1])
            at = found.end()
        self.tokens.append("")
        self.at = 0
        self.index = index
        self.everybody = frozenset(index.documents)
        self.found = self.either()
        if self.tokens[self.at]:
            raise Refused(400, "invalid_search_filter")

    def next(self, *expected: str) -> str:
        token = self.tokens[self.at]
        if not token or (expected and token not in expected):
            raise Refused(400, "invalid_search_filter")
        self.at += 1
        return token

    def either(self) -> Ids:
        found = self.both()
        while self.tokens[self.at] == "OR":
            self.at += 1
            found |= self.both()
        return found

    def both(self) -> Ids:
        found = self.one()
        while self.tokens[self.at] == "AND":
            self.at += 1
            found &= self.one()
        return found

    def one(self) -> Ids:
        token = self.next()
        if token == "NOT":
            return self.everybody - self.one()
        if token == "(":
            found = self.either()
            self.next(")")
            return found
        return self.condition(token)

    def condition(self, attribute: str) -> Ids:
        operator = self.next("=", "<", ">", "<=", ">=", "IN", "STARTS WITH")
        self.index.allows(attribute, comparison=operator[0] in "<>")
        table = self.index.table(attribute)
        if operator == "IN":
            self.next("[")
            wanted = [self.value()]
            while self.next(",", "]") == ",":
                wanted.append(self.value())
            return self.holding(table, *wanted)
        wanted_value = self.value()
        if operator == "=":
            return self.holding(table, wanted_value)
        if operator == "STARTS WITH":
            start = wanted_value[0]
            return frozenset().union(*(ids for value, ids in table.items() if str(value).startswith(start)))
        return self.compared(table, operator, wanted_value)

    def value(self) -> tuple[str, float | None]:
        """A value as text, and as a number where it can be one."""
        token = self.next()
        text = normal(token[1:-1].replace('\\"', '"') if token.startswith('"') else token)
        try:
            return text, float(text)
        except ValueError:
            return text, None

    def holding(self, table: dict[Any, set[int]], *wanted: tuple[str, float | None]) -> Ids:
        return frozenset().union(*(table.get(key, set()) for one in wanted for key in one if key is not None))

    def compared(self, table: dict[Any, set[int]], operator: str, wanted: tuple[str, float | None]) -> Ids:
        def holds(value: Any) -> bool:
            bound: Any = wanted[0] if isinstance(value, str) else wanted[1]
            if bound is None:
                return False
            return bool({"<": value < bound, ">": value > bound, "<=": value <= bound, ">=": value >= bound}[operator])

        return frozenset().union(*(ids for value, ids in table.items() if holds(value)))


class Meili:
    """The server's state: indexes by name, and the tasks."""

    def __init__(self) -> None:
        self.indexes: dict[str, Index] = {}
        self.tasks: list[Json] = []
        self.requests = 0
        self._lock = threading.RLock()
        self._waiting: queue.Queue[tuple[Json, Callable[[], None]] | None] = queue.Queue()
        self.away = False  # who asks is hung up on
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def stop(self) -> None:
        self._waiting.put(None)
        self._worker.join()

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            task, act = item
            with self._lock:
                try:
                    act()
                    task["status"] = "succeeded"
                except Refused as refused:
                    task |= {"status": "failed", "error": {"code": refused.code, "message": refused.code}}

    def _later(self, name: str | None, kind: str, act: Callable[[], None]) -> Json:
        with self._lock:
            about = {"indexUid": name, "status": "enqueued", "type": kind, "enqueuedAt": "2026-01-01T00:00:00.000000Z"}
            task = {"uid": len(self.tasks), **about}
            self.tasks.append(task)
            self._waiting.put((task, act))
            return {"taskUid": task["uid"], **about}

    def index(self, name: str) -> Index:
        if name not in self.indexes:
            raise Refused(404, "index_not_found")
        return self.indexes[name]

    def answer(self, method: str, path: list[str], body: bytes) -> Any:
        with self._lock:
            self.requests += 1
            match method, path:
                case "GET", ["tasks", number]:
                    return dict(self.tasks[int(number)])
                case "GET", ["indexes"]:
                    return {"results": [{"uid": name} for name in self.indexes]}
                case "GET", ["indexes", name, "settings"]:
                    settings = self.index(name).settings
                    return settings | {"sortableAttributes": sorted(settings["sortableAttributes"])}
                case "GET", ["indexes", name, "stats"]:
                    count = len(self.index(name).documents)
                    return {"numberOfDocuments": count, "isIndexing": False, "fieldDistribution": {}}
                case "POST", ["multi-search"]:
                    return {"results": [self._search(**question) for question in json.loads(body)["queries"]]}
                case "POST", ["swap-indexes"]:
                    [pair] = json.loads(body)
                    return self._later(None, "indexSwap", lambda: self._swap(*pair["indexes"]))
                case "POST", ["indexes"]:
                    return self._later(None, "indexCreation", lambda: self._make(json.loads(body)["uid"]))
                case _, ["indexes", name, *rest]:
                    return self._later(name, "change", self._change(method, name, rest, body))
            raise Refused(404, "not_found")

    def _change(self, method: str, name: str, rest: list[str], body: bytes) -> Callable[[], None]:
        match method, rest:
            case "DELETE", []:
                return lambda: self._drop(name)
            case "PATCH", ["settings"]:
                return lambda: self.index(name).settings.update(json.loads(body))
            case "POST", ["documents"]:
                return lambda: self._add(name, [json.loads(line) for line in body.splitlines() if line.strip()])
            case "POST", ["documents", "delete"]:
                return lambda: self._remove(name, json.loads(body)["filter"])
        raise Refused(404, "not_found")

    def _make(self, name: str) -> None:
        if name in self.indexes:
            raise Refused(409, "index_already_exists")
        self.indexes[name] = Index()

    def _drop(self, name: str) -> None:
        self.index(name)
        del self.indexes[name]

    def _swap(self, one: str, other: str) -> None:
        self.indexes[one], self.indexes[other] = self.index(other), self.index(one)

    def _add(self, name: str, documents: list[Json]) -> None:
        index = self.indexes.setdefault(name, Index())
        index.documents |= {document["id"]: document for document in documents}
        index.changed()

    def _remove(self, name: str, wanted: str) -> None:
        index = self.index(name)
        for number in Filter(wanted, index).found:
            del index.documents[number]
        index.changed()

    def _search(self, **asked: Any) -> Json:
        index = self.index(asked["indexUid"])
        found = sorted(Filter(asked["filter"], index).found)
        for key in reversed(asked["sort"]):
            found = self._sorted(index, found, *key.rsplit(":", 1))
        shown = set(asked["attributesToRetrieve"]) & set(index.settings["displayedAttributes"])
        hits = [
            {name: value for name, value in index.documents[number].items() if name in shown}
            for number in found[: asked["hitsPerPage"]]
        ]
        told: Json = {"hits": hits, "totalHits": min(len(found), index.settings["pagination"]["maxTotalHits"])}
        if asked["facets"]:
            known = {name for document in index.documents.values() for name in document}
            counts = {facet: self._counts(index, found, facet) for facet in asked["facets"]}
            told["facetDistribution"] = {facet: count for facet, count in counts.items() if facet in known}
        return told

    def _sorted(self, index: Index, found: list[int], attribute: str, direction: str) -> list[int]:
        downward = direction == "desc"
        if attribute not in index.settings["sortableAttributes"]:
            raise Refused(400, "invalid_search_sort")
        there = [number for number in found if values(index.documents[number], attribute)]
        there.sort(key=lambda number: normal(index.documents[number][attribute]), reverse=downward)
        return there + [number for number in found if number not in set(there)]

    def _counts(self, index: Index, found: list[int], facet: str) -> dict[str, int]:
        index.allows(facet)
        counts: dict[str, int] = {}
        for number in found:
            for value in values(index.documents[number], facet):
                counts[value] = counts.get(value, 0) + 1
        return dict(sorted(counts.items())[: index.settings["faceting"]["maxValuesPerFacet"]])


@contextmanager
def serving(meili: Meili) -> Iterator[str]:
    """The address of a server over `meili`, on this machine only."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        try:
            if handler.headers["Authorization"] != f"Bearer {KEY}":
                raise Refused(403, "invalid_api_key")
            if meili.away:
                raise ConnectionResetError
            path = handler.path.partition("?")[0].strip("/").split("/")
            send(handler, json.dumps(meili.answer(handler.command, path, body)).encode())
        except Refused as refused:
            told = {"code": refused.code, "message": refused.code, "type": "", "link": ""}
            send(handler, json.dumps(told).encode(), refused.status)

    with standing(reply) as url:
        yield url
    meili.stop()


def send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def standing(reply: Callable[[BaseHTTPRequestHandler], None], port: int = 0) -> Iterator[str]:
    """The address of a server that answers every request by `reply`, on this machine only."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _reply(self) -> None:
            reply(self)

        do_GET = do_POST = do_PATCH = do_DELETE = _reply  # noqa: N815 - the names that the library looks for

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Nothing: the test's own report is enough."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing: who asked may have gone before the answer."""

    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
