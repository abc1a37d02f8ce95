"""Grades over time as a drawing: it says what the register says, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from public_site.web import timelines
from public_site.web.timelines import Held, Lane, Piece


def test_pieces_lie_where_their_days_are() -> None:
    drawn = timelines.drawn(
        [Held("1", "B", "2021-01-01", "2022-01-01"), Held("1", "A", "2022-01-01", None)], {"1": "焦化"}, "2023-01-01"
    )
    assert drawn is not None
    assert drawn.lanes == (Lane("焦化", (Piece(0.0, 240.0, "B"), Piece(240.0, 240.0, "A"))),)
    assert drawn.years == ((240.0, 2022), (480.0, 2023))


def test_a_unit_of_one_day_is_not_drawn() -> None:
    assert timelines.drawn([Held("1", "B", "2021-01-01", None)], {"1": ""}, "2021-01-01") is None


def test_rise_fall_correction_and_withdrawal_are_drawn_as_they_count(
    tmp_path: Path, make_publisher: Any, visitor_of: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    name = "演示甲包装有限公司"
    publisher.publish("甲", "2020-01-10", {"name": name, "grade": "B"})
    publisher.publish("乙", "2021-01-10", {"name": name, "grade": "A"})
    fallen = publisher.publish("丙", "2022-01-10", {"name": name, "grade": "C"})
    publisher.publish("丁", "2023-01-10", {"name": name, "grade": "B"}, stage="proposed")
    publisher.index()
    visitor = visitor_of(publisher.settings)
    page = visitor.json(f"/enterprises.json?q={name}")["items"][0]["url"]

    def drawn(url: str) -> list[str]:
        lanes = visitor.opens(url).xpath("//svg[contains(@class, 'lanes')]//g/@class")
        return [lane.removeprefix("grade-") for lane in lanes]

    assert drawn(page) == ["b", "a", "c"]
    assert drawn(f"{page}?as_of=2021-06-01") == ["b", "a"]
    decision = max(entry["entry"] for entry in visitor.json(f"{page}.json")["history"] if entry["kind"] == "downgraded")
    assert decision > fallen
    publisher.withdraw(decision, "发布有误")
    publisher.index()
    assert drawn(page) == ["b", "a"]
