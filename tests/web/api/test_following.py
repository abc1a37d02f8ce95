"""Changes and versions: who follows the register misses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from public_site import open_data


@pytest.mark.parametrize("path", ["/data/changes", "/api/v1/changes"])
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_asking_again_with_next_after_gives_every_entry_once(visitor: Any, path: str, limit: int) -> None:
    after, seen = 0, []
    while True:
        body = visitor.json(f"{path}?after={after}&limit={limit}")
        if not body["events"]:
            break
        seen += [event["entry"] for event in body["events"]]
        after = body["next_after"]
    assert seen == list(range(1, 31))
    assert body == {"events": [], "next_after": 30, "entry": 30}


def test_a_change_says_what_happened_to_which_thing_and_where_it_stands(visitor: Any) -> None:
    events = visitor.json("/data/changes?limit=1000")["events"]
    assert {event["kind"] for event in events} == {"notice", "enterprise", "unit"}
    for event in events:
        assert visitor.get(event["url"]).status_code == 200
        assert event.keys() >= {"entry", "op", "kind", "id", "published_at", "effective_on", "data", "url"}
    notice = events[0]
    assert (notice["op"], notice["kind"], notice["id"], notice["url"]) == (
        "notice_published",
        "notice",
        1,
        "/notices/1",
    )
    fallen = next(event for event in events if event["op"] == "downgraded")
    assert fallen["kind"] == "unit"
    assert fallen["url"] == f"/enterprises/{fallen['enterprise_id']}"


def test_a_later_publication_only_adds_to_the_changes(make_publisher: Any, visitor_of: Any, tmp_path: Path) -> None:
    by = make_publisher(tmp_path)
    by.publish("一", "2022-05-01", {"name": "演示甲有限公司"})
    before = visitor_of(by.settings).json("/data/changes")
    by.publish("二", "2023-05-01", {"name": "演示甲有限公司", "grade": "C"})
    by.index()
    visitor = visitor_of(by.settings)
    after = visitor.json("/data/changes")
    assert after["events"][: len(before["events"])] == before["events"]
    assert (
        visitor.json(f"/data/changes?after={before['next_after']}")["events"]
        == after["events"][len(before["events"]) :]
    )


GRADES = open_data.File("grades.csv", "grades", "csv", "text/csv", 10, 3, "a" * 64, {})
OLDER = open_data.Version("12-2024-01-01", 12, "2024-01-01", "2024-01-01T00:00:00.000000Z", "", None, False, (GRADES,))
NEWER = open_data.Version("30-2024-12-31", 30, "2024-12-31", "2024-12-31T00:00:00.000000Z", "", OLDER.name, False, ())


def index_of(*versions: open_data.Version) -> bytes:
    return open_data.as_json(open_data.Index(versions))


@pytest.fixture
def folder(make_publisher: Any, tmp_path: Path) -> Any:
    by = make_publisher(tmp_path)
    by.publish("一", "2022-05-01", {"name": "演示甲有限公司"})
    by.index()
    (by.settings.data / "open-data").mkdir()
    return by


def test_before_the_first_export_there_are_no_versions(visitor: Any) -> None:
    assert visitor.json("/api/v1/versions") == {"total": 0, "items": [], "next": None, "entry": 0}


def test_versions_come_newest_first_with_their_files(folder: Any, visitor_of: Any) -> None:
    (folder.settings.data / "open-data" / "index.json").write_bytes(index_of(NEWER, OLDER))
    visitor = visitor_of(folder.settings)
    body = visitor.json("/api/v1/versions?limit=1")
    assert [item["version"] for item in body["items"]] == ["30-2024-12-31"]
    (older,) = visitor.json(body["next"])["items"]
    assert older["files"] == [
        {"name": "grades.csv", "bytes": 10, "sha256": "a" * 64, "rows": 3, "url": "/data/12-2024-01-01/grades.csv"}
    ]


def test_a_new_version_is_seen_though_nothing_was_published(folder: Any, visitor_of: Any) -> None:
    index = folder.settings.data / "open-data" / "index.json"
    index.write_bytes(index_of(OLDER))
    visitor = visitor_of(folder.settings)
    tag = visitor.client.get("/api/v1/versions").headers["etag"]
    assert visitor.client.get("/api/v1/versions", headers={"if-none-match": tag}).status_code == 304
    index.write_bytes(index_of(NEWER, OLDER))
    again = visitor.client.get("/api/v1/versions", headers={"if-none-match": tag})
    assert again.status_code == 200
    assert again.json()["total"] == 2


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"versions": [{}]}', '{"versions": [{"version": "x", "entry": "y"}]}']
)
def test_a_damaged_index_is_said_not_shown(folder: Any, visitor_of: Any, content: str) -> None:
    (folder.settings.data / "open-data" / "index.json").write_text(content)
    visitor = visitor_of(folder.settings)
    assert visitor.json("/api/v1/versions", 503)["status"] == 503
