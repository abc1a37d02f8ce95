"""Cursors of lists in order of day: the last line shown, as `2024-04-24_1234`. Paging never counts rows to skip."""

from __future__ import annotations

import re
from collections.abc import Sequence

from public_site.languages import _
from public_site.web.parameters import LARGEST_NUMBER, Parameters

PAGE = 50
_DAY_AND_NUMBER = re.compile(r"(\d{4}-\d{2}-\d{2})_(\d{1,19})", re.ASCII)


def read(parameters: Parameters) -> tuple[str, int] | None:
    """The day and number after which the page begins.

    Raises: ParametersRefused.
    """
    given = parameters.text("cursor")
    if given is None:
        return None
    found = _DAY_AND_NUMBER.fullmatch(given)
    if found is None or int(found[2]) > LARGEST_NUMBER:
        parameters.refuse("cursor", _("不是本页给出的翻页位置，请从第一页开始"))
        parameters.settle()
        return None
    return found[1], int(found[2])


def following(path: str, shown: Sequence[tuple[str, int]]) -> str | None:
    """The URL of the next page after a full page of `shown` lines."""
    if len(shown) < PAGE:
        return None
    day, number = shown[-1]
    return f"{path}?cursor={day}_{number}"
