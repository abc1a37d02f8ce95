"""Feeds as bytes: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, each with the way to what came before (RFC 5005).

What this module knows that no other does: feedgen and its traps. It puts new entries in front, writes the present
moment wherever none is given, and raises on signs that XML cannot hold and on moments without an offset. Here every
moment is given, signs are cleaned, and an entry that still cannot be written becomes a line that leads to its page:
one bad entry never kills a feed. The same feed is the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Any

import orjson
from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator

from public_site.languages import N_, _

NAME = N_("明绩")
# The namespace of the two elements that RSS and Atom have no word for: the entry number N and the signed checkpoint.
OURS = "urn:x-mingji:register"
_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an item's text: what it tells and, where it leads somewhere, an absolute address."""

    label: str
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item. `id` is a URI that never changes; moments are RFC 3339 with offset; `point` is (lat, lon) in WGS 84."""

    id: str
    title: str
    url: str
    published: str
    updated: str
    lines: tuple[Line, ...] = ()
    categories: tuple[str, ...] = ()
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, or one page further back of it (`is_archive`). Addresses are absolute; items are newest first.

    `language`: of its titles and labels (BCP 47), which is the current one while the feed is written.
    """

    id: str
    title: str
    subtitle: str
    page_url: str
    self_url: str
    current_url: str
    next_url: str | None
    is_archive: bool
    updated: str
    entry: int
    checkpoint: str
    items: tuple[Item, ...]
    language: str = "zh-CN"


def atom(feed: Feed) -> bytes:
    """Atom 1.0."""
    made: bytes = _generator(feed, "application/atom+xml").atom_str()
    return made


def rss(feed: Feed) -> bytes:
    """RSS 2.0 with the links of Atom."""
    made: bytes = _generator(feed, "application/rss+xml").rss_str()
    return made


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1; what it has no word for stands under `_mingji` and `_geo`."""
    whole: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": clean(feed.title),
        "home_page_url": feed.page_url,
        "feed_url": feed.self_url,
        "description": clean(feed.subtitle),
        "language": feed.language,
        "authors": [{"name": _(NAME)}],
    }
    if feed.next_url:
        whole["next_url"] = feed.next_url
    whole["_mingji"] = {"about": OURS, "entry": feed.entry, "checkpoint": feed.checkpoint, "updated": feed.updated}
    whole["items"] = [_json_item(item) for item in feed.items]
    return orjson.dumps(whole)


@dataclass(frozen=True, slots=True)
class Format:
    """A format: how its addresses end, what it is called, and who writes it."""

    ending: str
    media_type: str
    title: str
    write: Callable[[Feed], bytes]


FORMATS = (
    Format("atom", "application/atom+xml", "Atom", atom),
    Format("rss", "application/rss+xml", "RSS", rss),
    Format("feed.json", "application/feed+json", "JSON Feed", json_feed),
)


def clean(text: str) -> str:
    """Text without the signs that XML cannot hold."""
    return _NOT_XML.sub("", text)


def _json_item(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": item.id,
        "url": item.url,
        "title": clean(item.title),
        "content_html": _html(item),
        "date_published": item.published,
        "date_modified": item.updated,
        "tags": [clean(category) for category in item.categories],
    }
    if item.point:
        told["_geo"] = {"about": "https://datatracker.ietf.org/doc/html/rfc7946", "type": "Point",
                        "coordinates": [item.point[1], item.point[0]]}  # fmt: skip
    return told


def _html(item: Item) -> str:
    between = _("：")
    lines = (
        f"<p>{escape(clean(line.label))}{between}{_linked(line)}</p>" if line.label else f"<p>{_linked(line)}</p>"
        for line in item.lines
    )
    return "".join(lines) or f"<p>{escape(clean(item.title))}</p>"


def _linked(line: Line) -> str:
    told = escape(clean(line.text))
    return f'<a href="{escape(line.url)}">{told}</a>' if line.url else told


def _generator(feed: Feed, media_type: str) -> Any:
    made = FeedGenerator()
    made.load_extension("geo", atom=True, rss=True)
    made.register_extension("register", _RegisterExtension, BaseEntryExtension)
    made.register.feed = feed
    made.id(feed.id)
    made.title(clean(feed.title))
    made.subtitle(clean(feed.subtitle))
    made.author({"name": _(NAME)})
    made.language(feed.language)
    made.generator(_(NAME))
    made.updated(feed.updated)
    made.link(href=feed.self_url, rel="self", type=media_type)
    for rel, url in _ways(feed):
        made.link(href=url, rel=rel, type=media_type)
    made.link(href=feed.page_url, rel="alternate", type="text/html")  # the last link is RSS's own
    for item in feed.items:
        made.add_entry(_writable(item), order="append")
    return made


def _ways(feed: Feed) -> list[tuple[str, str]]:
    """RFC 5005: to what came before, in both words that readers know, and from there back to the newest."""
    ways = [("next", feed.next_url), ("prev-archive", feed.next_url)]
    ways += [("current", feed.current_url)] if feed.is_archive else []
    return [(rel, url) for rel, url in ways if url]


def _writable(item: Item) -> Any:
    """The item as feedgen takes it; one that cannot be written becomes its title and address."""
    try:
        made = _entry(item)
        made.atom_entry()
        made.rss_entry()
    except (ValueError, TypeError):
        plain = replace(item, title=clean(item.title) or item.url, lines=(), categories=(), point=None)
        return _entry(replace(plain, published=_with_offset(item.published), updated=_with_offset(item.updated)))
    return made


def _with_offset(moment: str) -> str:
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return "1970-01-01T00:00:00+00:00"
    return moment if found.tzinfo else f"{moment}+00:00"


def _entry(item: Item) -> Any:
    made = FeedEntry()
    made.load_extension("geo", atom=True, rss=True)
    made.id(item.id)
    made.title(clean(item.title))
    made.link(href=item.url, rel="alternate", type="text/html")
    made.published(item.published)
    made.updated(item.updated)
    made.content(_html(item), type="html")
    for category in item.categories:
        made.category({"term": clean(category)})
    if item.point:
        made.geo.point(f"{item.point[0]:.6f} {item.point[1]:.6f}")
    return made


class _RegisterExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """What feedgen does not write: RSS's links to the pages before, RFC 5005's mark, N and the checkpoint."""

    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return {"fh": _HISTORY, "mingji": OURS}

    def extend_atom(self, feed: Any) -> Any:
        self._tell(feed)
        return feed

    def extend_rss(self, feed: Any) -> Any:
        channel = feed[0]
        for rel, url in _ways(self.feed):
            _child(channel, f"{{{_ATOM}}}link").attrib.update({"href": url, "rel": rel})
        self._tell(channel)
        return feed

    def _tell(self, parent: Any) -> None:
        if self.feed.is_archive:
            _child(parent, f"{{{_HISTORY}}}archive")
        _child(parent, f"{{{OURS}}}entry").text = str(self.feed.entry)
        _child(parent, f"{{{OURS}}}checkpoint").text = self.feed.checkpoint


def _child(parent: Any, name: str) -> Any:
    made = parent.makeelement(name)
    parent.append(made)
    return made
