"""How often one may ask, and the headers of every answer of the API: errors and "not modified" carry them, too.

What this module knows that no other does: a bucket of tokens per address, in this process's memory, named by an HMAC whose
random key is thrown away with the day and all its buckets, so that no address is kept; the headers `RateLimit-Policy` and
`RateLimit` (draft-ietf-httpapi-ratelimit-headers); and what a page of another site may ask (CORS).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from public_site.web import errors
from public_site.web.api import check_schemas

WINDOW = 60
MOST_BUCKETS = 100_000
LANGUAGE = "zh-CN"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Expose-Headers": "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
}
_CONSTANT = [(n.lower().encode(), value.encode()) for n, value in {"Content-Language": LANGUAGE, **CORS}.items()]
_READING, _ASKING = "GET, HEAD, OPTIONS", "POST, OPTIONS"


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a token was there, how many are left, and the seconds until the bucket is full (or holds one again)."""

    allowed: bool
    left: int
    seconds: int


def preflight(path: str) -> dict[str, str]:
    """What a page of another site may send to an address, as its browser asks before."""
    methods = _ASKING if path == check_schemas.PATH else _READING
    return {
        "Allow": methods,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match",
        "Access-Control-Max-Age": "86400",
    }


class Buckets:
    """`size` requests at once, refilled evenly within `WINDOW` seconds; at most `MOST_BUCKETS` addresses are remembered."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rate = size / WINDOW
        self._day = ""
        self._key = b""
        self._levels: dict[bytes, tuple[float, float]] = {}

    def take(self, address: str, *, now: float, day: str) -> Taken:
        """A token for `address` at `now` (seconds of a clock that never runs back) on `day`."""
        if day != self._day:
            self._day, self._key = day, secrets.token_bytes(32)
            self._levels.clear()
        name = hmac.digest(self._key, _whom(address).encode(), hashlib.sha256)
        level, then = self._levels.pop(name, (float(self.size), now))
        level = min(self.size, level + (now - then) * self._rate)
        allowed = level >= 1
        level -= allowed
        self._make_room(now)
        self._levels[name] = (level, now)
        seconds = (self.size - level if allowed else 1 - level) / self._rate
        return Taken(allowed, int(level), math.ceil(seconds))

    def _make_room(self, now: float) -> None:
        """Whoever has not asked for longest is forgotten first: the dictionary is in that order."""
        if len(self._levels) < MOST_BUCKETS:
            return
        full = [name for name, (_, then) in self._levels.items() if now - then >= WINDOW]
        for name in full or list(self._levels)[: MOST_BUCKETS // 10]:
            del self._levels[name]


def _whom(address: str) -> str:
    """An IPv6 network of 64 bits is one household's."""
    if ":" not in address:
        return address
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


class Limits:
    """Wraps the application: counts what is asked of the API, completes its answers, answers preflight requests."""

    def __init__(
        self,
        app: ASGIApp,
        per_minute: int,
        refusal: Callable[[Request, int], Response],
        completed: Callable[[ASGIApp], ASGIApp],
    ) -> None:
        """`completed`: gives an answer of this layer's own the headers that every answer has."""
        self.app = app
        self._completed = completed
        self._buckets = Buckets(per_minute) if per_minute else None
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if not errors.is_data(path):
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._completed(Response(status_code=204, headers=CORS | preflight(path)))(scope, receive, send)
        elif not errors.is_api(path):
            await self.app(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*_CONSTANT, (b"x-request-id", str(uuid.uuid4()).encode())]
        app = self.app
        if self._buckets is not None:
            address = scope["client"][0] if scope.get("client") else ""
            day = datetime.now(UTC).date().isoformat()
            taken = self._buckets.take(address, now=time.monotonic(), day=day)
            headers.append((b"ratelimit-policy", b'"default";q=%d;w=%d' % (self._buckets.size, WINDOW)))
            headers.append((b"ratelimit", b'"default";r=%d;t=%d' % (taken.left, taken.seconds)))
            if not taken.allowed:
                refused = self._refusal(Request(scope), 429)
                refused.headers["Retry-After"] = str(taken.seconds)
                app = self._completed(refused)

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                raw: list[tuple[bytes, bytes]] = message["headers"]
                there = {name for name, _ in raw}
                raw.extend((name, value) for name, value in headers if name not in there)
            await send(message)

        await app(scope, receive, finish)
