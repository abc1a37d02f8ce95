"""`/readyz` tells the truth: the register's number, how far each projection has come, and the versions that run."""

from __future__ import annotations

import sqlite3

import orjson
from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError

import public_site
from public_site import log, open_data, register, standings
from public_site.faults import NotReady
from public_site.web import doors

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/readyz")
def readiness(site: doors.TheSite) -> Response:
    """200 while pages can be answered truthfully, with the lag of what lags; 503 when they cannot."""
    body: dict[str, object] = {"version": public_site.__version__, "build": site.build}
    try:
        numbers = _numbers(site)
    except (NotReady, SQLAlchemyError, sqlite3.Error, OSError):
        return _said(503, body | {"ready": False, "entry": None, "reason": "登记数据库无法读取"})
    entry = numbers.pop("register")
    lag = {name: entry - reached for name, reached in numbers.items()}
    # The index only finds ids and the pages say when it lags; what stands in the database must not lag at all.
    ready = lag["standings"] == 0 and lag["log"] == 0
    told = {"ready": ready, "entry": entry, "as_of": numbers, "lag": lag, "open_data": _open_data(site, entry)}
    return _said(200 if ready else 503, body | told)


def _open_data(site: doors.Site, entry: int) -> dict[str, object]:
    """The latest version of the open data; it follows a publication after a while, and pages do not wait for it."""
    try:
        latest = open_data.read(site.settings.open_data_folder).latest
    except NotReady as fault:
        return {"version": None, "entry": 0, "lag": entry, "reason": str(fault)}
    reached = latest.entry if latest else 0
    return {"version": latest and latest.name, "entry": reached, "lag": entry - reached}


def _numbers(site: doors.Site) -> dict[str, int]:
    with site.database.reading() as connection:
        found = {
            "register": register.latest_number(connection),
            "standings": standings.as_of(connection),
            "log": log.as_of(connection),
        }
    try:
        found["search"] = site.index.as_of()
    except NotReady:
        found["search"] = 0
    return found


def _said(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
