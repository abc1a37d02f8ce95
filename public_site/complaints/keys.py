"""The console's key: made once in a ceremony, held offline, lent to people, unlocked at sign-in, changed.

What this module knows that no other does: the server holds no copy of the private key that it can use. Each person has a
pair of their own whose private half only their password opens; the console's key is wrapped to the public half. At
sign-in it is unlocked and kept sealed with a key of the session's token, which only the browser holds.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from joserfc.jwk import OKPKey
from sqlalchemy import insert, text

from public_site import register
from public_site.complaints import sealing
from public_site.complaints.store import HOLDER, UNLOCKED, Store, write_key
from public_site.faults import NotFound, NotValid

COMPLAINTS, BACKUPS = b"mingji-complaints-key-1\n", b"mingji-backup-key-1\n"  # what an offline file is for
_LONGEST_SESSION = timedelta(hours=8)
SHORTEST_PASSPHRASE = 20


class CeremonyHeld(NotValid):
    """The keys exist already."""


class NotTheKey(NotValid):
    """This file is not the console's private key, or the passphrase is wrong."""


class NoSuchHolder(NotFound):
    """This person has not signed in since complaints were opened."""


def ceremony(store: Store, offline: Path, passphrase: str) -> None:
    """Make the console's pair and the pepper; the private key goes into `offline`, sealed with the passphrase, only.

    Raises: CeremonyHeld, NotValid.
    """
    if (store.folder / "console.public").exists():
        raise CeremonyHeld("投诉的密钥已经建好；要更换请用 public-site complaints rotate。")
    private, public = sealing.new_pair()
    write_offline(offline, private, passphrase)
    if not (store.folder / "pepper").exists():
        write_key(store.folder / "pepper", secrets.token_bytes(32))
    if not (store.folder / "proof.pem").exists():
        write_key(store.folder / "proof.pem", OKPKey.generate_key("Ed25519").as_pem(private=True))
    write_key(store.folder / "console.public", public)


def from_offline(store: Store, offline: Path, passphrase: str) -> bytes:
    """The console's private key out of its offline file. Raises: NotTheKey."""
    private = opened_offline(offline, passphrase)
    if sealing.public_of(private) != store.public_key:
        raise NotTheKey("这把离线密钥不是现在用的那一把。")
    return private


def opened_offline(offline: Path, passphrase: str, purpose: bytes = COMPLAINTS) -> bytes:
    """The private key in an offline file, whichever it is. Raises: NotTheKey."""
    data = offline.read_bytes()
    if not data.startswith(purpose):
        raise NotTheKey(f"{offline.name} 不是{'备份' if purpose == BACKUPS else '投诉'}的离线密钥文件。")
    salt, sealed = data[len(purpose) :][:16], data[len(purpose) :][16:]
    try:
        return sealing.unseal(sealing.key_of_password(passphrase, salt), sealed, "offline")
    except sealing.SealBroken:
        raise NotTheKey("口令不对，或离线密钥文件已损坏。") from None


def grant(store: Store, who: str, private: bytes) -> None:
    """Lend the console's key to a person who has signed in once. Raises: NoSuchHolder."""
    with store.wraps.writing() as connection:
        public = connection.execute(text("SELECT public FROM holder WHERE who = :who"), {"who": who}).scalar()
        if public is None:
            raise NoSuchHolder(f"{who} 还没有登录过控制台；请此人先登录一次，再授予。")
        connection.execute(text("UPDATE holder SET console = :wrapped WHERE who = :who"),
                           {"wrapped": sealing.wrap(private, bytes(public), f"holder {who}"), "who": who})  # fmt: skip


def has_signed_in(store: Store, who: str) -> bool:
    """Whether a person has a pair of their own, so that the key can be lent to them."""
    with store.wraps.reading() as connection:
        return connection.execute(text("SELECT 1 FROM holder WHERE who = :who"), {"who": who}).scalar() is not None


def revoke(store: Store, who: str) -> None:
    """Take a person's copy of the key away, and lock what they have unlocked."""
    with store.wraps.writing() as connection:
        connection.execute(text("DELETE FROM holder WHERE who = :who"), {"who": who})
        connection.execute(text("DELETE FROM unlocked"))


