"""Clerks in front of the console: signed in without a browser, and held to the same checks as every page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pyotp
from lxml import html
from starlette.testclient import TestClient

from public_site import intake, supervisors
from public_site.database import Database
from public_site.settings import Settings
from public_site.web.app import PARTS, create_app
from tests.web.conftest import Visitor

PASSWORD = "山高月小水落石出清风徐来"
OURS = {"Sec-Fetch-Site": "same-origin"}
KNOWN, NOW, OTHER = "演示纸箱有限责任公司", "演示纸箱有限公司", "演示印刷有限公司"


@dataclass
class Clerk:
    """Somebody with a session. `opens` checks the page; `sends` fills in the token as the page's form would."""

    name: str
    client: TestClient
    settings: Settings
    database: Database
    visitor: Visitor = field(init=False)

    def __post_init__(self) -> None:
        self.visitor = Visitor(self.client)

    def opens(self, url: str, status: int = 200) -> html.HtmlElement:
        return self.visitor.opens(url, status)

    def text(self, url: str) -> str:
        return self.visitor.text(url)

    def token(self, url: str = "/console/account") -> str:
        page = html.document_fromstring(self.client.get(url).text)
        return str(page.xpath("//input[@name='token']/@value")[0])

    def sends(self, url: str, headers: dict[str, str] | None = None, **fields: str) -> httpx2.Response:
        return self.client.post(url, data={"token": self.token()} | fields, headers=headers or OURS)

    def uploads(self, file: Path, **fields: str) -> httpx2.Response:
        said = {"token": self.token()} | fields
        return self.client.post("/console/notices/new", data=said, files={"file": (file.name, file.read_bytes())}, headers=OURS)  # fmt: skip

    def drafts(self, file: Path, **fields: str) -> str:
        """The address of the draft that an uploaded file becomes."""
        there = self.uploads(file, **fields).headers["location"]
        while intake.read_next(self.database, self.settings):
            pass
        return str(self.client.get(there).headers["location"])


@dataclass
class Office:
    """A register, its console, and whoever works there."""

    settings: Settings
    database: Database
    clients: list[TestClient] = field(default_factory=list)

    def client(self) -> TestClient:
        app = create_app(self.settings, frozenset(PARTS))
        self.clients.append(TestClient(app, raise_server_exceptions=False, follow_redirects=False))
        return self.clients[-1]

    def clerk(self, name: str, *roles: str) -> Clerk:
        enrolled = supervisors.add(self.database, self.settings.console_key, name, PASSWORD, roles, by="test",
                                   at=datetime.now(UTC))  # fmt: skip
        client = self.client()
        answer = sign_in(client, name, PASSWORD, pyotp.TOTP(enrolled.secret).now())
        assert answer.headers["location"] == "/console/", answer.text
        return Clerk(name, client, self.settings, self.database)


def sign_in(client: TestClient, name: str, password: str, code: str, **headers: str) -> httpx2.Response:
    page = html.document_fromstring(client.get("/console/sign-in").text)
    fields: dict[str, Any] = {"token": page.xpath("//input[@name='token']/@value")[0]}
    return client.post("/console/sign-in", data=fields | {"name": name, "password": password, "code": code},
                       headers=OURS | headers)  # fmt: skip
