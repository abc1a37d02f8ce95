"""Letters and mail servers: what is refused, what is tried again, and that no password goes where it should not."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from public_site import mail
from public_site.mail import Letter, NotTaken
from public_site.settings import Settings
from tests.complaints.test_letters import Server, listening

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LETTER = Letter("body@example.cn", "有投诉等待办理", "请登录查看。\n", "key")
Started = Callable[..., int]


@pytest.fixture
def post() -> Server:
    return Server()


@pytest.fixture
def started(post: Server) -> Iterator[Started]:
    controllers = []

    def start(**options: Any) -> int:
        controllers.append(listening(post, **options))
        return int(controllers[-1].port)

    yield start
    for controller in controllers:
        controller.stop()


def settings(port: int, **more: Any) -> Settings:
    told: dict[str, Any] = {"mail_host": "127.0.0.1", "mail_port": port, "mail_security": "none"}
    told |= {"mail_from": "明绩 <a@example.cn>"}
    return Settings(**told | more)


def refusal(told: Settings) -> NotTaken:
    with pytest.raises(NotTaken) as refused:
        mail.send(told, LETTER, at=NOON)
    return refused.value


def test_a_letter_arrives_as_it_was_written_and_is_the_same_letter_each_time(post: Server, started: Started) -> None:
    told = settings(started())
    for _ in range(2):
        mail.send(told, LETTER, at=NOON)
    first, second = post.taken
    assert (first["To"], first["Subject"]) == ("body@example.cn", "有投诉等待办理")
    assert first.get_content().splitlines() == ["请登录查看。"]
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@example.cn>")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_wrong_password_is_no_fault_of_the_letter_and_is_not_told(
    post: Server, started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_SECONDS", 2)  # the server of the tests leaves a second try of another kind unanswered
    file = tmp_path / "password"
    file.write_text("right\n")

    def knows(*told: Any) -> AuthResult:
        return AuthResult(success=told[-1].password == b"right")

    port = started(authenticator=knows, auth_require_tls=False, auth_required=True)
    account = {"mail_user": "明绩", "mail_password_file": file}
    mail.send(settings(port, **account), LETTER, at=NOON)
    assert len(post.taken) == 1
    file.write_text("WRONG-SECRET")
    fault = refusal(settings(port, **account))
    assert not fault.for_good
    assert "WRONG" not in f"{fault} {fault.reason}"
    file.unlink()
    assert not refusal(settings(port, **account)).for_good


def test_nothing_is_sent_without_the_encryption_that_was_asked_for(post: Server, started: Started) -> None:
    assert not refusal(settings(started(), mail_security="starttls")).for_good
    assert not refusal(settings(started(), mail_security="tls")).for_good
    assert post.taken == []


def test_a_server_whose_name_nobody_vouches_for_gets_no_letter(post: Server, started: Started, tmp_path: Path) -> None:
    port = started(tls_context=_self_signed(tmp_path), require_starttls=True)
    assert not refusal(settings(port, mail_security="starttls")).for_good
    assert post.taken == []


def test_nobody_at_home_is_tried_again() -> None:
    assert not refusal(settings(1)).for_good
    assert not refusal(Settings(mail_host="mail.invalid", mail_from="a@example.cn")).for_good


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1)).sign(key, None)
    )  # fmt: skip
    file = folder / "server.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
