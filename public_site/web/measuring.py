"""The outermost layer: counts every answer (but those at hand before it, which `app` counts) and says which were slow.

What this module knows that no other does: an answer is timed to its first byte, because how long a download takes is the
caller's network; and of a slow one nothing is told but the page, the status and the seconds. Plain ASGI: it stands
before answers that cost 20 µs and adds about two.
"""

from __future__ import annotations

from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from public_site.measures import Counts

SLOW_SECONDS = 1.0
_log = structlog.get_logger()


class Measured:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self.app = app
        self._counts = counts
        self._answered = counts.answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = perf_counter()
        waiting = True

        async def watched(message: Message) -> None:
            nonlocal waiting
            if waiting and message["type"] == "http.response.start":
                waiting = False
                seconds = perf_counter() - begun
                self._answered(scope["path"], message["status"], seconds)
                if seconds > SLOW_SECONDS:
                    self._say(scope["path"], message["status"], seconds)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            if waiting:
                self._answered(scope["path"], 0, perf_counter() - begun)

    def _say(self, path: str, status: int, seconds: float) -> None:
        _log.warning("slow answer", page=self._counts.page_of(path), status=status, seconds=round(seconds, 3))
