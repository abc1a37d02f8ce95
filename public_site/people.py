"""`public-site supervisors …`: who signs in to the console, as an administrator at the machine arranges it."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from public_site import clerk
from public_site.faults import NotValid
from public_site.persons import ROLES

if TYPE_CHECKING:
    from public_site.supervisors import Enrolment

app = typer.Typer(no_args_is_help=True, help="控制台的登录人员：新增、列出、重置、改角色、停用。")
_Roles = Annotated[
    str, typer.Option(help=f"以逗号分开：{'、'.join(f'{role} {title}' for role, title in ROLES.items())}")
]
_Stdin = Annotated[bool, typer.Option("--password-stdin", help="从标准输入的第一行读密码，不询问")]


@app.command()
def add(name: str, roles: _Roles = "drafter", *, password_stdin: _Stdin = False) -> None:
    """Let somebody sign in; asks for a password and shows the second factor once."""
    from public_site import supervisors

    with clerk.opened() as (database, settings):
        enrolment = supervisors.add(database, settings.console_key, name, _password(password_stdin), roles.split(","),
                                    by=clerk.user(), at=clerk.now())  # fmt: skip
    _show(enrolment)


@app.command("list")
def list_people() -> None:
    """Everybody who signs in, with their roles."""
    from public_site import supervisors

    with clerk.opened() as (database, _), database.reading() as connection:
        for person in supervisors.people(connection):
            said = "、".join(title for role, title in ROLES.items() if person.may(role))
            typer.echo(f"{person.name}\t{said}" + ("\t已停用" if person.disabled else ""))


@app.command()
def reset(name: str, *, password_stdin: _Stdin = False) -> None:
    """A new password and a new second factor, also after `disable`; what the person was signed in to ends."""
    from public_site import supervisors

    with clerk.opened() as (database, settings):
        enrolment = supervisors.reset(database, settings.console_key, name, _password(password_stdin),
                                      by=clerk.user(), at=clerk.now())  # fmt: skip
    _show(enrolment)


@app.command("roles")
def set_roles(name: str, roles: _Roles) -> None:
    """Other roles; the person signs in again."""
    from public_site import supervisors

    with clerk.opened() as (database, _):
        supervisors.set_roles(database, name, roles.split(","), by=clerk.user(), at=clerk.now())
    typer.echo(f"{name}：{roles}。此人的登录已结束，请重新登录。")


@app.command()
def disable(name: str) -> None:
    """Let somebody in no more, at once."""
    from public_site import supervisors
    from public_site.complaints import keys
    from public_site.complaints.store import Store

    with clerk.opened() as (database, settings):
        supervisors.disable(database, name, by=clerk.user(), at=clerk.now())
        store = Store(settings)
        if store.is_open:
            with database.reading() as connection:
                keys.revoke(store, supervisors.person(connection, name).name)
        store.close()
    typer.echo(f"{name}：已停用，登录已结束。")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("密码（至少 12 个字，不显示）：")
    if first != getpass.getpass("再输一次："):
        raise NotValid("两次输入的密码不一样。")
    return first


def _show(enrolment: Enrolment) -> None:
    import segno

    typer.echo(f"{enrolment.name}：请用验证器应用扫码，或输入密钥。只显示这一次。")
    if sys.stdout.isatty():
        segno.make(enrolment.address).terminal(compact=True)
    typer.echo(f"密钥：{enrolment.secret}\n{enrolment.address}")
