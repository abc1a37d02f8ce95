"""`/enterprises/{id}`: what an enterprise holds, since when, by whom, and what changed; its old ids lead to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from public_site import publishing

PAPER, GLASS, BOTH_SCALES, ONLY_PROPOSED, GONE, MANAGED = 2, 4, 13, 22, 25, 28


def test_the_page_tells_grade_units_sources_and_that_the_overall_grade_is_derived(visitor: Any) -> None:
    text = visitor.text(f"/enterprises/{GLASS}")
    assert "C级" in text
    assert "短板原则" in text
    assert "这一总体等级由本站推算" in text
    assert "玻璃" in text
    assert "工业涂装" in text
    assert "关于调整演示乙玻璃有限公司绩效等级的通知" in text
    assert "第 2 行" in text
    assert "SHA-256" in text
    assert "未见公开记录" in text


def test_a_proposed_grade_is_never_shown_as_decided(visitor: Any) -> None:
    page = visitor.opens(f"/enterprises/{ONLY_PROPOSED}")
    marks = page.xpath("//*[starts-with(@class, 'grade grade-')]")
    assert marks
    assert all("grade-proposed" in mark.get("class") for mark in marks)
    assert all(mark.text_content().endswith("拟定") for mark in marks)
    assert "只有公示过的等级" in visitor.text(f"/enterprises/{ONLY_PROPOSED}")
    assert visitor.json(f"/enterprises/{ONLY_PROPOSED}.json")["overall_grade"] is None


def test_an_open_proposal_stands_beside_the_decided_grade(visitor: Any) -> None:
    page = visitor.opens(f"/enterprises/{PAPER}")
    verdict = page.xpath("//section[contains(@class, 'verdict')]")[0].text_content()
    assert "B级" in verdict
    assert "2023年6月1日的公示曾拟将包装印刷定为 A，尚未见结果" in " ".join(verdict.split())


@pytest.mark.parametrize("url", ["/enterprises", f"/enterprises/{PAPER}", f"/enterprises/{ONLY_PROPOSED}"])
def test_an_old_proposal_is_not_said_to_be_open_for_ever(visitor: Any, url: str) -> None:
    text = visitor.text(url)
    assert "公示中" not in text
    assert "曾公示（2023-06-01），尚未见结果" in text


def test_the_first_sentence_tells_since_when_and_where_it_was_last_published(
    visitor_of: Any, tmp_path: Any, make_publisher: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示甲公告", "2022-01-01", {"name": "演示甲有限公司", "grade": "B"})
    publisher.publish("演示乙公告", "2024-02-03", {"name": "演示甲有限公司", "grade": "B"})
    publisher.index()
    text = visitor_of(publisher.settings).text("/enterprises/2")
    assert "自 2022年1月1日起；最近一次公布：重庆市生态环境局《演示乙公告》（2024年2月3日）" in text
    assert "最近一次决定" not in text
    assert "再次公布，等级未变" in text
    assert "复核" not in text


def test_the_only_unit_is_said_to_be_the_only_decided_one_beside_proposals(
    visitor_of: Any, tmp_path: Any, make_publisher: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示公告", "2023-01-01", {"name": "演示甲有限公司", "grade": "B"})
    publisher.publish("演示公示", "2023-02-01", {"name": "演示甲有限公司", "industry": "水泥"}, stage="proposed")
    publisher.index()
    visitor = visitor_of(publisher.settings)
    assert "只有一个已确定的评级单元" in visitor.text("/enterprises/2")
    assert "只有一个评级单元" in visitor.text("/enterprises/2?as_of=2023-01-15")


def test_scales_that_cannot_be_compared_give_no_overall_grade(visitor: Any) -> None:
    assert "各单元等级不可比" in visitor.text(f"/enterprises/{BOTH_SCALES}")
    assert visitor.json(f"/enterprises/{BOTH_SCALES}.json")["overall_reason"] == "not_comparable"


def test_a_unit_that_vanished_is_no_longer_listed_and_not_downgraded(visitor: Any) -> None:
    text = visitor.text(f"/enterprises/{GONE}")
    assert "未再列入" in text
    assert "不是降级的决定" in text
    assert not visitor.opens(f"/enterprises/{GONE}").xpath("//table//*[contains(@class, 'grade-b')]")


def test_managed_as_is_kept_apart_from_the_grade(visitor: Any) -> None:
    text = visitor.text(f"/enterprises/{MANAGED}")
    assert "按 A 级管理，至 2025-12-31" in text
    assert visitor.json(f"/enterprises/{MANAGED}.json")["overall_grade"] == "B"


def test_the_json_of_an_enterprise_is_what_the_contract_says(visitor: Any) -> None:
    body = visitor.json(f"/enterprises/{GLASS}.json")
    assert {
        "id", "name", "former_names", "credit_code", "province", "city", "county", "point", "overall_grade",
        "overall_reason", "excellence", "units", "history", "entry",
    } <= body.keys()  # fmt: skip
    assert {
        "id", "site", "industry", "line", "scheme", "scale", "grade", "managed_as", "managed_until", "stage", "since",
        "notice_id", "listed",
    } <= body["units"][0].keys()  # fmt: skip
    newest = body["history"][0]
    assert (newest["kind"], newest["grade"], newest["previous_grade"]) == ("downgraded", "C", "A")
    assert newest["effective_on"] == "2023-03-01"
    assert newest["notice"].keys() >= {"id", "title", "issuer", "number", "url", "sha256", "row"}
    assert [event["kind"] for event in body["history"]] == ["downgraded", "graded", "graded"]


def test_as_of_a_day_shows_what_held_then(visitor: Any) -> None:
    assert visitor.json(f"/enterprises/{GLASS}.json?as_of=2022-01-01")["overall_grade"] == "B-"
    text = visitor.text(f"/enterprises/{GLASS}?as_of=2022-01-01")
    assert "这是 2022年1月1日当天的等级" in text
    visitor.opens(f"/enterprises/{GLASS}?as_of=2020-01-01", 404)


def test_known_at_counts_only_what_had_been_published(visitor: Any) -> None:
    history = visitor.json(f"/enterprises/{GLASS}.json")["history"]
    moment = history[-1]["published_at"]
    body = visitor.json(f"/enterprises/{GLASS}.json?known_at={quote(moment)}")
    assert body["overall_grade"] == "B-"
    assert body["entry"] < 30
    plus = visitor.json(f"/enterprises/{GLASS}.json?known_at=2030-01-01T00:00:00+08:00")
    assert plus["overall_grade"] == "C"
    visitor.opens(f"/enterprises/{GLASS}?known_at={quote(moment)}")
    visitor.opens(f"/enterprises/{GLASS}?known_at=2000-01-01T00:00:00Z", 404)


def test_a_correction_and_a_withdrawal_are_shown_and_nothing_disappears(
    visitor_of: Any, tmp_path: Any, make_publisher: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司", "grade": "A"}, {"name": "演示乙有限公司"})
    publisher.correct(3, {"grade": "B"}, "录入有误")
    publisher.withdraw(5, "公告撤回")
    publisher.index()
    visitor = visitor_of(publisher.settings)
    corrected, withdrawn = visitor.text("/enterprises/2"), visitor.text("/enterprises/4")
    assert "录入有误" in corrected
    assert "更正第 3 条" in corrected
    assert "后有更正" in corrected
    assert "公告撤回" in withdrawn
    assert "已撤销" in withdrawn
    assert visitor.json("/enterprises/2.json")["overall_grade"] == "B"
    assert visitor.json("/enterprises/4.json")["overall_grade"] is None


@pytest.fixture
def merged(make_publisher: Callable[[Path], Any], tmp_path: Path) -> Any:
    """Enterprise 2 (of another code) is merged into enterprise 5."""
    publisher = make_publisher(tmp_path / "data")
    publisher.publish(
        "演示名单一", "2022-01-01", {"name": "演示老厂", "grade": "A", "credit_code": "91130200699229617X"}
    )
    publisher.publish("演示名单二", "2023-01-01", {"name": "演示新公司", "grade": "C", "county": "500112"})
    publisher.index()
    publisher.amend(publishing.draft_merge, 2, 5, reason="同一家企业", reference="渝环函〔2024〕1号")
    publisher.index()
    return publisher


def test_the_old_id_of_a_merged_enterprise_leads_to_the_one_it_is_now(
    merged: Any, visitor_of: Callable[[Any], Any]
) -> None:
    visitor = visitor_of(merged.settings)
    for path, target in (
        ("/enterprises/2", "/enterprises/5"),
        ("/enterprises/2.json", "/enterprises/5.json"),
        ("/enterprises/2?as_of=2022-06-01", "/enterprises/5?as_of=2022-06-01"),
        ("/codes/91130200699229617X", "/enterprises/5"),
    ):
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, target)
    before = visitor.json("/enterprises/2.json?known_at=2024-01-01T09:30:00Z")
    assert (before["name"], before["overall_grade"]) == ("演示老厂", "A")
    assert visitor.json("/enterprises/5.json?as_of=2022-06-01")["overall_grade"] == "A"


def test_a_merged_enterprise_is_found_by_its_old_name_as_the_survivor_only(
    merged: Any, visitor_of: Callable[[Any], Any]
) -> None:
    visitor = visitor_of(merged.settings)
    for url in ("/enterprises.json?q=演示老厂", "/enterprises.json", "/enterprises.json?as_of=2022-06-01"):
        assert [item["id"] for item in visitor.json(url)["items"]] == [5], url
    page = visitor.text("/enterprises/5")
    assert "曾用名：演示老厂" in page
    assert "第 2 号企业与第 5 号是同一家，合并" in page
    assert "理由：同一家企业；依据：渝环函〔2024〕1号" in page
    event = visitor.json("/enterprises/5.json")["history"][0]
    assert (event["kind"], event["moves"], event["reference"]) == (
        "enterprise_merged", {"from": 2, "to": 5, "decisions": 1}, "渝环函〔2024〕1号",
    )  # fmt: skip


def test_an_undone_merge_gives_the_old_id_back(merged: Any, visitor_of: Callable[[Any], Any]) -> None:
    merged.amend(publishing.draft_undoing, 7, reason="并非同一家")
    merged.index()
    visitor = visitor_of(merged.settings)
    assert visitor.json("/enterprises/2.json")["overall_grade"] == "A"
    assert sorted(item["id"] for item in visitor.json("/enterprises.json")["items"]) == [2, 5]
    assert "收回企业合并" in visitor.text("/enterprises/2")
    assert "已收回" in visitor.text("/enterprises/5")


def test_a_change_is_told_with_what_was_said_before(
    make_publisher: Callable[[Path], Any], tmp_path: Path, visitor_of: Callable[[Any], Any]
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司", "grade": "A"})
    publisher.amend(publishing.draft_enterprise_change, 2, {"name": "演示乙有限公司", "lat": 29.7, "lon": 107.39},
                    since="2024-01-01")  # fmt: skip
    publisher.amend(publishing.draft_enterprise_change, 2, {"place": "500112"})
    publisher.amend(publishing.draft_correction, 3, {"grade": "B"})
    publisher.amend(publishing.draft_split, 2, units=[3], to={"name": "演示丙有限公司"})
    publisher.index()
    visitor = visitor_of(publisher.settings)
    page = visitor.text("/enterprises/2")
    assert "名称：原为演示甲有限公司 →，改为 演示乙有限公司" in page
    assert "北纬 29.700000、东经 107.390000" in page
    assert "所在地：原为重庆市涪陵区" in page
    assert "误归在一起的 1 条等级决定移至第 7 号企业" in page
    assert "移自第 2 号企业" in visitor.text("/enterprises/7")
    corrected = next(e for e in visitor.json("/enterprises/7.json")["history"] if e["kind"] == "corrected")
    assert (corrected["before"], corrected["now"]) == ({"grade": "A"}, {"grade": "B"})


def test_one_decision_shows_both_notices_that_published_it(
    make_publisher: Callable[[Path], Any], tmp_path: Path, visitor_of: Callable[[Any], Any]
) -> None:
    publisher = make_publisher(tmp_path / "data")
    said = {"name": "演示甲有限公司", "grade": "A"}
    publisher.publish("市级公告", "2024-01-01", said)
    publisher.publish("区级公告", "2024-01-01", said, issuer="重庆市涪陵区生态环境局", division="500102")
    publisher.index()
    visitor = visitor_of(publisher.settings)
    page = visitor.text("/enterprises/2")
    assert "同一决定又见于 区级公告，第 2 行" in page
    assert "与第 3 条是同一决定" in page
    again, first = visitor.json("/enterprises/2.json")["history"]
    assert (again["kind"], again["cites"], first["cited_by"]) == ("cited", 3, [5])
    assert "同一决定再次公布" in visitor.text("/notices/4")
