"""A written file made ready to be served: its digest, its compressed siblings, all in one pass; and arrays out of lines.

What this module knows that no other does: how compressed bytes come out the same every time (no name, no date, one
thread), and that a large file is worth less time: ISA-L packs it as small as zlib's fastest level in a quarter of the
time. The libraries let other threads run meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zstandard
from isal import isal_zlib

from public_site import lasting

_BLOCK: Final = 1 << 20
LARGE: Final = 64 << 20
_GZIP: Final = 31  # zlib's word for a gzip header around a window of 32 kB
_SIBLINGS: Final = {"gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True, slots=True)
class Finished:
    """Size and SHA-256 of a file on disk, and the sizes of its compressed siblings by content coding."""

    bytes: int
    sha256: str
    encodings: dict[str, int]


def finish(path: Path, *, compressed: bool) -> Finished:
    """Hash a file, write `.gz` and `.zst` beside it where they are wanted, and bring all of it to the disk."""
    digest = hashlib.sha256()
    with ExitStack() as stack:
        source = stack.enter_context(path.open("rb"))
        size = os.fstat(source.fileno()).st_size
        packers: dict[str, tuple[Any, Any]] = {}
        for coding in _SIBLINGS if compressed else ():
            target = stack.enter_context(sibling(path, coding).open("wb"))
            packers[coding] = target, _packer(coding, size)
        while block := source.read(_BLOCK):
            digest.update(block)
            for target, packer in packers.values():
                target.write(packer.compress(block))
        for target, packer in packers.values():
            target.write(packer.flush())
            lasting.settle(target)
        lasting.settle(source)
    return Finished(size, digest.hexdigest(), {coding: sibling(path, coding).stat().st_size for coding in packers})


def sibling(path: Path, coding: str) -> Path:
    """Where the `gzip` or `zstd` form of a file lies."""
    return path.with_name(path.name + _SIBLINGS[coding])


def as_array(lines: Path, target: Path, head: bytes, tail: bytes) -> None:
    """Values on lines of their own become one JSON array, still on lines of their own, between `head` and `tail`."""
    with lines.open("rb") as source, target.open("wb") as out:
        out.write(head)
        waiting = b""
        while block := source.read(_BLOCK):
            block = waiting + block
            waiting = b"\n" if block.endswith(b"\n") else b""
            out.write(block.removesuffix(b"\n").replace(b"\n", b",\n"))
        out.write(b"\n" + tail)


def _packer(coding: str, size: int) -> Any:
    if coding == "gzip":
        if size > LARGE:
            return isal_zlib.compressobj(2, isal_zlib.DEFLATED, _GZIP)
        return zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return zstandard.ZstdCompressor(level=3 if size > LARGE else 9).compressobj(size=size)
