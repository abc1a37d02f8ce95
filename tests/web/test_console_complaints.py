"""`/console/complaints`: a body's complaints from the queue to the closing, in front of the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from lxml import html

from public_site import supervisors
from public_site.complaints import bodies, following, keys
from tests.complaints.inbox import SECRET, Inbox, opened
from tests.complaints.test_photos import picture
from tests.desk import Desk, row
from tests.web.clerks import OURS, PASSWORD, Clerk, Office, sign_in

QUEUE = "/console/complaints"


@pytest.fixture
def inbox(office: Office, tmp_path: Path) -> Inbox:
    desk = Desk(office.database, office.settings, tmp_path / "desk")
    desk.publish([row("演示甲有限公司", "B")], on="2022-04-24")
    return opened(office.settings, tmp_path / "offline")


@pytest.fixture
def of(office: Office, inbox: Inbox) -> Callable[..., Clerk]:
    """Somebody of a body, signed in with the complaints' key unlocked."""

    def found(body: str, name: str = "", *, key: bool = True) -> Clerk:
        name = name or f"{body}的人"
        enrolled = supervisors.add(office.database, office.settings.console_key, name, PASSWORD, ["supervisor"],
                                   by="test", at=datetime.now(UTC))  # fmt: skip
        bodies.appoint(inbox.store, name, body)
        if key:
            keys.unlock(inbox.store, name, PASSWORD, "first", at=datetime.now(UTC))
            keys.grant(inbox.store, name, inbox.private)
        client = office.client()
        answer = sign_in(client, name, PASSWORD, pyotp.TOTP(enrolled.secret).now())
        assert answer.headers["location"] == "/console/", answer.text
        return Clerk(name, client, office.settings, office.database)

    return found


def lodged(inbox: Inbox, once: str = "once-1", **changes: Any) -> Any:
    return inbox.lodge(once, on=today(), **changes)


def today() -> date:
    from public_site.web import pages

    return pages.day_of(pages.now())


def text_of(answer: Any) -> str:
    return " ".join(html.document_fromstring(answer.text).get_element_by_id("content").text_content().split())


def acts(clerk: Clerk, name: str, number: int = 1, **fields: str) -> Any:
    return clerk.sends(f"{QUEUE}/{number}/act", None, act=name, **fields)


def test_the_key_is_unlocked_at_sign_in_and_locked_at_sign_out(inbox: Inbox, of: Callable[..., Clerk]) -> None:
    lodged(inbox)
    clerk = of("fuling")
    assert SECRET in clerk.text(f"{QUEUE}/1")
    token = clerk.client.cookies["console"]
    assert keys.unlocked(inbox.store, token)
    clerk.sends("/console/sign-out")
    assert keys.unlocked(inbox.store, token) is None


def test_without_the_key_there_is_a_queue_but_no_content(inbox: Inbox, of: Callable[..., Clerk]) -> None:
    lodged(inbox)
    clerk = of("fuling", key=False)
    assert "还没有得到投诉密钥" in clerk.text("/console/")
    assert "还没有得到投诉密钥" in clerk.text(QUEUE)
    page = clerk.text(f"{QUEUE}/1")
    assert SECRET not in page
    assert "封存" in page
    assert acts(clerk, "note", said="记").status_code == 403
    assert clerk.client.get(f"{QUEUE}/1/photos/1").status_code == 403


def test_a_changed_password_keeps_the_key(office: Office, inbox: Inbox, of: Callable[..., Clerk]) -> None:
    lodged(inbox)
    clerk = of("fuling")
    new = "惊涛拍岸卷起千堆雪江山如画"
    assert clerk.sends("/console/account", old=PASSWORD, new=new, again=new).status_code == 303
    assert keys.unlock(inbox.store, clerk.name, new, "another", at=datetime.now(UTC))
    assert keys.unlocked(inbox.store, "another") == inbox.private


def test_who_works_for_no_body_is_told_so(office: Office, inbox: Inbox) -> None:
    clerk = office.clerk("没有机关的人", "supervisor")
    assert "还没有归到哪个机关" in clerk.text("/console/")
    assert clerk.client.get(QUEUE).status_code == 403


