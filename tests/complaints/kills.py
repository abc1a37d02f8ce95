"""Power cuts under load: `python -m tests.complaints.kills 100` kills the server's process group so many times.

After each kill the server starts again, and every acknowledged complaint is there with its photos; what was not
acknowledged is wholly there or wholly absent, and the same form sent again is one complaint.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text

from public_site import publishing
from public_site.complaints import following
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.settings import Settings
from tests import databases
from tests.complaints.clients import Informant, Serving, code_of, serving
from tests.complaints.inbox import TODAY, opened
from tests.complaints.test_photos import picture

CLIENTS = 8
WITH_TWO_WORKERS = 4  # every so many rounds: three processes are a long start
Sent = tuple[dict[str, Any], tuple[tuple[str, bytes], ...]]


@dataclass
class Tally:
    """What clients were told: acknowledged (code → form), and what was under way when the power went."""

    acknowledged: dict[str, Sent] = field(default_factory=dict)
    under_way: list[Sent] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def killed(folder: Path, times: int, *, seed: int | None = None) -> Tally:
    """Serve, load, kill, serve again and look, so many times. Raises: AssertionError."""
    settings = databases.settings_of(folder / "data")
    with closing(Database(settings.register_url)) as database:
        publishing.prepare(database, settings)
    opened(settings, folder / "offline").store.close()
    chance, tally = random.Random(seed), Tally()
    photos = tuple((f"{n}.jpg", picture("JPEG", (320, 240))) for n in range(2))
    for number in range(times):
        workers = 1 if number % WITH_TWO_WORKERS else 2
        with serving(settings.data, folder / "log", "--workers", str(workers)) as server:
            _send_again(server, tally)
            _load_and_kill(server, tally, photos, chance)
    with serving(settings.data, folder / "log") as server:
        _send_again(server, tally)
    assert not tally.wrong, tally.wrong[:3]
    _look(settings, tally)
    return tally


def _load_and_kill(server: Serving, tally: Tally, photos: tuple[tuple[str, bytes], ...], chance: random.Random) -> None:
    stop = threading.Event()
    clients = [
        threading.Thread(target=_lodge_on, args=(server.address, tally, photos[: n % 3], stop)) for n in range(CLIENTS)
    ]
    before = len(tally.acknowledged)
    for client in clients:
        client.start()
    deadline = time.monotonic() + 60
    while len(tally.acknowledged) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(chance.uniform(0, 1.0))
    server.kill()
    stop.set()
    for client in clients:
        client.join()


def _lodge_on(address: str, tally: Tally, photos: tuple[tuple[str, bytes], ...], stop: threading.Event) -> None:
    informant = Informant(address)
    while not stop.is_set():
        sent: Sent | None = None
        try:
            number = random.getrandbits(48)
            answers = {"county": "重庆市涪陵区", "where": f"演示路 {number} 号", "when": "昨夜", "categories": "odour",
                       "statement": f"演示投诉 {number}，夜里有异味"}  # fmt: skip
            sent = (informant.form(answers), photos)
            answer = informant.send(*sent)
        except httpx2.HTTPError:
            if sent:
                with tally.lock:
                    tally.under_way.append(sent)
            return
        with tally.lock:
            if answer.status_code == 200:
                tally.acknowledged[code_of(answer)] = sent
            elif answer.status_code == 503:
                tally.under_way.append(sent)
            else:
                tally.wrong.append(f"{answer.status_code} {answer.text[-800:]}")


def _send_again(server: Serving, tally: Tally) -> None:
    """What was under way is sent again, as the people would; twice, as some do."""
    informant = Informant(server.address)
    for sent in tally.under_way:
        codes = {code_of(informant.send(*sent)) for _ in range(2)}
        assert len(codes) == 1
        tally.acknowledged[codes.pop()] = sent
    tally.under_way.clear()


def _look(settings: Settings, tally: Tally) -> None:
    store = Store(settings)
    with store.looking() as connection, store.wraps.reading() as wraps:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        references = set(connection.execute(text("SELECT reference FROM complaint")).scalars())
        assert len(references) == len(tally.acknowledged), (len(references), len(tally.acknowledged))
        wrapped = set(wraps.execute(text("SELECT reference FROM wrap WHERE recipient = 'console'")).scalars())
        assert references <= wrapped
    for code, (form, photos) in tally.acknowledged.items():
        seen = following.follow(store, code, on=TODAY)
        assert seen.statement["said"] == form["statement"]
        assert seen.photos == len(photos)
        assert [step.act for step in seen.steps] == ["lodge"]
    store.close()


def main() -> None:
    """Exit 1 when something was lost, doubled or half."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        tally = killed(Path(folder), times)
        took = time.monotonic() - began
        told = f"{times} kills under {CLIENTS} clients: {len(tally.acknowledged)} complaints, all there, none twice, none half"
        sys.stdout.write(f"{told} ({took:.0f} s)\n")


if __name__ == "__main__":
    main()
