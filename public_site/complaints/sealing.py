"""The cryptography of complaints, and nothing else: data keys, wraps, tracking codes.

What this module knows that no other does: a complaint is sealed with a data key of its own (AES-256-GCM); the data key is
wrapped to the console's public key (HPKE, RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) and to a key that only the tracking
code gives. Everything sealed is bound to what it is (`bound`), so that nothing can be put in another's place. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from public_site.faults import NotReady

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no I, L, O, U
_MEANT = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014\u3000\t")
CODE_LENGTH = 24  # of five bits each
_NONCE = 12


class SealBroken(NotReady):
    """This key does not open that seal, or what is sealed was altered."""


def new_key() -> bytes:
    """A data key: 32 random bytes."""
    return AESGCM.generate_key(256)


def seal(key: bytes, data: bytes, bound: str) -> bytes:
    """`data` sealed; to be opened only with the same key as the same thing."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, bound.encode())


def unseal(key: bytes, sealed: bytes, bound: str) -> bytes:
    """Raises: SealBroken."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound.encode())
    except (InvalidTag, ValueError):
        raise SealBroken("封存的内容打不开：密钥不符，或内容已损坏。") from None


# --- to the console, and to a person of it


def new_pair() -> tuple[bytes, bytes]:
    """A private and a public key (X25519, 32 bytes each)."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_of(private: bytes) -> bytes:
    """The public key that belongs to a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def wrap(key: bytes, public: bytes, bound: str) -> bytes:
    """A key wrapped so that only the holder of the private key that belongs to `public` gets it."""
    return _SUITE.encrypt(key, X25519PublicKey.from_public_bytes(public), bound.encode())


def unwrap(private: bytes, wrapped: bytes, bound: str) -> bytes:
    """Raises: SealBroken."""
    try:
        return _SUITE.decrypt(wrapped, X25519PrivateKey.from_private_bytes(private), bound.encode())
    except (InvalidTag, ValueError):
        raise SealBroken("封存的内容打不开：密钥不符，或内容已损坏。") from None


def key_of_password(password: str, salt: bytes) -> bytes:
    """The key that a password gives (scrypt, 32 MB, about 0.1 s)."""
    return hashlib.scrypt(password.encode(), salt=salt, n=1 << 15, r=8, p=1, maxmem=1 << 26, dklen=32)


def derived(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, out of a secret that is random already."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"mingji complaints {purpose}".encode()).derive(secret)


def mac(secret: bytes, purpose: str, said: str) -> str:
    """HMAC-SHA256 of what is said, for one purpose, in hexadecimal."""
    return hmac.new(derived(secret, purpose), said.encode(), hashlib.sha256).hexdigest()


# --- tracking codes


def letters(secret: bytes, purpose: str, said: str, length: int) -> str:
    """So many letters of Crockford's alphabet, five bits each, that only whoever has `secret` can work out."""
    value = int.from_bytes(bytes.fromhex(mac(secret, purpose, said)))
    return "".join(_ALPHABET[value >> 5 * at & 31] for at in range(length))


def code_as_meant(typed: str) -> str | None:
    """A tracking code as a person typed it: any case, any grouping, O for 0, I and L for 1; None when it is none."""
    plain = typed.upper().translate(_MEANT)
    return plain if len(plain) == CODE_LENGTH and set(plain) <= set(_ALPHABET) else None


def in_groups(code: str) -> str:
    """A code as it is shown: groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))
