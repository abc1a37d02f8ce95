"""`public-site demo` and `demo-data`: a register to look at, made of fictional enterprises through the ordinary intake."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from public_site import clerk
from public_site.settings import Settings, from_environment

app = typer.Typer()
_Enterprises = Annotated[int, typer.Option(min=1, max=5_000_000)]


@app.command("demo-data")
def demo_data(folder: Path, enterprises: _Enterprises = 5_000, seed: int = 2026) -> None:
    """Write only the demo register's notice files."""
    from public_site.demo import write_notices

    with clerk.progress("生成企业") as progress:
        plan = write_notices(folder, enterprises, seed, progress)
    typer.echo(f"{folder}：{len(plan.notices)} 份公告，{sum(n.rows for n in plan.notices)} 行。")


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="演示登记的目录；为空则新建")] = Path("var/demo"),
    host: str = "127.0.0.1",
    port: int = 8000,
    enterprises: _Enterprises = 5_000,
    serve: Annotated[bool, typer.Option(help="建好后即提供服务")] = True,
) -> None:
    """Make the demo register through the ordinary intake if there is none yet, then serve it."""
    from public_site import publishing, serving
    from public_site.database import Database
    from public_site.demo import accounts
    from public_site.demo.register import fill
    from public_site.web.app import PARTS

    settings = Settings(**from_environment().model_dump() | {"data": data, "demo": True})
    with closing(Database(settings.register_url)) as database:
        publishing.prepare(database, settings)
        with clerk.progress("发布演示公告") as progress:
            made = fill(database, settings, enterprises, progress)
        clerk.bring_index_along(database, settings)
        typer.echo(f"演示登记：{data}，第 {made} 条。企业为虚构（名称含“演示”），重庆 2024 年第一批公告为真实公告。")
        if serve:
            accounts.open_accounts(database, settings)
            address = f"http://{host}:{port}"
            typer.echo("\n".join([f"打开 {address}/ （Ctrl+C 停止）。", *accounts.told(address, settings)]))
            serving.serve(database, settings, host=host, port=port, parts=frozenset(PARTS), workers=1)
