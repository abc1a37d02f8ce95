"""Every feed of the site: it parses, follows the register, loses nothing and tells nothing private."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree, html

from public_site import news, publishing
from tests.web.conftest import ATTACK, Publisher, Visitor

PAGES = (
    "/notices",
    "/downgrades",
    "/excellence",
    "/enterprises",
    "/enterprises?province=500000&q=演示",
    "/enterprises/2",
)


def entries(visitor: Visitor, url: str) -> list[Any]:
    """All entries of a feed, through every older page of it."""
    found: list[Any] = []
    while url:
        answer = visitor.get(url)
        assert answer.status_code == 200, (url, answer.text[:300])
        feed = feedparser.parse(answer.content)
        assert not feed.bozo, url
        found += feed.entries
        (*_, url) = ["", *(link.href for link in feed.feed.links if link.rel == "next")]
        url = url.removeprefix("http://testserver")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_page_leads_to_its_feeds_and_they_agree(visitor: Visitor, page: str) -> None:
    links = {
        link.get("type"): link.get("href")
        for link in visitor.opens(page).xpath("//head/link[@rel='alternate'][@type]")
        if link.get("type") != "application/json"
    }
    assert set(links) == {"application/atom+xml", "application/rss+xml", "application/feed+json"}
    atom, rss = entries(visitor, links["application/atom+xml"]), entries(visitor, links["application/rss+xml"])
    told = visitor.json(links["application/feed+json"])
    assert atom
    assert [e.id for e in atom] == [e.id for e in rss] == [item["id"] for item in told["items"]]
    assert [e.title for e in atom] == [e.title for e in rss] == [item["title"] for item in told["items"]]
    numbers = [int(e.id.rpartition(":")[2]) for e in atom]
    assert numbers == sorted(numbers, reverse=True)
    assert told["_mingji"]["checkpoint"] == visitor.get("/log/checkpoint").text
    assert told["_mingji"]["entry"] == 30
    for form in ("atom", "rss", "feed.json"):
        media_type = visitor.get(page.replace("?", f".{form}?") if "?" in page else f"{page}.{form}").headers
        assert media_type["content-type"].startswith(("application/atom", "application/rss", "application/feed"))


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_every_feed_is_what_its_standard_asks_for(visitor: Visitor, form: str) -> None:
    schema = etree.RelaxNG(file=str(Path(__file__).parents[1] / "samples" / "feeds" / f"{form}.rng"))
    feeds = [visitor.get(p.replace("?", f".{form}?") if "?" in p else f"{p}.{form}").content for p in PAGES]
    for feed in feeds:
        schema.assertValid(etree.fromstring(feed))
    for needed in ("id", "updated") if form == "atom" else ("guid", "link"):
        broken = etree.fromstring(feeds[0])
        lost = broken.find(f".//{{*}}{needed}")
        lost.getparent().remove(lost)
        assert not schema.validate(broken), f"a feed without {needed} passes"


def test_feeds_tell_what_happened_in_words(visitor: Visitor) -> None:
    titles = [e.title for e in entries(visitor, "/enterprises.atom")]
    assert "演示甲包装有限公司：升级 C → B（包装印刷）" in titles
    assert "演示甲包装有限公司：拟升级 B → A（包装印刷）" in titles
    assert [e.title for e in entries(visitor, "/downgrades.rss")] == ["演示乙玻璃有限公司：降级 A → C（玻璃）"]
    assert [e.title.partition("：")[0] for e in entries(visitor, "/excellence.atom")] == ["演示戊焦化有限公司"]
    assert entries(visitor, "/notices.atom")[-1].title == "公告：重庆市2021年绩效评级结果的公告"


def test_a_name_that_is_an_attack_stays_text(visitor: Visitor) -> None:
    attacks = [e for e in entries(visitor, "/enterprises.atom") if "img" in e.title]
    assert attacks
    raw = visitor.get("/enterprises.feed.json").json()
    for item in raw["items"]:
        assert not html.fragment_fromstring(item["content_html"], create_parent="div").xpath(".//img")
    assert any(ATTACK in item["title"] for item in raw["items"])


def test_nothing_is_lost_between_the_pages_of_a_feed(
    tmp_path: Path, make_publisher: Any, visitor_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher: Publisher = make_publisher(tmp_path / "data")
    for batch in range(3):
        rows = ({"name": f"演示第{batch}批{n}号有限公司", "industry": ("水泥", "玻璃")[n % 2]} for n in range(60))
        publisher.publish(f"演示第{batch}批", f"2024-0{batch + 1}-01", *rows)
    publisher.index()
    visitor = visitor_of(publisher.settings)
    assert len({e.id for e in entries(visitor, "/enterprises.atom")}) == 180
    few = [e.id for e in entries(visitor, "/enterprises.atom?industry=%E6%B0%B4%E6%B3%A5")]
    assert len(few) == len(set(few)) == 90
    monkeypatch.setattr(news, "FEW", 10)
    monkeypatch.setattr(news, "_BATCH", 20)
    monkeypatch.setattr(news, "_MOST_BATCHES", 2)
    assert [e.id for e in entries(visitor, "/enterprises.atom?industry=%E6%B0%B4%E6%B3%A5")] == few


def test_amendments_are_told_and_mended_entries_say_so(
    tmp_path: Path, make_publisher: Any, visitor_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher: Publisher = make_publisher(tmp_path / "data")
    notice = publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, {"name": "演示乙有限公司"})
    visitor = visitor_of(publisher.settings)
    publisher.index()
    first, second = (item["id"] for item in visitor.json("/enterprises.json?sort=id")["items"])
    publisher.correct(first + 1, {"grade": "C"}, "看错了")
    publisher.amend(publishing.draft_notice_withdrawal, notice)
    publisher.index()
    titles = [e.title for e in entries(visitor, f"/enterprises/{first}.atom")]
    assert any("更正 B → C" in title for title in titles), titles
    assert next(iter(entries(visitor, "/notices.atom"))).title.startswith("公告撤销：演示名单")
    for followed in ("/enterprises.atom", "/enterprises.atom?q=演示乙"):
        assert next(iter(entries(visitor, followed))).title.startswith("公告撤销：演示名单"), followed
    assert not any("公告" in e.title for e in entries(visitor, "/enterprises.atom?q=无关"))
    monkeypatch.setattr(news, "FEW", 0)
    assert next(iter(entries(visitor, "/enterprises.atom?q=演示乙"))).title.startswith("公告撤销：演示名单")
    assert visitor.get(f"/enterprises/{second}.rss").status_code == 200


def test_a_merged_enterprises_feed_leads_to_the_one_it_is_now(
    tmp_path: Path, make_publisher: Any, visitor_of: Any
) -> None:
    publisher: Publisher = make_publisher(tmp_path / "data")
    publisher.publish(
        "演示名单", "2024-01-01", {"name": "演示甲有限公司"}, {"name": "演示乙有限公司", "industry": "水泥"}
    )
    publisher.index()
    visitor = visitor_of(publisher.settings)
    first, second = (item["id"] for item in visitor.json("/enterprises.json?sort=id")["items"])
    publisher.amend(publishing.draft_merge, second, first)
    publisher.index()
    for ending in (".atom", ".feed.json", "/badge.svg", "/card"):
        led = visitor.get(f"/enterprises/{second}{ending}")
        assert led.status_code == 302
        assert led.headers["location"] == f"/enterprises/{first}{ending}"
    titles = [e.title for e in entries(visitor, "/enterprises.atom?q=演示甲")]
    assert any("合并" in title for title in titles)
    assert sum("水泥" in title for title in titles) == 1


@pytest.mark.parametrize("url", ["/notices.atom?cursor=x", "/enterprises.rss?cursor=-1", "/enterprises.atom?as_of=2024-01-01",
                                 "/enterprises/2.atom?as_of=2024-01-01", "/downgrades.rss?nosuch=1"])  # fmt: skip
def test_what_a_feed_does_not_know_is_refused(visitor: Visitor, url: str) -> None:
    answer = visitor.get(url)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_there_is_no_feed_of_what_does_not_exist(visitor: Visitor) -> None:
    for url in ("/enterprises/99999999.atom", "/notices.pdf", "/enterprises/99999999/badge.svg"):
        assert visitor.get(url).status_code == 404


def test_private_values_appear_in_no_feed_and_no_download(tmp_path: Path, make_publisher: Any, visitor_of: Any) -> None:
    from public_site import error_reports
    from public_site.web import pages

    publisher: Publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司", "grade": "A+"}, {"name": "演示乙有限公司"})
    canary = "金丝雀7Q2X"
    error_reports.send(publisher.database, about="none", about_id=None, said=canary, url=None, once="一次",
                       address=canary, at=pages.now())  # fmt: skip
    publishing.draft_notice_withdrawal(publisher.database, 1, reason=canary, by=canary, at=publisher.at)
    publisher.index()
    visitor = visitor_of(publisher.settings)
    bases = ("/notices", "/downgrades", "/excellence", "/enterprises", "/enterprises/2")
    urls = [f"{base}.{ending}" for base in bases for ending in ("atom", "rss", "feed.json")]
    for url in [*urls, *(f"/enterprises.{kind}" for kind in ("csv", "excel.csv", "geojson")), "/enterprises/2/card"]:
        answer = visitor.get(url)
        assert answer.status_code == 200, url
        assert "演示" in answer.text or "/downgrades" in url, url
        assert canary not in answer.text, url
        assert canary.encode("unicode-escape") not in answer.content, url
