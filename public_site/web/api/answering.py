"""What every answer of the API has in common: its envelope, the members one asked for, the link to the next page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from public_site import listings, register
from public_site.languages import _
from public_site.web import answers
from public_site.web.api.cursors import Paging
from public_site.web.api.schemas import Thing
from public_site.web.doors import Snapshot
from public_site.web.parameters import Parameters

LONGEST_FIELDS = 1000
Fields = frozenset[str] | None
Item = TypeVar("Item")


def fields(parameters: Parameters, thing: Thing) -> Fields:
    """The members asked for with `fields=` (separated by commas, or said again); None for all of them."""
    given = [name.strip() for value in parameters.raw("fields") for name in value[:LONGEST_FIELDS].split(",")]
    wanted = frozenset(filter(None, given))
    if not wanted <= thing.members:
        parameters.refuse("fields", _("可用的字段：{names}", names=_("、").join(sorted(thing.members))))
    return wanted | {thing.key} if wanted else None


def known(parameters: Parameters, snapshot: Snapshot) -> int | None:
    """`known_at` as an entry number: a moment means the last entry published by then."""
    at = parameters.known_at()
    if at is None or isinstance(at, int):
        return None if at is None else min(at, snapshot.number)
    return register.number_known_at(snapshot.connection, at)


def settle_order(parameters: Parameters, paging: Paging, *, narrowed: bool) -> None:
    """Refuse an order that would have to be made of the whole register, and whatever else was refused.

    Raises: ParametersRefused.
    """
    if paging.sort in listings.BY_DAY and not narrowed:
        parameters.refuse("sort", str(listings.TooMuchToSort()))
    parameters.settle()


def many(
    request: Request,
    snapshot: Snapshot,
    items: Iterable[Mapping[str, Any]],
    *,
    total: int,
    cursor: str | None,
    fields: Fields,
    **more: Any,
) -> Response:
    """A page of a list: `total`, `items`, `next` (also as the header Link), `entry`."""
    following = with_cursor(request, cursor) if cursor else None
    body = {"total": total, "items": [picked(item, fields) for item in items], **more, "next": following}
    response = answers.json(request, snapshot, body | {"entry": snapshot.number})
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def page(
    request: Request,
    snapshot: Snapshot,
    found: listings.Page[Item],
    shape: Callable[[Item], Mapping[str, Any]],
    paging: Paging,
    fields: Fields,
    **more: Any,
) -> Response:
    """A page of one of the register's own lists, each item in its `shape`."""
    cursor = paging.cursor(found.following)
    items = map(shape, found.items)
    return many(request, snapshot, items, total=found.total, cursor=cursor, fields=fields, **more)


def one(request: Request, snapshot: Snapshot, item: Mapping[str, Any], fields: Fields) -> Response:
    """One thing."""
    return answers.json(request, snapshot, picked(item, fields))


def picked(item: Mapping[str, Any], fields: Fields) -> Mapping[str, Any]:
    """The members asked for."""
    return item if fields is None else {name: value for name, value in item.items() if name in fields}


def with_cursor(request: Request, cursor: str) -> str:
    """The address of the same list further down."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*pairs, ('cursor', cursor)], safe=',')}"
