"""`/about`: what the site is and is not; `/about/grades` explains the grades; `/about/design` shows every element of the pages.

What this module knows that no other does: the example values of the living design page, which is made of the same macros
as the pages themselves.
"""

from __future__ import annotations

from types import SimpleNamespace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import grades
from public_site.languages import _
from public_site.web import doors, pages, timelines
from public_site.web.forms import Form
from public_site.web.timelines import Held

routes = APIRouter(dependencies=[doors.parameters()])


@routes.get("/about")
def about(request: Request, snapshot: doors.Reader) -> Response:
    """What this site does, what it does not do, and how it deals with what is personal."""
    return pages.page(request, snapshot, "about/about.html")


@routes.get("/about/grades")
def explained(request: Request, snapshot: doors.Reader) -> Response:
    """The scale, who decides, proposed against decided, what grades mean under an alert; with the sources."""
    return pages.page(request, snapshot, "about/grades.html", scale=grades.grades(), schemes=grades.schemes())


@routes.get("/about/design")
def design(request: Request, snapshot: doors.Reader) -> Response:
    """Each element of the design, from the macros the pages use."""
    return pages.page(request, snapshot, "about/design.html", scale=grades.grades(), lanes=_LANES, form=_form(),
                      years=_YEARS, counts=[(grade, 40 - 7 * at) for at, grade in enumerate(grades.grades()[:5])])  # fmt: skip


_LANES = timelines.drawn(
    [
        Held("1", "B", "2021-03-10", "2023-06-01"), Held("1", "A", "2023-06-01", "2025-01-15"),
        Held("1", "B", "2025-01-15", None), Held("2", "引领性", "2022-09-01", None),
    ],
    {"1": "", "2": ""}, "2026-06-30",
)  # fmt: skip
_YEARS = [SimpleNamespace(year=str(2020 + n), notices=3 + n, decisions=20 + 9 * n, downgrades=2 * n) for n in range(6)]


def _form() -> Form:
    """A form that was refused."""
    form = Form()
    form.refuse("design-place", _("请写明在哪个区县"))
    return form
