"""Receipts: a grade check that somebody can file, and prove years later without us.

What this module knows that no other does: what a receipt says and that its bytes depend on nothing but the list, the day,
the moment of knowledge and the register (but for when it was made and the signature); how the entries it rests on are
proved together, so that what two proofs share is told once. How it is checked stands in `receipt_verifier`, alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, text

from public_site import evidence, log, receipt_verifier, register, signing, tree
from public_site.database import chosen
from public_site.faults import NotReady
from public_site.languages import N_, _
from public_site.questions import Question
from public_site.settings import Settings

LIMITS = N_(
    "本回执只说明：在所写的日期和所知范围内，本站登记了哪些已公开的公示和公告。它不代替发布机关的正式文件；"
    "“未见公开记录”不等于 D 级；拟定的等级不是已认定的等级；绩效等级不是环保信用评价的颜色。"
)
VERIFIER = Path(receipt_verifier.__file__)
_PIECE = 3 << 20  # a multiple of three bytes, so that pieces of Base64 join without a seam


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt, and what it says in the pieces that pages and tables are made of.

    `data`: the compact JWS. `head`: all it says but answers, notices and proof. `answers`: canonical JSON of each, in order,
    with its status in `statuses`. A receipt for a long list is some ten megabytes: nothing of it is kept twice.
    """

    data: bytes
    head: dict[str, Any]
    answers: tuple[bytes, ...]
    statuses: tuple[str, ...]
    notices: bytes

    @property
    def text(self) -> str:
        """The compact JWS as text."""
        return self.data.decode()

    @property
    def sha256(self) -> str:
        """By which a receipt is named, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def said(self) -> dict[str, Any]:
        """All that it says, read anew."""
        return receipt_verifier.content(self.text)

    def told(self) -> dict[str, Any]:
        """What tables are made of: the same without the proof, and with answers that are read one by one, once."""
        return {**self.head, "notices": orjson.loads(self.notices), "results": map(orjson.loads, self.answers)}


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
        why = _("尚未发布任何内容，无从核查。") if at is None else _("到那一刻为止还没有发布任何内容。")
        raise log.NoCheckpoint(why)
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
    receipt = _made(connection, settings, findings, register.moment(made_at))
    progress("汇集证明", 1, 1)
    return receipt


def certificate(connection: Connection, settings: Settings, enterprise_id: int, *, as_of: str, known: int) -> Receipt:
    """A receipt about one enterprise, made out as of the moment up to which is known: the same bytes for the same question.

    Raises: evidence.NoRecord; signing.NoReceiptKey; NotReady when no checkpoint was signed at entry `known`.
    """
    findings = evidence.about(connection, enterprise_id, as_of=as_of, known=known)
    return _made(connection, settings, findings, register.entry(connection, known).published_at)


def _made(connection: Connection, settings: Settings, findings: evidence.Findings, made_at: str) -> Receipt:
    checkpoint = log.checkpoint_of(connection, findings.known)
    if checkpoint is None:
        raise NotReady(f"第 {findings.known} 条处没有签名的检查点，请运行 public-site verify。")
    asked = [answer.asked for answer in findings.answers]
    head = {
        "type": "mingji.grade-check",
        "version": 1,
        "issuer": settings.base_url or (log.origin(connection) or settings.origin),
        "made_at": made_at,
        "as_of": findings.as_of,
        "known_at": register.entry(connection, findings.known).published_at,
        "entry": findings.known,
        "checkpoint": checkpoint,
        "list": {"rows": len(asked), "sha256": hashlib.sha256(_canonical(asked)).hexdigest()},
        "limits": LIMITS,
    }
    answers = tuple(answer.told() for answer in findings.answers)
    notices = _canonical(findings.notices)
    proof = _proof(connection, findings.used, findings.known)
    results = [orjson.Fragment(answer) for answer in answers]
    said = head | {"results": results, "notices": orjson.Fragment(notices), "proof": orjson.Fragment(proof)}
    data = signed(said, signing.current(settings.receipt_keys))
    return Receipt(data, head, answers, tuple(answer.status for answer in findings.answers), notices)


def _canonical(value: object) -> bytes:
    # Keys and values are our own (ASCII keys; text, whole numbers, truths): sorted compact JSON of them is canonical.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def signed(said: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """A statement as compact JWS (RFC 7515) over canonical JSON."""
    kid = signing.jwk(key.public_key())["kid"]
    made = bytearray(_encoded(_canonical({"alg": "Ed25519", "kid": kid, "typ": receipt_verifier.TYPE})) + b".")
    payload = _canonical(said)
    for start in range(0, len(payload), _PIECE):  # whole, it would be there three times over
        made += _encoded(payload[start : start + _PIECE])
    del payload
    made += b"." + _encoded(key.sign(made))
    return bytes(made)


def _encoded(data: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _proof(connection: Connection, entries: Mapping[int, str], size: int) -> bytes:
    """Canonical JSON of the entries, in order, and of the hashes beside their paths to the root.

    `nodes` is one Base64 of all the hashes, level by level from the leaves, each level from left to right: which they are
    follows from the entries' numbers and the size.
    """
    numbers = sorted(entries)
    hashes: list[bytes] = []
    level, width, at = 0, size, {number - 1 for number in numbers}
    while width > 1 and at:
        wanted = sorted({p ^ 1 for p in at if p ^ 1 < width} - at)
        hashes += _hashes(connection, level, wanted, size)
        level, width, at = level + 1, (width + 1) >> 1, {p >> 1 for p in at}
    told = ",".join(entries[number] for number in numbers).encode()
    return b'{"entries":[' + told + b'],"nodes":"' + base64.b64encode(b"".join(hashes)) + b'"}'


def _hashes(connection: Connection, level: int, positions: list[int], size: int) -> list[bytes]:
    """The hashes at `level`; the last one may be of a subtree that is not full, which is put together."""
    full = [p for p in positions if (p + 1) << level <= size]
    if level == 0:
        query = "SELECT number, leaf FROM entry WHERE number IN {values}"
        there = {n - 1: h for n, h in chosen(connection, query, [p + 1 for p in full])}
    else:
        query = "SELECT position, hash FROM tree_node WHERE level = :level AND position IN {values}"
        there = dict(map(tuple, chosen(connection, query, full, level=level)))
    if len(there) < len(full):
        raise NotReady("日志的哈希树尚未追上登记，请运行 public-site rebuild log。")
    found = [bytes(there[p]) for p in full]
    for position in positions[len(full) :]:
        start = position << level
        found.append(tree.root(size - start, _shifted(log.nodes(connection), start)))
    return found


def _shifted(node: tree.Node, start: int) -> Callable[[int, int], bytes]:
    """The log's nodes as those of the log that begins at leaf `start`, which is a multiple of all their widths."""
    return lambda level, position: node(level, (start >> level) + position)