def test_before_the_ceremony_the_console_says_what_is_missing(office: Office) -> None:
    clerk = office.clerk("承办人", "supervisor")
    assert "投诉受理还没有开通" in clerk.text("/console/")
    assert clerk.client.get(QUEUE).status_code == 503


class TestTheQueue:
    def test_it_is_by_due_date_narrowed_and_paged_without_a_gap(self, inbox: Inbox, of: Callable[..., Clerk]) -> None:
        for number in range(60):
            category = ("odour",) if number % 3 else ("dust",)
            lodged(inbox, f"once-{number}", categories=category, enterprise=None, where=f"{number} 号")
        clerk = of("fuling")
        seen, url = [], f"{QUEUE}?kind=pollution"
        while url:
            page = clerk.opens(url)
            seen += page.xpath("//tbody//th//a/@href")
            url = next(iter(page.xpath("//a[@rel='next']/@href")), "")
        assert seen == [f"{QUEUE}/{number}" for number in range(1, 61)]
        assert len(clerk.opens(f"{QUEUE}?category=dust").xpath("//tbody/tr")) == 20
        assert len(clerk.opens(f"{QUEUE}?county=500102&category=dust").xpath("//tbody/tr")) == 20
        assert "这里没有投诉" in clerk.text(f"{QUEUE}?county=500108")
        assert "这里没有投诉" in clerk.text(f"{QUEUE}?kind=objection")
        for wrong in ("?view=all", "?kind=x", "?county=1", "?who=1", "?cursor=x", "?mine=2"):
            assert clerk.client.get(QUEUE + wrong).status_code == 400, wrong

    def test_a_view_of_ones_own_is_kept_and_forgotten(self, inbox: Inbox, of: Callable[..., Clerk]) -> None:
        lodged(inbox)
        clerk, other = of("fuling"), of("fuling", "另一人")
        assert clerk.sends(f"{QUEUE}/views", name="我的异味", view="waiting", category="odour").status_code == 303
        assert clerk.sends(f"{QUEUE}/views", name=" ", view="waiting").status_code == 422
        link = clerk.opens(QUEUE).xpath("//a[text()='我的异味']/@href")
        assert link == [f"{QUEUE}?view=waiting&category=odour"]
        clerk.opens(link[0])
        assert "我的异味" not in other.text(QUEUE)
        clerk.sends(f"{QUEUE}/views/remove", name="我的异味")
        assert "我的异味" not in clerk.text(QUEUE)

    def test_many_are_given_to_a_colleague_at_once_and_none_of_another_body(
        self, inbox: Inbox, of: Callable[..., Clerk]
    ) -> None:
        for number in range(3):
            lodged(inbox, f"once-{number}", place="500108" if number == 2 else "500102")
        clerk, other = of("fuling"), of("fuling", "另一人")
        stranger = of("nanan")
        ticked = {"token": clerk.token(), "id": ["1", "2"], "who": "另一人"}
        assert clerk.client.post(f"{QUEUE}/give", data=ticked, headers=OURS).status_code == 303
        assert len(other.opens(f"{QUEUE}?mine=1").xpath("//tbody/tr")) == 2
        assert "这里没有投诉" in clerk.text(f"{QUEUE}?mine=1")
        assert clerk.sends(f"{QUEUE}/give", id="1", who=stranger.name).status_code == 422
        both = {"token": clerk.token(), "id": ["1", "3"], "who": clerk.name}
        assert clerk.client.post(f"{QUEUE}/give", data=both, headers=OURS).status_code == 404
        assert len(other.opens(f"{QUEUE}?mine=1").xpath("//tbody/tr")) == 2


