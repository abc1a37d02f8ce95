"""The data of `make bench-web`: one made-up register, and the same enterprises as an SQLite file for the others.

The register holds the enterprises that `search_documents` invents (real places and trades), each registered, graded and
confirmed a year later, written straight into its tables; its search index is built as `rebuild` does it. What was made
once for a number of enterprises stays in the cache folder, and nothing that is measured writes into it: what must be
written into is copied.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from benchmarks.export import ROWS_A_NOTICE, Filler
from benchmarks.search_documents import documents
from public_site import log, publishing, standings
from public_site.database import Database
from public_site.search import Document
from public_site.search.embedded_index import EmbeddedIndex
from public_site.settings import Settings

FORMAT = 1  # raise it when the same number of enterprises would be made otherwise
_DAY, _AGAIN = "2023-04-24", "2024-04-24"
_TABLES = """
CREATE TABLE enterprises (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, former_names TEXT NOT NULL, credit_code TEXT,
    province TEXT, city TEXT, county TEXT, lat REAL, lon REAL,
    industry TEXT, grade TEXT, overall_grade TEXT, excellence INTEGER NOT NULL, since TEXT
);
CREATE TABLE grades (
    id INTEGER PRIMARY KEY, enterprise_id INTEGER NOT NULL REFERENCES enterprises(id),
    industry TEXT, grade TEXT, since TEXT, scheme TEXT, notice_id INTEGER
);
INSERT INTO enterprises
    SELECT e.id, e.name, '', e.credit_code, e.province, e.city, e.county, e.lat_e6 / 1e6, e.lon_e6 / 1e6,
        h.industry, h.grade, e.overall_grade, e.excellence, e.since
    FROM made.enterprise e JOIN made.holding h ON h.enterprise_id = e.id AND h.to_day IS NULL ORDER BY e.id;
INSERT INTO grades
    SELECT unit_id, enterprise_id, industry, grade, since, scheme, notice_id FROM made.holding
    WHERE to_day IS NULL ORDER BY unit_id;
CREATE INDEX enterprises_province ON enterprises(province);
CREATE INDEX enterprises_county ON enterprises(county);
CREATE INDEX enterprises_industry ON enterprises(industry);
CREATE INDEX enterprises_grade ON enterprises(grade);
CREATE INDEX enterprises_name ON enterprises(name);
CREATE INDEX grades_enterprise ON grades(enterprise_id);
CREATE VIRTUAL TABLE enterprises_fts USING fts5(name, content="enterprises", content_rowid="id", tokenize="trigram");
INSERT INTO enterprises_fts(enterprises_fts) VALUES ('rebuild');
ANALYZE;
"""


def made(cache: Path, size: int) -> Path:
    """The folder of so many enterprises: `data` (register, keys, search index) and `plain.db`."""
    folder = cache / f"{size}-{FORMAT}-{register_format()}"
    settings = Settings(data=folder / "data")
    if (folder / "made").exists():
        if not EmbeddedIndex(settings.index_folder).as_of():  # of an earlier format
            _index(settings)
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    began = time.perf_counter()
    _fill(settings, size)
    _index(settings)
    write_plain(folder / "data" / "register.db", folder / "plain.db")
    (folder / "made").touch()
    print(f"{size:,} enterprises made in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return folder


def register_format() -> str:
    """The schema's version: a register made under another one is made anew."""
    versions = Path(standings.__file__).parent / "migrations" / "versions"
    return max(file.name.partition("_")[0] for file in versions.glob("[0-9]*.py"))


def copied(data: Path, into: Path) -> Path:
    """A register that may be written into, with its keys and its index."""
    shutil.copytree(data, into)
    return into


def write_plain(made_register: Path, target: Path) -> None:
    """The enterprises and their grades as anybody would keep them for Datasette: indexes on every facet, names in FTS5.

    Pieces of three characters (`trigram`), because Chinese has no spaces that words could be told by.
    """
    target.unlink(missing_ok=True)
    with sqlite3.connect(target) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS made", (str(made_register),))
        connection.executescript(_TABLES)
    connection.close()


def write_notice(file: Path, number: int) -> str:
    """A notice of one enterprise, as CSV; returns its name."""
    name = f"重庆演示迟来{number}号有限公司"
    lines = ["重庆市生态环境局关于重庆市2024年第二批重点行业企业绩效评级结果的公告", "重庆市生态环境局", "2024年9月24日",
             "序号,区县,企业名称,行业类别,绩效等级", f"1,涪陵区,{name},包装印刷,B"]  # fmt: skip
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    return name


def _fill(settings: Settings, size: int) -> None:
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    with database.writing() as connection:
        _Named(connection, documents(size)).fill(size)
        log.catch_up(connection)
        log.sign(connection, settings.origin, log.read_key(settings.log_key))
        connection.exec_driver_sql("ANALYZE")
    database.close()


def _index(settings: Settings) -> None:
    """Built by the ordinary command, whose process gives back the memory that it wants."""
    command = [sys.executable, "-m", "public_site", "rebuild", "search"]
    subprocess.run(command, env=os.environ | settings.as_environment(), check=True, stdout=subprocess.DEVNULL)


class _Named(Filler):
    """The same histories, of enterprises with names and places as they are in truth."""

    def __init__(self, connection: Connection, invented: Iterator[Document]) -> None:
        super().__init__(connection)
        self._invented = invented

    def _enterprise(self, ordinal: int, first: int, second: int) -> None:
        told = next(self._invented)
        place = {"province": told.province, "city": told.city, "county": told.county}
        facts = {"name": told.name, "credit_code": told.credit_code, **place, "zone": None}
        lat, lon = (round(told.lat * 1e6), round((told.lon or 0) * 1e6)) if told.lat is not None else (None, None)
        said = {k: v for k, v in facts.items() if v} | ({"lat_e6": lat, "lon_e6": lon} if lat else {})
        row = ordinal % ROWS_A_NOTICE + 6
        enterprise = self._appending.add("enterprise_registered", said, notice=first, effective_on=_DAY, row=row)
        industry, grade = told.industries[0], told.grades[0]
        unit = entry = 0
        data = {"scheme": "national-2020", "industry": industry, "label": f"{grade}级", "grade": grade}
        decided: tuple[tuple[Literal["graded", "confirmed"], int, str], ...]
        decided = ("graded", first, _DAY), ("confirmed", second, _AGAIN)
        for kind, notice, day in decided:
            entry = self._appending.add(kind, data, notice=notice, enterprise=enterprise, unit=unit or None,
                                        stage="decided", effective_on=day, row=row)  # fmt: skip
            unit = unit or entry
            data = data | {"previous_grade": grade}
        line = (told.province, told.city, told.county)
        keys = standings.name_columns(told.name, line)
        self._keep(standings.EnterpriseRecord, facts | {
            "id": enterprise, "normal_name": keys["normal_name"], "lat_e6": lat, "lon_e6": lon, "overall_grade": grade,
            "overall_reason": "only_unit", "excellence": int(told.excellence), "since": _AGAIN, "downgraded_on": None,
            "touched": entry,
        })  # fmt: skip
        self._keep(
            standings.EnterpriseNameRecord, {"enterprise_id": enterprise, "ordinal": 0, "name": told.name} | keys
        )
        self._keep(standings.HoldingRecord, dict.fromkeys(standings.HoldingRecord.model_fields) | {
            "unit_id": unit, "from_day": _AGAIN, "enterprise_id": enterprise, "industry": industry, "grade": grade,
            "scheme": "national-2020", "since": _AGAIN, "entry": entry, "notice_id": second, "listed": 1,
        })  # fmt: skip
