"""Where a server listens: on sockets that were handed over to it, or on one of its own.

What this module knows that no other does: how a supervisor hands sockets over (systemd's `LISTEN_PID` and `LISTEN_FDS`, from
descriptor 3 on). Such a socket outlives the process: while one version of the program stops and the next one starts,
whoever connects waits in its queue, and nobody is turned away.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from public_site.faults import NotReady

_FIRST = 3
_QUEUE = 2048


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """The sockets to answer on; those handed over win over `host` and `port`. Raises: NotReady."""
    with ExitStack() as open_ones:
        yield [open_ones.enter_context(closing(one)) for one in _handed_over() or [_own(host, port)]]


def _handed_over() -> list[socket.socket]:
    to, number = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "0")
    os.environ.pop("LISTEN_FDNAMES", None)
    if to != str(os.getpid()) or not number.isdigit():
        return []
    found = [socket.socket(fileno=_FIRST + at) for at in range(int(number))]
    for one in found:
        one.set_inheritable(False)  # a child gets it by name or not at all
        one.setblocking(False)
    return found


def _own(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_QUEUE)
    except OSError as fault:
        raise NotReady(f"不能在 {host}:{port} 上监听：{fault.strerror}。") from None
