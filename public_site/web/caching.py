"""When an answer may be kept, and when "you have it already" is true.

What this module knows that no other does: every public answer is a function of (N, URL), so its strong ETag is made of
N, of a digest of the program's build and the URL and, for a part of a page, of the part's name. The URL is in it so that
a tag proves that this URL once answered 200: what is no page is never "not modified". The outermost layer (`front`) adds the content
encoding to the tag on its way out, because the compressed bytes are another representation; here that ending is cut
off again before tags are compared. What is not declared public here is `private, no-store`. An answer that nothing but N and
the URL decides says so to the store of ready answers (`ready`), which asked for it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from public_site import languages
from public_site.web.stamping import Stamped

PUBLIC = "public, max-age=60, stale-while-revalidate=300"
# To caches that we can speak to apart (RFC 9213, surrogates): ask again after a second, and answer with the last one while
# we are away. So a publication shows within a second and nothing is ever purged; browsers keep theirs for a minute. nginx
# counts whole seconds, so that one may last two: it is told to keep the answer and to ask each time (a 304).
SHARED = {
    "CDN-Cache-Control": "public, max-age=1, stale-if-error=86400",
    "Surrogate-Control": "max-age=1, stale-if-error=86400",
    "X-Accel-Expires": "@1",
}
FOREVER = "public, max-age=31536000, immutable"
PRIVATE = "private, no-store"
PAGE_VARIES = "HX-Request, HX-Target"

_TAG = re.compile(r'"([^"]*)"')
_ENCODING = re.compile(r"-(br|gzip|zstd)$")


@dataclass(slots=True)
class Asked:
    """What the store of ready answers wants to know of an answer: the entry that decides it, with its URL (None: more does),
    and, where it tells of one enterprise alone, the pieces of its page, the enterprise and the month of publication."""

    gzip: bool  # whether the caller takes it
    number: int | None = None
    own: Stamped | None = None
    subject: int = 0
    month: str = ""


class NotModified(Exception):
    """The caller already holds exactly this answer; not a fault, only a shorter reply."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def wants_part(request: Request) -> bool:
    """Whether htmx asks for a part of the page (and not for a whole one to restore its history)."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def tag(request: Request, number: int, build: str, part: str | None) -> str:
    """The strong ETag (without quotes) of what stands at a URL when the register's latest entry is `number`."""
    scope = request.scope
    asked = (build, languages.current(), scope["path"])
    meant = b"\0".join((*(text.encode("utf-8", "replace") for text in asked), scope["query_string"]))
    known = f"{number}.{hashlib.sha256(meant).hexdigest()[:12]}"
    return f"{known}.{part}" if part else known


def held(request: Request, current: str) -> str | None:
    """The caller's own tag when it means `current`, else None."""
    for given in _TAG.findall(request.headers.get("if-none-match", "")):
        if _ENCODING.sub("", given) == current:
            return str(given)
    return None


def means(held: bytes, tag: bytes) -> bytes | None:
    """The one of the caller's tags (`"…"`) that means the same content as `tag`, in whatever encoding, else None."""
    core = _ENCODING.sub("", tag.decode("latin-1")[1:-1])
    for given in _TAG.findall(held.decode("latin-1")):
        if _ENCODING.sub("", given) == core:
            return f'"{given}"'.encode("latin-1")
    return None


def declare_of_entry(request: Request, response: Response, number: int, current: str) -> None:
    """As `declare_public`, of an answer that entry `number` and the URL decide alone; it may be kept ready."""
    declare_public(response, current)
    asked: Asked | None = request.scope.get("asked")
    if asked is not None:
        asked.number = number


def declare_public(response: Response, current: str) -> None:
    """Let browsers keep this answer for a minute and shared caches for a second, and ask again with its tag."""
    response.headers["Cache-Control"] = PUBLIC
    response.headers["ETag"] = f'"{current}"'
    response.headers.update(SHARED)


def not_modified(_: Request, fault: NotModified) -> Response:
    """The handler of `NotModified`: 304 with the headers the 200 would have had."""
    headers = {"ETag": f'"{fault.tag}"', "Cache-Control": PUBLIC, "Vary": f"{PAGE_VARIES}, Accept-Encoding"} | SHARED
    return Response(status_code=304, headers=headers)
