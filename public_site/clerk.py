"""What every command begins with: the register opened, who acts, when, and a day as one types it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from public_site import publishing
from public_site.database import Database
from public_site.faults import NotValid
from public_site.settings import Settings, from_environment

By = Annotated[str, typer.Option("--by", help="操作人；起草与批准必须是两个人")]


@contextmanager
def opened(*, make: bool = True) -> Iterator[tuple[Database, Settings]]:
    """The register of the settings, made or brought up to date first unless `make` is false."""
    settings = from_environment()
    with closing(Database(settings.register_url)) as database:
        if make:
            publishing.prepare(database, settings)
        else:
            database.require_current()
        yield database, settings


def now() -> datetime:
    return datetime.now(UTC)


def user() -> str:
    """Who is signed in to this machine."""
    return getpass.getuser()


def day(said: str | None) -> date | None:
    """Raises: NotValid."""
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise NotValid(f"日期应写作 YYYY-MM-DD，而不是 {said}。") from None
