"""Roles on PostgreSQL: each part does its work with its own, and the database itself refuses everything else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from public_site import copying, error_reports, followed, publishing, roles
from public_site.complaints import following, handling, rounds
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.settings import Settings
from public_site.web.app import create_app
from tests.complaints.inbox import SECRET, TODAY, Inbox, opened
from tests.complaints.test_photos import picture
from tests.desk import Desk, row
from tests.web.conftest import new_publisher, publish_everything
from tests.web.test_app import DATA, PAGES

PREFIX = f"mingji_test_{os.getpid()}"
ACTS = {
    "SELECT": "SELECT 1 FROM {0}", "INSERT": "INSERT INTO {0} DEFAULT VALUES", "DELETE": "DELETE FROM {0}",
    "UPDATE": "UPDATE {0} SET {1} = {1}", "TRUNCATE": "TRUNCATE {0}",
}  # fmt: skip
REFUSED = "42501"


@dataclass(frozen=True)
class Country:
    """A register with complaints in PostgreSQL, its settings by part, and the offline key."""

    owner: Settings
    offline: Path
    photo: str

    def settings(self, part: str) -> Settings:
        """As the process of one part is told."""
        url = make_url(self.owner.database_url).set(username=f"{PREFIX}_{part}", password="test")
        return self.owner.model_copy(update={"database_url": url.render_as_string(hide_password=False)})

    def engine(self, part: str) -> Engine:
        return create_engine(self.settings(part).database_url)


@pytest.fixture(scope="module")
def country(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    folder = tmp_path_factory.mktemp("country")
    publisher = new_publisher(folder / "data")
    publish_everything(publisher)
    inbox = opened(publisher.settings, folder / "offline")
    code = inbox.lodge("with a photo", photos=(picture("JPEG", (320, 240)),)).code
    inbox.store.close()
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as server:
        server.execute(text(f"CREATE DATABASE {PREFIX}_roles"))
        there = url.set(database=f"{PREFIX}_roles").render_as_string(hide_password=False)
        copying.copy_to(publisher.database, publisher.settings, there)
        publisher.database.close()
        settings = publisher.settings.model_copy(update={"database_url": there})
        with closing(Database(there)) as database:
            for _ in range(2):  # twice is as once
                made = roles.statements(database, PREFIX)
                with database.writing() as connection:
                    roles.apply(connection, made)
            with database.writing() as connection:
                for part in roles.PARTS:
                    connection.execute(text(f"ALTER ROLE {PREFIX}_{part} PASSWORD 'test'"))
        yield Country(settings, folder / "offline" / "offline.key", code)
        server.execute(text(f"DROP DATABASE {PREFIX}_roles WITH (FORCE)"))
        for part in roles.PARTS:
            server.execute(text(f"DROP ROLE {PREFIX}_{part}"))


def allowed(engine: Engine, statement: str) -> bool:
    """Whether the database lets the role do it (and undoes it)."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")  # a habit of the role is no lock
        try:
            connection.exec_driver_sql(statement)
        except DBAPIError as fault:
            return getattr(fault.orig, "sqlstate", "") != REFUSED
        finally:
            connection.rollback()
    return True


def columns(country: Country) -> dict[str, str]:
    """Every table there is, and one column of it."""
    query = "SELECT table_schema || '.\"' || table_name || '\"', min('\"' || column_name || '\"') FROM information_schema.columns"
    where = " WHERE table_schema IN ('public', 'complaints', 'complaint_keys') GROUP BY 1"
    engine = create_engine(country.owner.database_url)
    with engine.connect() as connection:
        found = {str(table): str(column) for table, column in connection.execute(text(query + where))}
    engine.dispose()
    return found


def decided() -> dict[str, roles.Grants]:
    return {f'{schema}."{table}"': grants for schema, (_, grants_of) in roles.tables().items()
            for table, grants in grants_of.items()}  # fmt: skip


def test_what_each_part_may_do_is_decided_of_every_table(country: Country) -> None:
    for schema, (there, grants) in roles.tables().items():
        assert there == set(grants), f"decide in roles.py who may do what with these tables of {schema}"
    assert columns(country).keys() == decided().keys()


def test_the_public_part_reads_what_is_public_and_the_database_refuses_it_all_else(country: Country) -> None:
    engine = country.engine("public")
    for table, column in columns(country).items():
        for act, statement in ACTS.items():
            may = act == "SELECT" and "public" in decided()[table]
            assert allowed(engine, statement.format(table, column)) == may, (act, table)
    for statement in ("CREATE TABLE mine (id integer)", "CREATE TEMP TABLE mine (id integer)", "CREATE SCHEMA mine"):
        assert not allowed(engine, statement), statement
    engine.dispose()


def test_with_the_public_role_every_public_page_opens(country: Country) -> None:
    with TestClient(create_app(country.settings("public"), frozenset({"public"}))) as client:
        for url in (*PAGES, *DATA, "/readyz"):
            if not url.startswith(("/complaints", "/open311")):
                assert client.get(url).status_code == 200, url
        assert client.post("/follow/lists", data={"list": "演示甲包装有限公司"}).status_code in (404, 405)


