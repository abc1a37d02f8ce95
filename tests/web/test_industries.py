"""`/industries`: what is graded, and where it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def test_every_industry_of_the_list_has_a_page_that_counts_what_the_list_counts(visitor: Any) -> None:
    visitor.opens("/industries")
    total = visitor.get(f"/enterprises.json?industry={quote('包装印刷')}").json()["total"]
    assert total
    assert f"{total} 家企业" in visitor.text(f"/industries/{quote('包装印刷')}")
    visitor.opens("/industries/" + quote("陶瓷/建筑陶瓷"))


def test_an_industry_that_nothing_names_is_not_found(visitor: Any) -> None:
    for name in ("没有这个行业", "x" * 65):
        visitor.opens("/industries/" + quote(name), 404)
