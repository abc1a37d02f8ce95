"""Pages: a whole page, or only the part that htmx asked for.

What this module knows that no other does: how the templates are set up (strict, escaping, macros under the global name
`ui`), how values of the register are written for readers in Chinese, and when a request wants a part. A part is a named
block in its page's own file, and the id of the element it swaps is the block's name; no other block is ever answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from markupsafe import Markup, escape

from public_site import languages, search, shipped
from public_site.settings import Settings
from public_site.web import assets, caching, marks, stamping, translating, words
from public_site.web.doors import Site, Snapshot

_CHINA = timezone(timedelta(hours=8))
_PART = re.compile(r"{% block (\w+) %}\s*<\w+ id=\"\1\"")


class _Environments(dict[str, Environment]):
    """Made when somebody first asks for a page in the language; asked twice at once, one of the two stays."""

    def __init__(self, files: assets.Assets, settings: Settings) -> None:
        super().__init__()
        self._files, self._settings = files, settings

    def __missing__(self, language: str) -> Environment:
        return self.setdefault(language, environment(self._files, self._settings, language))


def environments(files: assets.Assets, settings: Settings) -> Mapping[str, Environment]:
    """The templates of every language."""
    return _Environments(files, settings)


def environment(files: assets.Assets, settings: Settings, language: str = languages.CHINESE) -> Environment:
    """The templates in one language, with every name a template may use."""
    env = translating.Templates(
        language,
        loader=FileSystemLoader(shipped.TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=translating.Compiled(language),
    )
    env.filters |= {
        "day": day,
        "long_day": long_day,
        "moment": moment,
        "number": number,
        "size": size,
        "day_of": day_of,
    }
    env.globals |= {
        "static": files.url,
        "demo": settings.demo,
        "words": words,
        "marks": marks,
        "marked": marked,
    }
    env.globals |= {"filings": settings.filings, "address": settings.base_url, "as_json": as_json}

    def once(macro: str, most: int) -> Callable[..., Any]:
        """A macro of `ui` whose text is kept: a page shows the same few a hundred times over."""

        @lru_cache(maxsize=most)
        def written(*told: Any, **more: Any) -> Any:
            return getattr(ui, macro)(*told, **more)

        return written

    env.globals |= {"mark": once("grade", 256), "placed": once("divisions", 4096), "held": once("unit", 1024)}
    # As a global, because a macro imported at the top of a page is undefined when one of its blocks is rendered alone.
    ui: Any = env.get_template("ui.html").module
    env.globals["ui"] = ui
    return env


def compile_templates(settings: Settings) -> int:
    """Have every template compiled and kept, in every language; how many there are."""
    files = assets.Assets(shipped.STATIC)
    compiled = 0
    for language in languages.TAGS:
        templates_ = environment(files, settings, language)
        names = templates_.list_templates()
        for name in names:
            templates_.get_template(name)
        compiled += len(names)
    return compiled


def page(
    request: Request, snapshot: Snapshot, template: str, *, also: str = "", subject: int | None = None, **context: Any
) -> Response:
    """A public page as of the snapshot's entry, or the one part of it that was asked for.

    `also`: what else the page is a function of, such as the version of the open data. `subject`: the only enterprise that
    the page tells of; N and its moment may then stand in the shell only.

    Raises: NotModified when the caller holds exactly this already.
    """
    site: Site = request.app.state.site
    part = _part(request, templates(site), template)
    current = caching.tag(request, snapshot.number, site.build + also, part)
    if mine := caching.held(request, current):
        raise caching.NotModified(mine)
    if subject is not None and part is None and "asked" in request.scope:
        response = _stamped(request, snapshot, template, subject, context)
    else:
        response = HTMLResponse(_rendered(request, template, part, snapshot=snapshot, **context))
    packed = "content-encoding" in response.headers  # else the compression adds it
    response.headers["Vary"] = f"{caching.PAGE_VARIES}, Accept-Encoding" if packed else caching.PAGE_VARIES
    if snapshot.current and also:
        caching.declare_public(response, current)
    elif snapshot.current:
        caching.declare_of_entry(request, response, snapshot.number, current)
    return response


def stamps(number_: int, published_at: str) -> dict[str, str]:
    """Every form in which the shell writes an entry's number and moment."""
    return {
        "number": str(number_),
        "grouped": number(number_),
        "published_at": published_at,
        "moment": moment(published_at),
        "day": day_of(published_at).isoformat(),
    }


