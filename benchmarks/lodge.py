"""Thirty complaints a second for a minute: how long until each is acknowledged, and whether any is lost: `make bench-lodge`.

The load is open: each complaint is sent at its own moment, however long the others take. A real server with two workers
takes them; forms are filled in beforehand, and each waits its 20 seconds in place of the proof of work.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from lxml import html
from sqlalchemy import text

from public_site import publishing
from public_site.complaints import following
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.settings import Settings
from public_site.web.complaints import tickets
from tests.complaints.clients import Informant, code_of, serving
from tests.complaints.inbox import TODAY, opened

_CLIENTS = 40


@dataclass
class Load:
    """What was sent: seconds from the moment each was due until it was acknowledged, and the codes."""

    seconds: list[float] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> None:
    """Prints p50, p95, p99 and the longest, and how many are there afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=60)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data=folder / "data")
        with closing(Database(settings.register_url)) as database:
            publishing.prepare(database, settings)
        opened(settings, folder / "offline").store.close()
        with serving(settings.data, folder / "log", "--workers", "2") as server:
            forms = _forms(server.address, wanted.per_second * wanted.seconds)
            time.sleep(tickets.WAIT)
            load = _sent(server.address, forms, wanted.per_second)
        _tell(settings, load, len(forms), wanted.per_second)


def _forms(address: str, count: int) -> list[dict[str, str]]:
    informant = Informant(address)
    found = []
    for number in range(count):
        page = html.document_fromstring(informant.client.get("/complaints/new?kind=pollution").text)
        told = {"county": "重庆市涪陵区", "where": f"演示路 {number} 号", "when": "昨夜", "categories": "odour"}
        told |= {"kind": "pollution", "statement": f"第 {number} 件：夜里有刺鼻的异味。" * 20}
        found.append(told | {"ticket": page.xpath("//input[@name='ticket']/@value")[0]})
    return found


def _sent(address: str, forms: list[dict[str, str]], per_second: int) -> Load:
    load, waiting, begun = Load(), iter(enumerate(forms)), time.monotonic() + 1
    clients = [
        threading.Thread(target=_client, args=(address, waiting, begun, per_second, load)) for _ in range(_CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return load


def _client(address: str, waiting: object, begun: float, per_second: int, load: Load) -> None:
    informant = Informant(address)
    while True:
        with load.lock:
            found = next(waiting, None)  # type: ignore[call-overload]  # an iterator that all clients share
        if found is None:
            return
        number, form = found
        due = begun + number / per_second
        time.sleep(max(0, due - time.monotonic()))
        answer = informant.send(form)
        took = time.monotonic() - due
        with load.lock:
            load.seconds.append(took)
            if answer.status_code == 200:
                load.codes[code_of(answer)] = form["statement"]
            else:
                load.faults.append(f"{answer.status_code}")


def _tell(settings: Settings, load: Load, wanted: int, per_second: int) -> None:
    store = Store(settings)
    with store.looking() as connection:
        kept = connection.execute(text("SELECT count(*) FROM complaint")).scalar_one()
    lost = [c for c, said in load.codes.items() if following.follow(store, c, on=TODAY).statement["said"] != said]
    store.close()
    cuts = statistics.quantiles(load.seconds, n=100)
    print(
        f"{per_second} a second: {wanted} sent, {len(load.codes)} acknowledged, {kept} kept, {len(lost)} lost, faults {load.faults[:5]}"
    )
    print(
        f"p50 {cuts[49] * 1e3:.0f} ms, p95 {cuts[94] * 1e3:.0f} ms, p99 {cuts[98] * 1e3:.0f} ms, longest {max(load.seconds) * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
