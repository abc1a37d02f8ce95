"""`/downgrades`: what a notice says was lowered, and nothing else."""

from __future__ import annotations

from typing import Any


def test_it_lists_decided_downgrades_only(visitor: Any) -> None:
    page = visitor.opens("/downgrades")
    (row,) = page.xpath("//tbody/tr")
    text = " ".join(row.text_content().split())
    assert "2023-03-01" in text
    assert "演示乙玻璃有限公司" in text
    assert "关于调整演示乙玻璃有限公司绩效等级的通知" in text
    assert row.xpath(".//*[@role='img']/@aria-label") == ["A级", "C级"]


def test_no_longer_listed_is_said_not_to_be_a_downgrade(visitor: Any) -> None:
    text = visitor.text("/downgrades")
    assert "演示庚家具有限公司" not in text
    assert "“未再列入”）不是降级" in text


def test_a_withdrawn_downgrade_is_not_in_the_list(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示一", "2023-01-01", {"name": "演示甲有限公司", "grade": "A"})
    publisher.publish("演示二", "2024-01-01", {"name": "演示甲有限公司", "grade": "C", "previous_grade": "A"})
    publisher.withdraw(5, "误发")
    publisher.index()
    assert "登记中没有降级的决定" in visitor_of(publisher.settings).text("/downgrades")
