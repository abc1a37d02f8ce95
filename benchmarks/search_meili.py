"""Measures search on a Meilisearch server: `python -m benchmarks.search_meili`, the server as `PUBLIC_SITE_MEILI_URL` names it.

The same fictional registers and questions as `benchmarks.search`, with facets and exact totals, which are checked
against a plain scan of all documents.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import tempfile
import time
from pathlib import Path

from benchmarks.search import Generated, percentiles, sample, timed
from benchmarks.search_documents import documents
from benchmarks.search_questions import CLASSES, Asked, questions
from benchmarks.search_rivals import Scan
from public_site.search import Document, Engine, Query
from public_site.search.engines import engine
from public_site.settings import from_environment

NEW_ID = 2**31


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_meili")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200, help="queries of each class")
    parser.add_argument("--checked", type=int, default=30, help="queries of each class checked against the scan")
    parser.add_argument("--updates", type=int, default=20, help="single updates timed")
    parser.add_argument(
        "--keep", action="store_true", help="do not forget the index at the end; use it again next time"
    )
    chosen = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {multiprocessing.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        settings = from_environment(data=Path(folder), meili_index=f"measured-{chosen.size}", meili_milliseconds=10_000)
        if not settings.meili_url:
            parser.error("PUBLIC_SITE_MEILI_URL names no server")
        measure(engine(settings), chosen)


def measure(index: Engine, chosen: argparse.Namespace) -> None:
    source = Generated(chosen.size)
    print(f"\n## {chosen.size:,} enterprises\n")
    if index.as_of() != chosen.size:
        begun = time.monotonic()
        index.rebuild(source)
        print(f"built in {time.monotonic() - begun:.0f} s (making the documents included)\n")
    asked = questions(sample(chosen.size), chosen.questions)
    scan = Scan(documents(chosen.size))
    print("| class | queries | p50 ms | p95 ms | p99 ms | totals right |\n|---|---:|---:|---:|---:|---:|")
    for name in CLASSES:
        times = [timed(index.find, one.query)[0] for one in asked[name]]
        print(f"| {name} | {len(times)} | {percentiles(times)} | {right(index, scan, asked[name][: chosen.checked])} |")
    typed = [one.query.text for name in ("2 characters", "3 characters", "pinyin", "initials") for one in asked[name]]
    times = [timed(index.suggest, text)[0] for text in typed]
    print(f"| suggestion | {len(times)} | {percentiles(times)} | – |")
    updated = [update(index, source, number) for number in range(chosen.updates)]
    print(f"\none update until it is found, {chosen.updates} times: p50, p95, p99 {percentiles(updated)} ms")
    if not chosen.keep:
        index.forget()


def right(index: Engine, scan: Scan, asked: list[Asked]) -> str:
    found = [(one.query, index.find(one.query)) for one in asked]
    exact = [scan.total(query) == answer.total for query, answer in found if not answer.approximate]
    return f"{sum(exact)} of {len(exact)}" if exact else "–"


def update(index: Engine, source: Generated, number: int) -> float:
    """From the call of `catch_up` until the new enterprise is found."""
    source.later.append(Document(id=NEW_ID + number, name=f"后来第{number}演示水泥厂"))
    caught_up, _ = timed(index.catch_up, source)
    asked, found = timed(index.find, Query(f"后来第{number}演示"))
    return caught_up + asked if found.total == 1 else float("inf")


if __name__ == "__main__":
    main()
