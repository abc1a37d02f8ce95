"""What a route may ask for; nothing else reaches a page.

`Reader` is one snapshot of the register: everything on a page is read through it, so a page is never half old and half
new. How many read at once is bounded here, where waiting holds no thread: a thread that waits for a connection could
keep the one that would give it back from running. `Index` finds ids. The doors of the public part open on nothing personal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import anyio
from fastapi import Depends, Request
from jinja2 import Environment
from sqlalchemy import Connection

from public_site import newest, points, register, search, years
from public_site.complaints import store as complaints_store
from public_site.database import Database, DatabaseBusy
from public_site.languages import _
from public_site.settings import Settings
from public_site.web import caching, kept
from public_site.web.assets import Assets
from public_site.web.parameters import Parameters

# Fewer than `database.POOL`, which downloads and /readyz share. SQLite answers in this process: more at once would only take
# turns at the same processor, each with two megabytes of pages; of a server they wait for the network.
READERS_IN_PROCESS, READERS_OF_A_SERVER = 4, 20
LONGEST_WAIT = 10.0
CHECKS_AT_ONCE = 2  # a long list takes a second of one core


Made = TypeVar("Made")


class Latest(Generic[Made]):
    """What was made for the register's latest entry; made once, and anew when N moves."""

    def __init__(self) -> None:
        self._held: tuple[int, Made] | None = None

    def of(self, number: int, make: Callable[[], Made]) -> Made:
        """What belongs to entry `number`."""
        held = self._held
        if held is None or held[0] != number:
            held = self._held = (number, make())
        return held[1]


@dataclass(frozen=True, slots=True)
class Site:
    """The joined parts of one process; made once by `create_app`."""

    settings: Settings
    database: Database
    index: search.Engine
    assets: Assets
    templates: Mapping[str, Environment]  # by language
    build: str
    complaints: complaints_store.Store
    newest: newest.Newest
    kept: kept.Kept
    room: anyio.Semaphore
    points: points.Keeper = field(default_factory=points.Keeper)
    years: Latest[list[years.Year]] = field(default_factory=Latest)
    checks: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(CHECKS_AT_ONCE))

    @property
    def serves_console(self) -> bool:
        """Whether this process may know what waits on desks."""
        return "console" in self.settings.parts.split(",")


@dataclass(slots=True)
class Snapshot:
    """The register at one moment, and what every page says about it.

    `limited`: whether the index went away while the page was made, so that something on it was found the plain way.
    """

    connection: Connection
    number: int
    published_at: str | None
    index_number: int
    limited: bool = False

    @property
    def current(self) -> bool:
        """False while the search index lags or is away: such a page says so and no cache keeps it."""
        return self.index_number >= self.number and not self.limited


def site(request: Request) -> Site:
    """The parts of this process."""
    found: Site = request.app.state.site
    return found


async def room(request: Request) -> AsyncIterator[None]:
    """Room for one more reader, for the length of the route.

    Raises: DatabaseBusy when too many have been reading for too long.
    """
    places = site(request).room
    try:
        places.acquire_nowait()
    except anyio.WouldBlock:
        try:
            with anyio.fail_after(LONGEST_WAIT):
                await places.acquire()
        except TimeoutError:
            raise DatabaseBusy(_("同时访问的人太多，请稍后再试。")) from None
    try:
        yield
    finally:
        places.release()


def snapshot(request: Request, _room: Annotated[None, Depends(room, scope="function")]) -> Iterator[Snapshot]:
    """One snapshot for the length of the route; "you have it already" is answered before anything is read."""
    parts = site(request)
    with parts.database.reading() as connection:
        number, published_at = register.latest(connection)
        index_number = parts.index.as_of()
        if index_number >= number:
            part = request.headers.get("hx-target") if caching.wants_part(request) else None
            if mine := caching.held(request, caching.tag(request, number, parts.build, part)):
                raise caching.NotModified(mine)
        yield Snapshot(connection, number, published_at, index_number)


@asynccontextmanager
async def turn_of(parts: Site, longest_wait: float | None) -> AsyncIterator[None]:
    """One's turn to have a list checked, waited for at most so many seconds (None: as long as it takes).

    Raises: DatabaseBusy when too many lists are waiting.
    """
    try:
        with anyio.fail_after(longest_wait):
            await parts.checks.acquire()
    except TimeoutError:
        raise DatabaseBusy(_("同时核查的名单太多，请稍后再试。")) from None
    try:
        yield
    finally:
        parts.checks.release()


async def turn(request: Request) -> AsyncIterator[None]:
    """One's turn for the length of the route; to be asked for before a snapshot, so that nobody waits while reading."""
    async with turn_of(site(request), LONGEST_WAIT):
        yield


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
Turn = Annotated[None, Depends(turn, scope="function")]
Reader = Annotated[Snapshot, Depends(snapshot, scope="function")]
Index = Annotated[search.Engine, Depends(index)]
TheSite = Annotated[Site, Depends(site)]
