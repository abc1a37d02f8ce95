"""`/excellence`: the A+ enterprises."""

from __future__ import annotations

from typing import Any


def test_it_lists_those_that_hold_a_plus_and_says_what_that_is(visitor: Any) -> None:
    page = visitor.opens("/excellence")
    assert page.xpath("//a[@class='enterprise-name']/@href") == ["/enterprises/16"]
    text = visitor.text("/excellence")
    assert "1 家企业有 A+ 级（卓越级）的评级单元" in text


def test_a_cursor_that_is_not_ours_is_refused(visitor: Any) -> None:
    visitor.opens("/excellence?cursor=%21%21", 400)
