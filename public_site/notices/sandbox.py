"""The parent's side of the child process: start it with limits, take its lines into a spool on disk, judge its end.

The parent holds one batch at a time. A child that crashes, grows, runs on or talks too much is ended, and the clerk gets
a sentence instead of a stack trace.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import orjson

from public_site.languages import N_, _, retold
from public_site.notices.disk_lines import DiskLines
from public_site.notices.file_gate import Limits
from public_site.notices.grid import Unreadable
from public_site.notices.tables import BATCH, Event

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
_START = """
import json, sys
sys.path.append(sys.argv[1])
from public_site.notices import child
from public_site.notices.file_gate import Limits
child.main(sys.argv[2], int(sys.argv[3]), Limits(**json.loads(sys.argv[4])), sys.argv[5] == "cells")
"""
_REMEDY = N_("请用 Excel 或 WPS 打开，只留下名单，另存为 CSV 后重试；文件很大时请分成几个。")
_MIB = 1024 * 1024


class Spool:
    """What the child understood, on disk; can be gone through several times."""

    def __init__(self) -> None:
        self._lines = DiskLines()

    def write(self, data: bytes) -> None:
        self._lines.write(data)

    def flush(self) -> None:
        self._lines.flush()

    def events(self) -> Iterator[Event]:
        for line in self._lines:
            yield from orjson.loads(line)


def parsed(
    file: IO[bytes], size: int, media: str, limits: Limits, progress: Callable[[int], None] | None = None,
    *, as_cells: bool = False,
) -> Spool:  # fmt: skip
    """Parse an open file in a child process; `progress` is told half the number of lines that have come out.

    `as_cells`: nothing is understood, every line of every sheet comes out as a row.

    Raises: Unreadable, with the reason in words, for everything that is wrong with the file as a file.
    """
    spool = Spool()
    memory = min(limits.memory_mb * _MIB, 400 * _MIB + 24 * size)
    file.seek(0)
    child = subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-c",
            _START,
            _PACKAGE_ROOT,
            media,
            str(memory),
            orjson.dumps(limits).decode(),
            "cells" if as_cells else "tables",
        ],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        cwd="/",
        env={"LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        last = _spooled(child, spool, limits, progress)
    finally:
        _ended(child)
    _judge(last)
    return spool


def _spooled(
    child: subprocess.Popen[bytes], spool: Spool, limits: Limits, progress: Callable[[int], None] | None
) -> bytes:
    """Everything but the last line goes to the spool; the last line says how it went."""
    assert child.stdout is not None
    deadline, written, batches, rest = time.monotonic() + limits.seconds, 0, 0, b""
    waiting = select.poll()  # unlike select(), it takes any number of open files
    waiting.register(child.stdout, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            raise Unreadable(
                _("文件太大或结构异常：读了{seconds}秒还没有读完。", seconds=f"{limits.seconds:.0f}"), _(_REMEDY)
            )
        chunk = os.read(child.stdout.fileno(), _MIB)
        if not chunk:
            spool.flush()
            return rest
        written += len(chunk)
        if written > limits.output_mb * _MIB:
            raise Unreadable(_("文件太大或结构异常：内容远远超过正常的名单。"), _(_REMEDY))
        head, found, tail = (rest + chunk).rstrip(b"\n").rpartition(b"\n")
        ended = chunk.endswith(b"\n")
        spool.write(head + b"\n" if found else b"")
        rest = tail + (b"\n" if ended else b"")
        if progress and found:
            progress(batches * BATCH // 2)  # the batch at hand may not be full
            batches += head.count(b"\n") + 1


def _ended(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    if child.stdout is not None:
        child.stdout.close()
    child.wait()


def _judge(last: bytes) -> None:
    try:
        verdict = orjson.loads(last)
    except orjson.JSONDecodeError:
        verdict = ["limit"]
    if verdict[0] == "fault":
        sheet, row, message, remedy = verdict[1:]
        raise Unreadable(retold(message), retold(remedy), sheet, row)  # the child speaks Chinese
    if verdict[0] == "broken":
        raise Unreadable(
            _("文件无法解析：内容已损坏，或超出了允许的内存。"),
            _("请重新下载原文件，或用原来的软件打开，确认无误后只留下名单，另存再试。"),
        )
    if verdict[0] != "end":
        raise Unreadable(_("文件太大或结构异常，读取时超出了允许的内存或时间。"), _(_REMEDY))
