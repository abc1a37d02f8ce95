"""What a grade is: its scale and order, the scheme it was given under, the industry's level set, and how labels are written.

Pure: text in, values out. The facts are in `reference/*.csv`, each line with its source; this module knows only the rules:
letters and 引领性 are two scales that cannot be compared, the weakest unit decides (short-board rule), and a label that
could mean two things, or only looks like a grade, is refused with a sentence instead of being guessed.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from public_site.faults import NotFound, NotValid
from public_site.languages import _

OverallReason = Literal["only_unit", "lowest_of_units", "not_comparable", "no_grade"]
NATIONAL_2020, NATIONAL_2026, LOCAL = "national-2020", "national-2026", "local"


class GradeFault(NotValid):
    """A label or grade that cannot be used; `message` says what is wrong, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}{remedy}")
        self.message = message
        self.remedy = remedy


class UnknownGrade(GradeFault):
    """Nobody has published such a grade."""


class NotAGrade(GradeFault):
    """A word of another system that is printed in the same notices."""


class AmbiguousGrade(GradeFault):
    """The label names several grades and does not say which one holds."""


class LookAlike(GradeFault):
    """A character that looks like a letter or sign of a grade, but is another one."""


class UnknownScheme(NotFound):
    """No such scheme in the reference file."""


@dataclass(frozen=True, slots=True)
class Grade:
    label: str  # the exact data value: A+, B-, 引领性 …
    scale: str
    rank: int  # higher is better, within one scale only
    title: str  # as shown to people: "A+级（卓越级）"
    source: str


@dataclass(frozen=True, slots=True)
class Scale:
    id: str
    title: str
    grades: tuple[Grade, ...]  # best first


@dataclass(frozen=True, slots=True)
class Scheme:
    id: str
    title: str
    family: str  # "national" or "local": grades of two families are not compared
    in_force_from: date | None
    document: str
    source: str


@dataclass(frozen=True, slots=True)
class Industry:
    name: str  # "包装印刷", with a part: "陶瓷/建筑陶瓷"
    parent: str
    levels: frozenset[str] | None  # only where the reference file states them
    known: bool
    source: str | None

    def allows(self, label: str) -> bool:
        """B- is counted as a level of B, A+ as one of A: both were added to the sets later."""
        levels = self.levels
        return levels is None or label in levels or {"B-": "B", "A+": "A"}.get(label) in levels


@dataclass(frozen=True, slots=True)
class Overall:
    grade: str | None
    reason: OverallReason


@dataclass(frozen=True, slots=True)
class Label:
    """What a written label says: "地方B级" is B, local; "拟A级" is A, proposed; "按B-级管理" is only managed as B-."""

    grade: str
    scale: str
    local: bool
    proposed: bool
    managed: bool
    verbatim: str


# --- the reference files ---------------------------------------------------------------------------------------------


