"""What the program says of itself: one JSON object a line, and nothing that a visitor wrote, crashes included."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CRASHING = """
import logging, sys
import structlog, threading, warnings
from sqlalchemy import create_engine, text
from public_site import logs

logs.set_up()
log = structlog.get_logger()

def inner(canary):
    secret = {"statement": canary}
    create_engine("sqlite://").connect().execute(text("SELECT :v FROM nowhere"), {"v": secret["statement"]})

def outer(canary):
    try:
        inner(canary)
    except Exception as fault:
        raise KeyError(canary) from fault

canary = sys.argv[1]
try:
    outer(canary)
except Exception as fault:
    log.error("request not answered", occurrence="abc", exc_info=fault)
    log.warning("an odd value", what=fault)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=True)
    logging.getLogger("uvicorn.access").warning('%s - "%s"', canary, canary)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\\nfuture: {canary}", exc_info=True)
    logging.getLogger("pdfminer").warning("odd %s", canary)
    logging.getLogger("pdfminer").warning(f"odd {canary}")
warnings.warn(canary)
thread = threading.Thread(target=outer, args=(canary,))
thread.start()
thread.join()
log.info("published", entry=12, entries=3)
outer(canary)
"""


def said(canary: str) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", CRASHING, canary], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert canary not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_crash_is_told_by_kind_and_place_without_a_value_that_it_met() -> None:
    lines = said("烟囱QXZWVB")
    crash = lines[0]
    assert (crash["level"], crash["event"], crash["occurrence"]) == ("error", "request not answered", "abc")
    assert crash["fault"].startswith("KeyError < sqlalchemy.exc.OperationalError < sqlite3.OperationalError")
    assert any(place.endswith("outer") for place in crash["where"])
    assert lines[1]["what"] == "KeyError"
    assert [line["event"] for line in lines[2:5]] == [
        "Exception in ASGI application",
        '%s - "%s"',
        "a library said something",
    ]
    assert "KeyError" in lines[2]["fault"]
    assert (lines[-2]["event"], lines[-2]["entry"]) == ("published", 12)
    for uncaught in (lines[-3], lines[-1]):  # in a thread, and at the very end
        assert (uncaught["event"], uncaught["fault"][:8]) == ("a fault that nobody expected", "KeyError")
    assert all(set(line) >= {"at", "level", "event"} for line in lines)


def test_something_that_goes_on_is_said_once(capsys: Any) -> None:
    code = (
        "from public_site import logs; logs.set_up(); r = logs.Repeated('it lags', 'it follows');"
        "[r.goes_on('away') for _ in range(50)]; r.goes_on('refused'); r.is_over(); r.is_over()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line.get("reason")) for line in told] == [
        ("it lags", "away"), ("it lags", "refused"), ("it follows", None)
    ]  # fmt: skip


def test_nobody_else_writes_a_log() -> None:
    """Every line goes through `logs`; a logger of the standard library would not know what may be said."""
    for file in sorted((Path(__file__).parents[1] / "public_site").rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        assert "logging.getLogger" not in source or file.name == "logs.py", file
        assert "import print_exc" not in source, file
