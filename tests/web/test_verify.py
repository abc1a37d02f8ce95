"""`/verify`: each check in words, for whoever has a receipt in hand."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from public_site import languages, receipt_verifier, receipts
from public_site.web import verify
from tests.web.clerks import OURS


def test_the_page_explains_itself(visitor: Any) -> None:
    assert "断网也能核对" in visitor.text("/verify")
    assert visitor.get("/data/verify_receipt.py").content == receipts.VERIFIER.read_bytes()


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
    names = {name for name, _ in receipt_verifier.CHECKS}
    sentences = {text for text in said if languages.HAN.search(text)} - names - {"{} {}：{}\n"}
    assert {re.sub(r"{\w+}", "{}", text) for text in verify.SENTENCES} == sentences
    assert set(verify.NAMES) == names


def test_an_english_page_says_each_check_in_english(visitor: Any) -> None:
    answer = visitor.client.post("/en/verify", files={"file": ("", b"")}, data={"receipt": "a.b"}, headers=OURS)
    assert "The receipt does not hold" in answer.text
    assert "Form (does not hold): This is not a receipt" in answer.text
