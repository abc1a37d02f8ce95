"""A list of enterprises as CSV: its columns, and how the whole list is read without holding it in memory.

What this module knows that no other does: the ids are collected before the first byte is sent (eight bytes each), so a
list that changes meanwhile is noticed while an honest error is still possible; the lines are then read in batches
from one snapshot that cannot stay open for ever.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from public_site import records, register, search
from public_site.database import Database
from public_site.faults import NotReady
from public_site.web.filters import Filters

LONGEST_SECONDS = 300
MOST_IDS = 1000  # the most that the engines give at once
_BATCH = 500


class ListMoved(NotReady):
    """The list changed while it was being read."""


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
        "总体等级的由来：only_unit 唯一单元，lowest_of_units 取最低，not_comparable 不可比，no_grade 没有",
        lambda line: line.overall_reason,
    ),
    Column("excellence", "是否 A+ 企业：1 是，0 否", lambda line: int(line.excellence)),
    Column(
        "units",
        "各评级单元，以分号分隔：行业（生产线）=等级；公示中的写作 拟+等级",
        lambda line: ";".join(map(_unit, line.units)),
    ),
    Column("since", "最近一次决定的日期", lambda line: line.since),
    Column("url", "企业页面的路径", lambda line: f"/enterprises/{line.id}"),
)


def ids(find: Callable[[search.Query], search.Found], wanted: Filters) -> Sequence[int]:
    """Every id of the list, in order.

    Raises: ListMoved when the index was renewed meanwhile.
    """
    query = replace(wanted.query(MOST_IDS), cursor=None)
    found = find(query)
    collected, version = array("q", found.ids), found.as_of
    while found.next:
        found = find(replace(query, cursor=found.next))
        if found.as_of != version:
            raise ListMoved("名单刚刚更新，请重新下载。")
        collected.extend(found.ids)
    return collected


def rows(database: Database, ids: Sequence[int], as_of: date | None, number: int) -> Iterator[list[object]]:
    """The lines of `ids` as CSV rows. A list that moved on before the first line, or takes too long, breaks off loudly."""
    until = time.monotonic() + LONGEST_SECONDS
    day = as_of.isoformat() if as_of else None
    with database.reading() as connection:
        if register.latest_number(connection) != number:
            raise ListMoved("名单刚刚更新，请重新下载。")
        for batch in register.batches(ids, _BATCH):
            if time.monotonic() > until:
                raise ListMoved("下载用时过长，已中止。")
            for line in records.lines(connection, batch, as_of=day):
                yield [column.value(line) for column in COLUMNS]


def _unit(unit: records.UnitLine) -> str:
    what = f"{unit.industry or ''}（{unit.line}）" if unit.line else unit.industry or ""
    held = f"拟{unit.grade}" if unit.stage == "proposed" else unit.grade or ""
    return f"{what}={held}" + ("" if unit.listed else "（未再列入）")
