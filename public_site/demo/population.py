"""The fictional enterprises of one province and the units by which they are graded.

What this module knows that no other does: how often an enterprise has several industries or lines, a branch, a sub-plant,
a like-sounding neighbour, a code, a point; and by which notice each unit is graded for the first time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from public_site.demo.geography import Home, Province
from public_site.demo.luck import Weighted, one_of
from public_site.demo.naming import Names, credit_code, twin
from public_site.demo.schedule import Occasion
from public_site.demo.trades import Trade, all_trades, trades

_WITH_CODE = 0.64
_SEVERAL_INDUSTRIES = 0.16
_SEVERAL_LINES = 0.05
_BRANCH, _SUB_PLANT, _TWIN = 0.03, 0.03, 0.08  # where the neighbour has such a trade or brand
_WITH_POINT = 0.73
_FIRST_BRINGS = 3
_NAMESAKES = (  # without a place in the name, so that several provinces have one
    ("演示宏泰水泥有限公司", "水泥/水泥熟料"),
    ("演示鑫源铸业有限公司", "铸造/铸件"),
    ("演示华美家具有限公司", "家具制造"),
)
_WITH_NAMESAKE, _NAMESAKES_FROM = 0.4, 100
_PLANTS = {"焦化": "焦化厂", "石灰窑": "石灰厂", "水泥/粉磨站": "粉磨站", "铸造/铸件": "铸造厂"}


@dataclass(slots=True, eq=False)
class Unit:
    """What is graded: an enterprise in one industry, or one of its lines. `grade` is the last one decided."""

    enterprise: Enterprise
    trade: Trade
    line: str | None
    grade: str
    entry: int  # the number of the notice that grades it for the first time
    listed: bool = False


@dataclass(slots=True, eq=False)
class Enterprise:
    name: str
    home: Home
    word: str | None  # the part of the name that says the trade; None for those that are never renamed
    code: str | None
    point: tuple[float, float] | None
    units: list[Unit] = field(default_factory=list)
    former_name: str | None = None
    renamed_by: int = 0  # the number of the notice that says so

    @property
    def was_published(self) -> bool:
        return any(unit.listed for unit in self.units)


class Settlers:
    """Makes the enterprises of one province; `serial` numbers their codes over all provinces."""

    def __init__(self, province: Province, occasions: Sequence[Occasion], names: Names, chance: Random) -> None:
        self._province = province
        self._occasions = [occasion for occasion in occasions if occasion.brings]
        self._names = names
        self._chance = chance
        self._trades = trades(with_local=any(occasion.kind == "local" for occasion in occasions))
        self._good_only = {o.number for o in occasions if o.kind not in ("snapshot", "local")}
        self._entries: dict[tuple[str, bool, bool], Weighted[int]] = {}

    def make(self, count: int, serial: int) -> list[Enterprise]:
        """`count` enterprises, ordered by place as lists are."""
        made = self._namesakes(serial) if count >= _NAMESAKES_FROM else []
        while len(made) < count:
            made.append(self._next(made[-1] if made else None, serial + len(made)))
        made.sort(key=lambda enterprise: enterprise.home.registration)
        return made

    def _namesakes(self, serial: int) -> list[Enterprise]:
        """Some enterprises that bear the same name in other provinces: at intake a question for a person."""
        borne = [(name, trade) for name, trade in _NAMESAKES if self._chance.random() < _WITH_NAMESAKE]
        homes = [self._province.homes.one(self._chance) for _ in borne]
        return [
            self._settled(name, home, None, all_trades()[trade], serial + number)
            for number, ((name, trade), home) in enumerate(zip(borne, homes, strict=True))
        ]

    def _next(self, before: Enterprise | None, serial: int) -> Enterprise:
        kind = self._chance.random()
        if before and before.word:
            if kind < _BRANCH:
                return self._branch(before, serial)
            if kind < _BRANCH + _SUB_PLANT and before.units[0].trade.companions:
                plant = self._sub_plant(before)
                if plant:
                    return plant
            elif kind > 1 - _TWIN:
                like = twin(before.name, before.word)
                if like:
                    return self._settled(like, before.home, None, before.units[0].trade, serial)
        return self._plain(serial)

    def _plain(self, serial: int) -> Enterprise:
        chance = self._chance
        home = self._province.homes.one(chance)
        trade = self._trades.one(chance)
        word = one_of(trade.words, chance)
        made = self._settled(self._names.name(home, word, chance), home, word, trade, serial)
        if chance.random() < _SEVERAL_INDUSTRIES:
            for other in trade.companions[: 1 + int(chance.random() * 2)]:
                self._add_unit(made, all_trades()[other], None)
        return made

    def _branch(self, parent: Enterprise, serial: int) -> Enterprise:
        """Another county of the same city, with a code of its own."""
        here = [home for home in self._province.homes.items if home.city_code == parent.home.city_code]
        home = one_of(here, self._chance)
        where = (home.county or "第一").removesuffix("区").removesuffix("县").removesuffix("市")
        return self._settled(f"{parent.name}{where}分公司", home, None, parent.units[0].trade, serial)

    def _sub_plant(self, parent: Enterprise) -> Enterprise | None:
        """A plant that is listed by itself beside its enterprise; no legal entity, so no code."""
        industry = next((name for name in parent.units[0].trade.companions if name in _PLANTS), None)
        if industry is None:
            return None
        trade = all_trades()[industry]
        plant = Enterprise(f"{parent.name}{_PLANTS[industry]}", parent.home, None, None, parent.point)
        self._add_unit(plant, trade, None)
        return plant

    def _settled(self, name: str, home: Home, word: str | None, trade: Trade, serial: int) -> Enterprise:
        chance = self._chance
        code = credit_code(home.registration, serial) if chance.random() < _WITH_CODE else None
        point = home.point(chance) if chance.random() < _WITH_POINT else None
        made = Enterprise(name, home, word, code, point)
        line = trade.line(chance) if trade.lines and chance.random() < 0.2 else None
        self._add_unit(made, trade, line)
        if line and chance.random() < _SEVERAL_LINES * 5:
            other = trade.line(chance)
            if other != line:
                self._add_unit(made, trade, other)
        return made

    def _add_unit(self, enterprise: Enterprise, trade: Trade, line: str | None) -> None:
        units = enterprise.units
        entry = units[0].entry if units and not trade.local and self._chance.random() < 0.7 else 0
        if not entry or (units and units[0].trade.local != trade.local):
            entry = self._entry(enterprise.home.city_code, trade)
        grade = trade.first_grade(self._chance, entry in self._good_only)
        units.append(Unit(enterprise, trade, line, grade, entry))

    def _entry(self, city: str, trade: Trade) -> int:
        key = (city, trade.local, trade.levels == "leading")
        found = self._entries.get(key)
        if found is None:
            found = self._entries[key] = self._possible(*key)
        return found.one(self._chance)

    def _possible(self, city: str, local: bool, leading: bool) -> Weighted[int]:
        chosen = [
            occasion
            for occasion in self._occasions
            if (not occasion.is_of_city or occasion.division == city)
            and (occasion.kind == "local") == local
            and (leading or occasion.kind != "leading")
        ]
        return Weighted((occasion.number for occasion in chosen), _weights(chosen))


def _weights(occasions: Sequence[Occasion]) -> list[int]:
    """The first notice of a province brings most of its enterprises."""
    return [occasion.brings * (_FIRST_BRINGS if place == 0 else 1) for place, occasion in enumerate(occasions)]
