"""How the site runs as processes: web workers, a keeper that lets the search index follow the register, a reader of uploads,
the exporter of the open data, and whoever makes the rounds for complaints (letters, clocks).

Workers read; whoever publishes brings the index along, and the keeper catches what was left behind (a publisher killed
between its commit and the index, a rebuild under way).

Told to stop (SIGTERM), each process takes no more requests, finishes those under way, long downloads too, within
`stop_seconds`, and stops its threads. With several workers SIGHUP replaces them one by one by the program as it is now
on the disk: each new one answers before the old one stops.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.supervisors import Multiprocess

import public_site
from public_site import documents, exports, garbage, languages, logs, publishing, register, shipped, signing, sockets
from public_site.database import Database, SchemaNotCurrent
from public_site.faults import Fault, NotReady
from public_site.measures import Counts
from public_site.search import Engine, engines, sounds
from public_site.settings import Settings, SettingsRefused, from_environment
from public_site.web.app import PARTS, create_app
from public_site.web.doors import Site

_EVERY_SECONDS = 0.2
# The first answers are not to wait for what only some of them need.
_WARM_AFTER_SECONDS = 3.0
_NOTE_SECONDS = 1.0
# How long a new worker may take before it answers, and how long one may be silent before it counts as dead.
_HEALTH_SECONDS = 300
_log = structlog.get_logger()


def prepare(database: Database, settings: Settings, parts: frozenset[str]) -> None:
    """What these parts need before they serve. A schema of another version is never changed here. On PostgreSQL only the
    console's machine needs the log's private key; the other parts make nothing in the database: their roles may not.

    Raises: SchemaNotCurrent; log.NoLogKey.
    """
    if database.revision() is not None:
        database.require_current()
    if database.is_sqlite or "console" in parts:
        publishing.prepare(database, settings)
    else:
        database.require_current()
        signing.prepare(settings.receipt_keys)


def serve(database: Database, settings: Settings, *, host: str, port: int, parts: frozenset[str], workers: int) -> None:
    """Serve until told to stop. Raises: SettingsRefused for a part that this version does not have."""
    _allow(database, settings, parts)
    settings = settings.model_copy(update={"parts": ",".join(sorted(parts))})
    index = engines.engine(settings)
    logs.set_up()
    garbage.give_memory_back()
    signal.signal(signal.SIGTERM, _leave)
    with ExitStack() as until_stopped:
        listening = until_stopped.enter_context(sockets.listening(host, port))
        for one in listening:
            if one.family in (socket.AF_INET, socket.AF_INET6):
                settings.allow_serving_on(one.getsockname()[0])
        until_stopped.enter_context(keeper(database, index))
        if "console" in parts:
            until_stopped.enter_context(reader(database, settings))
        until_stopped.enter_context(exports.following(database, settings))
        if parts & {"intake", "console"}:
            from public_site.complaints import rounds

            until_stopped.enter_context(rounds.making(settings))
        _log.info("serving", version=public_site.__version__, parts=settings.parts, workers=workers)
        until_stopped.callback(_log.info, "stopped")
        with suppress(KeyboardInterrupt):
            (_alone if workers == 1 else _with_workers)(settings, listening, workers)


def _allow(database: Database, settings: Settings, parts: frozenset[str]) -> None:
    shipped.check_vendor_files()
    if unknown := parts - frozenset(PARTS):
        raise SettingsRefused(f"这一版还没有 {'、'.join(sorted(unknown))}；可用的部分：{'、'.join(PARTS)}。")
    if "console" in parts and settings.is_secure and not settings.console_host:
        raise SettingsRefused(
            "控制台要有自己的主机名：请设置 PUBLIC_SITE_CONSOLE_HOST（如 console.mingji.example.cn）。"
        )
    if "console" in parts and not settings.demo:
        from public_site.demo import accounts

        if accounts.are_open(database):
            raise SettingsRefused("这个数据目录里有公开的演示账号，不能作正式的控制台；请换一个数据目录。")


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Told to stop where nobody else is listening to it: unwind, so that threads and children are stopped in order."""
    raise SystemExit(0)


def _alone(settings: Settings, listening: list[socket.socket], _workers: int) -> None:
    uvicorn.Server(_config(warmed(_made(settings)), settings)).run(sockets=listening)


def _made(settings: Settings) -> FastAPI:
    with garbage.beginning():
        return create_app(settings, frozenset(settings.parts.split(",")))


def _with_workers(settings: Settings, listening: list[socket.socket], workers: int) -> None:
    with tempfile.TemporaryDirectory(prefix="mingji-") as run:
        shared = settings.model_copy(update={"run": Path(run)})
        os.environ |= shared.as_environment()
        config = _config("public_site.serving:worker", shared, factory=True, workers=workers)
        Multiprocess(config, sockets=listening).run()


def _config(app: FastAPI | str, settings: Settings, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app, access_log=False, server_header=False, log_config=None, ws="none", timeout_keep_alive=15,
        # Only from there may the caller's address be told by a header.
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=settings.stop_seconds, timeout_worker_healthcheck=_HEALTH_SECONDS, **more,
    )  # fmt: skip


def worker() -> FastAPI:
    """One web worker's application, from the environment that `serve` set. Refuses a schema of another version."""
    logs.set_up()
    garbage.give_memory_back()
    settings = from_environment()
    app = _made(settings)
    try:
        app.state.site.database.require_current()
    except SchemaNotCurrent:
        _log.error("the schema is not that of this program; run public-site migrate")
        sys.exit(1)
    except (NotReady, SQLAlchemyError):  # away for a while: pages say so themselves
        _log.warning("the database cannot be read")
    return warmed(app)


def warmed(app: FastAPI) -> FastAPI:
    """The same application; once it answers it reads the dictionary of sounds, makes the templates of the other
    languages ready and makes the points of the map, which take a while (16 s a million); and it takes down for `/metrics`
    what is not counted as it happens."""
    site: Site = app.state.site
    threading.Thread(target=_warm, args=(site,), daemon=True).start()
    threading.Thread(target=_note, args=(app.state.counts, site), daemon=True).start()
    return app


def _note(counts: Counts, site: Site) -> None:
    while True:
        counts.note(site.kept)
        time.sleep(_NOTE_SECONDS)


def _warm(site: Site) -> None:
    time.sleep(_WARM_AFTER_SECONDS)
    sounds.make_ready()
    for language in languages.TAGS:
        site.templates[language].get_template("base.html")
    try:
        with site.database.reading() as connection:
            site.points.at(connection, register.latest_number(connection))
    except (Fault, SQLAlchemyError) as fault:  # whoever asks for the map first makes them then
        _log.warning("the points of the map are not made yet", reason=type(fault).__name__)
    garbage.keep_what_is_here()


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
    from public_site import intake

    stop = threading.Event()
    thread = threading.Thread(target=intake.keep_reading, args=(database, settings, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)  # a long reading is begun again at the next start


def _keep(source: documents.RegisterSource, index: Engine, stop: threading.Event) -> None:
    known, lagging = -1, logs.Repeated("search index does not follow", "search index follows")
    while not stop.wait(_EVERY_SECONDS):
        try:
            number = source.latest_number()
            if known not in (-1, number):
                _log.info("published", entry=number, entries=number - known)
            known = number
            if index.as_of() != number:
                index.catch_up(source)
            lagging.is_over()
        except NotReady as fault:  # its sentence is our own
            lagging.goes_on(str(fault))
        except (SQLAlchemyError, OSError) as fault:  # it must outlive a database that is away for a while
            lagging.goes_on(type(fault).__name__)
