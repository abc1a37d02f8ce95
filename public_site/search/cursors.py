"""Where a page ended, as an opaque word. A cursor holds the key of the last hit, never a count of hits to skip:
it stays true while entries come and go, and the last page costs what the first does."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from public_site.search.values import CursorNotValid


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort it belongs to, the rank of the last hit (0 where the sort has none), its key and its id."""

    sort: str
    rank: int
    key: int | str
    id: int


def written(cursor: Cursor) -> str:
    plain = json.dumps([cursor.sort, cursor.rank, cursor.key, cursor.id], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read(text: str | None, *, sort: str) -> Cursor | None:
    """The cursor that a client brought back; None for a first page."""
    if text is None:
        return None
    try:
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise CursorNotValid from None
    if not (isinstance(values, list) and len(values) == 4):
        raise CursorNotValid
    of_sort, rank, key, last = values
    whole = all(type(number) is int and 0 <= number < 2**62 for number in (rank, last))
    if of_sort != sort or not whole or not _fits(key, sort):
        raise CursorNotValid
    return Cursor(sort, rank, key, last)


def _fits(key: object, sort: str) -> bool:
    if sort == "name":
        return isinstance(key, str) and len(key) <= 1000 and all(map(_is_of_name, key))
    return type(key) is int and 0 <= key < 2**62


def _is_of_name(character: str) -> bool:
    """Could this stand in a name's key? Anything that an engine's query language might read as its own may not."""
    return character.isalnum() or ord(character) >= 0x20000
