"""`/console/notices`: from an upload to what is public, in pages; and single entries mended the same way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from public_site import intake
from tests.desk import Desk, row
from tests.web.clerks import NOW, OTHER, OURS, Clerk, Office


class TestPublishing:
    def test_the_whole_way_in_pages_that_pass_every_check(self, office: Office, drafter: Clerk, approver: Clerk, desk: Desk) -> None:  # fmt: skip
        drafter.opens("/console/")
        drafter.opens("/console/notices/new")
        file = desk.write([row(NOW, "A"), row(OTHER, "C")], on="2024-04-24", title="演示市绩效评级结果的公告")
        there = drafter.drafts(file, url="https://example.cn/1")
        page = drafter.opens(there)
        assert not page.xpath("//form[contains(@action, 'hand-over')]")
        drafter.opens(f"{there}/facts")
        drafter.opens(f"{there}/rows")
        question = drafter.client.get(f"{there}/questions").headers["location"]
        assert question == f"{there}/rows/0"
        drafter.opens(question)
        assert drafter.sends(question, answer="same:99").status_code == 422
        assert drafter.sends(question, answer="renamed:2").headers["location"] == there
        assert drafter.sends(f"{there}/hand-over").status_code == 303
        for clerk in (drafter, approver):
            clerk.opens("/console/")
            clerk.opens("/console/notices")
        seen = approver.opens(there).xpath("//input[@name='seen']/@value")[0]
        assert approver.sends(f"{there}/refuse", reason=" ").status_code == 422
        assert approver.sends(f"{there}/refuse", reason="第 6 行应为 B。").status_code == 303
        assert "第 6 行应为 B。" in drafter.text("/console/")
        assert drafter.sends(f"{there}/hand-over").status_code == 303
        assert approver.sends(f"{there}/approve", seen=seen).status_code == 303
        published = approver.opens(there)
        assert "登记第 4 至 8 条" in " ".join(published.text_content().split())
        assert "/notices/4" in published.xpath("//a/@href")
        public = office.client()
        assert NOW in public.get("/enterprises/2").text
        assert [i["name"] for i in public.get(f"/enterprises.json?q={OTHER}").json()["items"]] == [OTHER]

    def test_what_changed_after_it_was_seen_is_shown_afresh_and_asked_again(self, drafter: Clerk, approver: Clerk, desk: Desk) -> None:  # fmt: skip
        there = drafter.drafts(desk.write([row(OTHER, "C")], on="2024-04-24"))
        drafter.sends(f"{there}/hand-over")
        seen = approver.opens(there).xpath("//input[@name='seen']/@value")[0]
        desk.publish([row("演示玻璃有限公司", "B")], on="2023-04-24")
        answer = approver.sends(f"{there}/approve", seen=seen)
        assert answer.status_code == 409
        assert "请重新核对" in answer.text
        again = re.search(r'name="seen" value="(\w+)"', answer.text)
        assert again
        assert again[1] != seen
        assert approver.sends(f"{there}/approve", seen=again[1]).status_code == 303

    def test_who_drafts_and_approves_may_not_approve_their_own(self, office: Office, desk: Desk) -> None:
        both = office.clerk("两样都做", "drafter", "approver")
        there = both.drafts(desk.write([row(OTHER, "C")], on="2024-04-24"))
        both.sends(f"{there}/hand-over")
        page = both.opens(there)
        assert not page.xpath("//form[contains(@action, 'approve')]")
        before = desk.latest
        assert both.sends(f"{there}/approve", seen="x").status_code == 403
        assert both.sends(f"{there}/refuse", reason="不行").status_code == 403
        assert desk.latest == before

    def test_a_defective_file_shows_its_problem_and_the_mended_one_clears_the_desk(self, drafter: Clerk, desk: Desk) -> None:  # fmt: skip
        there = drafter.uploads(desk.write([row(OTHER, "优秀")], on="2024-04-24"), issuer="演示市生态环境局").headers[
            "location"
        ]
        drafter.opens(there)  # while it waits
        while intake.read_next(drafter.database, drafter.settings):
            pass
        page = drafter.opens(there)
        assert [cell.text_content() for cell in page.xpath("//td[@class='is-meant']")] == ["有问题的一格：优秀"]
        mended = drafter.opens(page.xpath("//a[contains(@href, 'after_upload')]/@href")[0])
        assert mended.get_element_by_id("issuer").get("value") == "演示市生态环境局"
        drafter.drafts(desk.write([row(OTHER, "B")], on="2024-04-24"), after_upload=there.rpartition("/")[2])
        assert "处问题" not in drafter.text("/console/notices")

    def test_htmx_that_waits_for_a_reading_is_told_where_to_go(self, drafter: Clerk, desk: Desk) -> None:
        there = drafter.uploads(desk.write([row(OTHER, "B")], on="2024-04-24")).headers["location"]
        poll = {"HX-Request": "true", "HX-Target": "progress"}
        assert drafter.client.get(there, headers=poll).text.strip().startswith('<div id="progress"')
        while intake.read_next(drafter.database, drafter.settings):
            pass
        answer = drafter.client.get(there, headers=poll)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/console/notices/2")

    def test_a_form_that_is_wrong_is_shown_again_and_nothing_is_kept(self, drafter: Clerk, desk: Desk) -> None:
        file = desk.write([row(OTHER, "B")], on="2024-04-24")
        answer = drafter.uploads(file, issued_on="gestern", url="javascript:alert(1)", title="标题")
        assert answer.status_code == 422
        assert 'value="标题"' in answer.text
        assert {"#issued_on", "#url"} <= set(re.findall(r'href="(#\w+)"', answer.text))
        without = drafter.client.post("/console/notices/new", data={"token": drafter.token()}, files={"file": ("", b"")}, headers=OURS)  # fmt: skip
        assert without.status_code == 422
        assert not [f for f in drafter.settings.uploads.iterdir() if not f.name.startswith(".")]

    def test_a_file_over_the_limit_is_refused_while_it_comes(self, office: Office, tmp_path: Path) -> None:
        small = Office(office.settings.model_copy(update={"file_limit_mb": 1}), office.database)
        clerk = small.clerk("起草人丙", "drafter")
        file = tmp_path / "名单.csv"
        file.write_bytes(b"x" * ((1 << 20) + 1))
        answer = clerk.uploads(file)
        assert answer.status_code == 422
        assert "超过 1 MB" in answer.text
        file.write_bytes(b"x" * (2 << 20))
        assert clerk.uploads(file).status_code == 413  # by its stated length, before anything looks at it
        assert not [f for f in clerk.settings.uploads.iterdir() if not f.name.startswith(".")]

    @pytest.mark.parametrize("fields", [{}, {"token": "0" * 64}])
    def test_a_file_without_the_forms_token_is_not_written(self, drafter: Clerk, fields: dict[str, str]) -> None:
        answer = drafter.client.post("/console/notices/new", data=fields, files={"file": ("a.csv", b"x")}, headers=OURS)
        assert answer.status_code == 403
        assert not list(drafter.settings.uploads.iterdir())

    def test_the_original_is_a_download_for_those_who_are_signed_in(self, drafter: Clerk, desk: Desk) -> None:
        file = desk.write([row(OTHER, "B")], on="2024-04-24")
        answer = drafter.client.get(drafter.drafts(file) + "/original")
        assert answer.content == file.read_bytes()
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["cache-control"] == "private, no-store"

    def test_facts_that_were_left_open_are_asked_and_read_again(self, drafter: Clerk, tmp_path: Path) -> None:
        file = tmp_path / "名单.csv"
        file.write_text("企业名称,区县,绩效等级\n演示纸箱有限公司,涪陵区,B\n", encoding="utf-8")
        there = drafter.drafts(file)
        assert "待补充" in drafter.text(there)
        facts = {
            "title": "重庆市评级结果的公告",
            "issuer": "重庆市生态环境局",
            "issued_on": "2024-04-24",
            "stage": "decided",
        }
        assert drafter.sends(f"{there}/facts", issued_on="gestern").status_code == 422
        reading = drafter.sends(f"{there}/facts", None, **facts).headers["location"]
        while intake.read_next(drafter.database, drafter.settings):
            pass
        anew = drafter.client.get(reading).headers["location"]
        assert "已写明" in drafter.text(anew)
        assert drafter.sends(f"{anew}/hand-over").status_code == 303

    def test_many_rows_are_paged_by_their_number(self, drafter: Clerk, desk: Desk) -> None:
        there = drafter.drafts(desk.write([row(f"演示{n}号有限公司", "B") for n in range(230)], on="2024-04-24"))
        url, names = f"{there}/rows", list[str]()
        while url:
            page = drafter.opens(url)
            names += [cell.text_content().split()[0] for cell in page.xpath("//tbody//th")]
            url = next(iter(page.xpath("//a[@rel='next']/@href")), "")
        assert [re.sub(r"\D", "", name) for name in names] == [str(n) for n in range(230)]


class TestMending:
    def test_a_wrong_entry_is_corrected_by_two_people_and_the_page_says_so(
        self, office: Office, drafter: Clerk, approver: Clerk, desk: Desk
    ) -> None:
        entry = desk.latest
        assert f"/console/entries/{entry}/correct" in drafter.opens("/console/enterprises/2").xpath("//a/@href")
        drafter.opens(f"/console/entries/{entry}/correct")
        there = drafter.sends(f"/console/entries/{entry}/correct", grade="C", reason="原文为 C。").headers["location"]
        drafter.opens(there)
        assert drafter.sends(f"{there}/hand-over").status_code == 303
        seen = approver.opens(there).xpath("//input[@name='seen']/@value")[0]
        assert approver.sends(f"{there}/approve", seen=seen).headers["location"] == there
        approver.opens(there)
        assert "原文为 C。" in office.client().get("/enterprises/2").text
        assert office.client().get("/enterprises/2.json").json()["overall_grade"] == "C"

    def test_a_withdrawal_goes_the_same_way(self, drafter: Clerk, desk: Desk) -> None:
        url = f"/console/entries/{desk.latest}/withdraw"
        drafter.opens(url)
        drafter.opens(drafter.sends(url, reason="误录。").headers["location"])

    def test_what_cannot_be_mended_so_is_said_and_nothing_is_drafted(self, drafter: Clerk, desk: Desk) -> None:
        url = f"/console/entries/{desk.latest}/correct"
        for fields in (
            {},
            {"grade": "C"},
            {"reason": "无"},
            {"grade": "Z", "reason": "无"},
            {"industry": "胡说行业", "reason": "无"},
            {"effective_on": "2999-01-01", "reason": "无"},
        ):
            assert drafter.sends(url, None, **fields).status_code == 422, fields
        drafter.opens("/console/entries/1/correct", 404)
        drafter.opens("/console/entries/99/withdraw", 404)
        assert "起草中" not in drafter.text("/console/notices")
