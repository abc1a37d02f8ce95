"""What pages tell search engines, and how they are cited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.web.conftest import ATTACK


def told_on(page: html.HtmlElement) -> dict[str, Any]:
    (script,) = page.xpath("//script[@type='application/ld+json']/text()")
    found: dict[str, Any] = json.loads(script)
    return found


def test_an_enterprise_is_told_with_the_grades_that_its_units_hold(visitor: Any) -> None:
    told = told_on(visitor.opens("/enterprises/2"))
    assert (told["@context"], told["@type"], told["name"]) == (
        "https://schema.org",
        "Organization",
        "演示甲包装有限公司",
    )
    assert told["address"]["addressRegion"] == "重庆市"
    assert told["location"]["geo"] == {"@type": "GeoCoordinates", "latitude": 29.7, "longitude": 107.39}
    (held,) = told["hasCertification"]
    assert held["certificationRating"]["ratingValue"] == "B"  # the A is only proposed
    assert held["issuedBy"]["name"] == "重庆市生态环境局"
    assert held["validFrom"] == "2022-05-01"
    assert visitor.get(held["subjectOf"]).status_code == 200


def test_a_grade_that_is_only_proposed_is_not_told(visitor: Any) -> None:
    (item,) = visitor.json("/api/v1/enterprises?q=演示己水泥")["items"]
    assert "hasCertification" not in told_on(visitor.opens(item["url"]))


def test_a_notice_is_told_with_its_original_file(visitor: Any) -> None:
    notice = visitor.json("/api/v1/notices/1")
    told = told_on(visitor.opens("/notices/1"))
    assert (told["@type"], told["name"], told["reportNumber"]) == ("Report", notice["title"], notice["number"])
    assert told["author"]["name"] == notice["issuer"]
    assert told["encoding"]["sha256"] == notice["sha256"]
    assert told["isBasedOn"] == "https://sthjj.cq.gov.cn/a?b=1&c=2"


def test_no_name_can_break_out_of_the_data(visitor: Any) -> None:
    number = next(i["id"] for i in visitor.json("/api/v1/enterprises?limit=1000")["items"] if i["name"] == ATTACK)
    answer = visitor.get(f"/enterprises/{number}").text
    assert "<img src=x" not in answer
    assert told_on(visitor.opens(f"/enterprises/{number}"))["name"] == ATTACK


@pytest.mark.parametrize(
    "url", ["/enterprises/2", "/notices/1", "/enterprises?q=演示", "/notices", "/downgrades", "/excellence"]
)
def test_a_page_says_how_to_cite_it_as_it_is(visitor: Any, url: str) -> None:
    (text,) = visitor.opens(url).xpath("//*[@class='citation']")
    assert "登记第 30 条" in text.text_content()
    cited = text.text_content().rpartition("。")[2]
    assert visitor.get(cited).status_code == 200
    assert len(visitor.opens(url).xpath("//link[@rel='canonical']")) == 1


def test_a_refused_list_is_not_cited(visitor: Any) -> None:
    page = visitor.opens("/enterprises?grade=Q", 400)
    assert not page.xpath("//*[@class='citation'] | //link[@rel='canonical']")


def test_what_was_cited_of_an_enterprise_stays_what_it_was(
    make_publisher: Any, visitor_of: Any, tmp_path: Path
) -> None:
    by = make_publisher(tmp_path)
    by.publish("一", "2022-05-01", {"name": "演示甲有限公司", "grade": "B"})
    by.index()
    page = visitor_of(by.settings).opens("/enterprises/2")
    cited = page.xpath("//*[@class='citation']")[0].text_content().rpartition("。")[2]
    by.publish("二", "2023-05-01", {"name": "演示甲有限公司", "grade": "D"})
    by.index()
    visitor = visitor_of(by.settings)
    assert "D级" in visitor.text("/enterprises/2")
    then = visitor.opens(cited)
    assert "登记第 3 条为止" in then.get_element_by_id("content").text_content()
    assert "D级" not in then.xpath("//*[@class='verdict']")[0].text_content()
    assert then.xpath("//*[@class='citation']")[0].text_content().rpartition("。")[2] == cited
