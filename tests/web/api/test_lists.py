"""Every list of the API: the envelope, the pages, the members asked for, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from public_site.web.api.operations import OPERATIONS

LISTS = [operation for operation in OPERATIONS if operation.many and operation.id not in ("changes", "versions")]
PATHS = [operation.path.replace("{id}", "1") for operation in LISTS]


def everything(visitor: Any, url: str) -> list[dict[str, Any]]:
    """All items of a list, by following `next`; each page says the same total, and the header Link what `next` says."""
    found: list[dict[str, Any]] = []
    totals = set()
    following: str | None = url
    while following:
        answer = visitor.client.get(following)
        assert answer.status_code == 200, (following, answer.text)
        body = answer.json()
        assert answer.headers.get("link") == (f'<{body["next"]}>; rel="next"' if body["next"] else None)
        found += body["items"]
        totals.add(body["total"])
        following = body["next"]
    assert totals == {len(found)}
    return found


@pytest.mark.parametrize("path", PATHS)
def test_following_next_gives_each_item_once_and_as_many_as_the_total_says(visitor: Any, path: str) -> None:
    if path == "/api/v1/places":
        path += "?parent=500100"
    whole = everything(visitor, f"{path}{'&' if '?' in path else '?'}limit=1000")
    by_threes = everything(visitor, f"{path}{'&' if '?' in path else '?'}limit=3")
    assert by_threes == whole
    assert len(whole) > 3 or path.endswith("/rows")


@pytest.mark.parametrize("sort", ["name", "-effective_on", "id", "since"])
@pytest.mark.parametrize("filters", ["", "province=500000&", "q=演示&", "grade=A&grade=B&"])
def test_the_list_of_enterprises_is_the_page_s_list(visitor: Any, sort: str, filters: str) -> None:
    of_page = visitor.json(f"/enterprises.json?{filters}sort={sort.replace('-effective_on', 'since')}")
    of_api = visitor.json(f"/api/v1/enterprises?{filters}sort={sort}")
    assert of_api["items"] == of_page["items"]
    assert of_api["total"] == of_page["total"]
    counted = [
        {name: [(c["value"], c["name"], c["count"]) for c in choices] for name, choices in body["facets"].items()}
        for body in (of_api, of_page)
    ]
    assert counted[0] == counted[1]
    choice = of_api["facets"]["province"][0]
    assert visitor.json(choice["url"])["total"] in {choice["count"], of_api["total"]}


@pytest.mark.parametrize(
    "when", ["", "?as_of=2022-06-01", "?known_at=14", "?as_of=2022-06-01&known_at=2024-12-31T00:00:00Z"]
)
def test_an_enterprise_is_the_page_s_enterprise(visitor: Any, when: str) -> None:
    assert visitor.json(f"/api/v1/enterprises/2{when}") == visitor.json(f"/enterprises/2.json{when}")


def test_known_at_takes_a_moment_or_an_entry_number(visitor: Any) -> None:
    entry = visitor.json("/api/v1/entries/14")
    known = visitor.json("/api/v1/enterprises/2?known_at=14")
    by_moment = visitor.json(f"/api/v1/enterprises/2?known_at={entry['published_at']}")
    assert known["entry"] == 14
    assert [event["entry"] for event in by_moment["history"] if event["entry"] <= 14] == [
        event["entry"] for event in known["history"]
    ]
    assert "登记第 14 条为止" in visitor.text("/enterprises/2?known_at=14")


def test_the_list_as_once_known_has_what_was_published_by_then(visitor: Any) -> None:
    for known in (2, 5, 12, 29):
        items = everything(visitor, f"/api/v1/enterprises?known_at={known}&limit=2")
        assert [item["id"] for item in items] == sorted(item["id"] for item in items)
        for item in items:
            view = visitor.json(f"/api/v1/enterprises/{item['id']}?known_at={known}")
            assert item == {name: value for name, value in view.items() if name in item}
    refused = visitor.json("/api/v1/enterprises?known_at=12&grade=A&sort=since", 400)
    assert {problem["pointer"] for problem in refused["errors"]} == {"/query/grade", "/query/sort"}


@pytest.mark.parametrize("path", PATHS)
def test_only_the_members_asked_for_are_given_with_the_id(visitor: Any, path: str) -> None:
    whole = visitor.json(f"{path}?limit=1")["items"][0]
    key = next(name for name in ("id", "entry", "code") if name in whole)
    wanted = [name for name in whole if name != key][:2]
    part = visitor.json(f"{path}?limit=1&fields={','.join(wanted)}")["items"][0]
    assert part == {name: value for name, value in whole.items() if name in (key, *wanted)}
    repeated = visitor.json(f"{path}?limit=1&fields={wanted[0]}&fields={wanted[1]}")["items"][0]
    assert repeated == part
    refused = visitor.json(f"{path}?fields=nosuch", 400)
    assert refused["errors"][0]["pointer"] == "/query/fields"
    assert wanted[0] in refused["errors"][0]["detail"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cursor", ["nonsense", "WyJ1bml0cyJd", "bnVsbA", "W10", "%E5%A5%BD", "a" * 1999, "A" * 2001])
def test_a_cursor_that_is_not_of_this_list_is_refused(visitor: Any, path: str, cursor: str) -> None:
    body = visitor.json(f"{path}?cursor={cursor}", 400)
    assert "cursor" in str(body["errors"]) or body["detail"]


def test_a_cursor_belongs_to_its_list_and_order(visitor: Any) -> None:
    following = visitor.json("/api/v1/entries?limit=1")["next"]
    cursor = following.partition("cursor=")[2]
    assert visitor.client.get(f"/api/v1/entries?cursor={cursor}").status_code == 200
    assert visitor.client.get(f"/api/v1/entries?sort=-entry&cursor={cursor}").status_code == 400
    assert visitor.client.get(f"/api/v1/units?cursor={cursor}").status_code == 400


def test_an_order_of_the_whole_register_by_day_is_refused_with_what_to_do(visitor: Any) -> None:
    for path in ("/api/v1/units", "/api/v1/entries"):
        refused = visitor.json(f"{path}?sort=-effective_on", 400)
        assert refused["errors"] == [
            {"pointer": "/query/sort", "detail": "按生效日期排列时，请同时指定企业（enterprise）或公告（notice）"}
        ]
        days = [
            item.get("since") or item.get("effective_on") or ""
            for item in everything(visitor, f"{path}?sort=-effective_on&enterprise=2&enterprise=4&limit=2")
        ]
        assert len(days) > 2
        assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    ("url", "pointer"),
    [
        ("/api/v1/enterprises?limit=0", "limit"), ("/api/v1/units?limit=1001", "limit"),
        ("/api/v1/entries?kind=nonsense", "kind"), ("/api/v1/entries?enterprise=x", "enterprise"),
        ("/api/v1/entries?enterprise=99999999999999999999", "enterprise"), ("/api/v1/entries?unit=0", "unit"),
        ("/api/v1/notices?issued_since=yesterday", "issued_since"), ("/api/v1/notices?division=999999", "division"),
        ("/api/v1/units?as_of=2024-02-30", "as_of"), ("/api/v1/enterprises?known_at=2024-01-01", "known_at"),
        ("/api/v1/enterprises/2?known_at=0", "known_at"), ("/api/v1/places?level=town", "level"),
        ("/data/changes?after=-1", "after"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_named(visitor: Any, url: str, pointer: str) -> None:
    assert visitor.json(url, 400)["errors"][0]["pointer"] == f"/query/{pointer}"


def test_entries_are_told_as_they_were_appended(visitor: Any) -> None:
    entries = everything(visitor, "/api/v1/entries")
    assert [entry["entry"] for entry in entries] == list(range(1, 31))
    assert visitor.json("/api/v1/entries/7") == entries[6]
    newest = everything(visitor, "/api/v1/entries?sort=-entry&limit=7")
    assert newest == entries[::-1]
    fallen = everything(visitor, "/api/v1/entries?kind=downgraded&kind=upgraded")
    assert fallen == [entry for entry in entries if entry["kind"] in ("downgraded", "upgraded")]


def test_the_id_of_a_merged_enterprise_leads_on(make_publisher: Any, visitor_of: Any, tmp_path: Any) -> None:
    from public_site import publishing

    by = make_publisher(tmp_path)
    by.publish("名单", "2022-05-01", {"name": "演示甲有限公司"}, {"name": "演示乙有限公司", "county": "500105"})
    first, second = (e["enterprise_id"] for e in visitor_of(by.settings).json("/api/v1/entries?kind=graded")["items"])
    by.amend(publishing.draft_merge, second, first)
    by.index()
    visitor = visitor_of(by.settings)
    moved = visitor.client.get(f"/api/v1/enterprises/{second}?fields=name")
    assert (moved.status_code, moved.headers["location"]) == (302, f"/api/v1/enterprises/{first}?fields=name")
    assert [item["id"] for item in visitor.json("/api/v1/enterprises?known_at=5")["items"]] == [first, second]
    latest = visitor.json("/api/v1/entries")["entry"]
    assert visitor.json(f"/api/v1/enterprises?known_at={latest}")["total"] == 1
    assert f"/enterprises/{second}<" not in visitor.get("/sitemaps/1.xml").text
