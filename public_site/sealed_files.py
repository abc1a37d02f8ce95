"""A file of any size that only the holder of a private key reads, written by somebody who holds none.

What this module knows that no other does: the form. Contents are compressed (Zstandard) and sealed piece by piece with a
key of the file's own (AES-256-GCM, 1 MiB at a time; a piece is bound to its place and to whether it is the last), and
that key is wrapped to the public key (HPKE). So a file that was cut, put together from others, altered in one bit or
given another's name does not open, and neither writing nor reading needs more memory than a few pieces.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from public_site import lasting
from public_site.complaints import sealing
from public_site.faults import NotValid

_HEAD = b"mingji-sealed-1\n"
_PIECE, _TAG = 1 << 20, 16
_LEVEL = 3


class NotThisKey(NotValid):
    """The private key is not the one that this file was sealed for."""


class Damaged(NotValid):
    """A sealed file is not as it was written."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file as it lies there: bytes, and their SHA-256 (hex)."""

    size: int
    sha256: str


class Sealing(io.RawIOBase):
    """What is written to it goes sealed into `file`. `seal` ends it: whatever was not ended does not open."""

    def __init__(self, file: IO[bytes], public: bytes, bound: str) -> None:
        super().__init__()
        key = sealing.new_key()
        wrapped = sealing.wrap(key, public, f"file {bound}")
        self._file, self._cipher, self._place = file, AESGCM(key), 0
        self._held, self._size, self._hash = bytearray(), 0, hashlib.sha256()
        self._put(_HEAD + len(wrapped).to_bytes(2, "big") + wrapped)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        """Take bytes in; a piece leaves when more than one is held, because the last one is marked."""
        given = memoryview(data).cast("B")  # type: ignore[arg-type]  # whatever has a buffer
        self._held += given
        while len(self._held) > _PIECE:
            self._piece(self._held[:_PIECE], last=False)
            del self._held[:_PIECE]
        return len(given)

    def seal(self) -> Sealed:
        """The last piece."""
        self._piece(self._held, last=True)
        return Sealed(self._size, self._hash.hexdigest())

    def _piece(self, data: bytearray, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._place, last=last), bytes(data), None))
        self._place += 1

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)


class _Opening(io.RawIOBase):
    """Reads what `Sealing` wrote."""

    def __init__(self, file: IO[bytes], private: bytes, bound: str, name: str) -> None:
        super().__init__()
        self._file, self._name, self._place, self._rest, self._ended = file, name, 0, b"", False
        if file.read(len(_HEAD)) != _HEAD:
            raise Damaged(f"{name} 不是这里的密封文件，或开头已损坏。")
        wrapped = file.read(int.from_bytes(file.read(2), "big"))
        try:
            self._cipher = AESGCM(sealing.unwrap(private, wrapped, f"file {bound}"))
        except sealing.SealBroken:
            raise NotThisKey(f"这把私钥打不开 {name}：不是给它密封的，或文件被换过。") from None
        self._ahead = file.read(_PIECE + _TAG)

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        """As RawIOBase. Raises: Damaged."""
        room = memoryview(into).cast("B")  # type: ignore[arg-type]
        while not self._rest and not self._ended:
            self._rest = self._next()
        given = self._rest[: len(room)]
        room[: len(given)] = given
        self._rest = self._rest[len(given) :]
        return len(given)

    def _next(self) -> bytes:
        piece, self._ahead = self._ahead, self._file.read(_PIECE + _TAG)
        self._ended = not self._ahead
        try:
            data = self._cipher.decrypt(_nonce(self._place, last=self._ended), piece, None)
        except (InvalidTag, ValueError):
            raise Damaged(f"{self._name} 已损坏或不完整（第 {self._place + 1} 段）。") from None
        self._place += 1
        return data


@contextmanager
def reading(file: Path, private: bytes, bound: str) -> Iterator[IO[bytes]]:
    """The contents of a sealed file, as a stream. Raises: NotThisKey, Damaged, in the block too."""
    with file.open("rb") as sealed:
        opening = io.BufferedReader(_Opening(sealed, private, bound, file.name), _PIECE)
        with zstandard.ZstdDecompressor().stream_reader(opening, closefd=False) as plain:
            try:
                yield plain
                plain.read(1)  # an end that was cut off is found even where nobody reads so far
            except zstandard.ZstdError:
                raise Damaged(f"{file.name} 已损坏。") from None


@dataclass
class Written:
    """What `writing` tells when its block has ended."""

    sealed: Sealed | None = None


@contextmanager
def writing(file: Path, public: bytes, bound: str) -> Iterator[tuple[IO[bytes], Written]]:
    """A new sealed file; on the disk when the block has ended well, and not there when it has not."""
    told = Written()
    try:
        with file.open("xb") as out:
            sealer = Sealing(out, public, bound)
            with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(sealer, closefd=False) as plain:  # type: ignore[arg-type]  # all that it asks of a file is write
                yield plain, told
            told.sealed = sealer.seal()
            lasting.settle(out)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _nonce(place: int, *, last: bool) -> bytes:
    return place.to_bytes(11, "big") + bytes([last])
