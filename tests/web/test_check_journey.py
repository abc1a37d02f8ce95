"""A long list from upload to results in a browser: behind the page that tells how far it has come, with script and without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser import chromium, server

ROWS = 6_000
WIDTHS = {True: 1280, False: 360}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def publisher(tmp_path: Path, make_publisher: Any) -> Any:
    made = make_publisher(tmp_path / "data")
    made.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, division="500000")
    made.index()
    return made


def test_a_long_list_turns_into_its_results_by_itself(browser: Browser, publisher: Any, tmp_path: Path) -> None:
    names = "".join(f"演示{n}号有限公司\n" for n in range(ROWS - 1))
    file = tmp_path / "list.csv"
    file.write_text(f"企业名称\n{names}演示甲有限公司\n", encoding="utf-8")
    with server(publisher.settings.data) as address:
        for script in (True, False):
            checks_a_long_list(browser, address, file, script=script)


def checks_a_long_list(browser: Browser, address: str, file: Path, *, script: bool) -> None:
    width = WIDTHS[script]
    context = browser.new_context(locale="zh-CN", java_script_enabled=script, viewport={"width": width, "height": 800})
    page, said, answered = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda answer: answered.append(answer.status) if "/check/" in answer.url else None)
    page.goto(f"{address}/check")
    page.locator("#file").set_input_files(str(file))
    page.locator("main form[method=post] button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("名单是这样理解的", timeout=30_000)
    page.get_by_role("button", name="核查这份名单").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("核查结果", timeout=60_000)
    assert 202 in answered
    expect(page.get_by_role("main")).to_contain_text(f"未见公开记录 {ROWS - 1:,}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    with page.expect_download() as receipt:
        page.locator("a[href$='receipt.jws']").first.click()
    assert re.fullmatch(rb"[\w-]+\.[\w-]+\.[\w-]+", receipt.value.path().read_bytes())
    assert said == []
    context.close()
