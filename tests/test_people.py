"""`public-site supervisors …` and the demo's sign-ins, as they are typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from public_site import publishing, serving, supervisors
from public_site.commands import app
from public_site.complaints import keys
from public_site.complaints.store import NotOpenYet, Store
from public_site.database import Database
from public_site.demo import accounts, authorities
from public_site.settings import Settings, SettingsRefused
from public_site.web.app import PARTS, create_app
from tests.complaints.inbox import SECRET, Inbox
from tests.web.clerks import Clerk, sign_in

PASSWORD = "山高月小水落石出清风徐来\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PUBLIC_SITE_DATA", str(tmp_path / "data"))
    return Settings(data=tmp_path / "data")


def run(*typed: str, given: str = "", code: int = 0) -> str:
    done = CliRunner().invoke(app, ["supervisors", *typed], input=given)
    assert done.exit_code == code or (code and done.exception), done.output
    return done.output


def test_people_are_added_listed_given_roles_and_disabled(settings: Settings) -> None:
    said = run("add", "起草人甲", "--roles", "drafter", "--password-stdin", given=PASSWORD)
    secret = said.partition("密钥：")[2].split()[0]
    assert f"secret={secret}" in said
    run("roles", "起草人甲", "--roles", "drafter,approver")
    assert run("list") == "起草人甲\t起草人、批准人\n"
    database = Database(settings.register_url)
    supervisors.sign_in(database, settings.console_key, name="起草人甲", password=PASSWORD.strip(),
                        code=pyotp.TOTP(secret).now(), address="192.0.2.1", at=datetime.now(UTC))  # fmt: skip
    run("disable", "起草人甲")
    assert "已停用" in run("list")
    assert run("reset", "起草人甲", "--password-stdin", given=PASSWORD).partition("密钥：")[2].split()[0] != secret
    assert "已停用" not in run("list")


@pytest.mark.usefixtures("settings")
def test_a_short_password_or_a_strange_role_is_refused() -> None:
    run("add", "甲", "--password-stdin", given="kurz\n", code=1)
    run("add", "甲", "--roles", "emperor", "--password-stdin", given=PASSWORD, code=1)
    assert run("list") == ""


def test_demo_accounts_are_opened_in_a_demo_only_and_keep_a_real_console_shut(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "demo", demo=True)
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    real = settings.model_copy(update={"demo": False})
    with pytest.raises(accounts.NotTheDemo):
        accounts.open_accounts(database, real)
    accounts.open_accounts(database, settings)
    accounts.open_accounts(database, settings)
    for account in accounts.ACCOUNTS:
        token = supervisors.sign_in(database, settings.console_key, name=account.name, password=account.password,
                                    code=account.code, address="", at=datetime.now(UTC))  # fmt: skip
        assert supervisors.visit(database, token, "GET /", at=datetime.now(UTC)).roles == set(account.roles)
    told = "\n".join(accounts.told("http://127.0.0.1:8000", settings))
    assert all(account.name in told and f"secret={account.secret}" in told for account in accounts.ACCOUNTS)
    with pytest.raises(SettingsRefused, match="演示账号"):
        serving.serve(database, real, host="127.0.0.1", port=0, parts=frozenset({"console"}), workers=1)


def test_a_demo_complaint_is_opened_by_the_demos_supervisor_and_taken_by_no_real_site(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "demo", demo=True)
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    accounts.open_accounts(database, settings)
    inbox = Inbox(Store(settings), authorities.offline_file(settings))
    lodged = inbox.lodge(enterprise=None)
    assert lodged.body == "演示涪陵区生态环境局"
    account = next(account for account in accounts.ACCOUNTS if account.body == "500102")
    clerk = Clerk(account.name, TestClient(create_app(settings, frozenset(PARTS)), follow_redirects=False), settings, database)  # fmt: skip
    sign_in(clerk.client, account.name, account.password, account.code)
    assert SECRET in clerk.text("/console/complaints/1")
    assert "这里的投诉不会送到任何机关" in clerk.client.get("/complaints").text
    assert "这里的投诉不会送到任何机关" not in clerk.client.get("/notices").text
    real = settings.model_copy(update={"demo": False})
    assert not Store(real).is_open
    with pytest.raises(NotOpenYet, match="演示"):
        Inbox(Store(real), authorities.offline_file(settings)).lodge("once-2")
    with pytest.raises(authorities.NotTheDemo):
        authorities.open_complaints(Store(real), (), at=datetime.now(UTC))
    told = "\n".join(accounts.told("http://127.0.0.1:8000", settings))
    assert authorities.PASSPHRASE in told
    assert keys.from_offline(inbox.store, authorities.offline_file(settings), authorities.PASSPHRASE)


def test_a_console_on_https_wants_a_host_name_of_its_own(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", base_url="https://mingji.example.cn")
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    with pytest.raises(SettingsRefused, match="CONSOLE_HOST"):
        serving.serve(database, settings, host="127.0.0.1", port=0, parts=frozenset({"console"}), workers=1)
