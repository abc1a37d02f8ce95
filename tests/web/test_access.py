"""Every page, in both languages, for everybody: axe, valid HTML, the console, foreign requests, weight.

The pages are the application's own routes: a new one is looked at without being named here, and one with a parameter
fails until it has an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import html5lib
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, Page, Response, ViewportSize

from public_site import languages
from public_site.web import translating
from public_site.web.app import pages_of
from tests.web.browser import Watched, chromium, hindrances
from tests.web.complete import Site

# Addresses that give files, pictures and data, which no reader looks at as a page.
FILES = re.compile(
    r"\.(json|geojson|xlsx|csv|rss|atom|svg|pdf|jws|jsonld|js|xml|txt|py)$|^/(api/v1|open311|log)/.|^/data/changes$"
    r"|/original$|^/data/\{version\}/\{name\}$|^/check/\{address\}/\{name\}$|^/\.well-known/"
)
EXAMPLES = {  # route with a parameter → pages that show all that it can look like
    "/enterprises/{enterprise_id:int}": ("/enterprises/2", "/enterprises/4", "/enterprises/2?as_of=2021-12-31"),
    "/enterprises/{enterprise_id:int}/card": ("/enterprises/2/card",),
    "/enterprises/{enterprise_id:int}/certificate": ("/enterprises/2/certificate",),
    "/codes/{code}": ("/codes/91110000100000000A", "/codes/91350100M000100Y43"),
    "/notices/{notice_id:int}": ("/notices/1", "/notices/{lowering}"),
    "/notices/{notice_id:int}/supervision": ("/notices/{lowering}/supervision",),
    "/places/{code}": ("/places/500000", "/places/500102"),
    "/industries/{name:path}": ("/industries/家具制造", "/industries/陶瓷/建筑陶瓷"),
    "/follow/lists/{token}": ("/follow/lists/{followed}",),
    "/check/{address}": ("/check/{preview}", "/check/{result}", "/check/{result}?status=invalid"),
    "/check/{address}/print": ("/check/{result}/print",),
    "/data/{version}/": ("/data/{version}/",),
}
MORE = (  # states that an address alone shows
    "/enterprises?q=演示&grade=B", "/enterprises?q=没有这样的企业", "/enterprises?near=29.7,107.39&radius_km=20&sort=distance",
    "/enterprises?as_of=2022-01-01", "/near?place=500000&radius_km=10", "/map?bbox=107.0,29.5,107.8,30.1",
    "/complaints/new?kind=pollution", "/complaints/new?kind=objection&enterprise=2", "/complaints/new?kind=data",
    "/enterprises/999", "/enterprises?no=1", "/nothing",
)  # fmt: skip
REFUSED = {"/enterprises/999": 404, "/nothing": 404, "/enterprises?no=1": 400} | dict(
    zip(EXAMPLES["/codes/{code}"], (400, 404), strict=True)
)
VIEWS = {
    languages.CHINESE: ViewportSize(width=360, height=740),
    languages.ENGLISH: ViewportSize(width=1280, height=900),
}
STYLE = 30_000  # bytes of transfer in a first view, as are those below
# A link into a few counties brings the boundaries of the counties of every province in sight.
LIMITS = {"/map": (250_000, 120_000), "/map?": (400_000, 120_000), "/": (100_000, 60_000)}  # all · scripts
_TRANSFER = """() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))
    .map(one => [new URL(one.name).pathname, one.transferSize])"""


def routes() -> list[str]:
    """The public addresses that a reader can open as a page."""
    modules = (*pages_of("public"), *pages_of("intake"))
    found = [r for module in modules for r in module.routes.routes if isinstance(r, APIRoute)]
    return [route.path for route in found if "GET" in (route.methods or ()) and not FILES.search(route.path)]


PAGES = sorted({page for path in routes() for page in EXAMPLES.get(path, (path,))} | {*MORE})


def test_every_public_address_with_a_parameter_has_an_example() -> None:
    assert len(routes()) >= 30
    assert [path for path in routes() if "{" in path and path not in EXAMPLES] == []
    assert EXAMPLES.keys() <= {*routes()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def windows(browser: Browser, site: Site) -> dict[str, Watched]:
    """A window for each language, in which every view is a first one."""
    found = {}
    for language, viewport in VIEWS.items():
        context = browser.new_context(locale=languages.TAGS[language], viewport=viewport, reduced_motion="reduce")
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        found[language] = Watched(page, site.address)
    return found


@pytest.mark.parametrize("language", VIEWS)
@pytest.mark.parametrize("path", PAGES)
def test_nothing_hinders_anybody(windows: dict[str, Watched], site: Site, path: str, language: str) -> None:
    watched = windows[language]
    page, watched.amiss = watched.page, []
    page.emulate_media(color_scheme="light")
    answer = page.goto(site.url(translating.prefix(language) + path), wait_until="load")
    assert answer
    assert answer.status == REFUSED.get(path, 200)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    if path.startswith("/map"):
        page.wait_for_load_state("networkidle")
    _is_valid(answer)
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWS[language]["width"]
    assert [told for told in hindrances(page) if not _is_excepted(told)] == []
    page.emulate_media(color_scheme="dark")
    assert hindrances(page, "color-contrast", "link-in-text-block") == []
    _is_light(page, path)
    if answer.status >= 400:  # Chromium says so of the page itself
        watched.amiss = [said for said in watched.amiss if f"status of {answer.status}" not in said]
    watched.is_well()


CHOSEN = {"size": "large", "contrast": "more", "scheme": "dark"}
TASKS = ("/", "/enterprises", "/enterprises/4", "/about/design", "/check", "/complaints/new?kind=pollution")


@pytest.mark.parametrize("path", TASKS)
def test_large_text_and_strong_contrast_as_chosen_on_the_page_hinder_nobody(
    browser: Browser, site: Site, path: str
) -> None:
    context = browser.new_context(locale="zh-CN", viewport=VIEWS[languages.CHINESE], reduced_motion="reduce")
    page = context.new_page()
    page.goto(site.url("/"))
    page.get_by_text("显示", exact=True).click()
    for name in ("大字（关怀版）", "高对比", "深色"):
        page.get_by_role("button", name=name).click()
    page.goto(site.url(path))
    assert page.evaluate("({...document.documentElement.dataset})") == CHOSEN
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 16
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWS[languages.CHINESE]["width"]
    assert hindrances(page) == []
    assert context.cookies() == []
    context.close()


def _is_excepted(told: str) -> bool:
    """Marks on a map stand where the enterprises are, however near each other (WCAG 2.5.8: essential); the list beside is equal."""
    return told.startswith("target-size | ") and "leaflet-marker-icon" in told


def _is_valid(answer: Response) -> None:
    """As the parser of the standard reads it, which knows nothing of ours."""
    parser = html5lib.HTMLParser()
    parser.parse(answer.text())
    assert [(at, code, values) for at, code, values in parser.errors] == []


def _is_light(page: Page, path: str) -> None:
    """What a first view costs in transfer, all of it, its styles and its scripts."""
    total, scripts = LIMITS["/map?" if path.startswith("/map?") else "/map" if path == "/map" else "/"]
    told: list[tuple[str, int]] = page.evaluate(_TRANSFER)
    told.sort(key=lambda one: -one[1])
    assert sum(size for _, size in told) <= total, told
    assert sum(size for name, size in told if name.endswith(".css")) <= STYLE, told
    assert sum(size for name, size in told if name.endswith(".js")) <= scripts, told
