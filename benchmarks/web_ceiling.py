"""The ceiling that the servers of `make bench-web` are held against: answers that lie ready, and nothing else around them.

`hello` is the least that an ASGI application can do; `Same` sends the very bytes and headers of another server's answer.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson
from starlette.types import Receive, Scope, Send

from benchmarks.web_servers import BYTES

_HELLO = b"hello"
_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"5")]


async def hello(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI
    """The same five bytes to everybody."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _HELLO})


class Same:
    """The bytes and headers of one recorded answer to everybody."""

    def __init__(self, file: Path) -> None:
        headers, _, self._body = file.read_bytes().partition(b"\n")
        self._headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in orjson.loads(headers)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": self._headers})
            await send({"type": "http.response.body", "body": self._body})


def same() -> Same:
    """The application for a server (`--factory`), from the file named by the environment."""
    return Same(Path(os.environ[BYTES]))
