"""`/healthz`: the process answers."""

from __future__ import annotations

from typing import Any


def test_it_says_ok_and_claims_nothing_more(visitor: Any) -> None:
    assert visitor.get("/healthz").text == "ok\n"
