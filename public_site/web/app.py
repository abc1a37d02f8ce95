"""Where the parts are joined, and the only place: settings, database, index, templates, routes, layers.

The layers, outermost first: what `ready` has at hand, `measuring` (how many, how fast), `translating` (the language of the
URL), `api.limits` (how often), `ready` (answers made before), `front` (headers of every answer, HEAD, bounds), compression,
FastAPI's routing with the answers to faults. They are plain ASGI, because the routes behind them are counted in microseconds.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import anyio
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type

from public_site import feeds, measures, newest, shipped
from public_site.complaints.store import Store
from public_site.database import Database
from public_site.search import engines
from public_site.settings import Settings
from public_site.web import (
    about,
    api,
    assets,
    check,
    codes,
    data,
    direct,
    doors,
    downgrades,
    enterprises,
    errors,
    excellence,
    follow,
    front,
    georeport,
    healthz,
    home,
    industries,
    kept,
    log,
    measuring,
    metrics,
    near,
    notices,
    pages,
    places,
    ready,
    readyz,
    robots,
    sitemaps,
    static,
    translating,
    verify,
    well_known,
)
from public_site.web import (
    map as map_pages,
)

PUBLIC_PAGES = (
    home, enterprises, codes, notices, downgrades, excellence, places, industries, near, map_pages, follow, check, verify,
    log, data, about, *api.PAGES, sitemaps, robots, well_known,
)  # fmt: skip
ALWAYS = (healthz, readyz, metrics, static)
# The parts may run in one process or in several, each under a host name of its own.
PARTS = ("public", "intake", "console")
_READ_SECONDS = 60  # for one question of a page, on PostgreSQL
DEFAULT = frozenset({"public", "intake"})
# FastAPI would record what was asked and what failed, with its messages, for whatever collector the environment names.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


class PublicSite(FastAPI):
    """FastAPI with our layers outside everything, so that even the answer to a crash carries the headers; and before all
    of them what lies ready, which wakes nothing else."""

    _ready: ready.Ready | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        if scope["type"] == "http" and self._ready and (answer := self._ready.at_hand(scope)):
            self.state.counts.answered(scope["path"], answer[0]["status"], perf_counter() - begun)
            await send(answer[0])
            await send(answer[1])
        else:
            await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette calls this once, at the first request."""
        site: doors.Site = self.state.site
        larger = _larger_bodies(site.settings, self.state.parts)
        whole = front.Front(super().build_middleware_stack(), errors.refusal, larger)
        self._ready = ready.Ready(whole, site)
        limited = api.limits.Limits(self._ready, site.settings.api_per_minute, errors.refusal, front.completed)
        return measuring.Measured(translating.Languages(limited), self.state.counts)


class Compression:
    """Compresses answers on their way out, but for the open-data files, which lie compressed on the disk already, and for
    lists of checks: what is random (hashes) only costs time."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._packing = CompressMiddleware(app, minimum_size=500)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_plain = scope["type"] == "http" and (data.is_file(scope["path"]) or scope["path"] == api.checks.PATH)
        await (self._plain if is_plain else self._packing)(scope, receive, send)


def pages_of(part: str) -> tuple[Any, ...]:
    """The pages of a part, imported by whoever serves it: a public server never loads the console."""
    if part == "public":
        return PUBLIC_PAGES
    if part == "intake":
        from public_site.web import complaints, open311

        return (*complaints.PAGES, open311, follow.Keeping)
    from public_site.web import console

    return console.PAGES


def _larger_bodies(settings: Settings, parts: frozenset[str]) -> dict[str, int]:
    """Path → bytes: where more may be sent than `front.LARGEST_BODY`."""
    larger = {
        check.NEW: check.LARGEST_LIST,
        api.checks.PATH: api.checks.LARGEST,
        verify.PAGE: verify.LARGEST_RECEIPT,
    }
    if "intake" in parts:
        from public_site.web import complaints, open311

        larger |= dict.fromkeys((complaints.lodge.SEND, complaints.follow.ACT), complaints.arriving.LARGEST)
        larger[complaints.lodge.LODGE] = complaints.lodge.LARGEST_ANSWERS
        larger |= {f"{georeport.PREFIX}requests.{ending}": open311.LARGEST for ending in georeport.FORMATS}
    if "console" in parts:
        from public_site.web import console

        larger[console.notices.NEW] = (settings.file_limit_mb << 20) + front.LARGEST_BODY
    return larger


def create_app(settings: Settings, parts: frozenset[str] = DEFAULT) -> FastAPI:
    """The application that serves `parts`. The database must be current (`Database.require_current`)."""
    if unknown := parts - frozenset(PARTS):
        raise ValueError(f"unknown parts: {sorted(unknown)}")
    app = PublicSite(
        title="明绩", docs_url=None, redoc_url=None, openapi_url=None, max_body_size=front.LARGEST_BODY,
        redirect_slashes=False, telemetry=_NO_TELEMETRY,
    )  # fmt: skip
    app.state.parts = parts
    app.state.site = _site(settings, parts)
    errors.install(app)
    for media_type in (
        "text/csv",
        "application/problem+json",
        "application/geo+json",
        *(f.media_type for f in feeds.FORMATS),
    ):
        add_compress_type(media_type)
    app.add_middleware(Compression)
    if "console" in parts:
        from public_site.supervisors import NotSignedIn
        from public_site.web import console

        app.exception_handler(NotSignedIn)(console.guard.to_sign_in)
    for module in (*ALWAYS, *(page for part in sorted(parts) for page in pages_of(part))):
        direct.join(app, module.routes.routes)
    # What is asked of the intake is counted among all else: when somebody was at the form is nobody's business.
    counted = (*ALWAYS, *(page for part in sorted(parts - {"intake"}) for page in pages_of(part)))
    paths = [route.path for module in counted for route in module.routes.routes]
    app.state.counts = measures.Counts(paths, settings.run)
    return app


def register_of(settings: Settings, parts: frozenset[str]) -> Database:
    """The register as these parts read it: whoever has the console reads what they have just written, never a replica."""
    read_url = "" if "console" in parts else settings.read_url
    return Database(settings.register_url, read_url=read_url, read_seconds=_READ_SECONDS)


def _site(settings: Settings, parts: frozenset[str]) -> doors.Site:
    files = assets.Assets(shipped.STATIC)
    database = register_of(settings, parts)
    return doors.Site(
        settings=settings,
        database=database,
        index=engines.engine(settings),
        assets=files,
        templates=pages.environments(files, settings),
        build=assets.build(),
        complaints=Store(settings),
        newest=newest.Newest(database, settings.fresh_milliseconds / 1000),
        kept=kept.Kept(settings.ready_mb << 20),
        room=anyio.Semaphore(doors.READERS_IN_PROCESS if database.is_sqlite else doors.READERS_OF_A_SERVER),
    )
