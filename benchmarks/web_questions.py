"""What `make bench-web` asks of each server, and whether they answer alike.

The same enterprises, places and words are asked of all, in the addresses of each. What is asked once only is taken from
lists made before, so that no server can remember an answer that another had to work out.
"""

from __future__ import annotations

import random
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import brotli  # type: ignore[import-untyped]
import orjson
import zstandard

from benchmarks import web_load
from benchmarks.web_load import Address
from public_site.search import normal
from public_site.search.text import without_form

SERVERS = OURS, DATASETTE, PLAIN = "明绩", "Datasette", "FastAPI + SQLModel"
FACETS = ("province", "industry", "grade")
_SHORTEST = 3  # pieces of three characters are the shortest that FTS5's trigrams find
_MOST = 60_000
_FACETED = [("_facet", name) for name in FACETS]


@dataclass(frozen=True, slots=True)
class Things:
    """Enterprises, words and places of the register, shuffled."""

    enterprises: tuple[tuple[int, str], ...]  # id, name
    pieces: tuple[str, ...]  # of names, without their legal form
    twos: tuple[str, ...]  # pieces of two characters, which people type most and no trigram finds
    provinces: tuple[str, ...]
    counties: tuple[str, ...]
    filters: tuple[tuple[str, str, str], ...]  # province, industry, grade
    boxes: tuple[str, ...]


def things(plain: Path) -> Things:
    """What there is to ask for."""
    luck = random.Random(11)
    with sqlite3.connect(f"file:{plain}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT id, name, lat, lon FROM enterprises ORDER BY id").fetchall()
        provinces = [row[0] for row in connection.execute("SELECT DISTINCT province FROM enterprises ORDER BY 1")]
        counties = [row[0] for row in connection.execute("SELECT DISTINCT county FROM enterprises ORDER BY 1")]
        values = [[row[0] for row in connection.execute(f"SELECT DISTINCT {name} FROM enterprises ORDER BY 1")]
                  for name in FACETS]  # fmt: skip
    connection.close()
    luck.shuffle(found)
    found = found[:_MOST]
    pieces = dict.fromkeys(_piece(luck, name) for _, name, _, _ in found)
    filters = list(product(*values))
    twos = sorted({piece[at : at + 2] for piece in pieces for at in range(len(piece) - 1)})
    boxes = [_box(luck, lat, lon) for _, _, lat, lon in found if lat is not None]
    for shuffled in (provinces, counties, filters, twos):
        luck.shuffle(shuffled)
    return Things(
        tuple((id, name) for id, name, _, _ in found), tuple(piece for piece in pieces if len(piece) >= _SHORTEST),
        tuple(twos), tuple(provinces), tuple(counties), tuple(filters), tuple(boxes),
    )  # fmt: skip


def _piece(luck: random.Random, name: str) -> str:
    core = without_form(normal(name))
    length = luck.choice((3, 3, 4, 5))
    start = luck.randrange(max(1, len(core) - length + 1))
    return core[start : start + length]


def _box(luck: random.Random, lat: float, lon: float) -> str:
    """A screen of 1280 × 800 pixels at zoom 9."""
    west, south = lon - luck.uniform(0.5, 3.0), lat - luck.uniform(0.3, 1.7)
    return f"{west:.4f},{south:.4f},{west + 3.5:.4f},{south + 1.9:.4f}"


class Stock:
    """Requests made before they are needed; when it runs out it begins again, and says so where each was to be asked once."""

    def __init__(self, address: Address, targets: list[str], *, once: bool) -> None:
        self.once = once
        self._requests = [address.request(target) for target in targets]
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        request = self._requests[self.taken % len(self._requests)]
        self.taken += 1
        return request

    @property
    def count(self) -> int:
        """How many different ones there are."""
        return len(self._requests)

    @property
    def ran_out(self) -> bool:
        """Whether something was asked a second time."""
        return self.once and self.taken > self.count


