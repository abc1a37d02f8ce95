"""The people of the console: who they are, what they may do, and how they prove it.

What this module knows that no other does: that a sign-in takes a password (Argon2id) and a one-time code (TOTP, each
step once), that a wrong name, password or code get one and the same answer, and how long a session lasts. A session's
token is held by the browser only; here stands its hash.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, Index, Row, insert, text
from sqlmodel import Field, SQLModel

from public_site import audit, register, throttling
from public_site.database import Database
from public_site.faults import NotAllowed, NotFound, NotReady, NotValid
from public_site.persons import ROLES, name_of

IDLE, LONGEST = timedelta(minutes=15), timedelta(hours=8)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
PER_NAME = throttling.Rate(burst=5, seconds=60)
PER_ADDRESS = throttling.Rate(burst=20, seconds=15)
_STEP = 30  # seconds that a one-time code holds; the one before and the one after are accepted too
_ISSUER = "明绩"
_hashing = threading.BoundedSemaphore(4)  # a hash takes 64 MB: strangers must not make it many times that


class NoSuchPerson(NotFound):
    """Nobody of this name signs in here."""


class NameTaken(NotValid):
    """Somebody of this name (or one that looks the same) signs in here already."""


class PasswordTooWeak(NotValid):
    """A password that is too short, too long, or the name."""


class SignInRefused(NotValid):
    """Name, password or code is wrong; which of them is not said."""


class NotSignedIn(NotAllowed):
    """No session, or one that has ended."""


class NoConsoleKey(NotReady):
    """The key that the second factors are sealed with is away."""


class SupervisorRecord(SQLModel, table=True):
    """A person. `name_key` is the name without case; `totp` is sealed; `last_step` is the last code's step."""

    __tablename__ = "supervisor"
    __table_args__ = (Index("supervisor_of_name", "name_key", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str
    roles: str
    password: str
    totp: str
    last_step: int
    made_at: str
    disabled_at: str | None


class SessionRecord(SQLModel, table=True):
    """A session, by the hash of its token; gone when it ends."""

    __tablename__ = "console_session"
    __table_args__ = (Index("session_of_supervisor", "supervisor_id"),)

    id: str = Field(primary_key=True)
    supervisor_id: int
    began_at: str
    seen_at: str


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may sign in; `name` is how drafts and approvals call them."""

    id: int
    name: str
    roles: frozenset[str]
    disabled: bool = False

    def may(self, role: str) -> bool:
        return role in self.roles


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The second factor of a person, shown once."""

    name: str
    secret: str

    @property
    def address(self) -> str:
        """The `otpauth:` line that an authenticator app reads."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=self.name, issuer_name=_ISSUER)


# --- people


def add(
    database: Database, key_file: Path, name: str, password: str, roles: Iterable[str], *, by: str, at: datetime,
    secret: str | None = None,
) -> Enrolment:  # fmt: skip
    """A new person, with the second factor to be shown once. `secret` is for demo accounts only.

    Raises: NameTaken, PasswordTooWeak, NotValid for a role that does not exist.
    """
    name, wanted = name_of(name), _roles(roles)
    _require_strong(password, name)
    hashed, enrolment = _hashed(password), Enrolment(name, secret or pyotp.random_base32())
    with database.writing() as connection:
        key = _key(connection, key_file)
        if connection.execute(text("SELECT 1 FROM supervisor WHERE name_key = :k"), {"k": name.casefold()}).scalar():
            raise NameTaken(f"已有名为“{name}”的人员。")
        record = {"name": name, "name_key": name.casefold(), "roles": wanted, "password": hashed,
                  "totp": _sealed(key, enrolment.secret), "last_step": 0, "made_at": register.moment(at),
                  "disabled_at": None}  # fmt: skip
        connection.execute(insert(SupervisorRecord), [record])
        audit.note(connection, who=name_of(by), what=f"supervisors add {name} {wanted}", at=at)
    return enrolment


def people(connection: Connection) -> list[Person]:
    """Everyone who ever could sign in, by name."""
    found = connection.execute(text("SELECT id, name, roles, disabled_at FROM supervisor ORDER BY name_key"))
    return [_person(row) for row in found]


def person(connection: Connection, name: str) -> Person:
    """Whoever is called so. Raises: NoSuchPerson."""
    return _of_name(connection, name)


def reset(database: Database, key_file: Path, name: str, password: str, *, by: str, at: datetime) -> Enrolment:
    """A new password and a new second factor; what the person was signed in to ends. Raises: NoSuchPerson, PasswordTooWeak."""
    _require_strong(password, name_of(name))
    hashed, secret = _hashed(password), pyotp.random_base32()
    with database.writing() as connection:
        person = _of_name(connection, name)
        sealed = _sealed(_key(connection, key_file, anew=True), secret)
        _change(connection, person, password=hashed, totp=sealed, last_step=0, disabled_at=None)
        audit.note(connection, who=name_of(by), what=f"supervisors reset {person.name}", at=at)
    return Enrolment(person.name, secret)


def set_roles(database: Database, name: str, roles: Iterable[str], *, by: str, at: datetime) -> None:
    """Other roles; whoever is signed in signs in again. Raises: NoSuchPerson, NotValid."""
    wanted = _roles(roles)
    with database.writing() as connection:
        person = _of_name(connection, name)
        _change(connection, person, roles=wanted)
        audit.note(connection, who=name_of(by), what=f"supervisors roles {person.name} {wanted}", at=at)


def disable(database: Database, name: str, *, by: str, at: datetime) -> None:
    """Let a person in no more, and end what they are signed in to. Raises: NoSuchPerson."""
    with database.writing() as connection:
        person = _of_name(connection, name)
        _change(connection, person, disabled_at=register.moment(at))
        audit.note(connection, who=name_of(by), what=f"supervisors disable {person.name}", at=at)


def change_password(database: Database, person: Person, old: str, new: str, *, at: datetime) -> None:
    """A person's own new password; every session of theirs ends. Raises: SignInRefused, PasswordTooWeak, TooFast."""
    _throttle(database, person.name, None, at)
    with database.reading() as connection:
        kept = connection.execute(
            text("SELECT password FROM supervisor WHERE id = :id"), {"id": person.id}
        ).scalar_one()
    if not _holds(old, kept):
        raise SignInRefused("现在的密码不对。")
    _require_strong(new, person.name)
    hashed = _hashed(new)
    with database.writing() as connection:
        _change(connection, person, password=hashed)
        audit.note(connection, who=person.name, what="change password", at=at)


# --- sign-in and sessions


def sign_in(
    database: Database, key_file: Path, *, name: str, password: str, code: str, address: str, at: datetime
) -> str:
    """The token of a new session.

    Raises: SignInRefused (the same for whatever is wrong), throttling.TooFast.
    """
    _throttle(database, name, address, at)
    with database.reading() as connection:
        found = _sign_in_facts(connection, name)
    holds = _holds(password, found.password if found is not None else _nobodys_hash())
    token = secrets.token_urlsafe(32)
    with database.writing() as connection:
        if found is None or not holds or not _take_code(connection, found, _key(connection, key_file), code, at):
            audit.note(connection, who=found.name if found is not None else "", what="sign-in refused", at=at)
            refused = True
        else:
            refused = False
            _begin(connection, found.id, token, at)
            audit.note(connection, who=found.name, what="sign-in", at=at)
    if refused:
        raise SignInRefused("姓名、密码或动态码不对。请核对后再试；动态码每个只能用一次。")
    return token


def visit(database: Database, token: str, what: str, *, at: datetime) -> Person:
    """Whose session this is; it is prolonged, and what is asked for goes on record. Raises: NotSignedIn."""
    with database.writing() as connection:
        person = _signed_in(connection, token, at)
        connection.execute(text("UPDATE console_session SET seen_at = :at WHERE id = :id"),
                           {"at": register.moment(at), "id": _hash(token)})  # fmt: skip
        audit.note(connection, who=person.name, what=what, at=at)
    return person


def watching(connection: Connection, token: str, *, at: datetime) -> Person:
    """Whose session this is, for a page that asks again by itself: that prolongs nothing. Raises: NotSignedIn."""
    return _signed_in(connection, token, at)


def sign_out(database: Database, token: str, *, at: datetime) -> None:
    """End a session; one that has ended already is let be."""
    with database.writing() as connection:
        query = text(
            "SELECT p.name FROM console_session s JOIN supervisor p ON p.id = s.supervisor_id WHERE s.id = :id"
        )
        name = connection.execute(query, {"id": _hash(token)}).scalar()
        connection.execute(text("DELETE FROM console_session WHERE id = :id"), {"id": _hash(token)})
        if name is not None:
            audit.note(connection, who=str(name), what="sign-out", at=at)


def _throttle(database: Database, name: str, address: str | None, at: datetime) -> None:
    """Raises: throttling.TooFast, for a name that exists and for one that does not alike."""
    with database.writing() as connection:
        heard = throttling.take(connection, "sign-in name", " ".join(name.split()).casefold(), PER_NAME, at=at)
        if address is not None:
            heard &= throttling.take(connection, "sign-in address", address, PER_ADDRESS, at=at)
    if not heard:
        raise throttling.TooFast("尝试次数太多，请等一分钟再试。")


def _sign_in_facts(connection: Connection, name: str) -> Row[int, str, str, str] | None:
    try:
        key = name_of(name).casefold()
    except NotValid:
        return None
    query = text("SELECT id, name, password, totp FROM supervisor WHERE name_key = :k AND disabled_at IS NULL")
    return connection.execute(query, {"k": key}).one_or_none()


def _take_code(connection: Connection, found: Row[int, str, str, str], key: bytes, code: str, at: datetime) -> bool:
    """Whether the code is one of now, and of a step later than any used before; then it is used."""
    given, totp = "".join(code.split()), pyotp.TOTP(_opened(key, found.totp))
    now = int(at.timestamp()) // _STEP
    steps = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(totp.at(step * _STEP).encode(), given.encode())]  # fmt: skip
    if not steps:
        return False
    query = text("UPDATE supervisor SET last_step = :step WHERE id = :id AND last_step < :step")
    return connection.execute(query, {"step": steps[0], "id": found.id}).rowcount == 1


def _begin(connection: Connection, supervisor_id: int, token: str, at: datetime) -> None:
    oldest = register.moment(at - LONGEST)
    connection.execute(text("DELETE FROM console_session WHERE began_at < :oldest"), {"oldest": oldest})
    moment = register.moment(at)
    record = {"id": _hash(token), "supervisor_id": supervisor_id, "began_at": moment, "seen_at": moment}
    connection.execute(insert(SessionRecord), [record])


def _signed_in(connection: Connection, token: str, at: datetime) -> Person:
    query = text(
        "SELECT p.id, p.name, p.roles, p.disabled_at FROM console_session s JOIN supervisor p ON p.id = s.supervisor_id"
        " WHERE s.id = :id AND s.began_at > :oldest AND s.seen_at > :idle AND p.disabled_at IS NULL"
    )
    bounds = {"oldest": register.moment(at - LONGEST), "idle": register.moment(at - IDLE)}
    found = connection.execute(query, {"id": _hash(token)} | bounds).one_or_none()
    if found is None:
        raise NotSignedIn("请先登录；离开 15 分钟或登录满 8 小时后要重新登录。")
    return _person(found)


def _change(connection: Connection, person: Person, **changes: str | int | None) -> None:
    """Change a person and end their sessions: whoever is what they were not before signs in anew."""
    said = ", ".join(f"{column} = :{column}" for column in changes)
    connection.execute(text(f"UPDATE supervisor SET {said} WHERE id = :id"), changes | {"id": person.id})
    connection.execute(text("DELETE FROM console_session WHERE supervisor_id = :id"), {"id": person.id})


def _of_name(connection: Connection, name: str) -> Person:
    query = text("SELECT id, name, roles, disabled_at FROM supervisor WHERE name_key = :k")
    found = connection.execute(query, {"k": name_of(name).casefold()}).one_or_none()
    if found is None:
        raise NoSuchPerson(f"没有名为“{name_of(name)}”的人员。")
    return _person(found)


def _person(row: Row[int, str, str, str | None]) -> Person:
    return Person(row[0], row[1], frozenset(row[2].split()), row[3] is not None)


def _roles(roles: Iterable[str]) -> str:
    wanted = dict.fromkeys(roles)
    if not wanted or set(wanted) - set(ROLES):
        raise NotValid(f"角色应为 {'、'.join(ROLES)} 中的一个或几个，以逗号分开。")
    return " ".join(wanted)


# --- secrets


def _require_strong(password: str, name: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordTooWeak(f"密码应为 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字；几个不相干的词连起来就好。")
    if len(set(password)) < 5 or password.casefold() == name.casefold():
        raise PasswordTooWeak("密码太容易猜，请换一个。")


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobodys_hash() -> str:
    """What a password is held to where there is nobody: it takes as long, and never holds."""
    return _hashed(secrets.token_urlsafe(32))


def _hashed(password: str) -> str:
    with _hashing:
        return _hasher().hash(password)


def _holds(password: str, hashed: str) -> bool:
    with _hashing:
        return len(password) <= LONGEST_PASSWORD and _hasher().verify(password, hashed)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key(connection: Connection, file: Path, *, anew: bool = False) -> bytes:
    """The key of the second factors; made with the first person, or `anew` where it is lost. Raises: NoConsoleKey."""
    if file.exists():
        return file.read_bytes()
    if not anew and connection.execute(text("SELECT 1 FROM supervisor LIMIT 1")).scalar():
        raise NoConsoleKey(f"已有登录人员，但缺少密钥 {file.name}；请从备份恢复，或逐人 supervisors reset。")
    file.parent.mkdir(parents=True, exist_ok=True)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as out:
        out.write(AESGCM.generate_key(256))
    return file.read_bytes()


def _sealed(key: bytes, secret: str) -> str:
    nonce = secrets.token_bytes(12)
    return (nonce + AESGCM(key).encrypt(nonce, secret.encode(), b"totp")).hex()


def _opened(key: bytes, sealed: str) -> str:
    data = bytes.fromhex(sealed)
    try:
        return AESGCM(key).decrypt(data[:12], data[12:], b"totp").decode()
    except InvalidTag:
        raise NoConsoleKey("动态码的密钥与数据库不符；请从备份恢复 console.key，或逐人 supervisors reset。") from None
