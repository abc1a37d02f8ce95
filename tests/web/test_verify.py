"""`/verify`: each check in words, for whoever has a receipt in hand."""

from __future__ import annotations

from typing import Any

import pytest

from public_site import receipts
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
