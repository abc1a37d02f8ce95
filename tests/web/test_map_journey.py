"""The map in a browser: pushed, zoomed, clicked, filtered, by keyboard alone, on a phone; nothing foreign, nothing amiss."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.web.browser import AXE, Watched, chromium, server
from tests.web.conftest import ATTACK, new_publisher

expect.set_options(timeout=30_000)
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740)
NEAR = "/map?bbox=107.0,29.5,107.8,30.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A register with a street of enterprises, some far off and one with a name that is an attack."""
    publisher = new_publisher(tmp_path_factory.mktemp("mapped"))
    street = [
        {"name": f"演示街{n}号包装有限公司", "grade": "B" if n % 4 else "A", "lat": 29.7 + n / 2e3, "lon": 107.39}
        for n in range(40)
    ]
    publisher.publish(
        "重庆市2021年绩效评级结果的公告", "2021-05-01", *street,
        {"name": "演示远方玻璃有限公司", "grade": "C", "industry": "玻璃", "lat": 29.9, "lon": 107.5},
        {"name": ATTACK, "grade": "D", "industry": "陶瓷/建筑陶瓷", "lat": 29.6, "lon": 107.2},
        {"name": "演示无位置家具有限公司", "grade": "B-", "industry": "家具制造"},
    )  # fmt: skip
    publisher.index()
    with server(publisher.settings.data) as found:
        yield found


