"""`/places`: what is on record where."""

from __future__ import annotations

from typing import Any

from public_site.web import words


def test_the_tree_leads_to_every_province_and_down_to_the_counties(visitor: Any) -> None:
    page = visitor.opens("/places")
    provinces = page.xpath("//ul[@class='places']//a/@href")
    assert len(provinces) == 34
    assert "/places/500000" in provinces
    below = visitor.opens("/places/500000").xpath("//section[@aria-labelledby='below-heading']//a/@href")
    assert "/places/500102" in below
    assert "/places/130200" in visitor.opens("/places/130000").xpath("//a/@href")


def test_a_place_counts_what_the_list_of_it_counts(visitor: Any) -> None:
    total = visitor.get("/enterprises.json?province=500000").json()["total"]
    assert total
    text = visitor.text("/places/500000")
    assert f"{total} 家企业" in text
    assert "历年公布的决定" in text
    county = visitor.opens("/places/500102")
    assert "/places/500000" in county.xpath("//nav[@class='crumbs']//a/@href")
    assert "/enterprises.atom?county=500102" in county.xpath("//a/@href")


def test_a_place_without_records_says_that_this_is_not_grade_d(visitor: Any) -> None:
    assert "这不等于 D 级" in visitor.text("/places/810000")


def test_what_is_no_place_is_not_found(visitor: Any) -> None:
    for code in ("999999", "abc", "<b>"):
        visitor.opens(f"/places/{code}", 404)
    visitor.opens("/places?x=1", 400)


def test_direction_is_one_of_eight() -> None:
    here = (30.0, 107.0)
    told = [
        words.direction(here, there)
        for there in ((31, 107), (31, 108.1), (30, 108), (29, 107), (30, 106), here, (None, None))
    ]
    assert told == ["正北", "东北", "正东", "正南", "正西", "", ""]
