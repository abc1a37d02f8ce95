"""What the page adds to a search: `python -m benchmarks.search_pages` (part of `make bench-search`).

A demo register is served by the ordinary command, the server on a core of its own as in `make bench-web`; the same questions
go to `/enterprises` over HTTP, one connection kept alive, and to an index of our own over the same files. No question is
asked twice of either.
"""

from __future__ import annotations

import argparse
import http.client
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import web_servers
from benchmarks.search import percentiles, timed
from benchmarks.search_questions import questions
from public_site.database import Database
from public_site.documents import RegisterSource
from public_site.search import Query, sounds
from public_site.search.embedded_index import EmbeddedIndex

CLASSES = (
    "2 characters",
    "3 characters",
    "4 characters",
    "full name",
    "two terms",
    "pinyin",
    "initials",
    "code prefix",
)
PORT = 8973
_WARM_SECONDS = 8  # after its first answer the server makes what few answers need


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_pages")
    parser.add_argument("--enterprises", type=int, default=5_000)
    parser.add_argument("--questions", type=int, default=60, help="queries of each class")
    parser.add_argument("--data", type=Path, help="a demo register made before")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = chosen.data or Path(temporary)
        made = ["--data", str(data), "--enterprises", str(chosen.enterprises)]
        subprocess.run([sys.executable, "-m", "public_site", "demo", "--no-serve", *made], check=True)
        texts = asked(data, chosen.questions)
        web_servers.apart()
        index = EmbeddedIndex(data / "search")
        sounds.make_ready()
        index.find(Query())
        found = [timed(index.find, Query(text))[0] for text in texts]
        pages = served(data, texts)
    added = [page - alone for page, alone in zip(pages, found, strict=True)]
    print("| | p50 ms | p95 ms | p99 ms |\n|---|---:|---:|---:|")
    for name, times in (("index alone", found), ("page over HTTP", pages), ("added by the page", added)):
        print(f"| {name} | {percentiles(times)} |")


def asked(data: Path, count: int) -> list[str]:
    """The texts of all classes, shuffled, each once."""
    database = Database(f"sqlite:///{data / 'register.db'}")
    sample = list(RegisterSource(database).documents(None))
    database.close()
    made = questions(sample, count)
    texts = sorted({one.query.text for name in CLASSES for one in made[name]})
    random.Random(3).shuffle(texts)
    return texts


def served(data: Path, texts: list[str]) -> list[float]:
    """Milliseconds from the request to the last byte of the page."""
    with web_servers.ours(data, PORT, "/enterprises") as server:
        time.sleep(_WARM_SECONDS)
        connection = http.client.HTTPConnection("127.0.0.1", server.address.port, timeout=30)
        return [timed(read, connection, text)[0] for text in texts]


def read(connection: http.client.HTTPConnection, text: str) -> bytes:
    connection.request("GET", f"/enterprises?{urlencode({'q': text})}", headers={"Accept-Encoding": "gzip, br, zstd"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or not re.search(r"^(gzip|br|zstd)$", answer.headers.get("Content-Encoding", "")):
        raise SystemExit(f"{answer.status} for {text}")
    return body


if __name__ == "__main__":
    main()
