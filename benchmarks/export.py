"""`make bench-export`: how long, and with how much memory, a large register becomes open data.

A register of 1,000,000 enterprises and 3,000,000 entries is written straight into its tables (in a fraction of the time
that the intake takes); then the ordinary command exports it, in a process of its own. Last, the CSV of every table is
written from the published Parquet files by our writer and by DuckDB's plain `COPY`, in turns. Time is wall time, memory
the resident peak.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
from sqlalchemy import Connection

from data_export import finishing, writing
from data_export.fields import TABLES
from public_site import log, open_data, publishing, register, standings
from public_site.database import Database
from public_site.settings import Settings

SIGNS = "宏声东方显示光电乐缘复合鹏智能佳瑞盛泰金华德信恒远"
PLACES = (("500000", "500100", "500102"), ("500000", "500100", "500108"), ("370000", "370300", "370303"),
          ("130000", "130200", "130208"), ("410000", "410100", "410102"))  # fmt: skip
INDUSTRIES = ("包装印刷", "工业涂装", "铸造/铸件", "陶瓷/建筑陶瓷", "家具制造", "制药", "橡胶制品制造", "水泥/水泥熟料")
GRADES = ("A", "B", "B-", "C", "D")
ROWS_A_NOTICE = 1_000
_BATCH = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export")
    parser.add_argument("--enterprises", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="where to make the register, or one that was made here before")
    parser.add_argument("--rounds", type=int, default=3, help="how often each CSV is written")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = chosen.data or Path(temporary)
        settings = Settings(data=data)
        if not (data / "register.db").exists():
            fill(settings, chosen.enterprises)
        target = Path(temporary) / "open-data"
        seconds, megabytes = run(data, str(target), "--without", "xlsx")
        version = open_data.read(target).latest
        assert version is not None
        print("| what | figure |\n|---|---|")
        print(f"| entries | {version.entry:,} |")
        print(f"| export of all formats but XLSX | {seconds:.1f} s, {megabytes:.0f} MB at most |")
        print(f"| files | {len(version.files)}, {version.bytes / 1e9:.2f} GB with compressed siblings |")
        ours, plain, size = csv_in_turns(target / version.name, Path(temporary), chosen.rounds)
        print(f"| CSV, {size / 1e6:.0f} MB, written and hashed | {ours:.2f} s, {size / ours / 1e6:.0f} MB/s |")
        print(f"| the same rows by DuckDB's `COPY` | {plain:.2f} s, {size / plain / 1e6:.0f} MB/s |")
        print(f"| speed beside `COPY` | {plain / ours:.0%} |")


def fill(settings: Settings, enterprises: int) -> None:
    """A register of so many enterprises, each registered, graded and graded again."""
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    began = time.perf_counter()
    with database.writing() as connection:
        Filler(connection).fill(enterprises)
        log.catch_up(connection)
        log.sign(connection, settings.origin, log.read_key(settings.log_key))
    database.close()
    print(f"register filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)


class Filler:
    """Writes entries as a publication does, and beside them the rows that folding them would give."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chance = Random(2026)
        self._appending = register.Appending(connection, datetime(2024, 4, 24, tzinfo=UTC))
        self._rows: dict[type[Any], list[dict[str, Any]]] = {}

    def fill(self, enterprises: int) -> None:
        for start in range(0, enterprises, ROWS_A_NOTICE):
            many = min(ROWS_A_NOTICE, enterprises - start)
            first, second = self._notice("2023-04-24", many), self._notice("2024-04-24", many)
            for ordinal in range(start, start + many):
                self._enterprise(ordinal, first, second)
            if start % _BATCH == 0:
                self._write()
        self._appending.close()
        self._write()
        register.reach(self._connection, standings.NAME, self._appending.latest)

    def _notice(self, day: str, decisions: int) -> int:
        facts: dict[str, Any] = {
            "title": f"演示市生态环境局关于{day[:4]}年重点行业企业绩效评级结果的公告", "issuer": "演示市生态环境局",
            "division": "500000", "number": None, "index_number": None, "issued_on": day, "stage": "decided",
            "scope": "increment", "scheme": "national-2020", "cited": [], "stated_counts": [],
            "objection_window": None, "objection_until": None, "url": None, "file_name": "名单.csv",
            "media_type": "text/csv", "sha256": "0" * 64, "size": 40_000,
        }  # fmt: skip
        number = self._appending.add("notice_published", facts, stage="decided", effective_on=day)
        row = {k: facts[k] for k in ("title", "issuer", "division", "number", "issued_on", "stage", "scope", "scheme",
                                     "sha256")}  # fmt: skip
        more = {"id": number, "published_at": self._appending.published_at, "decisions": decisions, "downgrades": 0,
                "mended_by": None, "withdrawn": 0}  # fmt: skip
        self._keep(standings.NoticeRecord, row | more)
        return number

    def _enterprise(self, ordinal: int, first: int, second: int) -> None:
        chance = self._chance
        province, city, county = chance.choice(PLACES)
        facts: dict[str, Any] = {
            "name": f"演示{''.join(chance.choices(SIGNS, k=4))}{ordinal}有限公司", "credit_code": None,
            "province": province, "city": city, "county": county, "zone": None,
        }  # fmt: skip
        point = chance.random() < 0.7
        lat, lon = (round(chance.uniform(24e6, 42e6)), round(chance.uniform(104e6, 120e6))) if point else (None, None)
        said = {k: v for k, v in facts.items() if v} | ({"lat_e6": lat, "lon_e6": lon} if point else {})
        row, day, again = ordinal % ROWS_A_NOTICE + 6, "2023-04-24", "2024-04-24"
        enterprise = self._appending.add("enterprise_registered", said, notice=first, effective_on=day, row=row)
        industry, before, grade = chance.choice(INDUSTRIES), chance.choice(GRADES), chance.choice(GRADES)
        data = {"scheme": "national-2020", "industry": industry, "label": f"{before}级", "grade": before}
        unit = self._appending.add("graded", data, notice=first, enterprise=enterprise, stage="decided",
                                   effective_on=day, row=row)  # fmt: skip
        data = data | {"label": f"{grade}级", "grade": grade, "previous_grade": before}
        entry = self._appending.add("confirmed", data, notice=second, enterprise=enterprise, unit=unit,
                                    stage="decided", effective_on=again, row=row)  # fmt: skip
        self._keep(standings.EnterpriseRecord, facts | {
            "id": enterprise, "normal_name": facts["name"], "lat_e6": lat, "lon_e6": lon, "overall_grade": grade,
            "overall_reason": "only_unit", "excellence": 0, "since": again, "downgraded_on": None, "touched": entry,
        })  # fmt: skip
        self._keep(standings.HoldingRecord, dict.fromkeys(standings.HoldingRecord.model_fields) | {
            "unit_id": unit, "from_day": again, "enterprise_id": enterprise, "industry": industry, "grade": grade,
            "scheme": "national-2020", "since": again, "entry": entry, "notice_id": second, "listed": 1,
        })  # fmt: skip

    def _keep(self, table: type[Any], row: dict[str, Any]) -> None:
        self._rows.setdefault(table, []).append(row)

    def _write(self) -> None:
        for table, rows in self._rows.items():
            register.write(self._connection, table, rows)
            rows.clear()


