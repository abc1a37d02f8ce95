"""What is worked out of the program's own files is kept, and never taken for what it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from public_site import workings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def test_what_was_kept_is_there_for_whoever_asks_with_the_same_origin(folder: Path) -> None:
    workings.keep("table", b"of this", b"worked out", folder)
    assert workings.kept("table", b"of this", folder) == b"worked out"
    assert workings.kept("table", b"of that", folder) is None
    assert workings.kept("other", b"of this", folder) is None


def test_the_file_of_another_name_is_not_taken_for_it(folder: Path) -> None:
    workings.keep("table", b"of this", b"worked out", folder)
    (folder / "table").rename(folder / "other")
    assert workings.kept("other", b"of this", folder) is None


@pytest.mark.parametrize("at", [0, 31, 32, -1])
def test_a_damaged_file_is_worth_nothing(folder: Path, at: int) -> None:
    workings.keep("table", b"of this", b"worked out", folder)
    whole = (folder / "table").read_bytes()
    flipped = bytearray(whole)
    flipped[at] ^= 1
    for damaged in (bytes(flipped), whole[:at], b""):
        (folder / "table").write_bytes(damaged)
        assert workings.kept("table", b"of this", folder) is None


def test_where_nothing_can_be_written_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workings.keep("table", b"of this", b"worked out", folder / "missing")
    assert workings.kept("table", b"of this", folder / "missing") is None
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    workings.keep("table", b"of this", b"worked out", folder)
    assert not list(folder.iterdir())


def test_the_dictionary_of_sounds_is_read_from_what_is_kept_and_says_the_same(tmp_path: Path) -> None:
    code = f"""if True:
        import sys, pathlib
        sys.dont_write_bytecode = False
        from public_site import workings
        workings.kept.__defaults__ = workings.keep.__defaults__ = (pathlib.Path({str(tmp_path)!r}),)
        from public_site.search import sounds
        print(sounds.sounds("重庆长江水泥"), len(sounds.splits("hongsheng")), "pypinyin" in sys.modules)"""
    first, second = (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.rsplit(
            maxsplit=1
        )
        for _ in range(2)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["sounds"]
    assert first[0] == second[0] and "chong'qing" in first[0]
    assert (first[1], second[1]) == ("True", "False")
