"""A list of enterprises as a file: its columns, and how the whole list is read without holding it in memory.

What this module knows that no other does: the ids are collected before the first byte is sent (eight bytes each), so a
list that changes meanwhile is noticed while an honest error is still possible; the lines are then read in batches, and
while a slow reader takes them in nothing is held but his place among the few downloads at once.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from public_site import records, register
from public_site.database import Database
from public_site.faults import NotReady
from public_site.languages import _

LONGEST_SECONDS = 300
COLLECTING_SECONDS = 30
MOST_DOWNLOADS = 4
_BATCH = 500
_DOWNLOADS = threading.BoundedSemaphore(MOST_DOWNLOADS)


class ListMoved(NotReady):
    """The list changed while it was being read, or could not be read in time."""


class TooManyDownloads(NotReady):
    """This process is writing as many lists as it may."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, how it is read off a line."""

    name: str
    meaning: str
    value: Callable[[records.EnterpriseLine], object]


COLUMNS = (
    Column("id", "本站企业编号，永不改变", lambda line: line.id),
    Column("name", "企业名称", lambda line: line.name),
    Column("former_names", "曾用名，以分号分隔", lambda line: ";".join(line.former_names)),
    Column("credit_code", "统一社会信用代码；公告未写明则为空", lambda line: line.credit_code),
    Column("province_code", "省级行政区划代码", lambda line: line.province and line.province.code),
    Column("province", "省级行政区", lambda line: line.province and line.province.name),
    Column("city_code", "地级行政区划代码", lambda line: line.city and line.city.code),
    Column("city", "地级行政区", lambda line: line.city and line.city.name),
    Column("county_code", "县级行政区划代码", lambda line: line.county and line.county.code),
    Column("county", "县级行政区", lambda line: line.county and line.county.name),
    Column("zone", "没有行政区划代码的园区、新区", lambda line: line.zone),
    Column("lat", "纬度（WGS 84）", lambda line: line.lat),
    Column("lon", "经度（WGS 84）", lambda line: line.lon),
    Column("overall_grade", "推出的总体等级；不可比或没有时为空", lambda line: line.overall_grade),
    Column(
        "overall_reason",
        "总体等级的由来：only_unit 唯一已确定的单元，lowest_of_units 取最低，not_comparable 不可比，no_grade 没有",
        lambda line: line.overall_reason,
    ),
    Column("excellence", "是否 A+ 企业：1 是，0 否", lambda line: int(line.excellence)),
    Column(
        "units",
        "各评级单元，以分号分隔：行业（生产线）=等级；只公示过、尚未见结果的写作 拟+等级",
        lambda line: ";".join(map(_unit, line.units)),
    ),
    Column("since", "各单元现有等级中最近一个自何日起", lambda line: line.since),
    Column("url", "企业页面的路径", lambda line: f"/enterprises/{line.id}"),
)


def rows(
    database: Database, connection: Connection, number: int, batches: Iterable[Sequence[int]], as_of: date | None
) -> Iterator[list[object]]:
    """The lines of a list as rows of `COLUMNS`; see `lines`."""
    return written(lines(database, connection, number, batches, as_of))


def written(lines: Generator[records.EnterpriseLine]) -> Iterator[list[object]]:
    """Lines as rows of `COLUMNS`; whoever stops taking rows gives the lines back."""
    with closing(lines):
        for line in lines:
            yield [column.value(line) for column in COLUMNS]


def lines(
    database: Database, connection: Connection, number: int, batches: Iterable[Sequence[int]], as_of: date | None
) -> Generator[records.EnterpriseLine]:
    """The lines of a list. `connection` is the caller's snapshot of entry `number`: it serves the ids of all
    `batches` and the first lines, which the caller fetches before it lets go of it; every later batch of lines opens a
    short snapshot of its own. What cannot be finished truthfully breaks off loudly.

    Raises: TooManyDownloads, ListMoved.
    """
    if not _DOWNLOADS.acquire(blocking=False):
        raise TooManyDownloads(_("正在下载名单的人太多，请稍后再试。"))
    try:
        begun = time.monotonic()
        ids = _collected(batches, begun + COLLECTING_SECONDS)
        day = as_of.isoformat() if as_of else None
        yield from records.lines(connection, ids[:_BATCH], as_of=day)
        for batch in register.batches(ids[_BATCH:], _BATCH):
            if time.monotonic() > begun + LONGEST_SECONDS:
                raise ListMoved(_("下载用时过长，已中止。"))
            with database.reading() as fresh:
                if register.latest_number(fresh) != number:
                    raise ListMoved(_("名单刚刚更新，请重新下载。"))
                found = records.lines(fresh, batch, as_of=day)
            yield from found
    finally:
        _DOWNLOADS.release()


def _collected(batches: Iterable[Sequence[int]], until: float) -> Sequence[int]:
    collected = array("q")
    for batch in batches:
        collected.extend(batch)
        if time.monotonic() > until:
            raise ListMoved(_("名单太长，未能及时备好，请缩小范围后再下载。"))
    return collected


def _unit(unit: records.UnitLine) -> str:
    what = f"{unit.industry or ''}（{unit.line}）" if unit.line else unit.industry or ""
    held = f"拟{unit.grade}" if unit.stage == "proposed" else unit.grade or ""
    return f"{what}={held}" + ("" if unit.listed else "（未再列入）")
