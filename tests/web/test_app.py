"""What holds for every answer: headers, caching by N, HEAD, bounds, unknown parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from public_site.web import front
from public_site.web.app import ALWAYS, PUBLIC_PAGES, create_app

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = (
    "/",
    "/enterprises",
    "/enterprises?q=演示",
    "/enterprises/2",
    "/notices",
    "/notices/1",
    "/downgrades",
    "/excellence",
    "/follow",
)
DATA = (
    "/enterprises.json",
    "/enterprises.csv",
    "/enterprises.excel.csv",
    "/enterprises.xlsx",
    "/enterprises.geojson",
    "/enterprises.atom",
    "/enterprises.rss?q=演示",
    "/enterprises/2.json",
    "/enterprises/2.feed.json",
    "/enterprises/2/badge.svg",
    "/notices.atom",
    "/downgrades.rss",
    "/excellence.feed.json",
    "/log/checkpoint",
)


@pytest.mark.parametrize("url", [*PAGES, *DATA, "/healthz", "/readyz", "/no/such/page", "/enterprises?nonsense=1"])
def test_every_answer_carries_the_security_headers(visitor: Any, url: str) -> None:
    headers = visitor.get(url).headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "geolocation=()" in headers["permissions-policy"]
    assert "set-cookie" not in headers


@pytest.mark.parametrize("url", PAGES)
def test_every_page_passes_the_visitors_checks(visitor: Any, url: str) -> None:
    visitor.opens(url)


@pytest.mark.parametrize("url", [*PAGES, *DATA])
def test_public_answers_may_be_kept_and_are_known_by_n(visitor: Any, url: str) -> None:
    answer = visitor.get(url, accept_encoding="identity")
    assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=300"
    tag = answer.headers["etag"]
    assert re.fullmatch(r'"30\.[0-9a-f]{12}"', tag)
    again = visitor.get(url, accept_encoding="identity", if_none_match=f'"other", {tag}')
    assert again.status_code == 304
    assert again.headers["etag"] == tag
    assert again.content == b""
    assert visitor.get(url, if_none_match='"29.000000000000"').status_code == 200


@pytest.mark.parametrize("url", [*PAGES, *DATA])
def test_the_same_n_and_url_give_the_same_bytes(visitor: Any, url: str) -> None:
    one, other = (visitor.get(url, accept_encoding="identity") for _ in range(2))
    assert one.content == other.content


def test_a_tag_is_of_its_url_and_what_does_not_exist_is_never_unmodified(visitor: Any) -> None:
    tag = visitor.get("/enterprises/2", accept_encoding="identity").headers["etag"]
    for url, status in (
        ("/enterprises/99999999", 404),
        ("/enterprises?as_of=gestern", 400),
        ("/notices/2", 404),
        ("/enterprises/4", 200),
        ("/enterprises/2?as_of=2022-05-01", 200),
    ):
        assert visitor.get(url, if_none_match=tag).status_code == status, url


@pytest.mark.parametrize("block", ["title", "main", "head"])
def test_a_block_that_is_no_part_is_never_answered_alone(visitor: Any, block: str) -> None:
    for url in PAGES:
        answer = visitor.get(url, hx_request="true", hx_target=block)
        assert answer.text.startswith("<!doctype html>"), url


def test_compressed_bytes_have_a_tag_of_their_own(visitor: Any) -> None:
    plain = visitor.get("/enterprises", accept_encoding="identity").headers["etag"]
    packed = visitor.get("/enterprises", accept_encoding="br")
    assert packed.headers["content-encoding"] == "br"
    assert packed.headers["etag"] == f'{plain[:-1]}-br"'
    assert "Accept-Encoding" in packed.headers["vary"]
    again = visitor.get("/enterprises", accept_encoding="br", if_none_match=packed.headers["etag"])
    assert again.status_code == 304
    assert again.headers["etag"] == packed.headers["etag"]


def test_a_part_has_a_tag_of_its_own_and_varies_by_what_htmx_asks(visitor: Any) -> None:
    whole = visitor.get("/enterprises", accept_encoding="identity")
    part = visitor.get("/enterprises", accept_encoding="identity", hx_request="true", hx_target="results")
    assert whole.headers["vary"].startswith("HX-Request, HX-Target")
    assert part.headers["etag"] != whole.headers["etag"]
    wrong = visitor.get(
        "/enterprises", accept_encoding="identity", hx_request="true", hx_target="results",
        if_none_match=whole.headers["etag"],
    )  # fmt: skip
    assert wrong.status_code == 200


def test_what_nobody_declared_public_is_private(visitor: Any) -> None:
    for url in ("/healthz", "/readyz", "/no/such/page", "/enterprises?nonsense=1"):
        assert visitor.get(url).headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("url", [*PAGES, *DATA, "/no/such/page"])
def test_head_is_get_without_the_body(visitor: Any, url: str) -> None:
    head, get = visitor.client.head(url), visitor.client.get(url)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


def test_any_site_may_read_the_public_data(visitor: Any) -> None:
    for url in DATA:
        assert visitor.get(url).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in visitor.get("/").headers


def _urls() -> Iterator[str]:
    values = {
        "enterprise_id": "2", "notice_id": "1", "code": "91130200699229617X", "digest": "x", "name": "y", "number": "3",
        "part": "0", "token": "z", "version": "latest",
    }  # fmt: skip
    for module in (*PUBLIC_PAGES, *ALWAYS):
        for route in module.routes.routes:
            assert isinstance(route, APIRoute)
            if route.methods == {"POST"}:
                continue
            yield re.sub(r"\{(\w+)(:\w+)?\}", lambda match: values[match[1]], route.path)


def test_an_unknown_parameter_is_refused_everywhere(visitor: Any) -> None:
    urls = list(_urls())
    assert len(urls) >= 15
    for url in urls:
        assert visitor.get(f"{url}?nosuch=1").status_code == 400, url


def test_a_request_that_is_too_large_is_refused_before_anything_looks_at_it(visitor: Any) -> None:
    long_query = visitor.get("/enterprises?q=" + "a" * 10_000)
    assert long_query.status_code == 400
    body = visitor.client.post("/enterprises", content=b"x" * (front.LARGEST_BODY + 1))
    assert body.status_code == 413


def test_an_unknown_part_of_the_service_is_refused(published: Any) -> None:
    with pytest.raises(ValueError, match="unknown parts"):
        create_app(published.settings, frozenset({"nonsense"}))


def test_following_every_link_from_the_front_page_ends_nowhere_in_an_error(visitor: Any) -> None:
    waiting, seen = ["/"], set[str]()
    while waiting:
        url = waiting.pop()
        if url in seen or len(seen) > 250:
            continue
        seen.add(url)
        answer = visitor.get(url)
        assert answer.status_code == 200, url
        if answer.headers["content-type"].startswith("text/html"):
            page = visitor.opens(url)
            links = page.xpath("//a[not(contains(@rel, 'external'))]/@href | //link/@href | //script/@src")
            waiting += [link for link in links if not link.startswith("#")]
    assert len(seen) > 40
