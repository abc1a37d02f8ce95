"""How the program says what it did: one JSON object a line on stderr, one plain line where a person is watching.

What this module knows that no other does: what may stand in such a line. A value is a number, a truth or a word that the
program itself wrote; a fault is told by its kind and the lines of code it came through, never by its message, and never
with the values it met there (a message may hold a form's word, a statement its parameters). What libraries say is told
by their fixed words, from warnings upwards. No address, URL, code or content of a request is ever handed in.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

_TOLD_AGAIN_SECONDS = 60.0
_MOST_FRAMES = 25


def set_up(level: int = logging.INFO) -> None:
    """From now on everything that this process and its libraries say goes to stderr in this form."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, _rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Form())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    threading.excepthook = lambda thrown: _uncaught(thrown.exc_value)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)


def _uncaught(error: BaseException | None) -> None:
    """What nobody caught, in this thread or another; python's own words would tell its values."""
    if not isinstance(error, KeyboardInterrupt):
        structlog.get_logger().error("a fault that nobody expected", exc_info=error)


class Repeated:
    """Something that goes on: said when it begins or becomes another, once a minute meanwhile, and when it is over."""

    def __init__(self, event: str, over: str) -> None:
        self._event, self._over = event, over
        self._reason, self._said = "", 0.0

    def goes_on(self, reason: str, **facts: float | str) -> None:
        """It is so now, for this reason."""
        now = time.monotonic()
        if reason != self._reason or now - self._said >= _TOLD_AGAIN_SECONDS:
            structlog.get_logger().warning(self._event, reason=reason, **facts)
            self._reason, self._said = reason, now

    def is_over(self) -> None:
        """It is not so, or no longer."""
        if self._reason:
            structlog.get_logger().info(self._over)
            self._reason = ""


def fault(error: BaseException | None) -> dict[str, Any]:
    """A fault as it may be told: the kinds of it and of what led to it, and the places in the code."""
    kinds: list[str] = []
    frames: list[str] = []
    while error is not None and len(kinds) < 8:
        kinds.append(f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."))
        if not frames:
            summary = traceback.extract_tb(error.__traceback__)
            frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in summary[-_MOST_FRAMES:]]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {"fault": " < ".join(kinds), "where": frames}


def _rendered(_: object, __: str, event: Any) -> str:
    told = dict(event)
    caught = told.pop("exc_info", None)
    if caught is True:
        caught = sys.exc_info()
    if isinstance(caught, tuple):
        caught = caught[1]
    if isinstance(caught, BaseException):
        told |= fault(caught)
    return _line(str(told.pop("level", "info")), str(told.pop("event", "")), told)


def _line(level: str, event: str, told: Mapping[str, Any]) -> str:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    kept = {name: _allowed(value) for name, value in told.items()}
    if sys.stderr.isatty():
        said = " ".join(f"{name}={value}" for name, value in kept.items())
        return f"{at} {level}: {event} {said}".rstrip()
    return orjson.dumps({"at": at, "level": level, "event": event} | kept).decode()


def _allowed(value: Any) -> Any:
    if isinstance(value, list):
        return [_allowed(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__


class _Form(logging.Formatter):
    """What a library says: its fixed words and the kind of its fault. Its values are left out."""

    def format(self, record: logging.LogRecord) -> str:
        said = str(record.msg).partition("\n")[0] if isinstance(record.msg, str) and record.args else ""
        told: dict[str, Any] = {"by": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            told |= fault(record.exc_info[1])
        if record.name.startswith("uvicorn") and not said:  # its sentences hold no value but those of their arguments
            said = str(record.msg).partition("\n")[0]
        return _line(record.levelname.lower(), said or "a library said something", told | {"line": record.lineno})
