"""Versions: whole or not at all, whatever happens; never changed; thinned by rule; the deltas joined without a gap."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from data_export import versions
from data_export.fields import TABLES
from public_site import log, open_data, publishing, standings
from public_site.database import Database
from public_site.open_data import File, Index, Version
from public_site.settings import Settings
from tests import databases
from tests.data_export.exporter import Exporter, correct
from tests.desk import Desk, row
from tests.trails import Scribe, Step, steps

KILLS = 12 * int(os.environ.get("PUBLIC_SITE_TEST_SWEEP", "1"))


def is_whole(folder: Path) -> bool:
    """Whether every file that the index names is there with its size, and `latest` points at the latest."""
    index = open_data.read(folder)
    for version in index.versions:
        for file in version.files:
            assert (folder / version.name / file.name).stat().st_size == file.bytes
    latest = index.latest
    return latest is None or (folder / "latest").resolve().name == latest.name


class TestPublishing:
    @databases.on_one
    def test_a_version_is_named_by_entry_and_day_and_stays_when_the_next_one_comes(
        self, published: Exporter, desk: Desk
    ) -> None:
        first = published.export()
        content = {p.name: p.read_bytes() for p in (published.folder / first.name).iterdir()}
        assert first.name == f"{desk.latest}-{first.date}"
        desk.publish([row("演示新来有限公司", "A")], on="2026-06-01")
        second = published.export()
        assert (second.previous, second.entry) == (first.name, desk.latest)
        assert {p.name: p.read_bytes() for p in (published.folder / first.name).iterdir()} == content
        assert [v.name for v in open_data.read(published.folder).versions] == [second.name, first.name]
        assert is_whole(published.folder)

    @databases.on_one
    def test_what_is_there_already_is_not_made_again(self, published: Exporter) -> None:
        first = published.export()
        published.told.clear()
        assert published.export() == first
        assert published.told == []

    @databases.on_one
    def test_two_exporters_do_not_meet(self, published: Exporter) -> None:
        with versions.alone(published.folder), pytest.raises(versions.ExportUnderWay):
            published.export()

    @databases.on_one
    def test_an_index_that_cannot_be_read_is_said_and_left_alone(self, published: Exporter) -> None:
        published.export()
        (published.folder / "index.json").write_bytes(b'{"versions": [{}]}')
        with pytest.raises(open_data.IndexDamaged):
            published.export()

    @databases.on_one
    @pytest.mark.timeout(900)
    def test_killed_at_any_moment_it_leaves_the_old_version_whole(self, published: Exporter, desk: Desk) -> None:
        before = published.export()
        desk.publish([row("演示新来有限公司", "A")], on="2026-06-01")
        chance = random.Random(5)
        spare = published.folder.parent / "spare"
        began = time.monotonic()
        assert _export(published.settings, spare, None) == 0
        length = time.monotonic() - began
        ends = [_export(published.settings, published.folder, chance.uniform(0.4, 1.1) * length) for _ in range(KILLS)]
        assert -signal.SIGKILL in ends
        assert before in open_data.read(published.folder).versions
        for ended in (False, True):
            if ended:
                published.export()
            assert is_whole(published.folder) or not ended
        latest = open_data.read(published.folder).latest
        assert latest is not None
        assert latest.entry == desk.latest
        names = {p.name for p in published.folder.iterdir()}
        assert names == {".lock", "index.json", "latest", before.name, latest.name}

    @databases.on_one
    @pytest.mark.parametrize("step", ["_write_index", "_point_at_latest", "_remove_files"])
    def test_a_crash_between_any_two_steps_of_the_switch_is_mended_by_the_next_run(
        self, published: Exporter, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        first = published.export()
        desk.publish([row("演示新来有限公司", "A")], on="2026-06-01")

        def crash(*_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(versions, step, crash)
            patch.setattr(versions, "clear", lambda *_: None)
            if step == "_remove_files":
                patch.setattr(versions, "thin", lambda index, keep_days: _all_thinned(index))  # noqa: ARG005
            with pytest.raises(KeyboardInterrupt):
                published.export()
        assert first.name in {v.name for v in open_data.read(published.folder).versions}
        second = published.export()
        assert second.entry == desk.latest
        assert is_whole(published.folder)


def _all_thinned(index: Index) -> Index:
    newest, *older = index.versions
    return Index((newest, *(versions._thinned(v) for v in older)))


def _export(settings: Settings, folder: Path, seconds: float | None) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", "data_export", str(folder), "--without", "xlsx"],
        env=os.environ | settings.as_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class TestDeltas:
    @databases.on_one
    @pytest.mark.timeout(900)
    def test_the_first_version_and_the_deltas_give_every_later_one(self, published: Exporter, desk: Desk) -> None:
        told = [published.export()]
        held = {table.name: published.rows(told[0], table.name) for table in TABLES}
        assert not [f for f in told[0].files if f.name == open_data.DELTA]
        for publish in (
            lambda: desk.publish([row("演示新来有限公司", "A"), row("演示乙玻璃有限公司", "B", 原等级="A",
                                      统一社会信用代码="91130200699229617X")], on="2026-06-01"),
            lambda: correct(desk, 3, "D"),
            lambda: _merge(desk, 4, 2),
            lambda: _undo(desk),
        ):  # fmt: skip
            publish()
            version = published.export()
            told.append(version)
            for line in published.lines(version, open_data.DELTA):
                _apply(held[line["kind"]], line)
            for table in TABLES:
                now = published.rows(version, table.name)
                assert held[table.name] == now
                assert sorted(held[table.name]) == list(now)
        kinds = {(line["op"], line["kind"]) for v in told[1:] for line in published.lines(v, open_data.DELTA)}
        assert {("delete", "enterprises"), ("insert", "units"), ("update", "grades"), ("insert", "entries")} <= kinds
        assert not [kind for kind in kinds if kind[1] == "entries" and kind[0] != "insert"]

    @examples(max_examples=8)
    @given(st.lists(steps(), min_size=4, max_size=24), st.integers(2, 4))
    def test_of_any_history_the_first_version_and_the_deltas_give_every_later_one(
        self, history: list[Step], versions_made: int
    ) -> None:
        with TemporaryDirectory() as folder:
            settings = Settings(data=Path(folder), database_url="")
            database = Database(settings.register_url)
            publishing.prepare(database, settings)
            exporter, scribe = Exporter(database, settings, settings.open_data_folder), Scribe()
            held: dict[str, dict[Any, dict[str, Any]]] = {table.name: {} for table in TABLES}
            share = -(-len(history) // versions_made)
            for begin in range(0, len(history), share):
                with database.writing() as connection:
                    scribe.write(connection, history[begin : begin + share])
                    standings.catch_up(connection)
                    log.catch_up(connection)
                    log.sign(connection, "localhost/log", log.read_key(settings.log_key))
                version = exporter.export(None, *(f for f in open_data.FORMATS if f not in ("csv", "jsonl", "parquet")))
                if version.previous is None:
                    held = {table.name: exporter.rows(version, table.name) for table in TABLES}
                else:
                    for line in exporter.lines(version, open_data.DELTA):
                        _apply(held[line["kind"]], line)
                assert held == {table.name: exporter.rows(version, table.name) for table in TABLES}
            database.close()


def _apply(rows: dict[Any, dict[str, Any]], line: dict[str, Any]) -> None:
    """What any consumer does with a line of a delta."""
    if line["op"] == "delete":
        del rows[line["id"]]
    elif line["op"] == "insert":
        assert line["id"] not in rows
        rows[line["id"]] = line["fields"]
    else:
        assert set(line["fields"]) <= set(rows[line["id"]])
        rows[line["id"]] |= line["fields"]


def _merge(desk: Desk, enterprise: int, into: int) -> None:

    desk.approve(
        publishing.draft_merge(desk.database, enterprise, into, reason="同一企业", by="甲", at=datetime.now(UTC))
    )


def _undo(desk: Desk) -> None:

    desk.approve(
        publishing.draft_undoing(desk.database, desk.latest, reason="并非同一企业", by="甲", at=datetime.now(UTC))
    )


days = st.lists(st.integers(0, 700), min_size=1, max_size=25).map(sorted)


class TestThinning:
    @examples(max_examples=200)
    @given(days, st.integers(1, 90))
    def test_each_month_keeps_its_last_version_and_the_young_ones_all_stay(
        self, given_days: list[int], keep: int
    ) -> None:
        index, seen = Index(), {}
        for at, offset in enumerate(given_days):
            day = (date(2024, 1, 1) + timedelta(days=offset)).isoformat()
            version = _version(at + 1, day, index.latest)
            seen[version.name] = version
            index = versions.thin(Index((version, *index.versions)), keep_days=keep)
        latest = index.latest
        assert latest is not None
        young = date.fromisoformat(latest.date) - timedelta(days=keep)
        last = {v.date[:7]: v.name for v in reversed(index.versions)}
        for version in index.versions:
            stays = date.fromisoformat(version.date) >= young or last[version.date[:7]] == version.name
            assert stays == (not version.thinned)
            assert version.files == (seen[version.name].files if stays else seen[version.name].files[1:])
            assert version.previous is None or version.previous in seen
        assert [v.name for v in index.versions] == list(reversed(seen)), "every version stays listed"

    @databases.on_one
    def test_a_thinned_version_keeps_only_its_delta_on_the_disk(
        self, published: Exporter, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = published.export()
        desk.publish([row("演示新来有限公司", "A")], on="2026-06-01")
        second = published.export()
        desk.publish([row("演示又来有限公司", "A")], on="2026-06-02")
        monkeypatch.setattr(versions, "thin", lambda index, keep_days: _all_thinned(index))  # noqa: ARG005
        published.export()
        assert not (published.folder / first.name).exists(), "the first version has no delta"
        assert sorted(p.name for p in (published.folder / second.name).iterdir()) == [
            "delta.jsonl", "delta.jsonl.gz", "delta.jsonl.zst",
        ]  # fmt: skip
        assert is_whole(published.folder)


def _version(entry: int, day: str, before: Version | None) -> Version:
    files = tuple(File(name, None, "jsonl", "x", 1, 1, "0" * 64, {}) for name in ("all.jsonl", open_data.DELTA))
    return Version(
        f"{entry}-{day}", entry, day, f"{day}T00:00:00.000000Z", "", before.name if before else None, False, files
    )


def test_a_version_is_named_by_the_day_in_china() -> None:
    assert open_data.version_name(7, "2026-01-13T16:00:00.000000Z") == "7-2026-01-14"
