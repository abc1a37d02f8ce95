"""`/complaints`: what the channel is, who answers by when, and what is public of the complaints themselves: counts of
closed quarters and how long bodies took, as they were written down once (`complaints/statistics.py`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from public_site import places
from public_site.complaints import categories, clocks, statistics
from public_site.faults import NotFound
from public_site.languages import N_, Words, _
from public_site.web import doors, pages, words
from public_site.web.parameters import Parameters

routes = APIRouter()
_KINDS = Words({"pollution": N_("举报污染"), "objection": N_("对评级有异议")})


class NoSuchQuarter(NotFound):
    """The counts of this quarter are not public, or not yet."""


@routes.get("/complaints")
def channel(
    request: Request, site: doors.TheSite, parameters: Annotated[Parameters, doors.parameters("quarter")]
) -> Response:
    """The channel in plain words, and a closed quarter: the last, or the one that is asked for."""
    named = parameters.text("quarter", longest=6)
    parameters.settle()
    closed = statistics.closed(site.complaints) if site.complaints.is_open else []
    shown = statistics.quarter(site.complaints, named or closed[0]) if closed else None
    if named and shown is None:
        raise NoSuchQuarter(_("没有这个季度的统计：还没有结束，或者那时还没有受理投诉。"))
    return pages.plain(
        request, "complaints/channel.html", status=200, is_open=site.complaints.is_open, closed=closed, quarter=shown,
        rows=_rows(shown) if shown else [], totals=_totals(shown) if shown else [], categories=categories.table(),
        kinds=_KINDS, clocks=clocks.table(), clock_names=clocks.NAMES, place_of=_place, least=statistics.LEAST, least_answers=statistics.LEAST_ANSWERS,
        channel=site.settings.complaint_channel, days=site.settings.complaint_days,
    )  # fmt: skip


def _rows(shown: statistics.Quarter) -> list[tuple[str, str, str, int]]:
    """(county's code, its name, category, complaints) for each cell that is shown; places by code."""
    table = categories.table()
    return [(place, _place(place), table[category][0], n) for (place, category), n in shown.cells.items()
            if place != statistics.COUNTRY and category in table]  # fmt: skip


def _totals(shown: statistics.Quarter) -> list[tuple[str, int | None]]:
    """(category, complaints in the whole country), None where that is not shown."""
    return [(title, shown.cells.get((statistics.COUNTRY, id))) for id, (title, _hint) in categories.table().items()]


def _place(code: str) -> str:
    return words.place_line(words.distinct_places(*places.lineage(code))) if places.is_division(code) else _("全国")
