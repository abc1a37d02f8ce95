"""`/console/enterprises`, `/console/units`, `/console/publications`: what is published is amended by two people, in the browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from public_site import publishing
from tests.desk import DRAFTER, Desk, row
from tests.web.clerks import OURS, Clerk, Office

PAPER, PRINT = "演示纸箱有限公司", "演示印刷有限公司"
CODE, OTHER_CODE = "91350100M000100Y43", "91130200699229617X"


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    """Two enterprises (2 and 3) with a unit each (4 and 5), of notice 1."""
    desk = Desk(office.database, office.settings, tmp_path / "desk")
    desk.publish([row(PAPER, "B", 统一社会信用代码=CODE), row(PRINT, "C")], on="2022-04-24")
    assert [desk.enterprise(name).line.id for name in (PAPER, PRINT)] == [2, 4]
    return desk


def goes_through(drafter: Clerk, approver: Clerk, url: str, /, **fields: str) -> str:
    """The form makes a draft, the draft is seen by both, and the second person approves it; what the draft's page says."""
    answer = drafter.client.post(url, data={"token": drafter.token(), "reason": "核对原件", **fields},
                                 headers=OURS)  # fmt: skip
    assert answer.status_code == 303, answer.text
    there = answer.headers["location"]
    said = drafter.text(there)
    assert drafter.sends(f"{there}/hand-over").status_code == 303
    seen = approver.opens(there).xpath("//input[@name='seen']/@value")[0]
    assert approver.sends(f"{there}/approve", seen=seen).headers["location"] == there
    assert "已经公开" in approver.text(there)
    return said


def shown(clerk: Clerk, url: str) -> dict[str, str]:
    """The fields of a page's form as a browser would send them."""
    form = clerk.opens(url).forms[-1]
    return {name: value for name, value in form.fields.items() if value and name != "token"}


def test_an_enterprise_is_found_by_number_code_former_name_and_the_number_it_had(drafter: Clerk, desk: Desk) -> None:
    drafter.opens("/console/enterprises")
    for said in ("2", CODE, CODE.lower(), PAPER, "演示纸箱 有限公司"):
        answer = drafter.client.get("/console/enterprises", params={"q": said})
        assert answer.headers["location"] == "/console/enterprises/2", said
    assert "没有找到" in drafter.text("/console/enterprises?q=没有这家")
    _merge(desk)
    for said in ("4", PRINT):
        assert drafter.client.get("/console/enterprises", params={"q": said}).headers["location"].endswith("/2")
    assert drafter.client.get("/console/enterprises/4").headers["location"] == "/console/enterprises/2"


def _merge(desk: Desk) -> None:
    desk.approve(publishing.draft_merge(desk.database, 4, 2, reason="同一家", by=DRAFTER, at=datetime.now(UTC)))


def test_name_code_place_and_point_are_written_over(
    drafter: Clerk, approver: Clerk, desk: Desk, office: Office
) -> None:
    url = "/console/enterprises/4/change"
    assert url in drafter.opens("/console/enterprises/4").xpath("//a/@href")
    fields = shown(drafter, url)
    assert (fields["name"], fields["place"]) == (PRINT, "重庆市涪陵区")
    said = goes_through(drafter, approver, url, **fields | {
        "name": "演示新印刷有限公司", "credit_code": OTHER_CODE, "place": "重庆市南岸区", "lat": "29.5", "lon": "106.56",
        "since": "2023-01-01",
    })  # fmt: skip
    for words in (
        "演示新印刷有限公司",
        OTHER_CODE,
        "重庆市南岸区",
        "北纬 29.500000、东经 106.560000",
        "2023-01-01 起如此",
    ):
        assert words in said
    line = desk.enterprise(PRINT).line
    assert (line.name, line.former_names, line.credit_code) == ("演示新印刷有限公司", (PRINT,), OTHER_CODE)
    assert (line.county and line.county.name, line.lat, line.lon) == ("南岸区", 29.5, 106.56)
    assert "演示新印刷有限公司" in office.client().get("/enterprises/4").text


