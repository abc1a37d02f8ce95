"""`/`: search, what is new, how many hold which grade, how fresh the data are."""

from __future__ import annotations

from typing import Any


def test_the_front_page_searches_without_script(visitor: Any) -> None:
    (form,) = visitor.opens("/").xpath("//form")
    assert (form.get("action"), form.get("method")) == ("/enterprises", "get")
    assert form.xpath(".//input[@name='q'][@maxlength='64']")


def test_it_counts_enterprises_by_grade_and_links_to_each(visitor: Any) -> None:
    page = visitor.opens("/")
    rows = {
        " ".join(row.xpath("./th")[0].text_content().split()): (
            row.xpath(".//a/@href")[0],
            int(row.xpath("./td")[-1].text_content()),
        )
        for row in page.xpath("//table[@class='scale']/tbody/tr")
    }
    assert len(rows) == 8
    for url, count in rows.values():
        assert visitor.json(url.replace("/enterprises", "/enterprises.json"))["total"] == count


def test_it_shows_the_latest_notices_and_downgrades_and_how_fresh_it_is(visitor: Any) -> None:
    page = visitor.opens("/")
    titles = [link.text_content() for link in page.xpath("//a[starts-with(@href, '/notices/')]")]
    assert titles[0] == "截至2024年底演示区家具企业名单"
    assert page.xpath("//section//a[@href='/enterprises/4']")
    footer = " ".join(page.xpath("//footer")[0].text_content().split())
    assert "数据截至登记第 30 条，发布于 2024-12-31 16:00（北京时间）" in footer


def test_an_empty_register_has_a_front_page_too(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    visitor = visitor_of(make_publisher(tmp_path / "data").settings)
    assert "还没有登记任何公告" in visitor.text("/")
    for url in ("/enterprises", "/notices", "/downgrades", "/excellence"):
        visitor.opens(url)
    assert visitor.get("/log/checkpoint").status_code == 404


def test_the_demo_register_says_that_its_enterprises_are_fictional(
    visitor_of: Any, published: Any, visitor: Any
) -> None:
    demo = visitor_of(published.settings.model_copy(update={"demo": True}))
    for url in ("/", "/enterprises/2", "/no/such/page"):
        assert "演示数据，企业为虚构" in demo.get(url).text
        assert "演示数据，企业为虚构" not in visitor.get(url).text
