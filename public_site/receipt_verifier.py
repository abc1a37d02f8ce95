#!/usr/bin/env python3
"""Check a grade-check receipt, or a complaint's registration proof, without its issuer: one file, Python 3.11 or newer
and the package `cryptography`.

    python verify_receipt.py RECEIPT KEYS.json

KEYS.json is what the issuer publishes at /.well-known/jwks.json; keep a copy of your own. Exit code 0: everything holds;
1: something does not; 2: a file cannot be read. Each check is told in words, in Chinese.

What is checked: the form (a compact JWS, RFC 7515, in the one spelling it can have), the signature (Ed25519, RFC 8037),
that neither key nor receipt was revoked, that the content is canonical JSON (RFC 8785), the log's signature under the
checkpoint (C2SP signed note), that every entry the answers rest on stands under that checkpoint (RFC 6962), that the answers
say what those entries say, and that the hash of the list is that of the rows answered.

A registration proof states that a complaint was lodged, and on which day; nothing of what it says. Of it form, signature (by
the key of the set that is for such proofs, and no other) and content are checked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TYPE = "mingji-receipt+jws"
PROOF_TYPE = "mingji-registration-proof+jws"
PROOFS = "registration-proofs"  # the `purpose` of the key that signs them
GRADE_KINDS = ("graded", "upgraded", "downgraded", "confirmed", "no_longer_listed", "managed_as", "cited")


class Doubt(Exception):
    """Something does not hold: the sentence says what."""


def verify(receipt: str, keys: dict[str, Any]) -> list[tuple[str, bool, str]]:
    """Every check of a receipt in order, as (name, whether it holds, in words); the first that fails is the last."""
    told: list[tuple[str, bool, str]] = []
    state: dict[str, Any] = {"receipt": receipt.strip(), "keys": keys}
    for name, check in PROOF_CHECKS if is_proof(receipt) else CHECKS:
        try:
            told.append((name, True, check(state)))
        except Doubt as doubt:
            told.append((name, False, str(doubt)))
            break
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            told.append((name, False, "内容残缺或不是应有的形式。"))
            break
    return told


def is_proof(receipt: str) -> bool:
    """Whether this gives itself out for a registration proof."""
    try:
        return bool(json.loads(_plain(receipt.strip().split(".")[0]))["typ"] == PROOF_TYPE)
    except (Doubt, ValueError, KeyError, TypeError, RecursionError):
        return False


def content(receipt: str) -> dict[str, Any]:
    """What a receipt says, unchecked. Raises: ValueError."""
    found = json.loads(_plain(receipt.strip().split(".")[1]))
    if not isinstance(found, dict):
        raise ValueError("not a receipt")
    return found


def canonical(value: object) -> bytes:
    """RFC 8785 for values without fractions and with ASCII keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def list_hash(asked: list[Any]) -> str:
    """The fingerprint of a list: SHA-256 of the canonical JSON of its rows, each {code, name, region}."""
    return hashlib.sha256(canonical(asked)).hexdigest()


def _plain(text: str) -> bytes:
    """Base64url in its one spelling: no padding, no stray bits at the end."""
    data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise Doubt("回执的编码不唯一：有字符被改动。")
    return data


def _form(state: dict[str, Any]) -> str:
    parts = state["receipt"].split(".")
    if len(parts) != 3:
        raise Doubt("这不是一份回执：应为以两个点分开的三段文字。")
    state["head"], state["payload"], state["signature"] = (_plain(part) for part in parts)
    state["header"] = json.loads(state["head"])
    if state["header"].get("alg") != "Ed25519" or state["header"].get("typ") not in (TYPE, PROOF_TYPE):
        raise Doubt("这不是本站的回执，或签名方法不对。")
    return "是一份完整的登记证明。" if state["header"]["typ"] == PROOF_TYPE else "是一份完整的回执。"


def _signature(state: dict[str, Any]) -> str:
    _require_signature(state, [k for k in state["keys"]["keys"] if "origin" not in k and k.get("purpose") != PROOFS])
    return "签名成立，内容自 {} 签发以来没有改动。".format(state["said"]["made_at"])


