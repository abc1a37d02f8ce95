"""Lines kept in an unnamed file on disk: written once, gone through as often as asked, gone when nobody holds them."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 20


class DiskLines:
    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp(prefix="notice-")
        Path(path).unlink()
        weakref.finalize(self, os.close, self._file)
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        """Bytes that end, now or later, in a line break."""
        self._waiting += data
        if len(self._waiting) >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        view = memoryview(bytes(self._waiting))
        while view:
            view = view[os.write(self._file, view) :]
        self._waiting.clear()

    def __iter__(self) -> Iterator[bytes]:
        """The lines flushed so far, from the first; several readers do not disturb each other."""
        at, rest = 0, b""
        while block := os.pread(self._file, _BLOCK, at):
            at += len(block)
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
        if rest:
            yield rest
