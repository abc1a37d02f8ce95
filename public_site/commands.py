"""The commands: what a clerk, an operator or a script types. They join the parts as `web.app` does for pages.

Exit codes: 0 done; 1 something that was checked does not hold; 2 the input or the settings are wrong, nothing changed.
Long work shows a bar on a terminal and plain lines otherwise. Heavy parts are imported by the command that needs them.
"""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from public_site import (
    amendment_commands,
    backup_commands,
    check_commands,
    clerk,
    complaint_commands,
    demo_commands,
    garbage,
    logs,
    people,
)
from public_site.clerk import By
from public_site.clerk import day as _day
from public_site.clerk import now as _now
from public_site.clerk import opened as _register
from public_site.clerk import progress as _progress
from public_site.clerk import user as _user
from public_site.faults import Fault, NotValid
from public_site.settings import Settings, from_environment

if TYPE_CHECKING:
    from public_site import notices

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(amendment_commands.app)
app.add_typer(backup_commands.app)
app.add_typer(check_commands.app)
app.add_typer(people.app, name="supervisors")
app.add_typer(demo_commands.app)
app.add_typer(complaint_commands.app, name="complaints")
_err = Console(stderr=True, highlight=False)

_AFTER_COPY = (
    "这是演练：此后写入旧登记的内容不在其中。真正迁移时换一个空数据库，加 --final 再复制一次："
    "公众页面照常，复制期间和之后旧登记不再接受写入。"
)
_AFTER_FINAL = (
    "旧登记已停止写入，公众页面照常。现在给每个进程设置 PUBLIC_SITE_DATABASE_URL（控制台和受理先，公众页面后），逐个重启；"
    "数据目录照旧。然后运行 public-site status、public-site verify 和 public-site roles。"
)
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="公告文件")]


class Projection(StrEnum):
    """What `rebuild` can make again from the register."""

    STANDINGS = "standings"
    LOG = "log"
    SEARCH = "search"