class WatchedMap(Watched):
    """A map that notes whatever should not happen."""

    def opens(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.settled()

    def settled(self) -> None:
        self.page.wait_for_selector(".map-mark", state="attached")
        self.page.wait_for_load_state("networkidle")


@pytest.fixture
def watched(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[WatchedMap]:
    context = browser.new_context(locale="zh-CN", viewport=getattr(request, "param", WIDE))
    found = WatchedMap(context.new_page(), address)
    yield found
    found.is_well()
    context.close()


def test_a_cluster_leads_to_its_enterprises_and_a_mark_to_its_page(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens(NEAR)
    cluster = page.get_by_role("button", name="40 家企业：A级 10，B级 30")
    before = page.evaluate("map_mingji.getZoom()")
    cluster.click()
    page.wait_for_function("before => map_mingji.getZoom() > before", arg=before)
    watched.opens("/map?bbox=107.389,29.7025,107.391,29.7045")
    page.get_by_role("button", name="演示街7号包装有限公司，B级").click()
    page.locator(".leaflet-popup").get_by_role("link", name="演示街7号包装有限公司").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("演示街7号包装有限公司")


def test_pushing_the_map_takes_the_list_and_the_address_along(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens(NEAR)
    expect(page.locator("#results h2").first).to_have_text("地图范围内共 42 家企业")
    box = page.locator(".map-canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 150, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 550, box["y"] + 300, steps=8)
    page.mouse.up()
    expect(page.locator("#results h2").first).not_to_have_text("地图范围内共 42 家企业")
    assert "bbox=107.0,29.5" not in page.url
    kept = page.url
    page.reload()
    page.wait_for_load_state("networkidle")
    assert page.url == kept


def test_a_filter_is_a_link_and_the_map_keeps_to_it(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens(NEAR)
    page.locator(".facets").get_by_role("link", name="C级").click()
    watched.settled()
    assert "grade=C" in page.url
    expect(page.locator(".map-mark")).to_have_count(1)
    expect(page.get_by_role("button", name="演示远方玻璃有限公司，C级")).to_be_visible()
    page.get_by_label("企业名称、曾用名或统一社会信用代码").fill("玻璃")
    page.get_by_role("button", name="查询").click()
    watched.settled()
    assert "grade=C" in page.url and "bbox=" in page.url
    expect(page.locator(".map-mark")).to_have_count(1)


def test_a_name_that_is_an_attack_is_text_on_the_map(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens("/map?grade=D")
    page.get_by_role("button", name=f"{ATTACK}，D级").click()
    expect(page.locator(".leaflet-popup a.enterprise-name")).to_have_text(ATTACK)
    assert page.locator(".leaflet-popup img").count() == 0


def test_who_has_no_point_is_counted_at_the_county_in_a_mark_of_another_kind(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens("/map?bbox=107.0,29.2,107.9,30.3")
    mark = page.get_by_role("button", name="涪陵区：1 家企业，位置为县级")
    expect(mark.locator(".map-division")).to_have_text("1")
    mark.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup")).to_contain_text("公告没有写明具体位置（位置为县级）")
    page.locator(".leaflet-popup").get_by_role("link", name="涪陵区的全部企业").click()
    expect(page.get_by_role("heading", name="共 43 家企业")).to_be_visible()
    assert "county=500102" in page.url and "bbox" not in page.url


def test_the_position_is_asked_for_on_request_only_and_rounded_before_it_leaves(browser: Browser, address: str) -> None:
    context = browser.new_context(
        locale="zh-CN", viewport=PHONE, permissions=["geolocation"],
        geolocation={"latitude": 29.7031234, "longitude": 107.3908765},
    )  # fmt: skip
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/near")
    page.get_by_label("多远以内").first.select_option("5")
    assert not any("29.70" in url for url in asked)
    page.get_by_role("button", name="用我的位置找").click()
    expect(page.get_by_role("heading", name="共 40 家企业")).to_be_visible()
    assert page.url.endswith("/enterprises?near=29.703,107.391&radius_km=5&sort=distance")
    assert not any("29.7031" in url or "107.3908" in url for url in asked)
    expect(page.get_by_role("main")).to_contain_text("公里")
    page.get_by_role("navigation", name="多远以内").get_by_role("link", name="50 公里").click()
    expect(page.get_by_role("heading", name="共 42 家企业")).to_be_visible()
    context.close()


def test_the_keyboard_alone_reaches_everything(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens(NEAR)
    page.locator(".map-canvas").focus()
    before = page.evaluate("[map_mingji.getZoom(), map_mingji.getCenter().lng]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("lng => map_mingji.getCenter().lng > lng", arg=before[1])
    page.wait_for_timeout(600)
    page.keyboard.press("-")
    page.wait_for_function("zoom => map_mingji.getZoom() < zoom", arg=before[0])
    page.wait_for_timeout(600)
    page.keyboard.press("+")
    page.wait_for_function("zoom => map_mingji.getZoom() === zoom", arg=before[0])
    page.wait_for_timeout(600)
    watched.settled()
    mark = page.get_by_role("button", name="演示远方玻璃有限公司，C级")
    mark.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup a.enterprise-name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".leaflet-popup")).to_have_count(0)
    expect(mark).to_be_focused()


@pytest.mark.parametrize("watched", [PHONE, WIDE], indirect=True, ids=["phone", "wide"])
def test_nothing_serious_hinders_anybody(watched: WatchedMap) -> None:
    page = watched.page
    watched.opens(NEAR)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(done => done.violations.map(v => [v.impact, v.id, v.nodes[0].html]))")
    assert [told for told in found if told[0] in ("serious", "critical")] == []


def test_without_a_script_the_list_and_a_drawing_stay(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(address + "/map")
    expect(page.locator(".map-overview")).to_be_visible()
    assert page.locator(".map-overview").evaluate("image => image.naturalWidth") > 0
    expect(page.locator("#results h2").first).to_have_text("共 43 家企业")
    context.close()


def test_something_useful_is_seen_soon_on_a_slow_machine(watched: WatchedMap) -> None:
    """The list, and the drawing of the provinces, are painted before the map is drawn over it."""
    page = watched.page
    page.goto(watched.address + "/map")  # the first reader of a process waits for the points
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    best = 10_000.0
    for _ in range(3):
        page.goto(watched.address + "/map?grade=B")
        time.sleep(0.5)
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        best = min(best, painted)
    assert best < 1500
