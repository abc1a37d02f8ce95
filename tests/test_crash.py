"""Power cut: whatever moment the process dies at, a notice is wholly in or wholly out, and the next try succeeds."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from public_site import drafts, register, verification
from public_site.database import Database
from public_site.settings import Settings
from tests.desk import APPROVER, DRAFTER, Desk, row

KILLS = 6 * int(os.environ.get("PUBLIC_SITE_TEST_SWEEP", "1"))


def run_and_kill(data: Path, after: float, *words: str | Path) -> bool:
    """Start a command and kill it `after` seconds; whether it had already ended well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "public_site", *map(str, words)], env=os.environ | {"PUBLIC_SITE_DATA": str(data)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(timeout=after) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


State = tuple[int, list[tuple[int, int]]]


def state(settings: Settings) -> State:
    """N, and the open drafts with how many rows each has."""
    with closing(Database(settings.register_url)) as database:
        database.migrate()
        with database.reading() as connection:
            waiting = [(d.id, len(list(drafts.rows(connection, d.id)))) for d in drafts.drafts(connection)]
            return register.latest_number(connection), waiting


def duration(data: Path, *words: str | Path) -> float:
    began = time.monotonic()
    assert run_and_kill(data, 120, *words)
    return time.monotonic() - began


@pytest.mark.timeout(900)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", ["take-in", "publish"])
def test_killed_at_any_moment_a_notice_is_wholly_in_or_wholly_out(desk: Desk, tmp_path: Path, command: str) -> None:
    file = desk.write([row(f"演示{n}号有限公司", "ABCD"[n % 4]) for n in range(300)])
    start = desk.settings.data
    words: tuple[str | Path, ...] = ("take-in", file, "--by", DRAFTER)
    before: State = (0, [])
    done: State = (0, [(1, 300)])
    if command == "publish":
        desk.take_in(file)
        words, before, done = ("publish", "1", "--by", APPROVER), done, (601, [])
    desk.database.close()
    trial = shutil.copytree(start, tmp_path / "trial")
    whole = duration(trial, *words)
    chance = random.Random(os.urandom(8))
    died = {"before": 0, "after": 0}
    for number in range(KILLS):
        settings = desk.settings.model_copy(update={"data": shutil.copytree(start, tmp_path / f"run{number}")})
        ended = run_and_kill(settings.data, chance.uniform(whole * 0.35, whole), *words)
        after = state(settings)
        assert after == done if ended else after in (before, done)
        if not ended:
            died["after" if after == done else "before"] += 1
        finish(settings, file)
        shutil.rmtree(settings.data)
    assert sum(died.values()) >= KILLS // 3, f"the kills came too late to prove anything: {died}"


def finish(settings: Settings, file: Path) -> None:
    """The next try goes through, and everything agrees."""
    with closing(Database(settings.register_url)) as database:
        desk = Desk(database, settings, file.parent)
        taken = desk.take_in(file)
        if taken.draft.state == "open":
            desk.approve(taken.draft)
        assert (desk.latest, state(settings)[1]) == (601, [])
        assert verification.verify(database, settings).findings == []
