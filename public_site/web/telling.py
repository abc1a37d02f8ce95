"""Entries of the register as items of a feed: what a follower reads, and the answers that carry it.

What this module knows that no other does: how an entry is told in one line, that its id in every feed is the same tag
URI (made of the log's name, which never changes), and the addresses that a feed and its older pages have.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from public_site import feeds, languages, log, news, records
from public_site.languages import P_, _
from public_site.web import answers, pages, translating, words
from public_site.web.doors import Site, Snapshot
from public_site.web.parameters import LARGEST_NUMBER, Parameters

LONGEST_NUMBER = 18


def format_of(request: Request) -> feeds.Format:
    """The format that the address of a feed ends with."""
    return next(form for form in feeds.FORMATS if request.url.path.endswith(f".{form.ending}"))


def before(parameters: Parameters) -> int:
    """The entry number before which a page of a feed begins; the cursor of a feed.

    Raises: ParametersRefused.
    """
    given = parameters.text("cursor")
    if given is not None and not (given.isascii() and given.isdigit() and len(given) <= LONGEST_NUMBER):
        parameters.refuse("cursor", _("应为本订阅给出的翻页位置，请从第一页开始"))
    parameters.settle()
    return LARGEST_NUMBER if given is None else int(given)


def answer(
    request: Request,
    snapshot: Snapshot,
    page: news.Page,
    *,
    title: str,
    path: str,
    further: Callable[[str, int | None], str],
) -> Response:
    """A public feed. `path`: of the page it belongs to; `further(ending, before)`: the path of the feed, or of an
    older page of it."""
    return answers.public(request, snapshot, plain(request, snapshot, page, title=title, path=path, further=further))


def plain(
    request: Request,
    snapshot: Snapshot,
    page: news.Page,
    *,
    title: str,
    path: str,
    further: Callable[[str, int | None], str],
) -> Response:
    """A feed that no cache keeps; see `answer`."""
    site: Site = request.app.state.site
    form, root = format_of(request), translating.prefix(languages.current())
    at = answers.address(request) + root
    authority = (log.origin(snapshot.connection) or site.settings.origin).partition("/")[0].partition(":")[0]
    asked = request.query_params.get("cursor")
    since = page.items[0].event.published_at if page.items else snapshot.published_at or "1970-01-01T00:00:00Z"
    current = further(form.ending, None)
    feed = feeds.Feed(
        id=f"tag:{authority},2026:feed:{quote(root + further('atom', None), safe='/?=&,%')}",
        title=_("明绩：{title}", title=title),
        subtitle=_("重点行业企业大气环境绩效等级公开登记。逐条注明出处；未见公开记录不等于 D 级。"),
        language=languages.TAGS[languages.current()],
        page_url=at + path,
        self_url=at + (further(form.ending, int(asked)) if asked else current),
        current_url=at + current,
        next_url=at + further(form.ending, page.next) if page.next else None,
        is_archive=asked is not None,
        updated=since,
        entry=snapshot.number,
        checkpoint=log.checkpoint(snapshot.connection) if snapshot.number else "",
        items=tuple(_item(item, at, authority) for item in page.items),
    )
    return Response(form.write(feed), media_type=f"{form.media_type}; charset=utf-8")


def address_of(path: str) -> Callable[[str], str]:
    """The addresses of a page's feeds: the page's own with an ending."""
    return lambda ending: f"{path}.{ending}"


def beside(path: str) -> Callable[[str, int | None], str]:
    """The same, and of their older pages."""
    return lambda ending, before: f"{path}.{ending}?cursor={before}" if before else f"{path}.{ending}"


def links(path: Callable[[str], str], title: str) -> list[tuple[str, str, str]]:
    """What a page's head says of its feeds: address, media type, title."""
    return [
        (path(form.ending), form.media_type, _("{title}（{format}）", title=title, format=form.title))
        for form in feeds.FORMATS
    ]


def _item(item: news.Item, at: str, authority: str) -> feeds.Item:
    event, line = item.event, item.enterprise
    url = f"{at}/enterprises/{line.id}" if line else f"{at}/notices/{event.notice.id if event.notice else event.entry}"
    return feeds.Item(
        id=f"tag:{authority},2026:entry:{event.entry}",
        title=_title(item),
        url=url,
        published=event.published_at,
        updated=event.published_at,
        lines=tuple(_lines(item, at)),
        categories=_categories(item),
        point=(line.lat, line.lon) if line and line.lat is not None and line.lon is not None else None,
    )


def _categories(item: news.Item) -> tuple[str, ...]:
    province = item.enterprise.province if item.enterprise else None
    return tuple(filter(None, (province.name if province else None, item.event.industry, item.event.grade)))


def _title(item: news.Item) -> str:
    event, line = item.event, item.enterprise
    state = _("（已撤销）") if event.withdrawn else _("（后有更正）") if event.mended_by else ""
    if line is None:
        what = words.STAGES[event.stage or "decided"] if event.kind == "notice_published" else _amended(item)
        title = event.notice.title if event.notice else _("登记第 {number} 条", number=event.entry)
        return _("{what}：{title}{state}", what=what, title=title, state=state)
    grade = f" {_change(item)}" if event.grade and event.kind in (*words.WITH_GRADE, "corrected") else ""
    told = words.happened(event, line.id) + grade
    if event.industry:
        told = _("{told}（{industry}）", told=told, industry=words.industry(event.industry, "/"))
    return _("{what}：{title}{state}", what=words.enterprise_name(line.name), title=told, state=state)


def _amended(item: news.Item) -> str:
    return words.undone(item.event.mended_kind) if item.event.kind == "undone" else words.KINDS[item.event.kind]


def _change(item: news.Item) -> str:
    event = item.event
    earlier = event.before.get("grade") if event.kind == "corrected" else event.previous_grade
    now = _(event.grade) if event.grade else ""
    return f"{_(earlier)} → {now}" if earlier and earlier != event.grade else now


def _lines(item: news.Item, at: str) -> list[feeds.Line]:
    event, line, notice = item.event, item.enterprise, item.event.notice
    told: list[feeds.Line] = []
    if event.stage == "proposed":
        told.append(feeds.Line("", _("这是公示拟定的结果，征求意见之后可能改变。")))
    if line:
        told.append(feeds.Line(_(P_("one", "企业")), words.enterprise_name(line.name), f"{at}/enterprises/{line.id}"))
        if place := _place(line):
            told.append(feeds.Line(_("所在地"), place))
    industry = words.industry(event.industry, "/") if event.industry else None
    if what := " · ".join(filter(None, (industry, event.site, event.line))):
        told.append(feeds.Line(_("评级单元"), what))
    if event.effective_on:
        told.append(feeds.Line(_("自何日起"), event.effective_on))
    if event.reason:
        told.append(feeds.Line(_("理由"), event.reason))
    if notice:
        source = _("{issuer}《{title}》", issuer=notice.issuer, title=notice.title)
        row = _("，第 {row} 行", row=event.row) if event.row else ""
        told.append(feeds.Line(_("依据"), source + row, f"{at}/notices/{notice.id}"))
        told.append(feeds.Line(_("原始文件 SHA-256"), notice.sha256))
    moment = pages.moment(event.published_at)
    published = _("第 {number} 条，发布于 {moment}（北京时间）", number=event.entry, moment=moment)
    told.append(feeds.Line(_("登记"), published))
    return told


def _place(line: records.EnterpriseLine) -> str:
    return words.place_line(words.distinct_places(line.province, line.city, line.county))
