"""A real server of the intake and somebody without script in front of it: a form filled in, sent, followed."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx2
from lxml import html

from tests import databases

_addresses = itertools.count(1)
OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Serving:
    """A process group that serves."""

    address: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """As a power cut would, the whole group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(
    data: Path, log: Path, *options: str, environment: Mapping[str, str] | None = None, parts: str = "intake"
) -> Iterator[Serving]:
    """`public-site serve` in a process group of its own; whatever it says goes to `log`."""
    port = free_port()
    told = databases.environment_of(data) | {"PUBLIC_SITE_OPEN_DATA_QUIET_SECONDS": "0"} | dict(environment or {})
    command = [sys.executable, "-m", "public_site", "serve", "--port", str(port), "--parts", parts, *options]
    with log.open("ab") as out:
        process = _started(command, told, out)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process)
            yield Serving(address, process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def _started(command: list[str], environment: dict[str, str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{address}/healthz", timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {address}")


@dataclass
class Informant:
    """Somebody who lodges complaints. `elsewhere`: from another network address each time."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)
    elsewhere: bool = True

    def __post_init__(self) -> None:
        self.client = httpx2.Client(base_url=self.address, timeout=60, headers=OURS | self.headers)

    def post(self, url: str, data: Mapping[str, Any], **more: Any) -> httpx2.Response:
        told = {"X-Forwarded-For": f"198.51.{os.getpid() % 250}.{next(_addresses) % 250}"} if self.elsewhere else {}
        return self.client.post(url, data=dict(data), headers=told, **more)

    def form(self, answers: Mapping[str, Any], start: str = "/complaints/new?kind=pollution") -> dict[str, Any]:
        """All answers with the form's own key and its work done, ready to be sent as often as one likes."""
        page = html.document_fromstring(self.client.get(start).text)
        ticket = page.xpath("//input[@name='ticket']/@value")[0]
        told = {"kind": "pollution", "ticket": ticket, **answers}
        checked = self.post("/complaints/lodge", told)
        assert checked.status_code == 200, checked.text
        return told | {"work": solved(html.document_fromstring(checked.text).get_element_by_id("work"))}

    def send(self, form: Mapping[str, Any], photos: tuple[tuple[str, bytes], ...] = ()) -> httpx2.Response:
        files = [("photos", (name, data, "image/jpeg")) for name, data in photos]
        return self.post("/complaints/send", form, files=files or [("photos", ("none", b"", "image/jpeg"))])

    def follow(self, code: str) -> str:
        """What the informant reads with the code."""
        answer = self.post("/complaints/follow", {"code": code})
        assert answer.status_code == 200, answer.text
        return str(html.document_fromstring(answer.text).get_element_by_id("content").text_content())


def code_of(answer: httpx2.Response) -> str:
    """The tracking code that an acknowledgement shows."""
    assert answer.status_code == 200, answer.text
    return str(html.document_fromstring(answer.text).get_element_by_id("tracking-code").text_content())


def solved(work: html.HtmlElement) -> str:
    """What the page's script would find."""
    told = {name: work.get(f"data-{name}") for name in ("salt", "challenge", "signature")}
    for number in range(int(work.get("data-most")) + 1):
        if hashlib.sha256(f"{told['salt']}{number}".encode()).hexdigest() == told["challenge"]:
            return base64.b64encode(json.dumps(told | {"number": number, "algorithm": "SHA-256"}).encode()).decode()
    raise AssertionError("no number solves it")
