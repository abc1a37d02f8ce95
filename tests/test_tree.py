"""The tree against RFC vectors, a naive reference and every kind of lie."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from public_site import tree

# The leaves and roots that certificate-transparency's own tests use (RFC 6962 reference implementation).
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def node_of(leaves: list[bytes]) -> tree.Node:
    def node(level: int, position: int) -> bytes:
        return naive_root(leaves[position << level : (position + 1) << level])

    return node


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1 word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_root_is_that_of_the_rfc_6962_reference_implementation(size: int) -> None:
    assert tree.root(size, node_of(LEAVES)).hex() == ROOTS[size]


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_every_inclusion_proof_holds_and_no_other_leaf_or_place_does(leaves: list[bytes], data: st.DataObject) -> None:
    node, size = node_of(leaves), len(leaves)
    at = data.draw(st.integers(0, size - 1))
    path, head = tree.inclusion_proof(at, size, node), tree.root(size, node)
    leaf = tree.leaf_hash(leaves[at])
    assert tree.includes(leaf, at, size, path, head)
    assert not tree.includes(tree.leaf_hash(leaves[at] + b"!"), at, size, path, head)
    assert not tree.includes(leaf, size, size, path, head)
    if path:
        assert not tree.includes(leaf, at, size, path[:-1], head)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_every_consistency_proof_holds_and_a_changed_history_has_none(leaves: list[bytes], data: st.DataObject) -> None:
    node, newer = node_of(leaves), len(leaves)
    older = data.draw(st.integers(1, newer))
    path = tree.consistency_proof(older, newer, node)
    old, new = tree.root(older, node), tree.root(newer, node)
    assert tree.extends(older, old, newer, new, path)
    changed = [leaves[0] + b"!", *leaves[1:]]
    assert not tree.extends(older, tree.root(older, node_of(changed)), newer, new, path)


def test_a_checkpoint_is_read_back_only_with_the_key_that_signed_it() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    checkpoint = tree.Checkpoint("example.cn/log", 8, bytes.fromhex(ROOTS[8]))
    note = tree.signed(checkpoint, key)
    assert note.startswith("example.cn/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n— example.cn/log ")
    assert tree.read_checkpoint(note, "example.cn/log", key.public_key()) == checkpoint
    with pytest.raises(tree.CheckpointRefused, match="签名不成立"):
        tree.read_checkpoint(note, "example.cn/log", other.public_key())
    with pytest.raises(tree.CheckpointRefused, match="另一份日志"):
        tree.read_checkpoint(note, "example.org/log", key.public_key())


def test_a_signature_in_another_spelling_of_the_same_bytes_is_refused() -> None:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    key = Ed25519PrivateKey.generate()
    note = tree.signed(tree.Checkpoint("example.cn/log", 8, bytes.fromhex(ROOTS[8])), key)
    stamp, last = note.rstrip("\n").removesuffix("=")[:-1], note.rstrip("\n")[-2]
    for other in signs[signs.index(last) & ~3 : (signs.index(last) | 3) + 1]:
        if other != last:
            with pytest.raises(tree.CheckpointRefused):
                tree.read_checkpoint(f"{stamp}{other}=\n", "example.cn/log", key.public_key())


def test_flipping_any_character_of_a_checkpoint_is_found() -> None:
    key = Ed25519PrivateKey.generate()
    note = tree.signed(tree.Checkpoint("example.cn/log", 8, bytes.fromhex(ROOTS[8])), key)
    for at, sign in enumerate(note.rstrip("\n")):
        changed = note[:at] + ("a" if sign != "a" else "b") + note[at + 1 :]
        with pytest.raises(tree.CheckpointRefused):
            tree.read_checkpoint(changed, "example.cn/log", key.public_key())
