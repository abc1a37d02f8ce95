"""How many decisions each notice holds of each industry, so that an industry's years are summed over notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "notice_industry",
        sa.Column("industry", plain, primary_key=True, nullable=False),
        sa.Column("notice_id", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("downgrades", sa.Integer(), nullable=False),
    )
    op.execute(
        "INSERT INTO notice_industry (industry, notice_id, decisions, downgrades) SELECT industry, notice_id, count(*),"
        " sum(CASE WHEN kind = 'downgraded' AND withdrawn = 0 THEN 1 ELSE 0 END) FROM decision"
        " WHERE industry IS NOT NULL GROUP BY industry, notice_id"
    )


def downgrade() -> None:
    op.drop_table("notice_industry")
