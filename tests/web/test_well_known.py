"""`/.well-known/jwks.json`: every key that ever signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from joserfc.jwk import KeySet, OKPKey

from public_site import signing


def test_the_keys_are_a_jwk_set_that_a_library_reads(visitor: Any) -> None:
    told = visitor.json("/.well-known/jwks.json")
    keys = KeySet.import_key_set(told)
    assert len(keys.keys) == 2
    for key in told["keys"]:
        assert OKPKey.import_key({n: key[n] for n in ("kty", "crv", "x")}).thumbprint() == key["kid"]
    assert [key["origin"] for key in told["keys"] if "origin" in key] == ["localhost/log"]
    assert told["revoked"] == []
    assert not [key for key in told["keys"] if "d" in key]


def test_a_key_that_was_replaced_stays_in_the_set(tmp_path: Path, make_publisher: Any, visitor_of: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    visitor = visitor_of(publisher.settings)
    before = visitor.get("/.well-known/jwks.json").json()
    kid = signing.rotate(publisher.settings.receipt_keys)
    after = visitor.get("/.well-known/jwks.json").json()
    assert {key["kid"] for key in after["keys"]} == {key["kid"] for key in before["keys"]} | {kid}
    assert signing.jwk(signing.current(publisher.settings.receipt_keys).public_key())["kid"] == kid
    signing.revoke(publisher.settings.receipt_keys, kid=kid, reason="私钥外泄", at=publisher.at)
    assert signing.jwk(signing.current(publisher.settings.receipt_keys).public_key())["kid"] != kid
    assert visitor.get("/.well-known/jwks.json").json()["revoked"][0]["kid"] == kid
