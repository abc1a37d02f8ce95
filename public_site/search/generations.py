"""Where an index lives on disk, and who may write it.

`gen-N/` folders hold whole indexes; the file CURRENT names the one in force and is replaced in one step, so that readers
in any process see the old one or the new one. A lock that dies with its process keeps a second writer out.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from public_site import lasting
from public_site.search.values import WriterBusy

_CURRENT = "CURRENT"
META = "meta.json"  # what the engine replaces to commit
_LOCK = "writer.lock"
_PREFIX = "gen-"
FOOTER_MAGIC = 1337
_PIECE = 1 << 20

Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """What changes when a file is replaced; None when it is not there. Cheap enough to ask before every search."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def current_file(root: Path) -> Path:
    return root / _CURRENT


def current(root: Path) -> Path | None:
    """The folder of the generation in force."""
    try:
        name = current_file(root).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not (name.startswith(_PREFIX) and name.removeprefix(_PREFIX).isdecimal()):
        return None
    return root / name


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """The one writer of all processes; raises WriterBusy when there is another."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WriterBusy from None
        yield


def fresh(root: Path) -> Path:
    """A new empty folder for the next generation; only for the one writer."""
    numbers = [int(folder.name.removeprefix(_PREFIX)) for folder in _all(root)]
    folder = root / f"{_PREFIX}{max(numbers, default=0) + 1}"
    folder.mkdir()
    return folder


def put_in_force(root: Path, folder: Path) -> None:
    """Make this generation the one that readers see, then drop the others."""
    waiting = root / f"{_CURRENT}.new"
    with waiting.open("w", encoding="utf-8") as handle:
        handle.write(folder.name + "\n")
        lasting.settle(handle)
    lasting.settle_folder(folder)
    waiting.replace(current_file(root))
    lasting.settle_folder(root)
    drop_others(root, folder)


def drop_others(root: Path, kept: Path | None) -> None:
    """Remove every generation but one: what a crashed build or an earlier swap left."""
    for folder in _all(root):
        if kept is None or folder.name != kept.name:
            shutil.rmtree(folder, ignore_errors=True)


def drop_all(root: Path) -> None:
    current_file(root).unlink(missing_ok=True)
    if root.is_dir():
        lasting.settle_folder(root)
        drop_others(root, None)


def segment_files(folder: Path) -> Iterator[str]:
    """The engine's files of what is committed: what a writer at work, or one that was killed, has laid down besides belongs
    to nobody."""
    told = json.loads((folder / META).read_text(encoding="utf-8"))["segments"]
    deleted = {one["segment_id"].replace("-", ""): (one["deletes"] or {}).get("opstamp") for one in told}
    for path in sorted(folder.iterdir()):
        segment, _, rest = path.name.partition(".")
        if segment in deleted and (not rest.endswith("del") or rest == f"{deleted[segment]}.del"):
            yield path.name


def broken_files(folder: Path, names: Iterable[str]) -> list[str]:
    """Those of an index's files whose bytes no longer fit the checksum in their footer."""
    return [name for name in names if not _sound(folder / name)]


def _sound(path: Path) -> bool:
    """The engine ends each file with a JSON footer, its length and a magic number, and checks none of it on opening."""
    try:
        size = path.stat().st_size
        handle = path.open("rb")
    except FileNotFoundError:  # gone meanwhile with the state that it belonged to
        return True
    with handle:
        handle.seek(max(0, size - 8))
        tail = handle.read(8)
        length, magic = int.from_bytes(tail[:4], "little"), int.from_bytes(tail[4:], "little")
        if len(tail) < 8 or magic != FOOTER_MAGIC or length > size - 8:
            return False
        handle.seek(size - 8 - length)
        try:
            expected = json.loads(handle.read(length))["crc"]
        except (ValueError, KeyError, TypeError):
            return False
        handle.seek(0)
        return bool(_checksum(handle.fileno(), size - 8 - length) == expected)


def _checksum(descriptor: int, length: int) -> int:
    found, done = 0, 0
    while done < length:
        piece = os.pread(descriptor, min(_PIECE, length - done), done)
        if not piece:
            break
        found = zlib.crc32(piece, found)
        done += len(piece)
    return found


def _all(root: Path) -> list[Path]:
    return [folder for folder in root.glob(f"{_PREFIX}*") if folder.name.removeprefix(_PREFIX).isdecimal()]