class TestTheCase:
    def test_it_shows_the_content_the_enterprise_and_why_it_is_here(
        self, inbox: Inbox, of: Callable[..., Clerk]
    ) -> None:
        lodged(inbox)
        lodged(inbox, "once-2")
        page = of("fuling").text(f"{QUEUE}/1")
        for said in (SECRET, "CANARY演示路五号", "属地管理", "演示甲有限公司", "首次登记", "可能是同一件事", "恶臭"):
            assert said in page, said

    def test_every_opening_is_told_to_the_informant(self, inbox: Inbox, of: Callable[..., Clerk]) -> None:
        told = lodged(inbox, photos=(picture("JPEG"),))
        clerk = of("fuling")
        clerk.client.get(f"{QUEUE}/1")
        photo = clerk.client.get(f"{QUEUE}/1/photos/1")
        assert photo.content.startswith(b"\xff\xd8")
        assert photo.headers["content-disposition"].startswith("attachment")
        assert photo.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert photo.headers["x-content-type-options"] == "nosniff"
        assert photo.headers["cache-control"] == "private, no-store"
        assert clerk.sends(f"{QUEUE}/1/contact", why=" ").status_code == 422
        answer = clerk.sends(f"{QUEUE}/1/contact", why="约时间现场查看")
        assert "CANARY一三八" in text_of(answer)
        seen = following.follow(inbox.store, told.code, on=today())
        name = "演示涪陵区生态环境局"
        assert seen.openings == {(name, "statement"): 2, (name, "photo"): 1, (name, "contact"): 1}
        assert "约时间现场查看" in [step.said for step in seen.steps]
        assert clerk.client.get(f"{QUEUE}/1/photos/2").status_code == 404

    def test_from_acceptance_to_the_closing(self, inbox: Inbox, of: Callable[..., Clerk]) -> None:
        told = lodged(inbox)
        clerk = of("fuling")
        there = f"{QUEUE}/1"
        assert acts(clerk, "accept").headers["location"] == there
        assert acts(clerk, "accept").status_code == 422
        assert acts(clerk, "ask", said=" ").status_code == 422
        assert acts(clerk, "ask", said="哪个车间？").status_code == 303
        following.act(inbox.store, told.code, "answer", "三车间", on=today())
        assert "三车间" in clerk.text(there)
        for name in ("note", "reply", "extend"):
            assert acts(clerk, name, said=f"写的{name}").status_code == 303
        assert acts(clerk, "extend", said="再延").status_code in (403, 422)
        wrong = acts(clerk, "close", said="查过了", code="unclear")
        assert wrong.status_code == 422
        assert "查过了" in wrong.text
        assert acts(clerk, "close", said="已整改", code="substantiated").status_code == 303
        page = clerk.text(there)
        assert "查实，已采取措施" in page
        assert "现在可以做的" not in page
        assert "写的note" in page
        assert acts(clerk, "erase").status_code == 422
        assert acts(clerk, "x" * 300).status_code == 422

    def test_a_hand_over_needs_the_receivers_consent_and_wins_no_time(
        self, inbox: Inbox, of: Callable[..., Clerk]
    ) -> None:
        lodged(inbox)
        one, other = of("fuling"), of("nanan")
        due = one.opens(QUEUE).xpath("//tbody//time/@datetime")
        assert other.client.get(f"{QUEUE}/1").status_code == 404
        assert acts(one, "offer", said="在南岸", to="fuling").status_code == 422
        assert acts(one, "offer", said="在南岸", to="nanan").status_code == 303
        assert "等待对方同意" in one.text(QUEUE)
        assert SECRET in other.text(f"{QUEUE}/1")
        assert acts(other, "decline", said="不在南岸").status_code == 303
        assert other.client.get(f"{QUEUE}/1").status_code == 404
        assert one.opens(QUEUE).xpath("//tbody//time/@datetime") == due
        acts(one, "offer", said="请再看", to="nanan")
        assert acts(other, "take").headers["location"] == QUEUE
        assert one.client.get(f"{QUEUE}/1").status_code == 404
        assert acts(one, "note", said="还在吗").status_code == 404

    def test_what_is_refused_says_why(self, inbox: Inbox, of: Callable[..., Clerk]) -> None:
        told = lodged(inbox)
        clerk = of("fuling")
        assert acts(clerk, "refuse", said="没有地点").status_code == 422
        assert acts(clerk, "refuse", said="没有地点", code="unclear").status_code == 303
        steps = following.follow(inbox.store, told.code, on=today()).steps
        assert (steps[-1].code, steps[-1].said) == ("unclear", "没有地点")
