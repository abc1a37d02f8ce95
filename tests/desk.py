"""A clerk's desk: notices written as CSV files, taken in by one role and approved by another, as in an office."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from public_site import notices, publishing, records, register
from public_site.database import Database
from public_site.drafts import Draft
from public_site.settings import Settings

DRAFTER, APPROVER = "起草人", "批准人"
HEADERS = (
    "序号",
    "地市",
    "区县",
    "企业名称",
    "曾用名",
    "统一社会信用代码",
    "行业类别",
    "生产线",
    "绩效等级",
    "原等级",
    "备注",
)
ISSUER = "重庆市生态环境局"


@dataclass(slots=True)
class Desk:
    """Publishes lists given as rows; `publish(rows, on=…)` goes all the way, `draft(…)` stops before the approval."""

    database: Database
    settings: Settings
    folder: Path
    _written: int = field(default=0)

    def write(self, rows: list[dict[str, str]], *, on: str = "2024-04-24", title: str = "", issuer: str = ISSUER,
              name: str = "") -> Path:  # fmt: skip
        """The list as a CSV file with its title, issuer and date above the table."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._written += 1
        file = self.folder / (name or f"名单{self._written}.csv")
        title = title or f"{issuer}关于第{self._written}批重点行业企业绩效评级结果的公告"
        with file.open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream)
            out.writerow([title])
            out.writerow([issuer])
            out.writerow([_in_words(on)])
            out.writerow(HEADERS)
            for number, row in enumerate(rows, start=1):
                out.writerow([str(number), *(row.get(h, "") for h in HEADERS[1:])])
        return file

    def draft(self, rows: list[dict[str, str]], *, on: str = "2024-04-24", **how: Any) -> Draft:
        """Take the list in; a second person has not seen it yet."""
        file = self.write(rows, on=on, **how)
        return self.take_in(file, at=_at(on)).draft

    def take_in(self, file: Path, at: datetime | None = None, **given: Any) -> publishing.TakenIn:
        reading = notices.read(file, given=notices.Given(**given))
        return publishing.take_in(self.database, self.settings, file, reading, by=DRAFTER, at=at or datetime.now(UTC))

    def approve(self, draft: Draft, on: str | None = None) -> publishing.Publication:
        at = _at(on) if on else datetime.now(UTC)
        return publishing.publish(self.database, self.settings, draft.id, by=APPROVER, at=at)

    def publish(self, rows: list[dict[str, str]], *, on: str = "2024-04-24", **how: Any) -> publishing.Publication:
        """The list all the way into the register, published on its own day."""
        return self.approve(self.draft(rows, on=on, **how), on)

    def enterprise(self, name: str, **when: Any) -> records.EnterpriseView:
        """The enterprise that bears or bore this name."""
        from sqlalchemy import text

        with self.database.reading() as connection:
            query = text("SELECT enterprise_id FROM enterprise_name WHERE name = :name ORDER BY enterprise_id LIMIT 1")
            return records.enterprise(connection, connection.execute(query, {"name": name}).scalar_one(), **when)

    @property
    def latest(self) -> int:
        with self.database.reading() as connection:
            return register.latest_number(connection)


def row(name: str, grade: str, *, industry: str = "包装印刷", county: str = "涪陵区", **more: str) -> dict[str, str]:
    """A row of a list; `more` by header."""
    return {"企业名称": name, "绩效等级": grade, "行业类别": industry, "区县": county} | more


def _in_words(day: str) -> str:
    year, month, date = day.split("-")
    return f"{year}年{int(month)}月{int(date)}日"


def _at(day: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), time(17, tzinfo=publishing.CHINA))
