"""The lists of the register, page by page: each thing once, in order, counted exactly, and the same as its own view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from public_site import listings, records, register, standings
from public_site.database import Database
from public_site.enterprises import NoSuchEnterprise
from public_site.listings import EntryFilters, NoticeFilters, Page, UnitFilters
from tests.desk import Desk, row
from tests.trails import DAYS, Scribe, Step, histories

Item = TypeVar("Item")
examples = settings(max_examples=20)


@contextmanager
def register_of(history: list[Step]) -> Iterator[Connection]:
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'register.db'}")
        database.migrate()
        with database.writing() as connection:
            Scribe().write(connection, history)
            standings.catch_up(connection)
        with database.reading() as connection:
            yield connection
        database.close()


def whole(page_after: Callable[..., Page[Item]]) -> list[Item]:
    """Every item of a list, page by page; the total is the same and right on each."""
    after, found, totals = None, list[Item](), set[int]()
    while True:
        page = page_after(after=after)
        found += page.items
        totals.add(page.total)
        if page.following is None:
            break
        assert page.following != after
        after = page.following
    assert totals == {len(found)}
    return found


def by_id(listing: Callable[..., Page[Item]], *what: Any, **how: Any) -> Callable[..., Page[Item]]:
    """A list that begins after a number, asked as those that begin after a key."""
    return lambda after: listing(*what, after=after[1] if after else 0, **how)


def ids_of_enterprises(connection: Connection) -> list[int]:
    return [
        int(i) for (i,) in connection.execute(text("SELECT number FROM entry WHERE kind = 'enterprise_registered'"))
    ]


def views(connection: Connection, **when: Any) -> Iterator[records.EnterpriseView]:
    """Each enterprise's own view, as its page shows it."""
    for number in ids_of_enterprises(connection):
        try:
            yield records.enterprise(connection, number, **when)
        except (records.EnterpriseMerged, NoSuchEnterprise):
            continue


@examples
@given(histories, st.integers(1, 4))
def test_the_units_are_those_of_the_enterprises_now_and_on_every_day(history: list[Step], limit: int) -> None:
    with register_of(history) as connection:
        for day in (None, *DAYS[::3], "2023-01-02"):
            listed = whole(partial(listings.units, connection, UnitFilters(as_of=day), limit=limit))
            of_views = {(v.line.id, unit) for v in views(connection, as_of=day) for unit in v.line.units}
            assert {(one.enterprise.id, one.unit) for one in listed} == of_views
            assert [one.unit.id for one in listed] == sorted(one.unit.id for one in listed)


@examples
@given(histories, st.integers(1, 3))
def test_the_enterprises_as_once_known_are_those_that_each_entry_left(history: list[Step], limit: int) -> None:
    with register_of(history) as connection:
        for known in range(1, register.latest_number(connection) + 1, 3):
            listed = whole(by_id(listings.enterprises_known, connection, known, limit=limit))
            assert listed == [view.line for view in views(connection, known=known)]