def _proof_signature(state: dict[str, Any]) -> str:
    _require_signature(state, [k for k in state["keys"]["keys"] if k.get("purpose") == PROOFS])
    return "签名成立，由签登记证明的密钥所签，没有改动。"


def _require_signature(state: dict[str, Any], keys: list[dict[str, Any]]) -> None:
    kid = state["header"]["kid"]
    key = next((k for k in keys if k["kid"] == kid), None)
    if key is None:
        raise Doubt("公钥集里没有签它的密钥：不是本站签发的，或公钥集太旧。")
    signed = state["receipt"].rpartition(".")[0].encode()
    try:
        Ed25519PublicKey.from_public_bytes(_plain(key["x"])).verify(state["signature"], signed)
    except InvalidSignature:
        raise Doubt("签名不成立：内容在签发后被改动过。") from None
    state["said"] = json.loads(state["payload"])


def _revocation(state: dict[str, Any]) -> str:
    mine = hashlib.sha256(state["receipt"].encode()).hexdigest()
    for one in state["keys"].get("revoked", []):
        if one.get("receipt") == mine:
            raise Doubt("这份回执已被撤销：{}".format(one.get("reason", "")))
        if one.get("kid") == state["header"]["kid"] and one["since"] <= state["said"]["made_at"]:
            raise Doubt("签发它的密钥在签发之前已被撤销：{}".format(one.get("reason", "")))
    return "密钥和回执都没有被撤销（以手头的公钥集为准）。"


def _canonical(state: dict[str, Any]) -> str:
    if canonical(state["said"]) != state["payload"]:
        raise Doubt("内容不是规范写法。")
    if state["said"]["type"] != "mingji.grade-check" or state["said"]["version"] != 1:
        raise Doubt("这种回执要用更新的核对程序。")
    return "内容是规范写法，只有一种读法。"


def _checkpoint(state: dict[str, Any]) -> str:
    note = state["said"]["checkpoint"]
    body, _, signatures = note.partition("\n\n")
    origin, size, root = body.split("\n")
    keys = [k for k in state["keys"]["keys"] if k.get("origin") == origin]
    if not any(_holds(body + "\n", line, origin, key) for key in keys for line in signatures.splitlines()):
        raise Doubt("日志检查点的签名不成立，或公钥集里没有这份日志的公钥。")
    if int(size) != state["said"]["entry"]:
        raise Doubt("检查点的条数与回执写的不同。")
    state["size"], state["root"] = int(size), base64.b64decode(root, validate=True)
    return f"日志检查点（{size} 条）由 {origin} 签名。"


def _holds(body: str, line: str, origin: str, key: dict[str, Any]) -> bool:
    public = _plain(key["x"])
    identity = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    prefix = f"— {origin} "
    if not line.startswith(prefix):
        return False
    stamp = base64.b64decode(line[len(prefix) :], validate=True)
    if stamp[:4] != identity:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(stamp[4:], body.encode())
    except InvalidSignature:
        return False
    return True


def _inclusion(state: dict[str, Any]) -> str:
    proof, size = state["said"]["proof"], state["size"]
    entries = {entry["number"]: entry for entry in proof["entries"]}
    if len(entries) != len(proof["entries"]) or not all(type(n) is int and 0 < n <= size for n in entries):
        raise Doubt("有条目不在这份日志之内，或重复。")
    leaves = {n - 1: hashlib.sha256(b"\x00" + canonical(entry)).digest() for n, entry in entries.items()}
    nodes = base64.b64decode(proof["nodes"], validate=True)
    if (_head(leaves, nodes, size) if entries else state["root"]) != state["root"]:
        raise Doubt("所依据的条目不在检查点之下：条目或证明被改动过。")
    state["entries"] = entries
    return f"所依据的 {len(entries)} 条登记都在检查点之下。"


