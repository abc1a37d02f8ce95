"""The keys that receipts are signed with: the present one, those before it, and what was revoked.

What this module knows that no other does: that a key in use is a private file `keys/receipts/{kid}.pem`, that a key that
was replaced leaves its public half behind (`{kid}.pub.pem`) and verifies for ever, that `revoked.json` beside them takes
back a key from a moment on, or one receipt, and how all of it is told as a JWK set (RFC 7517, RFC 8037). A key's `kid`
is its thumbprint (RFC 7638), so no two keys share one.
"""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from public_site import lasting, log, register
from public_site.faults import NotReady, NotValid
from public_site.languages import _

PROOFS = "registration-proofs"  # the `purpose` of the key that signs the registration proofs of complaints


class NoReceiptKey(NotReady):
    """There is no key to sign receipts with."""


def encoded(data: bytes) -> str:
    """Base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """A public key as a JWK with its thumbprint as `kid`."""
    x = encoded(key.public_bytes_raw())
    thumb = hashlib.sha256(b'{"crv":"Ed25519","kty":"OKP","x":"' + x.encode() + b'"}').digest()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "Ed25519", "kid": encoded(thumb)}


def current(folder: Path) -> Ed25519PrivateKey:
    """The key that signs now. Raises: NoReceiptKey."""
    files = _private(folder)
    if not files:
        raise NoReceiptKey(_("还没有签发回执的密钥，请运行 public-site receipt-key 生成。"))
    return log.read_key(files[-1])


def prepare(folder: Path) -> None:
    """Make the first key where there is none."""
    if not _private(folder):
        _make(folder)


def rotate(folder: Path) -> str:
    """Begin a new key: of the old ones only the public half is kept. The new `kid`."""
    old = _private(folder)
    kid = _make(folder)
    for file in old:
        _write(file.with_suffix(".pub.pem"), _public_pem(log.read_key(file).public_key()))
        file.unlink()
    return kid


def revoke(folder: Path, *, reason: str, at: datetime, kid: str | None = None, receipt: str | None = None) -> None:
    """Take back a key for whatever it signed from `at` on, or one receipt (by the SHA-256 of its file, hex).

    A key that is taken back signs no more: where it is the present one, a new one begins.

    Raises: NotValid for a key that is not ours or a hash that is none.
    """
    if (kid is None) == (receipt is None):
        raise NotValid("请写明撤销哪一把密钥（--key）或哪一份回执（--receipt），只写一个。")
    if kid is not None and kid not in {key["kid"] for key in public_keys(folder)}:
        raise NotValid("没有这把签发回执的密钥。")
    if receipt is not None and not (len(receipt) == 64 and set(receipt) <= set("0123456789abcdef")):
        raise NotValid("回执用它文件的 SHA-256（64 位小写十六进制）指明。")
    if kid is not None and kid == jwk(current(folder).public_key())["kid"]:
        rotate(folder)
    about = {"kid": kid, "since": register.moment(at)} if kid else {"receipt": receipt, "since": register.moment(at)}
    _write(folder / "revoked.json", orjson.dumps([*revoked(folder), about | {"reason": reason}]))


def revoked(folder: Path) -> list[dict[str, Any]]:
    """What was taken back, oldest first: {kid or receipt, since, reason}."""
    file = folder / "revoked.json"
    found: list[dict[str, Any]] = orjson.loads(file.read_bytes()) if file.exists() else []
    return found


def public_keys(folder: Path) -> list[dict[str, str]]:
    """Every key that ever signed receipts, by `kid`."""
    keys = [log.read_key(file).public_key() for file in _private(folder)]
    for file in folder.glob("*.pub.pem"):
        key = serialization.load_pem_public_key(file.read_bytes())
        assert isinstance(key, Ed25519PublicKey)
        keys.append(key)
    return sorted((jwk(key) for key in keys), key=lambda told: told["kid"])


def key_set(folder: Path, log_key: Path, origin: str, proof_key: Path | None = None) -> dict[str, Any]:
    """What `/.well-known/jwks.json` says: the keys of receipts, the log's own (with its name), that of registration proofs of
    complaints (with its purpose) once there is one, and what was revoked."""
    keys: list[dict[str, str]] = [*public_keys(folder), {**jwk(log.public_key(log_key)), "origin": origin}]
    if proof_key is not None and log.is_there(proof_key):
        keys.append({**jwk(log.public_key(proof_key)), "purpose": PROOFS})
    return {"keys": keys, "revoked": revoked(folder)}


def _private(folder: Path) -> list[Path]:
    files = [file for file in folder.glob("*.pem") if not file.name.endswith(".pub.pem")]
    return sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))


def _make(folder: Path) -> str:
    aside = folder / f".new.{os.getpid()}"
    kid = jwk(log.make_key(aside).public_key())["kid"]
    aside.replace(folder / f"{kid}.pem")
    return kid


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, and on disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(data)
        lasting.settle(file)
    aside.replace(path)
