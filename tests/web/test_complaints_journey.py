"""A complaint from end to end in a browser: an informant without an account, two people of two counties, one above them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from public_site import supervisors
from public_site.complaints import bodies, keys
from public_site.complaints.store import Store
from tests.complaints.inbox import BODIES, PASSPHRASE
from tests.complaints.test_photos import picture
from tests.web.browser import chromium, public_site, server

expect.set_options(timeout=30_000)
COUNTY, NEIGHBOUR, CITY = "演示涪陵区生态环境局", "演示南岸区生态环境局", "演示重庆市生态环境局"
SAID = "夜里两点南门烟囱冒黄烟，气味刺鼻，窗台落灰"
PASSWORD = "山高月小水落石出清风徐来"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@dataclass(frozen=True)
class Supervisor:
    """Somebody of a body, with a window of their own."""

    name: str
    totp: pyotp.TOTP
    page: Page
    address: str

    def signs_in(self, *, step: int = 0) -> None:
        """`step`: the code of so many half minutes from now; each is good once."""
        self.page.goto(f"{self.address}/console/")
        self.page.get_by_label("姓名").fill(self.name)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_label("动态码").fill(self.totp.at(int(time.time()) + 30 * step))
        self.page.get_by_role("button", name="登录").click()
        self.page.get_by_role("heading", name="待办", level=1).wait_for()

    def opens(self, number: int = 1) -> int:
        """The status of the case's page."""
        answer = self.page.goto(f"{self.address}/console/complaints/{number}")
        assert answer is not None
        return answer.status

    def downloads(self, link: str) -> bytes:
        """The file behind a link."""
        with self.page.expect_download() as got:
            self.page.get_by_role("link", name=link).click()
        return got.value.path().read_bytes()

    def reads(self, words: str) -> None:
        """Waits until the page says so."""
        expect(self.page.get_by_role("main")).to_contain_text(words)

    def takes_the_first(self) -> None:
        """From the queue to its first case."""
        self.page.goto(f"{self.address}/console/complaints")
        self.page.locator("tbody th a").first.click()

    def does(self, summary: str, button: str, **said: str) -> None:
        """Fill in the form under a summary (none: it stands open) and send it."""
        page = self.page
        if summary:
            page.locator("summary", has_text=re.compile(f"^{re.escape(summary)}$")).click()
        form = page.locator("form", has=page.get_by_role("button", name=button, exact=True))
        for label, words in said.items():
            field = form.get_by_label(label)
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=words)
            else:
                field.fill(words)
        form.get_by_role("button", name=button, exact=True).click()


@dataclass(frozen=True)
class Informant:
    """Somebody without an account, on a phone."""

    page: Page
    address: str

    def lodges(self, *photos: Path) -> str:
        """A complaint about an enterprise, from its page; the tracking code."""
        page = self.page
        page.goto(f"{self.address}/enterprises/2")
        page.locator("main a[href^='/complaints/new']").first.click()
        page.get_by_text("有人在污染环境").click()
        go_on = page.get_by_role("button", name="继续")
        go_on.click()
        page.get_by_label("具体位置").fill("南门外的小路")
        go_on.click()
        page.get_by_role("textbox", name="什么时候").fill("三月二日夜里两点")
        go_on.click()
        page.get_by_label("工业废气").check()
        page.get_by_label("请写下来").fill(SAID)
        go_on.click()
        go_on.click()  # nobody was told before
        page.get_by_label("姓名").fill("某甲")
        page.get_by_label("电话或地址").fill("一三八零零")
        go_on.click()
        page.get_by_label("附上照片").set_input_files([str(photo) for photo in photos])
        page.get_by_role("button", name="发送").click()
        code = page.locator("#tracking-code").inner_text()
        expect(page.get_by_role("main")).to_contain_text(COUNTY)
        return code

    def follows(self, code: str) -> str:
        """All that the informant sees."""
        page = self.page
        page.goto(f"{self.address}/complaints/follow")
        page.get_by_label("查询码").fill(code)
        page.get_by_role("button", name="查看").click()
        page.get_by_role("heading", name="谁打开过").wait_for()
        return page.get_by_role("main").inner_text()

    def says(self, label: str, words: str, button: str) -> None:
        self.page.get_by_label(label, exact=True).fill(words)
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.locator(".callout[role=status]").wait_for()


@pytest.fixture
def publisher(tmp_path: Path, make_publisher: Any) -> Any:
    made = make_publisher(tmp_path / "data")
    made.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, division="500000")
    made.index()
    return made


def opened_by_the_operator(publisher: Any, folder: Path) -> Path:
    """The ceremony and the bodies at the machine; the offline key."""
    offline = folder / "offline.key"
    public_site(
        publisher.settings.data, "complaints", "ceremony", str(offline), "--passphrase-stdin", typed=PASSPHRASE + "\n"
    )
    (folder / "bodies.csv").write_text(BODIES, encoding="utf-8")
    public_site(publisher.settings.data, "complaints", "bodies", str(folder / "bodies.csv"))
    return offline


