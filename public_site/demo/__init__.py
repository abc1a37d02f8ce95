"""The demo register's notices: the real one from Chongqing, and sixty made-up ones over 2019–2026.

What this package knows that no other does: how the fictional register is made. The same number of enterprises and the
same seed give the same bytes. It only writes files; they go in by the ordinary intake, like any notice. Places and
industries are real, enterprises are not: every fictional name contains 演示.

    schedule     which notices there are            geography, naming, trades   where, who, what
    population   the enterprises of a province      histories                   how their grades come and go
    wording      titles, counts, cells              writing                     the files
    register     takes the files in and publishes them          accounts     who signs in to the console
    authorities  whom complaints go to, and their key
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from public_site.demo import geography, wording, writing
from public_site.demo.histories import Line, MinistryStory, Story
from public_site.demo.luck import seeded
from public_site.demo.naming import Names
from public_site.demo.population import Settlers, Unit
from public_site.demo.schedule import MINISTRY, Occasion, occasions

REAL_NOTICE = "000-2024-04-24-重庆市生态环境局.txt"
REAL_NOTICE_TITLE = "重庆市生态环境局关于重庆市2024年第一批重点行业企业大气污染防治绩效评级结果的公告"
REAL_NOTICE_URL = "https://sthjj.cq.gov.cn/zwgk_249/zfxxgkml/zcwj/qtwj/202404/t20240429_13169762_wap.html"
_FICTIONAL_URL = "https://demo.invalid/notices/"
_EXCELLENT_AT_LEAST, _EXCELLENT_SHARE = 30, 0.004
_MENDED_KINDS = ("snapshot", "good_snapshot", "batch", "mixed", "local", "review")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """A notice file, in the order of intake; `rows` is how many rows its table has."""

    file: str
    title: str
    issuer: str
    issued_on: str
    stage: Literal["proposed", "decided"]
    url: str
    rows: int
    fictional: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """A single entry to be mended after all notices are in, by two people like any publication."""

    file: str
    row: int  # as a reader of the file counts rows
    name: str
    industry: str
    line: str | None
    action: Literal["corrected", "withdrawn"]
    grade: str | None  # the right one; None for a withdrawal
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was written: `notices` in order of intake, then the `corrections`."""

    folder: Path
    enterprises: int
    notices: tuple[PlannedNotice, ...]
    corrections: tuple[Correction, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(self.folder / notice.file for notice in self.notices)


def write_notices(folder: Path, enterprises: int = 5000, seed: int = 2026, progress: Progress | None = None) -> Plan:
    """Write the real notice, the fictional ones, `manifest.json` (order of intake) and `corrections.json` into `folder`.

    `progress` is told how many of the enterprises are done. A notice without rows (a tiny register) is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    maker = _Maker(folder, enterprises, seed, progress)
    maker.make()
    plan = Plan(
        folder,
        enterprises,
        (_write_real_notice(folder), *sorted(maker.notices, key=lambda notice: notice.file)),
        tuple(sorted(maker.corrections, key=lambda mended: (mended.file, mended.row))),
    )
    _write_json(folder / "manifest.json", [asdict(notice) for notice in plan.notices])
    _write_json(folder / "corrections.json", [asdict(mended) for mended in plan.corrections])
    return plan


class _Maker:
    """Goes through the provinces, one in memory at a time, then the ministry's list over all of them."""

    def __init__(self, folder: Path, enterprises: int, seed: int, progress: Progress | None) -> None:
        self.notices: list[PlannedNotice] = []
        self.corrections: list[Correction] = []
        self._folder = folder
        self._enterprises = enterprises
        self._seed = seed
        self._progress = progress
        self._best: list[Unit] = []

    def make(self) -> None:
        done = 0
        for code, count in geography.numbers(self._enterprises).items():
            self._make_province(code, count, done)
            done += count
            if self._progress:
                self._progress(done, self._enterprises)
        wanted = max(_EXCELLENT_AT_LEAST, int(self._enterprises * _EXCELLENT_SHARE))
        ministry = MinistryStory(self._best, wanted, seeded(self._seed, MINISTRY))
        for occasion in _occasions_of(MINISTRY):
            self._write(occasion, ministry.lines(occasion))

    def _make_province(self, code: str, count: int, serial: int) -> None:
        chance = seeded(self._seed, code)
        names = Names()
        ours = list(_occasions_of(code))
        enterprises = Settlers(geography.province(code), ours, names, chance).make(count, serial)
        story = Story(enterprises, names, chance)
        for occasion in ours:
            lines = story.lines(occasion)
            file, rows = self._write(occasion, lines)
            if occasion is ours[-1] and occasion.kind in _MENDED_KINDS:
                self.corrections += _corrections(file, rows, lines)
        self._best += story.best()

    def _write(self, occasion: Occasion, lines: list[Line]) -> tuple[str, writing.Rows]:
        if not lines:
            return "", writing.Rows(0)
        head = wording.head(occasion, lines)
        suffix = writing.form(occasion, len(lines))
        file = f"{occasion.number:03}-{occasion.issued_on}-{head.issuer}.{suffix}"
        rows = writing.write(self._folder / file, occasion, head, lines)
        stage: Literal["proposed", "decided"] = "proposed" if occasion.is_proposed else "decided"
        self.notices.append(
            PlannedNotice(
                file,
                head.title,
                head.issuer,
                str(occasion.issued_on),
                stage,
                f"{_FICTIONAL_URL}{occasion.number:03}",
                len(lines),
                True,
            )
        )
        return file, rows


def _occasions_of(province: str) -> Iterator[Occasion]:
    return (occasion for occasion in occasions() if occasion.province == province)


def _corrections(file: str, rows: writing.Rows, lines: list[Line]) -> Iterator[Correction]:
    """Of a province's last notice one entry is corrected and one withdrawn; nothing later speaks of them."""
    mendable = [index for index, line in enumerate(lines) if line.grade in ("B", "C")]
    for index, action in zip(mendable[:: max(1, len(mendable) // 2)], ("corrected", "withdrawn"), strict=False):
        unit, grade = lines[index].unit, lines[index].grade
        yield Correction(
            file, rows.of(index), unit.enterprise.name, unit.trade.industry, unit.line,
            "corrected" if action == "corrected" else "withdrawn",
            {"B": "C", "C": "B"}[grade] if action == "corrected" else None,
            "演示：原名单录入有误，以发文单位更正为准" if action == "corrected" else "演示：该企业被误列入名单，发文单位撤回该条",
        )  # fmt: skip


def _write_real_notice(folder: Path) -> PlannedNotice:
    text = (files("public_site.demo") / "chongqing_2024_batch1.txt").read_bytes()
    (folder / REAL_NOTICE).write_bytes(text)
    return PlannedNotice(
        REAL_NOTICE, REAL_NOTICE_TITLE, "重庆市生态环境局", "2024-04-24", "decided", REAL_NOTICE_URL, 5, False
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
