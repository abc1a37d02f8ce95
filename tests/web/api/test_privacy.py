"""What is not public is in no answer of the API, whatever is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from public_site.web.api.operations import OPERATIONS
from tests import planted
from tests.web.conftest import Publisher, Visitor, publish_everything

SIGNS = [planted.CANARY.encode(), json.dumps(planted.CANARY)[1:-1].encode()]


@pytest.fixture
def visitor(tmp_path: Path, make_publisher: Any, visitor_of: Any) -> Visitor:
    """Of a register whose drafts, people, sessions, reports and lists all say the canary."""
    publisher: Publisher = make_publisher(tmp_path / "data")
    publish_everything(publisher)
    publisher.index()
    with publisher.database.writing() as connection:
        assert planted.plant(connection) >= 8
    found: Visitor = visitor_of(publisher.settings)
    return found


def asked() -> list[str]:
    """Each address of the API, with what it takes to get an answer, and asked for the canary itself."""
    known = {"notices/{id}": "notices/1", "{id}": "2", "{number}": "3", "{code}": "500102"}
    paths = [operation.path for operation in OPERATIONS]
    for named, value in known.items():
        paths = [path.replace(named, value) for path in paths]
    more = ["/api/v1/units?enterprise=2", "/api/v1/entries?limit=1000",
            "/data/changes?limit=1000", f"/api/v1/enterprises?q={planted.CANARY}", "/api/openapi.json"]  # fmt: skip
    return [*dict.fromkeys(paths), *more]


@pytest.mark.parametrize("path", asked())
def test_no_answer_tells_what_is_not_public(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path)
    told = answer.content
    for sign in SIGNS:
        if planted.CANARY in path:  # what was asked is said again, and nothing found
            assert answer.json()["total"] == 0
        else:
            assert sign not in told
    assert answer.status_code in (200, 405), (path, answer.status_code)


def test_a_check_tells_nothing_of_it_either(visitor: Visitor) -> None:
    body = {"queries": {"甲": {"name": "演示甲包装有限公司"}, "乙": {"name": "没有这家有限公司"}}}
    answer = visitor.client.post("/api/v1/checks", json=body)
    assert answer.status_code == 200
    assert not [sign for sign in SIGNS if sign in answer.content]
