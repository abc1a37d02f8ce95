"""The console: people, sessions, trail, throttles; uploads, a draft's way between desks; reports of wrong data."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# table: (columns of the primary key, other columns, {index: columns}); "?" may be null; "#int", "#serial", else text
_TABLES: dict[str, tuple[str, str, dict[str, list[str]]]] = {
    "supervisor": (
        "id#serial",
        "name name_key roles password totp last_step#int made_at disabled_at?",
        {"supervisor_of_name": ["name_key"]},
    ),
    "console_session": (
        "id",
        "supervisor_id#int began_at seen_at",
        {"session_of_supervisor": ["supervisor_id"]},
    ),
    "audit": ("id#serial", "made_at who what", {}),
    "daily_key": ("day", "secret", {}),
    "bucket": ("name", "level#int filled_at#int", {}),
    "upload": (
        "id#serial",
        "state file_name file size#int given about?#int who with_whom made_at rows_done#int findings draft_id?#int",
        {"upload_of_draft": ["draft_id"], "upload_by_state": ["state", "id"]},
    ),
    "draft_step": ("draft_id#int ordinal#int", "act who made_at said", {}),
    "draft_preview": ("draft_id#int", "fingerprint content", {}),
    "error_report": (
        "id#serial",
        "sent_once made_on about about_id?#int said url? state answer? draft_id?#int closed_by? closed_at?",
        {"error_report_once": ["sent_once"], "error_report_by_state": ["state", "id"]},
    ),
}
_UNIQUE = {"supervisor_of_name", "error_report_once"}


def upgrade() -> None:
    for table, (key, others, indexes) in _TABLES.items():
        columns = [_column(c, key=True) for c in key.split()] + [_column(c) for c in others.split()]
        op.create_table(table, *columns)
        for index, of in indexes.items():
            op.create_index(index, table, of, unique=index in _UNIQUE)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _column(said: str, *, key: bool = False) -> sa.Column[Any]:
    name, _, kind = said.partition("#")
    # "C": text compares by code point in PostgreSQL as it does in SQLite.
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    return sa.Column(
        name.rstrip("?"),
        sa.Integer() if kind else plain,
        primary_key=key,
        nullable=name.endswith("?"),
        autoincrement=kind == "serial",
    )
