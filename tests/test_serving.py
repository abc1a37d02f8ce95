"""The server as processes: it stops in order, and one version follows another without a request that fails."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from public_site import sockets
from public_site.database import Database
from public_site.faults import NotReady
from public_site.settings import Settings
from tests.web.conftest import new_publisher
from tests.web.test_metrics import figures

_HANGS = 600  # seconds after which something never comes
TOKEN = "the-token-of-a-test"
# What a supervisor does: the socket is descriptor 3 of the program that is started.
HAND_OVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'};"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


@dataclass
class Supervisor:
    """Holds the socket, starts and stops servers on it."""

    settings: Settings
    folder: Path
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=512))
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PUBLIC_SITE_")}
        (self.folder / "token").write_text(TOKEN)
        told = {"PUBLIC_SITE_DATA": str(self.settings.data), "PUBLIC_SITE_OPEN_DATA_QUIET_SECONDS": "0",
                "PUBLIC_SITE_METRICS_TOKEN_FILE": str(self.folder / "token"), "PUBLIC_SITE_STOP_SECONDS": "600"}  # fmt: skip
        serve = [sys.executable, "-m", "public_site", "serve", "--parts", "public", *options]
        number = self.listener.fileno()
        with (self.folder / "log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", HAND_OVER, str(number), *serve], env=kept | told, pass_fds=[number],
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self.running.append(process)
        return process

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_HANGS)
        try:
            connection.request("GET", path, headers={"Connection": "close"} | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metrics(self) -> dict[tuple[str, ...], float]:
        status, told = self.get("/metrics", Authorization=f"Bearer {TOKEN}")
        assert status == 200
        return figures(told.decode())

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.listener.close()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """A register with a notice whose original is large."""
    publisher = new_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    publisher.index()
    publisher.database.close()
    (original,) = publisher.settings.originals.iterdir()
    original.write_bytes(os.urandom(1 << 20) * 24)
    found = Supervisor(publisher.settings, tmp_path)
    yield found
    found.end()


class Stream:
    """Requests one after the other; what failed."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.answered, self.failed = 0, list[str]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def _go(self) -> None:
        while not self._stop.is_set():
            try:
                status, body = self._supervisor.get("/enterprises/2")
                if status != 200 or "演示甲有限公司".encode() not in body:
                    self.failed.append(str(status))
            except (OSError, http.client.HTTPException) as fault:
                self.failed.append(repr(fault))
            self.answered += 1
            time.sleep(0.02)  # a steady stream, not a flood

    @contextmanager
    def going_on(self) -> Iterator[Stream]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join(timeout=_HANGS)

    def goes_on(self, more: int = 10) -> None:
        """So many further answers."""
        goal, deadline = self.answered + more, time.monotonic() + _HANGS
        while self.answered < goal and not self.failed:
            assert time.monotonic() < deadline, "no answers"
            time.sleep(0.02)


def begun_download(supervisor: Supervisor) -> http.client.HTTPResponse:
    """A long download of which only the beginning was read."""
    connection = http.client.HTTPConnection("127.0.0.1", supervisor.port, timeout=_HANGS)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    connection.request("GET", "/notices/1/original")
    answer = connection.getresponse()
    assert answer.status == 200
    return answer


def children(pid: int) -> set[str]:
    """The web workers of a server."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {child for child in told if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()}


def lines(supervisor: Supervisor) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (supervisor.folder / "log").read_text().splitlines()]


def test_one_version_follows_another_and_no_request_fails(supervisor: Supervisor) -> None:
    first = supervisor.start()
    whole = hashlib.sha256(next(supervisor.settings.originals.iterdir()).read_bytes()).digest()
    supervisor.get("/healthz")
    with Stream(supervisor).going_on() as stream:
        stream.goes_on()
        download = begun_download(supervisor)
        first.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert first.poll() is None, "a download is under way"
        second = supervisor.start("--workers", "2")
        stream.goes_on()
        assert hashlib.sha256(download.read()).digest() == whole
        assert first.wait(timeout=_HANGS) == 0
        stream.goes_on()
        totals_agree(supervisor)
        before = children(second.pid)
        second.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + _HANGS
        while (now := children(second.pid)) & before or len(now) != 2:
            assert time.monotonic() < deadline, "the workers were not replaced"
            stream.goes_on(1)
        counted = supervisor.metrics()["mingji_requests_total", "/enterprises/…", "2xx"]
        assert counted >= 20, "what the workers before these counted still counts"
        stream.goes_on()
    assert stream.failed == []
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=_HANGS) == 0
    told = [line["event"] for line in lines(supervisor)]
    assert told.count("serving") == told.count("stopped") == 2
    assert not {line["level"] for line in lines(supervisor)} & {"error"}


def totals_agree(supervisor: Supervisor) -> None:
    """Whichever worker answers, it tells what all of them counted."""
    for _ in range(20):
        supervisor.get("/enterprises/404")
    told = [supervisor.metrics() for _ in range(6)]
    assert {found["mingji_requests_total", "/enterprises/…", "4xx"] for found in told} == {20}
    assert {found["mingji_processes",] for found in told} == {2}


def test_an_old_schema_is_refused_until_it_is_migrated(supervisor: Supervisor) -> None:
    database = Database(supervisor.settings.register_url)
    current = database.revision()
    assert current is not None
    database.downgrade(f"{int(current) - 1:04}")
    database.close()
    told = {name: value for name, value in os.environ.items() if not name.startswith("PUBLIC_SITE_")}
    told["PUBLIC_SITE_DATA"] = str(supervisor.settings.data)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "public_site", *words]
        return subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=_HANGS)

    refused = run("serve", "--port", str(supervisor.port))
    assert (refused.returncode, refused.stderr.strip()) == (
        2,
        "数据库结构与程序版本不一致，请先运行 public-site migrate。",
    )
    assert current in run("migrate").stdout
    database = Database(supervisor.settings.register_url)
    database.require_current()
    database.close()


def test_listening_where_somebody_listens_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotReady, match=f"不能在 127.0.0.1:{port} 上监听"), sockets.listening("127.0.0.1", port):
            pass
