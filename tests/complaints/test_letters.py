"""Letters over a real mail server: to bodies only, without content, tried again, given up, told of once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from public_site import mail
from public_site.complaints import bodies, letters, rounds
from public_site.complaints.letters import Round
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.settings import Settings
from tests.complaints.inbox import BODIES, TODAY, Inbox, opened

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Server:
    """Takes letters, or answers what it is told to."""

    taken: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 OK"
    of_address: str = "250 OK"

    async def handle_RCPT(self, *told: Any) -> str:  # noqa: N802 - the library's name
        _, _, envelope, address, _ = told
        if self.of_address.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.of_address

    async def handle_DATA(self, *told: Any) -> str:  # noqa: N802 - the library's name
        if self.answer.startswith("250"):
            self.taken.append(message_from_bytes(told[2].content, policy=policy.default))
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.taken if letter["To"] == address]


@pytest.fixture
def server() -> Server:
    return Server()


def listening(server: Server, **options: Any) -> Controller:
    """A mail server on a port of its own, started; `options` as aiosmtpd has them."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    return controller


@pytest.fixture
def controller(server: Server) -> Iterator[Controller]:
    controller = listening(server)
    yield controller
    if controller._thread is not None:
        controller.stop()


@pytest.fixture
def posting(settings: Settings, tmp_path: Any, controller: Controller) -> Iterator[Inbox]:
    """An inbox whose letters go to the server."""
    told = {"mail_host": "127.0.0.1", "mail_port": controller.port, "mail_security": "none", "base_url": "https://mingji.example.cn",
            "console_host": "console.example.cn", "mail_from": "明绩 <no-reply@mingji.example.cn>",
            "mail_operator": "operator@example.cn"}  # fmt: skip
    inbox = opened(settings.model_copy(update=told), tmp_path / "offline")
    yield inbox
    inbox.store.close()


def outbox(store: Store) -> list[tuple[Any, ...]]:
    with store.looking() as connection:
        return [
            tuple(row) for row in connection.execute(text("SELECT sent_on, tries, fault, told FROM letter ORDER BY id"))
        ]


def test_a_body_gets_one_letter_for_all_that_waits_and_it_says_nothing_of_it(posting: Inbox, server: Server) -> None:
    lodged = [posting.lodge(f"once-{n}") for n in range(3)]
    assert letters.send(posting.store, at=NOON) == Round(sent=3)
    assert letters.send(posting.store, at=NOON) == Round()
    (letter,) = server.taken
    said = letter.get_content()
    assert letter["To"] == "fuling@example.cn"
    assert letter["From"].addresses[0].addr_spec == "no-reply@mingji.example.cn"
    assert all(one.reference in said for one in lodged)
    assert "2026-03-17 前告知是否受理" in said
    assert "https://console.example.cn/console/complaints" in said
    for secret in ("CANARY", "演示路", "废气", "pollution", "500102", *(one.code for one in lodged)):
        assert secret not in said + str(letter["Subject"])


def test_a_server_that_is_away_is_tried_again_later_and_later_and_the_letter_is_the_same(
    posting: Inbox, server: Server
) -> None:
    posting.lodge()
    server.answer = "451 later"
    assert letters.send(posting.store, at=NOON) == Round(waiting=1)
    assert outbox(posting.store) == [(None, 1, "服务器答复 451", 0)]
    assert letters.send(posting.store, at=NOON + timedelta(minutes=14)) == Round()
    server.answer = "250 OK"
    assert letters.send(posting.store, at=NOON + timedelta(minutes=15)) == Round(sent=1)
    assert outbox(posting.store) == [("2026-03-02", 2, "", 0)]


