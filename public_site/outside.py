"""A log looked at from outside, by somebody who kept one of its signed checkpoints: on its site, or in its open data.

What this module knows that no other does: that two checkpoints of one size with different roots are a fork and, both being
signed, the proof of it; that a site need not be believed when it says that one is the beginning of the other (the proof is
checked here); and how an entry of `entries.jsonl` becomes the bytes that were hashed.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from public_site import register, tree
from public_site.faults import NotValid
from public_site.tree import Checkpoint

_ENTRIES = ("entries.jsonl", "entries.jsonl.gz")
_NAMES = {"notice_id": "notice", "enterprise_id": "enterprise", "unit_id": "unit"}


class HistoryChanged(NotValid):
    """What was signed once is not the beginning of what is told now."""


class Forked(HistoryChanged):
    """Two histories of the same length were signed: one to some, another to others."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log by its name and public key."""

    origin: str
    key: Ed25519PublicKey

    def read(self, note: str) -> Checkpoint:
        """Raises: tree.CheckpointRefused."""
        return tree.read_checkpoint(note.replace("\r\n", "\n").strip() + "\n", self.origin, self.key)


def log_of(keys: dict[str, Any]) -> Log:
    """The log in a published key set. Raises: NotValid."""
    logs = [key for key in keys.get("keys", []) if "origin" in key]
    if len(logs) != 1:
        raise NotValid("公钥集里没有日志的公钥（带 origin 的那一把）。")
    x = logs[0]["x"]
    return Log(logs[0]["origin"], Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))))


def compare(held: Checkpoint, now: Checkpoint, proof: Callable[[int, int], list[bytes]]) -> None:
    """Whether `held` is the beginning of `now`, both of one log and signed. `proof`: the consistency proof of two sizes.

    Raises: Forked; HistoryChanged.
    """
    if held.size == now.size and held.root != now.root:
        raise Forked(f"分叉：两份检查点都由 {held.origin} 签名，同样是 {held.size} 条，根哈希却不同。"
                     "请保存好这两份：放在一起就是证据。")  # fmt: skip
    if held.size > now.size:
        raise HistoryChanged(
            f"保存的检查点有 {held.size} 条，现在只有 {now.size} 条：有条目被删去。请保存好这两份检查点。"
        )
    if held.size and not tree.extends(held.size, held.root, now.size, now.root, proof(held.size, now.size)):
        raise HistoryChanged(f"保存的检查点（{held.size} 条）不是现在这份日志（{now.size} 条）的开头：历史被改动过。"
                             "请保存好这两份检查点。")  # fmt: skip


def on_site(held: str, site: str, log: Log, get: Callable[[str], bytes]) -> str:
    """Compare a kept checkpoint with what the site signs today; what was found, in words.

    Raises: Forked; HistoryChanged; tree.CheckpointRefused; NotReady when the site does not answer.
    """
    site = site.rstrip("/")
    kept, now = log.read(held), log.read(get(f"{site}/log/checkpoint").decode("utf-8", "replace"))

    def proof(older: int, newer: int) -> list[bytes]:
        told = orjson.loads(get(f"{site}/log/consistency?from={older}&to={newer}"))
        return [base64.b64decode(one) for one in told["hashes"]]

    compare(kept, now, proof)
    return f"相符：保存的 {kept.size} 条是 {site} 现在 {now.size} 条的开头。"


def in_dump(held: str, place: Path, log: Log) -> str:
    """Compare a kept checkpoint with `entries.jsonl` of the open data (the file, or the folder of a version).

    Raises: HistoryChanged; tree.CheckpointRefused; NotValid.
    """
    kept = log.read(held)
    growing = tree.Growing()
    with _opened(place) as lines:
        for body in _bodies(lines):
            growing.push(tree.leaf_hash(body))
            if growing.size == kept.size and growing.root() != kept.root:
                raise HistoryChanged(f"文件里的前 {kept.size} 条与保存的检查点不符：历史被改动过。")
    if growing.size < kept.size:
        raise HistoryChanged(f"保存的检查点有 {kept.size} 条，文件里只有 {growing.size} 条。文件较旧，或有条目被删去。")
    return f"相符：保存的 {kept.size} 条是文件里 {growing.size} 条的开头。"


def _opened(place: Path) -> IO[bytes]:
    file = next((place / name for name in _ENTRIES if (place / name).is_file()), place) if place.is_dir() else place
    if not file.is_file():
        raise NotValid(f"{place} 里没有 entries.jsonl。请用开放数据一个版本的目录，或其中的 entries.jsonl。")
    plain = file.open("rb")
    return cast("IO[bytes]", gzip.GzipFile(fileobj=plain)) if file.suffix == ".gz" else plain


def _bodies(lines: IO[bytes]) -> Iterator[bytes]:
    for at, line in enumerate(lines, 1):
        try:
            told = orjson.loads(line)
            yield register.canonical({_NAMES.get(name, name): value for name, value in told.items()})
        except (ValueError, TypeError, AttributeError, register.NotCanonical):
            raise NotValid(f"第 {at} 行不是登记条目。") from None
