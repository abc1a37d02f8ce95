"""The engine against a plain look at every document: the same sets, totals, facets and orders, for any corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from public_site import search
from public_site.search import Document, Engine, Query, fetched
from tests.search import naive

# Few characters, so that pieces repeat, names contain one another, and readings clash.
CHARACTERS = "重庆长江有限公司宏声（）A紙"
names = st.text(CHARACTERS, min_size=1, max_size=14).filter(lambda name: search.normal(name) != "")
texts = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=9),
    st.text(CHARACTERS + " ", min_size=1, max_size=9),
    st.text("chongqzajx", min_size=2, max_size=9),
    st.sampled_from(
        [
            "有限公司",
            "公司",
            "chongqing",
            "zhongqing",
            "changjiang",
            "cqcj",
            "zqc",
            "cj",
            "9150",
            "91500103",
            "91500103X",
        ]
    ),
)
provinces, cities = st.sampled_from(["500000", "130000"]), st.sampled_from(["500100", "130400", "130200"])
counties = st.sampled_from(["500103", "130426"])
industries = st.sampled_from(["水泥", "水泥/粉磨站", "陶瓷/建筑陶瓷", "陶瓷"])
grades = st.sampled_from(["A+", "A", "B", "B-", "引领性"])
schemes, stages = st.sampled_from(["national-2020", "local"]), st.sampled_from(["decided", "proposed"])
days = st.dates(date(2019, 1, 1), date(2026, 12, 31))
lats, lons = st.floats(29, 30), st.floats(106, 107)
boxes = st.tuples(lons, lats).map(lambda at: (at[0] - 0.3, at[1] - 0.2, at[0] + 0.2, at[1] + 0.3))


def few(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=2, unique=True).map(tuple)


documents = st.builds(
    Document,
    id=st.integers(1, 10_000_000),
    name=names,
    former_names=st.lists(names, max_size=2).map(tuple),
    credit_code=st.sampled_from([None, "91500103XAXAXAXAX1", "91500103YAXAXAXAX2", "915001030000000003"]),
    province=st.none() | provinces,
    city=st.none() | cities,
    county=st.none() | counties,
    industries=few(industries),
    grades=few(grades),
    overall=st.none() | grades,
    schemes=few(schemes),
    excellence=st.booleans(),
    downgraded_on=st.none() | days,
    unlisted=st.booleans(),
    stages=few(stages),
    lat=st.none() | lats.map(lambda lat: round(lat, 6)),
    lon=lons.map(lambda lon: round(lon, 6)),
    since=st.none() | days,
)
corpora = st.lists(documents, min_size=1, max_size=25, unique_by=lambda document: document.id)
queries = st.builds(
    Query,
    text=st.just("") | texts,
    provinces=st.just(()) | few(provinces),
    cities=st.just(()) | few(cities),
    counties=st.just(()) | few(counties),
    industries=st.just(()) | few(industries),
    grades=st.just(()) | few(grades),
    overall=st.just(()) | few(grades),
    schemes=st.just(()) | few(schemes),
    stages=st.just(()) | few(stages),
    excellence=st.none() | st.booleans(),
    unlisted=st.none() | st.booleans(),
    downgraded_since=st.none() | days,
    near=st.none() | st.tuples(lats, lons),
    bbox=st.none() | boxes,
    sort=st.sampled_from([None, "relevance", "since", "downgraded", "id"]),
    limit=st.sampled_from([1, 3, 50]),
)
questions = st.lists(st.one_of(queries, st.builds(Query, text=texts)), min_size=8, max_size=8)


@pytest.fixture(scope="module", params=["fetched", "counted"], autouse=True)
def way(request: pytest.FixtureRequest, kind: str) -> Iterator[None]:
    """Few hits are fetched, many are counted by the index: here both ways are gone for the same small registers."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "counted":
            if kind != "embedded":
                pytest.skip("a service always counts by itself")
            patch.setattr(fetched, "MANY", -1)
        yield


@settings(max_examples=60)
@given(corpora, questions)
def test_every_answer_is_that_of_a_plain_look_at_every_document(
    an_engine: Engine, corpus: list[Document], asked: list[Query]
) -> None:
    an_engine.rebuild(naive.register_of(corpus))
    for query in asked:
        found = an_engine.find(query)
        expected = naive.in_order(corpus, query)
        if found.approximate:
            assert not any(naive.finds_text(document, query) for document in corpus)
            continue
        assert found.total == len(expected)
        assert list(found.ids) == expected[: query.limit]
        assert dict(found.facets) == naive.facets(corpus, query)


@settings(max_examples=25)
@given(
    corpora,
    st.builds(
        Query,
        text=st.just("") | texts,
        sort=st.sampled_from([None, "relevance", "since", "downgraded", "id", "name"]),
        limit=st.integers(1, 4),
    ),
)
def test_pages_follow_each_other_without_gap_or_overlap(
    an_engine: Engine, corpus: list[Document], query: Query
) -> None:
    an_engine.rebuild(naive.register_of(corpus))
    first = an_engine.find(query)
    seen, cursor = list(first.ids), first.next
    while cursor is not None:
        page = an_engine.find(Query(text=query.text, sort=query.sort, limit=query.limit, cursor=cursor))
        assert page.total == first.total
        assert page.ids
        seen.extend(page.ids)
        cursor = page.next
    assert len(seen) == first.total == len(set(seen))


@settings(max_examples=25)
@given(
    corpora,
    st.tuples(lats, lons),
    st.sampled_from([0.5, 5.0, 20.0, 60.0, 500.0]),
    st.none() | boxes,
    st.integers(1, 5),
)
def test_distances_are_exact_and_pages_go_outward(
    an_engine: Engine,
    corpus: list[Document],
    near: tuple[float, float],
    radius: float,
    bbox: tuple[float, float, float, float] | None,
    limit: int,
) -> None:
    an_engine.rebuild(naive.register_of(corpus))
    query = Query(near=near, radius_km=radius, bbox=bbox, sort="distance", limit=limit)
    expected = naive.in_order(corpus, query)
    seen: list[int] = []
    far = {document.id: naive.metres(query, document) for document in corpus}
    while True:
        found = an_engine.find(query)
        assert found.total == len(expected)
        assert {number: round(km * 1000) for number, km in found.kilometres.items()} == {n: far[n] for n in found.ids}
        seen.extend(found.ids)
        if found.next is None:
            break
        query = replace(query, cursor=found.next)
    assert seen == expected
