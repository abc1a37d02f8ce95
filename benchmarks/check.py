"""`make bench-check`: a bank's list of 10,000 codes against 1,000,000 enterprises, with receipt and proofs.

A register of 1,000,000 enterprises with credit codes and 3,000,000 entries is written straight into its tables (in a
fraction of the time that the intake takes); lists of random codes are then answered, signed and written as the site does
it, in this one process. Time is wall time, memory the resident peak.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import xlsxwriter
from sqlalchemy import text
from typer.testing import CliRunner

from public_site import (
    answer_tables,
    clerk,
    log,
    publishing,
    questions,
    receipt_verifier,
    receipts,
    register,
    signing,
    standings,
)
from public_site.database import Database
from public_site.settings import Settings

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BATCH = 20_000
_ROWS_A_NOTICE = 1_000
_HEADING = "统一社会信用代码"
_AS_OF = "2024-12-31"
_AT = datetime(2024, 5, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check")
    parser.add_argument("--enterprises", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--data", type=Path, help="where to make the register, or one that was made here before")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(data=chosen.data or Path(temporary))
        database = Database(settings.register_url)
        publishing.prepare(database, settings)
        with database.reading() as connection:
            empty = not register.latest_number(connection)
        if empty:
            fill(database, settings, chosen.enterprises)
        print("| what | figure |\n|---|---|")
        measure(database, settings, chosen.enterprises, chosen.rows, chosen.rounds)
        database.close()


def measure(database: Database, settings: Settings, enterprises: int, rows: int, rounds: int) -> None:
    """The rounds, each with a list of its own, then one through files."""
    chance = Random(7)
    lists = ["\n".join(credit_code(n) for n in chance.sample(range(enterprises), rows)) for _ in range(rounds)]
    took: list[float] = []
    worked: list[float] = []
    for pasted in lists:
        began, busy = time.perf_counter(), time.process_time()
        answered(database, settings, questions.of_text(pasted))
        took.append(time.perf_counter() - began)
        worked.append(time.process_time() - busy)
    slow = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    print(f"| {rows:,} codes answered, proved and signed | {statistics.median(took):.2f} s, p95 {slow:.2f} s;"
          f" of processor {statistics.median(worked):.2f} s |")  # fmt: skip
    print(f"| memory at most | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB |")
    began = time.perf_counter()
    asked = questions.of_file(workbook(lists[-1]), "list.xlsx")
    receipt = answered(database, settings, asked)
    answer_tables.as_xlsx(asked, receipt.told())
    print(f"| the same, XLSX in and out | {time.perf_counter() - began:.1f} s |")
    assert by_command(settings, lists[-1]) == receipt.data
    assert set(receipt.statuses) == {"match"}
    print(f"| receipt | {len(receipt.data) / 1e6:.1f} MB |")
    began = time.perf_counter()
    keys = signing.key_set(settings.receipt_keys, settings.log_key, settings.origin)
    assert all(holds for _, holds, _ in receipt_verifier.verify(receipt.text, keys))
    print(f"| verified offline | {time.perf_counter() - began:.1f} s |")


def answered(database: Database, settings: Settings, asked: questions.Asked) -> receipts.Receipt:
    with database.reading() as connection:
        known = receipts.known_at(connection, None)
        return receipts.made(connection, settings, asked.questions, as_of=_AS_OF, known=known, made_at=_AT)


def by_command(settings: Settings, pasted: str) -> bytes:
    """The receipt that `public-site check` writes for the same list at the same moment, without the site."""
    from public_site.commands import app  # it brings every module with it: not before memory was told

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(clerk, "now", return_value=_AT):
        listed, out = Path(folder, "list.csv"), Path(folder, "out.jws")
        listed.write_text(f"{_HEADING}\n{pasted}", encoding="utf-8")
        told = CliRunner(env={"PUBLIC_SITE_DATA": str(settings.data)}).invoke(
            app, ("check", str(listed), "--as-of", _AS_OF, "-o", str(out)), catch_exceptions=False
        )
        assert told.exit_code == 0, told.output
        return out.read_bytes()


def workbook(pasted: str) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet()
        for at, line in enumerate([_HEADING, *pasted.split("\n")]):
            sheet.write_string(at, 0, line)
    return stream.getvalue()


def credit_code(ordinal: int) -> str:
    """The code of the made-up enterprise `ordinal`, with a right check digit."""
    body = f"91500102MA{ordinal:07d}"
    total = sum(_SIGNS.index(sign) * 3**at % 31 for at, sign in enumerate(body))
    return body + _SIGNS[-total % 31]


def fill(database: Database, settings: Settings, enterprises: int) -> None:
    """A register of so many enterprises, each registered, graded and graded again."""
    chance = Random(2026)
    with database.writing() as connection:
        appending = register.Appending(connection, datetime(2024, 4, 24, tzinfo=UTC))
        rows: dict[type[Any], list[dict[str, Any]]] = {
            standings.EnterpriseRecord: [],
            standings.EnterpriseNameRecord: [],
        }
        first = second = 0
        for ordinal in range(enterprises):
            if ordinal % _ROWS_A_NOTICE == 0:
                first, second = (_notice(appending, day) for day in ("2023-04-24", "2024-04-24"))
            for table, row in zip(rows, _enterprise(appending, ordinal, (first, second), chance), strict=True):
                rows[table].append(row)
            if ordinal % _BATCH == _BATCH - 1:
                _write(connection, rows)
        appending.close()
        _write(connection, rows)
        register.reach(connection, standings.NAME, appending.latest)
        log.catch_up(connection)
        log.sign(connection, settings.origin, log.read_key(settings.log_key))
        connection.execute(text("ANALYZE"))


def _write(connection: Any, rows: dict[type[Any], list[dict[str, Any]]]) -> None:
    for table, made in rows.items():
        register.write(connection, table, made)
        made.clear()


def _notice(appending: register.Appending, day: str) -> int:
    facts = {"title": f"演示市{day[:4]}年绩效评级结果的公告", "issuer": "演示市生态环境局", "division": "500000", "number": None,
             "issued_on": day, "scope": "increment", "scheme": "national-2020", "sha256": "0" * 64}  # fmt: skip
    return appending.add("notice_published", facts, stage="decided", effective_on=day)


def _enterprise(
    appending: register.Appending, ordinal: int, notices: tuple[int, int], chance: Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    name, code = f"演示{ordinal}号有限公司", credit_code(ordinal)
    place = {"province": "500000", "city": "500100", "county": "500102"}
    row = ordinal % _ROWS_A_NOTICE + 6
    said = {"name": name, "credit_code": code, **place}
    enterprise = appending.add("enterprise_registered", said, notice=notices[0], effective_on="2023-04-24", row=row)
    unit: int | None = None
    grade, entry = "", 0
    for notice, day in zip(notices, ("2023-04-24", "2024-04-24"), strict=True):
        grade = chance.choice("ABCD")
        data = {"scheme": "national-2020", "industry": "包装印刷", "label": f"{grade}级", "grade": grade}
        entry = appending.add("graded", data, notice=notice, enterprise=enterprise, unit=unit, stage="decided",
                              effective_on=day, row=row)  # fmt: skip
        unit = unit or entry
    facts = said | {
        "id": enterprise, "normal_name": name, "zone": None, "lat_e6": None, "lon_e6": None, "overall_grade": grade,
        "overall_reason": "only_unit", "excellence": 0, "since": "2024-04-24", "downgraded_on": None, "touched": entry,
    }  # fmt: skip
    borne = {"enterprise_id": enterprise, "ordinal": 0, "name": name}
    return facts, borne | standings.name_columns(name, ("500000", "500100", "500102"))


if __name__ == "__main__":
    main()
