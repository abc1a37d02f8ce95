"""Public answers, ready as bytes: what was asked before and no entry has changed since is answered without the application.

What this module knows that no other does: what makes two requests the same question (address, language, encodings, part of
a page), that one render is enough however many ask at once, that an enterprise's page outlives entries that do not bear on
it, and that while the database is gone the last known answers go on, and say so. Plain ASGI: it stands before everything
that costs. Only what a route declared a function of (N, URL) is kept; personal pages, positions and forms never are.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from functools import lru_cache
from typing import Any

import brotli  # type: ignore[import-untyped]
import zstandard
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress._utils import parse_accept_encoding

from public_site import languages, register, standings
from public_site.languages import N_, _
from public_site.newest import Latest
from public_site.web import caching, errors, pages
from public_site.web.doors import Site
from public_site.web.kept import Answer

# Never looked up: not public, about one person, or files that the system's own cache holds.
NEVER = (
    "/console", "/complaints", "/check", "/verify", "/follow/lists", "/near", "/open311", "/static", "/data", "/healthz",
    "/readyz", "/metrics",
)  # fmt: skip
LARGEST = 1 << 20
_OF_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding", b"content-disposition"})
_OF_THE_KEPT = frozenset({b"etag", b"content-encoding", *(name.lower().encode() for name in caching.SHARED)})
_OPENING = re.compile(rb'(<main id="content"[^>]*>)')
_GONE = N_("登记数据库暂时无法读取。本页是截至登记第 {number} 条的内容，其后的变化还看不到。")


class Ready:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self._site = site
        self._kept = site.kept
        self._by_host = not site.settings.base_url  # then addresses on pages are made from the request
        self._flights: dict[Any, asyncio.Future[None]] = {}
        self._settled = 0  # every renewable answer is true up to this entry

    def at_hand(self, scope: Scope) -> tuple[Message, Message] | None:
        """The answer that is ready and complete, before any layer outside this one has looked at the request; else None.

        Those of the API are counted and completed outside. Those of another language are kept by the path that its layer
        leaves of the address, so they are not found here.
        """
        asked = None if errors.is_api(scope["path"]) else self._question(scope)
        if asked is None:
            return None
        key, headers = asked
        answer = self._kept.get(key)
        if answer is None or (latest := self._site.newest.now()) is None or answer.number < latest.number:
            return None
        self._kept.hits += 1
        return _said(answer, scope, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._question(scope) if scope["type"] == "http" else None
        if asked is None:
            await self.app(scope, receive, send)
            return
        key, headers = asked
        latest = self._site.newest.now()
        answer = self._kept.get(key)
        if answer is not None and latest is not None and answer.number >= latest.number:
            self._kept.hits += 1
            await _send(answer, scope, headers, send)
        elif latest is None:
            await self._without_database(answer, scope, receive, send)
        else:
            self._kept.misses += 1
            await self._anew(key, headers, latest, scope, receive, send)

    def _question(self, scope: Scope) -> tuple[tuple[Any, ...], dict[bytes, bytes]] | None:
        """What is asked, as the key of its answer, and the headers; None where no answer is ever kept."""
        if scope["method"] not in ("GET", "HEAD") or scope["path"].startswith(NEVER):
            return None
        headers = dict(scope["headers"])
        if b"near=" in scope["query_string"] or b"range" in headers:
            return None
        return self._key(scope, headers), headers

    def _key(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[Any, ...]:
        part = b""
        if headers.get(b"hx-request") == b"true" and headers.get(b"hx-history-restore-request") != b"true":
            part = headers.get(b"hx-target", b"")
        host = headers.get(b"host", b"") if self._by_host else b""
        accepted = _accepted(headers.get(b"accept-encoding", b""))
        return scope["path"], scope["query_string"], languages.current(), accepted, part, host

    async def _without_database(self, answer: Answer | None, scope: Scope, receive: Receive, send: Send) -> None:
        """The last known answer, where it is that of the last entry that was seen; else the application says what it can."""
        last = self._site.newest.last
        if answer is None or last is None or answer.number < last.number:
            await self.app(scope, receive, send)
            return
        self._kept.stale += 1
        headers, body = _as_stale(answer)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _anew(
        self, key: Any, headers: dict[bytes, bytes], latest: Latest, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Make the answer, or wait for whoever is making it; a question that will not be kept is asked by everybody."""
        if b"if-none-match" in headers or scope["method"] == "HEAD":  # often answered with less than the whole
            await self._ask(key, _nothing, scope, receive, send)
            return
        if (flight := self._flights.get(key)) is not None and flight.get_loop() is asyncio.get_running_loop():
            await flight
            answer = self._kept.get(key)
            if answer is not None and answer.number >= latest.number:
                await _send(answer, scope, headers, send)
            else:
                await self.app(scope, receive, send)
            return
        flight = self._flights[key] = asyncio.get_running_loop().create_future()

        def land() -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if not flight.done():
                flight.set_result(None)

        try:
            renewed = await self._renewed(key, latest)
            if renewed is not None:
                await _send(renewed, scope, headers, send)
            else:
                await self._ask(key, land, scope, receive, send)
        finally:
            land()

    async def _ask(self, key: Any, land: Any, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the application answer, and keep a copy of what may be kept; `land` is called as soon as that is settled."""
        asked = caching.Asked(gzip="gzip" in key[3])
        begun: list[tuple[bytes, bytes]] | None = None

        async def pass_on(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                if message["status"] == 200 and asked.number is not None and scope["method"] == "GET":
                    begun = list(message["headers"])
                else:
                    land()
            elif begun is not None:
                body = message.get("body", b"")
                if not message.get("more_body", False) and len(body) <= LARGEST:
                    self._keep(key, begun, body, asked)
                begun = None
                land()
            await send(message)

        await self.app({**scope, "asked": asked}, receive, pass_on)

    def _keep(self, key: Any, headers: list[tuple[bytes, bytes]], body: bytes, asked: caching.Asked) -> None:
        told = Headers(raw=headers)
        encoding = told.get("content-encoding")
        public = told.get("cache-control") == caching.PUBLIC and "etag" in told and "content-length" in told
        if not public or (encoding and encoding not in key[3]) or asked.number is None:
            return
        # zstandard gives bytes that still have the room of what they were packed from, many times their length: a copy has none.
        answer = Answer(asked.number, headers, bytes(memoryview(body)), b"", [])
        if asked.own is not None and asked.number >= self._settled:
            answer.own, answer.subject, answer.month = asked.own, asked.subject, asked.month
            self._settled = self._settled or asked.number
        self._kept.keep(key, _tagged(answer, told["etag"].encode()))

    async def _renewed(self, key: Any, latest: Latest) -> Answer | None:
        """The answer of an earlier entry with the new entry's number on it, where nothing since bears on its enterprise."""
        answer = self._kept.get(key)
        if answer is None or answer.own is None:
            return None
        if self._settled < latest.number:
            settled, changed = await asyncio.to_thread(self._changed_since, self._settled)
            for other, renewable in self._kept.renewable():
                if renewable.subject in changed:
                    self._kept.drop(other)
            self._settled = max(self._settled, settled)
        answer = self._kept.get(key)
        if answer is None or answer.own is None or not latest.published_at:
            return None
        if answer.month != pages.month_of(latest.published_at):
            return None
        renewed = _renumbered(answer, answer.own, latest)
        self._kept.keep(key, renewed)
        return renewed

    def _changed_since(self, number: int) -> tuple[int, set[int]]:
        with self._site.database.reading() as connection:
            return register.latest_number(connection), set(standings.changed_since(connection, number))


def _nothing() -> None:
    """Nobody waits."""


@lru_cache(maxsize=1024)
def _accepted(header: bytes) -> frozenset[str]:
    return frozenset(parse_accept_encoding(header.decode("latin-1")))


async def _send(answer: Answer, scope: Scope, headers: dict[bytes, bytes], send: Send) -> None:
    for message in _said(answer, scope, headers):
        await send(message)


def _said(answer: Answer, scope: Scope, headers: dict[bytes, bytes]) -> tuple[Message, Message]:
    """The answer, or that the caller has it already. Layers outside may add to the headers: they get a copy."""
    held = headers.get(b"if-none-match")
    if held is not None and (mine := held if held == answer.tag else caching.means(held, answer.tag)):
        unchanged = answer.unchanged.copy()
        if mine != answer.tag:
            unchanged = [(name, mine if name == b"etag" else value) for name, value in unchanged]
        return {"type": "http.response.start", "status": 304, "headers": unchanged}, {"type": "http.response.body"}
    body = b"" if scope["method"] == "HEAD" else answer.body
    return (
        {"type": "http.response.start", "status": 200, "headers": answer.headers.copy()},
        {"type": "http.response.body", "body": body},
    )


def _tagged(answer: Answer, tag: bytes) -> Answer:
    answer.tag = tag
    answer.unchanged = [(name, value) for name, value in answer.headers if name not in _OF_THE_BODY]
    return answer


def _renumbered(answer: Answer, own: Any, latest: Latest) -> Answer:
    said = pages.stamps(latest.number, latest.published_at or "")
    packed = any(name == b"content-encoding" for name, _ in answer.headers)
    body = own.gzip(said) if packed else own.plain(said)
    tag = b'"%d.%s' % (latest.number, answer.tag.partition(b".")[2])
    changed = {b"etag": tag, b"content-length": b"%d" % len(body)}
    headers = [(name, changed.get(name, value)) for name, value in answer.headers]
    renewed = Answer(latest.number, headers, body, b"", [], own, answer.subject, answer.month)
    return _tagged(renewed, tag)


def _as_stale(answer: Answer) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """An answer that can no longer be checked: nobody keeps it, and a page tells its reader."""
    told = Headers(raw=answer.headers)
    body = _unpacked(answer.body, told.get("content-encoding"))
    if told.get("content-type", "").startswith("text/html"):
        words = _(_GONE, number=f"{answer.number:,}")
        notice = f'<div class="wrap"><p class="callout" role="status">{words}</p></div>'
        body = _OPENING.sub(lambda opening: opening[1] + notice.encode(), body, count=1)
    changed = {
        b"content-length": b"%d" % len(body),
        b"cache-control": caching.PRIVATE.encode(),
        b"cache-status": b"mingji; hit; detail=database-unreachable; entry=%d" % answer.number,
    }
    kept = [(n, v) for n, v in answer.headers if n not in changed and n not in _OF_THE_KEPT]
    return [*kept, *changed.items()], body


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return zlib.decompress(body, wbits=31)
    if encoding == "br":
        return bytes(brotli.decompress(body))
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body