@examples
@given(histories, st.integers(1, 5), st.sampled_from(["entry", "-entry"]))
def test_the_entries_are_the_register_whole(history: list[Step], limit: int, sort: str) -> None:
    with register_of(history) as connection:
        latest = register.latest_number(connection)
        everything = register.since(connection, 0)
        for known, kinds in (
            (None, ()),
            (latest // 2, ()),
            (None, ("graded", "corrected")),
            (latest // 2, ("graded",)),
        ):
            wanted = EntryFilters(kind=kinds, known=known)
            found = whole(partial(listings.entries, connection, wanted, sort=sort, limit=limit))
            expected = [e for e in everything if e.number <= (known or latest) and (not kinds or e.kind in kinds)]
            assert found == (expected if sort == "entry" else expected[::-1])


@examples
@given(histories, st.integers(1, 4), st.sampled_from(listings.BY_DAY))
def test_what_happened_to_an_enterprise_comes_by_day_whatever_has_none(
    history: list[Step], limit: int, sort: str
) -> None:
    with register_of(history) as connection:
        for number in ids_of_enterprises(connection):
            wanted = EntryFilters(enterprise=(number,))
            found = whole(partial(listings.entries, connection, wanted, sort=sort, limit=limit))
            keys = [(e.effective_on or "", e.number) for e in found]
            assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.fixture
def lists(desk: Desk) -> Desk:
    """Two notices and a proposal, on both databases."""
    desk.publish([row("演示甲有限公司", "B"), row("演示乙有限公司", "A", industry="陶瓷/建筑陶瓷")], on="2022-05-01")
    desk.publish([row("演示甲有限公司", "C"), row("演示丙有限公司", "C", county="江北区")], on="2023-05-01")
    desk.publish([row("演示丁有限公司", "A")], on="2024-05-01", title="重庆市生态环境局关于拟认定A级企业名单的公示")
    return desk


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (UnitFilters(), ["演示甲有限公司", "演示乙有限公司", "演示丙有限公司", "演示丁有限公司"]),
        (UnitFilters(grade=("A",)), ["演示乙有限公司", "演示丁有限公司"]),
        (UnitFilters(grade=("A", "C"), stage=("decided",)), ["演示甲有限公司", "演示乙有限公司", "演示丙有限公司"]),
        (UnitFilters(stage=("proposed",)), ["演示丁有限公司"]),
        (UnitFilters(industry=("陶瓷",)), ["演示乙有限公司"]),
        (UnitFilters(county=("500105",)), ["演示丙有限公司"]),
        (UnitFilters(province=("110000",)), []),
        (UnitFilters(grade=("B",), as_of="2022-12-31"), ["演示甲有限公司"]),
        (UnitFilters(unlisted=True), []),
    ],
)
def test_units_are_narrowed_by_what_they_show(lists: Desk, wanted: UnitFilters, names: list[str]) -> None:
    with lists.database.reading() as connection:
        page = listings.units(connection, wanted)
        assert [one.enterprise.name for one in page.items] == names
        assert page.total == len(names)


def test_notices_come_newest_first_and_are_narrowed(lists: Desk) -> None:
    with lists.database.reading() as connection:

        def days(wanted: NoticeFilters, sort: str = "-effective_on") -> list[str]:
            found = whole(partial(listings.notices, connection, wanted, sort=sort, limit=1))
            return [line.issued_on for line in found]

        assert days(NoticeFilters()) == ["2024-05-01", "2023-05-01", "2022-05-01"]
        assert days(NoticeFilters(), "id") == ["2022-05-01", "2023-05-01", "2024-05-01"]
        assert days(NoticeFilters(stage=("proposed",))) == ["2024-05-01"]
        assert days(NoticeFilters(issued_since="2023-05-01", issued_until="2023-12-31")) == ["2023-05-01"]
        assert days(NoticeFilters(division=("500000",), scheme=("national-2020",)))
        assert days(NoticeFilters(division=("110000",))) == []


def test_the_rows_of_a_notice_come_in_the_order_of_its_file(lists: Desk) -> None:
    with lists.database.reading() as connection:
        (first,) = listings.notices(connection, NoticeFilters(), sort="id", limit=1).items
        found = whole(by_id(listings.decisions, connection, first.id, limit=1))
    assert [decision.enterprise_name for decision in found] == ["演示甲有限公司", "演示乙有限公司"]


def test_the_whole_register_is_never_put_in_order_by_day(lists: Desk) -> None:
    with lists.database.reading() as connection:
        with pytest.raises(listings.TooMuchToSort, match="企业"):
            listings.units(connection, UnitFilters(), sort="-effective_on")
        with pytest.raises(listings.TooMuchToSort, match="公告"):
            listings.entries(connection, EntryFilters(), sort="effective_on")
        notice = listings.notices(connection, NoticeFilters(), sort="id", limit=1).items[0].id
        units = listings.units(connection, UnitFilters(notice=(notice,)), sort="-effective_on")
        assert [one.enterprise.name for one in units.items] == ["演示乙有限公司"]


def test_every_address_has_the_day_of_its_last_change(lists: Desk) -> None:
    with lists.database.reading() as connection:
        everything = dict(listings.addresses(connection, 0, lists.latest))
        enterprises = {f"/enterprises/{number}" for number in ids_of_enterprises(connection)}
        notices = {f"/notices/{line.id}" for line in listings.notices(connection, NoticeFilters()).items}
        first = f"/enterprises/{min(ids_of_enterprises(connection))}"
        assert everything.keys() == enterprises | notices
        assert everything[first] == "2023-05-01"
        halves = [*listings.addresses(connection, 0, 4), *listings.addresses(connection, 4, lists.latest)]
        assert dict(halves) == everything
        assert len(halves) == len(everything)
