"""Where a page of the API ended, as an opaque word: the list it belongs to, its order, and the key of its last item."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson

from public_site.listings import After
from public_site.search.values import LIMIT
from public_site.web.filters import LONGEST_CURSOR, PAGE
from public_site.web.parameters import LARGEST_NUMBER, Parameters


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is read: its order, where this page begins, how long it is."""

    name: str
    sort: str
    after: After | None
    limit: int

    def cursor(self, following: After | None) -> str | None:
        """The word for the page that begins after `following`; None at the end."""
        if following is None:
            return None
        return base64.urlsafe_b64encode(orjson.dumps([self.name, self.sort, *following])).decode().rstrip("=")


def read(parameters: Parameters, name: str, sorts: tuple[str, ...]) -> Paging:
    """The paging of list `name`; the first of its `sorts` is in force where none is asked for. Problems are noted."""
    sort = (parameters.choice("sort", sorts) if len(sorts) > 1 else None) or sorts[0]
    limit = parameters.whole("limit", 1, LIMIT) or PAGE
    given = parameters.text("cursor", longest=LONGEST_CURSOR)
    after = None if given is None else _after(given, name, sort)
    if given is not None and after is None:
        parameters.refuse("cursor", "不是这个列表、这种排序给出的翻页位置，请从第一页开始")
    return Paging(name, sort, after, limit)


def _after(given: str, name: str, sort: str) -> After | None:
    try:
        values: Any = orjson.loads(base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        return None
    if not (isinstance(values, list) and len(values) == 4 and values[:2] == [name, sort]):
        return None
    key, number = values[2:]
    whole = type(number) is int and 0 <= number <= LARGEST_NUMBER
    return (key, number) if whole and isinstance(key, str) and len(key) <= 100 and "\0" not in key else None
