"""`/codes/{credit code}`: to the enterprise, or the plain words that there is no record."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("code", ["91130200699229617X", "91130200699229617x"])
def test_a_known_code_leads_to_its_enterprise(visitor: Any, code: str) -> None:
    answer = visitor.get(f"/codes/{code}")
    assert answer.status_code == 302
    assert answer.headers["location"] == "/enterprises/4"


def test_a_code_without_record_is_said_not_to_be_grade_d(visitor: Any) -> None:
    page = visitor.opens("/codes/911302307808371268", 404)
    text = page.get_element_by_id("content").text_content()
    assert "未见公开记录" in text
    assert "不等于 D 级" in text
    problem = visitor.get("/codes/911302307808371268", accept="application/json")
    assert problem.status_code == 404
    assert "未见公开记录" in problem.json()["detail"]


@pytest.mark.parametrize("code", ["91350100M000100Y4Z", "123", "91310115MA1H8R7C6D", "%E4%B8%80"])
def test_what_cannot_be_a_code_is_refused_with_the_reason(visitor: Any, code: str) -> None:
    page = visitor.opens(f"/codes/{code}", 400)
    assert "校验位" in page.get_element_by_id("content").text_content()
