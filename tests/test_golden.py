"""Receipts of every release so far, as they lie in somebody's files: they hold for ever, and only as they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from public_site import __version__, log, receipt_verifier, signing
from tests import golden

RECEIPTS = sorted(golden.FOLDER.glob("*/*.jws"))
each = pytest.mark.parametrize("file", RECEIPTS, ids=lambda file: f"{file.parent.name}-{file.stem}")


def keys_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((file.parent / "keys.json").read_text(encoding="ascii"))
    return found


def failing(text: str, known: dict[str, Any]) -> str | None:
    return next((name for name, holds, _ in receipt_verifier.verify(text, known) if not holds), None)


def test_the_present_release_has_its_receipts() -> None:
    assert {"list.jws", "certificate.jws"} <= {file.name for file in (golden.FOLDER / __version__).glob("*.jws")}


@each
def test_it_holds_with_the_keys_of_its_time(file: Path) -> None:
    checks = receipt_verifier.verify(file.read_text(encoding="ascii"), keys_of(file))
    assert [name for name, _, _ in checks] == [name for name, _ in receipt_verifier.CHECKS]
    assert all(holds for _, holds, _ in checks), checks


@each
def test_it_holds_after_keys_were_added_and_others_revoked(file: Path, tmp_path: Path) -> None:
    text, known = file.read_text(encoding="ascii"), keys_of(file)
    added = [signing.jwk(log.make_key(tmp_path / str(n)).public_key()) for n in range(5)]
    known["keys"] = [*added[:3], *known["keys"], *added[3:]]
    known["revoked"] = [
        {"kid": added[0]["kid"], "since": "2020-01-01T00:00:00.000000Z", "reason": "外泄"},
        {"kid": receipt_verifier_kid(text), "since": "2099-01-01T00:00:00.000000Z", "reason": "换下"},
        {"receipt": "0" * 64, "since": "2020-01-01T00:00:00.000000Z", "reason": "误发"},
    ]
    assert failing(text, known) is None
    mine = hashlib.sha256(text.encode()).hexdigest()
    taken_back = known | {"revoked": [{"receipt": mine, "since": "2027-01-01T00:00:00.000000Z", "reason": "误发"}]}
    assert failing(text, taken_back) == "撤销"
    stolen = {"kid": receipt_verifier_kid(text), "since": "2000-01-01T00:00:00.000000Z", "reason": "外泄"}
    assert failing(text, known | {"revoked": [stolen]}) == "撤销"
    assert failing(text, {"keys": added, "revoked": []}) == "签名"


def receipt_verifier_kid(text: str) -> str:
    head = receipt_verifier._plain(text.partition(".")[0])
    return str(json.loads(head)["kid"])


@each
def test_any_byte_of_it_that_is_flipped_is_found(file: Path) -> None:
    text, known = file.read_text(encoding="ascii"), keys_of(file)
    for at in {*range(0, len(text), 7), *range(120), *range(len(text) - 120, len(text))}:
        flipped = text[:at] + chr(ord(text[at]) ^ 1 << at % 7) + text[at + 1 :]
        assert failing(flipped, known), at


@each
def test_every_field_that_it_had_is_still_understood(file: Path) -> None:
    said = receipt_verifier.content(file.read_text(encoding="ascii"))
    assert said["type"] == "mingji.grade-check"
    assert {"issuer", "made_at", "as_of", "known_at", "entry", "checkpoint", "list", "results", "notices", "proof",
            "limits"} <= said.keys()  # fmt: skip
