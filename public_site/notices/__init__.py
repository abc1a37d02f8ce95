"""Reading real notices: a file of unknown origin in; a notice, its rows, and every problem with its cell out.

One module per format gives numbered rows of cells (inside a limited child process, see `sandbox`); what stands above,
in and under the table is understood in one place for all formats. Nothing here writes anything that outlives the call.
"""

from public_site.notices.file_gate import Limits
from public_site.notices.reading import read
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