@pytest.mark.parametrize("fields", [
    {}, {"credit_code": "123"}, {"credit_code": CODE}, {"place": "没有这地方"}, {"place": "鼓楼区"}, {"place": "999999"},
    {"lat": "29.5"}, {"lat": "106.5", "lon": "29.5"}, {"name": ""}, {"since": "2999-01-01", "zone": "演示园区"},
    {"zone": "演示园区", "reason": ""}, {"zone": "演示园区", "seen": "1"}, {"lat": "北纬", "lon": "东经"},
])  # fmt: skip
def test_a_change_that_cannot_be_is_said_beside_its_field_and_nothing_is_drafted(
    drafter: Clerk, desk: Desk, fields: dict[str, str]
) -> None:
    url = "/console/enterprises/4/change"
    answer = drafter.sends(url, None, **shown(drafter, url) | {"reason": "核对原件"} | fields)
    assert answer.status_code == 422
    assert "请先看这里" in answer.text
    assert "起草中" not in drafter.text("/console/notices")


def test_the_site_of_a_unit_is_told(drafter: Clerk, approver: Clerk, desk: Desk) -> None:
    url = f"/console/units/{desk.enterprise(PAPER).line.units[0].id}/site"
    assert url in drafter.opens("/console/enterprises/2").xpath("//a/@href")
    drafter.opens(url)
    assert drafter.sends(url, site="", reason="无").status_code == 422
    assert "东厂区" in goes_through(drafter, approver, url, site="东厂区")
    assert desk.enterprise(PAPER).line.units[0].site == "东厂区"
    drafter.opens("/console/units/2/site", 404)


def test_two_enterprises_become_one_and_come_apart_again(drafter: Clerk, approver: Clerk, desk: Desk) -> None:
    url = "/console/enterprises/4/merge"
    drafter.opens(url)
    drafter.opens(f"{url}?into=没有这家", 422)
    drafter.opens(f"{url}?into=4", 422)
    fields = shown(drafter, f"{url}?into={CODE}")
    ours, theirs = desk.enterprise(PRINT).line.units[0].id, desk.enterprise(PAPER).line.units[0].id
    assert fields == {"into": "2", "join": f"{ours}={theirs}"}  # of one industry and line
    for wrong in ({"into": ""}, {"into": "4"}, {"join": "x=y"}, {"join": f"{ours}=99"}):
        assert drafter.sends(url, None, **fields | {"reason": "同一家"} | wrong).status_code == 422, wrong
    assert f"{ours} 接到 {theirs}" in goes_through(drafter, approver, url, **fields)
    assert desk.enterprise(PRINT).line.id == 2
    assert len(desk.enterprise(PRINT).line.units) == 1
    undo = f"/console/entries/{desk.latest}/undo"
    assert undo in drafter.opens("/console/enterprises/2").xpath("//a/@href")
    drafter.opens(undo)
    goes_through(drafter, approver, undo)
    assert desk.enterprise(PRINT).line.id == 4
    assert "已收回" in drafter.text("/console/enterprises/2")
    goes_through(drafter, approver, url, **fields | {"join": f"{ours}=alone"})
    assert len(desk.enterprise(PRINT).line.units) == 2


def test_a_wrong_match_is_taken_apart_to_a_new_enterprise_or_to_one_there_is(
    drafter: Clerk, approver: Clerk, desk: Desk
) -> None:
    desk.publish([row(PAPER, "A", industry="家具制造")], on="2023-04-24")
    url, unit = "/console/enterprises/2/split", str(desk.enterprise(PAPER).line.units[1].id)
    drafter.opens(url)
    for wrong in (
        {"to": "4"}, {"unit": unit}, {"unit": unit, "to": "2"}, {"unit": "99", "to": "4"}, {"unit": "x", "to": "4"},
        {"unit": unit, "to": "4", "name": "别家"}, {"unit": unit, "name": "别家", "credit_code": "123"},
        {"unit": unit, "place": "南岸区"},
    ):  # fmt: skip
        assert drafter.sends(url, None, **wrong, reason="误归").status_code == 422, wrong
    said = goes_through(drafter, approver, url, unit=unit, name="演示家具厂", place="重庆市南岸区")
    assert "演示家具厂，南岸区" in said
    made = desk.enterprise("演示家具厂").line
    assert (made.overall_grade, made.county and made.county.name) == ("A", "南岸区")
    assert desk.enterprise(PAPER).line.overall_grade == "B"
    first = desk.enterprise(PAPER).line.units[0].entry
    goes_through(drafter, approver, url, entry=str(first), to=PRINT)
    assert first in {event.entry for event in desk.enterprise(PRINT).history if event.grade}


