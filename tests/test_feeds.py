"""Feeds as bytes: what validators ask, nothing of the moment, and no bad entry that kills a feed."""

from __future__ import annotations

from dataclasses import replace

import feedparser
import orjson
import pytest
from lxml import etree

from public_site import feeds

ITEM = feeds.Item("tag:example.cn,2026:entry:7", "甲 <b>&", "https://example.cn/enterprises/7",
                  "2024-01-01T08:00:00.000000Z", "2024-01-01T08:00:00.000000Z",
                  (feeds.Line("企业", "甲<script>", "https://example.cn/?a=1&b=2"),), ("水泥",), (29.7, 107.39))  # fmt: skip
FEED = feeds.Feed("tag:example.cn,2026:feed:/x", "一份", "说明", "https://example.cn/x", "https://example.cn/x.atom",
                  "https://example.cn/x.atom", "https://example.cn/x.atom?cursor=7", False,
                  "2024-01-01T08:00:00.000000Z", 9, "example.cn/log\n9\nroot\n\n— example.cn/log sig\n", (ITEM,))  # fmt: skip
ATOM = "{http://www.w3.org/2005/Atom}"


def test_atom_has_what_rfc_4287_asks() -> None:
    root = etree.fromstring(feeds.atom(FEED))
    assert root.tag == f"{ATOM}feed"
    for parent in (root, root.find(f"{ATOM}entry")):
        assert [len(parent.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "明绩"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == FEED.self_url
    assert links["alternate"] == FEED.page_url
    assert links["next"] == links["prev-archive"] == FEED.next_url
    assert root.findtext("{urn:x-mingji:register}checkpoint") == FEED.checkpoint
    assert root.findtext("{urn:x-mingji:register}entry") == "9"
    names = [child.tag for child in root]
    assert names.index(f"{ATOM}entry") == len(names) - 1, "entries come last"


def test_rss_has_what_its_board_asks() -> None:
    channel = etree.fromstring(feeds.rss(FEED))[0]
    assert channel.findtext("link") == FEED.page_url
    assert channel.findtext("lastBuildDate") == "Mon, 01 Jan 2024 08:00:00 +0000"
    item = channel.find("item")
    assert item.find("guid").get("isPermaLink") == "false"
    assert item.findtext("guid") == ITEM.id
    assert item.findtext("link") == ITEM.url
    assert item.findtext("pubDate") == "Mon, 01 Jan 2024 08:00:00 +0000"
    assert item.findtext("{http://www.georss.org/georss}point") == "29.700000 107.390000"
    rels = {link.get("rel") for link in channel.findall(f"{ATOM}link")}
    assert rels == {"self", "next", "prev-archive"}


def test_json_feed_has_what_version_1_1_asks() -> None:
    whole = orjson.loads(feeds.json_feed(FEED))
    assert whole["version"] == "https://jsonfeed.org/version/1.1"
    assert whole["next_url"] == FEED.next_url
    assert whole["_mingji"]["checkpoint"] == FEED.checkpoint
    (item,) = whole["items"]
    assert item["id"] == ITEM.id
    assert item["_geo"]["coordinates"] == [107.39, 29.7]
    assert "<script>" not in item["content_html"]


@pytest.mark.parametrize("write", [feeds.atom, feeds.rss])
def test_an_independent_reader_reads_it_and_text_stays_text(write: object) -> None:
    assert callable(write)
    read = feedparser.parse(write(FEED))
    assert not read.bozo
    (entry,) = read.entries
    assert entry.id == ITEM.id
    told = entry.content[0].value if "content" in entry else entry.summary
    assert "<script" not in told and "甲&lt;script&gt;" in told
    assert entry.where["coordinates"] == (107.39, 29.7)


@pytest.mark.parametrize(
    "bad",
    [
        replace(ITEM, title="坏\x00\x1b\ufffe名"),
        replace(ITEM, title="坏\ud800名"),
        replace(ITEM, title="\x01"),
        replace(ITEM, lines=(feeds.Line("\x02", "\x0b坏"),), categories=("\x03坏",)),
        replace(ITEM, published="2024-01-01T08:00:00", updated="2024-01-01T08:00:00"),
        replace(ITEM, published="gestern"),
    ],
)
def test_one_bad_entry_never_kills_a_feed(bad: feeds.Item) -> None:
    feed = replace(FEED, items=(ITEM, replace(bad, id="tag:example.cn,2026:entry:6"), replace(ITEM, id="tag:x,2026:5")))
    for write in (feeds.atom, feeds.rss):
        read = feedparser.parse(write(feed))
        assert [entry.id for entry in read.entries] == [item.id for item in feed.items]
        assert all(entry.title for entry in read.entries)
    assert len(orjson.loads(feeds.json_feed(feed))["items"]) == 3


def test_the_same_feed_is_the_same_bytes_and_knows_no_present_moment() -> None:
    for form in feeds.FORMATS:
        assert form.write(FEED) == form.write(FEED)
        assert b"2026-1" not in form.write(FEED) and b"Nov 2026" not in form.write(FEED)


def test_an_older_page_says_that_it_is_one_and_leads_back() -> None:
    older = etree.fromstring(feeds.atom(replace(FEED, is_archive=True, next_url=None)))
    assert older.find("{http://purl.org/syndication/history/1.0}archive") is not None
    links = {link.get("rel"): link.get("href") for link in older.findall(f"{ATOM}link")}
    assert links["current"] == FEED.current_url
    assert "next" not in links
