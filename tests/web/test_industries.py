"""`/industries`: what is graded, and where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from public_site import publishing


def test_every_industry_of_the_list_has_a_page_that_counts_what_the_list_counts(visitor: Any) -> None:
    visitor.opens("/industries")
    total = visitor.get(f"/enterprises.json?industry={quote('包装印刷')}").json()["total"]
    assert total
    assert f"{total} 家企业" in visitor.text(f"/industries/{quote('包装印刷')}")
    visitor.opens("/industries/" + quote("陶瓷/建筑陶瓷"))


def test_an_industry_that_nothing_names_is_not_found(visitor: Any) -> None:
    for name in ("没有这个行业", "x" * 65):
        visitor.opens("/industries/" + quote(name), 404)


def test_the_years_of_an_industry_are_summed_over_notices_and_its_parts_are_in_it(
    tmp_path: Path, make_publisher: Any, visitor_of: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    kiln = {"industry": "陶瓷/建筑陶瓷"}
    publisher.publish(
        "甲", "2022-05-01", {"name": "演示甲陶瓷有限公司", "grade": "B"} | kiln, {"name": "演示乙玻璃有限公司"}
    )
    publisher.publish(
        "乙", "2023-05-01", {"name": "演示甲陶瓷有限公司", "grade": "C"} | kiln, {"name": "演示丙陶瓷有限公司"} | kiln
    )
    withdrawn = publisher.publish("丙", "2023-06-01", {"name": "演示丁陶瓷有限公司"} | kiln)
    publisher.publish("丁", "2023-07-01", {"name": "演示戊陶瓷有限公司"} | kiln, stage="proposed")
    publisher.amend(publishing.draft_notice_withdrawal, withdrawn)
    publisher.index()
    visitor = visitor_of(publisher.settings)
    for name in ("陶瓷", "陶瓷/建筑陶瓷"):
        rows = visitor.opens(f"/industries/{quote(name)}").xpath(
            "//section[@aria-labelledby='years-heading']//tbody/tr"
        )
        assert [[cell.text for cell in row] for row in rows] == [["2022", "1", "1", "0"], ["2023", "1", "2", "1"]]
