"""Faults become pages for people and problem+json for programs, and never repeat what came in."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from public_site import faults
from public_site.web import errors
from public_site.web.app import create_app

CANARY = "zzcanary9"
PLANTED = (
    f"/{CANARY}",
    f"/enterprises/{CANARY}",
    f"/enterprises?{CANARY}=1",
    f"/enterprises?as_of={CANARY}",
    f"/enterprises?grade={CANARY}",
    f"/enterprises?province={CANARY}",
    f"/enterprises?cursor={CANARY}",
    f"/enterprises?sort={CANARY}",
    f"/enterprises?near={CANARY}",
    f"/enterprises.json?as_of={CANARY}",
    f"/enterprises.json?{CANARY}=1",
    f"/enterprises/2?as_of={CANARY}",
    f"/enterprises/2.json?known_at={CANARY}",
    f"/notices?cursor={CANARY}",
    f"/notices/1?after={CANARY}",
    f"/codes/{CANARY}",
    f"/static/{CANARY}/x.css",
)


@pytest.mark.parametrize("url", PLANTED)
def test_no_answer_to_an_error_repeats_a_value(visitor: Any, url: str) -> None:
    for accept in ("text/html", "application/json"):
        answer = visitor.get(url, accept=accept)
        assert 400 <= answer.status_code < 500, answer.status_code
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/no/such/page", 404),
        ("/enterprises/999999", 404),
        ("/enterprises/99999999999999999999999999", 404),
        ("/notices/999999", 404),
        ("/notices/2", 404),
        ("/enterprises?nonsense=1", 400),
        ("/enterprises/2?as_of=2024-13-01", 400),
        ("/enterprises?cursor=nonsense", 400),
        ("/codes/123", 400),
    ],
)
def test_an_error_is_a_whole_helpful_page_and_problem_json(visitor: Any, url: str, status: int) -> None:
    page = visitor.opens(url, status)
    assert page.xpath("//form[@action='/enterprises']//input[@name='q']")
    problem = visitor.get(url, accept="application/json")
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    body = problem.json()
    assert body.keys() == {"type", "title", "status", "detail", "instance", "errors"}
    assert body["status"] == status
    assert body["instance"].endswith(problem.headers["x-request-id"])


def test_data_urls_answer_in_problem_json_whatever_is_accepted(visitor: Any) -> None:
    answer = visitor.get("/enterprises.json?as_of=gestern")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"pointer": "/query/as_of", "detail": "应为年-月-日，例如 2024-04-24"}]


def test_several_problems_are_told_at_once(visitor: Any) -> None:
    body = visitor.json("/enterprises.json?as_of=x&grade=Q&near=1&excellence=yes", 400)
    assert {problem["pointer"] for problem in body["errors"]} == {
        "/query/as_of", "/query/grade", "/query/near", "/query/excellence",
    }  # fmt: skip


def test_a_method_that_is_not_offered_says_which_is(visitor: Any) -> None:
    answer = visitor.client.post("/enterprises")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.NotFound("没有"), 404),
        (faults.NotAllowed("不许"), 403),
        (faults.NotValid("不对"), 422),
        (faults.NotReady("等等"), 503),
        (faults.Fault("坏了"), 500),
    ],
)
def test_each_kind_of_fault_has_its_status(fault: faults.Fault, status: int) -> None:
    assert errors.status_of(fault) == status


@pytest.fixture
def breaking(published: Any) -> FastAPI:
    app = create_app(published.settings)

    @app.get("/breaks")
    def breaks() -> None:
        raise RuntimeError(CANARY)

    @app.get("/waits")
    def waits() -> None:
        raise faults.NotReady("正在重建")

    return app


def test_a_crash_is_answered_plainly_with_all_headers_and_without_its_cause(breaking: FastAPI) -> None:
    with TestClient(breaking, raise_server_exceptions=False) as client:
        answer = client.get("/breaks", headers={"accept": "text/html"})
        problem = client.get("/breaks", headers={"accept": "application/json"})
    assert answer.status_code == problem.status_code == 500
    assert CANARY not in answer.text + problem.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert problem.json()["status"] == 500


def test_not_ready_says_when_to_come_back(breaking: FastAPI) -> None:
    with TestClient(breaking, raise_server_exceptions=False) as client:
        answer = client.get("/waits", headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "正在重建" in answer.text


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422, 429, 500, 503])
def test_every_status_has_words_of_its_own(status: int) -> None:
    heading, remedy = errors.SAID[status]
    assert heading
    assert remedy


HOSTILE = {
    "only wildcards": "q=%2A%3F%25_",
    "a NUL": "q=%00",
    "emoji": "q=%F0%9F%8F%AD%F0%9F%92%A8",
    "bidi marks": "q=%E2%80%AE%E5%AE%8F%E5%A3%B0%E2%80%AC",
    "half a character": "q=%E5%AE",
    "two hundred filters": "&".join(f"industry=x{n}" for n in range(200)),
    "ten thousand characters": "q=" + "a" * 10_000,
    "a quote and a statement": "q=%27%3B+DROP+TABLE+entry%3B--",
    "numbers without end": "near=1e309,nan&radius_km=-1&bbox=9,9,1,1",
    "a parameter twice": "q=a&q=b",
    "the same filter many times": "&".join("grade=A" for _ in range(60)),
}


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_query_is_refused_or_answered_and_never_breaks(visitor: Any, query: str) -> None:
    for path in ("/enterprises", "/enterprises.json", "/enterprises.csv"):
        assert visitor.get(f"{path}?{query}").status_code in (200, 400)
