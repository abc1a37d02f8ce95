"""Doubt: every silent edit of the database or of a kept file is found, also by an insider who hashes anew."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from public_site import log, publishing, tree, verification
from public_site.database import Database
from public_site.settings import Settings
from tests.desk import DRAFTER, Desk, row

EDITS = int(os.environ.get("EDITS", "80"))  # `make edits` tries 1,000
pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def published(desk: Desk) -> tuple[Desk, str]:
    """A register with everything in it, and an earlier checkpoint that someone outside kept."""
    names = [f"演示{n}号有限公司" for n in range(12)]
    desk.publish([row(n, "B") for n in names], on="2022-05-01")
    held = desk.publish([row(n, "A", 统一社会信用代码="91350100M000100Y43" if n == names[0] else "") for n in names[:6]],
                        on="2023-05-01").checkpoint  # fmt: skip
    wrong = desk.publish([row(n, "C") for n in names[3:9]], on="2024-05-01").last_entry
    desk.approve(publishing.draft_correction(desk.database, wrong, {"grade": "B-"}, reason="录入有误", by=DRAFTER,
                                             at=datetime.now(UTC)))  # fmt: skip
    desk.publish([row("演示拟定有限公司", "A")], on="2024-06-01", title="重庆市生态环境局关于拟认定A级企业名单的公示")
    return desk, held


def findings(settings: Settings, held: str) -> list[verification.Finding]:
    with closing(Database(settings.register_url)) as database:
        return verification.verify(database, settings, held_outside=held).findings


def test_a_sound_register_has_nothing_to_find(published: tuple[Desk, str]) -> None:
    desk, held = published
    report = verification.verify(desk.database, desk.settings, held_outside=held)
    assert report.findings == []
    assert report.entries == desk.latest


def test_each_of_many_random_edits_is_found(published: tuple[Desk, str], tmp_path: Path) -> None:
    desk, held = published
    desk.database.close()
    chance = random.Random(20260113)  # which edits are tried, not a secret
    missed = []
    for number in range(EDITS):
        copy = desk.settings.model_copy(update={"data": tmp_path / "edited"})
        shutil.copytree(desk.settings.data, copy.data)
        what = edit_something(copy.data / "register.db", chance)
        if not findings(copy, held):
            missed.append((number, what))
        shutil.rmtree(copy.data)
    assert missed == []


def edit_something(file: Path, chance: random.Random) -> str:
    """Change, delete or double one random row, with the triggers out of the way as an insider would have them."""
    with closing(sqlite3.connect(file)) as database:
        tables = [t for (t,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"
                                                 " AND name NOT LIKE 'sqlite_%' ORDER BY name")]  # fmt: skip
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        while True:
            table = chance.choice(tables)
            rows = database.execute(f"SELECT rowid, * FROM {table}").fetchall()
            if rows:
                break
        names = [c[1] for c in database.execute(f"PRAGMA table_info({table})")]
        rowid, *values = chance.choice(rows)
        if chance.random() < 0.2:
            database.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
            what = f"delete {table} {values}"
        else:
            at = chance.randrange(len(names))
            new = changed(values[at], chance)
            what = f"{table}.{names[at]}: {values[at]!r} -> {new!r}"
            update = f"UPDATE OR IGNORE {table} SET {names[at]} = ? WHERE rowid = ?"
            if database.execute(update, (new, rowid)).rowcount == 0:  # another row has that key
                database.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
        for _, sql in triggers:
            database.execute(sql)
        database.commit()
    return what


def changed(value: Any, chance: random.Random) -> Any:
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 7])
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if isinstance(value, str) and value:
        at = chance.randrange(len(value))
        return value[:at] + ("7" if value[at] != "7" else "8") + value[at + 1 :]
    return "x"


def test_an_insider_who_rewrites_history_and_all_its_hashes_is_found_by_a_checkpoint_held_outside(
    published: tuple[Desk, str],
) -> None:
    desk, held = published
    desk.database.close()
    rewrite(desk.settings)
    assert findings_of_log(desk.settings, None) == []
    assert any("历史被改动过" in f.what for f in findings_of_log(desk.settings, held))


def rewrite(settings: Settings) -> None:
    """Turn a grade into another, hash every entry and node anew and sign every checkpoint again, with the real key."""
    key = log.read_key(settings.log_key)
    with closing(sqlite3.connect(settings.data / "register.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        number, body = database.execute(
            "SELECT number, body FROM entry WHERE kind = 'graded' ORDER BY number"
        ).fetchone()
        told = orjson.loads(body)
        told["data"]["grade"] = "A"
        forged = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
        database.execute("UPDATE entry SET body = ?, leaf = ? WHERE number = ?",
                         (forged.decode(), tree.leaf_hash(forged), number))  # fmt: skip
        database.commit()
    with closing(Database(settings.register_url)) as opened, opened.writing() as connection:
        log.forget(connection)
        log.catch_up(connection)
        sizes = [size for size, _ in log.checkpoints(connection)]
        notes = {s: tree.signed(tree.Checkpoint(settings.origin, s, log.root(connection, s)), key) for s in sizes}
    with closing(sqlite3.connect(settings.data / "register.db")) as database:
        for size, note in notes.items():
            database.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (note, size))
        database.commit()


def findings_of_log(
    settings: Settings, held: str | None
) -> Iterator[verification.Finding] | list[verification.Finding]:
    with closing(Database(settings.register_url)) as database:
        report = verification.verify(database, settings, held_outside=held)
    return [f for f in report.findings if f.where in {"entries", "tree", "checkpoints", "checkpoint held outside"}]


def test_entries_cut_off_the_end_are_found_by_a_checkpoint_held_outside(published: tuple[Desk, str]) -> None:
    desk, _ = published
    with desk.database.reading() as connection:
        latest = log.checkpoint(connection)
    desk.database.close()
    with closing(sqlite3.connect(desk.settings.data / "register.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM entry WHERE number > 20")
        database.commit()
    assert any("有条目被删去" in f.what for f in findings(desk.settings, latest))


def test_a_changed_or_missing_original_file_is_found(published: tuple[Desk, str]) -> None:
    desk, held = published
    first, second = sorted(desk.settings.originals.iterdir())[:2]
    first.write_bytes(first.read_bytes() + b" ")
    second.unlink()
    whats = [f.what for f in findings(desk.settings, held) if f.where == "originals"]
    assert any("被改动过" in w for w in whats)
    assert any("不在了" in w for w in whats)


def test_a_checkpoint_of_another_log_is_refused_in_words(published: tuple[Desk, str]) -> None:
    desk, held = published
    foreign = held.replace("localhost/log", "example.org/log")
    assert any("另一份日志" in f.what for f in findings(desk.settings, foreign))
