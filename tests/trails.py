"""Random histories: trails of entries as the register could hold them, for the tests that compare two tellings."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection

from public_site import folding, mending, register

DAYS = tuple(f"202{year}-0{month}-15" for year in range(6) for month in (2, 6))
LETTERS = ("A+", "A", "B", "B-", "C", "D")
LEADING = ("引领性", "非引领性")
NOTICE = {"title": "公告", "issuer": "机关", "division": None, "number": None, "issued_on": "2020-01-01",
          "scope": "increment", "scheme": "national-2020", "sha256": "0" * 64, "size": 1,
          "file_name": "公告.csv", "media_type": "text/csv"}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Something that happens to enterprise `who`'s unit `unit`; a mending acts on the `target`-th grade entry so far.

    A merge or a move goes to enterprise `to`, with units that are counted alike joined.
    """

    act: str
    who: int
    unit: int
    grade: str
    stage: str
    day: str
    target: int
    stated: str | None
    to: int


ACTS = ["grade"] * 8 + ["manage", "delist", "correct", "redate", "withdraw", "rename", "recode", "misname", "cite", "cite",
                        "notice", "renotice", "unnotice", "merge", "merge", "move", "undo", "undo"]  # fmt: skip
CODES = ("91350100M000100Y43", "91130200699229617X", None)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    unit = draw(st.integers(0, 2))
    return Step(
        act=draw(st.sampled_from(ACTS)),
        who=draw(st.integers(0, 2)),
        unit=unit,
        grade=draw(st.sampled_from(LEADING if unit == 2 else LETTERS)),
        stage=draw(st.sampled_from(["decided", "decided", "proposed"])),
        day=draw(st.sampled_from(DAYS)),
        target=draw(st.integers(0, 30)),
        stated=draw(st.sampled_from([None, None, *LETTERS])),
        to=draw(st.integers(0, 3)),
    )


def some_history(chance: random.Random, length: int) -> list[Step]:
    """Steps without a wish to make them small: many at little cost."""
    pick = chance.choice
    return [
        Step(pick(ACTS), chance.randrange(3), unit := chance.randrange(3), pick(LEADING if unit == 2 else LETTERS),
             pick(("decided", "decided", "proposed")), pick(DAYS), chance.randrange(31),
             pick((None, None, *LETTERS)), chance.randrange(4))
        for _ in range(length)
    ]  # fmt: skip


histories = st.lists(steps(), min_size=1, max_size=30)


