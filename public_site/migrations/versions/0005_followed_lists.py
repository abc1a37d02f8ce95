"""Lists of one's own to follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "followed_list",
        sa.Column("token_hash", plain, primary_key=True, nullable=False),
        sa.Column("enterprise_ids", plain, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("followed_list")