def supervisor(
    browser: Browser, publisher: Any, offline: Path, address: str, name: str, body: str, *, typed: bool = False
) -> Supervisor:
    """Enrolled, appointed, signed in once, granted the key, signed in again. `typed`: by commands, as an operator does."""
    settings, store = publisher.settings, Store(publisher.settings)
    enrolled = supervisors.add(publisher.database, settings.console_key, name, PASSWORD, ["supervisor"], by="test",
                               at=datetime.now(UTC))  # fmt: skip
    page = browser.new_context(locale="zh-CN", accept_downloads=True).new_page()
    page.set_default_timeout(30_000)
    found = Supervisor(name, pyotp.TOTP(enrolled.secret), page, address)
    if typed:
        public_site(settings.data, "complaints", "appoint", name, body)
        found.signs_in(step=-1)
        found.reads("还没有得到投诉密钥")
        public_site(
            settings.data, "complaints", "grant", name, str(offline), "--passphrase-stdin", typed=PASSPHRASE + "\n"
        )
        page.get_by_role("button", name="退出").click()
    else:
        bodies.appoint(store, name, body)
        keys.unlock(store, name, PASSWORD, "elsewhere", at=datetime.now(UTC))
        keys.grant(store, name, keys.from_offline(store, offline, PASSPHRASE))
    store.close()
    found.signs_in()
    return found


def times_opened(page: str, body: str, what: str = "内容") -> int:
    found = re.search(rf"{body}打开{what} (\d+) 次", page)
    return int(found[1]) if found else 0


def asked_and_answered(county: Supervisor, informant: Informant, code: str) -> None:
    county.takes_the_first()
    county.reads(SAID)
    county.reads("演示甲有限公司")
    assert county.downloads("下载第 2 张照片").startswith(b"\xff\xd8")
    county.does("向投诉人提问", "提问", 问题="是哪一座烟囱？")
    county.reads("等投诉人回答")
    assert "是哪一座烟囱？" in informant.follows(code)
    informant.says("您的回答", "靠河的那一座。", "回答")
    county.opens()
    county.reads("靠河的那一座。")


def handed_over_and_closed(county: Supervisor, neighbour: Supervisor) -> None:
    county.does("请另一机关接办", "请对方接办", 请哪个机关=NEIGHBOUR, 为什么="那座烟囱在南岸。")
    county.reads("等待对方同意")
    assert neighbour.opens() == 200
    neighbour.does("", "同意接办")
    neighbour.page.get_by_role("heading", name="投诉：等待办理").wait_for()
    assert neighbour.opens() == 200
    assert county.opens() == 404
    neighbour.does("", "受理")
    neighbour.reads("正在办理")
    neighbour.does("答复（还不办结）", "答复", 答复="已到现场查看。")
    neighbour.reads("已到现场查看。")
    neighbour.does("办结", "办结", 结果="查实，已采取措施", 查明的情况和采取的措施="已责令停炉检修。")
    neighbour.reads("已办结")


def decided_above(city: Supervisor) -> None:
    city.takes_the_first()
    city.reads("昨夜又冒了。")
    assert city.page.locator("#to-offer option", has_text=NEIGHBOUR).count() == 0
    city.does("", "受理")
    city.reads("正在办理")
    city.does("办结", "办结", 结果="部分查实，已采取措施", 查明的情况和采取的措施="已立案，限期改造。")
    city.reads("已办结")


def test_two_counties_a_city_and_an_informant(browser: Browser, publisher: Any, tmp_path: Path) -> None:
    offline = opened_by_the_operator(publisher, tmp_path)
    photos = [tmp_path / f"{n}.jpg" for n in range(2)]
    for photo in photos:
        photo.write_bytes(picture("JPEG", (800, 600)))
    with server(publisher.settings.data) as address:
        county, neighbour, city = (
            supervisor(browser, publisher, offline, address, name, body, typed=body == "fuling")
            for name, body in (("涪陵的甲", "fuling"), ("南岸的乙", "nanan"), ("市里的丙", "chongqing"))
        )
        phone = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 800}).new_page()
        phone.set_default_timeout(30_000)
        informant = Informant(phone, address)

        # Lodged with photos; it is with the right county, and with nobody else.
        code = informant.lodges(*photos)
        assert [who.opens() for who in (neighbour, city)] == [404, 404]
        asked_and_answered(county, informant, code)

        # Handed over with the neighbour's consent; from then on it is the neighbour's alone.
        handed_over_and_closed(county, neighbour)
        assert [who.opens() for who in (county, city)] == [404, 404]

        # Every opening is told, by body; and it is not solved.
        seen = informant.follows(code)
        assert times_opened(seen, COUNTY) >= 2
        assert times_opened(seen, COUNTY, "照片") == 1
        assert times_opened(seen, NEIGHBOUR) >= 2
        assert times_opened(seen, CITY) == 0
        assert "已到现场查看。" in seen
        informant.says("哪里没有解决", "昨夜又冒了。", "没有解决，转上一级")

        # The level above, which had no part in it; the counties see it no more.
        decided_above(city)
        assert [who.opens() for who in (county, neighbour)] == [404, 404]
        seen = informant.follows(code)
        assert "已立案，限期改造。" in seen
        assert times_opened(seen, CITY) >= 2
        assert "没有解决，转上一级" not in seen
