"""`public-site complaints …` as an operator types it, from the ceremony to a partner's key and the letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from public_site.commands import app
from public_site.complaints import partners
from public_site.complaints.store import Store
from public_site.faults import Fault
from public_site.settings import Settings
from tests.complaints.inbox import BODIES, PASSPHRASE, Inbox
from tests.complaints.test_letters import Server, listening

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings) -> Run:
    def run_(*words: str, typed: str = "", of: str = "complaints", **environment: str) -> Result:
        told = {"PUBLIC_SITE_DATA": str(settings.data), "PUBLIC_SITE_DATABASE_URL": settings.database_url} | environment
        return CliRunner().invoke(app, [of, *words], input=typed, env=told)

    added = run_(
        "add", "某人", "--roles", "supervisor", "--password-stdin", typed="一二三四五六七八九十一二\n", of="supervisors"
    )
    assert added.exit_code == 0, added.output
    return run_


def test_from_the_ceremony_to_letters_and_a_partner(run: Run, settings: Settings, tmp_path: Path) -> None:
    offline, file = tmp_path / "offline.key", tmp_path / "bodies.csv"
    file.write_text(BODIES, encoding="utf-8")
    done = run("ceremony", str(offline), "--passphrase-stdin", typed=f"{PASSPHRASE}\n")
    assert done.exit_code == 0, done.output
    assert "已采用 5 个机关" in run("bodies", str(file)).output
    assert "归 fuling" in run("appoint", "某人", "fuling").output
    inbox = Inbox(Store(settings), offline)
    inbox.lodge()
    assert "没有设置发信服务器" in str(run("letters").exception)
    post = Server(answer="451 later")
    controller = listening(post)
    mail = {"PUBLIC_SITE_MAIL_HOST": "127.0.0.1", "PUBLIC_SITE_MAIL_PORT": str(controller.port),
            "PUBLIC_SITE_MAIL_SECURITY": "none", "PUBLIC_SITE_MAIL_FROM": "a@example.cn"}  # fmt: skip
    tried = run("letters", **mail)
    assert (tried.exit_code, "送出 0 件，稍后再试 1 件" in tried.output) == (1, True)
    post.answer = "250 OK"
    sent = run("letters", "--again", **mail)
    assert (sent.exit_code, "送出 1 件" in sent.output) == (0, True)
    controller.stop()
    key = re.search(r"：(\S+)\n", run("partner", "热线").output)
    assert key
    assert partners.named(inbox.store, key[1]) == "热线"
    assert run("partner", "热线", "--end").exit_code == 0
    with pytest.raises(partners.UnknownKey):
        partners.named(inbox.store, key[1])
    assert "期满销毁 0 件" in run("upkeep").output
    inbox.store.close()


def test_before_the_ceremony_every_command_says_what_to_do_first(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bodies.csv"
    file.write_text(BODIES, encoding="utf-8")
    for words in (("bodies", str(file)), ("appoint", "某人", "fuling"), ("upkeep",), ("partner", "热线")):
        done = run(*words)
        assert isinstance(done.exception, Fault)
        assert "complaints ceremony" in str(done.exception)
