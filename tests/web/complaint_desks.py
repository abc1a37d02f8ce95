"""People who handle complaints, signed in to the console with the complaints' key unlocked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from lxml import html
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from public_site import supervisors
from public_site.complaints import bodies, keys, sealing
from public_site.web import pages
from tests.complaints.inbox import Inbox, opened
from tests.desk import Desk, row
from tests.web.clerks import PASSWORD, Clerk, Office, sign_in

QUEUE = "/console/complaints"
ENTERPRISE = "演示甲有限公司"


@dataclass
class Bureaus:
    """An office with an open inbox; `of` lets somebody of a body sign in."""

    office: Office
    inbox: Inbox

    def of(self, body: str, name: str = "", *, key: bool = True, roles: tuple[str, ...] = ("supervisor",)) -> Clerk:
        name = name or f"{body}的人"
        office, store = self.office, self.inbox.store
        enrolled = supervisors.add(office.database, office.settings.console_key, name, PASSWORD, roles, by="test",
                                   at=datetime.now(UTC))  # fmt: skip
        if body:
            bodies.appoint(store, name, body)
        if key:
            keys.unlock(store, name, PASSWORD, "first", at=datetime.now(UTC))
            keys.grant(store, name, self.inbox.private)
        client = office.client()
        answer = sign_in(client, name, PASSWORD, pyotp.TOTP(enrolled.secret).now())
        assert answer.headers["location"] == "/console/", answer.text
        return Clerk(name, client, office.settings, office.database)

    def lodge(self, once: str = "once-1", **changes: Any) -> Any:
        return self.inbox.lodge(once, on=today(), **changes)


def bureaus(office: Office, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Bureaus:
    """The console of a register that knows one enterprise, after the ceremony; passwords are hashed the same way, at less cost."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    monkeypatch.setattr(supervisors, "_hasher", lambda: cheap)
    monkeypatch.setattr(sealing, "key_of_password", _cheap_key)
    Desk(office.database, office.settings, folder / "desk").publish([row(ENTERPRISE, "B")], on="2022-04-24")
    return Bureaus(office, opened(office.settings, folder / "offline"))


def _cheap_key(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2, r=8, p=1, dklen=32)


def today() -> date:
    return pages.day_of(pages.now())


def text_of(answer: Any) -> str:
    return " ".join(html.document_fromstring(answer.text).get_element_by_id("content").text_content().split())


def acts(clerk: Clerk, name: str, number: int = 1, **fields: str) -> Any:
    return clerk.sends(f"{QUEUE}/{number}/act", None, act=name, **fields)
