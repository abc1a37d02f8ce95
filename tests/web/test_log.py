"""`/log/…`: what a watcher needs to hold the site to its word, and the words for everybody else."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from public_site import log, tiles, tree
from tests.web.conftest import Publisher

SIZE = 30


def root_of_leaves(leaves: list[bytes]) -> bytes:
    """RFC 6962 word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return tree.node_hash(root_of_leaves(leaves[:split]), root_of_leaves(leaves[split:]))


def decoded(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(one) for one in hashes]


def test_the_checkpoint_is_the_signed_note_of_the_present_size(visitor: Any) -> None:
    answer = visitor.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    origin, size, root, blank, signature, *_ = answer.text.split("\n")
    assert (origin, size, blank) == ("localhost/log", "30", "")
    assert len(root) == 44
    assert signature.startswith("— localhost/log ")


def test_a_watcher_computes_the_root_from_the_tiles_and_the_leaves_from_the_entries(visitor: Any) -> None:
    root = base64.b64decode(visitor.get("/log/checkpoint").text.split("\n")[2])
    tile = visitor.get(f"/log/tile/0/000.p/{SIZE}")
    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]
    leaves = [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
    assert root_of_leaves(leaves) == root
    rest, bodies = visitor.get(f"/log/tile/entries/000.p/{SIZE}").content, []
    while rest:
        length = int.from_bytes(rest[:2], "big")
        bodies.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    assert [tree.leaf_hash(body) for body in bodies] == leaves


def test_higher_tiles_hold_the_hashes_over_256_entries(tmp_path: Path, make_publisher: Any, visitor_of: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示长名单", "2024-01-01", *({"name": f"演示{n}号有限公司"} for n in range(300)))
    visitor = visitor_of(publisher.settings)
    lower = [visitor.get(f"/log/tile/0/00{index}").content for index in (0, 1)]
    leaves = [tile[at : at + 32] for tile in lower for at in range(0, len(tile), 32)]
    assert len(leaves) == 512
    assert visitor.get("/log/tile/1/000.p/2").content == root_of_leaves(leaves[:256]) + root_of_leaves(leaves[256:])
    for beyond in ("0/002", "1/000", "1/000.p/3", "2/000.p/1", "entries/002"):
        assert visitor.get(f"/log/tile/{beyond}").status_code == 404


@pytest.mark.parametrize("index", [0, 1, 999, 1000, 1_234_067, 10**12])
def test_every_tile_has_one_name(index: int) -> None:
    assert tiles.place(tiles.path(index)) == (index, 256)
    assert tiles.place(f"{tiles.path(index)}.p/7") == (index, 7)


@pytest.mark.parametrize(
    "name", ["0", "00", "0000", "x000/001", "001/002", "x001/2", "000.p/0", "000.p/256", "000.p/999", "000.p/07", "000.p/",
             "-01", "０００", "000/", "x001", "../000", "9" * 40],
)  # fmt: skip
def test_a_name_that_is_no_tile_s_is_not_found(visitor: Any, name: str) -> None:
    for kind in ("0", "entries"):
        assert visitor.get(f"/log/tile/{kind}/{quote(name)}").status_code == 404


def test_every_entry_is_proved_to_stand_in_the_log_of_every_size(visitor: Any) -> None:
    for size in (1, 2, 7, 16, SIZE):
        for entry in range(1, size + 1):
            told = visitor.json(f"/log/proof?entry={entry}&size={size}")
            leaf = tree.leaf_hash(told["body"].encode())
            root = base64.b64decode(told["root"])
            assert tree.includes(leaf, told["position"], size, decoded(told["hashes"]), root)
            assert size < SIZE or told["checkpoint"] == visitor.get("/log/checkpoint").text


def test_a_size_is_proved_to_be_the_beginning_of_a_later_one(visitor: Any) -> None:
    for older in (1, 2, 7, 16, 29, SIZE):
        told = visitor.json(f"/log/consistency?from={older}")
        roots = [base64.b64decode(told[name]) for name in ("from_root", "to_root")]
        assert tree.extends(older, roots[0], told["to"], roots[1], decoded(told["hashes"]))


@pytest.mark.parametrize(
    "url",
    ["/log/proof", "/log/proof?entry=0", "/log/proof?entry=31", "/log/proof?entry=5&size=4", "/log/proof?entry=1&size=99",
     "/log/consistency", "/log/consistency?from=0", "/log/consistency?from=9&to=8", "/log/consistency?from=x",
     "/log/consistency?from=1&until=2", "/log/tile/0/000.p/30?x=1", "/log?y=1"],
)  # fmt: skip
def test_what_cannot_be_proved_is_refused(visitor: Any, url: str) -> None:
    assert visitor.get(url).status_code == 400


def test_the_page_explains_the_log_and_compares_a_checkpoint(visitor: Any, published: Publisher) -> None:
    assert "被悄悄改动" in visitor.text("/log")
    with published.database.reading() as connection:
        kept = log.checkpoints(connection)
    for size, note in kept:
        said = visitor.text(f"/log?checkpoint={quote(note)}")
        assert f"相符。检查点签署时的 {size} 条登记" in said
    assert "相符。" in visitor.text(f"/log?checkpoint={quote(note.strip().replace(chr(10), chr(13) + chr(10)))}")
    assert "签名不成立" in visitor.text(f"/log?checkpoint={quote(note.replace('30', '29'))}")
    assert "不是一个检查点" in visitor.text("/log?checkpoint=abc")


def test_a_view_that_was_signed_beside_this_one_is_reported(visitor: Any, published: Publisher) -> None:
    key = log.read_key(published.settings.log_key)
    fork = tree.signed(tree.Checkpoint("localhost/log", SIZE, bytes(32)), key)
    assert "分叉：本站为同样的条数签过两个根哈希" in visitor.text(f"/log?checkpoint={quote(fork)}")
    unpublished = tree.signed(tree.Checkpoint("localhost/log", SIZE - 1, bytes(32)), key)
    assert "历史被改动过" in visitor.text(f"/log?checkpoint={quote(unpublished)}")
    longer = tree.signed(tree.Checkpoint("localhost/log", SIZE + 1, bytes(32)), key)
    assert "有条目被删去" in visitor.text(f"/log?checkpoint={quote(longer)}")


def test_before_the_first_publication_there_is_nothing_to_prove(
    tmp_path: Path, make_publisher: Any, visitor_of: Any
) -> None:
    visitor = visitor_of(make_publisher(tmp_path / "data").settings)
    assert "还没有检查点" in visitor.text("/log")
    for url in ("/log/proof?entry=1", "/log/consistency?from=1", "/log/checkpoint", "/log/tile/0/000.p/1"):
        assert visitor.get(url).status_code == 404
