"""Amendments: notices corrected or withdrawn, enterprises merged, a decision that a second notice cites.

Nothing that could be amended was published before, so the tables need no rebuilding.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "merged_enterprise",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("credit_code", plain, nullable=True),
    )
    op.create_index("merged_enterprise_into", "merged_enterprise", ["into_id"])
    op.create_index("merged_enterprise_of_code", "merged_enterprise", ["credit_code"])
    op.add_column("decision", sa.Column("cites", sa.Integer(), nullable=True))
    op.add_column("notice", sa.Column("mended_by", sa.Integer(), nullable=True))
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("withdrawn", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("notice") as notice:
        notice.alter_column("withdrawn", server_default=None)


def downgrade() -> None:
    for table, column in (("notice", "withdrawn"), ("notice", "mended_by"), ("decision", "cites")):
        with op.batch_alter_table(table) as altered:
            altered.drop_column(column)
    op.drop_table("merged_enterprise")
