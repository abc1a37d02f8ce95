"""A hand that exports a register and reads back what it wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_export import exporting
from public_site import complaint_counts, publishing
from public_site.database import Database
from public_site.open_data import Version
from public_site.settings import Settings
from tests.desk import DRAFTER, Desk, row

FORMULA = "=1+1演示公式有限公司"


@dataclass
class Exporter:
    """Exports a register into `folder`; every step that was told is kept."""

    database: Database
    settings: Settings
    folder: Path
    told: list[str] = field(default_factory=list)

    def export(self, folder: Path | None = None, *without: str) -> Version:
        """The version of the register's latest entry."""

        def tell(what: str, _: int, __: int) -> None:
            self.told.append(what)

        return exporting.export(self.database, self.settings, folder or self.folder, progress=tell,
                                without=frozenset(without)).version  # fmt: skip

    def path(self, version: Version, name: str) -> Path:
        return self.folder / version.name / name

    def lines(self, version: Version, name: str) -> list[dict[str, Any]]:
        """What the lines of a file say."""
        return [json.loads(line) for line in self.path(version, name).read_text(encoding="utf-8").splitlines()]

    def rows(self, version: Version, table: str) -> dict[Any, dict[str, Any]]:
        """A table of a version, from its JSON Lines, by its key (the first field)."""
        return {next(iter(one.values())): one for one in self.lines(version, f"{table}.jsonl")}


def publish_everything(desk: Desk) -> None:
    """What files can meet: a former name, quotes, a formula for a name, two scales, a proposal, a correction."""
    desk.publish([row("演示甲包装有限公司", "C"), row("演示乙玻璃有限公司", "A", 统一社会信用代码="91130200699229617X"),
                  row(FORMULA, "D"), row('演示“丙",家具有限公司', "B", industry="家具制造")], on="2021-05-01")  # fmt: skip
    desk.publish([row("演示甲纸业有限公司", "B", 曾用名="演示甲包装有限公司", 原等级="C")], on="2022-05-01")
    desk.publish([row("演示丁电子有限公司", "A", industry="工业涂装", county="南岸区")], on="2023-05-01",
                 title="重庆市2023年重点行业企业绩效评级结果的公示")  # fmt: skip
    correct(desk, 3, "B")
    with desk.database.writing() as connection:
        complaint_counts.keep(connection, "2020Q4", "2021-01-01", [("", "odour", 12), ("500102", "odour", 7)])


def correct(desk: Desk, entry: int, grade: str) -> None:
    """Correct a grade entry, and approve the correction."""
    draft = publishing.draft_correction(desk.database, entry, {"grade": grade}, reason="核对原件有误", by=DRAFTER,
                                        at=datetime.now(UTC))  # fmt: skip
    desk.approve(draft)