def _records(name: str) -> list[dict[str, str]]:
    text = (files("public_site") / "reference" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def scales() -> tuple[Scale, ...]:
    found: dict[str, tuple[str, list[Grade]]] = {}
    for record in _records("scales.csv"):
        value = Grade(record["grade"], record["scale"], int(record["rank"]), record["title"], record["source"])
        found.setdefault(value.scale, (record["scale_title"], []))[1].append(value)
    return tuple(
        Scale(id, title, tuple(sorted(values, key=lambda value: -value.rank))) for id, (title, values) in found.items()
    )


@cache
def _grades() -> dict[str, Grade]:
    return {value.label: value for scale in scales() for value in scale.grades}


@cache
def schemes() -> tuple[Scheme, ...]:
    return tuple(
        Scheme(
            record["id"],
            record["title"],
            record["family"],
            date.fromisoformat(record["in_force_from"]) if record["in_force_from"] else None,
            record["document"],
            record["source"],
        )
        for record in _records("schemes.csv")
    )


@cache
def _schemes_by_id() -> dict[str, Scheme]:
    return {scheme.id: scheme for scheme in schemes()}


# --- grades and their order ------------------------------------------------------------------------------------------


def grades() -> tuple[Grade, ...]:
    """Every grade, scale by scale, best first."""
    return tuple(_grades().values())


def grade(label: str) -> Grade:
    """The grade with exactly this data value; written labels go through `read_label`."""
    try:
        return _grades()[label]
    except KeyError:
        raise UnknownGrade(
            _("没有“{label}”这个等级。", label=label[:40]), _("可用的等级：{grades}。", grades=_("、").join(_grades()))
        ) from None


def better(one: str, other: str) -> bool | None:
    """Whether the first grade is better; None when the two are on different scales."""
    first, second = grade(one), grade(other)
    return first.rank > second.rank if first.scale == second.scale else None


def comparable(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Grade and scheme id of two units: same scale, and both national or both local."""
    return grade(one[0]).scale == grade(other[0]).scale and scheme(one[1]).family == scheme(other[1]).family


def overall(units: Sequence[tuple[str, str]]) -> Overall:
    """The short-board rule over (grade, scheme id) of an enterprise's units: the lowest, where they can be compared."""
    if not units:
        return Overall(None, "no_grade")
    if len(units) == 1:
        return Overall(grade(units[0][0]).label, "only_unit")
    if not all(comparable(units[0], unit) for unit in units):
        return Overall(None, "not_comparable")
    return Overall(min((grade(label) for label, _ in units), key=lambda value: value.rank).label, "lowest_of_units")


# --- schemes ---------------------------------------------------------------------------------------------------------


def scheme(id: str) -> Scheme:
    try:
        return _schemes_by_id()[id]
    except KeyError:
        raise UnknownScheme(_("没有“{id}”这套评级标准。", id=id[:40])) from None


def scheme_for(issued_on: date | None, cited_text: str = "", local: bool = False) -> Scheme:
    """The scheme a notice was decided under: what it cites, else what was in force on its day.

    A notice of 2026 that still cites the guide of 2020 was decided under the guide of 2020.
    """
    if local:
        return scheme(LOCAL)
    cited = unicodedata.normalize("NFKC", cited_text)
    if re.search(r"环办大气[〔\[(【]2026[〕\])】]2号|关于加强重点行业大气环境绩效分级管理的指导意见", cited):
        return scheme(NATIONAL_2026)
    if re.search(r"环办大气函[〔\[(【]2020[〕\])】]340号|技术指南\(2020年修订版\)", cited):
        return scheme(NATIONAL_2020)
    national = [found for found in schemes() if found.family == "national" and found.in_force_from]
    in_force = [found for found in national if issued_on and found.in_force_from and found.in_force_from <= issued_on]
    return in_force[-1] if in_force else national[0]


# --- industries ------------------------------------------------------------------------------------------------------


def _industry_key(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s、,，.。·()〔〕\[\]【】“”\"]|行业$", "", plain)


@cache
def industries(family: str | None = None) -> tuple[Industry, ...]:
    """The industries of the reference file, of one family of schemes or of all."""
    return tuple(
        Industry(
            f"{record['name']}/{record['part']}" if record["part"] else record["name"],
            record["name"],
            frozenset(record["levels"].split(";")) if record["levels"] else None,
            True,
            record["source"],
        )
        for record in _records("industries.csv")
        if family in (None, record["family"])
    )


def industries_named(text: str) -> frozenset[str]:
    """The main industries whose names stand in a text, such as a title that speaks of one industry only."""
    return frozenset(i.parent for i in industries() if i.parent in text)


@cache
def _industries_by_key(family: str) -> dict[str, Industry]:
    found: dict[str, Industry] = {}
    for value, record in zip(industries(), _records("industries.csv"), strict=True):
        if record["family"] != family:
            continue
        part, parent = record["part"], record["name"]
        names = [part, f"{parent}{part}", f"{parent}/{part}"] if part else [parent]
        aliases = record["aliases"].split(";") if record["aliases"] else []
        for name in [*names, *aliases, *(f"{parent}/{alias}" for alias in aliases if part)]:
            found.setdefault(_industry_key(name), value)
    return found


@lru_cache(maxsize=4096)
def industry(text: str, scheme_id: str = NATIONAL_2020) -> Industry:
    """The industry a cell names. What the reference file does not hold comes back with `known=False`, name as written.

    Under a local scheme its own industries come first, then the national ones.
    """
    family = scheme(scheme_id).family
    for book in ("local", "national") if family == "local" else ("national",):
        found = _find_industry(text, _industries_by_key(book))
        if found:
            return found
    name = re.sub(r"\s+", "", unicodedata.normalize("NFC", text))
    return Industry(name, name.split("/")[0], None, False, None)


def _find_industry(text: str, book: dict[str, Industry]) -> Industry | None:
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    exact = book.get(_industry_key(plain)) or book.get(re.sub(r"业$", "", _industry_key(plain)))
    if exact:
        return exact
    divided = re.fullmatch(r"(.+?)(?:[/:>—–-]+(.+)|\((.+)\))", plain)
    if divided is None:
        return None
    parent, part = book.get(_industry_key(divided[1])), divided[2] or divided[3]
    if parent is None or "/" in parent.name or not _industry_key(part):
        return None
    known_part = book.get(f"{_industry_key(parent.name)}/{_industry_key(part)}")
    return known_part or Industry(f"{parent.name}/{part}", parent.name, None, True, parent.source)


def closest_industries(text: str, scheme_id: str = NATIONAL_2020, count: int = 3) -> tuple[str, ...]:
    """Names of the reference file that a mistyped industry may have meant, most alike first."""
    family = scheme(scheme_id).family
    book = {**_industries_by_key("national"), **(_industries_by_key("local") if family == "local" else {})}
    key = _industry_key(text)
    contained = [name for name in book if len(key) > 1 and (key in name or name in key)]
    keys = [*contained, *get_close_matches(key, book, n=count, cutoff=0.4)]
    return tuple(dict.fromkeys(book[name].name for name in keys))[:count]


# --- labels as they are written --------------------------------------------------------------------------------------

_DASHES = frozenset("-‐‑‒–—―−－﹣⁻₋─➖ー˗﹘")
_PLUSES = frozenset("+＋﹢⁺₊➕")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")
_SAME_SIGN = str.maketrans("級類領績業產線〔【［[﹙〕】］]﹚", "级类领绩业产线((((()))))")
_LETTER = r"(?P<letter>A\+|B-|[ABCD])等?[级类]?(?:企业|生产线)?(?:\((?:绩效)?卓越级?\))?"
_EXCELLENT = r"(?P<excellent>卓越级?)(?:企业)?(?:\(A\+级?\))?"
_LEADING = r"(?P<leading>非?引领性?)(?:级|类|水平)?(?:企业|生产线)?"
_CORE = re.compile(rf"(?:环保)?(?:绩效)?(?:分级|评级|等级)?:?(?:{_LETTER}|{_EXCELLENT}|{_LEADING})")
_MANAGED = re.compile(r"(?:一年内)?可?按照?(?P<as>.{1,20}?)(?:进行)?管理(?:一年)?(?:\([^()]*\))?")
_SEVERAL = re.compile(r"含|以上|以下|[、/或和至~,]|[ABCD][级类]?[+-]?(?:级|类)?-?[ABCD]")
_HAN_AS_SIGN = re.compile(r"[ABCD][级类]?([一十丨亠])")
_ASK = "请改成名单里写明的一个等级：A+、A、B、B-、C、D、引领性或非引领性。"


@lru_cache(maxsize=4096)
def read_label(text: str) -> Label:
    """The one grade a written label names; full-width forms and every kind of dash are understood."""
    plain = _plain(text)
    _refuse_other_systems(plain, text)
    managed = _MANAGED.fullmatch(plain)
    core = managed["as"] if managed else plain
    core, proposed = re.subn(r"^拟(?:认定|评定|定|评)?为?", "", core)
    core, after = re.subn(r"\((?:地方标准|地方|地标)\)$", "", core)
    core, before = re.subn(r"^(?:地方标准|地方|地标)", "", core)
    found = _CORE.fullmatch(core)
    value = _value(found) if found else None
    if value is None:
        raise _not_understood(plain, text)
    return Label(value.label, value.scale, bool(after or before), bool(proposed), bool(managed), text)


def _value(found: re.Match[str]) -> Grade | None:
    if found["leading"]:
        return grade("非引领性" if found["leading"].startswith("非") else "引领性")
    if found["excellent"]:
        return grade("A+")
    return None if "卓越" in found[0] and found["letter"] != "A+" else grade(found["letter"])


def _plain(text: str) -> str:
    """The label in plain signs: ASCII letters, "+", "-", round brackets and Chinese words, without any space."""
    if len(text) > 100:
        raise UnknownGrade(f"“{text[:20]}…”太长，不是等级。", _ASK)
    signs = []
    for sign in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(sign)
        if sign in _DASHES or kind == "Pd":
            signs.append("-")
        elif sign in _PLUSES:
            signs.append("+")
        elif sign.isspace() or sign in _INVISIBLE:
            continue
        elif "！" <= sign <= "～":
            signs.append(chr(ord(sign) - 0xFEE0).upper())
        elif sign.isascii() and kind != "Cc":
            signs.append(sign.upper())
        elif (kind[0] in "LMNC" and not "一" <= sign <= "鿿") or unicodedata.normalize("NFKC", sign).isascii():
            raise _look_alike(text, sign)
        else:
            signs.append(sign)
    plain = "".join(signs).translate(_SAME_SIGN)
    if found := _HAN_AS_SIGN.search(plain):
        raise _look_alike(text, found[1])
    return plain


def _look_alike(text: str, sign: str) -> LookAlike:
    name = unicodedata.name(sign, "未知字符")
    return LookAlike(
        f"等级“{text}”里的“{sign}”（U+{ord(sign):04X} {name}）只是看起来像，不是普通的字母或符号。",
        "请用键盘重新输入这个等级，例如 A、B、B-。",
    )


@cache
def _not_grades() -> tuple[tuple[str, str], ...]:
    return tuple((record["word"], record["reason"]) for record in _records("not_grades.csv"))


def _refuse_other_systems(plain: str, text: str) -> None:
    for word, reason in _not_grades():
        if plain == word[1:] if word.startswith("=") else word in plain:
            raise NotAGrade(f"“{text}”不是绩效等级：{reason}。", "请从绩效等级名单中去掉这一行，或改成它的绩效等级。")


def _not_understood(plain: str, text: str) -> GradeFault:
    if not plain:
        return UnknownGrade("等级是空的。", _ASK)
    if re.search(r"[ABCD]|引领|卓越", plain) and _SEVERAL.search(plain):
        if "含B-" in plain:
            return AmbiguousGrade(f"“{text}”没有说明是 B 还是 B-。", "请逐行写明 B 或 B-，本系统不会代为猜测。")
        return AmbiguousGrade(f"“{text}”包含几个等级，没有说明是哪一个。", _ASK)
    return UnknownGrade(f"不认识等级“{text}”。", _ASK)
