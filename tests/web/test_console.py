"""`/console`: the door, the roles, the forms, and that nothing of it is public."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from public_site import audit, supervisors
from public_site.web import console, front
from public_site.web.app import create_app
from public_site.web.console import guard
from tests.desk import Desk, row
from tests.web.clerks import NOW, OTHER, OURS, PASSWORD, Clerk, Office, sign_in


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
EVERYBODY = frozenset(
    {"GET /console", "GET /console/", "GET /console/sign-in", "POST /console/sign-in", "POST /console/sign-out",
     "GET /console/account", "POST /console/account"}
)  # fmt: skip
# Path → who may. A route that stands neither here nor in EVERYBODY fails.
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
    "POST /console/proposals/{}/notice": "drafter",
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
    assert names == ONLY.keys() | EVERYBODY
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
