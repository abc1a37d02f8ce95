"""Receipts: a grade check that somebody can file, and prove years later without us.

What this module knows that no other does: what a receipt says and that its bytes depend on nothing but the list, the day,
the moment of knowledge and the register (but for when it was made and the signature); how the entries it rests on are
proved together, so that what two proofs share is told once. How it is checked stands in `receipt_verifier`, alone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import Connection, bindparam, text

from public_site import evidence, log, receipt_verifier, register, signing, tree
from public_site.faults import NotReady
from public_site.questions import Question
from public_site.settings import Settings

LIMITS = (
    "本回执只说明：在所写的日期和所知范围内，本站登记了哪些已公开的公示和公告。它不代替发布机关的正式文件；"
    "“未见公开记录”不等于 D 级；拟定的等级不是已认定的等级；绩效等级不是环保信用评价的颜色。"
)
VERIFIER = Path(receipt_verifier.__file__)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt: its text (compact JWS) and what it says."""

    text: str
    said: dict[str, Any]


def known_at(connection: Connection, at: datetime | int | None) -> int:
    """The entry up to which is known at a moment, or now. An entry's number means the last publication that was whole by
    then: only what was published was signed.

    Raises: log.NoCheckpoint where nothing was known.
    """
    if at is None:
        known = register.latest_number(connection)
    elif isinstance(at, int):
        query = "SELECT max(size) FROM checkpoint WHERE size <= :at"
        known = connection.execute(text(query), {"at": at}).scalar() or 0
    else:
        known = register.number_known_at(connection, at)
    if not known:
        raise log.NoCheckpoint("尚未发布任何内容，无从核查。" if at is None else "到那一刻为止还没有发布任何内容。")
    return known


def made(
    connection: Connection, settings: Settings, questions: tuple[Question, ...], *, as_of: str, known: int,
    made_at: datetime, progress: evidence.Tell = evidence.silent,
) -> Receipt:  # fmt: skip
    """Answer the questions and sign what was answered.

    Raises: signing.NoReceiptKey; NotReady when no checkpoint was signed at entry `known`.
    """
    findings = evidence.check(connection, questions, as_of=as_of, known=known, progress=progress)
    progress("汇集证明", 0, 1)
    said = statement(connection, settings, findings) | {"made_at": register.moment(made_at)}
    progress("汇集证明", 1, 1)
    return Receipt(signed(said, signing.current(settings.receipt_keys)), said)


def certificate(connection: Connection, settings: Settings, enterprise_id: int, *, as_of: str, known: int) -> Receipt:
    """A receipt about one enterprise, made out as of the moment up to which is known: the same bytes for the same question.

    Raises: evidence.NoRecord; signing.NoReceiptKey; NotReady when no checkpoint was signed at entry `known`.
    """
    said = statement(connection, settings, evidence.about(connection, enterprise_id, as_of=as_of, known=known))
    said["made_at"] = said["known_at"]
    return Receipt(signed(said, signing.current(settings.receipt_keys)), said)


def statement(connection: Connection, settings: Settings, findings: evidence.Findings) -> dict[str, Any]:
    """All that a receipt says but when it was made."""
    checkpoint = log.checkpoint_of(connection, findings.known)
    if checkpoint is None:
        raise NotReady(f"第 {findings.known} 条处没有签名的检查点，请运行 public-site verify。")
    results = [answer.told() for answer in findings.answers]
    asked = [answer.asked for answer in findings.answers]
    return {
        "type": "mingji.grade-check",
        "version": 1,
        "issuer": settings.base_url or (log.origin(connection) or settings.origin),
        "as_of": findings.as_of,
        "known_at": register.entry(connection, findings.known).published_at,
        "entry": findings.known,
        "checkpoint": checkpoint,
        "list": {"rows": len(results), "sha256": receipt_verifier.list_hash(asked)},
        "results": results,
        "notices": findings.notices,
        "proof": _proof(connection, findings.used, findings.known),
        "limits": LIMITS,
    }


def signed(said: dict[str, Any], key: Ed25519PrivateKey) -> str:
    """A statement as compact JWS (RFC 7515) over canonical JSON."""
    kid = signing.jwk(key.public_key())["kid"]
    header = {"alg": "Ed25519", "kid": kid, "typ": receipt_verifier.TYPE}
    own = OKPKey.import_key({**signing.jwk(key.public_key()), "d": signing.encoded(key.private_bytes_raw())})
    # Keys and values are our own (ASCII keys; text, whole numbers, truths): sorted compact JSON of them is canonical.
    return jws.serialize_compact(header, orjson.dumps(said, option=orjson.OPT_SORT_KEYS), own, algorithms=["Ed25519"])


def _proof(connection: Connection, entries: Iterable[int], size: int) -> dict[str, Any]:
    """The entries themselves and the hashes beside their paths to the root, each hash once: {"level/position": Base64}."""
    numbers = sorted(entries)
    bodies = dict(_fetched(connection, "SELECT number, body FROM entry WHERE number IN :asked", numbers))
    nodes: dict[str, str] = {}
    level, width, at = 0, size, {number - 1 for number in numbers}
    while width > 1 and at:
        wanted = sorted({p ^ 1 for p in at if p ^ 1 < width} - at)
        nodes |= {f"{level}/{p}": _text(h) for p, h in _hashes(connection, level, wanted, size)}
        level, width, at = level + 1, (width + 1) >> 1, {p >> 1 for p in at}
    return {"entries": {str(number): bodies[number] for number in numbers}, "nodes": nodes}


def _hashes(connection: Connection, level: int, positions: list[int], size: int) -> Iterable[tuple[int, bytes]]:
    """The hashes at `level`; the last one may be of a subtree that is not full, which is put together."""
    full = [p for p in positions if (p + 1) << level <= size]
    if level == 0:
        query = "SELECT number, leaf FROM entry WHERE number IN :asked"
        yield from ((n - 1, bytes(h)) for n, h in _fetched(connection, query, [p + 1 for p in full]))
    else:
        query = "SELECT position, hash FROM tree_node WHERE level = :level AND position IN :asked"
        yield from ((p, bytes(h)) for p, h in _fetched(connection, query, full, level=level))
    for position in positions:
        if (position + 1) << level > size:
            start = position << level
            yield position, tree.root(size - start, _shifted(log.nodes(connection), start))


def _shifted(node: tree.Node, start: int) -> Callable[[int, int], bytes]:
    """The log's nodes as those of the log that begins at leaf `start`, which is a multiple of all their widths."""
    return lambda level, position: node(level, (start >> level) + position)


def _fetched(connection: Connection, query: str, asked: list[int], **more: int) -> Iterable[tuple[Any, Any]]:
    statement = text(query).bindparams(bindparam("asked", expanding=True))
    for batch in register.batches(asked, _BATCH):
        yield from connection.execute(statement, {"asked": list(batch), **more})


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
