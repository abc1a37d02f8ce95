"""The child process that parses untrusted bytes: limits on itself first, then standard input in, JSON lines out.

It opens no file and no connection: what it reads was opened by the parent, and nothing it imports can reach a network.
Whatever goes wrong is said as a last line, or, if even that is impossible, by the way the process ends.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator

import orjson

from public_site.notices import file_gate, tables
from public_site.notices.file_gate import Limits
from public_site.notices.grid import Line, Page, Unreadable

_BATCH = 500


def main(media: str, memory_bytes: int, limits: Limits) -> None:
    _limit(memory_bytes, int(limits.seconds) + 1)
    output = os.fdopen(1, "wb", buffering=1 << 20, closefd=False)
    try:
        for batch in _batches(sys.stdin.buffer.read(), media, limits):
            output.write(orjson.dumps(batch) + b"\n")
        output.write(b'["end"]\n')
    except Unreadable as fault:
        output.write(orjson.dumps(["fault", fault.sheet, fault.row, fault.message, fault.remedy]) + b"\n")
    except (MemoryError, RecursionError):
        output.write(b'["limit"]\n')
    output.flush()


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
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


def events_of(data: bytes, media: str, limits: Limits) -> Iterator[tables.Event]:
    """What the bytes hold, after everything that can be checked before parsing has been.

    Raises: Unreadable
    """
    file_gate.check(data, media, limits)
    yield from tables.events(_reader(media)(data))


def _batches(data: bytes, media: str, limits: Limits) -> Iterator[list[tables.Event]]:
    batch: list[tables.Event] = []
    for event in events_of(data, media, limits):
        batch.append(event)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _reader(media: str) -> Callable[[bytes], Iterable[Line | Page]]:
    """The module of the format; only that one is loaded."""
    if media == "text/html":
        from public_site.notices import html_page

        return html_page.lines
    if media in ("text/csv", "text/tab-separated-values"):
        from public_site.notices import csv_file

        return csv_file.lines
    if media == "text/plain":
        from public_site.notices import plain_text

        return plain_text.lines
    from public_site.notices import xlsx_file

    return xlsx_file.lines
