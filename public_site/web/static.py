"""`/static/{hash}/{name}`: files that never change under their address.

What this module knows that no other does: how they are written out for a web server in front of us, in each coding as this
program itself would answer, so that a page of any version that is still open finds what it was made with.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

from public_site.faults import NotFound
from public_site.languages import _
from public_site.web import caching, doors
from public_site.web.assets import Assets

routes = APIRouter(dependencies=[doors.parameters()])
PLAIN = "plain"
CODINGS = (PLAIN, "gzip", "br", "zstd")  # a folder for each, so that a file keeps its ending


class NoSuchFile(NotFound):
    """No static file has this name and these bytes."""


@routes.get("/static/{digest}/{name:path}")
def file(digest: str, name: str, site: doors.TheSite) -> Response:
    """A static file, to be kept for ever: its address contains the hash of its bytes."""
    found = site.assets.find(digest, name)
    if found is None:
        raise NoSuchFile(_("没有这个文件，或者它已有新版本；请刷新页面。"))
    headers = {"Cache-Control": caching.FOREVER, "ETag": f'"{found.digest}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)


def write(app: ASGIApp, files: Assets, folder: Path) -> int:
    """Write every file under its address into `folder/{coding}/static/…`; what lies there of other versions stays.

    Returns how many files were written; those that lie there already never change.
    """
    return asyncio.run(_write(app, files, folder))


async def _write(app: ASGIApp, files: Assets, folder: Path) -> int:
    written = 0
    for url in files.urls():
        for coding in CODINGS:
            target = folder / coding / url.removeprefix("/")
            if target.exists():  # a blocking look at the disk: nobody else waits here
                continue
            said, content = await _asked(app, url, coding)
            if coding in {PLAIN, said}:
                target.parent.mkdir(parents=True, exist_ok=True)
                new = target.with_name(f".{target.name}.{os.getpid()}")
                new.write_bytes(content)
                new.replace(target)
                written += 1
    return written


async def _asked(app: ASGIApp, url: str, coding: str) -> tuple[str, bytes]:
    """The coding and the bytes of the answer to somebody who takes this coding alone."""
    answer: list[Message] = []
    headers = [(b"host", b"localhost"), (b"accept-encoding", coding.encode())]
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": url, "raw_path": url.encode(),
        "query_string": b"", "root_path": "", "headers": headers, "server": ("localhost", 80), "client": None,
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, send)
    assert answer[0]["status"] == 200, url
    content = b"".join(message.get("body", b"") for message in answer[1:])
    return Headers(raw=answer[0]["headers"]).get("content-encoding", PLAIN), content
