"""`/near`: from where one is, or from a named place, to the list."""

from __future__ import annotations

from typing import Any


def test_only_this_page_may_ask_the_browser_where_it_is(visitor: Any) -> None:
    visitor.opens("/near")
    assert "geolocation=(self)" in visitor.get("/near").headers["permissions-policy"]
    assert "geolocation=()" in visitor.get("/enterprises").headers["permissions-policy"]


def test_a_name_leads_to_its_place_and_a_doubtful_one_asks(visitor: Any) -> None:
    answer = visitor.client.get("/near?place=涪陵区", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/places/500102")
    choices = visitor.opens("/near?place=鼓楼区").xpath("//ul[@class='plain-list']//a/@href")
    assert len(choices) > 1
    assert "没有找到这个地方" in visitor.text("/near?place=没有这里")
    visitor.opens("/near?where=1", 400)
