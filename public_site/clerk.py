"""What every command begins with: the register opened, who acts, when, a day as one types it, how far one has come."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from public_site.faults import NotValid
from public_site.settings import Settings, from_environment

if TYPE_CHECKING:
    from public_site.database import Database
    from public_site.search import Engine

_err = Console(stderr=True, highlight=False)
By = Annotated[str, typer.Option("--by", help="操作人；起草与批准必须是两个人")]


@contextmanager
def opened(*, make: bool = True) -> Iterator[tuple[Database, Settings]]:
    """The register of the settings, made or brought up to date first unless `make` is false.

    Raises: SchemaNotCurrent.
    """
    from public_site import publishing
    from public_site.database import Database

    settings = from_environment()
    with closing(Database(settings.register_url)) as database:
        if make:
            publishing.prepare(database, settings)
        else:
            database.require_current()
        yield database, settings


def index(settings: Settings) -> Engine:
    """The search index of the settings."""
    from public_site.search import engines

    return engines.engine(settings)


def bring_index_along(database: Database, settings: Settings) -> None:
    """Let the search index catch up with what was just published; a running server does it when this cannot."""
    from public_site import documents

    if reason := documents.bring_along(database, index(settings)):
        _err.print(f"内容已发布，但检索索引没有追上：{reason}", markup=False, soft_wrap=True)


def now() -> datetime:
    return datetime.now(UTC)


def user() -> str:
    """Who is signed in to this machine."""
    return getpass.getuser()


def passphrase(prompt: str, from_stdin: bool, *, twice: bool = False) -> str:
    """What somebody types unseen, or the next line given to the command. Raises: NotValid when twice is not the same."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(prompt)
    if twice and first != getpass.getpass("再输一次："):
        raise NotValid("两次输入的口令不一样。")
    return first


def day(said: str | None) -> date | None:
    """Raises: NotValid."""
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise NotValid(f"日期应写作 YYYY-MM-DD，而不是 {said}。") from None


@contextmanager
def progress(what: str) -> Iterator[Any]:
    """A function that is told (done, all): a bar on a terminal, a line every tenth otherwise."""
    if _err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_err, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)
        return
    said = -1

    def tell(done: int, total: int) -> None:
        nonlocal said
        tenth = done * 10 // total if total else done // 10_000
        if tenth > said:
            said = tenth
            _err.print(f"{what}：{done}" + (f"/{total}" if total else ""))

    yield tell
