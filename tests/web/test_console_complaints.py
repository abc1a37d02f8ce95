"""`/console/complaints`: a body's complaints from the queue to the closing, in front of the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from public_site import supervisors
from public_site.complaints import following, keys, reading, upkeep
from tests.complaints.inbox import SECRET
from tests.complaints.test_photos import picture
from tests.desk import Desk, row
from tests.web import complaint_desks
from tests.web.clerks import OURS, PASSWORD, Office
from tests.web.complaint_desks import ENTERPRISE, QUEUE, Bureaus, acts, text_of, today
from tests.web.conftest import Visitor


@pytest.fixture
def bureaus(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureaus:
    return complaint_desks.bureaus(office, tmp_path, monkeypatch)


def test_the_key_is_unlocked_at_sign_in_and_locked_at_sign_out(bureaus: Bureaus) -> None:
    bureaus.lodge()
    clerk = bureaus.of("fuling")
    assert SECRET in clerk.text(f"{QUEUE}/1")
    token = clerk.client.cookies["console"]
    assert keys.unlocked(bureaus.inbox.store, token)
    clerk.sends("/console/sign-out")
    assert keys.unlocked(bureaus.inbox.store, token) is None


def test_without_the_key_there_is_a_queue_but_no_content(bureaus: Bureaus) -> None:
    bureaus.lodge()
    clerk = bureaus.of("fuling", key=False)
    assert "还没有得到投诉密钥" in clerk.text("/console/")
    assert "还没有得到投诉密钥" in clerk.text(QUEUE)
    page = clerk.text(f"{QUEUE}/1")
    assert SECRET not in page
    assert "封存" in page
    assert acts(clerk, "note", said="记").status_code == 403
    assert clerk.client.get(f"{QUEUE}/1/photos/1").status_code == 403


def test_a_changed_password_keeps_the_key(bureaus: Bureaus) -> None:
    bureaus.lodge()
    clerk = bureaus.of("fuling")
    new = "惊涛拍岸卷起千堆雪江山如画"
    assert clerk.sends("/console/account", old=PASSWORD, new=new, again=new).status_code == 303
    assert keys.unlock(bureaus.inbox.store, clerk.name, new, "another", at=datetime.now(UTC))
    assert keys.unlocked(bureaus.inbox.store, "another") == bureaus.inbox.private


def test_who_works_for_no_body_is_told_so(bureaus: Bureaus) -> None:
    clerk = bureaus.office.clerk("没有机关的人", "supervisor")
    assert "还没有归到哪个机关" in clerk.text("/console/")
    assert clerk.client.get(QUEUE).status_code == 403


def test_before_the_ceremony_the_console_says_what_is_missing(office: Office) -> None:
    clerk = office.clerk("承办人", "supervisor")
    assert "投诉受理还没有开通" in clerk.text("/console/")
    assert clerk.client.get(QUEUE).status_code == 503


class TestTheQueue:
    def test_it_is_by_due_date_narrowed_and_paged_without_a_gap(self, bureaus: Bureaus) -> None:
        for number in range(60):
            category = ("odour",) if number % 3 else ("dust",)
            bureaus.lodge(f"once-{number}", categories=category, enterprise=None, where=f"{number} 号")
        clerk = bureaus.of("fuling")
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

    def test_a_view_of_ones_own_is_kept_and_forgotten(self, bureaus: Bureaus) -> None:
        bureaus.lodge()
        clerk, other = bureaus.of("fuling"), bureaus.of("fuling", "另一人")
        assert clerk.sends(f"{QUEUE}/views", name="我的异味", view="waiting", category="odour").status_code == 303
        assert clerk.sends(f"{QUEUE}/views", name=" ", view="waiting").status_code == 422
        link = clerk.opens(QUEUE).xpath("//a[text()='我的异味']/@href")
        assert link == [f"{QUEUE}?view=waiting&category=odour"]
        clerk.opens(link[0])
        assert "我的异味" not in other.text(QUEUE)
        clerk.sends(f"{QUEUE}/views/remove", name="我的异味")
        assert "我的异味" not in clerk.text(QUEUE)

    def test_many_are_given_to_a_colleague_at_once_and_none_of_another_body(self, bureaus: Bureaus) -> None:
        for number in range(3):
            bureaus.lodge(f"once-{number}", place="500108" if number == 2 else "500102")
        clerk, other = bureaus.of("fuling"), bureaus.of("fuling", "另一人")
        stranger = bureaus.of("nanan")
        ticked = {"token": clerk.token(), "id": ["1", "2"], "who": "另一人"}
        assert clerk.client.post(f"{QUEUE}/give", data=ticked, headers=OURS).status_code == 303
        assert len(other.opens(f"{QUEUE}?mine=1").xpath("//tbody/tr")) == 2
        assert "这里没有投诉" in clerk.text(f"{QUEUE}?mine=1")
        assert clerk.sends(f"{QUEUE}/give", id="1", who=stranger.name).status_code == 422
        both = {"token": clerk.token(), "id": ["1", "3"], "who": clerk.name}
        assert clerk.client.post(f"{QUEUE}/give", data=both, headers=OURS).status_code == 404
        assert len(other.opens(f"{QUEUE}?mine=1").xpath("//tbody/tr")) == 2


class TestTheCase:
    def test_it_shows_the_content_the_enterprise_and_why_it_is_here(self, bureaus: Bureaus) -> None:
        bureaus.lodge()
        bureaus.lodge("once-2")
        page = bureaus.of("fuling").text(f"{QUEUE}/1")
        for said in (SECRET, "CANARY演示路五号", "属地管理", "演示甲有限公司", "首次登记", "可能是同一件事", "恶臭"):
            assert said in page, said

    def test_every_opening_is_told_to_the_informant(self, bureaus: Bureaus) -> None:
        told = bureaus.lodge(photos=(picture("JPEG"),))
        clerk = bureaus.of("fuling")
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
        seen = following.follow(bureaus.inbox.store, told.code, on=today())
        name = "演示涪陵区生态环境局"
        assert seen.openings == {(name, "statement"): 2, (name, "photo"): 1, (name, "contact"): 1}
        assert "约时间现场查看" in [step.said for step in seen.steps]
        assert clerk.client.get(f"{QUEUE}/1/photos/2").status_code == 404

    def test_from_acceptance_to_the_closing(self, bureaus: Bureaus) -> None:
        told = bureaus.lodge()
        clerk = bureaus.of("fuling")
        there = f"{QUEUE}/1"
        assert acts(clerk, "accept").headers["location"] == there
        assert acts(clerk, "accept").status_code == 422
        assert acts(clerk, "ask", said=" ").status_code == 422
        assert acts(clerk, "ask", said="哪个车间？").status_code == 303
        following.act(bureaus.inbox.store, told.code, "answer", "三车间", on=today())
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

    def test_a_hand_over_needs_the_receivers_consent_and_wins_no_time(self, bureaus: Bureaus) -> None:
        bureaus.lodge()
        one, other = bureaus.of("fuling"), bureaus.of("nanan")
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

    def test_an_identity_goes_to_another_body_with_consent_only(self, bureaus: Bureaus) -> None:
        contact = {"name": "CANARY某甲", "how": "CANARY一三八", "public": False}
        bureaus.lodge("no", contact=contact | {"to_body": False})
        bureaus.lodge("yes", contact=contact | {"to_body": True})
        one, other = bureaus.of("fuling"), bureaus.of("nanan")
        for number in (1, 2):
            acts(one, "offer", number, said="在南岸", to="nanan")
            acts(other, "take", number)
        refused = other.sends(f"{QUEUE}/1/contact", None, why="约时间")
        assert refused.status_code == 422
        assert "没有同意把身份交给别的机关" in text_of(refused)
        assert "CANARY一三八" not in refused.text
        assert "CANARY一三八" in text_of(other.sends(f"{QUEUE}/2/contact", None, why="约时间"))

    def test_what_is_refused_says_why(self, bureaus: Bureaus) -> None:
        told = bureaus.lodge()
        clerk = bureaus.of("fuling")
        assert acts(clerk, "refuse", said="没有地点").status_code == 422
        assert acts(clerk, "refuse", said="没有地点", code="unclear").status_code == 303
        steps = following.follow(bureaus.inbox.store, told.code, on=today()).steps
        assert (steps[-1].code, steps[-1].said) == ("unclear", "没有地点")


class TestWhatABodyShares:
    def test_templates_belong_to_the_body(self, bureaus: Bureaus) -> None:
        bureaus.lodge()
        clerk, stranger = bureaus.of("fuling"), bureaus.of("nanan")
        there = f"{QUEUE}/templates"
        assert clerk.sends(there, None, name="现场", words=" ").status_code == 422
        assert clerk.sends(there, None, name="", words="一").status_code == 422
        for said in ("已到现场查看。", "已安排查看。"):
            assert clerk.sends(there, None, name="现场", words=said).status_code == 303
        assert "已安排查看。" in clerk.text(there)
        assert "已到现场查看。" not in clerk.text(there)
        assert "已安排查看。" in clerk.text(f"{QUEUE}/1")
        assert "已安排查看。" not in stranger.text(there)
        stranger.sends(f"{there}/remove", None, name="现场")
        assert "已安排查看。" in clerk.text(there)
        clerk.sends(f"{there}/remove", None, name="现场")
        assert "还没有模板" in clerk.text(there)

    def test_a_proposal_reaches_the_publishers_without_the_complaint(self, bureaus: Bureaus) -> None:
        told = bureaus.lodge()
        clerk, other = bureaus.of("fuling"), bureaus.of("nanan")
        assert clerk.sends(f"{QUEUE}/1/propose", None, proposal="夜间排放").status_code == 422
        acts(clerk, "accept")
        assert clerk.sends(f"{QUEUE}/1/propose", None, proposal=" ").status_code == 422
        assert other.sends(f"{QUEUE}/1/propose", None, proposal="夜间排放").status_code == 404
        assert clerk.sends(f"{QUEUE}/1/propose", None, proposal="监测数据超标。").status_code == 303
        assert "还没有答复" in clerk.text(f"{QUEUE}/proposals")
        assert "还没有提过" in other.text(f"{QUEUE}/proposals")
        drafter = bureaus.office.clerk("起草人甲", "drafter")
        assert "1 项建议等待答复" in drafter.text("/console/")
        assert "演示甲有限公司" in drafter.text("/console/proposals")
        page = drafter.text("/console/proposals/1")
        assert "监测数据超标。" in page
        assert "演示涪陵区生态环境局" in page
        assert told.reference not in page
        assert "CANARY" not in page
        assert drafter.sends("/console/proposals/1/close", None, answer=" ").status_code == 422
        assert drafter.sends("/console/proposals/1/close", None, answer="已重新评定。").status_code == 303
        assert drafter.sends("/console/proposals/1/close", None, answer="再答。").status_code == 422
        assert "已重新评定。" in clerk.text(f"{QUEUE}/proposals")
        drafter.opens("/console/proposals/9", 404)
        steps = following.follow(bureaus.inbox.store, told.code, on=today()).steps
        assert (steps[-1].act, steps[-1].said) == ("propose", "")

    def test_a_published_downgrade_leads_to_the_substantiated_case_and_tells_nothing_of_it(
        self, bureaus: Bureaus, tmp_path: Path
    ) -> None:
        told = bureaus.lodge()
        clerk, drafter = bureaus.of("fuling"), bureaus.office.clerk("起草人甲", "drafter")
        approver, office = bureaus.office.clerk("批准人乙", "approver"), bureaus.office
        desk = Desk(office.database, office.settings, tmp_path / "desk")
        acts(clerk, "accept")
        clerk.sends(f"{QUEUE}/1/propose", None, proposal="监测数据超标。")
        desk.publish([row(ENTERPRISE, "C")], on=today().isoformat(), title="关于调整绩效等级的公告")
        notice = str(desk.enterprise(ENTERPRISE).history[0].notice.id)  # type: ignore[union-attr]
        there = "/console/proposals/1"
        assert "还没有办结为查实" in drafter.text(there)
        assert drafter.sends(f"{there}/notice", None, notice=notice).status_code == 422
        acts(clerk, "close", said="夜间停机。", code="substantiated")
        assert "已把有关投诉办结为查实" in drafter.text(there)
        assert approver.sends(f"{there}/notice", None, notice=notice).status_code == 403
        assert drafter.sends(f"{there}/notice", None, notice="1").status_code == 422, "not a downgrade since then"
        public = Visitor(bureaus.office.client())
        assert "社会监督" not in public.opens(f"/notices/{notice}").text_content()
        public.opens(f"/notices/{notice}/supervision", 404)
        draft = drafter.sends(f"{there}/notice", None, notice=notice).headers["location"]
        drafter.sends(f"{draft}/hand-over", None)
        seen = approver.opens(draft).xpath("//input[@name='seen']/@value")[0]
        assert approver.sends(f"{draft}/approve", None, seen=seen).status_code == 303
        assert f"/notices/{notice}/supervision" in public.opens(f"/notices/{notice}").xpath("//dd/a/@href")
        page = public.text(f"/notices/{notice}/supervision")
        assert "演示涪陵区生态环境局" in page
        for url in (
            f"/notices/{notice}",
            f"/notices/{notice}/supervision",
            f"/api/v1/notices/{notice}",
            "/notices.atom",
        ):
            answer = bureaus.office.client().get(url).text
            assert told.reference not in answer
            assert "CANARY" not in answer
            assert "夜间停机" not in answer

    def test_a_case_that_is_judged_anew_is_no_longer_said_to_be_substantiated(self, bureaus: Bureaus) -> None:
        told = bureaus.lodge()
        clerk, city = bureaus.of("fuling"), bureaus.of("chongqing")
        drafter = bureaus.office.clerk("起草人甲", "drafter")
        acts(clerk, "accept")
        acts(clerk, "close", said="夜间停机。", code="partly")
        clerk.sends(f"{QUEUE}/1/propose", None, proposal="监测数据超标。")
        assert "已把有关投诉办结为查实" in drafter.text("/console/proposals/1")
        following.act(bureaus.inbox.store, told.code, "object", "还在排放", on=today())
        acts(city, "accept")
        assert acts(city, "close", said="没有查到。", code="not_substantiated").status_code == 303
        assert "还没有办结为查实" in drafter.text("/console/proposals/1")

    def test_unusual_reading_is_shown_to_colleagues_and_administrators(
        self, bureaus: Bureaus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(reading.THRESHOLDS, "statement", 2)
        for number in range(3):
            bureaus.lodge(f"once-{number}")
        clerk, colleague, stranger = bureaus.of("fuling"), bureaus.of("fuling", "同事"), bureaus.of("nanan")
        administrator = bureaus.of("", "管理员甲", roles=("administrator",), key=False)
        for number in (1, 2, 2, 2):
            clerk.client.get(f"{QUEUE}/{number}")
        assert "不寻常" not in colleague.text("/console/")
        clerk.client.get(f"{QUEUE}/3")
        assert "不寻常" in colleague.text("/console/")
        assert "一天打开了 3 件投诉的内容" in colleague.text(f"{QUEUE}/readings")
        assert "fuling的人" in administrator.text("/console/administration")
        assert "fuling的人" not in stranger.text(f"{QUEUE}/readings")
        assert "不寻常" not in stranger.text("/console/")

    def test_the_figures_are_those_of_ones_own_body(self, bureaus: Bureaus) -> None:
        for number in range(3):
            bureaus.lodge(f"once-{number}", place="500108" if number == 2 else "500102")
        clerk = bureaus.of("fuling")
        acts(clerk, "accept")
        acts(clerk, "close", said="整改", code="substantiated")
        page = clerk.text(f"{QUEUE}/statistics").replace(" ", "")
        for said in ("2一共", "查实，已采取措施1", "0天办结", "季度21"):
            assert said in page, said
        assert "—天办结" in bureaus.of("nanan").text(f"{QUEUE}/statistics").replace(" ", "")

    def test_what_is_late_below_is_seen_above_and_not_acted_on(self, bureaus: Bureaus) -> None:
        bureaus.lodge()
        clerk, above = bureaus.of("fuling"), bureaus.of("chongqing")
        acts(clerk, "accept")
        assert "这里没有投诉" in above.text(f"{QUEUE}?view=below")
        upkeep.escalate(bureaus.inbox.store, on=today() + timedelta(days=90))
        assert "下级逾期" in above.text("/console/")
        assert above.opens(f"{QUEUE}?view=below").xpath("//tbody//th//a/@href") == [f"{QUEUE}/1"]
        assert "不由本机关办理" in above.text(f"{QUEUE}/1")
        assert acts(above, "reply", said="我来").status_code == 403


class TestAdministrators:
    def test_what_one_asks_for_another_decides(self, bureaus: Bureaus) -> None:
        bureaus.lodge()
        worker = bureaus.of("", "新来的", key=False)
        one = bureaus.of("", "管理员甲", roles=("administrator",), key=False)
        other = bureaus.of("", "管理员乙", roles=("administrator",))
        there = "/console/administration"
        assert one.sends(f"{there}/people", None, kind="appoint", who="新来的").status_code == 422
        assert one.sends(f"{there}/people", None, kind="appoint", who="没有的人", body="fuling").status_code == 422
        assert one.sends(f"{there}/people", None, kind="grant", who="管理员甲").status_code == 303
        never = supervisors.add(bureaus.office.database, bureaus.office.settings.console_key, "没来过的", PASSWORD,
                                ["supervisor"], by="test", at=datetime.now(UTC))  # fmt: skip
        assert "先登录一次" in one.sends(f"{there}/people", None, kind="grant", who=never.name).text
        for what in ({"kind": "appoint", "body": "fuling"}, {"kind": "grant"}):
            assert one.sends(f"{there}/people", None, who="新来的", **what).status_code == 303
        one.opens(there)
        assert one.sends(f"{there}/changes/2/agree").status_code == 403
        assert "3 项申请等您决定" in other.text("/console/")
        assert other.sends(f"{there}/changes/2/agree").status_code == 303
        assert other.sends(f"{there}/changes/2/agree").status_code == 404
        assert SECRET not in worker.text(f"{QUEUE}/1")
        assert other.sends(f"{there}/changes/3/agree").status_code == 303
        assert "已授予" in one.text(there)
        token = "signed in again"
        assert keys.unlock(bureaus.inbox.store, "新来的", PASSWORD, token, at=datetime.now(UTC))
        assert other.sends(f"{there}/changes/1/refuse").status_code == 303
        assert "没有等待决定的申请" in other.text(there)

    def test_a_key_is_lent_only_by_who_holds_it_and_taken_at_once(self, bureaus: Bureaus) -> None:
        bureaus.of("fuling", "承办人")
        one, other = (bureaus.of("", f"管理员{n}", roles=("administrator",), key=False) for n in "甲乙")
        there = "/console/administration"
        one.sends(f"{there}/people", None, kind="grant", who="承办人")
        refused = other.sends(f"{there}/changes/1/agree")
        assert refused.status_code == 422
        assert "complaints grant" in refused.text
        one.sends(f"{there}/people", None, kind="disable", who="承办人")
        assert other.sends(f"{there}/changes/2/agree").status_code == 303
        assert not keys.unlock(bureaus.inbox.store, "承办人", PASSWORD, "x", at=datetime.now(UTC))
        assert "承办人" not in [cell.text_content() for cell in other.opens(there).xpath("//th[@scope='row']")]

    def test_somebody_cannot_decide_about_themselves(self, bureaus: Bureaus) -> None:
        one = bureaus.of("", "管理员甲", roles=("administrator",), key=False)
        other = bureaus.of("", "管理员乙", roles=("administrator",), key=False)
        there = "/console/administration"
        asked = {"token": one.token(), "kind": "roles", "who": "管理员乙", "roles": ["administrator", "supervisor"]}
        assert one.client.post(f"{there}/people", data=asked, headers=OURS).status_code == 303
        assert other.sends(f"{there}/changes/1/agree").status_code == 403
        assert "投诉承办人" in one.text(there)

    def test_bodies_are_added_changed_and_taken_away_by_two(self, bureaus: Bureaus) -> None:
        one, other = (bureaus.of("", f"管理员{n}", roles=("administrator",), key=False) for n in "甲乙")
        there = "/console/administration"
        new = {
            "id": "wanzhou",
            "name": "演示万州区生态环境局",
            "level": "county",
            "divisions": "500101",
            "parent": "chongqing",
        }
        for wrong in ({"level": "x"}, {"divisions": "1"}, {"parent": "nobody"}, {"name": ""}, {"id": "有 空格"}):
            assert one.sends(f"{there}/body", None, **new | wrong).status_code == 422, wrong
        one.opens(f"{there}/body")
        asked = {"token": one.token(), "competences": ["pollution", "objection"]} | new
        assert one.client.post(f"{there}/body", data=asked, headers=OURS).status_code == 303
        assert "演示万州区生态环境局" in other.text(there)
        assert other.sends(f"{there}/changes/1/agree").status_code == 303
        assert bureaus.lodge(place="500101").body == "演示万州区生态环境局"
        shown = one.opens(f"{there}/body?id=wanzhou")
        assert shown.get_element_by_id("name").get("value") == "演示万州区生态环境局"
        assert len(shown.xpath("//input[@name='competences'][@checked]")) == 2
        assert one.client.get(f"{there}/body?id=nobody").status_code == 404
        one.sends(f"{there}/body", None, id="wanzhou", remove="1")
        assert other.sends(f"{there}/changes/2/agree").status_code == 422  # it has a complaint
        assert one.sends(f"{there}/body", None, id="duty", remove="1").status_code == 422
        one.sends(f"{there}/body", None, id="nanan", remove="1")
        assert other.sends(f"{there}/changes/3/agree").status_code == 303
        assert "演示南岸区生态环境局" not in [a.text_content() for a in one.opens(there).xpath("//tbody//a")]
