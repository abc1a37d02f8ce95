"""A publisher who knows nothing of the software publishes a list in a browser: two people, from file to public page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from public_site import publishing
from public_site.database import Database
from tests import databases
from tests.desk import Desk, row
from tests.web.browser import Colleague, chromium, colleague, server

expect.set_options(timeout=30_000)
KNOWN, NOW, OTHER = "演示纸箱有限责任公司", "演示纸箱有限公司", "演示印刷有限公司"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A register that knows one of the enterprises, under another legal form."""
    settings = databases.settings_of(tmp_path / "data")
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    Desk(database, settings, tmp_path / "first").publish([row(KNOWN, "B")], on="2022-04-24")
    database.close()
    return settings.data


def write(folder: Path, name: str, *grades: str) -> Path:
    desk = Desk(None, None, folder)  # type: ignore[arg-type]  # it only writes here
    rows = [row(who, grade) for who, grade in zip((NOW, OTHER), grades, strict=True)]
    return desk.write(rows, on="2024-04-24", title="重庆市生态环境局关于2024年第一批绩效评级结果的公告", name=name)


def upload(drafter: Colleague, file: Path) -> None:
    page = drafter.page
    page.get_by_label("名单文件").set_input_files(file)
    page.get_by_role("button", name="上传并读取").click()


def answer_who_it_is(drafter: Colleague) -> None:
    page = drafter.page
    page.get_by_role("link", name="判断是哪家企业").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("这是哪家企业？")
    expect(page.get_by_role("main")).to_contain_text("涪陵区")
    page.get_by_label(f"是“{KNOWN}”，现在更名为“{NOW}”").check()
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_role("main")).to_contain_text("没有疑问")


def test_two_colleagues_publish_a_list_through_a_defect_a_question_and_a_refusal(
    browser: Browser, data: Path, tmp_path: Path
) -> None:
    with server(data) as address:
        drafter = colleague(browser, address, data, "起草人甲", "drafter")
        approver = colleague(browser, address, data, "批准人乙", "approver")
        drafter.sign_in()
        approver.sign_in()

        # A grade that is none: the row and its cell are shown, and nothing is kept.
        page = drafter.page
        page.get_by_role("link", name="发布一份公告").click()
        upload(drafter, write(tmp_path, "名单.csv", "A", "优秀"))
        expect(page.get_by_role("heading", name="文件还不能用")).to_be_visible()
        expect(page.locator("td.is-meant")).to_contain_text("优秀")
        expect(page.get_by_role("main")).to_contain_text(OTHER)

        # The mended file; one row asks which enterprise it means.
        page.get_by_role("link", name="上传改正后的文件").click()
        upload(drafter, write(tmp_path, "名单（改正）.csv", "A", "C"))
        expect(page.get_by_role("main")).to_contain_text("待判断 1 行")
        assert page.get_by_role("button", name="交给同事批准").count() == 0
        answer_who_it_is(drafter)
        page.get_by_role("button", name="交给同事批准").click()
        expect(page.get_by_role("main")).to_contain_text("等同事批准")

        # The colleague compares with the original and gives it back.
        theirs = approver.page
        theirs.reload()
        theirs.get_by_role("link", name="关于2024年第一批").click()
        expect(theirs.get_by_role("main")).to_contain_text("更名")
        theirs.get_by_label("退回的理由").fill(f"{OTHER}原文是 B，不是 C。")
        theirs.get_by_role("button", name="退回给起草人").click()
        expect(theirs.get_by_role("main")).to_contain_text("起草人还没有移交")
        assert NOW not in _read(browser, f"{address}/enterprises")

        # The drafter sees why, and gives the right file.
        page.goto(f"{address}/console/")
        expect(page.get_by_role("main")).to_contain_text("原文是 B，不是 C")
        page.get_by_role("link", name="关于2024年第一批").click()
        page.get_by_role("link", name="换成改正后的文件").click()
        upload(drafter, write(tmp_path, "名单（再改）.csv", "A", "B"))
        answer_who_it_is(drafter)
        page.get_by_role("button", name="交给同事批准").click()
        expect(page.get_by_role("main")).to_contain_text("等同事批准")

        # Approved: public at once, under its new name.
        theirs.goto(f"{address}/console/")
        theirs.get_by_role("link", name="关于2024年第一批").click()
        theirs.get_by_role("button", name="批准并发布").click()
        expect(theirs.get_by_role("main")).to_contain_text("登记第 4 至 8 条")
        theirs.get_by_role("link", name=NOW).click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text(NOW)
        expect(theirs.get_by_role("main")).to_contain_text(f"曾用名：{KNOWN}")
        expect(theirs.get_by_role("main")).to_contain_text("升级")
        assert "演示印刷" in _read(browser, f"{address}/enterprises?q=演示印刷")


def test_a_click_on_a_map_gives_an_enterprise_its_point(browser: Browser, data: Path) -> None:
    with server(data) as address:
        drafter = colleague(browser, address, data, "起草人甲", "drafter")
        approver = colleague(browser, address, data, "批准人乙", "approver")
        drafter.sign_in()
        approver.sign_in()
        page = drafter.page
        page.goto(f"{address}/console/enterprises?q={KNOWN}")
        page.get_by_role("link", name="更名，更改代码、所在地、位置").click()
        canvas = page.locator("#point-map")
        expect(canvas.locator("path.map-province").first).to_be_attached()
        page.get_by_label("纬度").fill("29.5")
        page.get_by_label("经度").fill("107.4")
        page.get_by_label("经度").press("Tab")
        expect(canvas.locator(".point-here")).to_be_visible()
        box = canvas.bounding_box()
        assert box
        canvas.click(position={"x": box["width"] / 2 + 60, "y": box["height"] / 2})
        expect(page.locator("#point-said")).to_contain_text("已取点")
        lat, lon = page.get_by_label("纬度").input_value(), page.get_by_label("经度").input_value()
        assert abs(float(lat) - 29.5) < 0.01 and 107.4 < float(lon) < 107.41
        page.get_by_label("理由").fill("按厂区大门补充位置")
        page.get_by_role("button", name="起草更改").click()
        page.get_by_role("button", name="交给同事批准").click()
        theirs = approver.page
        theirs.goto(page.url)
        theirs.get_by_role("button", name="批准并发布").click()
        told = theirs.request.get(f"{address}/enterprises.geojson").json()
        assert told["features"][0]["geometry"]["coordinates"] == [float(lon), float(lat)]


def _read(browser: Browser, url: str) -> str:
    """What somebody reads who is not signed in."""
    with browser.new_context() as stranger:
        page = stranger.new_page()
        page.goto(url)
        return page.get_by_role("main").inner_text()
