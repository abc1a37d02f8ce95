"""Answers for programs: JSON and streamed CSV of the same URLs as the pages.

What this module knows that no other does: how public data leaves as bytes. Any site may read it (CORS `*`), it carries
the same ETag as the page, and CSV is plain RFC 4180: UTF-8 without BOM, CRLF, text exactly as registered. A guard
against formulas would change the text, so it belongs to the spreadsheet-friendly variant only (formats.md).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterable, Sequence
from itertools import chain
from typing import Any

import anyio
import orjson
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from public_site.web import caching
from public_site.web.doors import Site, Snapshot

_ROWS_AT_ONCE = 200


class _Stream(StreamingResponse):
    """A stream that ends: whoever takes it in too slowly is cut off, and what it holds is given back at once."""

    def __init__(self, lines: Generator[bytes], *, seconds: float, headers: dict[str, str]) -> None:
        self._lines = lines
        self._seconds = seconds
        begun = chain([next(lines)], lines)
        super().__init__(begun, media_type="text/csv; charset=utf-8", headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with anyio.fail_after(self._seconds):
                await super().__call__(scope, receive, send)
        finally:
            self._lines.close()


def public(request: Request, snapshot: Snapshot, response: Response) -> Response:
    """Declare an answer public: open to every site, kept for a minute, known by N."""
    site: Site = request.app.state.site
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if snapshot.current:
        caching.declare_public(response, caching.tag(request, snapshot.number, site.build, None))
    return response


def json(request: Request, snapshot: Snapshot, content: Any) -> Response:
    """Public JSON; dates are written as ISO 8601."""
    return public(request, snapshot, Response(orjson.dumps(content), media_type="application/json"))


def stream_csv(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]], *, seconds: float
) -> StreamingResponse:
    """CSV in constant memory, however many rows; what fails with the first rows is still answered as a fault."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return _Stream(_lines(header, rows), seconds=seconds, headers=headers)


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Generator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow(row)
        if count % _ROWS_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
