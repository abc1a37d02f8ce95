"""The log as the files that watchers of transparency logs download: tiles of hashes and bundles of entries.

What this module knows that no other does: how C2SP tlog-tiles names and lays out its files. A tile of level L holds up to
256 hashes, each over 256**L entries; tile 1234067 is named `x001/x234/067`; a partial one ends in `.p/{how many}`. A
bundle holds the entries themselves, each after its length in two bytes. Nothing here ever changes once it can be read.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, text

from public_site import tree
from public_site.database import chosen
from public_site.faults import NotFound
from public_site.languages import _

WIDTH = 256
HIGHEST_LEVEL = 5  # 256**6 entries are more than there will be
_LONGEST_ENTRY = 0xFFFF
_NAME = re.compile(r"((?:x\d{3}/){0,4}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


class NoSuchTile(NotFound):
    """There is no tile of this name, or the log is not that long yet."""


def place(name: str) -> tuple[int, int]:
    """Which tile a name means, and how many hashes or entries of it: (index, width).

    Raises: NoSuchTile for a name that is not the one name of a tile.
    """
    read = _NAME.fullmatch(name)
    if read is None:
        raise NoSuchTile(_("没有这样的分块。分块的名称见 C2SP tlog-tiles，例如 x001/067 或 000.p/12。"))
    index = int(read[1].replace("x", "").replace("/", ""))
    width = int(read[2]) if read[2] else WIDTH
    if path(index) != read[1] or width > WIDTH or (read[2] and width == WIDTH):
        raise NoSuchTile(_("分块的名称写法不唯一，请按 C2SP tlog-tiles 书写。"))
    return index, width


def path(index: int) -> str:
    """The name of a tile: groups of three digits, all but the last with an x before them.

    >>> path(1234067)
    'x001/x234/067'
    """
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def hashes(connection: Connection, level: int, index: int, width: int, size: int) -> bytes:
    """The first `width` hashes of 32 bytes of a tile of the log of `size` entries.

    Raises: NoSuchTile.
    """
    first = index * WIDTH
    if not 0 <= level <= HIGHEST_LEVEL or first + width > size >> 8 * level:
        raise NoSuchTile(_("日志还没有这么长，没有这个分块。"))
    if level == 0:
        query = "SELECT leaf FROM entry WHERE number IN {values} ORDER BY number"
        numbers = list(range(first + 1, first + width + 1))
    else:
        query = "SELECT hash FROM tree_node WHERE place IN {values} ORDER BY place"
        numbers = [tree.place(8 * level, position) for position in range(first, first + width)]
    return b"".join(bytes(found) for (found,) in chosen(connection, query, numbers))


def bundle(connection: Connection, index: int, width: int, size: int) -> bytes:
    """The bodies of the first `width` entries of tile `index`, each after its length (two bytes, big-endian).

    Raises: NoSuchTile, also where an entry is longer than the format can say.
    """
    first = index * WIDTH
    if first + width > size:
        raise NoSuchTile(_("日志还没有这么长，没有这一束条目。"))
    query = text("SELECT body FROM entry WHERE number > :first AND number <= :last ORDER BY number")
    bodies = [body.encode() for (body,) in connection.execute(query, {"first": first, "last": first + width})]
    if any(len(body) > _LONGEST_ENTRY for body in bodies):
        raise NoSuchTile(_("这一束中有一条超过 65,535 字节，这种格式装不下；请用 /log/proof?entry= 逐条取。"))
    return b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
