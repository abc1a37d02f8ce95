"""How long a publication takes until every worker shows it: a part of `make bench-web`.

A copy of the register is served by two workers. A notice of one enterprise is approved in another process, as the command
does it; meanwhile the page and the search for its name are asked of each worker, over a connection that it accepted.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import text

from benchmarks import web_questions, web_register, web_servers
from benchmarks.web_load import Line
from public_site import documents, notices, publishing
from public_site.database import Database
from public_site.search import engines
from public_site.settings import Settings

WORKERS = 2
_TRIES, _LONGEST_SECONDS = 400, 60.0


@dataclass(frozen=True, slots=True)
class Visible:
    """Seconds from the commit of each publication until the last worker showed its page, and found it."""

    shown: tuple[float, ...]
    found: tuple[float, ...]

    @property
    def slowest(self) -> float:
        """The slowest of all."""
        return max(*self.shown, *self.found)

    def told(self) -> str:
        """In a sentence."""
        return (
            f"the page after {statistics.median(self.shown) * 1000:.0f} ms (at most {max(self.shown) * 1000:.0f}),"
            f" found by search after {statistics.median(self.found) * 1000:.0f} ms (at most {max(self.found) * 1000:.0f}),"
            f" {len(self.shown)} publications"
        )


def measure(data: Path, port: int, times: int = 3) -> Visible:
    """Publish so many notices into a copy of the register, each seen by every worker before the next."""
    with tempfile.TemporaryDirectory(dir=data.parent) as folder:
        copy = web_register.copied(data, Path(folder) / "data")
        with web_servers.ours(copy, port, "/healthz", workers=WORKERS) as server:
            seen = [_published(copy, server, number) for number in range(times + 1)][1:]  # the first wakes everybody
    return Visible(tuple(shown for shown, _ in seen), tuple(found for _, found in seen))


def _one_of_each(server: web_servers.Server) -> list[Line]:
    """A connection to each worker: which one accepted it, the system's table of sockets tells."""
    found: dict[int, Line] = {}
    kept = []
    for _ in range(_TRIES):
        line = Line(server.address)
        line.ask(server.address.request("/enterprises"))  # while one worker answers, another accepts
        kept.append(line)
        worker = _accepted_by(server, line.port)
        if worker is not None and worker not in found:
            found[worker] = line
        if len(found) == WORKERS:
            break
    for line in kept:
        line.answer()
        if line not in found.values():
            line.close()
    if len(found) < WORKERS:
        raise SystemExit("a worker never accepted a connection")
    return list(found.values())


def _accepted_by(server: web_servers.Server, client_port: int) -> int | None:
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        inode = _inode(server.address.port, client_port)
        for pid in web_servers.processes(server.pid) if inode else ():
            for held in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    if held.readlink().name == f"socket:[{inode}]":
                        return pid
                except OSError:
                    continue
        time.sleep(0.01)
    return None


def _inode(server_port: int, client_port: int) -> str | None:
    """Of the server's end of a connection; it has none before it was accepted."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        ports = [int(end.rpartition(":")[2], 16) for end in fields[1:3]]
        if ports == [server_port, client_port] and fields[9] != "0":
            return fields[9]
    return None


def _published(data: Path, server: web_servers.Server, number: int) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    publisher = context.Process(target=publish, args=(data, number, there))
    publisher.start()
    name, enterprise = here.recv()  # it is about to approve
    lines = _one_of_each(server)
    here.send(True)
    at_page = _seen(lines, f"/enterprises/{enterprise}", name)
    at_search = _seen(lines, f"/enterprises?{urlencode({'q': name})}", f'href="/enterprises/{enterprise}"')
    committed = here.recv()
    publisher.join()
    for line in lines:
        line.close()
    return at_page - committed, at_search - committed


def _seen(lines: list[Line], target: str, words: str) -> float:
    """When the last of the workers showed these words."""
    waiting, ends = list(lines), time.monotonic() + _LONGEST_SECONDS
    while waiting:
        waiting = [line for line in waiting if words not in _page(line, target)]
        if time.monotonic() > ends:
            raise SystemExit(f"a worker does not show {target}")
    return time.time()


def _page(line: Line, target: str) -> str:
    line.ask(line.address.request(target))
    return web_questions.body(line.answer()).decode("utf-8")


def publish(data: Path, number: int, parent: Connection) -> None:
    """Take a notice in and, when told to, approve it; tells its enterprise before, and the moment of the commit."""
    settings = Settings(data=data, base_url="")
    database = Database(settings.register_url)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        name = web_register.write_notice(file, number)
        reading, at = notices.read(file), datetime.now(UTC)
        draft = publishing.take_in(database, settings, file, reading, by="drafter", at=at).draft.id
    with database.reading() as connection:
        latest = int(connection.execute(text("SELECT max(number) FROM entry")).scalar_one())
    parent.send((name, latest + 2))  # the notice is one entry, its first enterprise the next
    parent.recv()
    publishing.publish(database, settings, draft, by="approver", at=datetime.now(UTC))
    parent.send(time.time())
    documents.bring_along(database, engines.engine(settings))
    database.close()
