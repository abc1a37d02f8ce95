"""Measures search: `python -m benchmarks.search` (or `make bench-search`) builds fictional registers and prints a table.

For each class of query: p50, p95, p99 with facets and exact totals included, totals checked against a plain scan of all
documents, and the same questions to SQLite FTS5 over the same data in the same run. No question is asked twice, so
nothing is answered from memory; only the landing page is, as it is in service.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import pickle
import platform
import random
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmarks.search_documents import documents
from benchmarks.search_questions import CLASSES, Asked, questions
from benchmarks.search_rivals import FullText, Scan
from public_site.search import Document, Query
from public_site.search.embedded_index import EmbeddedIndex

NEW_ID = 2**31
P = ParamSpec("P")
T = TypeVar("T")


class Generated:
    """A source of fictional documents, never held in memory, and of a few that come later.

    They are made, or read from a file where they were written down before: making names up is no part of an index."""

    def __init__(self, count: int, written: Path | None = None) -> None:
        self.count = count
        self.written = written
        self.later: list[Document] = []

    def latest_number(self) -> int:
        return self.count + len(self.later)

    def document_count(self) -> int:
        return self.latest_number()

    def changed_since(self, number: int) -> Sequence[int]:
        return [document.id for document in self.later[max(0, number - self.count) :]]

    def documents(self, ids: Sequence[int] | None) -> Iterator[Document]:
        if ids is None:
            yield from documents(self.count) if self.written is None else read(self.written)
        yield from (document for document in self.later if ids is None or document.id in ids)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=200, help="queries of each class")
    parser.add_argument("--checked", type=int, default=30, help="queries of each class checked against the scan")
    parser.add_argument("--rival-questions", type=int, default=15, help="queries of each class asked of FTS5; 0: none")
    parser.add_argument("--mixed-seconds", type=float, default=10.0)
    parser.add_argument("--updates", type=int, default=40, help="single updates timed; 0: none")
    parser.add_argument("--folder", type=Path, help="keep the indexes here and use them again")
    chosen = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {multiprocessing.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        for size in chosen.sizes:
            folder = (chosen.folder or Path(temporary)) / str(size)
            folder.mkdir(parents=True, exist_ok=True)
            measure(size, folder, chosen)


def measure(size: int, folder: Path, chosen: argparse.Namespace) -> None:
    print(f"\n## {size:,} enterprises\n")
    index = EmbeddedIndex(folder / "index")
    if index.as_of() != size:
        built_in_a_child(folder / "index", size)
    on_disk = sum(path.stat().st_size for path in folder.joinpath("index").rglob("*") if path.is_file())
    print(f"on disk {on_disk / 1e6:,.0f} MB = {on_disk / size:.0f} bytes a document\n")
    asked = questions(sample(size), chosen.questions)
    times = {name: asked_of(index, name, of_class) for name, of_class in asked.items()}
    times["suggestion"] = suggested(index, asked)
    load = mixed_load(index, size, chosen.mixed_seconds)
    scan = Scan(documents(size)) if chosen.checked else None
    rival = FullText(folder / "fts5.sqlite", documents(size)) if chosen.rival_questions else None
    print("| class | queries | p50 ms | p95 ms | p99 ms | totals right | FTS5 p50 ms | FTS5 p95 ms |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in (*CLASSES, "suggestion"):
        right = checked(index, scan, asked.get(name, [])[: chosen.checked]) if scan else "–"
        theirs = rival_times(rival, asked.get(name, [])[: chosen.rival_questions]) if rival else []
        print(
            f"| {name} | {len(times[name])} | {percentiles(times[name])} | {right} | {percentiles(theirs, (0.5, 0.95))} |"
        )
    print(load)
    if chosen.updates:
        print(freshness(index, size, chosen.updates))


def sample(size: int, start: int = 0) -> list[Document]:
    return list(itertools.islice(documents(size), start, None, max(1, size // 5000)))


def built_in_a_child(folder: Path, size: int) -> None:
    """Built in its own process, so that its peak memory can be told."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=build, args=(folder, size, sender))
    child.start()
    seconds, megabytes = receiver.recv()
    child.join()
    print(f"built in {seconds:.0f} s, peak memory {megabytes:.0f} MB")


