"""A real nginx with the configuration that we ship, as the current user, on a free port, in a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.web.browser import free_port

SHIPPED = Path(__file__).parents[1] / "deploy" / "nginx"
PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"  # not on the path of everybody
PUBLIC, INTAKE, CONSOLE = "mingji.example.cn", "report.mingji.example.cn", "console.mingji.example.cn"
# As Debian's own nginx.conf: whatever it sets for all hosts, ours must set again for its own.
_MAIN = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/logs/main.log;
events {{ worker_connections 512; }}
http {{
    sendfile off;
    types {{ text/html html; }}
    default_type application/octet-stream;
    access_log {folder}/logs/all.log;
    error_log {folder}/logs/all-errors.log;
    gzip on;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running one. A client asks a host by its name; `address`: from which address of this machine."""

    folder: Path
    port: int

    def client(self, host: str = PUBLIC, *, address: str = "127.0.0.1") -> httpx2.Client:
        return httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Host": f"{host}:{self.port}", "Accept": "text/html"},
            transport=httpx2.HTTPTransport(local_address=address),
            timeout=60,
        )

    @property
    def said(self) -> bytes:
        """All that it has written down so far."""
        return b"".join(file.read_bytes() for file in sorted((self.folder / "logs").iterdir()))


def environment(
    folder: Path, public: Sequence[str], intake: Sequence[str], console: Sequence[str], **more: str
) -> dict[str, str]:
    """What `site.conf.template` is filled in with; parts by the addresses of their processes."""

    def servers(addresses: Sequence[str]) -> str:
        return " ".join(f"server {one.removeprefix('http://')} fail_timeout=2s;" for one in addresses)

    return {
        "MINGJI_PUBLIC_HOST": PUBLIC, "MINGJI_INTAKE_HOST": INTAKE, "MINGJI_CONSOLE_HOST": CONSOLE,
        "MINGJI_PUBLIC_ADDRESS": f"http://{PUBLIC}", "MINGJI_INTAKE_ADDRESS": f"http://{INTAKE}",
        "MINGJI_PUBLIC_SERVERS": servers(public), "MINGJI_INTAKE_SERVERS": servers(intake),
        "MINGJI_CONSOLE_SERVERS": servers(console), "MINGJI_CACHE": str(folder / "cache"),
        "MINGJI_STATIC": str(folder / "static"), "MINGJI_OPEN_DATA": str(folder / "open-data"),
    } | more  # fmt: skip


def write(
    folder: Path, told: Mapping[str, str], port: int, *, certificate: Path | None = None, seconds: int = 10
) -> Path:
    """The configuration, filled in, as an operator does it; the path of the main file.

    `certificate`: for TLS, with its key in the same file; `seconds`: how long it waits for a slow caller.
    """
    safe = f" ssl http2;\nssl_certificate {certificate};\nssl_certificate_key {certificate};" if certificate else ";"
    for name in ("conf.d", "logs"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(SHIPPED / "mingji", folder / "mingji")
    for file in (folder / "mingji").glob("*.conf"):
        text = file.read_text(encoding="utf-8").replace("/var/log/nginx/", f"{folder}/logs/")
        text = re.sub(r"^listen 80( default_server)?;", rf"listen 127.0.0.1:{port}\1{safe}", text, flags=re.MULTILINE)
        text = re.sub(r"(client_(?:header|body)_timeout) 10s;", rf"\1 {seconds}s;", text)
        file.write_text(text, encoding="utf-8")
    _write_site(folder, told)
    main = folder / "nginx.conf"
    main.write_text(_MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    return main


def _write_site(folder: Path, told: Mapping[str, str]) -> None:
    site = (SHIPPED / "site.conf.template").read_text(encoding="utf-8")
    site = re.sub(r"\$\{(MINGJI_\w+)\}", lambda found: told[found[1]], site)
    (folder / "conf.d" / "mingji.conf").write_text(site, encoding="utf-8")


def checked(main: Path) -> str:
    """What `nginx -t` says. Raises: AssertionError, unless it is content."""
    command = [PROGRAM, "-t", "-p", str(main.parent), "-c", str(main), "-e", str(main.parent / "logs" / "start.log")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@contextmanager
def running(
    folder: Path, told: Mapping[str, str], *, certificate: Path | None = None, seconds: int = 10
) -> Iterator[Nginx]:
    """nginx, until the end of the block."""
    port = free_port()
    main = write(folder, told, port, certificate=certificate, seconds=seconds)
    log = folder / "logs" / "start.log"
    process = subprocess.Popen([PROGRAM, "-p", str(folder), "-c", str(main), "-e", str(log), "-g", "daemon off;"])
    try:
        _wait_for(port, process, log)
        yield Nginx(folder, port)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text() if log.exists() else "no answer from nginx")


def reload(one: Nginx, told: Mapping[str, str]) -> None:
    """Another configuration, taken over without anybody noticing, as `nginx -s reload` does."""
    _write_site(one.folder, told)
    os.kill(int((one.folder / "nginx.pid").read_text()), signal.SIGHUP)
