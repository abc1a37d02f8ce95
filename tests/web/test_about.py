"""`/about`: what the site is, what the grades mean, and every element of the pages."""

from __future__ import annotations

from typing import Any

from public_site.web import marks


def test_it_says_what_the_site_does_not_do(visitor: Any) -> None:
    told = visitor.text("/about")
    assert all(said in told for said in ("不评级", "未见公开记录", "不用 Cookie", "登记日志"))


def test_the_grades_are_explained_with_their_sources(visitor: Any) -> None:
    told = visitor.text("/about/grades")
    assert all(said in told for said in ("环办大气〔2026〕2号", "短板原则", "公示", "公告", "一厂一策", "环保信用评价"))


def test_the_design_page_shows_every_mark_and_a_refused_form(visitor: Any) -> None:
    page = visitor.opens("/about/design")
    shown = {
        label for svg in page.xpath("//table//svg[@role='img']/@aria-label") for label in [svg.removeprefix("拟定：")]
    }
    assert {mark.spoken for mark in marks.MARKS.values()} <= shown
    assert page.xpath("//*[@aria-invalid='true']")
    assert page.xpath("//svg[contains(@class, 'lanes')]//rect")


def test_every_page_leads_there(visitor: Any) -> None:
    foot = visitor.opens("/").xpath("//footer//a/@href")
    assert {"/about", "/about/grades"} <= set(foot)
