"""What changed for a caller's list between two entries of the register, and whether it got worse.

What this module knows that no other does: that a portfolio is watched by asking the same questions twice, as known then
and as known now, so that a correction of the past counts like a decision of today; and what "worse" means to a lender.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from public_site import answer_tables, evidence, grades
from public_site.questions import Question

_EVER = "9999-12-31"  # everything published counts, whatever its day


@dataclass(frozen=True, slots=True)
class Change:
    """One row whose answer is another now."""

    ref: str
    who: str
    what: tuple[str, ...]
    worse: bool


def changes(connection: Connection, questions: Sequence[Question], *, before: int, now: int) -> list[Change]:
    """The rows whose answers differ between entry `before` (0: nothing was known) and entry `now`."""
    new = evidence.check(connection, questions, as_of=_EVER, known=now).answers
    if before == 0:
        return []
    old = evidence.check(connection, questions, as_of=_EVER, known=before).answers
    found = []
    for one, other in zip(old, new, strict=True):
        told = list(_differences(one, other))
        if told:
            who = (other.enterprise or {}).get("name") or other.asked["name"] or other.asked["code"] or ""
            found.append(Change(other.ref, who, tuple(words for words, _ in told), any(worse for _, worse in told)))
    return found


def _differences(old: evidence.Answer, new: evidence.Answer) -> Iterator[tuple[str, bool]]:
    """What differs, in words, and whether it is worse."""
    if old.status != new.status:
        yield (
            f"{answer_tables.STATUS[old.status]} → {answer_tables.STATUS[new.status]}（{new.reason}）",
            old.status == "match",
        )
    before, now = old.enterprise, new.enterprise
    if before is None or now is None:
        return
    if before["overall_grade"] != now["overall_grade"]:
        said = [
            told["overall_grade"] or answer_tables.OVERALL.get(told["overall_reason"], "") for told in (before, now)
        ]
        yield f"总体等级 {said[0]} → {said[1]}", _is_worse(before["overall_grade"], now["overall_grade"])
    if now["last_downgrade"] not in (None, before["last_downgrade"]):
        yield f"{now['last_downgrade']} 降级", True
    if now["no_longer_listed"] and not before["no_longer_listed"]:
        yield "有单元未再列入", True
    yield from _units(before, now)
    known = {one["entry"] for one in before["corrections"]}
    for one in now["corrections"]:
        if one["entry"] not in known:
            yield f"有更正（第 {one['entry']} 条）：{one['reason'] or '未写明理由'}", False


def _units(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    held = {unit["id"]: unit for unit in before["units"]}
    for unit in now["units"]:
        old = held.get(unit["id"])
        if old is None or (old["grade"], old["proposal"]) != (unit["grade"], unit["proposal"]):
            was = f"{answer_tables.unit(old)} → " if old else "新增 "
            worse = old is not None and _is_worse(old["grade"], unit["grade"])
            proposed = unit["proposal"]
            words = (
                f"；公示拟为 {proposed['grade']}" if proposed and (old is None or old["proposal"] != proposed) else ""
            )
            yield f"{was}{answer_tables.unit(unit)}{words}", worse


def _is_worse(old: str | None, new: str | None) -> bool:
    if old is None or old == new:
        return False
    return new is None or grades.better(new, old) is False
