"""The map's viewports by zoom: `python -m benchmarks.map` (`make bench-map`).

A register's tables are filled with enterprises around the middles of real counties, thick in some and thin in most; then
the application is asked for viewports of 1280 × 800 pixels through its whole ASGI stack, in the process and without a client
between, each a new address.
Every filter differs; text is asked of the search engine and measured in `make bench-search`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from sqlalchemy import insert
from starlette.types import ASGIApp

from benchmarks.search import percentiles
from public_site import grades, ground, places, points
from public_site.database import Database
from public_site.settings import Settings
from public_site.standings import EnterpriseRecord, HoldingRecord
from public_site.web.app import create_app

ZOOMS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18)
WIDTH, HEIGHT = 1280, 800
INDUSTRIES = ("焦化", "水泥", "玻璃", "包装印刷", "家具制造", "工业涂装", "陶瓷", "砖瓦窑", "钢铁", "铸造")
LETTERS = ("A", "B", "B", "B-", "C", "C", "D")
_BATCH = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.map")
    parser.add_argument("--sizes", type=int, nargs="+", default=[350_000, 1_000_000])
    parser.add_argument("--views", type=int, default=40, help="viewports of each zoom and kind")
    chosen = parser.parse_args()
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), size, chosen.views)


def measure(folder: Path, size: int, views: int) -> None:
    settings = Settings(data=folder, demo=False)
    database = Database(settings.register_url)
    database.migrate()
    fill(database, size)
    before, start = memory(), time.perf_counter()
    with database.reading() as connection:
        held = points.load(connection, 0)
    seconds = time.perf_counter() - start
    print(f"\n{held.located:,} enterprises with a point: made in {seconds:.1f} s, at most {memory() - before} MB more")
    app = create_app(settings)
    app.state.site.points._held = held  # noqa: SLF001 - it has just been made
    with Server(app) as server:
        table(server, held, views)
    database.close()


def table(server: Server, held: points.Points, views: int) -> None:
    """Print what viewports of each zoom take."""
    dice = random.Random(7)
    print(
        "| zoom | no filter: p50 / p95 / p99 ms | filter: p50 / p95 / p99 ms | of processor: p95 | largest kB | features |"
    )
    print("|---:|---|---|---|---:|---:|")
    for zoom in ZOOMS:
        plain = [asked(server, viewport(dice, held, zoom), zoom, ()) for _ in range(views)]
        filtered = [asked(server, viewport(dice, held, zoom), zoom, filters(dice)) for _ in range(views)]
        both = plain + filtered
        cells = [percentiles([one[0] for one in kind]).replace(" | ", " / ") for kind in (plain, filtered)]
        worked = [sorted(one[3] for one in kind)[int(len(kind) * 0.95)] for kind in (plain, filtered)]
        print(f"| {zoom} | {cells[0]} | {cells[1]} | {worked[0]:.1f} / {worked[1]:.1f} | {max(one[1] for one in both) / 1000:.0f} |"
              f" {max(one[2] for one in both)} |", flush=True)  # fmt: skip


class Server:
    """The application as a server calls it, one request after the other in one event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    def get(self, url: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        path, _, query = url.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", b"localhost"), (b"accept-encoding", b"identity")],
            "client": ("127.0.0.1", 1), "server": ("localhost", 80), "state": {},
        }  # fmt: skip
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def ask() -> None:
            await self._app(scope, receive, send)

        self._runner.run(ask())
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def asked(server: Server, box: str, zoom: int, more: Sequence[tuple[str, str]]) -> tuple[float, int, int, float]:
    """Milliseconds, bytes and features of one answer, and the milliseconds that the processor worked on it."""
    url = "/map/features.geojson?" + urlencode([("bbox", box), ("zoom", str(zoom)), *more], safe=",")
    start, worked = time.perf_counter(), time.process_time()
    status, body = server.get(url)
    spent, worked = (time.perf_counter() - start) * 1000, (time.process_time() - worked) * 1000
    assert status == 200, body
    return spent, len(body), int(json.loads(body)["numberReturned"]), worked


