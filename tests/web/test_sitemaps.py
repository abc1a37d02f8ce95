"""`/sitemap.xml` and its parts: every enterprise and notice once, with complete addresses; and what crawlers leave alone."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from public_site.web import sitemaps

NAMESPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def locations(visitor: Any, url: str) -> list[str]:
    answer = visitor.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    return [str(found) for found in etree.fromstring(answer.content).xpath("//s:loc/text()", namespaces=NAMESPACE)]


@pytest.mark.parametrize("size", [1, 7, 50_000])
def test_the_parts_hold_every_page_once_and_none_is_too_long(
    visitor: Any, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "SIZE", size)
    parts = [part.removeprefix("http://localhost") for part in locations(visitor, "/sitemap.xml")]
    assert len(parts) == 1 + -(-30 // size)
    found = [locations(visitor, part) for part in parts]
    assert all(len(part) <= size for part in found[1:])
    paths = [path.removeprefix("http://localhost") for part in found for path in part]
    assert len(paths) == len(set(paths))
    enterprises = {item["url"] for item in visitor.json("/api/v1/enterprises?limit=1000")["items"]}
    notices = {item["page"] for item in visitor.json("/api/v1/notices?limit=1000")["items"]}
    assert set(paths) == enterprises | notices | set(sitemaps.FIXED)
    assert all(visitor.get(path).status_code == 200 for path in paths)


def test_beyond_the_register_there_is_no_part(visitor: Any) -> None:
    assert visitor.get("/sitemaps/2.xml").status_code == 404
    assert visitor.get("/sitemaps/99999999999999999999.xml").status_code == 404


def test_addresses_are_complete_where_the_public_address_is_known(published: Any, visitor_of: Any) -> None:
    visitor = visitor_of(published.settings.model_copy(update={"base_url": "https://mingji.example.cn"}))
    assert locations(visitor, "/sitemap.xml")[0] == "https://mingji.example.cn/sitemaps/0.xml"
    assert "https://mingji.example.cn/enterprises/2" in locations(visitor, "/sitemaps/1.xml")
    assert "Sitemap: https://mingji.example.cn/sitemap.xml\n" in visitor.get("/robots.txt").text
    page = visitor.get("/enterprises/2?as_of=2022-06-01").text
    assert '<link rel="canonical" href="https://mingji.example.cn/enterprises/2">' in page
    assert "https://mingji.example.cn/enterprises/2?as_of=2022-06-01&amp;known_at=30" in page
