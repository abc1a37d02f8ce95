"""A shelf for what belongs to one visitor for an hour: sealed, bounded, and gone by itself.

What this module knows that no other does: that the address given to the visitor is also the key. The file's name and the
key that seals it are both made of the address by one-way functions, so that neither the file nor the folder tells whose
list it is or what it says; without the address nobody can read it, this site included. What is remembered after the hour
is a digest of 32 bytes beside the file's name, and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import secrets
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from public_site.faults import NotFound, NotReady
from public_site.languages import _

SECONDS = 3600.0
MOST_FILES = 1_600  # a check lies in at most four pieces
MOST_BYTES = 1 << 30
_REMEMBERED = ".remembered"
_NAME = 32


class Gone(NotFound):
    """The hour is over, or the address is none of ours: the two look the same."""


def gone() -> Gone:
    """The same words, wherever it shows."""
    return Gone(_("这份核查已不在了：名单和结果只保留一小时，没有备份。请重新核查，或使用您下载的回执。"))


class ShelfFull(NotReady):
    """Too much is kept at the moment."""


def put(folder: Path, data: bytes, address: str | None = None) -> str:
    """Keep `data` for an hour; the address to fetch it by (a new one, or again under one that was given out).

    Raises: ShelfFull.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = _swept(folder)
    if address is None and (len(kept) >= MOST_FILES or sum(kept) + len(data) > MOST_BYTES):
        raise ShelfFull(_("同时核查的人太多，请过几分钟再试。"))
    address = address or secrets.token_urlsafe(24)
    name, key = _made_of(address)
    nonce = os.urandom(12)
    aside = folder / f".{secrets.token_hex(8)}"
    aside.write_bytes(nonce + AESGCM(key).encrypt(nonce, data, None))
    aside.replace(folder / name)
    return address


def get(folder: Path, address: str) -> bytes:
    """What is kept under an address. Raises: Gone."""
    name, key = _made_of(address)
    try:
        _swept(folder)
        sealed = (folder / name).read_bytes()
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
    except (FileNotFoundError, InvalidTag):
        raise gone() from None


def remember(folder: Path, address: str, digest: bytes) -> None:
    """Keep 32 bytes for an address for good."""
    with (folder / _REMEMBERED).open("ab") as file:  # less than a page, so that no two can mix
        file.write(bytes.fromhex(_made_of(address)[0]) + digest)


def remembered(folder: Path, address: str) -> bytes | None:
    """The 32 bytes that were kept last for an address."""
    name = bytes.fromhex(_made_of(address)[0])
    try:
        with (folder / _REMEMBERED).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as known:
            at = known.rfind(name)
            while at > 0 and at % (2 * _NAME):  # not where a record begins
                at = known.rfind(name, 0, at + _NAME - 1)
            return known[at + _NAME : at + 2 * _NAME] if at >= 0 else None
    except FileNotFoundError:
        return None


def _made_of(address: str) -> tuple[str, bytes]:
    said = address.encode("utf-8", "replace")
    return hashlib.sha256(b"name\0" + said).hexdigest(), hashlib.sha256(b"key\0" + said).digest()


def _swept(folder: Path) -> list[int]:
    """Remove whose hour is over; the sizes of what remains."""
    sizes = []
    for file in folder.iterdir() if folder.exists() else ():
        if file.name == _REMEMBERED:
            continue
        with contextlib.suppress(FileNotFoundError):
            about = file.stat()
            if time.time() - about.st_mtime > SECONDS:
                file.unlink()
            else:
                sizes.append(about.st_size)
    return sizes
