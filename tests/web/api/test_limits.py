"""How often one may ask, and what every answer of the API carries."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from public_site.web import front
from public_site.web.api import limits
from public_site.web.api.limits import Buckets
from public_site.web.app import create_app

ANSWERS = [
    ("/api/v1/enterprises?limit=1", 200), ("/api/v1/enterprises/999999", 404), ("/api/v1/entries/999999", 404),
    ("/api/v1/notices/2/rows", 404), ("/api/v1/places/999999", 404), ("/api/v1/nosuch", 404), ("/api/v1/units?x=1", 400),
    ("/data/changes", 200), ("/data/changes?after=x", 400), ("/api/openapi.json", 200),
]  # fmt: skip


@pytest.mark.parametrize(("url", "status"), ANSWERS)
def test_every_answer_carries_the_headers_of_the_api(visitor: Any, url: str, status: int) -> None:
    answer = visitor.client.get(url)
    assert answer.status_code == status
    headers = answer.headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["content-language"] == "zh-CN"
    assert len(headers["x-request-id"]) == 36
    assert headers["ratelimit-policy"] == '"default";q=600;w=60'
    assert headers["ratelimit"].startswith('"default";r=')
    if status == 200:
        assert headers["cache-control"] == "public, max-age=60, stale-while-revalidate=300"
        again = visitor.client.get(url, headers={"if-none-match": headers["etag"]})
        assert again.status_code == 304
        assert again.headers["access-control-allow-origin"] == "*"
        assert "ratelimit" in again.headers
    else:
        body = answer.json()
        assert headers["content-type"] == "application/problem+json"
        assert body.keys() == {"type", "title", "status", "detail", "instance", "errors"}
        assert body["status"] == status
        assert body["instance"] == f"urn:uuid:{headers['x-request-id']}"


def test_whoever_asks_too_often_is_told_when_to_come_back(published: Any) -> None:
    app = create_app(published.settings.model_copy(update={"api_per_minute": 3}))
    with TestClient(app) as client:
        left = [client.get("/api/v1/entries/1").headers["ratelimit"] for _ in range(3)]
        refused = client.get("/api/v1/entries/1")
        assert [told[:13] for told in left] == ['"default";r=2', '"default";r=1', '"default";r=0']
        assert refused.status_code == 429
        assert refused.json()["status"] == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.headers["access-control-allow-origin"] == "*"
        assert refused.headers["cache-control"] == "private, no-store"
        assert client.get("/enterprises/2").status_code == 200  # pages are not counted
        assert client.get("/enterprises.json").status_code == 200


def test_without_a_limit_nothing_is_counted(published: Any) -> None:
    with TestClient(create_app(published.settings.model_copy(update={"api_per_minute": 0}))) as client:
        answer = client.get("/api/v1/entries/1")
    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers


def test_a_method_a_body_and_a_crash_are_answered_as_problems(published: Any) -> None:
    app: FastAPI = create_app(published.settings)

    @app.get("/api/v1/breaks")
    def breaks() -> None:
        raise RuntimeError("canary")

    with TestClient(app, raise_server_exceptions=False) as client:
        for answer, status in (
            (client.post("/api/v1/enterprises"), 405),
            (client.delete("/data/changes"), 405),
            (client.post("/api/v1/enterprises", content=b"x" * (front.LARGEST_BODY + 1)), 413),
            (client.get("/api/v1/enterprises?q=" + "a" * 10_000), 400),
            (client.get("/api/v1/breaks"), 500),
        ):
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.json()["status"] == status
            assert "canary" not in answer.text


@pytest.mark.parametrize("url", ["/api/v1/enterprises", "/data/changes", "/enterprises.json", "/log/checkpoint"])
def test_a_page_of_another_site_may_ask_with_conditions(visitor: Any, url: str) -> None:
    asked = {"origin": "https://example.org", "access-control-request-method": "GET",
             "access-control-request-headers": "if-none-match"}  # fmt: skip
    answer = visitor.client.options(url, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in answer.headers["access-control-allow-headers"]
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("url", ["/", "/complaints/new", "/enterprises"])
def test_pages_are_open_to_no_other_site(visitor: Any, url: str) -> None:
    asked = {"origin": "https://example.org", "access-control-request-method": "GET"}
    answer = visitor.client.options(url, headers=asked)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_a_bucket_fills_evenly_and_never_beyond_its_size() -> None:
    buckets = Buckets(60)  # one a second
    first = [buckets.take("1.2.3.4", now=0, day="a") for _ in range(61)]
    assert [taken.allowed for taken in first] == [True] * 60 + [False]
    assert (first[0].left, first[0].seconds, first[59].left, first[60].seconds) == (59, 1, 0, 1)
    assert buckets.take("1.2.3.4", now=0.9, day="a").allowed is False
    assert buckets.take("1.2.3.4", now=1.0, day="a").allowed is True
    assert buckets.take("1.2.3.4", now=10_000, day="a").left == 59
    assert buckets.take("5.6.7.8", now=1.0, day="a").left == 59


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200), st.integers(1, 50))
def test_nobody_ever_gets_more_than_the_size_and_what_was_refilled(pauses: list[float], size: int) -> None:
    buckets, now, allowed = Buckets(size), 0.0, 0
    for pause in pauses:
        now += pause
        allowed += buckets.take("x", now=now, day="a").allowed
        assert allowed <= size + now * size / limits.WINDOW + 1e-6


def test_a_household_of_ipv6_addresses_is_one_and_no_address_is_kept() -> None:
    buckets = Buckets(10)
    assert buckets.take("2001:db8:1:2::1", now=0, day="a").left == 9
    assert buckets.take("2001:db8:1:2:ffff::9", now=0, day="a").left == 8
    assert buckets.take("2001:db8:1:3::1", now=0, day="a").left == 9
    kept = set(buckets._levels)
    assert not [name for name in kept if b"2001" in name]
    buckets.take("2001:db8:1:2::1", now=0, day="b")
    assert len(buckets._levels) == 1
    assert not kept & set(buckets._levels)


def test_no_crowd_makes_the_memory_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BUCKETS", 100)
    buckets = Buckets(10)
    for number in range(5_000):
        buckets.take(f"10.0.{number // 256}.{number % 256}", now=number / 1000, day="a")
    assert len(buckets._levels) <= 100
    assert buckets.take("10.0.19.135", now=5, day="a").left == 8  # who asked last is remembered
