"""A complaint's form with its photos on their way in: in memory only, each bounded, never in a temporary file.

What this module knows that no other does: a photo that is too large or one too many does not cost the informant what they
wrote; it is cut off here, and told later in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from public_site.complaints import photos
from public_site.faults import NotAllowed, NotReady, NotValid
from public_site.languages import _
from public_site.web.forms import Form

LARGEST = photos.MOST * (photos.LARGEST + 4096) + (64 << 10)
_LARGEST_FIELD = 32 << 10
_MOST_PARTS = 60
_AT_ONCE = 4  # forms with photos in memory, 48 MB each at most
_room = anyio.Semaphore(_AT_ONCE)


class ForeignForm(NotAllowed):
    """A form that another site sent."""


class FormBroken(NotValid):
    """A form that is not what our page sends."""


@dataclass
class Arrived:
    """What came: fields, and photos as they are."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)


def require_own(request: Request) -> None:
    """Raises: ForeignForm. There is no session here to be misused; this only keeps other sites from filling the desk."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignForm(_("这张表单不是从本站的页面发出的，没有处理。"))


async def fields(request: Request, known: frozenset[str]) -> Form:
    """A plain form. Raises: ForeignForm."""
    require_own(request)
    sent = await request.form(max_files=0, max_fields=_MOST_PARTS, max_part_size=_LARGEST_FIELD)
    return Form([(name, str(value)) for name, value in sent.multi_items()], known)


async def with_photos(request: Request, known: frozenset[str]) -> tuple[Form, list[bytes]]:
    """A form that may carry photos. Raises: ForeignForm, FormBroken, NotReady when too many come at once."""
    require_own(request)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        return await fields(request, known), []
    try:
        with anyio.fail_after(20):
            await _room.acquire()
    except TimeoutError:
        raise NotReady(_("同时提交照片的人太多，请稍后再按一次发送；不会重复登记。")) from None
    try:
        parts = _Parts()
        parser = MultipartParser(options[b"boundary"], parts.callbacks())  # type: ignore[arg-type]
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise FormBroken(_("表单没有传完整，请再发送一次。")) from None
    finally:
        _room.release()
    return Form(parts.arrived.fields, known), parts.arrived.photos


class _Parts:
    """What the parser calls."""

    def __init__(self) -> None:
        self.arrived = Arrived()
        self._named = self._said = self._disposition = b""
        self._value = bytearray()
        self._name = ""
        self._is_file = False
        self._count = 0

    def callbacks(self) -> dict[str, object]:
        return {"on_part_begin": self._begin, "on_header_field": self._header_field, "on_header_value": self._header_value,
                "on_header_end": self._header_end, "on_headers_finished": self._headers_finished,
                "on_part_data": self._data, "on_part_end": self._end}  # fmt: skip

    def _begin(self) -> None:
        self._disposition = b""
        self._value = bytearray()
        self._count += 1
        if self._count > _MOST_PARTS:
            raise FormBroken(_("表单的字段太多。"))

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._named += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._said += data[start:end]

    def _header_end(self) -> None:
        if self._named.lower() == b"content-disposition":
            self._disposition = self._said
        self._named, self._said = b"", b""

    def _headers_finished(self) -> None:
        options = parse_options_header(self._disposition)[1]
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file and len(self._value) + end - start > _LARGEST_FIELD:
            raise FormBroken(_("有一项填写的内容太长。"))
        room = photos.LARGEST + 1 - len(self._value)  # one byte too many says that it was too large
        self._value += data[start : min(end, start + room)]

    def _end(self) -> None:
        if not self._is_file:
            self.arrived.fields.append((self._name, self._value.decode("utf-8", "replace")))
        elif self._value:
            kept = len(self.arrived.photos) < photos.MOST
            self.arrived.photos.append(bytes(self._value) if kept else b"")
