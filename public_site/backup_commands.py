"""`public-site backup …`, `restore`, `backup-key`: the whole installation, sealed, elsewhere and back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from public_site import clerk
from public_site.settings import from_environment

app = typer.Typer(help=__doc__)
_Stdin = Annotated[bool, typer.Option("--passphrase-stdin", help="从标准输入读口令，不询问")]
_Place = Annotated[Path, typer.Argument(help="放备份的目录，最好在另一台机器或另一块盘上")]


@app.command("backup-key")
def backup_key(
    offline: Annotated[Path, typer.Argument(help="离线密钥文件；平时锁在别处，不留在服务器上")],
    *,
    passphrase_stdin: _Stdin = False,
) -> None:
    """Make the key that backups are sealed for: the private half into the offline file only."""
    from public_site import audit, backups

    with clerk.opened() as (database, settings):
        backups.make_key(settings, offline, clerk.passphrase("离线密钥的口令（至少 20 个字，不显示）：", passphrase_stdin, twice=True))  # fmt: skip
        with database.writing() as connection:
            audit.note(connection, who=clerk.user(), what="backup-key", at=clerk.now())
    typer.echo(f"备份密钥已建。{offline} 和口令分开保管，不要留在这台机器上；没有它，谁也打不开备份。")


@app.command()
def backup(
    place: _Place,
    *,
    keep: Annotated[int | None, typer.Option(min=1, help="只留最近的几份；不写则全留")] = None,
) -> None:
    """Back up the whole installation while it runs: register, originals, keys, complaints; not the settings."""
    from public_site import audit, backups

    with clerk.opened(make=False) as (database, settings), clerk.progress("备份") as progress:
        made = backups.make(database, settings, place, at=clerk.now(), progress=progress)
        gone = backups.thin(place, keep) if keep else []
        with database.writing() as connection:
            audit.note(connection, who=clerk.user(), what=f"backup {made.name}", at=clerk.now())
    complaints = "未开通" if made.complaints is None else f"{made.complaints} 件"
    typer.echo(
        f"{place / made.name}：登记第 {made.moment.entry} 条，新增原始文件 {made.originals} 份，投诉{complaints}。"
    )
    if gone:
        typer.echo(f"已删去较早的 {len(gone)} 份。")
    typer.echo("设置（环境变量）不在其中，请另行保存。")


@app.command()
def restore(
    place: _Place,
    *,
    key: Annotated[Path, typer.Option("--key", exists=True, dir_okay=False, help="备份的离线密钥文件")],
    name: Annotated[str, typer.Option("--backup", help="哪一份；不写则最近的")] = "",
    passphrase_stdin: _Stdin = False,
) -> None:
    """Bring an installation back from a backup into an empty data folder (and database), then make the index again."""
    from public_site import backups, documents
    from public_site.complaints import keys
    from public_site.database import Database
    from public_site.search import engines

    settings = from_environment()
    private = keys.opened_offline(key, clerk.passphrase("离线密钥的口令：", passphrase_stdin), keys.BACKUPS)
    with closing(Database(settings.register_url)) as database, clerk.progress("核对备份") as progress:
        found = backups.restore(database, settings, place, private, name=name, progress=progress)
        typer.echo(f"已恢复 {found.name}：登记第 {found.moment.entry} 条，根哈希 {found.moment.root}，原始文件 {found.originals} 份。")  # fmt: skip
        database.migrate()
        if reason := documents.bring_along(database, engines.engine(settings)):
            typer.echo(f"检索索引还没有建成：{reason}", err=True)
    if found.complaints is not None:
        halves = settings.data / "complaints-copy"
        typer.echo(
            f"投诉 {found.complaints} 件在 {halves}；用投诉的离线密钥恢复："
            f"public-site complaints restore {halves / 'complaints.copy'} {halves / 'complaint-keys.copy'} 离线密钥文件"
        )
    typer.echo("请运行 public-site verify（最好加 --checkpoint，用外部保存的检查点），再开始服务。")
