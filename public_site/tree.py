"""The Merkle tree over the register and the signed statement of its root. Pure: hashes in, hashes out.

Sources: RFC 6962 §2.1 (tree hash, audit and consistency proofs; 0x00 before a leaf, 0x01 before a node), RFC 9162
§2.1.3.2 and §2.1.4.2 (how a proof is checked), C2SP tlog-checkpoint and signed-note (the checkpoint's text and
Ed25519 signature). Hashes are 32 bytes of SHA-256; sizes and positions count leaves from 0.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from numpy.typing import NDArray

from public_site.faults import NotValid
from public_site.languages import _

# The hash of the perfect subtree of 2**level leaves that begins at leaf position * 2**level.
Node = Callable[[int, int], bytes]
Whole = TypeVar("Whole", int, NDArray[np.int64])
_ED25519 = b"\x01"


class CheckpointRefused(NotValid):
    """A checkpoint that cannot be read, or that this key did not sign."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def place(level: int, position: Whole) -> Whole:
    """Where a node above the leaves stands when the tree is read from left to right, each node between its two halves.

    Nodes that are near in the tree are near in this order, and the place of none changes as the tree grows.

    >>> [place(1, 0), place(2, 0), place(1, 1), place(3, 0), place(1, 2)]
    [1, 2, 3, 4, 5]
    """
    return (2 * position + 1) << level >> 1


def root(size: int, node: Node) -> bytes:
    """The tree head over the first `size` leaves."""
    return _subtree(0, size, node) if size else hashlib.sha256(b"").digest()


def inclusion_proof(position: int, size: int, node: Node) -> list[bytes]:
    """The audit path of the leaf at `position` in the tree of `size` leaves (0 ≤ position < size)."""
    path: list[bytes] = []
    start, width = 0, size
    while width > 1:
        split = _split(width)
        if position - start < split:
            path.append(_subtree(start + split, width - split, node))
            width = split
        else:
            path.append(_subtree(start, split, node))
            start, width = start + split, width - split
    return path[::-1]


def consistency_proof(older: int, newer: int, node: Node) -> list[bytes]:
    """The proof that the tree of `older` leaves is the beginning of the tree of `newer` (0 < older ≤ newer)."""
    path: list[bytes] = []
    start, width, whole = 0, newer, True
    while older != width:
        split = _split(width)
        if older <= split:
            path.append(_subtree(start + split, width - split, node))
            width = split
        else:
            path.append(_subtree(start, split, node))
            start, width, older, whole = start + split, width - split, older - split, False
    if not whole:
        path.append(_subtree(start, width, node))
    return path[::-1]


class Growing:
    """The tree of leaves that come one by one: only the peaks of its perfect subtrees are kept."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def push(self, leaf: bytes) -> None:
        """One more leaf (its hash)."""
        running, full = leaf, self.size
        while full & 1:
            running, full = node_hash(self._peaks.pop(), running), full >> 1
        self._peaks.append(running)
        self.size += 1

    def root(self) -> bytes:
        """The tree head over what came so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        *rest, running = self._peaks
        for peak in reversed(rest):
            running = node_hash(peak, running)
        return running


def includes(leaf: bytes, position: int, size: int, path: Sequence[bytes], head: bytes) -> bool:
    """Whether `path` proves that `leaf` stands at `position` under `head` (RFC 9162 §2.1.3.2)."""
    if not 0 <= position < size:
        return False
    at, last, running = position, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            running = node_hash(sibling, running)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            running = node_hash(running, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and running == head


def extends(older: int, older_head: bytes, newer: int, newer_head: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that nothing under `older_head` was changed in `newer_head` (RFC 9162 §2.1.4.2)."""
    if not 0 < older <= newer:
        return False
    if older == newer:
        return not path and older_head == newer_head
    steps = [older_head, *path] if older & (older - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = older - 1, newer - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == older_head and new == newer_head


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1


def _subtree(start: int, width: int, node: Node) -> bytes:
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    split = _split(width)
    return node_hash(_subtree(start, split, node), _subtree(start + split, width - split, node))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log says of itself: its name, how many entries it has and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a C2SP signed note; the key's name is the origin."""
    signature = key.sign(checkpoint.text().encode())
    stamp = base64.b64encode(_key_id(checkpoint.origin, key.public_key()) + signature).decode()
    return f"{checkpoint.text()}\n— {checkpoint.origin} {stamp}\n"


def read_checkpoint(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint in a signed note, after its signature by `origin`'s `key` was checked.

    Raises: CheckpointRefused.
    """
    body, separator, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) < 3 or not (lines[1].isascii() and lines[1].isdigit()):
        raise CheckpointRefused(_("这不是一个检查点：应为名称、条数、根哈希三行，空一行后是签名。"))
    if lines[0] != origin:
        raise CheckpointRefused(
            _("检查点属于另一份日志：{other}，而不是 {ours}。", other=repr(lines[0]), ours=repr(origin))
        )
    if not any(_holds(f"{body}\n".encode(), line, origin, key) for line in signatures.splitlines()):
        raise CheckpointRefused(_("检查点的签名不成立。"))
    try:
        return Checkpoint(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
    except binascii.Error:
        raise CheckpointRefused(_("检查点的根哈希不是 Base64。")) from None


def verifier_key(origin: str, key: Ed25519PublicKey) -> str:
    """The public key in the form that C2SP signed-note verifiers take: name+id+key."""
    encoded = base64.b64encode(_ED25519 + key.public_bytes_raw()).decode()
    return f"{origin}+{_key_id(origin, key).hex()}+{encoded}"


def _key_id(name: str, key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]


def _holds(text: bytes, line: str, origin: str, key: Ed25519PublicKey) -> bool:
    try:
        dash, name, stamp = line.split(" ")
        raw = base64.b64decode(stamp, validate=True)
        key.verify(raw[4:], text)
    except (ValueError, InvalidSignature):
        return False
    # One text, one signature: Base64 has several spellings of the same bytes, of which only the canonical one holds.
    is_canonical = base64.b64encode(raw).decode() == stamp
    return dash == "—" and name == origin and is_canonical and raw[:4] == _key_id(origin, key)