def build(folder: Path, size: int, sender: Connection) -> None:
    with tempfile.NamedTemporaryFile() as file:
        written = Path(file.name)
        write(written, documents(size))
        begun = time.monotonic()
        EmbeddedIndex(folder).rebuild(Generated(size, written))
        sender.send((time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def write(path: Path, made: Iterator[Document]) -> None:
    with path.open("wb") as file:
        while some := list(itertools.islice(made, 1000)):
            pickle.dump(some, file, pickle.HIGHEST_PROTOCOL)


def read(path: Path) -> Iterator[Document]:
    with path.open("rb") as file:
        while file.peek(1):
            yield from pickle.load(file)  # noqa: S301 - written just before, by us


def timed(act: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> tuple[float, T]:
    begun = time.perf_counter()
    answer = act(*arguments, **named)
    return (time.perf_counter() - begun) * 1000, answer


def percentiles(times: list[float], shares: tuple[float, ...] = (0.5, 0.95, 0.99)) -> str:
    if not times:
        return " | ".join("–" for _ in shares)
    ordered = sorted(times)
    return " | ".join(f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.2f}" for share in shares)


def asked_of(index: EmbeddedIndex, name: str, asked: list[Asked]) -> list[float]:
    if name in ("landing", "filters with facets"):
        index.find(Query())
    return [timed(index.find, one.query)[0] for one in asked]


def suggested(index: EmbeddedIndex, asked: dict[str, list[Asked]]) -> list[float]:
    typed = [one.query.text for name in ("2 characters", "3 characters", "pinyin", "initials") for one in asked[name]]
    return [timed(index.suggest, text)[0] for text in typed]


def checked(index: EmbeddedIndex, scan: Scan, asked: list[Asked]) -> str:
    exact = [one.query for one in asked if not index.find(one.query).approximate]
    right = sum(scan.total(query) == index.find(query).total for query in exact)
    return f"{right} of {len(exact)}" if exact else "–"


def rival_times(rival: FullText, asked: list[Asked]) -> list[float]:
    return [timed(rival.total, one.query)[0] for one in asked if rival.can(one.query)]


def mixed_load(index: EmbeddedIndex, size: int, seconds: float) -> str:
    """Two threads, every question asked once."""
    waiting = [
        one.query
        for name, asked in questions(sample(size, 1), 1500, seed=7).items()
        for one in asked
        if name != "landing"
    ]
    random.Random(7).shuffle(waiting)
    queue, times = iter(waiting), []
    ends = time.monotonic() + seconds

    def work() -> None:
        for query in queue:
            times.append(timed(index.find, query)[0])
            if time.monotonic() > ends:
                return

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(times) / (time.monotonic() - begun)
    told = percentiles(times).replace(" | ", ", ")
    return (
        f"\nmixed load, two threads, {len(times):,} different questions: {rate:,.0f} a second; p50, p95, p99 {told} ms"
    )


def freshness(index: EmbeddedIndex, size: int, updates: int) -> str:
    """From the call of `catch_up` until another process finds the new enterprise."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    reader = context.Process(target=look_out, args=(index.folder, size, updates, sender))
    reader.start()
    receiver.recv()
    source, times = Generated(size), []
    for number in range(updates):
        source.later.append(Document(id=NEW_ID + number, name=f"后来第{number}演示水泥厂"))
        begun = time.time()
        index.catch_up(source)
        times.append((receiver.recv() - begun) * 1000)
    reader.join()
    told = percentiles(times).replace(" | ", ", ")
    return f"one update until another process finds it, {updates} times: p50, p95, p99 {told} ms"


def look_out(folder: Path, size: int, updates: int, sender: Connection) -> None:
    index = EmbeddedIndex(folder)
    index.find(Query())
    sender.send(0.0)
    for number in range(updates):
        while index.as_of() < size + number + 1:
            time.sleep(0.001)
        index.find(Query(f"后来第{number}演示"))
        sender.send(time.time())


if __name__ == "__main__":
    main()
