"""`/verify`: each check in words, for whoever has a receipt in hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from public_site import check_commands, receipt_verifier, receipts
from public_site.complaints import following
from tests.complaints.inbox import SECRET, opened
from tests.web.clerks import OURS, Office
from tests.web.conftest import Visitor


def test_the_page_explains_itself(visitor: Any) -> None:
    assert "断网也能核对" in visitor.text("/verify")
    assert visitor.get("/data/verify_receipt.py").content == receipts.VERIFIER.read_bytes()


def test_whoever_is_shown_a_registration_proof_learns_whether_it_holds_and_how_little_it_says(
    office: Office, tmp_path: Path
) -> None:
    inbox = opened(office.settings, tmp_path / "offline")
    lodged = inbox.lodge()
    proof = following.proof(inbox.store, lodged.code)
    visitor = Visitor(office.client())
    keys = visitor.json("/.well-known/jwks.json")
    assert [key.get("purpose") for key in keys["keys"] if "origin" not in key] == [None, "registration-proofs"]
    assert "登记证明是什么" in visitor.text("/verify")
    answer = visitor.client.post("/verify", files={"file": ("proof.jws", proof.encode())}, headers=OURS)
    assert answer.status_code == 200
    for said in ("登记证明成立", lodged.reference, "不说明是谁投诉"):
        assert said in answer.text
    assert SECRET not in answer.text
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    (tmp_path / "proof.jws").write_text(proof + "\n")
    files = [str(tmp_path / "proof.jws"), "--keys", str(tmp_path / "keys.json")]
    held = CliRunner().invoke(check_commands.app, ["verify-receipt", *files])
    assert (held.exit_code, "只证明这一编号" in held.output) == (0, True)
    assert receipt_verifier.main([files[0], files[2]]) == 0
    forged = proof[:-4] + ("AAAA" if proof[-4:] != "AAAA" else "BBBB")
    answer = visitor.client.post("/verify", files={"file": ("", b"")}, data={"receipt": forged}, headers=OURS)
    assert (answer.status_code, "登记证明不成立" in answer.text) == (422, True)
    (tmp_path / "proof.jws").write_text(forged)
    assert CliRunner().invoke(check_commands.app, ["verify-receipt", *files]).exit_code == 1
    inbox.store.close()


@pytest.mark.parametrize("receipt", ["", "abc", "a.b.c", "é", "e30.e30.e30", "<script>.x.y"])
def test_what_is_no_receipt_is_told_so(visitor: Any, receipt: str) -> None:
    answer = visitor.client.post("/verify", files={"file": ("", b"")}, data={"receipt": receipt}, headers=OURS)
    assert answer.status_code == 422
    assert "回执不成立" in answer.text
    assert "<script>.x" not in answer.text
