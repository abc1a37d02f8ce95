"""The servers of `make bench-web` as processes: each one worker of the same uvicorn, alone on the same core.

What this module knows that no other does: how each is started, that the client keeps to another core (where there is
one), how long a start takes until the first answer, and what a process holds in memory and takes of the processor.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks import web_load
from benchmarks.web_load import Address

# Told to the other applications by their environment: the file that they serve, the answer that they repeat.
FILE, BYTES = "BENCH_WEB_FILE", "BENCH_WEB_BYTES"
NGINX = "/usr/sbin/nginx"
LONGEST_START = 600.0
HELLO, SAME, DATASETTE, PLAIN = (
    "benchmarks.web_ceiling:hello", "benchmarks.web_ceiling:same", "benchmarks.web_datasette:datasette",
    "benchmarks.web_plain:app",
)  # fmt: skip
_FACTORIES = (SAME, DATASETTE)
_CORES = sorted(os.sched_getaffinity(0))
_TICK = os.sysconf("SC_CLK_TCK")
_UVICORN = ("--no-access-log", "--no-server-header", "--log-level", "warning", "--timeout-keep-alive", "120")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    address: Address
    pid: int
    cold_start: float  # seconds from the start of the process to its first answer
    start_cost: float  # seconds of processor that it had taken by then

    def memory(self) -> Mapping[str, float]:
        """Megabytes of it and its children: resident (`Rss`), its share of it (`Pss`), not backed by files (`Anonymous`)."""
        found = dict.fromkeys(("Rss", "Pss", "Anonymous"), 0.0)
        for pid in processes(self.pid):
            with suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
                    name, _, rest = line.partition(":")
                    if name in found:
                        found[name] += int(rest.split()[0]) / 1024
        return found

    def worked(self) -> float:
        """Seconds of processor that it and its children took so far."""
        return worked(self.pid)


def worked(root: int) -> float:
    """Seconds of processor that a process and its children took so far."""
    total = 0
    for pid in processes(root):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICK


def processes(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in task.read_text("ascii").split()]
    return found


def apart() -> None:
    """Put this process, the client, on the last core: servers are started on the first one."""
    os.sched_setaffinity(0, {_CORES[-1]})


@contextmanager
def started(
    name: str, command: Sequence[str], address: Address, first: str, environment: dict[str, str]
) -> Iterator[Server]:
    """A server, from its first answer at `first` to the end of the block. Raises: SystemExit when it never answers."""
    # Compiled modules are kept, as where it is installed: a start would else be one of the compiler.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PUBLIC_SITE_", "PYTHON"))}
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_CORES[0]})
    said = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the server
    began = time.perf_counter()
    process = subprocess.Popen(command, env=inherited | environment, stdout=subprocess.DEVNULL, stderr=said)
    os.sched_setaffinity(0, mine)
    try:
        if not _answers(process, address, first):
            said.seek(0)
            raise SystemExit(f"{name} did not start\n{said.read().decode('utf-8', 'replace')}")
        took = time.perf_counter() - began
        yield Server(name, address, process.pid, took, worked(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.close()


def _answers(process: subprocess.Popen[bytes], address: Address, first: str) -> bool:
    ends = time.monotonic() + LONGEST_START
    while time.monotonic() < ends and process.poll() is None:
        try:
            web_load.ask(address, address.request(first))
        except OSError:
            time.sleep(0.005)
        else:
            return True
    return False


def ours(data: Path, port: int, first: str, workers: int = 1) -> AbstractContextManager[Server]:
    """The site as the ordinary command serves it; no limit of requests, because one client asks them all."""
    command = [sys.executable, "-m", "public_site", "serve", "--port", str(port), "--parts", "public"]
    environment = {
        "PUBLIC_SITE_DATA": str(data), "PUBLIC_SITE_API_PER_MINUTE": "0", "PUBLIC_SITE_OPEN_DATA_QUIET_SECONDS": "0",
    }  # fmt: skip
    return started("明绩", [*command, "--workers", str(workers)], Address(port), first, environment)


def uvicorn(
    name: str, application: str, port: int, first: str = "/", environment: dict[str, str] | None = None
) -> AbstractContextManager[Server]:
    """Another ASGI application under the same server with the same options."""
    factory = ("--factory",) if application in _FACTORIES else ()
    command = [sys.executable, "-m", "uvicorn", application, *factory, "--port", str(port), *_UVICORN]
    return started(name, command, Address(port), first, environment or {})


def record(file: Path, answer: bytes) -> None:
    """Write an answer down as `web_ceiling.Same` and nginx give it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = (line.partition(":")[::2] for line in head.decode("latin-1").split("\r\n")[1:])
    headers = [(name.lower(), value.strip()) for name, value in lines]
    kept = [(name, value) for name, value in headers if name not in ("date", "server", "connection")]
    file.write_bytes(orjson.dumps(kept) + b"\n" + body)


@contextmanager
def nginx(folder: Path, port: int, recorded: Path) -> Iterator[Server | None]:
    """nginx with the recorded bytes as a static file and the same headers; None where nginx is not installed."""
    if not Path(NGINX).exists():
        print(f"nginx is not at {NGINX}: its rows are left out")
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="nginx-", dir=folder))
    headers, _, body = recorded.read_bytes().partition(b"\n")
    (home / "page").write_bytes(body)
    own = ("content-length", "content-type", "etag", "last-modified", "accept-ranges")
    told = dict(orjson.loads(headers))
    lines = "".join(f'add_header {name} "{_quoted(value)}";\n' for name, value in told.items() if name not in own)
    (home / "nginx.conf").write_text(
        f"daemon off;\npid {home}/pid;\nerror_log stderr warn;\nworker_processes 1;\nmaster_process off;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\nsendfile on;\ntcp_nopush on;\n"
        f"keepalive_requests 100000000;\nopen_file_cache max=100;\n"
        + "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        + f'server {{\nlisten 127.0.0.1:{port};\nroot {home};\ndefault_type "{told.get("content-type", "text/html")}";\n'
        f"{lines}location = /hello {{ default_type text/plain; return 200 hello; }}\n}}\n}}\n",
        encoding="utf-8",
    )
    try:
        with started("nginx", [NGINX, "-p", str(home), "-c", "nginx.conf"], Address(port), "/page", {}) as server:
            yield server
    finally:
        shutil.rmtree(home)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "")
