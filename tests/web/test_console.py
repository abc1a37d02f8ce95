"""`/console`: the door, the roles, the forms, and that nothing of it is public."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from public_site import audit, intake, supervisors
from public_site.web import console, front
from public_site.web.app import create_app
from public_site.web.console import guard
from tests.desk import Desk, row
from tests.web.clerks import OURS, PASSWORD, Clerk, Office, sign_in

KNOWN, NOW, OTHER = "演示纸箱有限责任公司", "演示纸箱有限公司", "演示印刷有限公司"


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    desk = Desk(office.database, office.settings, tmp_path / "desk")
    desk.publish([row(KNOWN, "B")], on="2022-04-24")
    return desk


class TestTheDoor:
    def test_without_a_session_every_page_leads_to_the_sign_in(self, office: Office) -> None:
        client = office.client()
        for route in routes():
            if route.path == guard.SIGN_IN:
                continue
            for method in route.methods or ():
                answer = client.request(method, url_of(route), headers=OURS)
                assert (answer.status_code, answer.headers.get("location")) == (303, guard.SIGN_IN), (
                    method,
                    route.path,
                )

    def test_the_cookie_is_strict_and_out_of_reach_of_scripts(self, office: Office) -> None:
        cookie = office.client().get(guard.SIGN_IN).headers["set-cookie"]
        assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Secure" not in cookie

    def test_over_https_the_cookie_is_bound_to_the_host(self, office: Office) -> None:
        settings = office.settings.model_copy(update={"base_url": "https://mingji.example.cn"})
        cookie = Office(settings, office.database).client().get(guard.SIGN_IN).headers["set-cookie"]
        assert cookie.startswith("__Host-console=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Domain" not in cookie

    def test_a_sign_in_gives_a_new_token_and_a_sign_out_ends_it(self, drafter: Clerk) -> None:
        before = drafter.client.cookies["console"]
        assert drafter.sends("/console/sign-out").headers["location"] == guard.SIGN_IN
        drafter.client.cookies.set("console", before)
        assert drafter.client.get("/console/").status_code == 303

    def test_a_refused_sign_in_repeats_neither_password_nor_code(self, office: Office) -> None:
        answer = sign_in(office.client(), "谁也不是", "secret-password-1", "123123")
        assert answer.status_code == 422
        assert "姓名、密码或动态码不对" in answer.text
        assert "secret-password-1" not in answer.text
        assert "123123" not in answer.text

    def test_guessing_is_answered_429(self, office: Office) -> None:
        client = office.client()
        statuses = [sign_in(client, "谁也不是", PASSWORD, "1").status_code for _ in range(6)]
        assert statuses == [422] * 5 + [429]

    def test_under_its_own_host_name_only(self, office: Office) -> None:
        settings = office.settings.model_copy(update={"console_host": "console.mingji.example.cn"})
        client = Office(settings, office.database).client()
        assert client.get(guard.SIGN_IN).status_code == 404
        assert client.get("/console/").status_code == 404
        assert client.get(guard.SIGN_IN, headers={"Host": "console.mingji.example.cn"}).status_code == 200

    @pytest.mark.parametrize("headers", [
        {}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    ])  # fmt: skip
    def test_a_form_from_elsewhere_does_nothing(self, drafter: Clerk, headers: dict[str, str]) -> None:
        fields = {"token": drafter.token(), "old": PASSWORD, "new": PASSWORD * 2, "again": PASSWORD * 2}
        assert drafter.client.post("/console/account", data=fields, headers=headers).status_code == 403
        assert drafter.client.get("/console/").status_code == 200

    def test_an_older_browser_may_say_the_origin_instead(self, drafter: Clerk) -> None:
        assert drafter.sends("/console/sign-out", headers={"Origin": "http://testserver"}).status_code == 303

    @pytest.mark.parametrize("token", ["", "0" * 64, "x"])
    def test_a_form_without_its_sessions_token_does_nothing(self, drafter: Clerk, token: str) -> None:
        assert drafter.client.post("/console/sign-out", data={"token": token}, headers=OURS).status_code == 403
        assert drafter.client.get("/console/").status_code == 200

    def test_another_sessions_token_is_no_token(self, drafter: Clerk, approver: Clerk) -> None:
        fields = {"token": approver.token()}
        assert drafter.client.post("/console/sign-out", data=fields, headers=OURS).status_code == 403


@pytest.mark.usefixtures("desk")
class TestNothingOfItIsPublic:
    def test_no_answer_is_kept_by_a_cache_or_known_by_a_tag(self, drafter: Clerk) -> None:
        for url in (
            "/console/",
            "/console/notices",
            "/console/notices/new",
            "/console/requests",
            guard.SIGN_IN,
            "/console/notices/1",
        ):
            answer = drafter.client.get(url)
            assert answer.status_code == 200, url
            assert answer.headers["cache-control"] == "private, no-store"
            assert "etag" not in answer.headers
            assert answer.headers["content-security-policy"] == front.SECURITY["Content-Security-Policy"]

    def test_a_public_page_that_asks_who_is_signed_in_is_an_error(self) -> None:
        scope = {
            "type": "http",
            "path": "/enterprises",
            "query_string": b"",
            "headers": [(b"host", b"x")],
            "server": ("x", 80),
            "scheme": "http",
        }
        with pytest.raises(guard.TouchedOutside):
            guard.held(Request(scope))
        with pytest.raises(AssertionError):
            _ = Request(scope).session

    def test_no_public_page_sees_a_cookie(self, office: Office) -> None:
        app = create_app(office.settings)
        seen = []

        @app.get("/seen")
        def look(request: Request) -> dict[str, str]:
            seen.append(dict(request.cookies))
            return {}

        from starlette.testclient import TestClient

        with TestClient(app, cookies={"console": "x"}) as client:
            assert client.get("/seen").status_code == 200
        assert seen == [{}]

    def test_other_parts_do_not_answer_for_the_console(self, office: Office) -> None:
        from starlette.testclient import TestClient

        with TestClient(create_app(office.settings, frozenset({"public", "intake"}))) as client:
            assert client.get(guard.SIGN_IN).status_code == 404

    def test_a_draft_changes_no_public_page(self, office: Office, drafter: Clerk, desk: Desk) -> None:
        public = office.client()
        before = [public.get(url).content for url in ("/notices", "/enterprises.json", "/log/checkpoint")]
        drafter.drafts(desk.write([row(OTHER, "A")], on="2024-04-24"))
        assert [public.get(url).content for url in ("/notices", "/enterprises.json", "/log/checkpoint")] == before
        assert public.get(f"/notices/{desk.latest + 1}").status_code == 404


PUBLISHER, SUPERVISOR = ("drafter", "approver"), "supervisor"
VALUES = {"complaint_id": "1", "proposal_id": "1", "change_id": "1", "draft_id": "2", "ordinal": "0", "upload_id": "1", "report_id": "1", "enterprise_id": "2", "entry": "3",
          "unit": "3", "notice": "1"}  # fmt: skip
# Path → who may; everybody who is signed in where it is not named.
ONLY: dict[str, str | tuple[str, ...]] = {
    "GET /console/notices": PUBLISHER,
    "GET /console/notices/{}": PUBLISHER,
    "GET /console/notices/{}/rows": PUBLISHER,
    "GET /console/notices/{}/original": PUBLISHER,
    "GET /console/requests": PUBLISHER,
    "GET /console/requests/{}": PUBLISHER,
    "GET /console/complaints": SUPERVISOR,
    "POST /console/complaints/views": SUPERVISOR,
    "POST /console/complaints/views/remove": SUPERVISOR,
    "POST /console/complaints/give": SUPERVISOR,
    "GET /console/complaints/{}": SUPERVISOR,
    "POST /console/complaints/{}/act": SUPERVISOR,
    "POST /console/complaints/{}/contact": SUPERVISOR,
    "POST /console/complaints/{}/propose": SUPERVISOR,
    "GET /console/complaints/{}/photos/{}": SUPERVISOR,
    "GET /console/complaints/templates": SUPERVISOR,
    "POST /console/complaints/templates": SUPERVISOR,
    "POST /console/complaints/templates/remove": SUPERVISOR,
    "GET /console/complaints/proposals": SUPERVISOR,
    "GET /console/complaints/readings": SUPERVISOR,
    "GET /console/complaints/statistics": SUPERVISOR,
    "GET /console/proposals": PUBLISHER,
    "GET /console/proposals/{}": PUBLISHER,
    "POST /console/proposals/{}/close": "drafter",
    "GET /console/administration": "administrator",
    "GET /console/administration/body": "administrator",
    "POST /console/administration/body": "administrator",
    "POST /console/administration/people": "administrator",
    "POST /console/administration/changes/{}/agree": "administrator",
    "POST /console/administration/changes/{}/refuse": "administrator",
    "GET /console/notices/new": "drafter",
    "POST /console/notices/new": "drafter",
    "GET /console/notices/uploads/{}": "drafter",
    "POST /console/notices/uploads/{}/put-away": "drafter",
    "GET /console/notices/{}/questions": "drafter",
    "GET /console/notices/{}/rows/{}": "drafter",
    "POST /console/notices/{}/rows/{}": "drafter",
    "GET /console/notices/{}/facts": "drafter",
    "POST /console/notices/{}/facts": "drafter",
    "POST /console/notices/{}/hand-over": "drafter",
    "POST /console/notices/{}/take-back": "drafter",
    "POST /console/notices/{}/discard": "drafter",
    "POST /console/notices/{}/refuse": "approver",
    "POST /console/notices/{}/approve": "approver",
    "GET /console/enterprises/{}": "drafter",
    "GET /console/entries/{}/correct": "drafter",
    "POST /console/entries/{}/correct": "drafter",
    "GET /console/entries/{}/withdraw": "drafter",
    "POST /console/entries/{}/withdraw": "drafter",
    "POST /console/requests/{}/close": "drafter",
    "GET /console/enterprises": "drafter",
    **{
        f"{method} {path}": "drafter"
        for method in ("GET", "POST")
        for path in (
            "/console/enterprises/{}/change",
            "/console/enterprises/{}/merge",
            "/console/enterprises/{}/split",
            "/console/units/{}/site",
            "/console/entries/{}/undo",
            "/console/publications/{}/correct",
            "/console/publications/{}/withdraw",
        )
    },
    "GET /console/publications/{}": "drafter",
}


def routes() -> list[APIRoute]:
    found: list[APIRoute] = []
    for module in console.PAGES:
        found += [route for route in module.routes.routes if isinstance(route, APIRoute)]
    return found


def url_of(route: APIRoute) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda match: VALUES[match[1]], route.path)


def test_every_role_opens_exactly_the_routes_that_are_its_own(office: Office, desk: Desk) -> None:
    desk.draft([row(NOW, "A")], on="2024-04-24")
    names = {f"{method} {re.sub(r'{[^}]*}', '{}', route.path)}" for route in routes() for method in route.methods or ()}
    assert set(ONLY) <= names
    for roles in (("drafter",), ("approver",), ("drafter", "approver"), ("supervisor",), ("administrator",)):
        clerk = office.clerk("、".join(roles), *roles)
        for route in routes():
            for method in route.methods or ():
                if route.path in ("/console/sign-out", guard.SIGN_IN):
                    continue
                wanted = ONLY.get(f"{method} {re.sub(r'{[^}]*}', '{}', route.path)}")
                answer = clerk.client.request(method, url_of(route), headers=OURS)
                refused = answer.status_code == 403 and "您没有这个角色" in answer.text
                wanted = (wanted,) if isinstance(wanted, str) else wanted
                assert refused == (wanted is not None and not set(wanted) & set(roles)), (roles, method, route.path)


def test_every_request_goes_on_record_with_who_and_what(office: Office, drafter: Clerk, desk: Desk) -> None:
    drafter.client.get("/console/notices/1/rows?start=0")
    drafter.sends("/console/notices/1/discard")
    with office.database.reading() as connection:
        lines = [(line.who, line.what) for line in audit.latest(connection, 3)]
    assert lines == [
        ("起草人甲", "POST /console/notices/1/discard"),
        ("起草人甲", "GET /console/account"),
        ("起草人甲", "GET /console/notices/1/rows"),
    ]


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


def test_ones_own_password_is_changed_on_the_account_page(drafter: Clerk) -> None:
    drafter.opens("/console/account")
    new = "惊涛拍岸卷起千堆雪江山如画"
    assert drafter.sends("/console/account", old=PASSWORD, new=new, again="不一样").status_code == 422
    assert drafter.sends("/console/account", old=PASSWORD, new=new, again=new).headers["location"] == guard.SIGN_IN
    assert drafter.client.get("/console/").status_code == 303


def test_a_change_of_roles_holds_at_once(office: Office, drafter: Clerk) -> None:
    from datetime import UTC, datetime

    supervisors.set_roles(office.database, drafter.name, ["approver"], by="root", at=datetime.now(UTC))
    assert drafter.client.get("/console/notices/new").status_code == 303


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
