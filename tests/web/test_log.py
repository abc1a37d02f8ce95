"""`/log/checkpoint`: the signed statement that a witness keeps."""

from __future__ import annotations

from typing import Any


def test_the_checkpoint_is_the_signed_note_of_the_present_size(visitor: Any) -> None:
    answer = visitor.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    origin, size, root, blank, signature, *_ = answer.text.split("\n")
    assert (origin, size, blank) == ("localhost/log", "30", "")
    assert len(root) == 44
    assert signature.startswith("— localhost/log ")
