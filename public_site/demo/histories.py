"""How grades come and go: what each notice says of which unit, so that it agrees with what was said before.

What this module knows that no other does: the shares of upgrades, downgrades, vanishings and renames in each kind of
notice; that a full list names every unit that is listed, and a unit missing from it is listed no more; that a proposal
changes nothing until it is decided, and that some decisions differ from what was proposed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from public_site.demo.luck import one_of
from public_site.demo.naming import MARK, Names, renamed
from public_site.demo.population import Enterprise, Unit
from public_site.demo.schedule import Kind, Occasion
from public_site.demo.trades import is_good

_VANISHED, _RAISED, _LOWERED, _RENAMED = 0.02, 0.03, 0.025, 0.025  # in a full list
_RAISED_IN_BATCH, _LOWERED_IN_BATCH = 0.02, 0.012
_REVIEWED = 0.08
_MANAGED = 0.05
_DROPPED, _DECIDED_LOWER = 0.05, 0.10  # between proposal and decision


class Line(NamedTuple):
    """One row of a notice, before it is put into words."""

    unit: Unit
    grade: str
    previous: str | None
    managed_as: str | None = None


class Story:
    """What happens in one province, notice by notice, in order of date."""

    def __init__(self, enterprises: Sequence[Enterprise], names: Names, chance: Random) -> None:
        self.enterprises = enterprises
        self._names = names
        self._chance = chance
        self._pending: list[Line] = []
        self._decided: list[Line] = []

    def lines(self, occasion: Occasion) -> list[Line]:
        """The rows of the notice; calling it makes them part of what happened."""
        tell: dict[Kind, Callable[[Occasion], list[Line]]] = {
            "snapshot": self._snapshot,
            "good_snapshot": self._snapshot,
            "batch": self._batch,
            "mixed": self._batch,
            "leading": self._batch,
            "local": self._batch,
            "proposal": self._proposal,
            "decision": self._decision,
            "relay": self._relay,
            "review": self._review,
            "managed": self._managed,
            "single_down": self._single,
            "single_up": self._single,
        }
        lines = tell[occasion.kind](occasion)
        if not occasion.is_proposed:
            for line in lines:
                line.unit.grade = line.grade
                line.unit.listed = True
        return lines

    def best(self) -> list[Unit]:
        """The units from which the ministry selects the excellent ones; no namesakes, its list covers all provinces."""
        listed = (unit for unit in self._listed() if unit.grade == "A" and not unit.trade.local)
        return [unit for unit in listed if not unit.enterprise.name.startswith(MARK)]

    def _units(self, occasion: Occasion) -> Iterator[Unit]:
        for enterprise in self.enterprises:
            if not occasion.is_of_city or enterprise.home.city_code == occasion.division:
                yield from enterprise.units

    def _listed(self) -> Iterator[Unit]:
        return (unit for enterprise in self.enterprises for unit in enterprise.units if unit.listed)

    def _snapshot(self, occasion: Occasion) -> list[Line]:
        good_only = occasion.kind == "good_snapshot"
        lines: list[Line] = []
        with_former_names = "former" in occasion.columns
        for unit in self._units(occasion):
            if unit.entry == occasion.number:
                lines.append(Line(unit, unit.grade, None))
            elif unit.listed:
                line = self._renewed(unit)
                if line is None or (good_only and not is_good(line.grade)):
                    unit.listed = False
                    continue
                lines.append(line)
                if with_former_names:
                    self._rename_now_and_then(unit.enterprise, occasion)
        return lines

    def _renewed(self, unit: Unit) -> Line | None:
        """The unit in a newer full list; None where it is not in it any more."""
        luck = self._chance.random()
        if luck < _VANISHED:
            return None
        grade = unit.grade
        if luck < _VANISHED + _RAISED:
            grade = unit.trade.higher(grade, self._chance) or grade
        elif luck < _VANISHED + _RAISED + _LOWERED:
            grade = unit.trade.lower(grade, self._chance) or grade
        return Line(unit, grade, unit.grade)

    def _rename_now_and_then(self, enterprise: Enterprise, occasion: Occasion) -> None:
        """At most once for each enterprise, in a notice that has the column for it."""
        if enterprise.word and not enterprise.renamed_by and self._chance.random() < _RENAMED:
            enterprise.former_name = enterprise.name
            enterprise.name = renamed(enterprise.name, enterprise.word, self._names.next_brand(enterprise.home))
            enterprise.renamed_by = occasion.number

    def _batch(self, occasion: Occasion) -> list[Line]:
        lines: list[Line] = []
        for unit in self._units(occasion):
            if unit.entry == occasion.number:
                lines.append(Line(unit, unit.grade, None))
            elif unit.listed and occasion.kind in ("batch", "mixed", "proposal"):
                line = self._changed(unit, lower_too=occasion.kind == "mixed")
                if line:
                    lines.append(line)
                    if "former" in occasion.columns:
                        self._rename_now_and_then(unit.enterprise, occasion)
        return lines

    def _changed(self, unit: Unit, lower_too: bool) -> Line | None:
        luck = self._chance.random()
        grade = None
        if luck < _RAISED_IN_BATCH:
            grade = unit.trade.higher(unit.grade, self._chance)
        elif lower_too and luck < _RAISED_IN_BATCH + _LOWERED_IN_BATCH:
            grade = unit.trade.lower(unit.grade, self._chance)
        return Line(unit, grade, unit.grade) if grade else None

    def _proposal(self, occasion: Occasion) -> list[Line]:
        self._pending = self._batch(occasion)
        return self._pending

    def _decision(self, _: Occasion) -> list[Line]:
        decided = [self._decided_of(line) for line in self._pending]
        self._pending = []
        self._decided = [line for line in decided if line]
        return self._decided

    def _decided_of(self, proposed: Line) -> Line | None:
        """As proposed, mostly; sometimes one lower (never below what is held), sometimes not at all."""
        luck = self._chance.random()
        if luck < _DROPPED:
            return None
        if luck < _DROPPED + _DECIDED_LOWER:
            lower = proposed.unit.trade.lower(proposed.grade, self._chance)
            if lower and is_good(lower):
                return proposed._replace(grade=lower)
        return proposed

    def _relay(self, _: Occasion) -> list[Line]:
        """The part of the last decision that concerns the city it concerns most."""
        cities = Counter(line.unit.enterprise.home.city_code for line in self._decided)
        if not cities:
            return []
        city = cities.most_common(1)[0][0]
        return [line for line in self._decided if line.unit.enterprise.home.city_code == city]

    def _review(self, _: Occasion) -> list[Line]:
        return [self._reviewed(unit) for unit in self._listed() if self._chance.random() < _REVIEWED]

    def _reviewed(self, unit: Unit) -> Line:
        luck = self._chance.random()
        grade = None
        if luck < 0.65:
            grade = unit.trade.lower(unit.grade, self._chance)
        elif luck > 0.85:
            grade = unit.trade.higher(unit.grade, self._chance)
        return Line(unit, grade or unit.grade, unit.grade)

    def _managed(self, _: Occasion) -> list[Line]:
        """Assessed as before, but to be managed as one grade higher for a year."""
        higher = {"C": "B-", "B-": "B"}
        return [
            Line(unit, unit.grade, None, higher[unit.grade])
            for unit in self._listed()
            if unit.grade in higher and unit.trade.levels == "letters" and self._chance.random() < _MANAGED
        ]

    def _single(self, occasion: Occasion) -> list[Line]:
        wanted, grade = (("A", "B"), "C") if occasion.kind == "single_down" else (("C", "B-"), "B")
        units = [unit for unit in self._listed() if unit.grade in wanted and unit.trade.levels != "leading"]
        if not units:
            return []
        unit = one_of(units, self._chance)
        return [Line(unit, grade, unit.grade)]


class MinistryStory:
    """The A+ list of 2026: proposed, decided with a few left out, and lost again by two."""

    def __init__(self, best: Sequence[Unit], wanted: int, chance: Random) -> None:
        self._chance = chance
        chosen = sorted(range(len(best)), key=lambda _: chance.random())[:wanted]
        self._excellent = [best[index] for index in sorted(chosen)]

    def lines(self, occasion: Occasion) -> list[Line]:
        if occasion.kind == "excellence_proposal":
            return [Line(unit, "A+", "A") for unit in self._excellent]
        if occasion.kind == "excellence":
            self._excellent = [unit for unit in self._excellent if self._chance.random() >= _DROPPED]
            return [Line(unit, "A+", "A") for unit in self._excellent]
        lost = self._excellent[:: max(1, len(self._excellent) // 2)][:2] if len(self._excellent) > 2 else []
        return [Line(unit, grade, "A+") for unit, grade in zip(lost, ("A", "B"), strict=False)]
