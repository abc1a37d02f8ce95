"""`/verify`: each check in words, for whoever has a receipt in hand."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from public_site import check_commands, languages, receipt_verifier, receipts
from public_site.complaints import following
from public_site.web import verify
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
    english = visitor.client.post("/en/verify", files={"file": ("proof.jws", proof.encode())}, headers=OURS)
    assert "The registration proof holds" in english.text
    assert f"number {lodged.reference}, registered at" in english.text
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


def test_every_sentence_of_the_verifier_can_be_told_in_english() -> None:
    """It stands alone and knows no catalogue: its sentences are listed beside the page that tells them again."""
    said = set()
    for node in ast.walk(ast.parse(receipts.VERIFIER.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            said.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
    inner = {piece for text in said for piece in text.split("{}")}
    for node in ast.walk(ast.parse(receipts.VERIFIER.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in inner:
            said.add(node.value)
    names = {name for name, _ in (*receipt_verifier.CHECKS, *receipt_verifier.PROOF_CHECKS)}
    sentences = {text for text in said if languages.HAN.search(text)} - names - {"{} {}：{}\n"}
    assert {re.sub(r"{\w+}", "{}", text) for text in verify.SENTENCES} == sentences
    assert set(verify.NAMES) == names


def test_an_english_page_says_each_check_in_english(visitor: Any) -> None:
    answer = visitor.client.post("/en/verify", files={"file": ("", b"")}, data={"receipt": "a.b"}, headers=OURS)
    assert "The receipt does not hold" in answer.text
    assert "Form (does not hold): This is not a receipt" in answer.text
