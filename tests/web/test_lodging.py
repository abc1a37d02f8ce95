"""`/complaints/lodge` … `/complaints/follow`: from the first question to erasure, as somebody without script or account."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine
from lxml import html

from public_site.complaints import bodies, statistics
from public_site.complaints.routing import Body
from tests.complaints.inbox import PASSPHRASE, Inbox, opened
from tests.complaints.test_photos import picture
from tests.web.clerks import OURS

SAID = "CANARY夜里两点南门烟囱冒黄烟，气味刺鼻"
ANSWERS: tuple[dict[str, Any], ...] = (
    {"county": "重庆市涪陵区", "where": "CANARY路五号"}, {"when": "CANARY昨夜"}, {"statement": SAID, "categories": ["fumes", "odour"]},
    {"about": ""}, {},
)  # fmt: skip


@pytest.fixture
def register(tmp_path: Path, make_publisher: Any) -> Any:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, division="500000")
    publisher.index()
    return publisher


@pytest.fixture
def inbox(register: Any, tmp_path: Path) -> Inbox:
    return opened(register.settings, tmp_path / "offline")


def fields(page: html.HtmlElement, action: str) -> dict[str, Any]:
    form = page.xpath(f"//form[@action='{action}']")[-1]
    found: dict[str, Any] = {}
    for field in form.xpath(".//input[@type='hidden']"):
        found.setdefault(field.get("name"), []).append(field.get("value"))
    return found


def checked(visitor: Any, answer: Any, status: int = 200) -> html.HtmlElement:
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["cache-control"] == "private, no-store"
    assert "set-cookie" not in answer.headers
    from tests.web.conftest import _CHECKS

    page = html.document_fromstring(answer.text)
    for check in _CHECKS:
        check(page)
    return page


def answered(visitor: Any, start: str = "/complaints/new?kind=pollution", answers: Any = ANSWERS) -> html.HtmlElement:
    """The page where everything is checked, after each question was answered."""
    page = visitor.opens(start)
    for answer in answers:
        sent = fields(page, "/complaints/lodge") | answer
        page = checked(visitor, visitor.client.post("/complaints/lodge", data=sent, headers=OURS))
    return page


def solved(page: html.HtmlElement) -> str:
    work = page.get_element_by_id("work")
    told = {name: work.get(f"data-{name}") for name in ("salt", "challenge", "signature")}
    for number in range(int(work.get("data-most")) + 1):
        if hashlib.sha256(f"{told['salt']}{number}".encode()).hexdigest() == told["challenge"]:
            return base64.b64encode(json.dumps(told | {"number": number, "algorithm": "SHA-256"}).encode()).decode()
    raise AssertionError("no number solves it")


def sent(visitor: Any, page: html.HtmlElement, photos: tuple[bytes, ...] = (), **more: Any) -> Any:
    data = fields(page, "/complaints/send") | {"work": solved(page)} | more
    files = [("photos", (f"{n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(photos)]
    files = files or [("photos", ("none", b"", "application/octet-stream"))]
    return visitor.client.post("/complaints/send", data=data, files=files, headers=OURS)


def code_of(page: html.HtmlElement) -> str:
    return str(page.get_element_by_id("tracking-code").text_content())


def test_from_the_first_question_to_erasure_without_script_or_account(inbox: Inbox, register: Any, visitor_of: Any) -> None:  # fmt: skip
    visitor = visitor_of(register.settings)
    page = answered(visitor)
    lodged = checked(visitor, sent(visitor, page, (picture("JPEG"), b"GIF89a")))
    code = code_of(lodged)
    assert re.fullmatch(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", code)
    told = lodged.text_content()
    assert "演示涪陵区生态环境局" in told
    assert "第 2 张：只能传照片" in told
    assert "信访工作条例" in told
    again = checked(visitor, sent(visitor, page))
    assert code_of(again) == code
    visitor.opens("/complaints/follow")
    seen = checked(visitor, visitor.client.post("/complaints/follow", data={"code": code.lower()}, headers=OURS))
    assert SAID in seen.text_content()
    assert "1 张" in seen.text_content()

    def act(status: int = 200, **said: str) -> html.HtmlElement:
        return checked(visitor, visitor.client.post("/complaints/follow/act", data={"code": code} | said, headers=OURS), status)  # fmt: skip

    assert "补充的材料已经送到" in act(act="add", said="今天又来了").text_content()
    assert "现在不能" in act(422, act="object", said="没有解决").text_content()
    assert "请先勾选确认" in act(422, act="erase").text_content()
    proof = visitor.client.post("/complaints/follow/proof", data={"code": code}, headers=OURS)
    assert proof.headers["content-disposition"].startswith("attachment")
    assert "已经删除" in act(act="erase", sure="1").text_content()
    gone = visitor.client.post("/complaints/follow", data={"code": code}, headers=OURS)
    unknown = visitor.client.post("/complaints/follow", data={"code": "0" * 24}, headers=OURS)
    assert (gone.status_code, gone.text) == (unknown.status_code, unknown.text)
    assert gone.status_code == 422


def test_from_an_enterprise_the_place_is_known_and_an_objection_goes_to_the_issuer(
    inbox: Inbox, register: Any, visitor_of: Any
) -> None:
    visitor = visitor_of(register.settings)
    page = answered(visitor, "/complaints/new?kind=pollution&enterprise=2", ({}, *ANSWERS[1:]))
    assert "演示涪陵区生态环境局" in checked(visitor, sent(visitor, page)).text_content()
    page = answered(
        visitor, "/complaints/new?kind=objection&notice=1", ({}, {"statement": "应为 B 级，理由如下。见附件。"}, {})
    )
    assert "演示重庆市生态环境局" in checked(visitor, sent(visitor, page)).text_content()


def test_what_lies_in_a_zone_goes_to_its_authority_and_says_so(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    bodies.put(
        inbox.store,
        Body("zone", "演示两江新区分局", "county", ("500100:两江新区",), frozenset({"pollution"}), "chongqing"),
    )
    visitor = visitor_of(register.settings)
    page = answered(
        visitor, "/complaints/new?kind=pollution", ({"county": "重庆市两江新区", "where": "五号路"}, *ANSWERS[1:])
    )
    told = checked(visitor, sent(visitor, page))
    assert "演示两江新区分局" in told.text_content()
    followed = visitor.client.post("/complaints/follow", data={"code": code_of(told)}, headers=OURS).text
    assert "两江新区五号路" in followed
    with pytest.raises(bodies.BodiesRefused, match="园区"):
        bodies.put(inbox.store, Body("other", "甲", "county", ("500100:甲", "两江新区"), frozenset(), ""))


def test_from_a_point_on_the_map_the_county_is_known(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    page = visitor.opens("/complaints/new?kind=pollution&point=29.70,107.39")
    assert page.get_element_by_id("county").value == "重庆市涪陵区"
    page = answered(
        visitor, "/complaints/new?kind=pollution&point=29.70,107.39", ({"county": "重庆市涪陵区"}, *ANSWERS[1:])
    )
    code = code_of(checked(visitor, sent(visitor, page)))
    assert "纬度 29.7，经度 107.39" in visitor.client.post("/complaints/follow", data={"code": code}, headers=OURS).text
    assert visitor.opens("/complaints/new?kind=pollution&point=0,0").get_element_by_id("county").value == ""
    (link,) = visitor.opens("/map?bbox=107.0,29.5,107.8,30.1").xpath(
        "//a[starts-with(@href, '/complaints/new?kind')]/@href"
    )
    assert link.endswith("point=29.80000,107.40000")
    visitor.opens("/complaints/new?point=x", 400)


def test_what_a_body_did_not_do_goes_above_it_and_before_sending_that_is_said(
    inbox: Inbox, register: Any, visitor_of: Any
) -> None:
    visitor = visitor_of(register.settings)
    page = answered(visitor, answers=(*ANSWERS[:3], {"about": "fuling"}, {}))
    told = page.text_content()
    assert all(said in told for said in ("演示涪陵区生态环境局看不到", "演示重庆市生态环境局应当告知", "线索不详", "不属它的职责", "60日内办结"))  # fmt: skip
    assert "演示重庆市生态环境局" in checked(visitor, sent(visitor, page)).text_content()
    first = fields(visitor.opens("/complaints/new?kind=pollution"), "/complaints/lodge")
    unknown = first | ANSWERS[0] | {"asked": "whom", "about": "nanan"}
    checked(visitor, visitor.client.post("/complaints/lodge", data=unknown, headers=OURS), 422)


def test_one_answer_is_changed_without_going_through_the_others(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    page = answered(visitor, answers=(*ANSWERS[:3], {"about": "fuling"}, {}))
    again = fields(page, "/complaints/lodge") | {"again": "where"}
    page = checked(visitor, visitor.client.post("/complaints/lodge", data=again, headers=OURS))
    changed = fields(page, "/complaints/lodge") | {"county": "重庆市南岸区", "where": "CANARY路六号"}
    page = checked(visitor, visitor.client.post("/complaints/lodge", data=changed, headers=OURS), 422)
    assert "没有办理" in page.xpath("//h1")[0].text_content()  # the body that was named has no say there
    chosen = fields(page, "/complaints/lodge") | {"about": ""}
    page = checked(visitor, visitor.client.post("/complaints/lodge", data=chosen, headers=OURS))
    assert "演示南岸区生态环境局应当告知" in page.text_content()


def test_an_objection_chooses_among_the_notices_of_the_enterprise(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    page = visitor_of(register.settings).opens("/complaints/new?kind=objection&enterprise=2")
    assert page.xpath("//input[@name='notice'][@type='radio']/@value") == ["1"]


def test_a_wrong_answer_is_asked_again_with_what_was_said(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    first = fields(visitor.opens("/complaints/new?kind=pollution"), "/complaints/lodge")
    for answer, said in (
        ({}, "请写明"),
        ({"county": "不存在的地方", "where": "x"}, "没有找到"),
        ({"county": "鼓楼区", "where": "x"}, "同名"),
    ):
        page = checked(visitor, visitor.client.post("/complaints/lodge", data=first | answer, headers=OURS), 422)
        assert said in page.xpath("//*[@role='alert']")[0].text_content()


def test_who_neither_works_nor_waits_is_told_to_wait_and_loses_nothing(inbox: Inbox, register: Any, visitor_of: Any) -> None:  # fmt: skip
    visitor = visitor_of(register.settings)
    with time_machine.travel("2026-03-02T02:00:00+00:00", tick=False) as clock:
        page = answered(visitor)
        refused = page
        for work in ("", "x", base64.b64encode(b'{"salt": 1}').decode()):
            refused = checked(visitor, sent(visitor, page, work=work), 422)
            assert "请再等 20 秒" in refused.text_content()
        clock.shift(20)
        assert code_of(checked(visitor, sent(visitor, refused, work="")))
    for ticket in ("", "x.1.y", "a.b.c", "1.2"):
        assert sent(visitor, page, ticket=ticket, work="").status_code == 422


def test_another_sites_form_and_a_body_without_end_are_refused(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    page = answered(visitor)
    data = fields(page, "/complaints/send")
    foreign = visitor.client.post("/complaints/send", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    files = {"photos": ("a.jpg", b"0" * (60 << 20))}
    assert visitor.client.post("/complaints/send", data=data, files=files, headers=OURS).status_code == 413


def test_photos_that_cannot_be_taken_do_not_cost_what_was_written(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    large = picture("JPEG") + b"0" * (9 << 20)
    lodged = checked(visitor, sent(visitor, answered(visitor), (large, *(picture("PNG"),) * 6, b"<svg/>")))
    told = lodged.text_content()
    for said in ("第 1 张：照片超过 8 MB", "第 7 张：最多 6 张", "第 8 张：最多 6 张"):
        assert said in told
    seen = visitor.client.post("/complaints/follow", data={"code": code_of(lodged)}, headers=OURS)
    assert "5 张" in seen.text


def test_nothing_of_a_complaint_is_public(inbox: Inbox, register: Any, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    before = {url: visitor.client.get(url).content for url in ("/enterprises/2", "/enterprises/2.json", "/enterprises.csv", "/notices/1", "/readyz")}  # fmt: skip
    lodged = sent(visitor, answered(visitor, "/complaints/new?kind=pollution&enterprise=2", ({}, *ANSWERS[1:])))
    assert lodged.status_code == 200
    assert before == {url: visitor.client.get(url).content for url in before}
    stored = b"".join(file.read_bytes() for file in register.settings.data.rglob("*") if file.is_file())
    assert b"CANARY" not in stored
    assert PASSPHRASE.encode() not in stored


def test_the_channel_says_what_it_is_and_only_what_was_written_down_of_closed_quarters(
    inbox: Inbox, register: Any, visitor_of: Any
) -> None:
    visitor = visitor_of(register.settings)
    inbox.lodge("four others", place="500108", contact=None, categories=("noise",))
    for number in range(6):
        inbox.lodge(f"once {number}", contact=None)
    before = visitor.text("/complaints")
    assert "还没有结束的季度可以公布" in before
    assert all(said in before for said in ("全国生态环境投诉举报平台", "线索不详", "不属", "信访工作条例", "福建省"))
    visitor.opens("/complaints?quarter=2026Q1", 404)
    statistics.close_quarters(inbox.store, on=date(2026, 4, 1))
    told = visitor.text("/complaints")
    assert "2026 年第 1 季度" in told
    assert "重庆市涪陵区工业废气6" in told
    assert "南岸" not in told
    assert "没有满 30 件的机关" in told
    inbox.lodge("later", contact=None)
    assert visitor.text("/complaints?quarter=2026Q1") == told
    for url in ("/complaints?quarter=2025Q1", "/complaints?quarter=CANARY"):
        assert "CANARY" not in visitor.get(url).text
        assert visitor.get(url).status_code in (400, 404)