def viewport(dice: random.Random, held: points.Points, zoom: int) -> str:
    """A window around some enterprise."""
    at = dice.randrange(held.located)
    span = WIDTH / 256 * 360 / 2**zoom
    lat, lon = held.lat[at] / 1e6 + dice.uniform(-0.1, 0.1) * span, held.lon[at] / 1e6 + dice.uniform(-0.1, 0.1) * span
    high = span * HEIGHT / WIDTH * 0.8
    west, south = max(-180.0, lon - span / 2), max(-85.0, lat - high / 2)
    east, north = min(180.0, lon + span / 2), min(85.0, lat + high / 2)
    return f"{west:.5f},{south:.5f},{east:.5f},{north:.5f}"


def filters(dice: random.Random) -> list[tuple[str, str]]:
    """One to three filters, from hardly any to nearly all."""
    province = dice.choice([code for code in ground.inner_points() if code.endswith("0000")])
    possible = [
        [("grade", grade) for grade in dice.sample(sorted(set(LETTERS)), dice.randint(1, 4))],
        [("industry", industry) for industry in dice.sample(INDUSTRIES, dice.randint(1, 6))],
        [("province", province)],
        [("stage", "decided")],
        [("downgraded_since", f"20{dice.randint(15, 24)}-0{dice.randint(1, 9)}-01")],
        [("overall", "incomparable")],
        [
            ("near", f"{dice.uniform(25, 40):.2f},{dice.uniform(105, 120):.2f}"),
            ("radius_km", str(dice.randint(5, 500))),
        ],
    ]
    return [pair for one in dice.sample(possible, dice.randint(1, 3)) for pair in one]


def fill(database: Database, size: int) -> None:
    """Enterprises and what they hold, straight into the tables that the map reads."""
    dice = random.Random(5)
    with database.writing() as connection:
        for batch in batches(made(dice, size)):
            connection.execute(insert(EnterpriseRecord), [enterprise for enterprise, _ in batch])
            connection.execute(insert(HoldingRecord), [unit for _, units in batch for unit in units])


def batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def made(dice: random.Random, size: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    counties = [(code, point) for code, point in ground.inner_points().items() if places.is_division(code)
                and not code.endswith("00")]  # fmt: skip
    weights = [dice.paretovariate(1.1) for _ in counties]
    scheme = grades.schemes()[0].id
    for number, (code, (lat, lon)) in enumerate(dice.choices(counties, weights, k=size), 1):
        province, city, _ = places.lineage(code)
        held = [dice.choice(LETTERS) for _ in range(1 if dice.random() < 0.8 else 2)]
        yield (
            {"id": number, "name": f"演示{number}号有限公司", "normal_name": f"演示{number}号", "credit_code": None,
             "province": province and province.code, "city": city and city.code, "county": code, "zone": None,
             "lat_e6": round(dice.gauss(lat, 0.06) * 1e6), "lon_e6": round(dice.gauss(lon, 0.07) * 1e6),
             "overall_grade": max(held) if len(held) == 1 or dice.random() < 0.8 else None,
             "overall_reason": "only_unit" if len(held) == 1 else dice.choice(("lowest_of_units", "not_comparable")),
             "excellence": 0, "since": "2024-01-01", "touched": number,
             "downgraded_on": f"2023-0{dice.randint(1, 9)}-01" if dice.random() < 0.05 else None},
            [
                dict.fromkeys(HoldingRecord.model_fields) | {
                    "unit_id": number * 10 + at, "from_day": "2024-01-01", "enterprise_id": number, "grade": grade,
                    "industry": dice.choice(INDUSTRIES), "scheme": scheme, "since": "2024-01-01", "entry": number,
                    "listed": 1}
                for at, grade in enumerate(held)
            ],
        )  # fmt: skip


def memory() -> int:
    """The most memory that this process has had so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
