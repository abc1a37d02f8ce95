"""How a letter leaves the house: by SMTP, to one address, or not at all.

What this module knows that no other does: which server takes letters and how it is spoken to, and which refusals are worth
another try. A letter is plain text; when it is handed over twice it is the same letter (`key` makes its Message-ID).
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from public_site.faults import NotReady
from public_site.settings import Settings

_SECONDS = 20


class NotTaken(NotReady):
    """The server did not take a letter. `for_good`: it never will; `reason` names no address and nothing of a letter."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(f"邮件没有送出：{reason}。")
        self.reason, self.for_good = reason, for_good


@dataclass(frozen=True, slots=True)
class Letter:
    """`key`: the same for the same letter, however often it is tried."""

    to: str
    subject: str
    text: str
    key: str


def is_set_up(settings: Settings) -> bool:
    """Whether letters can be sent at all."""
    return bool(settings.mail_host)


def send(settings: Settings, letter: Letter, *, at: datetime) -> None:
    """Hand a letter over, once. Raises: NotTaken."""
    import aiosmtplib  # whoever sends no letters counts letters too

    try:
        asyncio.run(_send(settings, _message(settings, letter, at)))
    except aiosmtplib.SMTPRecipientsRefused as refused:
        codes = [fault.code for fault in refused.recipients]
        for_good = bool(codes) and all(500 <= code < 600 for code in codes)
        raise NotTaken(f"收件地址被拒（{codes[0] if codes else '无代码'}）", for_good=for_good) from None
    except aiosmtplib.SMTPResponseException as refused:  # of our account, our address, the letter: it may be mended
        raise NotTaken(f"服务器答复 {refused.code}", for_good=False) from None
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as fault:
        raise NotTaken(type(fault).__name__, for_good=False) from None


async def _send(settings: Settings, message: EmailMessage) -> None:
    file = settings.mail_password_file
    password = file.read_text(encoding="utf-8").strip() if file else None
    import aiosmtplib

    await aiosmtplib.send(
        message, hostname=settings.mail_host, port=settings.mail_port, timeout=_SECONDS,
        username=settings.mail_user or None, password=password,
        use_tls=settings.mail_security == "tls", start_tls=settings.mail_security == "starttls",
    )  # fmt: skip


def _message(settings: Settings, letter: Letter, at: datetime) -> EmailMessage:
    host = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, letter.to, letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message
