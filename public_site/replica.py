"""A copy of another site's register, kept up to date from its public log: what is asked of it stays on this machine.

What this module knows that no other does: how entries are downloaded in bundles (C2SP tlog-tiles), and that none is
believed before the whole log hashes to a checkpoint signed by the key that was pinned at the first contact. What does not
extend the copy is a fork: it is reported and nothing is taken over.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from public_site import log, outside, register, standings, tiles
from public_site.database import Database
from public_site.faults import NotReady, NotValid

Fetch = Callable[[str], bytes]
_PINNED = "followed.json"
_LARGEST = 32 << 20
_AT_ONCE = 40  # bundles between two writes


def fetch(url: str) -> bytes:
    """What stands at an address of the web. Raises: NotReady."""
    if not url.startswith(("https://", "http://")):
        raise NotValid("网址应以 https:// 或 http:// 开头。")
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - only these two schemes
            return bytes(answer.read(_LARGEST))
    except (OSError, urllib.error.URLError) as fault:
        raise NotReady(f"读不到 {url}：{fault}") from None


def follow(
    database: Database, folder: Path, site: str, *, get: Fetch = fetch,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:  # fmt: skip
    """Bring the copy in `database` up to the site's latest checkpoint; its size.

    Raises: outside.HistoryChanged, with what does not agree; NotReady when the site does not answer.
    """
    site = site.rstrip("/")
    theirs = _pinned(folder, site, get)
    note = get(f"{site}/log/checkpoint").decode("utf-8", "replace")
    said = theirs.read(note)
    with database.writing() as connection:
        have = register.latest_number(connection)
        if said.size < have:
            raise outside.HistoryChanged(
                f"对方的日志只有 {said.size} 条，以前签名说有 {have} 条：有条目被删去。请保存好本机的副本。"
            )
        for bodies in _runs(_missing(site, have, said.size, get)):
            register.replicate(connection, bodies)
            progress(register.latest_number(connection) - have, said.size - have)
        log.catch_up(connection)
        if log.root(connection, said.size) != said.root:
            raise outside.HistoryChanged(
                "对方现在的日志与以前签名的不是同一段历史：历史被改动过。请保存好本机的副本和这个检查点。"
            )
        log.keep(connection, said.size, note)
        standings.catch_up(connection)
    return said.size


def _pinned(folder: Path, site: str, get: Fetch) -> outside.Log:
    """The log as it was at the first contact. Raises: NotValid for another site."""
    file = folder / _PINNED
    if not file.exists():
        told = orjson.loads(get(f"{site}/.well-known/jwks.json"))
        outside.log_of(told)
        file.write_bytes(orjson.dumps({"site": site, "keys": [key for key in told["keys"] if "origin" in key]}))
    kept = orjson.loads(file.read_bytes())
    if kept["site"] != site:
        raise NotValid(f"这个目录里是 {kept['site']} 的副本。请为另一个网站换一个目录。")
    return outside.log_of(kept)


def _missing(site: str, have: int, size: int, get: Fetch) -> Iterator[list[str]]:
    """The bodies of the entries after `have`, a bundle at a time."""
    for index in range(have // tiles.WIDTH, -(-size // tiles.WIDTH)):
        first = index * tiles.WIDTH
        width = min(tiles.WIDTH, size - first)
        name = tiles.path(index) + ("" if width == tiles.WIDTH else f".p/{width}")
        bodies = _unpacked(get(f"{site}/log/tile/entries/{name}"))
        if len(bodies) != width:
            raise outside.HistoryChanged(f"第 {first + 1} 条起的一束条目残缺。")
        yield bodies[max(0, have - first) :]


def _runs(bundles: Iterator[list[str]]) -> Iterator[list[str]]:
    run: list[str] = []
    for bundle in bundles:
        run += bundle
        if len(run) >= _AT_ONCE * tiles.WIDTH:
            yield run
            run = []
    if run:
        yield run


def _unpacked(data: bytes) -> list[str]:
    bodies, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        bodies.append(data[at + 2 : at + 2 + length].decode("utf-8", "replace"))
        at += 2 + length
    return bodies
