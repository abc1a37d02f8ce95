"""A value that nobody may read, planted in every text of every table that is not public."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, inspect, text

CANARY = "金丝雀7f3a9c"
PUBLIC = frozenset(
    {"entry", "notice", "enterprise", "enterprise_name", "merged_enterprise", "holding", "decision", "notice_industry",
     "complaint_count", "projection", "checkpoint", "tree_node", "alembic_version"}
)  # fmt: skip


def plant(connection: Connection) -> int:
    """One row in each table whose every text is the canary; how many tables."""
    told = inspect(connection)
    private = sorted(set(told.get_table_names()) - PUBLIC)
    connection.execute(text("SET session_replication_role = replica" if connection.dialect.name == "postgresql"
                            else "PRAGMA defer_foreign_keys = ON"))  # fmt: skip
    for table in private:
        _plant(connection, table, told.get_columns(table))
    return len(private)


def _plant(connection: Connection, table: str, columns: list[Any]) -> None:
    values: dict[str, Any] = {}
    for at, column in enumerate(columns):
        kind = str(column["type"]).upper()
        is_text = any(word in kind for word in ("CHAR", "TEXT"))
        values[column["name"]] = (
            CANARY if is_text else CANARY.encode() if "B" in kind and "INT" not in kind else 900 + at
        )
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":v{at}" for at in range(len(values)))
    connection.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({marks})'),
                       {f"v{at}": value for at, value in enumerate(values.values())})  # fmt: skip
