"""`make bench-web`: our pages and answers beside others' over the same data, on the same machine, in one run.

    python -m benchmarks.web [--sizes 10000 100000 1000000] [--seconds S] [--rounds R] [--cache FOLDER]

Side by side: the site as `public-site serve` serves it; the least that an ASGI application can do, and one that sends our
page's own bytes; nginx with those bytes as a static file; Datasette with FTS5 and facets; a plain application of FastAPI,
SQLModel and Jinja (`web_plain`). All with one worker on the first core, the client on the last. Whatever is compared is
asked in turns (A B C A B C …), and medians of the rounds are told with their spread, because a machine is never quiet.
A closed loop gives the requests a second; then as many as half of that come at a constant rate, and each one's time runs
from when it was due.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import web_load, web_register, web_servers, web_visible
from benchmarks import web_questions as asked
from benchmarks.web_load import Load
from benchmarks.web_servers import Server

CONNECTIONS, MOST_CONNECTIONS = 8, 64
_FEWEST = 4  # requests of an open loop
HELLO, BYTES, NGINX, READY, HELD = (
    "hello",
    "the page's bytes",
    "the page's bytes",
    "enterprise page, asked again",
    "304",
)


@dataclass
class Case:
    """A row of the table: one thing asked of one server, and what was seen."""

    what: str
    server: Server
    requests: Iterator[bytes]
    status: int = 200
    at_once: int = MOST_CONNECTIONS
    closed: list[Load] = field(default_factory=list)
    opened: list[Load] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)  # microseconds of processor that an answer cost the server
    client: list[float] = field(default_factory=list)  # share of its core that the client was busy

    @property
    def rate(self) -> float:
        """Answers a second, the median of the rounds."""
        return statistics.median(load.rate for load in self.closed)

    @property
    def cost(self) -> float:
        """Microseconds of processor an answer."""
        return statistics.median(self.worked)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each loop")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=Path("var/bench-web"), help="where the registers are kept")
    parser.add_argument("--publications", type=int, default=3, help="timed until every worker shows them; 0: none")
    parser.add_argument("--port", type=int, default=8960, help="the first of ten")
    parser.add_argument("--without-datasette", action="store_true")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers are stopped on the way out
    print(f"{platform.platform()}, Python {platform.python_version()}, {multiprocessing.cpu_count()} cores")
    for size in chosen.sizes:
        made = web_register.made(chosen.cache, size)
        print(f"\n## {size:,} enterprises\n", flush=True)
        measure(made, chosen)


def measure(made: Path, chosen: argparse.Namespace) -> None:
    """One size: every row, then the aims."""
    web_servers.apart()
    known = asked.things(made / "plain.db")
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        servers = _start(stack, made, known, Path(temporary), chosen)
        print(
            asked.require_alike({s.name: s.address for s in servers.values() if s.name in asked.SERVERS}, known) + "\n"
        )
        cases = list(_cases(servers, known))
        for case in cases:
            _warm(case)
        for _ in range(chosen.rounds):
            for case in cases:
                _closed(case, chosen.seconds)
        for _ in range(chosen.rounds):
            for case in cases:
                _opened(case, chosen.seconds)
        _table(cases)
        memory = {name: server.memory() for name, server in servers.items()}
    _processes(servers, memory)
    visible = web_visible.measure(made / "data", chosen.port, chosen.publications) if chosen.publications else None
    print(f"\npublished → visible on both of two workers: {visible.told() if visible else 'not measured'}")
    _aims(
        cases, memory[asked.OURS]["Rss"], servers[asked.OURS].cold_start, visible.slowest if visible else float("nan")
    )


def _start(
    stack: ExitStack, made: Path, known: asked.Things, folder: Path, chosen: argparse.Namespace
) -> dict[str, Server]:
    """All servers, started one after the other; ours has made what it makes beside its first answers."""
    one, file = known.enterprises[0], {web_servers.FILE: str(made / "plain.db")}
    enter, port = stack.enter_context, chosen.port
    ours = enter(web_servers.ours(made / "data", port, asked.PAGE.targets[asked.OURS](one)))
    web_load.ask(ours.address, ours.address.request(asked.MAP.targets[asked.OURS](known.boxes[0])))
    recorded = folder / "page"
    web_servers.record(recorded, web_load.ask(ours.address, ours.address.request(f"/enterprises/{one[0]}")))
    servers = {
        asked.OURS: ours,
        HELLO: enter(web_servers.uvicorn(HELLO, web_servers.HELLO, port + 1)),
        "same": enter(web_servers.uvicorn("ASGI", web_servers.SAME, port + 2, environment={web_servers.BYTES: str(recorded)})),
        asked.PLAIN: enter(web_servers.uvicorn(asked.PLAIN, web_servers.PLAIN, port + 3, f"/enterprises/{one[0]}", file)),
    }  # fmt: skip
    if nginx := enter(web_servers.nginx(folder, port + 4, recorded)):
        servers["nginx"] = nginx
    if not chosen.without_datasette:
        first = asked.PAGE.targets[asked.DATASETTE](one)
        servers[asked.DATASETTE] = enter(
            web_servers.uvicorn(asked.DATASETTE, web_servers.DATASETTE, port + 5, first, file)
        )
    return servers


def _cases(servers: dict[str, Server], known: asked.Things) -> Iterator[Case]:
    """The rows in the order of the table."""
    ours, hot = servers[asked.OURS], f"/enterprises/{known.enterprises[0][0]}"
    yield _same(HELLO, servers[HELLO], "/")
    yield _same(BYTES, servers["same"], "/")
    if "nginx" in servers:
        yield _same(HELLO, servers["nginx"], "/hello")
        yield _same(BYTES, servers["nginx"], "/page")
    yield _same(READY, ours, hot)
    tag = asked.header(web_load.ask(ours.address, ours.address.request(hot)), "etag")
    held = itertools.repeat(ours.address.request(hot, f"If-None-Match: {tag}"))
    yield Case(HELD, ours, held, status=304)
    for topic in asked.TOPICS:
        for name, target in topic.targets.items():
            if name in servers:
                stock = asked.Stock(servers[name].address, [target(one) for one in topic.of(known)], once=topic.once)
                yield Case(topic.name, servers[name], stock, at_once=topic.at_once)


def _same(what: str, server: Server, target: str) -> Case:
    return Case(what, server, itertools.repeat(server.address.request(target)))


def _warm(case: Case) -> None:
    """Ask once for what is asked in turn: who keeps answers may have them then."""
    if isinstance(case.requests, asked.Stock) and not case.requests.once:
        for request in itertools.islice(case.requests, case.requests.count):
            web_load.ask(case.server.address, request)


def _closed(case: Case, seconds: float) -> None:
    before = case.server.worked()
    load = web_load.closed(
        case.server.address, case.requests, many=min(CONNECTIONS, case.at_once), seconds=seconds, status=case.status
    )
    case.closed.append(load)
    case.worked.append((case.server.worked() - before) * 1e6 / len(load.times))
    case.client.append(load.worked / load.seconds)


def _opened(case: Case, seconds: float) -> None:
    rate = case.rate / 2
    if case.opened and rate * seconds < 1:
        return  # one round of those that take seconds each
    lasting = max(seconds, _FEWEST / rate)
    load = web_load.opened(
        case.server.address, case.requests, rate=rate, many=case.at_once, seconds=lasting, status=case.status
    )
    case.opened.append(load)


def _table(cases: list[Case]) -> None:
    print("| what | server | requests/s (least to most) | of hello | µs of processor | p50 / p95 / p99 ms closed |"
          " p50 / p95 / p99 ms at half of that rate | kB |")  # fmt: skip
    print("|---|---|---:|---:|---:|---|---|---:|")
    hello = cases[0].rate
    for case in cases:
        rates = sorted(load.rate for load in case.closed)
        size = case.closed[0].bytes / len(case.closed[0].times) / 1000
        # The client works to its limit: the server could do more.
        bound = " ≥" if statistics.median(case.client) > 0.95 else ""
        again = " (again)" if isinstance(case.requests, asked.Stock) and case.requests.ran_out else ""
        print(
            f"| {case.what}{again} | {case.server.name} |{bound} {case.rate:,.4g} ({rates[0]:,.4g} to {rates[-1]:,.4g}) |"
            f" {case.rate / hello:.3f} | {case.cost:,.0f} | {_percentiles(case.closed)} | {_percentiles(case.opened)} |"
            f" {size:.1f} |"
        )
    asking = statistics.median(load.worked * 1e6 / len(load.times) for load in cases[0].closed)
    print(
        f"\nthe client takes {asking:.0f} µs of its core to ask for a hello: it could ask {1e6 / asking:,.0f} a second"
    )


def _processes(servers: dict[str, Server], memory: dict[str, Mapping[str, float]]) -> None:
    print("\n| process | start to first answer, s | of processor | resident MB | its share | not of files |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, held in memory.items():
        start = f"{servers[name].cold_start:.2f} | {servers[name].start_cost:.2f}"
        print(f"| {name} | {start} | {held['Rss']:.0f} | {held['Pss']:.0f} | {held['Anonymous']:.0f} |")


def _percentiles(loads: list[Load]) -> str:
    found = (statistics.median(load.percentile(share) for load in loads) for share in (0.5, 0.95, 0.99))
    return " / ".join(f"{one:.3g}" for one in found)


def _aims(cases: list[Case], memory: float, start: float, visible: float) -> None:
    """The aims of the house at 1,000,000 enterprises, by requests a second and by processor time."""
    by_name = {(case.what, case.server.name): case for case in cases}
    hello = cases[0]
    ours = {what: case for (what, server), case in by_name.items() if server == asked.OURS}
    aims = [
        ("enterprise page from ready bytes to hello", ours[READY], hello, 0.6),
        ("304 to hello", ours[HELD], hello, 0.55),
        ("JSON list of 50 to hello", ours[asked.JSON.name], hello, 0.15),
        ("JSON list of 50, each asked once, to hello", ours[asked.JSON_ONCE.name], hello, 0.15),
    ]
    beside_datasette = (
        ("rendered page", asked.PAGE, 5),
        ("search with facets, three to five characters,", asked.SEARCH, 100),
        ("search with facets, two characters,", asked.TWO, 100),
    )
    for what, topic, factor in beside_datasette:
        rival = by_name.get((topic.name, asked.DATASETTE))
        if rival:
            aims.append((f"{what} to Datasette's", ours[topic.name], rival, factor))
    print("\n| aim | figure | by processor time | |\n|---|---:|---:|---|")
    for what, mine, other, least in aims:
        ratio = mine.rate / other.rate
        print(f"| {what} ≥ {least} | {ratio:.3g} | {other.cost / mine.cost:.3g} | {_met(ratio >= least)} |")
    for what, figure, most in (
        ("memory of a worker, MB", memory, 450),
        ("cold start, s", start, 3),
        ("visible, s", visible, 1),
    ):
        print(f"| {what} ≤ {most} | {figure:.3g} | | {_met(figure <= most)} |")


def _met(held: bool) -> str:
    return "met" if held else "missed"


if __name__ == "__main__":
    main()