def test_the_intake_adds_sealed_complaints_and_sees_none_without_its_code(country: Country) -> None:
    with closing(Store(country.settings("intake"))) as store:
        inbox = Inbox(store, country.offline)
        lodged = inbox.lodge("by the intake", photos=(picture("JPEG", (320, 240)),))
        assert inbox.lodge("by the intake").code == lodged.code
        assert following.follow(store, lodged.code, on=TODAY).statement["said"] == SECRET
        following.act(store, lodged.code, "add", "补充一句", on=TODAY)
        assert [step.said for step in following.follow(store, lodged.code, on=TODAY).steps][-1] == "补充一句"
        following.act(store, lodged.code, "withdraw", on=TODAY)
        following.erase(store, lodged.code, on=TODAY)
        with pytest.raises(following.UnknownCode):
            following.follow(store, lodged.code, on=TODAY)
        assert following.follow(store, country.photo, on=TODAY).photos == 1
    engine = country.engine("intake")
    with engine.connect() as connection:
        for table in ("complaint", "step", "opening"):
            assert connection.exec_driver_sql(f"SELECT * FROM complaints.{table}").all() == [], table
        assert connection.exec_driver_sql("SELECT * FROM complaint_keys.wrap").all() == []
        assert connection.exec_driver_sql("UPDATE complaints.complaint SET state = 'closed'").rowcount == 0
        assert connection.exec_driver_sql("DELETE FROM complaint_keys.wrap").rowcount == 0
        connection.rollback()
    for statement in (
        "SELECT picture FROM complaints.photo", "SELECT said FROM public.error_report", "SELECT about FROM complaints.letter",
        "SELECT * FROM complaint_keys.holder", "SELECT * FROM complaint_keys.unlocked", "SELECT * FROM complaints.opening, public.draft",
        "SELECT * FROM public.supervisor", "SELECT * FROM public.console_session", "INSERT INTO public.entry DEFAULT VALUES",
        "UPDATE public.enterprise SET overall_grade = 'A'", "DELETE FROM public.holding", "TRUNCATE complaints.complaint",
        "DELETE FROM complaints.complaint", "INSERT INTO complaints.body DEFAULT VALUES", "UPDATE complaints.step SET said = NULL",
    ):  # fmt: skip
        assert not allowed(engine, statement), statement
    engine.dispose()


def test_the_intake_takes_reports_and_lists_and_opens_its_pages(country: Country) -> None:
    settings, at = country.settings("intake"), datetime(2026, 3, 2, tzinfo=UTC)
    with closing(Database(settings.database_url)) as database:
        for _ in range(2):
            number = error_reports.send(database, about="none", about_id=None, said="名称有误", url=None, once="1",
                                        address="192.0.2.1", at=at)  # fmt: skip
            assert number == 1
        token = followed.keep(database, [2], address="192.0.2.1", at=at)
        with database.reading() as connection:
            assert followed.ids(connection, token) == (2,)
        followed.delete(database, token)
    with TestClient(create_app(settings, frozenset({"intake"})), follow_redirects=False) as client:
        for url in ("/complaints", "/complaints/new", "/complaints/follow", "/open311/v2/services.json", "/readyz"):
            assert client.get(url).status_code == 200, url
        made = client.post(
            "/follow/lists", data={"list": "演示甲包装有限公司"}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert made.status_code == 303
    rounds._round(settings, at, -1)  # what is due of all complaints is not for this role: it leaves that alone
    with closing(Store(country.owner)) as store, store.looking() as connection:
        assert connection.execute(text("SELECT count(*) FROM quarter")).scalar() == 0


def test_with_the_console_s_role_notices_are_published_and_complaints_handled(country: Country, tmp_path: Path) -> None:
    settings = country.settings("console")
    with closing(Database(settings.database_url)) as database, closing(Store(settings)) as store:
        publishing.prepare(database, settings)
        desk = Desk(database, settings, tmp_path / "desk")
        desk.publish([row("演示新企业有限公司", "A")], on="2026-02-01")
        inbox = Inbox(store, country.offline)
        worker = inbox.desk("fuling")
        with store.looking() as connection:
            number = int(connection.execute(text("SELECT min(id) FROM complaint WHERE state <> 'erased'")).scalar_one())
        handling.act(store, worker, number, "accept", on=TODAY)
        assert rounds.keep_up(store, at=datetime(2026, 4, 20, tzinfo=UTC)).quarters
    engine = country.engine("console")
    for statement in ("UPDATE public.entry SET body = ''", "DELETE FROM public.entry", "TRUNCATE public.entry",
                      "DELETE FROM public.checkpoint", "ALTER TABLE public.entry DISABLE TRIGGER USER", "DROP TABLE public.draft",
                      "CREATE TABLE public.mine (id integer)"):  # fmt: skip
        assert not allowed(engine, statement), statement
    engine.dispose()


def test_the_command_prints_the_sql_or_runs_it_for_postgresql_only(settings: Settings, database: Database) -> None:
    if database.is_sqlite:
        with pytest.raises(roles.CannotGrant, match="PostgreSQL"):
            roles.statements(database, "mingji")
        return
    with pytest.raises(roles.CannotGrant, match="前缀"):
        roles.statements(database, "Robert'); DROP TABLE")
    roles.prepare(database)
    made: Any = roles.statements(database, "mingji")
    assert any("CREATE ROLE mingji_public" in statement for statement in made)
