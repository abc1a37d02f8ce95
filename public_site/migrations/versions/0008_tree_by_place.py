"""The log's tree nodes by their place from left to right, so that the hashes of a proof stand side by side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tree_node_by_place",
        sa.Column("place", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.execute(
        "INSERT INTO tree_node_by_place (place, hash)"
        " SELECT (2 * position + 1) << (level - 1) AS place, hash FROM tree_node ORDER BY 1"
    )
    op.drop_table("tree_node")
    op.rename_table("tree_node_by_place", "tree_node")


def downgrade() -> None:
    op.create_table(
        "tree_node_by_level",
        sa.Column("level", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("position", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    # A place is an odd number times a power of two: the power tells the level, the odd number the position.
    op.execute(
        "INSERT INTO tree_node_by_level (level, position, hash)"
        " WITH RECURSIVE power (level, width) AS (SELECT 1, 1 UNION ALL SELECT level + 1, width * 2 FROM power"
        " WHERE level < 30) SELECT level, (place / width - 1) / 2, hash FROM tree_node JOIN power"
        " ON place % width = 0 AND (place / width) % 2 = 1"
    )
    op.drop_table("tree_node")
    op.rename_table("tree_node_by_level", "tree_node")
