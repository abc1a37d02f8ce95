"""`/metrics`: what an operator's Prometheus asks for (text format), and nobody else.

What this module knows that no other does: what the figures are called, and who may read them: whoever has the token of
`PUBLIC_SITE_METRICS_TOKEN_FILE`, or, where none is set, a program on this machine that no proxy forwarded. For everybody
else there is no such page. No label holds anything that a visitor wrote; complaints are counted to the day.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

import public_site
from public_site import condition, measures
from public_site.faults import NotFound, NotReady
from public_site.measures import Counts, Totals
from public_site.settings import Settings
from public_site.web import doors

routes = APIRouter(dependencies=[doors.parameters()])
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")
_HERE = frozenset({"127.0.0.1", "::1"})


class NotForYou(NotFound):
    """As though there were no such page."""


@routes.get("/metrics")
def metrics(request: Request, site: doors.TheSite) -> Response:
    """The figures of all workers of this server, whichever of them answers."""
    if not may_read(request, site.settings):
        raise NotForYou("")
    counts: Counts = request.app.state.counts
    counts.note(site.kept)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(site, counts.totals()))
    return Response(generate_latest(registry), media_type=MEDIA_TYPE)


def may_read(request: Request, settings: Settings) -> bool:
    """Whoever has the token; without one, a program on this machine that asks by itself."""
    if settings.metrics_token_file is not None:
        try:
            token = settings.metrics_token_file.read_bytes().strip()
        except OSError:
            return False
        given = request.headers.get("authorization", "").encode()
        return bool(token) and hmac.compare_digest(given, b"Bearer " + token)
    asked_by = request.client.host if request.client else ""
    return asked_by in _HERE and not any(name in request.headers for name in _FORWARDED)


class _Figures(Collector):
    """One scrape."""

    def __init__(self, site: doors.Site, totals: Totals) -> None:
        self._site, self._totals = site, totals

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            "mingji", "What runs.", {"version": public_site.__version__, "build": self._site.build[:64]}
        )
        yield from _answers(self._totals)
        yield from _processes(self._totals)
        yield from _register(self._site)
        if self._site.serves_console:
            yield from _queues(self._site)


def _answers(totals: Totals) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "mingji_requests", "Answers by page (first word of the URL) and class of status.", labels=("page", "status")
    )
    seconds = HistogramMetricFamily("mingji_request_seconds", "Seconds to the first byte.", labels=("page",))
    for page, answers in totals.answers.items():
        if not any(answers):
            continue
        for status, number in zip(measures.STATUSES, answers, strict=True):
            if number:
                requests.add_metric((page, status), number)
        *buckets, total = totals.seconds[page]
        seconds.add_metric((page,), _cumulative(buckets), total)
    yield requests
    yield seconds
    ready = totals.ready
    found = CounterMetricFamily(
        "mingji_ready_pages", "What was found in the store of ready answers.", labels=("found",)
    )
    for name in ("hits", "misses", "stale"):
        found.add_metric((name,), ready[name])
    yield found
    yield GaugeMetricFamily("mingji_ready_pages_bytes", "Bytes of ready answers held.", ready["size"])
    yield GaugeMetricFamily("mingji_ready_pages_held", "Ready answers held.", ready["count"])


def _cumulative(buckets: list[float]) -> list[tuple[str, float]]:
    """As the format wants them: each with all that were faster."""
    bounds, so_far = [*(f"{bound:g}" for bound in measures.BUCKETS), "+Inf"], 0.0
    told = []
    for bound, number in zip(bounds, buckets, strict=True):
        so_far += number
        told.append((bound, so_far))
    return told


def _processes(totals: Totals) -> Iterator[Metric]:
    yield GaugeMetricFamily("mingji_processes", "Web processes of this server.", len(totals.memory))
    memory = GaugeMetricFamily("mingji_memory_bytes", "Resident memory of web processes.", labels=("of",))
    memory.add_metric(("all",), sum(totals.memory))
    memory.add_metric(("largest",), max(totals.memory, default=0))
    yield memory


def _register(site: doors.Site) -> Iterator[Metric]:
    up = GaugeMetricFamily("mingji_database_up", "1 while the register's database can be read.")
    try:
        found = condition.look(site.database, site.settings, site.index)
    except (NotReady, SQLAlchemyError, sqlite3.Error, OSError):
        up.add_metric((), 0)
        yield up
        return
    up.add_metric((), 1)
    yield up
    yield GaugeMetricFamily("mingji_ready", "1 while pages can be answered truthfully.", int(found.is_ready))
    yield GaugeMetricFamily("mingji_entry", "N: the number of the register's latest entry.", found.entry)
    lag = GaugeMetricFamily("mingji_lag_entries", "Entries that a projection is behind.", labels=("projection",))
    for name, behind in (found.lag | {"open_data": found.entry - found.open_data.entry}).items():
        lag.add_metric((name,), behind)
    yield lag


def _queues(site: doors.Site) -> Iterator[Metric]:
    at = datetime.now(UTC)
    if (queue := condition.uploads(site.database, at=at)) is not None:
        yield GaugeMetricFamily("mingji_uploads_waiting", "Uploaded files that are not read yet.", queue.waiting)
        yield GaugeMetricFamily(
            "mingji_upload_oldest_seconds", "How long the oldest of them waits.", queue.oldest_seconds
        )
    if (desk := condition.desk(site.complaints, at=at)) is not None:
        yield GaugeMetricFamily(
            "mingji_complaints_waiting", "Complaints of before today that nobody accepted.", desk.complaints
        )
        yield GaugeMetricFamily(
            "mingji_complaint_oldest_days", "How long the oldest of them waits.", desk.complaint_days
        )
        yield GaugeMetricFamily("mingji_letters_unsent", "Letters that were tried and not taken.", desk.letters_unsent)
        yield GaugeMetricFamily("mingji_letters_given_up", "Letters that are tried no more.", desk.letters_given_up)
        yield GaugeMetricFamily(
            "mingji_letter_oldest_days", "Days that the oldest unsent letter waits.", desk.letter_days
        )
