"""`make bench-intake`: how long, and with how much memory, a large list goes from file to register, as CSV and as XLSX.

Each command runs as a person would run it, in a process and a data folder of its own; time is wall time, memory the
resident peak of the largest single process (the reader's limited child included).
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from xlsxwriter import Workbook

COUNTIES = ("涪陵区", "南岸区", "永川区", "万州区", "渝中区", "巴南区", "江津区", "合川区")
INDUSTRIES = ("包装印刷", "工业涂装", "铸造", "陶瓷/建筑陶瓷", "家具制造", "制药", "橡胶制品制造", "水泥/水泥熟料")
SIGNS = "宏声东方显示光电乐缘复合鹏智能佳瑞盛泰金华德信恒远"


def write_list(file: Path, rows: int, seed: int = 2026) -> None:
    """A list of `rows` made-up enterprises, as a city would publish it."""
    chance = Random(seed)
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["重庆市生态环境局关于重庆市2024年第二批重点行业企业绩效评级结果的公告"])
        out.writerow(["重庆市生态环境局"])
        out.writerow(["2024年9月24日"])
        out.writerow(["序号", "区县", "企业名称", "行业类别", "绩效等级"])
        for number in range(1, rows + 1):
            brand = "".join(chance.choices(SIGNS, k=4))
            name = f"重庆演示{brand}{number}有限公司"
            out.writerow([number, chance.choice(COUNTIES), name, chance.choice(INDUSTRIES), chance.choice("ABCD")])


def as_workbook(file: Path, workbook: Path) -> None:
    """The same list as XLSX."""
    with file.open(encoding="utf-8-sig", newline="") as stream, Workbook(workbook, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        for number, cells in enumerate(csv.reader(stream)):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)


def run(data: Path, *words: str) -> tuple[float, float]:
    """Seconds and megabytes that a command took. Raises: SystemExit when it failed."""
    environment = os.environ | {"PUBLIC_SITE_DATA": str(data)}
    began = time.perf_counter()
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        process = os.posix_spawn(
            sys.executable, [sys.executable, "-m", "public_site", *words], environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, nothing.fileno(), 1), (os.POSIX_SPAWN_DUP2, nothing.fileno(), 2)],
        )  # fmt: skip
        _, status, used = os.wait4(process, 0)
    if status:
        raise SystemExit(f"public-site {words[0]} failed with status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="mingji-bench-") as folder:
        file, data = Path(folder) / "list.csv", Path(folder) / "data"
        write_list(file, rows)
        workbook = file.with_suffix(".xlsx")
        as_workbook(file, workbook)
        megabytes_of = " and ".join(
            f"{one.stat().st_size / 1e6:.1f} MB of {one.suffix[1:].upper()}" for one in (file, workbook)
        )
        print(f"{rows:,} rows, {megabytes_of}")
        print(f"{'command':<20}{'seconds':>10}{'MB':>8}")
        for title, words in (
            ("check of XLSX", ("take-in", str(workbook), "--check")),
            ("check of CSV", ("take-in", str(file), "--check")),
            ("take-in", ("take-in", str(file), "--by", "drafter")),
            ("publish", ("publish", "1", "--by", "approver")),
            ("verify", ("verify",)),
        ):
            seconds, megabytes = run(data, *words)
            print(f"{title:<20}{seconds:>10.1f}{megabytes:>8.0f}")


if __name__ == "__main__":
    main()
