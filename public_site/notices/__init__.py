"""Reading real notices: a file of unknown origin in; a notice, its rows, and every problem with its cell out.

One module per format gives numbered rows of cells (inside a limited child process, see `sandbox`); what stands above,
in and under the table is understood in one place for all formats. Nothing here writes anything that outlives the call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from public_site.notices.file_gate import Limits
from public_site.notices.values import (
    Excerpt,
    Given,
    Notice,
    NoticeRejected,
    Problem,
    Question,
    Reading,
    Row,
    Scope,
    Stage,
    StatedCount,
    sheet_in_words,
)

__all__ = [
    "Excerpt",
    "Given",
    "Limits",
    "Notice",
    "NoticeRejected",
    "Problem",
    "Question",
    "Reading",
    "Row",
    "Scope",
    "Stage",
    "StatedCount",
    "read",
    "sheet_in_words",
]


def read(
    path: Path,
    *,
    given: Given | None = None,
    today: date | None = None,
    file_name: str | None = None,
    progress: Callable[[int], None] | None = None,
    limits: Limits | None = None,
) -> Reading:
    """`reading.read`, imported by whoever reads a notice: much must be known of titles and sentences to understand one."""
    from public_site.notices import reading

    return reading.read(path, given=given, today=today, file_name=file_name, progress=progress, limits=limits)
