"""Who signs in to the demo's console: two people whose secrets everybody may know. Never for anything but the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp

from public_site import supervisors
from public_site.database import Database
from public_site.demo.register import APPROVER, DRAFTER
from public_site.faults import NotAllowed
from public_site.settings import Settings


class NotTheDemo(NotAllowed):
    """These accounts are public: they may exist in a demo only."""


@dataclass(frozen=True, slots=True)
class Account:
    """A demo sign-in, all of it."""

    name: str
    roles: tuple[str, ...]
    password: str
    secret: str

    @property
    def code(self) -> str:
        """The one-time code of now."""
        return pyotp.TOTP(self.secret).now()


ACCOUNTS = (
    Account(DRAFTER, ("drafter",), "demo-drafter-2026", "MINGJIDEMODRAFTERMINGJIDEMODRAFT"),
    Account(APPROVER, ("approver",), "demo-approver-2026", "MINGJIDEMOAPPROVERMINGJIDEMOAPPR"),
)


def open_accounts(database: Database, settings: Settings) -> None:
    """Let the demo's two people sign in. Raises: NotTheDemo."""
    if not settings.demo:
        raise NotTheDemo("演示账号只能用在演示登记里。")
    with database.reading() as connection:
        known = {person.name for person in supervisors.people(connection)}
    for account in ACCOUNTS:
        if account.name not in known:
            supervisors.add(
                database, settings.console_key, account.name, account.password, account.roles, by="demo",
                at=datetime.now(UTC), secret=account.secret,
            )  # fmt: skip


def are_open(database: Database) -> bool:
    """Whether a register holds demo accounts."""
    with database.reading() as connection:
        return bool({p.name for p in supervisors.people(connection)} & {account.name for account in ACCOUNTS})


def told(address: str) -> Iterator[str]:
    """What `public-site demo` prints of them, line by line."""
    yield f"控制台：{address}/console/ ，演示账号（仅用于演示，密码公开）："
    for account in ACCOUNTS:
        yield f"  {account.name}  密码 {account.password}  此刻的动态码 {account.code}（每 30 秒换一个）"
        yield f"    {pyotp.TOTP(account.secret).provisioning_uri(name=account.name, issuer_name='明绩演示')}"
        yield f"    再要一个动态码：.venv/bin/python -c \"import pyotp; print(pyotp.TOTP('{account.secret}').now())\""
