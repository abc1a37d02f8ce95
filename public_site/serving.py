"""How the site runs as processes: web workers, a keeper that lets the search index follow the register, a reader of uploads,
the exporter of the open data, and whoever makes the rounds for complaints (letters, clocks).

Workers read; whoever publishes brings the index along, and the keeper catches what was left behind (a publisher killed
between its commit and the index, a rebuild under way).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from public_site import documents, exports, intake, publishing, register, shipped, signing
from public_site.complaints import rounds
from public_site.database import Database
from public_site.demo import accounts
from public_site.faults import Fault, NotReady
from public_site.search import Engine, engines, sounds
from public_site.settings import PREFIX, Settings, SettingsRefused, from_environment
from public_site.web.app import PARTS, create_app
from public_site.web.doors import Site

_EVERY_SECONDS = 0.5
_log = structlog.get_logger()


def prepare(database: Database, settings: Settings, parts: frozenset[str]) -> None:
    """What these parts need before they serve. On PostgreSQL only the console's machine needs the log's private key; the
    other parts make nothing in the database, because their roles may not.

    Raises: SchemaNotCurrent; log.NoLogKey.
    """
    if database.is_sqlite or "console" in parts:
        publishing.prepare(database, settings)
    else:
        database.require_current()
        signing.prepare(settings.receipt_keys)


def serve(database: Database, settings: Settings, *, host: str, port: int, parts: frozenset[str], workers: int) -> None:
    """Serve until told to stop. Raises: SettingsRefused for a part that this version does not have."""
    settings.allow_serving_on(host)
    shipped.check_vendor_files()
    if unknown := parts - PARTS.keys():
        raise SettingsRefused(f"这一版还没有 {'、'.join(sorted(unknown))}；可用的部分：{'、'.join(PARTS)}。")
    if "console" in parts and settings.is_secure and not settings.console_host:
        raise SettingsRefused(
            "控制台要有自己的主机名：请设置 PUBLIC_SITE_CONSOLE_HOST（如 console.mingji.example.cn）。"
        )
    if "console" in parts and not settings.demo and accounts.are_open(database):
        raise SettingsRefused("这个数据目录里有公开的演示账号，不能作正式的控制台；请换一个数据目录。")
    index = engines.engine(settings)
    options = {"host": host, "port": port, "access_log": False, "server_header": False, "timeout_keep_alive": 15}
    options["forwarded_allow_ips"] = settings.trusted_proxies  # only there may the caller's address be told by a header
    with (
        keeper(database, index),
        reader(database, settings) if "console" in parts else nullcontext(),
        exports.following(database, settings),
        rounds.making(settings) if parts & {"intake", "console"} else nullcontext(),
    ):
        if workers == 1:
            sounds.make_ready()
            uvicorn.run(warmed(create_app(settings, parts)), **options)  # type: ignore[arg-type]
            return
        os.environ |= settings.as_environment() | {f"{PREFIX}PARTS": ",".join(sorted(parts))}
        uvicorn.run("public_site.serving:worker", factory=True, workers=workers, **options)  # type: ignore[arg-type]


def worker() -> FastAPI:
    """One web worker's application, from the environment that `serve` set."""
    sounds.make_ready()
    settings = from_environment()
    return warmed(create_app(settings, frozenset(settings.parts.split(","))))


def warmed(app: FastAPI) -> FastAPI:
    """The same application; beside its first answers it makes the points of the map, which take a while (16 s a million)."""
    threading.Thread(target=_make_points, args=(app.state.site,), daemon=True).start()
    return app


def _make_points(site: Site) -> None:
    try:
        with site.database.reading() as connection:
            site.points.at(connection, register.latest_number(connection))
    except (Fault, SQLAlchemyError) as fault:  # whoever asks for the map first makes them then
        _log.warning("the points of the map are not made yet", reason=type(fault).__name__)


@contextmanager
def keeper(database: Database, index: Engine) -> Iterator[None]:
    """Within the block a thread lets the index follow the register, and says so when it cannot."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep, args=(documents.RegisterSource(database), index, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


@contextmanager
def reader(database: Database, settings: Settings) -> Iterator[None]:
    """Within the block a thread reads what is uploaded to the console."""
    stop = threading.Event()
    thread = threading.Thread(target=intake.keep_reading, args=(database, settings, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)  # a long reading is begun again at the next start


def _keep(source: documents.RegisterSource, index: Engine, stop: threading.Event) -> None:
    while not stop.wait(_EVERY_SECONDS):
        try:
            if index.as_of() != source.latest_number():
                index.catch_up(source)
        except (NotReady, SQLAlchemyError, OSError) as fault:  # it must outlive a database that is away for a while
            _log.warning("search index does not follow", reason=str(fault))
