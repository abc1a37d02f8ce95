"""The tamper-evident log over the register: its stored tree nodes, its signed checkpoints and its key.

A projection like the others (`as_of`, `catch_up`, `forget`), but for the checkpoints: each is a statement once made to
the outside, so they are kept for ever like the entries themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, insert, text
from sqlmodel import Column, Field, SQLModel

from public_site import lasting, register, tree
from public_site.database import chosen
from public_site.faults import NotFound, NotReady
from public_site.languages import N_, _

NAME = "log"
Positions = NDArray[np.int64]
_BATCH = 10_000
_PUBLIC = ".pub.pem"
_BEHIND = N_("日志的哈希树尚未追上登记，请运行 public-site rebuild log。")


class NoLogKey(NotReady):
    """The key that signs checkpoints is missing or cannot be read."""


class NoCheckpoint(NotFound):
    """Nothing has been published yet."""


class TreeNodeRecord(SQLModel, table=True):
    """The hash of the perfect subtree whose `tree.place` this is; those of single leaves stand in `entry.leaf`.

    By place, a proof finds most of its hashes side by side.
    """

    __tablename__ = "tree_node"

    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hash: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))


class CheckpointRecord(SQLModel, table=True):
    """A signed statement of the root over the first `size` entries, as it was given out."""

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    note: str


def as_of(connection: Connection) -> int:
    """How many entries the stored nodes cover."""
    return register.reached(connection, NAME)


def forget(connection: Connection) -> None:
    """Drop the stored nodes (never the checkpoints); `catch_up` makes them again."""
    connection.execute(text("DELETE FROM tree_node"))
    register.reach(connection, NAME, 0)


def catch_up(connection: Connection) -> int:
    """Store the nodes that the entries since `as_of` complete; returns how many entries were read."""
    start, latest = as_of(connection), register.latest_number(connection)
    node = nodes(connection)
    # The perfect subtrees on the right edge of the tree so far: they wait for a right-hand neighbour.
    waiting = {level: node(level, (start >> level) - 1) for level in range(start.bit_length()) if start >> level & 1}
    made: list[dict[str, object]] = []
    for at, leaf in _leaves(connection, start):
        level, position, running = 0, at, leaf
        while position & 1:
            running = tree.node_hash(waiting.pop(level), running)
            level, position = level + 1, position >> 1
            made.append({"place": tree.place(level, position), "hash": running})
        waiting[level] = running
        if len(made) >= _BATCH:
            register.write(connection, TreeNodeRecord, made)
            made.clear()
    register.write(connection, TreeNodeRecord, made)
    register.reach(connection, NAME, latest)
    return latest - start


def _leaves(connection: Connection, start: int) -> Iterator[tuple[int, bytes]]:
    query = text("SELECT leaf FROM entry WHERE number > :after ORDER BY number LIMIT :limit")
    while rows := connection.execute(query, {"after": start, "limit": _BATCH}).all():
        for (leaf,) in rows:
            yield start, bytes(leaf)
            start += 1


def nodes(connection: Connection) -> tree.Node:
    """The stored hashes, as the pure functions of `tree` ask for them."""

    def node(level: int, position: int) -> bytes:
        if level == 0:
            query, values = "SELECT leaf FROM entry WHERE number = :n", {"n": position + 1}
        else:
            query, values = "SELECT hash FROM tree_node WHERE place = :n", {"n": tree.place(level, position)}
        found = connection.execute(text(query), values).scalar()
        if found is None:
            raise NotReady(_(_BEHIND))
        return bytes(found)

    return node


def hashes(connection: Connection, wanted: Sequence[Positions]) -> list[bytes]:
    """Many stored hashes at once: of each level, from the leaves up, those at the positions `wanted`, one after another.

    Raises: NotReady.
    """
    if not wanted:
        return []
    leaves, above = wanted[0], wanted[1:]
    places = np.concatenate([tree.place(level, at) for level, at in enumerate(above, 1)]) if above else leaves[:0]
    order = np.argsort(places)
    nodes = np.empty((len(places), 32), np.uint8)
    found = _stored(connection, "SELECT hash FROM tree_node WHERE place IN {values} ORDER BY place", places[order])
    nodes[order] = np.frombuffer(found, np.uint8).reshape(-1, 32)
    ends = np.cumsum([len(at) for at in above[:-1]], dtype=np.int64)
    told = _stored(connection, "SELECT leaf FROM entry WHERE number IN {values} ORDER BY number", leaves + 1)
    return [told, *(level.tobytes() for level in np.split(nodes, ends))][: len(wanted)]


def _stored(connection: Connection, query: str, keys: Positions) -> bytes:
    found = chosen(connection, query, keys.tolist())
    if len(found) < len(keys):
        raise NotReady(_(_BEHIND))
    return b"".join([stored for (stored,) in found])


def root(connection: Connection, size: int) -> bytes:
    """The tree head over the first `size` entries, from the stored nodes."""
    return tree.root(size, nodes(connection))


def sign(connection: Connection, origin: str, key: Ed25519PrivateKey) -> str:
    """Make the checkpoint of the present size and keep it; the note that was given out before is never replaced."""
    size = register.latest_number(connection)
    note = tree.signed(tree.Checkpoint(origin, size, root(connection, size)), key)
    keep(connection, size, note)
    return note


def keep(connection: Connection, size: int, note: str) -> None:
    """Keep a checkpoint, unless one of this size is kept already."""
    if checkpoint_of(connection, size) is None:
        connection.execute(insert(CheckpointRecord), [{"size": size, "note": note}])


def origin(connection: Connection) -> str | None:
    """The log's name as its first checkpoint gives it; None before the first publication."""
    note = connection.execute(text("SELECT note FROM checkpoint ORDER BY size LIMIT 1")).scalar()
    return None if note is None else str(note).partition("\n")[0]


