"""What is worked out of files that come with the program, kept where Python keeps its compiled modules.

What this module knows that no other does: that what is kept begins with the digest of itself and of all that it came from, so
that what is stale or damaged is worked out anew; that it is put in place whole; and that where nothing can be read or
written, or Python is told to write nothing, nothing is kept and everything works all the same. Trusted as Python trusts
what lies in the same folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

FOLDER = Path(cache_from_source(__file__)).parent
_DIGEST = 32  # bytes of SHA-256


def kept(name: str, came_from: bytes, folder: Path = FOLDER) -> bytes | None:
    """What was kept as `name`, where it came from just this; else None."""
    with suppress(OSError):
        whole = (folder / name).read_bytes()
        if whole[:_DIGEST] == _digest(name, came_from, whole[_DIGEST:]):
            return whole[_DIGEST:]
    return None


def keep(name: str, came_from: bytes, content: bytes, folder: Path = FOLDER) -> None:
    """Keep this in place of what was kept as `name`."""
    if sys.dont_write_bytecode:
        return
    file = folder / name
    aside = folder / f"{name}.{os.getpid()}-{threading.get_ident()}"
    with suppress(OSError):
        try:
            aside.write_bytes(_digest(name, came_from, content) + content)
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)


def _digest(name: str, came_from: bytes, content: bytes) -> bytes:
    parts = (name.encode(), sys.version.encode(), came_from, content)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
