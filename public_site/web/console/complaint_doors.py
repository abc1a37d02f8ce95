"""Who sits at the complaints' desk: somebody of a body, with the complaints' key where their session unlocked it.

What this module knows that no other does: how a page of the console finds the desk that everything else is asked of, so
that no page ever names a body by itself.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Request

from public_site import supervisors
from public_site.complaints import handling, keys
from public_site.complaints.store import Store
from public_site.web import doors, pages
from public_site.web.console import guard

Supervisor = Annotated[supervisors.Person, guard.having("supervisor")]


def desk(request: Request, person: Supervisor) -> handling.Desk:
    """Raises: NotOpenYet, handling.NoBody."""
    return of(request, person)


Desk = Annotated[handling.Desk, Depends(desk)]


def of(request: Request, person: supervisors.Person) -> handling.Desk:
    """The desk of somebody who is known to be a supervisor. Raises: NotOpenYet, handling.NoBody."""
    return handling.desk(store(request), person.name, keys.unlocked(store(request), guard.held(request) or ""))


def store(request: Request) -> Store:
    """Where complaints are kept."""
    return doors.site(request).complaints


def today() -> date:
    """The day in China."""
    return pages.day_of(pages.now())