def checkpoint(connection: Connection) -> str:
    """The latest signed checkpoint.

    Raises: NoCheckpoint.
    """
    note = connection.execute(text("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")).scalar()
    if note is None:
        raise NoCheckpoint(_("尚未发布任何内容，还没有检查点。"))
    return str(note)


def checkpoint_of(connection: Connection, size: int) -> str | None:
    """The checkpoint that was signed when there were `size` entries; None where none was."""
    found = connection.execute(text("SELECT note FROM checkpoint WHERE size = :size"), {"size": size}).scalar()
    return None if found is None else str(found)


def checkpoints(connection: Connection) -> list[tuple[int, str]]:
    """Every checkpoint ever given out, as (size, note), oldest first."""
    return [(int(s), str(n)) for s, n in connection.execute(text("SELECT size, note FROM checkpoint ORDER BY size"))]


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new signing key at `path`, readable by this user only; an existing file is never replaced."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        lasting.settle(file)
    try:
        os.link(aside, path)  # refuses where a rename would replace
    except FileExistsError:
        return read_key(path)
    finally:
        aside.unlink()
    return key


def show_public_key(path: Path) -> None:
    """Write the public half beside a private key, for machines that only show it; nothing where either is there or missing."""
    beside = path.with_suffix(_PUBLIC)
    if path.exists() and not beside.exists():
        told = (
            read_key(path)
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        aside = beside.with_name(f".{beside.name}.{os.getpid()}")
        aside.write_bytes(told)
        aside.replace(beside)


def is_there(path: Path) -> bool:
    """Whether `public_key` of this path is known here."""
    return path.exists() or path.with_suffix(_PUBLIC).exists()


def public_key(path: Path) -> Ed25519PublicKey:
    """Of the private key at `path`, or what stands in `….pub.pem` beside where it would be. Raises: NoLogKey."""
    beside = path.with_suffix(_PUBLIC)
    if path.exists() or not beside.exists():
        return read_key(path).public_key()
    try:
        key = serialization.load_pem_public_key(beside.read_bytes())
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise NoLogKey(f"{beside.name} 不是 Ed25519 公钥。")
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Raises: NoLogKey."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise NoLogKey(f"读不到日志的签名密钥 {path.name}：{error.__class__.__name__}。请从备份恢复密钥。") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NoLogKey(f"日志的签名密钥 {path.name} 不是 Ed25519 密钥。")
    return key
