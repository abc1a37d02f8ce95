"""What people come for, with the keyboard alone: as it is, with text of twice the size on a phone, and without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from stdnum.cn import uscc

from public_site.web.complaints import tickets
from tests.web.browser import chromium
from tests.web.complete import Site

expect.set_options(timeout=30_000)
PHONE, WIDE = ViewportSize(width=360, height=800), ViewportSize(width=1280, height=900)
# Script or none, the window, how large Chromium's settings make the text.
MANNERS = {"as it is": (True, WIDE, 16), "twice the size": (True, PHONE, 32), "without a script": (False, PHONE, 16)}
ELEMENTS_TO_PASS = 400
SEEN = """focused => {
    const box = focused.getBoundingClientRect(), style = getComputedStyle(focused);
    const label = focused.labels && focused.labels[0], there = document.elementFromPoint(
        Math.max(1, box.left) + Math.min(box.width, innerWidth - 2) / 2, Math.max(1, box.top) + Math.min(box.height, innerHeight) / 2);
    return [box.width > 0 && box.bottom > 0 && box.top < innerHeight,
            style.outlineStyle !== 'none' || style.boxShadow !== 'none',
            !there || focused.contains(there) || there.contains(focused) || !!label && label.contains(there)];
}"""
CUT = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary, h1, h2, h3, label')].filter(one => {
    const box = one.getBoundingClientRect();
    if (!one.checkVisibility() || one.closest('.scroll, .unseen, .skip, [hidden]') || getComputedStyle(one).display === 'inline') return false;
    return box.right > innerWidth + 1 || box.left < -1 || one.tagName === 'BUTTON' && one.scrollWidth > one.clientWidth + 1;
}).map(one => one.outerHTML.slice(0, 160))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@dataclass(frozen=True)
class Reader:
    """Somebody who has no pointer: goes from one element to the next, and looks where the focus is."""

    page: Page
    address: str

    def opens(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.looks()

    def looks(self) -> None:
        """Nothing is wider than the window, or cut off."""
        self.page.wait_for_load_state()
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, self.page.url
        assert self.page.evaluate(CUT) == [], self.page.url

    def reaches(self, target: Locator) -> None:
        """Tab after tab to the element, which then is seen, marked and under nothing."""
        wanted = target.first.element_handle()
        for _ in range(ELEMENTS_TO_PASS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement === wanted", wanted):
                assert self.page.evaluate(SEEN, wanted) == [True, True, True], target
                return
        raise AssertionError(f"not reached: {target}")

    def follows(self, link: str) -> None:
        """Goes to a link by a piece of its address, and along it."""
        self.reaches(self.page.locator(f"main a[href*='{link}']"))
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.looks()

    def types(self, field: str, text: str) -> None:
        self.reaches(self.page.locator(f"main [name={field}]"))
        self.page.keyboard.insert_text(text)

    def sends(self, form: str = "main form") -> None:
        """On to the form's button; what it leads to."""
        self.reaches(self.page.locator(f"{form} button[type=submit]"))
        before = self.page.locator("h1").inner_text()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("h1")).not_to_have_text(before)
        self.looks()

    def sends_after_all(self) -> None:
        """Sends the complaint; without a script the page may ask for patience first, and is taken at its word."""
        for _ in range(2):
            self.reaches(self.page.locator("#sending button[type=submit]"))
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")
            self.looks()
            if not self.page.get_by_text("请再等").count():
                return
            self.page.wait_for_timeout(1000 * tickets.WAIT)

    def downloads(self, link: str) -> Path:
        self.reaches(self.page.locator(f"main a[href$='{link}']"))
        with self.page.expect_download() as file:
            self.page.keyboard.press("Enter")
        return file.value.path()


@pytest.fixture(params=MANNERS)
def reader(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Reader]:
    script, viewport, size = MANNERS[request.param]
    context = browser.new_context(
        locale="zh-CN", viewport=viewport, java_script_enabled=script, reduced_motion="reduce", accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    settings = context.new_cdp_session(page)
    settings.send("Page.enable")
    settings.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size * 13 // 16}})
    page.goto(site.address)
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= size
    yield Reader(page, site.address)
    context.close()


def test_a_factory_near_an_address(reader: Reader) -> None:
    page = reader.page
    reader.opens("/")
    reader.follows("/near")
    reader.types("place", "涪陵区")
    reader.reaches(page.locator("#radius_km"))
    page.keyboard.press("ArrowDown")
    reader.sends("main form[action='/near']")
    expect(page.get_by_role("main")).to_contain_text("公里")
    reader.follows("/enterprises/2")
    expect(page.locator("h1")).to_contain_text("演示甲包装有限公司")


def test_why_a_factory_was_downgraded(reader: Reader) -> None:
    page = reader.page
    reader.opens("/downgrades")
    reader.reaches(page.locator("main").get_by_role("link", name="演示乙玻璃有限公司"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("演示乙玻璃有限公司")
    reader.looks()
    expect(page.get_by_role("main")).to_contain_text("降级")
    reader.reaches(
        page.locator("main").get_by_role("link", name=re.compile("关于调整演示乙玻璃有限公司绩效等级的通知"))
    )
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("关于调整演示乙玻璃有限公司绩效等级的通知")
    reader.looks()


def test_a_data_set(reader: Reader) -> None:
    reader.opens("/data")
    told = reader.downloads("/enterprises.csv").read_text(encoding="utf-8-sig")
    assert "演示甲包装有限公司" in told


def test_a_complaint_is_lodged_and_followed(reader: Reader) -> None:
    page = reader.page
    reader.opens("/complaints")
    reader.follows("/complaints/new")
    reader.reaches(page.locator("#kind-pollution"))
    page.keyboard.press("Space")
    reader.sends()
    reader.types("county", "重庆市涪陵区")
    reader.types("where", "演示路五号南门")
    reader.sends()
    reader.types("when", "昨天夜里两点")
    reader.sends()
    reader.reaches(page.locator("main [name=categories]"))
    page.keyboard.press("Space")
    reader.types("statement", "夜里两点南门烟囱冒黄烟，气味刺鼻")
    for _ in ("what", "whom", "contact"):
        reader.sends()
    reader.sends_after_all()
    code = page.locator("#tracking-code").inner_text()
    reader.opens("/complaints/follow")
    reader.types("code", code)
    reader.sends()
    expect(page.locator("h1")).to_contain_text("投诉 T")
    expect(page.get_by_role("main")).to_contain_text("演示涪陵区生态环境局")


def test_ten_codes(reader: Reader) -> None:
    page = reader.page
    known = "91130200699229617X"
    others = [stem + uscc.calc_check_digit(stem) for stem in (f"9111000010000{n:04}" for n in range(9))]
    reader.opens("/check")
    reader.types("list", "\n".join([known, *others]))
    reader.sends()
    expect(page.locator("tbody tr")).to_have_count(10)
    reader.sends()
    expect(page.get_by_role("main")).to_contain_text("已匹配 1")
    assert known in reader.downloads("results.csv").read_text(encoding="utf-8-sig")
