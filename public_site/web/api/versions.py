"""`/api/v1/versions`: the versions of the open data, as their own index tells them.

What this module knows that no other does: a version is made some time after an entry, so this answer alone is not a
function of N: its ETag is made of the bytes of the index.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site.faults import NotReady
from public_site.web import caching, doors
from public_site.web.api import answering, cursors
from public_site.web.api.schemas import THINGS
from public_site.web.parameters import Parameters

routes = APIRouter()
LARGEST_INDEX = 32 << 20


class IndexUnreadable(NotReady):
    """The index of the open data is not what it should be."""


@routes.get("/api/v1/versions")
def versions(
    request: Request, parameters: Annotated[Parameters, doors.parameters("cursor", "limit", "fields")],
    site: doors.TheSite,
) -> Response:  # fmt: skip
    """The versions, newest first; none before the first export."""
    fields = answering.fields(parameters, THINGS["Version"])
    paging = cursors.read(parameters, "versions", ("-entry",))
    parameters.settle()
    content = _content(site.settings.data / "open-data" / "index.json")
    digest = hashlib.sha256(content).hexdigest()[:12]
    tag = caching.tag(request, 0, f"{site.build}{digest}", None)
    if mine := caching.held(request, tag):
        raise caching.NotModified(mine)
    found = _versions(content)
    begin = paging.after[1] if paging.after else 0
    end = begin + paging.limit
    cursor = paging.cursor(("", end) if end < len(found) else None)
    following = answering.with_cursor(request, cursor) if cursor else None
    body = {
        "total": len(found),
        "items": [answering.picked(item, fields) for item in found[begin:end]],
        "next": following,
        "entry": found[0]["entry"] if found else 0,
    }
    response = Response(orjson.dumps(body), media_type="application/json")
    caching.declare_public(response, tag)
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_INDEX:
            raise IndexUnreadable("开放数据的索引文件过大，请稍后再试。")
        return path.read_bytes()
    except FileNotFoundError:
        return b'{"versions": []}'
    except OSError:
        raise IndexUnreadable("开放数据的索引文件暂时读不到，请稍后再试。") from None


def _versions(content: bytes) -> list[dict[str, Any]]:
    try:
        found = [_version(one) for one in orjson.loads(content)["versions"]]
    except (ValueError, KeyError, TypeError):
        raise IndexUnreadable("开放数据的索引文件有误，请稍后再试。") from None
    return sorted(found, key=lambda one: (-one["entry"], one["version"]))


def _version(one: dict[str, Any]) -> dict[str, Any]:
    name = str(one["version"])
    folder = f"/data/{quote(name, safe='')}"
    return {
        "version": name,
        "entry": int(one["entry"]),
        "made_at": one.get("made_at") or one.get("date"),
        "files": [
            {
                "name": file["name"],
                "bytes": file["bytes"],
                "sha256": file["sha256"],
                "rows": file.get("rows"),
                "url": f"{folder}/{quote(file['name'])}",
            }
            for file in one.get("files", ())
        ],
        "url": folder,
    }
