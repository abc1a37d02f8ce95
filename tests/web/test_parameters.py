"""What a URL may say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from public_site.web import filters, words
from public_site.web.filters import Filters
from public_site.web.parameters import Parameters, ParametersRefused, UnknownParameter

README = Path(__file__).parents[2] / "README.md"
KNOWN = frozenset({"q", "day", "at", "flag", "near", "grade"})


def read(query: str, known: frozenset[str] = KNOWN) -> Parameters:
    return Parameters(Request({"type": "http", "query_string": query.encode(), "headers": []}), known)


def test_an_empty_value_is_no_value() -> None:
    given = read("q=&day=%20&flag=")
    assert (given.text("q"), given.day("day"), given.flag("flag")) == (None, None, False)
    given.settle()


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownParameter, match="at、day、flag、grade、near、q"):
        read("x=1")


@pytest.mark.parametrize("value", ["2024-2-1", "20240201", "2024-02-30", "２０２４-02-01", "2024-02-01T00:00"])
def test_a_day_is_written_in_one_way(value: str) -> None:
    given = read(f"day={value}")
    assert given.day("day") is None
    with pytest.raises(ParametersRefused):
        given.settle()


def test_a_moment_has_an_offset_and_survives_an_unescaped_plus() -> None:
    assert read("at=2024-01-01T08:00:00+08:00").moment("at") == datetime(2024, 1, 1, tzinfo=UTC)
    assert read("at=2024-01-01T08:00:00%2B08:00").moment("at") == datetime(2024, 1, 1, tzinfo=UTC)
    assert read("at=2024-01-01T00:00:00Z").moment("at") == datetime(2024, 1, 1, tzinfo=UTC)
    assert read("at=2024-01-01T00:00:00").moment("at") is None


@pytest.mark.parametrize("query", ["q=a&q=b", "q=" + "x" * 65, "q=%00", "q=%ff", "near=1", "near=nan,1", "flag=2"])
def test_what_cannot_be_meant_is_refused(query: str) -> None:
    given = read(query)
    given.text("q")
    given.flag("flag")
    given.numbers("near", 2, "1,2")
    with pytest.raises(ParametersRefused):
        given.settle()


_CODES = st.sampled_from(["500000", "110000", "130200", "500102"])
_FILTERS = st.builds(
    Filters,
    q=st.none() | st.sampled_from(["宏声", "A+ & B=C", "91130200699229617X"]),
    province=st.lists(_CODES, max_size=2, unique=True).map(tuple),
    county=st.lists(_CODES, max_size=2, unique=True).map(tuple),
    industry=st.lists(st.sampled_from(["陶瓷/建筑陶瓷", "水泥"]), max_size=2, unique=True).map(tuple),
    grade=st.lists(st.sampled_from(["A+", "A", "B-", "引领性"]), max_size=3, unique=True).map(tuple),
    overall=st.lists(st.sampled_from(["A+", "B", "incomparable"]), max_size=2, unique=True).map(tuple),
    scheme=st.lists(st.sampled_from(["national-2020", "local"]), max_size=2, unique=True).map(tuple),
    stage=st.lists(st.sampled_from(["proposed", "decided"]), max_size=2, unique=True).map(tuple),
    excellence=st.booleans(),
    unlisted=st.booleans(),
    downgraded_since=st.none() | st.just(date(2023, 1, 2)),
    near=st.none() | st.just((29.7, 107.39)),
    bbox=st.none() | st.just((105.2, 28.1, 110.2, 32.2)),
    as_of=st.none() | st.just(date(2024, 2, 29)),
    sort=st.none() | st.sampled_from(["since", "name"]),
    limit=st.none() | st.sampled_from([1, 1000]),
).map(lambda one: replace(one, near=None, sort=None, overall=()) if one.as_of else one)


@given(_FILTERS)
def test_a_list_is_its_url_and_the_url_is_the_list(wanted: Filters) -> None:
    url = wanted.url()
    query = url.partition("?")[2]
    assert filters.read(read(query, frozenset(filters.NAMES))) == wanted
    assert filters.read(read(query, frozenset(filters.NAMES))).url() == url


@given(_FILTERS)
def test_taking_back_what_was_chosen_gives_the_list_before(wanted: Filters) -> None:
    for name, value in (("industry", "包装印刷"), ("grade", "D"), ("scheme", "national-2026")):
        assert wanted.with_value(name, value).without_value(name, value) == wanted
    for name in ("excellence", "unlisted"):
        assert wanted.without_value(name, "1").with_value(name, "1").chosen(name) == ("1",)


@given(_FILTERS)
def test_a_choice_leads_to_the_list_with_it_or_without_it(wanted: Filters) -> None:
    told = (("industry", "水泥"), ("province", "500000"), ("county", "500102"), ("grade", "A+"), ("excellence", "1"))
    for name, value in told:
        choice = wanted.choice(name, value, "", 7, "/map")
        other = wanted.without_value(name, value) if choice.chosen else wanted.with_value(name, value)
        assert choice.url == other.url("/map")
        assert choice.chosen == (value in wanted.chosen(name))


def test_choosing_a_province_lets_go_of_the_city_and_county_before() -> None:
    wanted = Filters(province=("500000",), city=("500100",), county=("500102",))
    assert wanted.with_value("province", "110000") == Filters(province=("110000",))


def test_the_readme_names_exactly_the_parameters_of_the_list() -> None:
    row = next(line for line in README.read_text().splitlines() if line.startswith("| `/enterprises` |"))
    told = next(code for code in re.findall(r"`([^`]+)`", row) if code.startswith("q, "))
    assert tuple(told.split(", ")) == filters.NAMES


def test_every_parameter_of_the_list_has_a_name_in_words() -> None:
    assert set(filters.NAMES) <= words.PARAMETERS.keys()


@pytest.mark.parametrize(
    "query",
    ["overall=Q", "scheme=national-1999", "stage=maybe", "unlisted=0", "limit=0", "limit=1001", "limit=-1", "limit=٣"],
)
def test_a_filter_with_a_value_that_does_not_exist_is_refused(query: str) -> None:
    with pytest.raises(ParametersRefused, match=query.partition("=")[0]):
        filters.read(read(query, frozenset(filters.NAMES)))


@pytest.mark.parametrize("query", ["sort=since", "near=29.7,107.4", "near=29.7,107.4&sort=distance", "overall=A"])
def test_what_is_only_known_of_the_present_is_refused_for_a_past_day(query: str) -> None:
    with pytest.raises(ParametersRefused, match="查某一天当时的等级时"):
        filters.read(read(f"as_of=2024-01-01&{query}", frozenset(filters.NAMES)))
    assert filters.read(read("as_of=2024-01-01&sort=name", frozenset(filters.NAMES))).sort == "name"


def test_a_form_carries_no_order_into_a_day_that_does_not_have_it() -> None:
    assert Filters(sort="since", grade=("A",)).hidden("q") == [("grade", "A")]
    assert Filters(sort="name").hidden("q") == [("sort", "name")]
