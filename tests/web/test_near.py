"""`/near`: from where one is, or from a named place, to the list."""

from __future__ import annotations

from typing import Any

from public_site import places
from public_site.web import near


def test_only_this_page_may_ask_the_browser_where_it_is(visitor: Any) -> None:
    visitor.opens("/near")
    assert "geolocation=(self)" in visitor.get("/near").headers["permissions-policy"]
    assert "geolocation=()" in visitor.get("/enterprises").headers["permissions-policy"]


def led_to(visitor: Any, query: str) -> str:
    answer = visitor.client.get(f"/near?{query}", follow_redirects=False)
    assert answer.status_code == 302
    return str(answer.headers["location"])


def test_a_county_leads_to_the_list_around_its_middle_by_distance(visitor: Any) -> None:
    there = led_to(visitor, "place=涪陵区&radius_km=20")
    assert there.startswith("/enterprises?near=29.") and there.endswith("&radius_km=20&sort=distance")
    page = visitor.opens(there)
    assert "公里" in visitor.text(there)
    (radii,) = page.xpath("//nav[@aria-label='多远以内']")
    assert radii.xpath(".//a[@aria-current]")[0].text == "20 公里"
    wider = radii.xpath(".//a[text()='50 公里']/@href")[0]
    assert visitor.json(wider.replace("/enterprises?", "/enterprises.json?"))["total"] >= 1
    assert led_to(visitor, "place=500102") == led_to(visitor, "place=涪陵区&radius_km=10")


def test_a_city_is_looked_around_or_gone_into_and_a_province_gone_into(visitor: Any) -> None:
    (around,) = visitor.opens("/near?place=淄博市&radius_km=5").xpath("//a[contains(@href, 'near=')]/@href")
    assert "radius_km=5" in around
    below = visitor.opens("/near?place=山东省").xpath("//ul[@class='places']//a/@href")
    assert "/near?place=370300&radius_km=10" in below
    assert not visitor.opens("/near?place=山东省").xpath("//a[contains(@href, 'near=')]")


def test_every_county_of_the_country_leads_somewhere(visitor: Any) -> None:
    for province in places.children():
        for city in places.children(province.code):
            for county in places.children(city.code):
                around = near._around(places.place(county.code), 10)
                assert around is None or around.startswith("/enterprises?near="), county
                assert around is not None or visitor.opens(f"/near?place={county.code}").xpath("//a/@href"), county


def test_a_doubtful_name_asks_and_an_unknown_one_says_so(visitor: Any) -> None:
    choices = visitor.opens("/near?place=鼓楼区").xpath("//ul[@class='plain-list']//a/@href")
    assert len(choices) > 1
    assert all(choice.startswith("/near?place=") for choice in choices)
    assert "没有找到这个地方" in visitor.text("/near?place=没有这里")
    visitor.opens("/near?where=1", 400)
    visitor.opens("/near?place=涪陵区&radius_km=7", 400)
