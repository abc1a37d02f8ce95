"""Where the registers of page tests lie: SQLite, or all of them on PostgreSQL (`make test-postgresql`)."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from public_site.settings import Settings

# For tests whose `settings` need not be on both databases each time.
on_one = pytest.mark.parametrize("settings", [os.environ.get("PUBLIC_SITE_TEST_WEB_ON", "sqlite")], indirect=True)
_names = count(1)
_server: list[str] = []
_registers: dict[Path, dict[str, str]] = {}


def use(server: str) -> None:
    """Let every register from now on be a database of its own on this PostgreSQL server."""
    _server.append(server)


def settings_of(folder: Path) -> Settings:
    """Settings of an empty register whose files lie in `folder`."""
    if not _server:
        return Settings(data=folder, demo=False)
    url = make_url(_server[-1]).set(drivername="postgresql+psycopg")
    name = f"mingji_pages_{os.getpid()}_{next(_names)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    own = url.set(database=name).render_as_string(hide_password=False)
    _registers[folder] = {"PUBLIC_SITE_DATABASE_URL": own, "PUBLIC_SITE_FRESH_MILLISECONDS": "0"}
    return Settings(data=folder, demo=False, database_url=own, fresh_milliseconds=0)


def environment_of(folder: Path) -> dict[str, str]:
    """What a process of its own must be told to open the register whose files lie in `folder`, and no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PUBLIC_SITE_")}
    return kept | {"PUBLIC_SITE_DATA": str(folder)} | _registers.get(folder, {})
