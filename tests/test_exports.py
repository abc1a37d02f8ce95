"""When the open data are written anew: after quiet, not at every entry, and later and later where it fails."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from public_site import exports, open_data
from public_site.settings import Settings
from tests import databases
from tests.desk import Desk, row


class TestRhythm:
    def test_a_publication_is_exported_once_the_register_has_been_quiet(self) -> None:
        rhythm = exports.Rhythm(60)
        assert not rhythm.is_due(10, 0, 1000)
        assert not rhythm.is_due(10, 0, 1059)
        assert not rhythm.is_due(12, 0, 1059), "another publication: it waits anew"
        assert not rhythm.is_due(12, 0, 1118)
        assert rhythm.is_due(12, 0, 1119)
        rhythm.ended(well=True, now=1120)
        assert not rhythm.is_due(12, 12, 5000)

    def test_a_register_that_is_never_quiet_is_exported_all_the_same(self) -> None:
        rhythm = exports.Rhythm(60)
        due = [second for second in range(0, 700, 10) if rhythm.is_due(second, 0, second)]
        assert due
        assert due[0] == 610, "ten times the wait after it fell behind, at second 10"

    def test_after_a_failure_it_waits_twice_as_long_each_time(self) -> None:
        rhythm = exports.Rhythm(60)
        rhythm.is_due(5, 0, 0)
        now, waited = 60.0, []
        for _ in range(8):
            rhythm.ended(well=False, now=now)
            pause = next(p for p in range(0, 4000, 20) if rhythm.is_due(5, 0, now + p))
            waited.append(pause)
            now += pause
        assert waited == [120, 240, 480, 960, 1920, 3600, 3600, 3600]


@databases.on_one
def test_while_the_site_serves_a_publication_becomes_a_version(desk: Desk, settings: Settings) -> None:
    desk.publish([row("演示甲有限公司", "A")])
    quick = settings.model_copy(update={"open_data_quiet_seconds": 1})
    with exports.following(desk.database, quick):
        until = time.monotonic() + 240
        while open_data.read(settings.open_data_folder).latest is None and time.monotonic() < until:
            time.sleep(0.2)
    latest = open_data.read(settings.open_data_folder).latest
    assert latest is not None
    assert latest.entry == desk.latest


@databases.on_one
def test_nothing_is_exported_where_the_settings_say_so(desk: Desk, settings: Settings) -> None:
    before = threading.active_count()
    with exports.following(desk.database, settings.model_copy(update={"open_data_quiet_seconds": 0})):
        assert threading.active_count() == before


def test_an_export_that_fails_is_told_and_one_that_is_not_wanted_is_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Settings(data=tmp_path / "nowhere")
    assert exports.export(nowhere, lambda: False) is False
    assert "open data were not exported" in _said(capsys)
    assert exports.export(nowhere, lambda: True) is False


def _said(capsys: Any) -> str:
    told = capsys.readouterr()
    return str(told.out + told.err)
