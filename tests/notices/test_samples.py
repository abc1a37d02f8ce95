"""The samples, committed or built: every good file gives exactly its rows, every bad one exactly its notes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from public_site import notices
from tests.notices.reading_desk import SAMPLES, read, summary
from tests.samples import build

# A letter's facts that depend on the file and not on what it says.
OF_THE_FILE = ("file_name", "media_type", "sha256", "size", "sheets")


def named(folder: str, ending: str) -> list[str]:
    """Every sample of which is committed what it must give."""
    return sorted(path.name.removesuffix(ending) for path in (SAMPLES / folder).glob(f"*{ending}"))


GOOD, BAD = named("good", ".json"), named("bad", ".notes")


def sample(folder: str, name: str, built_in: Path) -> Path:
    committed = SAMPLES / folder / name
    return committed if committed.exists() else build.written(name, built_in)


def test_there_are_more_than_120_and_each_says_what_it_must_give() -> None:
    committed = {
        folder: {path.name for path in (SAMPLES / folder).iterdir() if path.suffix not in (".json", ".notes")}
        for folder in ("good", "bad")
    }
    assert set(GOOD) == committed["good"] | set(build.good())
    assert set(BAD) == committed["bad"] | set(build.bad())
    assert len(GOOD) + len(BAD) >= 120


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_gives_exactly_its_rows(name: str, tmp_path: Path) -> None:
    expected: dict[str, Any] = orjson.loads((SAMPLES / "good" / f"{name}.json").read_bytes())
    found = read(sample("good", name, tmp_path)).accepted()
    notice = orjson.loads(orjson.dumps(found.notice))
    notice["stated_counts"] = [list(count.values()) for count in notice["stated_counts"]]
    assert {key: notice[key] for key in expected["notice"]} == expected["notice"]
    assert [summary(row) for row in found.rows] == expected["rows"]
    assert [question.about for question in found.questions] == expected["questions"]
    if "where" in expected:
        assert [[row.sheet, row.row] for row in found.rows] == expected["where"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_exactly_its_notes(name: str, tmp_path: Path) -> None:
    found = read(sample("bad", name, tmp_path))
    assert [str(problem) for problem in found.problems] == (
        (SAMPLES / "bad" / f"{name}.notes").read_text(encoding="utf-8").splitlines()
    )
    assert all(problem.message.endswith("。") and problem.remedy.endswith(("。", "？")) for problem in found.problems)
    with pytest.raises(notices.NoticeRejected) as rejected:
        found.accepted()
    assert rejected.value.problems == found.problems


@pytest.mark.parametrize("ending", ["html", "xlsx", "xls", "pdf", "docx"])
def test_the_real_notice_gives_identical_entries_in_every_format(ending: str, tmp_path: Path) -> None:
    """Everything but where it stands: row and sheet, and of the notice the file itself."""
    original = read(SAMPLES / "good" / "raw_chongqing_2024_batch1.txt").accepted()
    other = read(sample("good", f"letter_chongqing.{ending}", tmp_path)).accepted()
    assert [summary(row) for row in other.rows] == [summary(row) for row in original.rows]
    for one, two in ((asdict(original.notice), asdict(other.notice)),):
        assert {k: v for k, v in one.items() if k not in OF_THE_FILE} == {
            k: v for k, v in two.items() if k not in OF_THE_FILE
        }
        assert one["sha256"] != two["sha256"]
    assert other.questions == original.questions == ()


def test_the_same_list_gives_the_same_rows_in_every_format_and_encoding(tmp_path: Path) -> None:
    names = [name for name in GOOD if "chongqing" in name]
    found = [[summary(row) for row in read(sample("good", name, tmp_path)).rows] for name in names]
    assert len(found) == 11
    assert all(rows == found[0] for rows in found)


def test_a_sample_is_built_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("letter_chongqing.pdf", "merged_county.xlsx", "merged_county.xls", "tracked.docx", "attachments.zip"):
        assert build.written(name, tmp_path).read_bytes() == build.written(name, tmp_path).read_bytes()


@pytest.mark.parametrize(("at", "label"), list(enumerate(build.LABELS, start=1)))
def test_each_label_is_a_grade_and_is_kept_as_written(at: int, label: str, tmp_path: Path) -> None:
    name = next(name for name in build.good() if name.startswith(f"label_{at:02}"))
    (row,) = read(build.written(name, tmp_path)).rows
    assert row.label == label.replace("\n", " " if name.endswith(("xls", "xlsx", "csv", "html", "docx")) else "")
    assert (row.grade, row.previous_grade) != (None, None)
