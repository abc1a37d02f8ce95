"""Random histories: trails of entries as the register could hold them, for the tests that compare two tellings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import strategies as st
from sqlalchemy import Connection

from public_site import folding, register

DAYS = tuple(f"202{year}-0{month}-15" for year in range(6) for month in (2, 6))
LETTERS = ("A+", "A", "B", "B-", "C", "D")
LEADING = ("引领性", "非引领性")
NOTICE = {"title": "公告", "issuer": "机关", "division": None, "number": None, "issued_on": "2020-01-01",
          "scope": "increment", "scheme": "national-2020", "sha256": "0" * 64}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Something that happens to enterprise `who`'s unit `unit`; a mending acts on the `target`-th grade entry so far."""

    act: str
    who: int
    unit: int
    grade: str
    stage: str
    day: str
    target: int
    stated: str | None


@st.composite
def steps(draw: st.DrawFn) -> Step:
    unit = draw(st.integers(0, 2))
    return Step(
        act=draw(st.sampled_from(["grade"] * 6 + ["manage", "delist", "correct", "redate", "withdraw", "rename"])),
        who=draw(st.integers(0, 2)),
        unit=unit,
        grade=draw(st.sampled_from(LEADING if unit == 2 else LETTERS)),
        stage=draw(st.sampled_from(["decided", "decided", "proposed"])),
        day=draw(st.sampled_from(DAYS)),
        target=draw(st.integers(0, 30)),
        stated=draw(st.sampled_from([None, None, *LETTERS])),
    )


histories = st.lists(steps(), min_size=1, max_size=25)


class Scribe:
    """Writes steps as entries, straight into the register."""

    def __init__(self) -> None:
        self._enterprises: dict[int, int] = {}
        self._units: dict[tuple[int, int], int] = {}
        self._grades: list[tuple[int, int, int, int, str]] = []

    def write(self, connection: Connection, history: Sequence[Step]) -> None:
        """Append one publication."""
        appending = register.Appending(connection, datetime(2026, 1, 1, tzinfo=UTC))
        notice = appending.add("notice_published", NOTICE, stage="decided", effective_on="2020-01-01")
        for step in history:
            self._write(appending, notice, step)
        appending.close()

    def _write(self, appending: register.Appending, notice: int, step: Step) -> None:
        who = self._enterprises.get(step.who)
        if who is None:
            who = appending.add("enterprise_registered", {"name": f"演示{step.who}厂", "province": "500000"},
                                notice=notice, effective_on=DAYS[0])  # fmt: skip
            self._enterprises[step.who] = who
        if step.act == "rename":
            appending.add("enterprise_changed", {"name": f"演示{step.who}厂{step.target}"}, notice=notice, enterprise=who,
                          effective_on=step.day)  # fmt: skip
        elif step.act in {"correct", "redate", "withdraw"}:
            self._mend(appending, step)
        else:
            self._grade(appending, notice, who, step)

    def _grade(self, appending: register.Appending, notice: int, who: int, step: Step) -> None:
        key = (step.who, step.unit)
        data = {"scheme": "national-2020", "industry": f"行业{step.unit}", "grade": step.grade}
        if step.stated:
            data["stated_previous_grade"] = step.stated
        kind: register.Kind = "graded"
        if step.act == "manage":
            kind, data = "managed_as", data | {"managed_as": step.grade, "managed_until": "2023-01-01"}
            del data["grade"]
        elif step.act == "delist":
            kind = "no_longer_listed"
            del data["grade"]
        number = appending.add(kind, data, notice=notice, enterprise=who, unit=self._units.get(key), stage=step.stage,
                               effective_on=step.day)  # fmt: skip
        unit = self._units.setdefault(key, number)
        self._grades.append((number, notice, who, unit, step.stage))

    def _mend(self, appending: register.Appending, step: Step) -> None:
        if not self._grades:
            return
        number, notice, who, unit, stage = self._grades[step.target % len(self._grades)]
        data: dict[str, object] = {"reason": "核对有误"}
        if step.act == "withdraw":
            data |= {"withdraws": number}
        else:
            data |= {"corrects": number} | (
                {"grade": step.grade} if step.act == "correct" else {"effective_on": step.day}
            )
        appending.add("withdrawn" if step.act == "withdraw" else "corrected", data, notice=notice, enterprise=who,
                      unit=unit, stage=stage, effective_on=step.day)  # fmt: skip


def on(standing: folding.Standing) -> folding.Standing:
    """A standing without its "managed as", whose expiry the naive telling does not know."""
    return replace(standing, managed_as=None, managed_until=None)
