"""`/static/{hash}/{name}`: what never changes under its address."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from public_site.web import assets


def test_a_static_file_is_kept_for_ever_under_the_hash_of_its_bytes(visitor: Any) -> None:
    for url in visitor.opens("/").xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src"):
        answer = visitor.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert url.split("/")[2] == hashlib.sha256(answer.content).hexdigest()[:16]


@pytest.mark.parametrize("name", ["site.css", "../pyproject.toml", "..%2fpyproject.toml", "vendor"])
def test_another_hash_or_another_file_is_not_found(visitor: Any, name: str) -> None:
    assert visitor.get(f"/static/0123456789abcdef/{name}").status_code == 404


def test_every_build_has_one_short_name() -> None:
    assert assets.build() == assets.build()
    assert len(assets.build()) == 12
