"""What is public of complaints, as the register's database holds it: suppressed counts of closed quarters, nothing else.

What this module knows that no other does: that these rows come over from the complaints' own databases once a quarter,
already suppressed, are never changed, and are all that an export can see of complaints.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, text
from sqlmodel import Field, SQLModel

LEAST = 5  # complaints of a cell


class ComplaintCountRecord(SQLModel, table=True):
    """How many complaints of a category came in, in a county (empty: the whole country) and a closed quarter."""

    __tablename__ = "complaint_count"

    quarter: str = Field(primary_key=True)
    place: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    complaints: int
    closed_on: str


def quarters(connection: Connection) -> set[str]:
    """The quarters that are here."""
    return {str(q) for (q,) in connection.execute(text("SELECT DISTINCT quarter FROM complaint_count"))}


def keep(connection: Connection, quarter: str, closed_on: str, cells: Sequence[tuple[str, str, int]]) -> None:
    """Write a quarter down: place, category, complaints."""
    assert all(complaints >= LEAST for _, _, complaints in cells)
    rows = [
        {"quarter": quarter, "place": place, "category": category, "complaints": complaints, "closed_on": closed_on}
        for place, category, complaints in cells
    ]
    if rows:
        connection.execute(insert(ComplaintCountRecord), rows)
