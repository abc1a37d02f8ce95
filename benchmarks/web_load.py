"""The load of `make bench-web`: a closed and an open loop over HTTP/1.1, much faster than the servers that it measures.

What this module knows that no other does: how to ask and time requests with hardly any work between them. Plain sockets
under epoll, requests made before the clock starts, and of an answer only what tells its status and its end.

* closed loop: every connection asks again as soon as it is answered; gives the requests a second;
* open loop: requests are due at a constant rate, whatever the server does. One that finds every connection busy waits, and
  its time runs from when it was due: a server that stalls is charged for everybody who would have come meanwhile.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

ENCODINGS = "gzip, deflate, br, zstd"  # what a browser says
_PIECE = 1 << 20
_LONGEST_SECONDS = 120.0
_HEAD_END = b"\r\n\r\n"


class Unanswered(OSError):
    """A server closed the connection, answered otherwise than expected, or did not answer at all."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    port: int

    def request(self, target: str, *headers: str) -> bytes:
        """A GET as it goes over the wire."""
        lines = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Accept-Encoding: {ENCODINGS}", *headers]
        return "\r\n".join([*lines, "", ""]).encode("ascii")


@dataclass(slots=True)
class Load:
    """What a loop saw: when each answer was there, in seconds since its request was sent (closed) or due (open)."""

    seconds: float = 0.0
    worked: float = 0.0  # of this process's processor time
    bytes: int = 0
    times: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers was there."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")


class Line:
    """One kept-alive connection with at most one request under way. `status`: what must be answered; None: anything."""

    __slots__ = ("_expected", "_held", "_last", "_socket", "_status", "address", "begun", "bytes", "number")

    def __init__(self, address: Address, status: int | None = None) -> None:
        self.address = address
        self._socket = socket.create_connection(("127.0.0.1", address.port), timeout=_LONGEST_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = self._last = b""
        self._expected = -1  # bytes of the whole answer; -1: not known yet, -2: it comes in chunks
        self._status = None if status is None else b"%d " % status
        self.number = self._socket.fileno()
        self.begun = 0.0
        self.bytes = 0

    @property
    def port(self) -> int:
        """The client's end."""
        return int(self._socket.getsockname()[1])

    def ask(self, request: bytes, begun: float = 0.0) -> None:
        """Send a request; its time runs from `begun`."""
        self.begun = begun
        self._socket.send(request)

    def answered(self) -> bool:
        """Read what has come; whether the answer is complete. Raises: Unanswered."""
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise Unanswered("the server closed the connection")
        held = self._held = self._held + piece if self._held else piece
        if self._expected == -1:
            self._expected = self._length(held)
        if self._expected == -2:
            complete = held.endswith(b"\r\n0\r\n\r\n")
        else:
            complete = self._expected != -1 and len(held) >= self._expected
        if complete:
            self.bytes, self._last = len(held), held
            self._held, self._expected = b"", -1
        return complete

    def answer(self) -> bytes:
        """Wait for the whole answer, head and body. Raises: Unanswered, OSError."""
        while not self.answered():
            pass
        return self._last

    def _length(self, held: bytes) -> int:
        end = held.find(_HEAD_END)
        if end < 0:
            return -1
        if self._status is not None and held[9:13] != self._status:
            raise Unanswered(held[:400].decode("latin-1"))
        head = held[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            stop = head.find(b"\r\n", at + 2)
            return end + 4 + int(head[at + 17 : stop if stop > 0 else end])
        return -2 if b"chunked" in head else end + 4

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def ask(address: Address, request: bytes, status: int | None = 200) -> bytes:
    """The whole answer to one request, head and body. Raises: Unanswered, OSError."""
    line = Line(address, status)
    try:
        line.ask(request)
        return line.answer()
    finally:
        line.close()


@contextmanager
def _connected(address: Address, many: int, status: int) -> Iterator[tuple[list[Line], select.epoll]]:
    lines = [Line(address, status) for _ in range(many)]
    waiting = select.epoll()
    for line in lines:
        waiting.register(line.number, select.EPOLLIN)
    gc.disable()
    try:
        yield lines, waiting
    finally:
        gc.enable()
        waiting.close()
        for line in lines:
            line.close()


def closed(address: Address, requests: Iterator[bytes], *, many: int, seconds: float, status: int = 200) -> Load:
    """`many` connections, each asking as soon as it was answered, for so many seconds. Raises: Unanswered."""
    load, clock = Load(), time.perf_counter
    with _connected(address, many, status) as (lines, waiting):
        by_number = {line.number: line for line in lines}
        busy, worked = len(lines), time.process_time()
        began = clock()
        for line in lines:
            line.ask(next(requests), clock())
        ends = began + seconds
        while busy:
            for number, _ in waiting.poll(_LONGEST_SECONDS):
                line = by_number[number]
                if not line.answered():
                    continue
                now = clock()
                load.times.append(now - line.begun)
                load.bytes += line.bytes
                if now < ends:
                    line.ask(next(requests), now)
                else:
                    busy -= 1
        load.seconds, load.worked = clock() - began, time.process_time() - worked
    return load


def opened(
    address: Address, requests: Iterator[bytes], *, rate: float, many: int, seconds: float, status: int = 200
) -> Load:
    """Requests due at a constant `rate` a second, over at most `many` connections. Raises: Unanswered."""
    load, clock = Load(), time.perf_counter
    total = max(1, int(rate * seconds))
    with _connected(address, many, status) as (lines, waiting):
        by_number = {line.number: line for line in lines}
        free = deque(lines)
        began, due = clock() + 0.01, 0
        while len(load.times) < total:
            now = clock()
            while free and due < total and (when := began + due / rate) <= now:
                free.popleft().ask(next(requests), when)
                due += 1
            for number, _ in waiting.poll(0):  # it never sleeps: a timer is coarser than the times that are measured
                line = by_number[number]
                if line.answered():
                    load.times.append(clock() - line.begun)
                    load.bytes += line.bytes
                    free.append(line)
            if clock() - now > _LONGEST_SECONDS:
                raise Unanswered("no answer for two minutes")
        load.seconds = clock() - began
    return load