def _stamped(
    request: Request, snapshot: Snapshot, template: str, subject: int, context: Mapping[str, Any]
) -> HTMLResponse:
    """A page that outlives entries which do not bear on `subject`: rendered with stand-ins, then stamped."""
    stand_in = replace(snapshot, number=stamping.NUMBER, published_at=stamping.PUBLISHED_AT)
    text = _rendered(request, template, None, snapshot=stand_in, **context)
    own = stamping.Stamped(text, stamps(stamping.NUMBER, stamping.PUBLISHED_AT))
    published_at = snapshot.published_at or ""
    asked: caching.Asked = request.scope["asked"]
    asked.own, asked.subject, asked.month = own, subject, month_of(published_at)
    said = stamps(snapshot.number, published_at)
    if asked.gzip:
        return HTMLResponse(own.gzip(said), headers={"Content-Encoding": "gzip"})
    return HTMLResponse(own.plain(said))


def plain(
    request: Request, template: str, *, status: int, snapshot: Snapshot | None = None, **context: Any
) -> Response:
    """A page that no cache keeps: an error, a refused form (422; htmx gets its part of it)."""
    site: Site = request.app.state.site
    part = _part(request, templates(site), template)
    response = HTMLResponse(_rendered(request, template, part, status, snapshot=snapshot, **context), status)
    response.headers["Vary"] = caching.PAGE_VARIES
    return response


def marked(name: str, query: str) -> Markup:
    """A name with what a query found in it marked; every piece is escaped."""
    pieces = ((str(escape(piece)), hit) for piece, hit in search.highlight(name, query))
    return Markup("".join(f"<mark>{piece}</mark>" if hit else piece for piece, hit in pieces))  # noqa: S704 - escaped above


def as_json(value: Any) -> Markup:
    """JSON that may stand in a <script> of data: nothing in it can end the element or begin another."""
    text = orjson.dumps(value).decode()
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def day(value: date | str) -> str:
    """A day as tables write it: 2024-04-24."""
    return value[:10] if isinstance(value, str) else value.isoformat()[:10]


def long_day(value: date | str) -> str:
    """A day as sentences write it: 2024年4月24日, 24 April 2024."""
    return languages.long_day(day(value))


def moment(value: datetime | str) -> str:
    """A moment in China's time, to the minute."""
    return _in_china(value).strftime("%Y-%m-%d %H:%M")


def now() -> datetime:
    """This moment, for what is written down; no public page depends on it."""
    return datetime.now(UTC)


def moment_of(value: str | None) -> datetime:
    """A moment of the register; before the first entry, the beginning of all time."""
    return datetime.fromisoformat(value) if value else datetime.fromtimestamp(0, UTC)


def day_of(value: datetime | str) -> date:
    """The day of a moment in China."""
    return _in_china(value).date()


def month_of(value: datetime | str) -> str:
    """The month of a moment in China: 2024-04."""
    return day_of(value).isoformat()[:7]


def _in_china(value: datetime | str) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(_CHINA)


def number(value: int) -> str:
    """A whole number with its thousands set apart."""
    return f"{value:,}"


def size(value: int) -> str:
    """A file's size in the unit a person would use."""
    if value < 1024:
        return f"{value} B"
    if value < 1024 * 1024:
        return f"{value / 1024:.0f} kB"
    return f"{value / 1024 / 1024:.1f} MB"


def _part(request: Request, env: Environment, template: str) -> str | None:
    if not caching.wants_part(request):
        return None
    wanted = request.headers.get("hx-target", "")
    return wanted if wanted in _parts(env, template) else None


@lru_cache(maxsize=256)
def _parts(env: Environment, template: str) -> frozenset[str]:
    """The blocks of a page's own file that begin with the element of their name."""
    assert env.loader is not None  # `environment` gave it one
    source, _, _ = env.loader.get_source(env, template)
    return frozenset(_PART.findall(source))


def _rendered(request: Request, template: str, part: str | None, status: int = 200, **context: Any) -> str:
    site: Site = request.app.state.site
    context |= {"section": template.partition("/")[0], "this_page": _this_page(request, status)}
    if part is not None:
        return render_block(templates(site), template, part, **context)
    return templates(site).get_template(template).render(**context)


def templates(site: Site) -> Environment:
    """The templates in the language of the running request."""
    return site.templates[languages.current()]


def _this_page(request: Request, status: int) -> str | None:
    """The path and query of a page that can be opened again, without the language's prefix; None of other answers.

    An answer to an error never repeats what came in.
    """
    if request.method != "GET" or status != 200:
        return None
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path
