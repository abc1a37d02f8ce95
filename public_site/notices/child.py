"""The child process that parses untrusted bytes: limits on itself first, then standard input in, JSON lines out.

It opens no file of its own choosing and no connection: what it reads was opened by the parent, and whatever a library or
a hostile file might try (a socket, a process, a file to write, a pickled object) an audit hook refuses. Whatever goes
wrong is said as a last line, or, if even that is impossible, by the way the process ends.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from public_site.notices import formats, tables
from public_site.notices.file_gate import Limits
from public_site.notices.grid import Unreadable

_NEVER = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "pickle.find_class", "os.remove",
          "os.rename", "os.mkdir", "shutil.", "ctypes.")  # fmt: skip


def main(media: str, memory_bytes: int, limits: Limits, as_cells: bool = False) -> None:
    limit(memory_bytes, int(limits.seconds) + 1)
    with os.fdopen(1, "wb", buffering=1 << 20, closefd=False) as output:
        sys.addaudithook(_refuse)
        say(sys.stdin.buffer.read(), media, limits, output, as_cells)


def say(data: bytes, media: str, limits: Limits, output: BinaryIO, as_cells: bool = False) -> None:
    """Everything the bytes hold, a batch of events on a line, and last how it went."""
    try:
        output.writelines(orjson.dumps(batch) + b"\n" for batch in _batches(data, media, limits, as_cells))
        output.write(b'["end"]\n')
    except Unreadable as fault:
        output.write(orjson.dumps(["fault", fault.sheet, fault.row, fault.message, fault.remedy]) + b"\n")
    except (MemoryError, RecursionError):
        output.write(b'["limit"]\n')
    except Exception:
        output.write(b'["broken"]\n')
        output.flush()
        raise
    output.flush()


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),  # it writes to a pipe only
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    """For good: an audit hook cannot be taken away again."""
    if event.startswith(_NEVER) or (event == "open" and _writes(arguments[2])):
        raise PermissionError(event)


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def events_of(data: bytes, media: str, limits: Limits) -> Iterator[tables.Event]:
    """What the bytes hold, after everything that can be checked before parsing has been.

    Raises: Unreadable
    """
    yield from tables.events(formats.pieces(data, media, limits))


def cells_of(data: bytes, media: str, limits: Limits) -> Iterator[tables.Event]:
    """Every line of every sheet as a row, for lists that are no notices. Raises: Unreadable."""
    yield from tables.cells(formats.pieces(data, media, limits))


def _batches(data: bytes, media: str, limits: Limits, as_cells: bool) -> Iterator[list[tables.Event]]:
    batch: list[tables.Event] = []
    for event in (cells_of if as_cells else events_of)(data, media, limits):
        batch.append(event)
        if len(batch) >= tables.BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
