"""A file on its way in: written to the private folder as it arrives, never held in memory, never in a public folder.

What this module knows that no other does: that the form's token must have come, and held, before the first byte of the
file; so that strangers cannot fill the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from public_site import uploads
from public_site.faults import NotValid
from public_site.web.console import guard
from public_site.web.forms import Form

_LARGEST_FIELD = 4_000
_MOST_PARTS = 40


class FileTooLarge(NotValid):
    """A file beyond the limit of the settings."""


class FormBroken(NotValid):
    """A form that is not what our page sends."""


@dataclass(frozen=True, slots=True)
class Received:
    """A sent form and its file: `stored` is its name in the private folder."""

    form: Form
    file_name: str
    stored: str
    size: int


async def receive(request: Request, folder: Path, largest: int, known: frozenset[str]) -> Received:
    """Take a form with one file in.

    Raises: FileTooLarge, FormBroken, guard.ForeignForm; then nothing of the file is kept.
    """
    guard.require_own_form(request)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise FormBroken("这张表单没有带文件。")
    with uploads.receiving(folder) as (stored, file):
        parts = _Parts(request, file, largest)
        parser = MultipartParser(options[b"boundary"], parts.callbacks())  # type: ignore[arg-type]
        try:
            async for chunk in request.stream():
                await run_in_threadpool(parser.write, chunk)
            parser.finalize()
        except FormParserError:
            raise FormBroken("表单没有传完整，请再传一次。") from None
        guard.require_token(request, dict(parts.fields).get("token", ""))
        # A field "file" is a browser's way of saying that no file was chosen.
        form = Form([(name, value) for name, value in parts.fields if name not in ("token", "file")], known)
    return Received(form, parts.file_name, stored, parts.size)


class _Parts:
    """What the parser calls: small fields are gathered, the one file is written on."""

    def __init__(self, request: Request, file: IO[bytes], largest: int) -> None:
        self.fields: list[tuple[str, str]] = []
        self.file_name = ""
        self.size = 0
        self._request, self._file, self._largest = request, file, largest
        self._named = self._said = self._disposition = b""
        self._value = bytearray()
        self._name = ""
        self._is_file = False
        self._parts = 0

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_header_end": self._header_end,
        }

    def _begin(self) -> None:
        self._named = self._said = self._disposition = b""
        self._value = bytearray()
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise FormBroken("表单的字段太多。")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._named += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._said += data[start:end]

    def _header_end(self) -> None:
        if self._named.lower() == b"content-disposition":
            self._disposition = self._said
        self._named, self._said = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options
        if not self._is_file:
            return
        if self.file_name:
            raise FormBroken("一次只能上传一个文件。")
        guard.require_token(self._request, dict(self.fields).get("token", ""))
        self.file_name = _base(options[b"filename"].decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.size += end - start
            if self.size > self._largest:
                raise FileTooLarge(f"文件超过 {self._largest >> 20} MB 的上限，请分成几个文件。")
            self._file.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > _LARGEST_FIELD:
            raise FormBroken("有一项填写的内容太长。")

    def _end(self) -> None:
        if not self._is_file:
            self.fields.append((self._name, self._value.decode("utf-8", "replace")))


def _base(name: str) -> str:
    """The file's own name, without the folders that some browsers send."""
    return PurePosixPath(PureWindowsPath(name).name).name[-200:]
