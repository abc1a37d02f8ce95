"""`python -m data_export FOLDER`: what an operator types, and what `public-site serve` starts after a publication.

Exit codes as everywhere: 0 done (also when the version was there already), 2 when nothing was published, with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import SQLAlchemyError

from data_export import exporting
from public_site.database import Database
from public_site.faults import Fault, NotValid
from public_site.open_data import FORMATS
from public_site.settings import from_environment

_err = Console(stderr=True, highlight=False)
_NEEDED = frozenset({"csv", "jsonl", "parquet"})  # what other formats and the next delta are made from


def export(
    folder: Annotated[Path | None, typer.Argument(help="存放各版本的目录；默认为数据目录中的 open-data")] = None,
    without: Annotated[list[str] | None, typer.Option(help="不写出的格式，可重复：xlsx、sqlite、geojson 等")] = None,
    background: Annotated[bool, typer.Option("--background", help="让出处理器，供 serve 在后台启动")] = False,
) -> None:
    """Write the open-data files of the register's latest entry, check them, and publish them as a version."""
    left_out = frozenset(without or ())
    if strange := sorted(left_out - (FORMATS.keys() - _NEEDED)):
        raise NotValid(f"不能省去 {'、'.join(strange)}；可以省去：{'、'.join(sorted(FORMATS.keys() - _NEEDED))}。")
    if background:
        exporting.be_polite()
    settings = from_environment()
    target = folder or settings.open_data_folder
    with closing(Database(settings.register_url)) as database, _progress() as progress:
        database.require_current()
        done = exporting.export(database, settings, target, progress=progress, without=left_out)
    version = done.version
    said = f"已发布版本 {version.name}" if done.made else f"版本 {version.name} 已经是最新的"
    typer.echo(f"{said}：第 {version.entry} 条，{len(version.files)} 个文件，{version.bytes:,} 字节。{target}")


@contextmanager
def _progress() -> Iterator[exporting.Progress]:
    """A function that is told (what, done, all): a bar on a terminal, plain lines otherwise."""
    if _err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_err, transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
        return
    yield lambda what, done, total: _err.print(f"{what}（{done}/{total}）", markup=False, soft_wrap=True)


def main() -> None:
    """Run the command; a fault is one sentence for a person and exit code 2."""
    try:
        typer.run(export)
    except Fault as fault:
        _err.print(str(fault), markup=False, soft_wrap=True, style="red")
        sys.exit(2)
    except SQLAlchemyError as error:
        _err.print(f"登记数据库无法使用：{error.__class__.__name__}", markup=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
