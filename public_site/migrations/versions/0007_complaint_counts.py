"""What is public of complaints: suppressed counts of closed quarters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "complaint_count",
        sa.Column("quarter", plain, primary_key=True, nullable=False),
        sa.Column("place", plain, primary_key=True, nullable=False),
        sa.Column("category", plain, primary_key=True, nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.Column("closed_on", plain, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("complaint_count")