class Scribe:
    """Writes steps as entries, straight into the register; what no draft could say is left out."""

    def __init__(self) -> None:
        self._adding: Callable[..., int] = lambda *_, **__: len(self._entries) + 1
        self._enterprises: dict[int, int] = {}
        self._entries: list[register.Entry] = []
        self._notices: list[int] = []

    def write(self, connection: Connection, history: Sequence[Step]) -> None:
        """Append one publication."""
        appending = register.Appending(connection, datetime(2026, 1, 1, tzinfo=UTC))
        self._adding = appending.add
        self.tell(history)
        appending.close()

    def tell(self, history: Sequence[Step]) -> list[register.Entry]:
        """One publication's entries; all there are so far, where nothing writes them."""
        self._publish_notice(DAYS[0], "decided")
        for step in history:
            self._write(step)
        return self._entries

    def _add(self, kind: register.Kind, data: dict[str, Any], **where: Any) -> int:
        number = self._adding(kind, data, **where)
        made = {"notice": None, "enterprise": None, "unit": None, "stage": None, "effective_on": None} | where
        if kind in register.GRADE_KINDS and made["unit"] is None:
            made["unit"] = number
        if kind in ("notice_published", "enterprise_registered"):
            made["notice" if kind == "notice_published" else "enterprise"] = number
        self._entries.append(register.Entry(number, kind, published_at="", sheet=None, row=None, data=data, **made))
        return number

    def _publish_notice(self, day: str, stage: str) -> None:
        self._notices.append(self._add("notice_published", NOTICE | {"issued_on": day}, stage=stage, effective_on=day))

    @property
    def _notice(self) -> register.Entry:
        return next(e for e in self._entries if e.number == self._notices[-1])

    def _registered(self, who: int) -> int:
        if who not in self._enterprises:
            self._enterprises[who] = self._add(
                "enterprise_registered", {"name": f"演示{who}厂", "province": "500000", "former_name": f"演示{who}坊"},
                notice=self._notice.number, effective_on=self._notice.effective_on,
            )  # fmt: skip
        return self._enterprises[who]

    def _write(self, step: Step) -> None:
        who = self._registered(step.who)
        family = folding.family(self._entries)
        who = mending.survivor(family.leads_to, who)
        if step.act == "notice":
            self._publish_notice(step.day, step.stage)
        elif step.act in {"rename", "recode", "misname"}:
            self._rename(family, who, step)
        elif step.act in {"correct", "redate", "withdraw"}:
            self._mend(step)
        elif step.act in {"renotice", "unnotice"}:
            self._amend_notice(step)
        elif step.act in {"merge", "move"}:
            self._move(family, who, step)
        elif step.act == "undo":
            self._undo(step)
        elif step.act == "cite":
            self._cite(family, who, step)
        else:
            self._grade(family, who, step)

    def _rename(self, family: folding.Family, who: int, step: Step) -> None:
        data: dict[str, Any] = {"name": f"演示{step.who}厂{step.target}"}
        if step.act == "recode":
            data = {"credit_code": CODES[step.unit]}
        elif step.act == "misname":
            data["mistaken"] = family.members[who].facts.name
            if data["mistaken"] == data["name"]:
                return
        self._add("enterprise_changed", data, notice=self._notice.number if step.unit else None, enterprise=who,
                  effective_on=step.day)  # fmt: skip

    def _grade(self, family: folding.Family, who: int, step: Step) -> None:
        data: dict[str, Any] = {"scheme": "national-2020", "industry": f"行业{step.unit}", "grade": step.grade}
        if step.stated:
            data["stated_previous_grade"] = step.stated
        kind: register.Kind = "graded"
        if step.act == "manage":
            kind, data = "managed_as", data | {"managed_as": step.grade, "managed_until": "2023-01-01"}
            del data["grade"]
        elif step.act == "delist":
            kind = "no_longer_listed"
            del data["grade"]
        day = self._notice.effective_on if step.to == 0 else step.day  # some have a day of their own
        self._add(kind, data, notice=self._notice.number, enterprise=who, unit=unit_like(family, who, data["industry"]),
                  stage=step.stage, effective_on=day)  # fmt: skip

    def _cite(self, family: folding.Family, who: int, step: Step) -> None:
        living = [
            d for d in family.members[who].decisions if not d.withdrawn and d.kind not in ("cited", "no_longer_listed")
        ]
        if living:
            first = living[step.target % len(living)]
            data = {k: getattr(first, k) for k in ("scheme", "industry", "grade", "managed_as", "managed_until")}
            said = {k: v for k, v in data.items() if v} | {"cites": first.entry}
            self._add("cited", said, notice=self._notice.number, enterprise=who, unit=first.unit, stage=first.stage,
                      effective_on=self._notice.effective_on)  # fmt: skip

    def _mend(self, step: Step) -> None:
        grades = [e for e in self._entries if e.kind in register.GRADE_KINDS]
        if not grades:
            return
        target = grades[step.target % len(grades)]
        where = {k: getattr(target, k) for k in ("notice", "enterprise", "unit", "stage", "effective_on")}
        data: dict[str, Any] = {"reason": "核对有误"}
        if step.act == "withdraw":
            self._add("withdrawn", data | {"withdraws": target.number}, **where)
        else:
            change = {"grade": step.grade} if step.act == "correct" else {"effective_on": step.day}
            self._add("corrected", data | {"corrects": target.number} | change, **where)

    def _amend_notice(self, step: Step) -> None:
        notice = self._notices[step.target % len(self._notices)]
        data: dict[str, Any] = {"reason": "勘误"}
        if step.act == "unnotice":
            self._add("notice_withdrawn", data | {"withdraws": notice}, notice=notice)
        else:
            facts = [{"issued_on": step.day}, {"stage": step.stage}, {"title": f"公告{step.target}"}][step.unit]
            self._add("notice_corrected", data | {"corrects": notice, "facts": facts}, notice=notice)

    def _move(self, family: folding.Family, who: int, step: Step) -> None:
        """Everything of `who` goes to another as a merge, or one unit of it to another or to a new one as a move."""
        to = self._enterprises.get(step.to)
        if step.act == "merge" and to in family.members and to != who:
            moves = [[d.entry, unit_like(family, to, d.industry) or d.unit] for d in family.members[who].decisions]
            self._add("enterprise_merged", {"to": to, "moves": moves}, enterprise=who)
        elif step.act == "move" and family.members[who].decisions:
            chosen = family.members[who].decisions[step.target % len(family.members[who].decisions)].unit
            if to is None:
                to = self._add("enterprise_registered", {"name": f"演示{step.to}新厂", "split_from": who},
                               effective_on=step.day)  # fmt: skip
                self._enterprises[step.to] = to
            if to != who:
                moves = [[d.entry, unit_like(family, to, d.industry) or chosen]
                         for d in family.members[who].decisions if d.unit == chosen]  # fmt: skip
                self._add("decisions_moved", {"to": to, "moves": moves}, enterprise=who)

    def _undo(self, step: Step) -> None:
        done = [e for e in self._entries if e.kind in register.AMENDING_KINDS and "undoes" not in e.data]
        done += [e for e in self._entries if e.kind == "undone" and not self._is_of_a_move(e)]
        if done:
            target = done[step.target % len(done)]
            self._add("undone", {"undoes": target.number, "reason": "撤错了"}, notice=target.notice,
                      enterprise=target.enterprise, unit=target.unit)  # fmt: skip

    def _is_of_a_move(self, entry: register.Entry) -> bool:
        target = next(e for e in self._entries if e.number == entry.data["undoes"])
        return target.kind in register.MOVING_KINDS or (target.kind == "undone" and self._is_of_a_move(target))


def unit_like(family: folding.Family, who: int, industry: str | None) -> int | None:
    """The unit of an enterprise that bears this industry."""
    there = family.members.get(who)
    return next((d.unit for d in there.decisions if d.industry == industry), None) if there else None


def on(standing: folding.Standing) -> folding.Standing:
    """A standing without its "managed as", whose expiry the naive telling does not know."""
    return replace(standing, managed_as=None, managed_until=None)
