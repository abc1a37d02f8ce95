"""A complaint in a browser, from a map's point to erasure: with script at 360 px, and every page readable by all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.complaints.inbox import opened
from tests.complaints.test_photos import picture
from tests.web.browser import chromium, server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def address(tmp_path: Path, make_publisher: Any) -> Iterator[str]:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, division="500000")
    publisher.index()
    opened(publisher.settings, tmp_path / "offline").store.close()
    with server(tmp_path / "data") as found:
        yield found


HEADINGS = {"kinds": "您要说的是哪一件事", "where": "在什么地方", "what": "看到、闻到", "whom": "以前向哪个", "contact": "要不要留", "check": "请核对",
            "lodged": "已经登记", "followed": "投诉 T"}  # fmt: skip


def looked_at(page: Page, name: str) -> None:
    """The page fits its width, and keeps nothing of what was written in its address."""
    page.get_by_role("heading", level=1, name=HEADINGS[name]).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], name  # type: ignore[index]
    assert "CANARY" not in page.url
    if folder := os.environ.get("PUBLIC_SITE_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)  # type: ignore[index]


def lodged(page: Page, address: str, photo: Path) -> str:
    """From the map's point to the tracking code."""
    page.goto(f"{address}/complaints/new?point=29.70,107.39")
    looked_at(page, "kinds")
    page.get_by_text("有人在污染环境").click()
    go_on = page.get_by_role("button", name="继续")
    go_on.click()
    looked_at(page, "where")
    assert page.get_by_label("哪个区县").input_value() == "重庆市涪陵区"
    page.get_by_label("具体地点").fill("CANARY路五号")
    go_on.click()
    page.get_by_role("textbox", name="什么时候").fill("CANARY昨夜")
    go_on.click()
    page.get_by_label("工业废气").check()
    go_on.click()
    page.get_by_role("alert").get_by_text("至少 10 个字").wait_for()
    looked_at(page, "what")
    page.get_by_label("请写下来").fill("CANARY夜里两点南门烟囱冒黄烟，气味刺鼻")
    go_on.click()
    looked_at(page, "whom")
    go_on.click()
    looked_at(page, "contact")
    go_on.click()
    looked_at(page, "check")
    page.get_by_role("button", name=re.compile("修改\\s*时间")).click()
    page.get_by_role("textbox", name="什么时候").fill("CANARY前夜")
    page.get_by_role("button", name="改好了，再核对").click()
    page.get_by_text("CANARY前夜").wait_for()
    page.get_by_label("附上照片").set_input_files(str(photo))
    page.get_by_role("button", name="发送").click()
    looked_at(page, "lodged")
    return page.locator("#tracking-code").inner_text()


@pytest.mark.parametrize("width", [360, 1280])
def test_from_a_point_on_the_map_to_erasure(browser: Browser, address: str, tmp_path: Path, width: int) -> None:
    photo = tmp_path / "CANARY.jpg"
    photo.write_bytes(picture("JPEG", (800, 600)))
    context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 800}, accept_downloads=True)
    page = context.new_page()
    amiss: list[str] = []
    page.on("request", lambda request: amiss.append(request.url) if not request.url.startswith(address) else None)
    page.on("console", lambda message: amiss.append(message.text) if "422" not in message.text else None)
    code = lodged(page, address, photo)
    assert re.fullmatch(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", code)
    page.get_by_role("button", name="我已经记下").click()
    looked_at(page, "followed")
    assert page.get_by_text("1 张").is_visible()
    page.get_by_label("补充的情况或问题").fill("CANARY今天又来了")
    page.get_by_role("button", name="补充", exact=True).click()
    page.get_by_text("补充的材料已经送到").wait_for()
    with page.expect_download() as proof:
        page.get_by_role("button", name="下载登记证明").click()
    assert proof.value.path().read_text().count(".") == 2
    page.goto(f"{address}/complaints/follow")
    page.get_by_label("查询码").fill(code.replace("-", " ").lower())
    page.get_by_role("button", name="查看").click()
    page.get_by_text("CANARY今天又来了").wait_for()
    page.get_by_label("我要删除").check()
    page.get_by_role("button", name="删除").click()
    page.get_by_role("heading", name="已经删除").wait_for()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser has kept nothing that it could show again
        page.go_back()
    context.close()
    assert amiss == []
