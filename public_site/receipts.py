"""Receipts: a grade check that somebody can file, and prove years later without us.

What this module knows that no other does: what a receipt says and that its bytes depend on nothing but the list, the day,
the moment of knowledge and the register (but for when it was made and the signature); how the entries it rests on are
proved together, so that what two proofs share is told once. How it is checked stands in `receipt_verifier`, alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, text

from public_site import evidence, garbage, log, receipt_verifier, register, signing, tree
from public_site.faults import NotReady
from public_site.languages import N_, _
from public_site.questions import Question
from public_site.settings import Settings

LIMITS = N_(
    "本回执只说明：在所写的日期和所知范围内，本站登记了哪些已公开的公示和公告。它不代替发布机关的正式文件；"
    "“未见公开记录”不等于 D 级；拟定的等级不是已认定的等级；绩效等级不是环保信用评价的颜色。"
)
VERIFIER = Path(receipt_verifier.__file__)
_RUN = 1_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt, and what it says in the pieces that pages and tables are made of.

    `data`: the compact JWS. `head`: all it says but answers, notices and proof. `notices`: canonical JSON. A receipt for a
    long list is some forty megabytes: nothing of it is kept twice.
    """

    data: bytes
    head: dict[str, Any]
    answers: tuple[evidence.Answer, ...]
    notices: bytes

    @property
    def statuses(self) -> tuple[str, ...]:
        """The status of each answer, in order."""
        return tuple(answer.status for answer in self.answers)

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
        return {
            **self.head,
            "notices": orjson.loads(self.notices),
            "results": (orjson.loads(answer.told()) for answer in self.answers),
        }


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
        raise log.NoCheckpoint(
            _("尚未发布任何内容，无从核查。") if at is None else _("到那一刻为止还没有发布任何内容。")
        )
    return known


@garbage.left_alone()
def made(
    connection: Connection, settings: Settings, questions: tuple[Question, ...], *, as_of: str, known: int,
    made_at: datetime, progress: evidence.Tell = evidence.silent,
) -> Receipt:  # fmt: skip
    """Answer the questions and sign what was answered.

    Raises: signing.NoReceiptKey; NotReady when no checkpoint was signed at entry `known`.
    """
    findings = evidence.check(connection, questions, as_of=as_of, known=known, progress=progress)
    progress(N_("汇集证明"), 0, 1)
    receipt = _made(connection, settings, findings, register.moment(made_at))
    progress(N_("汇集证明"), 1, 1)
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
    notices = _canonical(findings.notices)
    nodes = _nodes(connection, findings.used, findings.known)
    data = signed(_payload(head, findings, notices, nodes), signing.current(settings.receipt_keys))
    return Receipt(data, head, findings.answers, notices)


def _payload(head: dict[str, Any], findings: evidence.Findings, notices: bytes, nodes: bytes) -> Iterator[bytes]:
    """Canonical JSON of all that a receipt says, in pieces: whole, it would be held a second time."""
    proof = _listed(b'{"entries":', (findings.used[number] for number in sorted(findings.used)))
    long = {
        "notices": (notices,),
        "proof": chain(proof, (b',"nodes":"', nodes, b'"}')),
        "results": _listed(b"", (answer.told() for answer in findings.answers)),
    }
    before = b"{"
    for name in sorted({*head, *long}):
        yield before + _canonical(name) + b":"
        yield from long.get(name) or (_canonical(head[name]),)
        before = b","
    yield b"}"


def _listed(before: bytes, told: Iterator[bytes]) -> Iterator[bytes]:
    """A JSON array of what is told, in runs."""
    yield before + b"["
    yield b",".join(islice(told, _RUN))
    while run := b",".join(islice(told, _RUN)):
        yield b"," + run
    yield b"]"


def _canonical(value: object) -> bytes:
    # Keys and values are our own (ASCII keys; text, whole numbers, truths): sorted compact JSON of them is canonical.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def signed(pieces: Iterable[bytes], key: Ed25519PrivateKey) -> bytes:
    """A statement, canonical JSON in pieces, as compact JWS (RFC 7515)."""
    kid = signing.jwk(key.public_key())["kid"]
    made = BytesIO()  # it hands its bytes out without a second copy
    made.write(_encoded(_canonical({"alg": "Ed25519", "kid": kid, "typ": receipt_verifier.TYPE})) + b".")
    rest = b""
    for piece in pieces:
        rest += piece
        if whole := len(rest) // 3 * 3:  # Base64 of every three bytes stands by itself
            made.write(_encoded(rest[:whole]))
            rest = rest[whole:]
    made.write(_encoded(rest))
    with made.getbuffer() as so_far:
        signature = key.sign(so_far)
    made.write(b"." + _encoded(signature))
    return made.getvalue()


def _encoded(data: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _nodes(connection: Connection, entries: Iterable[int], size: int) -> bytes:
    """Base64 of the hashes beside the entries' paths to the root, level by level from the leaves, each level from left to
    right: which they are follows from the entries' numbers and the size.
    """
    at, width = np.array(sorted(entries), np.int64) - 1, size
    beside: list[log.Positions] = []
    edges: list[bytes] = []  # of each level: the hash of the last subtree where it is not full, put together
    while width > 1 and len(at):
        beside_level, edge = at ^ 1, b""
        pairs = np.append(beside_level[:-1] == at[1:], False)
        wanted = beside_level[(beside_level < width) & ~pairs & ~np.roll(pairs, 1)]
        start = int(wanted[-1]) << len(beside) if len(wanted) else size
        if size - (1 << len(beside)) < start < size:
            wanted, edge = wanted[:-1], tree.root(size - start, _shifted(log.nodes(connection), start))
        beside.append(wanted)
        edges.append(edge)
        at, width = np.unique(at >> 1), (width + 1) >> 1
    found = log.hashes(connection, beside)
    nodes = b"".join(whole + edge for whole, edge in zip(found, edges, strict=True))
    return base64.b64encode(nodes)


def _shifted(node: tree.Node, start: int) -> Callable[[int, int], bytes]:
    """The log's nodes as those of the log that begins at leaf `start`, which is a multiple of all their widths."""
    return lambda level, position: node(level, (start >> level) + position)
