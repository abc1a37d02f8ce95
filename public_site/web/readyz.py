"""`/readyz` tells the truth: the register's number, how far each projection has come, what is stuck, and what runs.

Anybody may read it, so of what waits it says only whether it waits too long; the figures stand in `/metrics`.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError

import public_site
from public_site import condition
from public_site.condition import Condition
from public_site.faults import NotReady
from public_site.web import doors

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/readyz")
def readiness(site: doors.TheSite) -> Response:
    """200 while pages can be answered truthfully, with the lag of what lags; 503 when they cannot."""
    body: dict[str, object] = {"version": public_site.__version__, "build": site.build}
    try:
        found = condition.look(site.database, site.settings, site.index)
    except (NotReady, SQLAlchemyError, sqlite3.Error, OSError):
        return _said(503, body | {"ready": False, "entry": None, "reason": "登记数据库无法读取"})
    told = {
        "ready": found.is_ready,
        "entry": found.entry,
        "as_of": found.as_of,
        "lag": found.lag,
        "open_data": _open_data(found),
        "late": _late(site, found),
    }
    return _said(200 if found.is_ready else 503, body | told)


def _open_data(found: Condition) -> dict[str, object]:
    exported = found.open_data
    told: dict[str, object] = {
        "version": exported.version,
        "entry": exported.entry,
        "lag": found.entry - exported.entry,
    }
    if exported.reason:
        told["reason"] = exported.reason
    return told


def _late(site: doors.Site, found: Condition) -> dict[str, bool]:
    """What waits too long: true or false, and no more than this process's part may know."""
    at = datetime.now(UTC)
    told = {"search": found.lag["search"] > 0}
    if site.serves_console:
        queue = condition.uploads(site.database, at=at)
        desk = condition.desk(site.complaints, at=at)
        if queue is not None:
            told["uploads"] = queue.oldest_seconds > condition.LATE_UPLOAD_SECONDS
        if desk is not None:
            told["letters"] = desk.letters_given_up > 0 or desk.letter_days > condition.LATE_LETTER_DAYS
    return told


def _said(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