def unlock(store: Store, who: str, password: str, token: str, *, at: datetime) -> bool:
    """At sign-in: unlock the console's key for this session; whether this person holds it.

    A first sign-in makes the person's pair. A password that was reset at the machine no longer opens the old pair: it is
    made anew, and the key must be granted again.
    """
    if not store.is_open:
        return False
    with store.wraps.reading() as connection:
        found = connection.execute(text("SELECT salt, private, console FROM holder WHERE who = :who"), {"who": who}).first()  # fmt: skip
    salt = bytes(found.salt) if found else secrets.token_bytes(16)
    key = sealing.key_of_password(password, salt)
    try:
        own = sealing.unseal(key, bytes(found.private), f"own {who}") if found else None
    except sealing.SealBroken:
        own = None
    if own is None:
        own, public = sealing.new_pair()
        record = {"who": who, "public": public, "salt": salt, "private": sealing.seal(key, own, f"own {who}")}
        with store.wraps.writing() as connection:
            connection.execute(text("DELETE FROM holder WHERE who = :who"), {"who": who})
            connection.execute(insert(HOLDER), [record])
        return False
    if found is None or found.console is None:
        return False
    private = sealing.unwrap(own, bytes(found.console), f"holder {who}")
    session = {"session": _hash(token), "console": sealing.seal(_token_key(token), private, "session"),
               "since": register.moment(at)}  # fmt: skip
    with store.wraps.writing() as connection:
        oldest = register.moment(at - _LONGEST_SESSION)
        connection.execute(text("DELETE FROM unlocked WHERE since < :oldest"), {"oldest": oldest})
        connection.execute(insert(UNLOCKED), [session])
    return True


def unlocked(store: Store, token: str) -> bytes | None:
    """The console's private key, where this session unlocked it."""
    with store.wraps.reading() as connection:
        found = connection.execute(text("SELECT console FROM unlocked WHERE session = :s"), {"s": _hash(token)}).scalar()  # fmt: skip
    return None if found is None else sealing.unseal(_token_key(token), bytes(found), "session")


def lock(store: Store, token: str) -> None:
    """At sign-out."""
    if store.is_open:
        with store.wraps.writing() as connection:
            connection.execute(text("DELETE FROM unlocked WHERE session = :s"), {"s": _hash(token)})


def change_password(store: Store, who: str, old: str, new: str) -> None:
    """Seal a person's pair with their new password, so that they still hold what they were lent."""
    if not store.is_open:
        return
    with store.wraps.writing() as connection:
        found = connection.execute(text("SELECT salt, private FROM holder WHERE who = :who"), {"who": who}).first()
        if found is None:
            return
        own = sealing.unseal(sealing.key_of_password(old, bytes(found.salt)), bytes(found.private), f"own {who}")
        salt = secrets.token_bytes(16)
        sealed = sealing.seal(sealing.key_of_password(new, salt), own, f"own {who}")
        connection.execute(text("UPDATE holder SET salt = :salt, private = :sealed WHERE who = :who"),
                           {"salt": salt, "sealed": sealed, "who": who})  # fmt: skip


def rotate(store: Store, offline: Path, passphrase: str, new_offline: Path, new_passphrase: str) -> int:
    """A new pair: every wrap is made anew for it, everybody who held the old key is lent the new one; how many wraps.

    From then on the old key opens nothing that is kept here; destroy its file. Raises: NotTheKey, NotValid.
    """
    old = from_offline(store, offline, passphrase)
    private, public = sealing.new_pair()
    write_offline(new_offline, private, new_passphrase)
    with store.wraps.writing() as connection:
        wraps = connection.execute(text("SELECT reference, part, wrapped FROM wrap WHERE recipient = 'console'")).all()
        for reference, part, wrapped in wraps:
            bound = bound_to(reference, part)
            anew = sealing.wrap(sealing.unwrap(old, bytes(wrapped), bound), public, bound)
            connection.execute(
                text("UPDATE wrap SET wrapped = :w WHERE reference = :r AND part = :p AND recipient = 'console'"),
                {"w": anew, "r": reference, "p": part},
            )
        for who, theirs in connection.execute(text("SELECT who, public FROM holder WHERE console IS NOT NULL")).all():
            connection.execute(text("UPDATE holder SET console = :w WHERE who = :who"),
                               {"w": sealing.wrap(private, bytes(theirs), f"holder {who}"), "who": who})  # fmt: skip
        connection.execute(text("DELETE FROM unlocked"))
        # Within the transaction: whoever seals waits for it, and then seals to the new key.
        fresh = store.folder / "console.public.new"
        fresh.unlink(missing_ok=True)
        write_key(fresh, public)
        fresh.replace(store.folder / "console.public")
    store.shred()
    return len(wraps)


def bound_to(reference: str, part: str) -> str:
    """What a wrap or a sealed part of a complaint is bound to."""
    return f"{reference} {part}"


def write_offline(file: Path, private: bytes, passphrase: str, purpose: bytes = COMPLAINTS) -> None:
    """A private key into a new file, sealed with a passphrase. Raises: NotValid."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise NotValid(f"离线密钥的口令至少 {SHORTEST_PASSPHRASE} 个字；几个不相干的词连起来就好。")
    if file.exists():
        raise NotValid(f"{file} 已存在，不会覆盖。")
    salt = secrets.token_bytes(16)
    write_key(file, purpose + salt + sealing.seal(sealing.key_of_password(passphrase, salt), private, "offline"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token_key(token: str) -> bytes:
    return sealing.derived(token.encode(), "session")