def _head(leaves: dict[int, bytes], nodes: bytes, size: int) -> bytes | None:
    """The root over `size` leaves of which `leaves` are known, and `nodes` are the hashes beside their paths.

    They come level by level from the leaves, each level from left to right. None when they are too few or too many.
    """
    known, at = dict(leaves), 0
    while size > 1:
        for position in sorted({p ^ 1 for p in known if p ^ 1 < size} - known.keys()):
            known[position] = nodes[at : at + 32]
            at += 32
        above: dict[int, bytes] = {}
        for position, left in known.items():
            if position & 1:
                continue
            right = known.get(position + 1)
            # With nothing beside it, it goes up as it is.
            above[position >> 1] = left if right is None else hashlib.sha256(b"\x01" + left + right).digest()
        known, size = above, (size + 1) >> 1
    return known[0] if at == len(nodes) else None


def _answers(state: dict[str, Any]) -> str:
    entries, said = state["entries"], state["said"]
    for answer in said["results"]:
        enterprise = answer["enterprise"]
        if (answer["status"] == "match") != (enterprise is not None):
            raise Doubt("第 {} 行的结论与内容不符。".format(answer["ref"]))
        if enterprise is None:
            continue
        if entries[enterprise["id"]]["kind"] != "enterprise_registered":
            raise Doubt("第 {} 行的企业没有登记条目。".format(answer["ref"]))
        for told in enterprise["history"]:
            _as_entered(answer["ref"], told, entries[told["entry"]], said["notices"])
    for number, notice in said["notices"].items():
        entry = entries[int(number)]
        if entry["kind"] != "notice_published" or entry["data"]["sha256"] != notice["sha256"]:
            raise Doubt(f"公告 {number} 的指纹与登记不符。")
    return "每一条等级、日期、公告和指纹都与登记条目一致。"


def _as_entered(ref: str, told: dict[str, Any], entry: dict[str, Any], notices: dict[str, Any]) -> None:
    amended = told["mended_by"] is not None or told["withdrawn"]
    same = entry["kind"] in GRADE_KINDS and entry["notice"] == told["notice_id"]
    if not amended:
        same = same and told["grade"] == entry["data"].get("grade") and told["scheme"] == entry["data"]["scheme"]
    if not same or str(told["notice_id"]) not in notices:
        raise Doubt("第 {} 行的第 {} 条与登记不符。".format(ref, told["entry"]))


def _list(state: dict[str, Any]) -> str:
    said = state["said"]
    asked = [answer["asked"] for answer in said["results"]]
    if said["list"] != {"rows": len(asked), "sha256": list_hash(asked)}:
        raise Doubt("名单的指纹与所答的行不符。")
    return f"名单共 {len(asked)} 行，指纹相符。"


CHECKS = (
    ("形式", _form), ("签名", _signature), ("撤销", _revocation), ("规范", _canonical), ("检查点", _checkpoint),
    ("条目", _inclusion), ("结论", _answers), ("名单", _list),
)  # fmt: skip


def _statement(state: dict[str, Any]) -> str:
    said = state["said"]
    if canonical(said) != state["payload"]:
        raise Doubt("内容不是规范写法。")
    if said["type"] != "mingji.registration-proof" or said["version"] != 1:
        raise Doubt("这种登记证明要用更新的核对程序。")
    return proof_in_words(said)


def proof_in_words(said: dict[str, Any]) -> str:
    """What a registration proof states, in a sentence."""
    kind = {"pollution": "污染举报", "objection": "对评级的异议"}[said["kind"]]
    return "编号 {} 的{}，{} 在 {} 登记。".format(said["complaint"], kind, said["received_on"], said["issuer"])


PROOF_CHECKS = (("形式", _form), ("签名", _proof_signature), ("内容", _statement))


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    if len(arguments) != 2:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    try:
        receipt = Path(arguments[0]).read_text(encoding="utf-8")
        keys = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    checks = verify(receipt, keys)
    for name, holds, words in checks:
        sys.stdout.write("{} {}：{}\n".format("✓" if holds else "✗", name, words))
    return 0 if all(holds for _, holds, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
