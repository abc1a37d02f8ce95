"""The committed samples: every good file gives exactly its rows, every bad one exactly its notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from public_site import notices
from tests.notices.reading_desk import SAMPLES, read, summary

GOOD = sorted(path for path in (SAMPLES / "good").iterdir() if path.suffix != ".json")
BAD = sorted(path for path in (SAMPLES / "bad").iterdir() if path.suffix != ".notes")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_a_good_file_gives_exactly_its_rows(path: Path) -> None:
    expected: dict[str, Any] = orjson.loads((path.parent / f"{path.name}.json").read_bytes())
    found = read(path).accepted()
    notice = orjson.loads(orjson.dumps(found.notice))
    notice["stated_counts"] = [list(count.values()) for count in notice["stated_counts"]]
    assert {key: notice[key] for key in expected["notice"]} == expected["notice"]
    assert [summary(row) for row in found.rows] == expected["rows"]
    assert [question.about for question in found.questions] == expected["questions"]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_a_bad_file_gives_exactly_its_notes(path: Path) -> None:
    found = read(path)
    assert [str(problem) for problem in found.problems] == (
        (path.parent / f"{path.name}.notes").read_text(encoding="utf-8").splitlines()
    )
    assert all(problem.message.endswith("。") and problem.remedy.endswith(("。", "？")) for problem in found.problems)
    with pytest.raises(notices.NoticeRejected) as rejected:
        found.accepted()
    assert rejected.value.problems == found.problems


def test_the_same_list_gives_the_same_rows_in_every_format_and_encoding() -> None:
    found = [[summary(row) for row in read(path).rows] for path in GOOD if "chongqing" in path.name]
    assert len(found) == 6
    assert all(rows == found[0] for rows in found)
