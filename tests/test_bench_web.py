"""`make bench-web` in small, so that it cannot rot: every server but Datasette, over a hundred enterprises."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from benchmarks import web_questions as asked

ROOT = Path(__file__).parent.parent


def test_the_benchmark_of_the_web_measures_every_row_and_tells_every_aim(tmp_path: Path) -> None:
    small = ["--sizes", "100", "--seconds", "0.1", "--rounds", "1", "--publications", "1", "--without-datasette"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = min(free.getsockname()[1], 65_000)
    command = [sys.executable, "-m", "benchmarks.web", *small, "--cache", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            told, wrong = run.communicate(timeout=280)
        finally:
            run.terminate()  # it stops its servers
    assert run.returncode == 0, wrong
    assert "named alike by all" in told
    for topic in asked.TOPICS:
        for server in topic.targets.keys() - {asked.DATASETTE}:
            assert f"| {topic.name} | {server} |" in told.replace(" (again)", "")
    assert told.count(" met |") + told.count(" missed |") == 7
    assert "the page after" in told
