"""The layer of what is true of every answer, whatever made it.

What this module knows that no other does: the security headers, that an answer nobody declared public is private, that
HEAD is GET without the body, how large a request may be before anything looks at it, that no page but the console's sees
a cookie, and that the ETag of compressed bytes is not the ETag of the plain ones. Plain ASGI, because it stands before
every request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from public_site.web import caching, policy

LONGEST_QUERY = 4096
LARGEST_BODY = 64 * 1024

SECURITY = {
    "Content-Security-Policy": policy.CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), usb=(), browsing-topics=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Cache-Control": caching.PRIVATE,
}
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
_ONLY_SECURE = (b"strict-transport-security", b"max-age=31536000")
NEAR = "/near"  # the one page that may ask the browser where it is
_MAY_LOCATE = SECURITY["Permissions-Policy"].replace("geolocation=()", "geolocation=(self)")


class Front:
    """Wraps the whole application, error pages included."""

    def __init__(
        self, app: ASGIApp, refusal: Callable[[Request, int], Response], larger: Mapping[str, int] | None = None
    ) -> None:
        self.app = app
        self._refusal = refusal
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET", "head": True}
        if not scope["path"].startswith("/console"):
            scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"cookie"]}
        app = self._answer(scope)

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                if scope["path"] == NEAR:
                    MutableHeaders(raw=message["headers"])["Permissions-Policy"] = _MAY_LOCATE
                _complete(message, secure=scope.get("scheme") == "https")
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await app(scope, receive, finish)

    def _answer(self, scope: Scope) -> ASGIApp:
        if len(scope["query_string"]) > LONGEST_QUERY:
            return self._refusal(Request(scope), 400)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit():
            return self._refusal(Request(scope), 400)
        if int(length) > self._larger.get(scope["path"], LARGEST_BODY):
            return self._refusal(Request(scope), 413)
        return self.app


def completed(app: ASGIApp) -> ASGIApp:
    """An answer made outside this layer, with the headers of every answer."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message, secure=scope.get("scheme") == "https")
            await send(message)

        await app(scope, receive, finish)

    return answer


def _complete(message: Message, *, secure: bool) -> None:
    raw: list[tuple[bytes, bytes]] = message["headers"]
    told = dict(raw)
    framed = b"frame-ancestors *" in told.get(b"content-security-policy", b"")
    for name, value in _SECURITY:
        if name not in told and not (framed and name == b"x-frame-options"):  # it has no word for "by anybody"
            raw.append((name, value))
    if secure and _ONLY_SECURE[0] not in told:
        raw.append(_ONLY_SECURE)
    tag, encoding = told.get(b"etag"), told.get(b"content-encoding")
    if tag and encoding and message["status"] == 200:
        raw[raw.index((b"etag", tag))] = (b"etag", tag[:-1] + b"-" + encoding + b'"')
