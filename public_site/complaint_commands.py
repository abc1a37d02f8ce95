"""`public-site complaints …`: the key ceremony, who holds the key, the bodies and who works for them, what is due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from public_site import clerk
from public_site.faults import NotValid

if TYPE_CHECKING:
    from public_site.complaints.store import Store

app = typer.Typer(no_args_is_help=True, help="投诉：密钥、机关、人员、期限。")
_Offline = Annotated[Path, typer.Argument(help="离线密钥文件；平时锁在别处，不留在服务器上")]
_Stdin = Annotated[bool, typer.Option("--passphrase-stdin", help="从标准输入逐行读口令，不询问")]


@contextmanager
def _store(what: str) -> Iterator[Store]:
    """The store of the settings; what is done to it goes on record."""
    from public_site import audit
    from public_site.complaints.store import Store

    with clerk.opened() as (database, settings):
        store = Store(settings)
        try:
            yield store
            with database.writing() as connection:
                audit.note(connection, who=clerk.user(), what=f"complaints {what}", at=clerk.now())
        finally:
            store.close()


@app.command()
def ceremony(offline: _Offline, *, passphrase_stdin: _Stdin = False) -> None:
    """Make the console's key (into the offline file only) and the intake's; complaints are taken from then on."""
    from public_site.complaints import keys

    with _store("ceremony") as store:
        keys.ceremony(
            store, offline, clerk.passphrase("离线密钥的口令（至少 20 个字，不显示）：", passphrase_stdin, twice=True)
        )
    typer.echo(f"密钥已建。{offline} 和口令分开保管，不要留在这台机器上；没有它，谁也打不开已收的投诉。")


@app.command()
def grant(name: str, offline: _Offline, *, passphrase_stdin: _Stdin = False) -> None:
    """Lend the console's key to somebody who has signed in once; they sign in again to use it."""
    from public_site.complaints import keys

    with _store(f"grant {name}") as store:
        name = _known(name)
        private = keys.from_offline(store, offline, clerk.passphrase("离线密钥的口令：", passphrase_stdin))
        keys.grant(store, name, private)
    typer.echo(f"{name}：已授予投诉密钥，重新登录后生效。")


@app.command()
def revoke(name: str) -> None:
    """Take somebody's copy of the key away; whoever has it unlocked signs in again."""
    from public_site.complaints import keys

    with _store(f"revoke {name}") as store:
        keys.revoke(store, name)
    typer.echo(f"{name}：投诉密钥已收回。")


@app.command()
def rotate(offline: _Offline, new_offline: _Offline, *, passphrase_stdin: _Stdin = False) -> None:
    """A new console's key; everything is wrapped anew, and the old file opens nothing that is kept here."""
    from public_site.complaints import keys

    with _store("rotate") as store:
        old = clerk.passphrase("现在的口令：", passphrase_stdin)
        new = clerk.passphrase("新口令（至少 20 个字）：", passphrase_stdin, twice=True)
        done = keys.rotate(store, offline, old, new_offline, new)
    typer.echo(f"已换新密钥，重新封装 {done} 份。请销毁旧文件 {offline}：旧备份从此打不开。")


_Sealed = Annotated[Path, typer.Argument(help="封存内容的副本")]
_Wraps = Annotated[Path, typer.Argument(help="钥匙的副本；另放一处，只留最近的")]


@app.command()
def backup(sealed: _Sealed, wraps: _Wraps) -> None:
    """Copy complaints into two new files, to be kept apart; only the offline key opens them."""
    from public_site.complaints import copies

    with _store("backup") as store:
        done = copies.backup(store, sealed, wraps)
    typer.echo(
        f"{done} 件。{sealed} 和 {wraps} 分开保管；后者只留最近的，投诉人删除的才真正删除。没有离线密钥都打不开。"
    )


@app.command()
def restore(sealed: _Sealed, wraps: _Wraps, offline: _Offline, *, passphrase_stdin: _Stdin = False) -> None:
    """Bring complaints back from their two copies, where no ceremony was held; then grant the key anew."""
    from public_site.complaints import copies

    with _store("restore") as store:
        done = copies.restore(store, sealed, wraps, offline, clerk.passphrase("离线密钥的口令：", passphrase_stdin))
    typer.echo(f"已恢复 {done} 件。请承办人各登录一次，再用 complaints grant 授予密钥。")


@app.command("bodies")
def load_bodies(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]) -> None:
    """Take the bodies of a CSV file in place of those before: id, name, level, divisions, competences, parent, address."""
    from public_site.complaints import bodies

    with _store(f"bodies {file.name}") as store:
        typer.echo(f"已采用 {bodies.load(store, file)} 个机关。")


@app.command()
def appoint(name: str, body: str) -> None:
    """Let somebody of the console work for a body, and for no other."""
    from public_site.complaints import bodies

    with _store(f"appoint {name} {body}") as store:
        name = _known(name)
        bodies.appoint(store, name, body)
    typer.echo(f"{name}：归 {body}。")


@app.command("upkeep")
def do_upkeep() -> None:
    """Escalate what is overdue, destroy what was kept long enough, close the quarters that are over; `serve` does it hourly."""
    from public_site.complaints import rounds, statistics

    with _store("upkeep") as store:
        done = rounds.keep_up(store, at=clerk.now())
        with clerk.opened() as (database, _):
            statistics.hand_over(store, database)
    typer.echo(f"逾期处理 {done.late} 件，期满销毁 {done.destroyed} 件，新公布季度统计 {done.quarters} 个。")


@app.command("letters")
def send_letters(
    *, again: Annotated[bool, typer.Option("--again", help="先把没有送出的（包括已放弃的）都放回去")] = False
) -> None:
    """Send the letters that wait for bodies; `serve` does it every quarter hour. Exit 1 when one could not be sent."""
    from public_site import mail
    from public_site.complaints import letters

    with _store("letters") as store:
        if not mail.is_set_up(store.settings):
            raise NotValid("没有设置发信服务器（PUBLIC_SITE_MAIL_HOST），信留在发件箱里。")
        if again:
            letters.try_again(store)
        done = letters.send(store, at=clerk.now())
    typer.echo(f"送出 {done.sent} 件，稍后再试 {done.waiting} 件，放弃 {done.given_up} 件。")
    if done.waiting or done.given_up:
        raise typer.Exit(1)


@app.command()
def partner(name: str, *, end: Annotated[bool, typer.Option("--end", help="此后不再接受它")] = False) -> None:
    """Give a partner system a key for `/open311/v2`, shown this once; a new one replaces the old."""
    from public_site.complaints import partners

    with _store(f"partner {name}") as store:
        if end:
            partners.end(store, name)
            typer.echo(f"{name}：不再接入。")
            return
        key = partners.admit(store, name, on=clerk.now().date())
    typer.echo(f"{name} 的 api_key（只显示这一次）：{key}")


def _known(name: str) -> str:
    """Somebody who signs in, as they are called there. Raises: supervisors.NoSuchPerson."""
    from public_site import supervisors

    with clerk.opened() as (database, _), database.reading() as connection:
        return supervisors.person(connection, name).name
