"""Keys under which names that are only alike are found; a row of a draft keeps why and how likely each candidate is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from public_site import enterprises

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEYS = ("stem", "head", "tail", "short")
_BATCH = 5_000


def upgrade() -> None:
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    for key in _KEYS:
        op.add_column("enterprise_name", sa.Column(f"{key}_key", plain, nullable=True))
    _fill(op.get_bind())
    for key in _KEYS:
        op.create_index(f"enterprise_name_{key}", "enterprise_name", [f"{key}_key"])


def downgrade() -> None:
    for key in _KEYS:
        op.drop_index(f"enterprise_name_{key}", "enterprise_name")
        op.drop_column("enterprise_name", f"{key}_key")


def _fill(connection: sa.Connection) -> None:
    """Names that are known already get their keys; the register and its N stay as they are."""
    told = sa.text(
        "SELECT n.enterprise_id, n.ordinal, n.name, e.province, e.city, e.county FROM enterprise_name n"
        " JOIN enterprise e ON e.id = n.enterprise_id ORDER BY n.enterprise_id, n.ordinal"
    )
    put = sa.text(
        "UPDATE enterprise_name SET stem_key = :stem, head_key = :head, tail_key = :tail, short_key = :short"
        " WHERE enterprise_id = :id AND ordinal = :ordinal"
    )
    rows = connection.execute(told).all()
    for start in range(0, len(rows), _BATCH):
        values = []
        for identity, ordinal, name, *line in rows[start : start + _BATCH]:
            keys = enterprises.keys(name, (line[0], line[1], line[2]))
            values.append({"id": identity, "ordinal": ordinal, "stem": keys.stem, "head": keys.head,
                           "tail": keys.tail, "short": keys.short})  # fmt: skip
        connection.execute(put, values)
