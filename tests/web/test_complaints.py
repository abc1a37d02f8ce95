"""`/complaints`: three ways told apart, and reports of wrong data from the page to the console."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy import text

from tests.web.clerks import OURS, Office


@pytest.fixture
def register(tmp_path: Path, make_publisher: Any) -> Any:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    publisher.index()
    return publisher


def send(visitor: Any, form: str = "/complaints/new?kind=data&enterprise=2", **fields: str) -> Any:
    """Fill in the form of a page and send it."""
    page = html.document_fromstring(visitor.get(form).text)
    hidden = {field.get("name"): field.get("value") for field in page.xpath("//input[@type='hidden']")}
    return visitor.client.post("/complaints/new", data=hidden | fields, headers=OURS)


def test_the_three_kinds_are_told_apart_and_none_is_pretended(visitor: Any) -> None:
    text_of_kinds = visitor.text("/complaints/new")
    assert all(kind in text_of_kinds for kind in ("与公告原文不一致", "不同意公告里的评级", "污染环境"))
    assert "向发布公告的机关提出" in visitor.text("/complaints/new?kind=objection")
    pollution = visitor.text("/complaints/new?kind=pollution")
    assert "还不受理污染举报" in pollution
    assert "12369" not in pollution
    assert "不要写姓名、电话" in visitor.text("/complaints/new?kind=data")


def test_where_pollution_is_reported_is_a_setting(register: Any, visitor_of: Any) -> None:
    settings = register.settings.model_copy(update={"complaint_channel": "请拨打演示市热线。"})
    assert "请拨打演示市热线。" in visitor_of(settings).text("/complaints/new?kind=pollution")


@pytest.mark.parametrize(("page", "subject"), [("/enterprises/2", "演示甲有限公司"), ("/notices/1", "演示名单")])
def test_the_pages_lead_to_a_report_about_themselves(register: Any, visitor_of: Any, page: str, subject: str) -> None:
    visitor = visitor_of(register.settings)
    (link,) = visitor.opens(page).xpath("//main//a[starts-with(@href, '/complaints/new')]/@href")
    asked = visitor.opens(link)
    assert asked.xpath("//form//input[@name='kind']")
    assert subject in visitor.text(link.replace("?", "?kind=data&"))


def test_a_report_arrives_in_the_console_and_is_answered_there(register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    answer = send(visitor, report="等级应为 C，见原文第 2 行。", url="https://example.cn/a")
    assert answer.status_code == 303
    assert "第 1 号" in visitor.text(answer.headers["location"])
    office = Office(register.settings, register.database)
    clerk = office.clerk("起草人甲", "drafter")
    assert "1 份报告等待核实" in clerk.text("/console/")
    clerk.opens("/console/requests")
    told = clerk.text("/console/requests/1")
    assert "等级应为 C，见原文第 2 行。" in told
    assert clerk.sends("/console/requests/1/close", answer=" ").status_code == 422
    assert clerk.sends("/console/requests/1/close", answer="已更正", draft="99").status_code == 422
    assert clerk.sends("/console/requests/1/close", answer="与原文核对，登记无误。").status_code == 303
    assert "与原文核对，登记无误。" in clerk.text("/console/requests/1")
    assert "没有等待核实的报告" in clerk.text("/console/requests")
    clerk.opens("/console/requests?state=closed")


def test_a_form_sent_twice_is_one_report(register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    page = html.document_fromstring(visitor.get("/complaints/new?kind=data").text)
    once = page.xpath("//input[@name='once']/@value")[0]
    sent = [
        visitor.client.post("/complaints/new", data={"once": once, "report": "名称有误，见原文"}, headers=OURS)
        for _ in range(2)
    ]
    assert len({answer.headers["location"] for answer in sent}) == 1


def test_a_report_that_says_nothing_or_too_much_is_shown_again(register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    for said in ("", "错", "长" * 2_001, "有\0误有误有误"):
        answer = send(visitor, report=said, url="https://example.cn/a")
        assert answer.status_code == 422
        page = html.document_fromstring(answer.text)
        assert page.xpath("//*[@role='alert']//a/@href") == ["#report"]
        assert page.get_element_by_id("url").get("value") == "https://example.cn/a"
    assert send(visitor, report="名称有误，见原文", url="javascript:alert(1)").status_code == 422
    with register.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM error_report")).scalar_one() == 0


def test_what_a_stranger_wrote_is_shown_as_text(register: Any, visitor_of: Any) -> None:
    send(visitor_of(register.settings), report="<script>alert(1)</script>有误")
    clerk = Office(register.settings, register.database).clerk("起草人甲", "drafter")
    for url in ("/console/requests", "/console/requests/1"):
        assert not clerk.opens(url).xpath("//main//script")
        assert "<script>alert(1)" in clerk.text(url)


def test_another_sites_form_is_refused_and_reports_are_slowed(register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    foreign = visitor.client.post(
        "/complaints/new", data={"report": "名称有误，见原文"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    statuses = [send(visitor, report=f"名称有误，见原文第 {n} 行").status_code for n in range(6)]
    assert statuses == [303] * 5 + [429]


def test_no_answer_here_is_kept_and_none_sets_a_cookie(register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    for answer in (
        visitor.get("/complaints/new"),
        visitor.get("/complaints/new?kind=data"),
        send(visitor, report="名称有误，见原文"),
    ):
        assert answer.headers["cache-control"] == "private, no-store"
        assert "set-cookie" not in answer.headers
        assert not re.search(r"testclient", answer.text)