def run(data: Path, *words: str) -> tuple[float, float]:
    """Seconds and megabytes that the export took. Raises: SystemExit when it failed."""
    environment = os.environ | {"PUBLIC_SITE_DATA": str(data)}
    began = time.perf_counter()
    process = os.posix_spawn(sys.executable, [sys.executable, "-m", "data_export", *words], environment)
    _, status, used = os.wait4(process, 0)
    if status:
        raise SystemExit(f"data_export failed with status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


def csv_in_turns(version: Path, temporary: Path, rounds: int) -> tuple[float, float, int]:
    """Median seconds of our CSV and of plain `COPY` for all tables, and the bytes of ours."""
    duck = duckdb.connect(str(temporary / "turns.duckdb"), config={"memory_limit": "400MB", "threads": 2})
    for table in TABLES:
        duck.execute(f"CREATE TABLE {table.name} AS SELECT * FROM read_parquet('{version / table.name}.parquet')")
    target = temporary / "turn.csv"
    ours: list[float] = []
    plain: list[float] = []
    for _ in range(rounds):
        ours.append(sum(timed(_ours(duck, table, target)) for table in TABLES))
        plain.append(sum(timed(_plain(duck, table.name, target)) for table in TABLES))
    size = sum((version / f"{table.name}.csv").stat().st_size for table in TABLES)
    return statistics.median(ours), statistics.median(plain), size


def _ours(duck: duckdb.DuckDBPyConnection, table: Any, target: Path) -> Callable[[], None]:
    def act() -> None:
        writing.csv(duck, table, target)
        finishing.finish(target, compressed=False)

    return act


def _plain(duck: duckdb.DuckDBPyConnection, name: str, target: Path) -> Callable[[], None]:
    def act() -> None:
        duck.execute(f"COPY {name} TO '{target}' (FORMAT csv, HEADER true)")
        finishing.finish(target, compressed=False)  # both reach the disk

    return act


def timed(act: Callable[[], None]) -> float:
    """Seconds that `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
