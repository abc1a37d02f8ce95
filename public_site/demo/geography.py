"""Where the fictional enterprises stand: real provinces, cities and counties, with a rough point for most of them.

What this module knows that no other does: how many fictional enterprises each place gets (by hand, leaning to the
industrial provinces), and that `place_points.csv` holds approximate centres (cities, and the districts of Chongqing), good for a demo map and
for nothing else. A place without a centre gives its enterprises no point.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from public_site import places
from public_site.demo.luck import Weighted

SHARES = {
    "130000": 150, "370000": 140, "410000": 130, "320000": 95, "140000": 75, "330000": 65, "440000": 60,
    "510000": 50, "340000": 50, "420000": 45, "610000": 40, "430000": 35, "210000": 35, "150000": 30,
    "500000": 30, "120000": 25, "350000": 20, "110000": 8, "640000": 12,
}  # fmt: skip
_HEAVY_CITIES = {
    "130100": 2.0, "130200": 4.0, "130400": 2.5, "370300": 3.0, "371300": 2.5, "370700": 2.0, "410100": 2.5,
    "410500": 2.0, "320500": 2.5, "320200": 2.0, "320300": 2.0, "140500": 1.5, "141000": 1.5, "330200": 2.0,
    "440600": 2.5, "510100": 2.0, "610100": 2.0, "420100": 1.5, "210200": 1.5, "340200": 1.5,
}  # fmt: skip
_ZONES = {"500100": ("两江新区", "万盛经开区"), "610100": ("西咸新区",)}
_SPREAD = 0.16  # degrees: within the built-up part of a prefecture
_PEOPLES = "土家|苗|藏|羌|彝|回|满|蒙古|侗|瑶|壮|畲|锡伯|达斡尔|鄂伦春|鄂温克|仡佬"
_SUFFIX = re.compile(rf"(?:(?:{_PEOPLES})族|各族)*(?:自治[州县旗]|地区|[市县区盟])$")


@dataclass(frozen=True, slots=True)
class Home:
    """A county, or a zone without a code, or a city that has no counties, as notices write it."""

    city_code: str
    city: str  # as written in a column 地市; of a directly administered county its own name
    county: str | None  # as written in a column 区县; None where the city has none
    short: str  # what names of enterprises begin with
    registration: str  # the six digits of division in a credit code
    centre: tuple[float, float] | None

    def point(self, chance: Random) -> tuple[float, float] | None:
        """A made-up point near the city's centre: latitude, longitude (WGS 84)."""
        if self.centre is None:
            return None
        latitude, longitude = self.centre
        return (
            round(latitude + (chance.random() + chance.random() - 1) * _SPREAD, 4),
            round(longitude + (chance.random() + chance.random() - 1) * _SPREAD, 4),
        )


@dataclass(frozen=True, slots=True)
class Province:
    code: str
    name: str
    homes: Weighted[Home]


@cache
def short_name(name: str) -> str:
    """唐山市 → 唐山, 恩施土家族苗族自治州 → 恩施; two characters at least remain.

    >>> short_name("恩施土家族苗族自治州"), short_name("赵县")
    ('恩施', '赵县')
    """
    short = _SUFFIX.sub("", name)
    return short if len(short) > 1 else name


@cache
def province(code: str) -> Province:
    homes: list[Home] = []
    weights: list[float] = []
    for city in places.children(code):
        here = _homes_of(city.code, city.name)
        homes += here
        weights += [_HEAVY_CITIES.get(city.code, 1.0) * (1.5 if home.county else 1.0) for home in here]
    return Province(code, places.name(code), Weighted(homes, weights))


def numbers(enterprises: int, shares: Mapping[str, int] = SHARES) -> dict[str, int]:
    """How many of `enterprises` each province gets: by largest remainder, so that the sum is exact."""
    total = sum(shares.values())
    given = {code: enterprises * share // total for code, share in shares.items()}
    by_remainder = sorted(shares, key=lambda code: (-(enterprises * shares[code] % total), code))
    for code in by_remainder[: enterprises - sum(given.values())]:
        given[code] += 1
    return given


def _homes_of(code: str, city: str) -> list[Home]:
    counties = places.children(code)
    centre = _centres().get(code)
    if not counties:  # 东莞市, or 济源市, which stands under the province without a city
        return [Home(code, city, None, short_name(city), code, centre)]
    own = [
        Home(
            code, city, county.name, short_name(county.name if county.name[-1] in "市县" else city), county.code, centre
        )
        for county in counties
    ]
    return own + [Home(code, city, zone, short_name(city), code, centre) for zone in _ZONES.get(code, ())]


@cache
def _centres() -> dict[str, tuple[float, float]]:
    text = (files("public_site.demo") / "place_points.csv").read_text(encoding="utf-8")
    return {
        record["code"]: (float(record["latitude"]), float(record["longitude"]))
        for record in csv.DictReader(text.splitlines())
    }