@app.command("take-in")
def take_in(
    files: Files,
    *,
    check: Annotated[bool, typer.Option("--check", help="只检查并报告，不写入任何内容")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 报告")] = False,
    by: By = "",
    title: Annotated[str | None, typer.Option(help="公告标题（文件未写明时）")] = None,
    issuer: Annotated[str | None, typer.Option(help="发布机关")] = None,
    issued_on: Annotated[str | None, typer.Option(help="成文日期，YYYY-MM-DD")] = None,
    number: Annotated[str | None, typer.Option(help="文号")] = None,
    index_number: Annotated[str | None, typer.Option(help="索引号")] = None,
    stage: Annotated[str | None, typer.Option(help="proposed（公示）或 decided（已认定）")] = None,
    scope: Annotated[str | None, typer.Option(help="snapshot、increment、single 或 mixed")] = None,
    local: Annotated[bool | None, typer.Option("--local/--national", help="全部按地方标准 / 国家标准")] = None,
    url: Annotated[str | None, typer.Option(help="公告的网址")] = None,
) -> None:
    """Read notice files and make a draft of each, or report every problem with its cell and change nothing."""
    from public_site import notices, publishing, reporting

    given = notices.Given(title, issuer, _day(issued_on), number, index_number, _one_of(stage, "proposed", "decided"),
                          _one_of(scope, "snapshot", "increment", "single", "mixed"), local, url)  # fmt: skip
    settings = from_environment()
    with _progress("读取") as progress:
        readings = [_read(file, given, settings, progress) for file in files]
    reports = [reporting.Report(reading, settings) for reading in readings]
    if as_json and (check or any(r.problems for r in readings)):
        reporting.print_json(reports)
    if any(reading.problems for reading in readings):
        if not as_json:
            for reading in readings:
                reporting.say_problems(_err, reading)
        raise typer.Exit(2)
    if check:
        if not as_json:
            for report in reports:
                report.say()
        return
    with _register() as (database, _):
        taken = [publishing.take_in(database, settings, file, reading, by=by or _user(), at=_now())
                 for file, reading in zip(files, readings, strict=True)]  # fmt: skip
        if as_json:
            reporting.print_json([r.with_draft(t.draft.id) for r, t in zip(reports, taken, strict=True)])
        for file, reading, one in zip(files, readings, taken, strict=True):
            if not as_json:
                reporting.say_taken(database, file, reading, one)


def _read(file: Path, given: notices.Given, settings: Settings, progress: Any) -> notices.Reading:
    from public_site import intake, notices, publishing

    today, limits = _now().astimezone(publishing.CHINA).date(), intake.limits(settings)
    return notices.read(file, given=given, today=today, limits=limits, progress=lambda done: progress(done, 0))


def _one_of(said: str | None, *allowed: str) -> Any:
    if said is not None and said not in allowed:
        raise NotValid(f"“{said}”不是可用的值；可用：{'、'.join(allowed)}。")
    return said


@app.command()
def decide(
    draft: int,
    ordinal: int,
    choice: Annotated[str, typer.Argument(help="same、renamed、new 或 skip")],
    enterprise: Annotated[str | None, typer.Argument(help="same 或 renamed 时的企业编号，或 #项号")] = None,
    by: By = "",
) -> None:
    """Answer whom a draft's row means: a candidate (also under a new name), a new enterprise, or leave the row out."""
    from public_site import publishing

    chosen = None if enterprise is None else _candidate(enterprise)
    with _register() as (database, _):
        publishing.decide(database, draft, ordinal, _one_of(choice, "same", "renamed", "new", "skip"), chosen,
                          by=by or _user())  # fmt: skip
    typer.echo(f"第 {draft} 号草稿第 {ordinal} 项：{choice}。")


def _candidate(said: str) -> int:
    """A candidate as it is shown: an enterprise's number, or #n for the new enterprise of the draft's own row n."""
    number = said.removeprefix("#")
    if not (number.isascii() and number.isdigit()):
        raise NotValid(f"“{said}”不是企业编号，也不是 #项号。")
    return -int(number) - 1 if said.startswith("#") else int(number)


@app.command()
def publish(draft: int, by: Annotated[str, typer.Option("--by", help="批准人，不能是起草人")]) -> None:
    """A second person's approval: append the draft to the register, all or nothing."""
    from public_site import publishing

    with _register() as (database, settings):
        made = publishing.publish(database, settings, draft, by=by, at=_now())
        typer.echo(f"第 {draft} 号草稿已发布：第 {made.first_entry}–{made.last_entry} 条。")
        typer.echo(made.checkpoint, nl=False)
        clerk.bring_index_along(database, settings)


@app.command("draft")
def show_draft(draft: int) -> None:
    """What approving a draft would change: for the second person to look at before `publish`."""
    from public_site import publishing, reporting

    with _register() as (database, _):
        reporting.say_preview(publishing.preview(database, draft, at=_now()))


@app.command("drafts")
def list_drafts() -> None:
    """The drafts that wait for approval."""
    from public_site import drafts, publishing

    with _register() as (database, _), database.reading() as connection:
        for draft in drafts.drafts(connection):
            typer.echo(f"{draft.id}\t{draft.drafted_by}\t{publishing.summary(draft)}")


@app.command()
def migrate() -> None:
    """Bring the database's schema up to this version of the program."""
    with _register() as (database, _):
        typer.echo(f"数据库结构：{database.revision()}")


@app.command("static")
def write_static(folder: Annotated[Path, typer.Argument(file_okay=False, help="写入的目录")]) -> None:
    """Write the static files out for a web server in front, under the addresses that pages use; older ones stay."""
    from public_site.web import static
    from public_site.web.app import create_app

    made = create_app(from_environment())
    typer.echo(f"写出 {static.write(made, made.state.site.assets, folder)} 个文件到 {folder}。")


@app.command("compile")
def compile_everything() -> None:
    """Work out beforehand what a start would else work out: templates and the dictionary of sounds. For images."""
    from public_site.search import sounds
    from public_site.web import pages

    sounds.make_ready()
    typer.echo(f"模板 {pages.compile_templates(from_environment())} 个，读音表 1 份，已备好。")


@app.command("copy-to")
def copy_to(
    target: Annotated[str, typer.Argument(help="空的 PostgreSQL 数据库：postgresql+psycopg://用户@主机/数据库")],
    *,
    final: Annotated[bool, typer.Option("--final", help="复制期间不许写入，之后旧登记永不再写：真正迁移时用")] = False,
) -> None:
    """Copy the SQLite register, complaints included, into an empty PostgreSQL database; log and root are found equal."""
    from public_site import copying

    with _register(make=False) as (database, settings), _progress("复制") as progress:
        made = copying.copy_to(database, settings, target, final=final, progress=progress)
    typer.echo(f"已复制 {made.tables} 张表、{made.rows} 行" + ("，投诉也在其中。" if made.complaints else "。"))
    typer.echo(f"登记第 {made.number} 条，根哈希 {made.root.hex()}：条目数、检查点、根哈希、各表行数都与来源相同。")
    typer.echo(_AFTER_FINAL if final else _AFTER_COPY)


@app.command("roles")
def grant_roles(
    prefix: Annotated[str, typer.Option(help="角色名的前缀：前缀_public、前缀_intake、前缀_console")] = "mingji",
    *,
    apply: Annotated[bool, typer.Option("--apply", help="直接执行；不写则只打印 SQL")] = False,
) -> None:
    """Make a PostgreSQL role for each part, which may do what the part needs and no more; prints the SQL unless --apply."""
    from public_site import roles

    with _register() as (database, _):
        made = roles.statements(database, prefix)
        roles.prepare(database)
        if not apply:
            typer.echo(";\n".join(["BEGIN", *made, "COMMIT"]) + ";")
            return
        with database.writing() as connection:
            roles.apply(connection, made)
    typer.echo(f"已授权：{'、'.join(f'{prefix}_{part}' for part in roles.PARTS)}。")
    typer.echo("给每个角色设密码（psql 中 \\password 角色名），再让每个进程的 PUBLIC_SITE_DATABASE_URL 用各自的角色。")
    typer.echo("数据库结构的更新（migrate）和本命令仍用表的所有者。")


@app.command()
def rebuild(projection: Annotated[Projection | None, typer.Argument()] = None) -> None:
    """Make projections again from the register (all of them when none is named)."""
    from public_site import documents, log, standings

    wanted = [projection] if projection else list(Projection)
    with _register() as (database, settings):
        for one in wanted:
            if one is Projection.SEARCH:
                reached = clerk.index(settings).rebuild(documents.RegisterSource(database))
            else:
                module = standings if one is Projection.STANDINGS else log
                with database.writing() as connection:
                    module.forget(connection)
                    module.catch_up(connection)
                    reached = module.as_of(connection)
            typer.echo(f"{one.value}：已按登记重建至第 {reached} 条。")


@app.command()
def status() -> None:
    """Versions and lag: the register's N, what each projection has reached, what waits."""
    from public_site import drafts, log, open_data, register, standings

    with _register(make=False) as (database, settings):
        with database.reading() as connection:
            latest = register.latest_number(connection)
            reached = {"standings": standings.as_of(connection), "log": log.as_of(connection)}
            waiting = len(drafts.drafts(connection))
        reached["search"] = clerk.index(settings).as_of()
        typer.echo(f"登记：第 {latest} 条；数据库结构 {database.revision()}；待批准草稿 {waiting} 份")
        for name, at in reached.items():
            typer.echo(f"{name}：第 {at} 条" + ("" if at == latest else f"，落后 {latest - at} 条"))
        exported = open_data.read(settings.open_data_folder).latest
        if exported is None:
            typer.echo("open-data：还没有导出过")
        else:
            behind = latest - exported.entry
            typer.echo(f"open-data：{exported.name}" + (f"，落后 {behind} 条" if behind else ""))


@app.command()
def verify(
    checkpoint: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="外部保存的检查点")] = None,
    other: Annotated[
        str | None, typer.Option("--from", help="不查本机，而查一个公众网站（网址），或开放数据的目录、entries.jsonl")
    ] = None,
    keys: Annotated[str | None, typer.Option(help="公钥集：文件或网址；与 --from 同用，不写则取自那个网站")] = None,
) -> None:
    """Check log, checkpoints, projections, drafts, files and index against each other; exit 1 when one does not hold.

    With --from, compare the kept checkpoint with another site, or with its open data: anybody can do that.
    """
    from public_site import documents, verification

    if other is not None or keys is not None:
        check_commands.verify_from_outside(checkpoint, other, keys)
        return
    with _register(make=False) as (database, settings), _progress("核对") as progress:
        held = checkpoint.read_text(encoding="utf-8") if checkpoint else None
        source = documents.RegisterSource(database)
        report = verification.verify(
            database,
            settings,
            held_outside=held,
            index_problems=lambda: clerk.index(settings).problems(source),
            progress=progress,
        )
    for finding in report.findings:
        typer.echo(f"{finding.where}：{finding.what}")
    if report.findings:
        raise typer.Exit(1)
    typer.echo(f"核对无误：{report.entries} 条，根哈希 {report.root.hex()}；核对了 {'、'.join(report.looked_at)}。")


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    parts: Annotated[str | None, typer.Option(help="以逗号分开：public、intake、console")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64)] = 1,
) -> None:
    """Serve the public pages, the public's reports (intake) and the console for publishers."""
    with garbage.beginning():
        from public_site import serving, shipped
        from public_site.web.app import register_of

    shipped.check_vendor_files()
    settings = from_environment()
    settings.allow_serving_on(host)
    wanted = frozenset((parts or settings.parts).split(","))
    with closing(register_of(settings, wanted)) as database:
        serving.prepare(database, settings, wanted)
        serving.serve(database, settings, host=host, port=port, parts=wanted, workers=workers)


def main() -> None:
    """Run a command; a fault is one sentence for a person and exit code 2."""
    logs.set_up(logging.WARNING)
    try:
        app()
    except Fault as fault:
        _err.print(str(fault), markup=False, soft_wrap=True)
        sys.exit(2)
    except Exception as error:
        from sqlalchemy.exc import SQLAlchemyError

        if not isinstance(error, OSError | UnicodeError | SQLAlchemyError):
            raise
        first = str(error).partition("\n")[0]
        _err.print(f"没有完成：{error.__class__.__name__} {first}", markup=False, soft_wrap=True)
        sys.exit(2)
