"""When the collector of cycles looks, and at what."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from public_site import garbage


def test_while_a_program_begins_nothing_is_collected_and_then_it_is_not_looked_through() -> None:
    gc.unfreeze()
    with garbage.beginning():
        assert not gc.isenabled()
        made = {"a part": ["of the program"]}
    try:
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1000
        assert not any(seen is made for seen in gc.get_objects())
    finally:
        gc.unfreeze()


def test_the_collector_runs_again_when_the_last_of_those_at_work_is_done() -> None:
    with garbage.left_alone():
        with garbage.beginning():
            pass
        assert not gc.isenabled()
        gc.unfreeze()
    assert gc.isenabled()


def test_a_beginning_that_fails_leaves_the_collector_running() -> None:
    with pytest.raises(ZeroDivisionError), garbage.beginning():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_memory_is_given_back_or_nothing_happens() -> None:
    code = "from public_site import garbage; garbage.give_memory_back(); print(sum(range(10)))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "45\n"
