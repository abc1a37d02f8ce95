"""Every route of the complaints' console × whose the complaint is: a route without a row here fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from public_site.web import console
from tests.complaints.test_photos import picture
from tests.web import complaint_desks
from tests.web.clerks import OURS, Clerk, Office
from tests.web.complaint_desks import QUEUE, Bureaus

# Whose a complaint is, seen from the city's body: the columns that make it so.
WHOSE: dict[str, dict[str, Any]] = {
    "own": {"body": "chongqing"},
    "offered": {"body": "duty", "offered_to": "chongqing", "state": "offered"},
    "child": {"body": "fuling"},
    "late child": {"body": "fuling", "late": 1},
    "grandchild's late": {"body": "ward", "late": 1},
    "parent": {"body": "ministry"},
    "parent's late": {"body": "ministry", "late": 1},
    "other": {"body": "duty"},
    "transferred": {"body": "nanan"},
    "offered to another": {"body": "duty", "offered_to": "nanan", "state": "offered"},
    "about self": {"body": "chongqing", "about_body": "chongqing"},
    "late child about self": {"body": "fuling", "late": 1, "about_body": "chongqing"},
    "offered about self": {"body": "duty", "offered_to": "chongqing", "state": "offered", "about_body": "chongqing"},
    "erased": {"body": "chongqing", "state": "erased"},
}
UNSEEN = set(WHOSE) - {"own", "offered", "late child"}
# Route → (a form that would be right, what its owner is answered, whom it is offered to, the body above while it is late).
ROUTES: dict[str, tuple[dict[str, str], int, int, int]] = {
    "GET /console/complaints/{complaint_id:int}": ({}, 200, 200, 200),
    "POST /console/complaints/{complaint_id:int}/act": ({"act": "note", "said": "记"}, 303, 403, 403),
    "POST /console/complaints/{complaint_id:int}/contact": ({"why": "约时间"}, 200, 403, 403),
    "POST /console/complaints/{complaint_id:int}/propose": ({"proposal": "超标"}, 303, 404, 404),
    "GET /console/complaints/{complaint_id:int}/photos/{ordinal:int}": ({}, 200, 200, 200),
}
# Lists and forms without a number: what they hold of a complaint must be one's own only.
LISTS = ("GET /console/complaints", "GET /console/complaints/readings")
# What says nothing of any complaint of somebody else's, each with a test of its own in test_console_complaints.py.
APART = {
    "POST /console/complaints/views",
    "POST /console/complaints/views/remove",
    "POST /console/complaints/give",
    "GET /console/complaints/templates",
    "POST /console/complaints/templates",
    "POST /console/complaints/templates/remove",
    "GET /console/complaints/proposals",
    "GET /console/complaints/statistics",
}


@pytest.fixture
def bureaus(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureaus:
    made = complaint_desks.bureaus(office, tmp_path, monkeypatch)
    made.inbox.store.settings.data.mkdir(exist_ok=True)
    with made.inbox.store.sealed.writing() as connection:
        connection.execute(text("INSERT INTO body (id, name, level, divisions, competences, parent, address)"
                                " VALUES ('ward', '演示街道', 'county', '500103', 'pollution', 'fuling', '')"))  # fmt: skip
    return made


def routes() -> set[str]:
    found = [route for module in console.PAGES for route in module.routes.routes if isinstance(route, APIRoute)]
    return {f"{method} {r.path}" for r in found if r.path.startswith(QUEUE) for method in r.methods or ()}


def test_every_route_has_its_row() -> None:
    assert routes() == set(ROUTES) | set(LISTS) | APART


def lodge_each(bureaus: Bureaus) -> dict[str, int]:
    """One complaint for each line of `WHOSE`, open and accepted unless it says otherwise: whose → its number."""
    numbers = {}
    for number, (whose, columns) in enumerate(WHOSE.items(), 1):
        bureaus.lodge(f"once-{number}", photos=(picture("PNG"),) if number <= 4 else ())
        values = {"state": "working", "accepted_on": complaint_desks.today().isoformat()} | columns
        said = ", ".join(f"{name} = :{name}" for name in values)
        with bureaus.inbox.store.sealed.writing() as connection:
            connection.execute(text(f"UPDATE complaint SET {said} WHERE id = :id"), values | {"id": number})
        numbers[whose] = number
    return numbers


def ask(clerk: Clerk, route: str, number: int, token: str) -> int:
    method, path = route.split()
    url = re.sub(r"\{complaint_id:int\}", str(number), path).replace("{ordinal:int}", "1")
    if method == "GET":
        return clerk.client.get(url).status_code
    return clerk.client.post(url, data={"token": token} | ROUTES[route][0], headers=OURS).status_code


def test_each_route_answers_by_whose_the_complaint_is(bureaus: Bureaus) -> None:
    numbers = lodge_each(bureaus)
    clerk = bureaus.of("chongqing")
    token = clerk.token()
    for route, (_, own, offered, above) in ROUTES.items():
        wanted = {"own": own, "offered": offered, "late child": above}
        for whose, number in numbers.items():
            assert ask(clerk, route, number, token) == wanted.get(whose, 404), (route, whose)
        assert ask(clerk, route, 999, token) == 404
        assert ask(clerk, route, 10**30, token) == 404


def test_what_is_not_ones_own_answers_like_what_does_not_exist(bureaus: Bureaus) -> None:
    numbers = lodge_each(bureaus)
    clerk = bureaus.of("chongqing")
    missing = _without_number(clerk.client.get(f"{QUEUE}/999").text)
    for whose in UNSEEN:
        assert _without_number(clerk.client.get(f"{QUEUE}/{numbers[whose]}").text) == missing, whose


def _without_number(page: str) -> str:
    return re.sub(r"urn:uuid:[0-9a-f-]+|[0-9a-f]{8}-[0-9a-f-]{27}", "", page)


def test_lists_hold_only_what_is_seen(bureaus: Bureaus) -> None:
    numbers = lodge_each(bureaus)
    clerk = bureaus.of("chongqing")
    for number in numbers.values():
        with bureaus.inbox.store.sealed.writing() as connection:
            connection.execute(text("INSERT INTO opening (complaint, what, body, who, opened_on) VALUES (:id, 'statement',"
                                    " 'chongqing', 'x', :on)"), {"id": number, "on": complaint_desks.today().isoformat()})  # fmt: skip
    seen = {f"{QUEUE}/{numbers[whose]}" for whose in set(WHOSE) - UNSEEN}
    urls = [f"{QUEUE}?view={view}" for view in ("waiting", "late", "offered", "below", "closed")]
    queued = {href for url in urls for href in clerk.opens(url).xpath("//tbody//th//a/@href")}
    assert queued == seen
    assert set(clerk.opens(f"{QUEUE}/readings").xpath("//tbody//a/@href")) == seen
    alike = {
        href for href in clerk.opens(f"{QUEUE}/1").xpath("//main//ul//a/@href") if re.fullmatch(rf"{QUEUE}/\d+", href)
    }
    assert alike <= seen


def test_only_supervisors_get_past_the_door_whosever_it_is(bureaus: Bureaus) -> None:
    numbers = lodge_each(bureaus)
    for role in ("drafter", "approver", "administrator"):
        clerk = bureaus.of("chongqing", f"只是{role}", roles=(role,))
        token = clerk.token()
        for route in ROUTES:
            for whose in ("own", "other"):
                assert ask(clerk, route, numbers[whose], token) == 403, (role, route, whose)
        for route in set(LISTS) | APART:
            method, url = route.split()
            assert clerk.client.request(method, url, data={"token": token}, headers=OURS).status_code == 403
    locked = bureaus.of("chongqing", "没有密钥", key=False)
    answers = {route: ask(locked, route, numbers["own"], locked.token()) for route in ROUTES}
    assert list(answers.values()) == [200, 403, 403, 403, 403]
