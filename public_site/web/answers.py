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

    def __init__(self, lines: Generator[bytes], media_type: str, *, seconds: float, headers: dict[str, str]) -> None:
        self._lines = lines
        self._seconds = seconds
        begun = chain([next(lines)], lines)
        super().__init__(begun, media_type=media_type, headers=headers)

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
        caching.declare_of_entry(
            request, response, snapshot.number, caching.tag(request, snapshot.number, site.build, None)
        )
    return response


def json(request: Request, snapshot: Snapshot, content: Any) -> Response:
    """Public JSON; dates are written as ISO 8601."""
    return public(request, snapshot, Response(orjson.dumps(content), media_type="application/json"))


def address(request: Request) -> str:
    """The site's own address, without a stroke at its end. Only a site on this machine alone may lack the setting."""
    site: Site = request.app.state.site
    return site.settings.base_url or str(request.base_url).rstrip("/")


def stream_csv(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]], *, seconds: float, mark: str = ""
) -> StreamingResponse:
    """CSV in constant memory, however many rows; what fails with the first rows is still answered as a fault.

    `mark`: what some programs want before the first byte (a byte order mark).
    """
    return stream(name, "text/csv; charset=utf-8", lines_of_csv(header, rows, mark), seconds=seconds)


def stream(name: str, media_type: str, lines: Generator[bytes], *, seconds: float) -> StreamingResponse:
    """A download that is made while it is sent, and cut off after so many seconds."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return _Stream(lines, media_type, seconds=seconds, headers=headers)


def stream_features(features: Iterable[dict[str, Any]], matched: int, entry: int) -> Generator[bytes]:
    """GeoJSON (RFC 7946) in constant memory; how many there are is known at the end, and stands there.

    Nothing is given before the first features are at hand: what fails with them is still answered as a fault.
    """
    waiting = [b'{"type":"FeatureCollection","features":[']
    returned = 0
    for returned, feature in enumerate(features, 1):
        waiting.append((b",\n" if returned > 1 else b"\n") + orjson.dumps(feature))
        if len(waiting) >= _ROWS_AT_ONCE:
            yield b"".join(waiting)
            waiting.clear()
    yield b"".join(waiting)
    yield b'\n],"numberMatched":%d,"numberReturned":%d,"entry":%d}\n' % (matched, returned, entry)


def lines_of_csv(header: Sequence[str], rows: Iterable[Sequence[object]], mark: str = "") -> Generator[bytes]:
    """CSV as bytes, many rows at a time."""
    buffer = io.StringIO(newline="")
    buffer.write(mark)
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
