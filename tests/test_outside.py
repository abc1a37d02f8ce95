"""The log from outside: whoever kept a checkpoint finds what was changed, cut off or told otherwise, without our help."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from public_site import log, outside, replica, signing, tree
from public_site.commands import app
from public_site.faults import NotValid
from public_site.web.app import create_app
from tests import databases
from tests.desk import Desk, row

SITE = "https://mingji.example.cn"
pytestmark = databases.on_one


@pytest.fixture
def kept(desk: Desk) -> str:
    """A checkpoint that somebody kept; the log went on."""
    desk.publish([row(f"演示{n}号有限公司", "B") for n in range(5)], on="2024-01-01")
    with desk.database.reading() as connection:
        note = log.checkpoint(connection)
    desk.publish([row(f"演示{n}号有限公司", "A", 原等级="B") for n in range(3)], on="2024-02-01")
    return note


@pytest.fixture
def get(desk: Desk) -> Callable[[str], bytes]:
    client = TestClient(create_app(desk.settings))
    return lambda url: client.get(url.removeprefix(SITE)).content


def keys(desk: Desk) -> dict[str, Any]:
    return signing.key_set(desk.settings.receipt_keys, desk.settings.log_key, desk.settings.origin)


def signed(desk: Desk, size: int, root: bytes) -> str:
    key = log.read_key(desk.settings.log_key)
    return tree.signed(tree.Checkpoint(desk.settings.origin, size, root), key)


def test_a_site_that_only_went_on_agrees(desk: Desk, kept: str, get: Callable[[str], bytes]) -> None:
    theirs = outside.log_of(keys(desk))
    assert "相符" in outside.on_site(kept, f"{SITE}/", theirs, get)
    assert "相符" in outside.on_site(get(f"{SITE}/log/checkpoint").decode(), SITE, theirs, get)
    assert "相符" in outside.on_site(kept.replace("\n", "\r\n"), SITE, theirs, get)


def test_two_signed_views_of_one_size_are_a_fork(desk: Desk, get: Callable[[str], bytes], kept: str) -> None:
    assert kept
    theirs = outside.log_of(keys(desk))
    with pytest.raises(outside.Forked, match=f"同样是 {desk.latest} 条"):
        outside.on_site(signed(desk, desk.latest, bytes(32)), SITE, theirs, get)


def test_a_changed_or_shorter_history_is_found_whatever_the_site_says(
    desk: Desk, get: Callable[[str], bytes], kept: str
) -> None:
    assert kept
    theirs = outside.log_of(keys(desk))
    with pytest.raises(outside.HistoryChanged, match="历史被改动过"):
        outside.on_site(signed(desk, desk.latest - 1, bytes(32)), SITE, theirs, get)
    with pytest.raises(outside.HistoryChanged, match="有条目被删去"):
        outside.on_site(signed(desk, desk.latest + 1, bytes(32)), SITE, theirs, get)
    with pytest.raises(tree.CheckpointRefused):
        outside.on_site(re.sub(r"^\d+$", "2", kept, flags=re.MULTILINE), SITE, theirs, get)


@pytest.fixture
def dump(desk: Desk, kept: str, tmp_path: Path) -> Path:
    """`entries.jsonl` as the open data have it."""
    assert kept
    folder = tmp_path / "dump"
    folder.mkdir()
    lines = []
    with desk.database.reading() as connection:
        for (body,) in connection.exec_driver_sql("SELECT body FROM entry ORDER BY number"):
            told = json.loads(body)
            names = {"notice": "notice_id", "enterprise": "enterprise_id", "unit": "unit_id"}
            lines.append(json.dumps({names.get(k, k): v for k, v in told.items()}, ensure_ascii=False))
    (folder / "entries.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_the_open_data_agree_with_what_was_kept_and_a_changed_line_does_not(desk: Desk, kept: str, dump: Path) -> None:
    theirs, file = outside.log_of(keys(desk)), dump / "entries.jsonl"
    assert "相符" in outside.in_dump(kept, dump, theirs)
    assert "相符" in outside.in_dump(kept, file, theirs)
    packed = dump / "entries.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert "相符" in outside.in_dump(kept, packed, theirs)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("演示1号", "演示6号", 1), encoding="utf-8")
    with pytest.raises(outside.HistoryChanged, match="历史被改动过"):
        outside.in_dump(kept, dump, theirs)
    file.write_text("".join(text.splitlines(keepends=True)[:3]), encoding="utf-8")
    with pytest.raises(outside.HistoryChanged, match="只有 3 条"):
        outside.in_dump(kept, dump, theirs)
    file.write_text("{}\nx\n", encoding="utf-8")
    with pytest.raises(NotValid, match="第 2 行"):
        outside.in_dump(kept, dump, theirs)


def test_anybody_does_it_from_the_command_line(
    desk: Desk, kept: str, dump: Path, get: Callable[[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "fetch", get)
    monkeypatch.chdir(tmp_path)
    Path("kept.txt").write_text(kept, encoding="utf-8")
    Path("fork.txt").write_text(signed(desk, desk.latest, bytes(32)), encoding="utf-8")
    Path("keys.json").write_text(json.dumps(keys(desk)), encoding="utf-8")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["verify", *words])
        return result.exit_code, result.output

    for place in (SITE, str(dump)):
        code, said = run("--checkpoint", "kept.txt", "--from", place, "--keys", "keys.json")
        assert (code, "相符" in said) == (0, True), said
        code, said = run("--checkpoint", "fork.txt", "--from", place, "--keys", "keys.json")
        assert (code, "分叉" in said or "历史被改动过" in said) == (1, True), said
    for words in (("--from", SITE), ("--checkpoint", "kept.txt", "--from", str(dump)), ("--keys", "keys.json"),
                  ("--checkpoint", "kept.txt", "--from", "nowhere", "--keys", "keys.json")):  # fmt: skip
        assert run(*words)[0] != 0


def test_a_growing_tree_has_the_head_of_each_size(desk: Desk, kept: str) -> None:
    assert kept
    growing = tree.Growing()
    with desk.database.reading() as connection:
        assert growing.root() == tree.root(0, log.nodes(connection))
        for size in range(1, desk.latest + 1):
            growing.push(log.nodes(connection)(0, size - 1))
            assert growing.root() == log.root(connection, size)
