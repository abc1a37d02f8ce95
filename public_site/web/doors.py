"""What a route may ask for; nothing else reaches a page.

`Reader` is one snapshot of the register: everything on a page is read through it, so a page is never half old and half
new. `Index` finds ids. The doors of the public part open on nothing personal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from jinja2 import Environment
from sqlalchemy import Connection

from public_site import register, search
from public_site.database import Database
from public_site.settings import Settings
from public_site.web import caching
from public_site.web.assets import Assets
from public_site.web.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Site:
    """The joined parts of one process; made once by `create_app`."""

    settings: Settings
    database: Database
    index: search.Engine
    assets: Assets
    templates: Environment
    build: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The register at one moment, and what every page says about it."""

    connection: Connection
    number: int
    published_at: str | None
    index_number: int

    @property
    def current(self) -> bool:
        """False while the search index lags: such a page says so and no cache keeps it."""
        return self.index_number >= self.number


def site(request: Request) -> Site:
    """The parts of this process."""
    found: Site = request.app.state.site
    return found


def snapshot(request: Request) -> Iterator[Snapshot]:
    """One snapshot for the length of the route; "you have it already" is answered before anything is read."""
    parts = site(request)
    with parts.database.reading() as connection:
        number = register.latest_number(connection)
        index_number = parts.index.as_of()
        if index_number >= number:
            part = request.headers.get("hx-target") if caching.wants_part(request) else None
            if mine := caching.held(request, caching.tag(number, parts.build, part)):
                raise caching.NotModified(mine)
        published_at = register.entry(connection, number).published_at if number else None
        yield Snapshot(connection, number, published_at, index_number)


def index(request: Request) -> search.Engine:
    """The search engine's face; it gives ids, never grades."""
    return site(request).index


def parameters(*known: str) -> Any:
    """The door for a URL that may say `known` after its question mark, and nothing else."""
    names = frozenset(known)

    def read(request: Request) -> Parameters:
        return Parameters(request, names)

    return Depends(read)


# The transaction ends before the answer is sent: a failure at its end is not answered 200.
Reader = Annotated[Snapshot, Depends(snapshot, scope="function")]
Index = Annotated[search.Engine, Depends(index)]
TheSite = Annotated[Site, Depends(site)]
