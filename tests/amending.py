"""How tests amend what is published, and what must hold of the register afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from public_site import drafts, standings, verification
from tests.desk import DRAFTER, Desk, row

CODE = "91350100M000100Y43"
PAPER, PRINT = "演示纸箱有限公司", "演示印刷有限公司"


def amend(desk: Desk, draft: Callable[..., drafts.Draft], *what: Any, **how: Any) -> int:
    """Draft an amendment and have a second person approve it; its first entry."""
    how = {"reason": "核对原件", "by": DRAFTER, "at": datetime.now(UTC)} | how
    return desk.approve(draft(desk.database, *what, **how)).first_entry


def sound(desk: Desk) -> None:
    """Everything agrees with everything, and rebuilding changes nothing."""
    assert verification.verify(desk.database, desk.settings).findings == []
    before = tables(desk)
    with desk.database.writing() as connection:
        standings.forget(connection)
        standings.catch_up(connection)
    assert tables(desk) == before


def tables(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    with desk.database.reading() as connection:
        return {
            name: sorted((tuple(r) for r in connection.execute(text(f"SELECT * FROM {name}"))), key=repr)
            for name in standings.TABLES
        }


def untouched(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """The tables but for `touched`, which says what last bore on an enterprise."""
    with desk.database.reading() as connection:
        names = [c for c in standings.EnterpriseRecord.model_fields if c != "touched"]
        found = sorted(map(tuple, connection.execute(text(f"SELECT {', '.join(names)} FROM enterprise"))), key=repr)
    return tables(desk) | {"enterprise": found}


def identity(desk: Desk, name: str) -> int:
    return desk.enterprise(name).line.id


def grade(desk: Desk, name: str, **when: Any) -> str | None:
    return desk.enterprise(name, **when).line.overall_grade


def two(desk: Desk) -> tuple[int, int]:
    """Two enterprises that are one in truth: the first with an earlier grade, the second with a later one."""
    desk.publish(
        [row("演示纸箱厂", "A", 统一社会信用代码=CODE), row("演示纸箱厂", "B", industry="工业涂装")], on="2022-05-01"
    )
    desk.publish([row(PAPER, "C", county="渝北区")], on="2023-05-01")
    return identity(desk, "演示纸箱厂"), identity(desk, PAPER)