Ask = Callable[[Any], str]
_PAGE: dict[str, Ask] = {
    OURS: lambda one: f"/enterprises/{one[0]}",
    DATASETTE: lambda one: f"/plain/enterprises/{one[0]}",
    PLAIN: lambda one: f"/enterprises/{one[0]}",
}
_LIST: dict[str, Ask] = {
    OURS: lambda place: f"/enterprises?province={place}",
    DATASETTE: lambda place: f"/plain/enterprises?{urlencode([('province', place), *_FACETED])}",
    PLAIN: lambda place: f"/enterprises?province={place}",
}
_SEARCH: dict[str, Ask] = {
    OURS: lambda piece: f"/enterprises?{urlencode({'q': piece})}",
    DATASETTE: lambda piece: f"/plain/enterprises?{urlencode([('_search', _phrase(piece)), *_FACETED])}",
    PLAIN: lambda piece: f"/enterprises?{urlencode({'q': piece})}",
}
_TWO: dict[str, Ask] = {
    OURS: _SEARCH[OURS],
    DATASETTE: lambda piece: f"/plain/enterprises?{urlencode([('name__contains', piece), *_FACETED])}",
    PLAIN: _SEARCH[PLAIN],
}
_JSON: dict[str, Ask] = {
    OURS: lambda place: f"/api/v1/enterprises?province={place}&limit=50",
    DATASETTE: lambda place: (
        f"/plain/enterprises.json?{urlencode([('province', place), *_FACETED, ('_shape', 'objects')])}"
    ),
    PLAIN: lambda place: f"/api/enterprises?province={place}",
}
_JSON_FILTERED: dict[str, Ask] = {
    OURS: lambda chosen: f"/api/v1/enterprises?{urlencode([*zip(FACETS, chosen, strict=True), ('limit', '50')])}",
    DATASETTE: lambda chosen: (
        f"/plain/enterprises.json?{urlencode([*zip((f'{name}__exact' for name in FACETS), chosen, strict=True), *_FACETED])}"
    ),
    PLAIN: lambda chosen: f"/api/enterprises?{urlencode([*zip(FACETS, chosen, strict=True)])}",
}
_CSV: dict[str, Ask] = {
    OURS: lambda county: f"/enterprises.csv?county={county}",
    DATASETTE: lambda county: f"/plain/enterprises.csv?county={county}&_stream=1",
    PLAIN: lambda county: f"/enterprises.csv?county={county}",
}
_MAP: dict[str, Ask] = {OURS: lambda box: f"/map/features.geojson?bbox={box}&zoom=9"}


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to ask for: its name in the table, its address at each server, and of what."""

    name: str
    targets: dict[str, Ask]
    of: Callable[[Things], tuple[Any, ...]]
    once: bool = True  # asked once only, unless it runs out
    at_once: int = 64  # most requests under way


PAGE = Topic("enterprise page, each another", _PAGE, lambda of: of.enterprises)
LIST = Topic("list page with facets, provinces in turn", _LIST, lambda of: of.provinces, once=False)
SEARCH = Topic("search with facets, three to five characters of a name, each asked once", _SEARCH, lambda of: of.pieces)
TWO = Topic("search with facets, two characters of a name, each asked once", _TWO, lambda of: of.twos, at_once=3)
JSON = Topic("JSON list of 50 with facets, provinces in turn", _JSON, lambda of: of.provinces, once=False)
JSON_ONCE = Topic("JSON list of 50 with facets, each asked once", _JSON_FILTERED, lambda of: of.filters)
MAP = Topic("map features of a screen, each another", _MAP, lambda of: of.boxes)
CSV = Topic(
    "CSV of a county, each another, 3 at once", _CSV, lambda of: of.counties, at_once=3
)  # we write four at once
TOPICS = (PAGE, LIST, SEARCH, TWO, JSON, JSON_ONCE, MAP, CSV)


def _phrase(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'


def header(answer: bytes, name: str) -> str:
    """The value of one of an answer's headers; empty where it has none."""
    for line in answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"):
        told, _, value = line.partition(":")
        if told.lower() == name:
            return value.strip()
    return ""


def body(answer: bytes) -> bytes:
    """The body of an answer, unpacked."""
    head, _, sent = answer.partition(b"\r\n\r\n")
    told = head.decode("latin-1").lower()
    if "transfer-encoding: chunked" in told:
        sent = _joined(sent)
    if "content-encoding: gzip" in told:
        return zlib.decompress(sent, wbits=31)
    if "content-encoding: br" in told:
        return bytes(brotli.decompress(sent))
    if "content-encoding: zstd" in told:
        return zstandard.ZstdDecompressor().decompressobj().decompress(sent)
    return sent


def _joined(sent: bytes) -> bytes:
    pieces = []
    while sent:
        size, _, rest = sent.partition(b"\r\n")
        pieces.append(rest[: int(size, 16)])
        sent = rest[int(size, 16) + 2 :]
    return b"".join(pieces)


def require_alike(servers: dict[str, Address], known: Things, many: int = 5) -> str:
    """That every server tells the same enterprises, counts and totals; what it found, in a sentence.

    Raises: SystemExit, naming the address, where one does not.
    """
    for id, name in known.enterprises[:many]:
        for server, address in servers.items():
            _require(name in _text(address, _PAGE[server]((id, name))), server, _PAGE[server]((id, name)))
    counted = 0
    for place in known.provinces[:many]:
        found = {server: _facets(server, _told(address, _JSON[server](place))) for server, address in servers.items()}
        for server, facets in found.items():
            for name in FACETS:
                mine = {value: found[OURS][name].get(value) for value in facets[name]}
                _require(facets[name] == mine, server, f"{_JSON[server](place)}: {name}")
                counted += len(facets[name])
    asked = [
        *((_SEARCH, one) for one in known.pieces[: many * 4]),
        *((_TWO, one) for one in known.twos[:many]),
    ]
    alike = 0
    for targets, one in asked:
        totals = {_total(server, _text(address, targets[server](one))) for server, address in servers.items()}
        alike += len(totals) == 1
    return (
        f"{many} enterprises named alike by all, {counted} counts of facets equal,"
        f" totals of {alike} of {len(asked)} searches equal"
    )


def _require(holds: bool, server: str, target: str) -> None:
    if not holds:
        raise SystemExit(f"{server} answers otherwise at {target}")


def _text(address: Address, target: str) -> str:
    return body(web_load.ask(address, address.request(target))).decode("utf-8")


def _told(address: Address, target: str) -> Any:
    return orjson.loads(_text(address, target))


def _facets(server: str, told: Any) -> dict[str, dict[str, int]]:
    """The counts by value, as each server writes them; ours has the industries that others are parts of besides."""
    if server == PLAIN:
        return dict(told["facets"])
    if server == DATASETTE:
        found = told["facet_results"]
        return {name: {one["value"]: one["count"] for one in found[name]["results"]} for name in FACETS}
    return {name: {one["value"]: one["count"] for one in told["facets"][name]} for name in FACETS}


def _total(server: str, page: str) -> int:
    found = {
        OURS: r'class="total">\s*(?:共 )?([\d,]+)', DATASETTE: r"<h3>\s*([\d,]+) row", PLAIN: r"<h2>共 (\d+)",
    }  # fmt: skip
    number = re.search(found[server], page)
    return int(number[1].replace(",", "")) if number else 0
