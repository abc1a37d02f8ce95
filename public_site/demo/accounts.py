"""Who signs in to the demo's console: people whose secrets everybody may know. Never for anything but the demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp

from public_site import persons, supervisors
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.demo import authorities
from public_site.demo.register import APPROVER, DRAFTER
from public_site.faults import NotAllowed
from public_site.settings import Settings


class NotTheDemo(NotAllowed):
    """These accounts are public: they may exist in a demo only."""


@dataclass(frozen=True, slots=True)
class Account:
    """A demo sign-in, all of it; `body`: the authority whose complaints the person handles."""

    name: str
    roles: tuple[str, ...]
    password: str
    secret: str
    body: str = ""

    @property
    def needs_key(self) -> bool:
        """Whether the complaints' key is lent to this person: to handle complaints, or to lend it on."""
        return not {"supervisor", "administrator"}.isdisjoint(self.roles)

    @property
    def code(self) -> str:
        """The one-time code of now."""
        return pyotp.TOTP(self.secret).now()


ACCOUNTS = (
    Account(DRAFTER, ("drafter",), "demo-drafter-2026", "MINGJIDEMODRAFTERMINGJIDEMODRAFT"),
    Account(APPROVER, ("approver",), "demo-approver-2026", "MINGJIDEMOAPPROVERMINGJIDEMOAPPR"),
    Account("演示承办人涪陵", ("supervisor",), "demo-supervisor-2026-fl", "MINGJIDEMOFULINGMINGJIDEMOFULING", "500102"),
    Account("演示承办人重庆", ("supervisor",), "demo-supervisor-2026-cq", "MINGJIDEMOCHONGQMINGJIDEMOCHONGQ", "500000"),
    Account("演示承办人丰润", ("supervisor",), "demo-supervisor-2026-fr", "MINGJIDEMOFENGRUMINGJIDEMOFENGRU", "130208"),
    Account("演示承办人唐山", ("supervisor",), "demo-supervisor-2026-ts", "MINGJIDEMOTANGSHMINGJIDEMOTANGSH", "130200"),
    Account("演示管理员一", ("administrator",), "demo-admin-2026-one", "MINGJIDEMOADMINAMINGJIDEMOADMINA"),
    Account("演示管理员二", ("administrator",), "demo-admin-2026-two", "MINGJIDEMOADMINBMINGJIDEMOADMINB"),
)


def open_accounts(database: Database, settings: Settings) -> None:
    """Let the demo's people sign in, and open its complaints. Raises: NotTheDemo."""
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
    with closing(Store(settings)) as store:
        people = [(account.name, account.password, account.body) for account in ACCOUNTS if account.needs_key]
        authorities.open_complaints(store, people, at=datetime.now(UTC))


def are_open(database: Database) -> bool:
    """Whether a register holds demo accounts."""
    with database.reading() as connection:
        return bool({p.name for p in supervisors.people(connection)} & {account.name for account in ACCOUNTS})


def told(address: str, settings: Settings) -> Iterator[str]:
    """What `public-site demo` prints of them, line by line."""
    yield f"控制台：{address}/console/ ，演示账号（仅用于演示，密码公开）："
    for account in ACCOUNTS:
        does = "、".join(persons.ROLES[role] for role in account.roles)
        where = f"，{authorities.name_of(account.body)}" if account.body else ""
        yield f"  {account.name}（{does}{where}）  密码 {account.password}  此刻的动态码 {account.code}（每 30 秒换一个）"
        yield f"    {pyotp.TOTP(account.secret).provisioning_uri(name=account.name, issuer_name='明绩演示')}"
    yield "  再要一个动态码（密钥是上面 secret= 之后的字母）："
    yield '    .venv/bin/python -c "import sys, pyotp; print(pyotp.TOTP(sys.argv[1]).now())" 密钥'
    yield f"投诉：{address}/complaints ，演示的机关，什么也不会送出去。查询码之外，内容只有承办机关的账号打得开。"
    yield f"  离线密钥 {authorities.offline_file(settings)} ，口令 {authorities.PASSPHRASE}（仅用于演示，口令公开；真的离线密钥从不留在机器上）"
