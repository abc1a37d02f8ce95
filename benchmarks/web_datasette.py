"""Datasette over the plain file of `make bench-web`, as an application for the same server as everybody else's.

The file is immutable to it, so that it may remember what it counted; suggestions of facets, which nobody asked for, are
off; and its limits of time are lifted, because an answer without its facets is no answer.
"""

from __future__ import annotations

import os

from datasette.app import Datasette  # type: ignore[import-not-found,import-untyped,unused-ignore]
from starlette.types import ASGIApp

from benchmarks.web_servers import FILE

_SETTINGS = {
    "sql_time_limit_ms": 120_000, "facet_time_limit_ms": 120_000, "suggest_facets": False, "default_page_size": 50,
    "default_facet_size": 100, "max_returned_rows": 5_000, "max_csv_mb": 0,
}  # fmt: skip


def datasette() -> ASGIApp:
    """The application for a server (`--factory`), of the file named by the environment."""
    served: ASGIApp = Datasette(immutables=[os.environ[FILE]], settings=_SETTINGS, cors=True).app()
    return served