def test_what_is_refused_for_good_is_given_up_and_told_to_the_operator_once(posting: Inbox, server: Server) -> None:
    posting.lodge()
    server.of_address = "550 no such mailbox"
    assert letters.send(posting.store, at=NOON) == Round(given_up=1)
    assert server.taken == []
    server.of_address = "250 OK"
    for hours in range(3):
        letters.send(posting.store, at=NOON + hours * HOUR)
    (told,) = server.to("operator@example.cn")
    assert "演示涪陵区生态环境局：1 件，收件地址被拒（550），已放弃" in told.get_content()
    assert letters.try_again(posting.store) == 1
    assert letters.send(posting.store, at=NOON + 4 * HOUR) == Round(sent=1)


def test_after_many_tries_it_is_given_up(posting: Inbox, server: Server) -> None:
    posting.lodge()
    server.answer = "451 later"
    done = [letters.send(posting.store, at=NOON + n * 13 * HOUR) for n in range(letters.MOST_TRIES + 1)]
    assert done[-2:] == [Round(given_up=1), Round()]
    assert all(one == Round(waiting=1) for one in done[:-2])


def test_several_servers_that_send_at_once_send_each_letter_once(posting: Inbox, server: Server) -> None:
    for n in range(8):
        posting.lodge(f"once-{n}")
    stores = [Store(posting.store.settings) for _ in range(4)]
    threads = [threading.Thread(target=letters.send, args=(store,), kwargs={"at": NOON}) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert len(server.taken) == 1


def test_a_server_that_dies_while_it_sends_sends_the_same_letter_again(
    posting: Inbox, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting.lodge()
    with monkeypatch.context() as patched:
        patched.setattr(letters, "_set", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            letters.send(posting.store, at=NOON)
    send = mail.send
    died = pytest.MonkeyPatch()

    def dies(*told: Any, **more: Any) -> None:
        send(*told, **more)
        raise KeyboardInterrupt

    died.setattr(mail, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        letters.send(posting.store, at=NOON)
    died.undo()
    assert letters.send(posting.store, at=NOON + HOUR) == Round(sent=1)
    assert len({letter["Message-ID"] for letter in server.taken}) == 1


def test_nobody_writes_to_an_informant_nor_to_a_body_without_an_address(posting: Inbox, server: Server) -> None:
    posting.lodge(contact={"name": "某", "how": "informant@example.cn", "to_body": True, "public": True})
    posting.lodge("once-2", place="500108")
    letters.send(posting.store, at=NOON)
    assert {letter["To"] for letter in server.taken} == {"fuling@example.cn"}


def test_a_body_that_lost_its_address_is_told_to_the_operator(posting: Inbox, server: Server, tmp_path: Any) -> None:
    posting.lodge()
    file = tmp_path / "bodies.csv"
    file.write_text(BODIES.replace("fuling@example.cn", ""), encoding="utf-8")
    bodies.load(posting.store, file)
    letters.send(posting.store, at=NOON)
    assert [letter["To"] for letter in server.taken] == ["operator@example.cn"]


def test_rounds_escalate_and_write_once_an_hour_at_most_and_outlive_a_server_that_is_away(
    posting: Inbox, controller: Controller, database: Database
) -> None:
    posting.lodge()
    late = NOON + timedelta(days=16)
    controller.stop()
    assert rounds._round(posting.store.settings, late, -1) == late.hour
    with posting.store.looking() as connection:
        assert connection.execute(text("SELECT body FROM complaint")).scalar() == "chongqing"
    assert [row[1] for row in outbox(posting.store)] == [1, 1]
    assert rounds.keep_up(posting.store, at=late).late == 0
    assert TODAY.month == NOON.month


def test_settings_of_mail_that_cannot_be_meant_are_refused() -> None:
    for told in (
        {"mail_host": "mail.example.cn"},
        {"mail_host": "mail.example.cn", "mail_from": "a@b.cn", "mail_user": "u"},
        {"mail_host": "mail.example.cn", "mail_from": "a@b.cn", "mail_user": "u", "mail_password_file": "x", "mail_security": "none"},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="PUBLIC_SITE_MAIL"):
            Settings(**told)  # type: ignore[arg-type]