def test_splitting_to_a_number_that_was_merged_away_lets_it_live_again(
    drafter: Clerk, approver: Clerk, desk: Desk
) -> None:
    unit = desk.enterprise(PRINT).line.units[0].id
    desk.approve(
        publishing.draft_merge(desk.database, 4, 2, joins={}, reason="同一家", by=DRAFTER, at=datetime.now(UTC))
    )
    goes_through(drafter, approver, "/console/enterprises/2/split", unit=str(unit), to="4")
    assert desk.enterprise(PRINT).line.id == 4


def test_a_notice_is_corrected_withdrawn_and_restored(
    drafter: Clerk, approver: Clerk, desk: Desk, office: Office
) -> None:
    drafter.opens("/console/publications/1")
    assert "/console/publications/1" in drafter.opens("/console/notices/1").xpath("//a/@href")
    url = "/console/publications/1/correct"
    fields = shown(drafter, url)
    for wrong in (
        {}, {"title": ""}, {"issued_on": "2999-01-01"}, {"issued_on": "昨天"}, {"url": "javascript:alert(1)"},
        {"title": "新的标题", "seen": "99"}, {"title": "新的标题", "reason": ""},
    ):  # fmt: skip
        sent = {"token": drafter.token(), "reason": "勘误"} | fields | wrong
        assert drafter.client.post(url, data=sent, headers=OURS).status_code == 422, wrong
    said = goes_through(drafter, approver, url, **fields | {"number": "渝环函〔2022〕9号", "issued_on": "2022-05-01"})
    assert "渝环函〔2022〕9号" in said
    assert desk.enterprise(PAPER).line.since == "2022-05-01"
    url = "/console/publications/1/withdraw"
    drafter.opens(url)
    goes_through(drafter, approver, url)
    assert desk.enterprise(PAPER).line.overall_grade is None
    undo = f"/console/entries/{desk.latest}/undo"
    assert undo in drafter.opens("/console/publications/1").xpath("//a/@href")
    goes_through(drafter, approver, undo, reference="https://example.cn/1")
    assert desk.enterprise(PAPER).line.overall_grade == "B"
    drafter.opens("/console/publications/2", 404)
    drafter.opens("/console/entries/1/undo", 404)
    assert drafter.sends(undo, reason="再收回一次").status_code == 422


def test_a_draft_that_no_longer_fits_says_why_and_can_be_given_up(drafter: Clerk, desk: Desk) -> None:
    there = drafter.sends("/console/enterprises/4/merge", into="2", reason="同一家").headers["location"]
    _merge(desk)
    assert "这份草稿不再适用" in drafter.text(there)
    assert drafter.sends(f"{there}/hand-over").status_code == 422
    assert drafter.sends(f"{there}/discard").status_code == 303
    drafter.opens(there)


def test_markup_in_what_is_said_stays_text(drafter: Clerk, desk: Desk) -> None:
    evil: dict[str, Any] = {"name": "<img src=x onerror=alert(1)>\"'", "reason": "<b>核对</b>"}
    there = drafter.sends(
        "/console/enterprises/4/change", None, **shown(drafter, "/console/enterprises/4/change") | evil
    )
    page = drafter.opens(there.headers["location"])
    assert not page.xpath("//main//img | //main//b")
    assert "<img src=x onerror=alert(1)>" in page.text_content()
