"""Who is who: names as they are compared, credit codes, and whether a row of a notice is an enterprise we know.

What this module knows that no other does: that a legal entity, a site and a graded unit are three things; that names
differ in width, brackets, script and legal form without being different names; how alike two enterprises are; and that
nothing is ever merged on a likeness without a person's decision. Pure: those who may be meant come in, the answer goes out.

How a candidate's score (1–99) comes about: what the names have in common, less what speaks against it.

    100  the same name, present or former                  0  in the same county
     95  only legal form, brackets or 集团 differ            5  in the same place as far as both say
     92  the same credit code under another name           15  one of the two names no place
     90  only the place in front of the name differs       20, 35, 50  another county, another city, another province
     85  one or two signs differ and sound the same        40  another credit code
     80  at most: one sign of at least four differs, or one or two are left out
     65  a short name whose signs stand in the long one
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from opencc import OpenCC
from rapidfuzz.distance import OSA
from stdnum.cn import uscc

from public_site import places
from public_site.faults import NotFound

_DROPPED = re.compile(r"[\s\u3000·•．.,，、'\"“”‘’_]+")
_BRACKETS = str.maketrans("（）〔〕［］【】〈〉《》｛｝[]{}<>", "()()()()()()()()()()")
_LEGAL_FORM = re.compile(r"(股份有限公司|有限责任公司|有限公司|责任公司|股份公司|集团公司|公司)")
_GROUP = re.compile(r"集团|股份|控股")
_NUMBERS = re.compile(r"[0-9A-Z一二三四五六七八九十甲乙丙丁戊己庚辛壬癸东西南北上下大小新老]")
MOST_CANDIDATES = 8
# Of so many neighbours of a name, one sign away and not even sounding alike, none is meant: the name is of a common pattern.
_COMMON = 3
LONGEST_SHORT_NAME = 6

Line = tuple[str | None, str | None, str | None]  # codes of province, city and county


class NoSuchEnterprise(NotFound):
    """No public record under this id or code. This is not grade D: only published grades are in the register."""


@cache
def _simplified() -> OpenCC:
    return OpenCC("t2s")


# Signs that only some words of the library's dictionary change; a test holds this to that dictionary.
_CHANGED_IN_WORDS = frozenset("沈牴瞭藉衹覆")


@lru_cache(maxsize=50_000)
def _may_be_traditional(sign: str) -> bool:
    """Whether a sign may be another in simplified script; asking the library for every name takes ten times as long."""
    return sign in _CHANGED_IN_WORDS or (not sign.isascii() and _simplified().convert(sign) != sign)


@lru_cache(maxsize=200_000)
def normal_name(name: str) -> str:
    """The form in which two names are equal: NFKC, simplified script, one kind of bracket, no spaces or stops, upper case.

    >>> normal_name("重慶 宏聲紙箱（集團）有限責任公司")
    '重庆宏声纸箱(集团)有限责任公司'
    """
    text = unicodedata.normalize("NFKC", name).translate(_BRACKETS)
    if any(map(_may_be_traditional, text)):
        text = _simplified().convert(text)
    return _DROPPED.sub("", text).upper()


@lru_cache(maxsize=200_000)
def core_name(name: str) -> str:
    """The normal name without brackets and legal form: equal cores are a *question*, never an answer."""
    return _LEGAL_FORM.sub("", normal_name(name)).replace("(", "").replace(")", "")


def is_credit_code(text: str) -> bool:
    """Whether `text` is a unified social credit code with a right check digit (GB 32100-2015)."""
    return len(text) == 18 and bool(uscc.is_valid(text))


@dataclass(frozen=True, slots=True)
class Keys:
    """Under what a name is looked for when it is not found itself: each begins with its place (city, else what is known).

    `stem` is the name without its place, brackets and legal form. Of two stems one sign apart, one half is the same; the
    halves carry the name's numbers, because names that differ in a number are never alike. `short`: a name of a few
    signs without legal form, by its first sign.
    """

    stem: str
    head: str | None
    tail: str | None
    short: str | None


def keys(name: str, line: Line) -> Keys:
    """The keys a name is kept under."""
    stem, at = stem_name(name, line), place_key(line)
    half = len(stem) // 2
    long_enough = len(stem) >= _SHORTEST_ALIKE
    return Keys(
        at + stem,
        _half_key(at, stem, stem[:half]) if long_enough else None,
        _half_key(at, stem, stem[half:]) if long_enough else None,
        at + stem[:1] if is_short(name) else None,
    )


def place_key(line: Line) -> str:
    """The place under which names are alike: the city, a county without one, else the province (and a municipality)."""
    province, city, county = line
    if province in places.MUNICIPALITIES:
        return province
    return city or county or province or "000000"


def neighbour_keys(stem: str, at: str) -> tuple[set[str], set[str]]:
    """The heads and the tails under one of which every stem at this place stands that is a sign away from this one.

    Of stems two signs apart those are found that have both in one half.
    """
    lengths = range(max(len(stem) - 2, _SHORTEST_ALIKE), len(stem) + 3) if len(stem) >= _SHORTEST_ALIKE else ()
    heads = {_half_key(at, stem, stem[: length // 2]) for length in lengths}
    return heads, {_half_key(at, stem, stem[length // 2 - length :]) for length in lengths}


def _half_key(at: str, stem: str, half: str) -> str:
    """A half of a stem as it is kept, with the numbers of the whole."""
    return f"{at}{half}#{_numbers(stem)}"


@lru_cache(maxsize=200_000)
def stem_name(name: str, line: Line) -> str:
    """The core of a name without the names of its own place and without 集团, 股份.

    >>> stem_name("重庆市宏声（重庆）纸箱有限公司", ("500000", "500100", "500102"))
    '宏声纸箱'
    """
    here = places.names_along(*line)
    text = re.sub(r"\(([^()]+)\)", lambda found: "" if found[1] in here else found[1], normal_name(name))
    stem = _GROUP.sub("", _LEGAL_FORM.sub("", text)).replace("(", "").replace(")", "")
    cut = 1
    while cut:
        cut = next((end for end in range(min(len(stem) - 2, 15), 1, -1) if stem[:end] in here), 0)
        stem = stem[cut:]
    return stem or core_name(name)


def is_short(name: str) -> bool:
    """Whether a name may be the short one of a longer: a few signs and no legal form."""
    plain = normal_name(name)
    return 3 <= len(plain) <= LONGEST_SHORT_NAME and not _LEGAL_FORM.search(plain)


def _numbers(stem: str) -> str:
    return "".join(_NUMBERS.findall(stem))


@dataclass(frozen=True, slots=True)
class Known:
    """An enterprise of the register, as far as matching needs it; `normal_names` holds the present name first.

    `merged_codes` are the codes of those that were merged into it: they mean it as well.
    """

    id: int
    name: str
    normal_names: tuple[str, ...]
    credit_code: str | None
    province: str | None
    city: str | None
    county: str | None
    merged_codes: tuple[str, ...] = ()

    @property
    def line(self) -> Line:
        return self.province, self.city, self.county

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that means this enterprise, its own first."""
        return (self.credit_code, *self.merged_codes) if self.credit_code else self.merged_codes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row of a notice says of the enterprise it grades.

    Where the row names no place, it is the issuer's (`by_issuer`): that agrees with a known enterprise without a place too.
    """

    name: str
    former_name: str | None
    credit_code: str | None
    province: str | None
    city: str | None
    county: str | None
    by_issuer: bool = False

    @property
    def line(self) -> Line:
        return self.province, self.city, self.county


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enterprise that may be meant: how likely (1–99, see the module) and what speaks for and against it."""

    id: int
    name: str
    score: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The answer: `matched` (by what), `new`, or `question` with the candidates a person must choose from, best first."""

    status: Literal["matched", "new", "question"]
    enterprise_id: int | None
    reason: str
    candidates: tuple[Candidate, ...] = ()


def match(wanted: Wanted, known: Sequence[Known]) -> Match:
    """Whether `wanted` is one of `known` (every enterprise that shares a code, a name, a core or a key with it).

    Exact by code; exact by normalised name and place; exact by a known former name and place; else a question as soon
    as anything is alike, and new only when nothing is.
    """
    if wanted.credit_code:
        code = wanted.credit_code
        same_code = [k for k in known if k.credit_code == code] or [k for k in known if code in k.merged_codes]
        if len(same_code) == 1:
            return _matched_by_code(wanted, same_code[0], known)
        if same_code:
            return _question(wanted, known, "同一信用代码有多家企业")
    names = _names(wanted)
    alike = [k for k in known if names & set(k.normal_names)]
    here = [k for k in alike if _places_agree(wanted, k)]
    if len(here) == 1:
        return _matched_by_name(wanted, here[0], known)
    if here:
        return _question(wanted, known, "同名同地有多家企业")
    if alike:
        return _question(wanted, known, "同名企业在别处有记录，可能是同一企业的另一厂区")
    core = core_name(wanted.name)
    if any(core in {core_name(n) for n in k.normal_names} and _places_agree(wanted, k) for k in known):
        return _question(wanted, known, "同地有名称只差公司形式或括号的企业")
    if candidates(wanted, known):
        return _question(wanted, known, "同地有名称相近的企业")
    return Match("new", None, "登记中没有此代码、名称或相近名称")


def candidates(wanted: Wanted, known: Iterable[Known]) -> tuple[Candidate, ...]:
    """Those of `known` who may be meant, the likeliest first."""
    judged = [(k, likeness) for k in known if (likeness := _likeness(wanted, k))]
    distant = [k.id for k, likeness in judged if likeness.is_distant]
    left_out = set(distant) if len(distant) > _COMMON else set()
    found = [
        Candidate(k.id, k.name, *_scored(wanted, k, likeness)) for k, likeness in judged if k.id not in left_out
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda c: (-c.score, c.id)))[:MOST_CANDIDATES]


def _matched_by_code(wanted: Wanted, found: Known, known: Sequence[Known]) -> Match:
    if _names(wanted) & set(found.normal_names):
        return Match("matched", found.id, "信用代码与名称一致")
    return _question(wanted, known, "信用代码一致而名称不同，是否更名？")


def _matched_by_name(wanted: Wanted, found: Known, known: Sequence[Known]) -> Match:
    if wanted.credit_code and found.credit_code and wanted.credit_code not in found.codes:
        return _question(wanted, known, "名称一致而信用代码不同")
    if normal_name(wanted.name) == found.normal_names[0]:
        return Match("matched", found.id, "名称与所在地一致")
    return Match("matched", found.id, "曾用名与所在地一致")


def _question(wanted: Wanted, known: Sequence[Known], reason: str) -> Match:
    return Match("question", None, reason, candidates(wanted, known))


def _names(wanted: Wanted) -> set[str]:
    return {normal_name(n) for n in (wanted.name, wanted.former_name) if n}


# --- how alike two enterprises are -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Likeness:
    score: int
    reason: str
    is_distant: bool = False  # one or two signs that do not even sound alike


_SHORTEST_ALIKE = 4  # of three signs, one other sign is another name
_LONG_ENOUGH_FOR_TWO = 7


def _likeness(wanted: Wanted, known: Known) -> _Likeness | None:
    """What the two have in common; None when it is nothing. A mere likeness counts only at the same place."""
    names = _names(wanted)
    if names & set(known.normal_names):
        present = normal_name(wanted.name) == known.normal_names[0]
        return _Likeness(100, "名称相同" if present else "与曾用名相同")
    if wanted.credit_code in known.codes:
        return _Likeness(92, "信用代码相同而名称不同")
    if not _places_agree(wanted, known):
        return None
    if {core_name(n) for n in names} & {core_name(n) for n in known.normal_names}:
        return _Likeness(95, "名称只差公司形式或括号")
    if wanted.credit_code and known.credit_code:
        return None  # two codes, two names: two enterprises
    pairs = [(one, other) for one in names for other in known.normal_names]
    found = [likeness for one, other in pairs if (likeness := _alike(one, wanted.line, other, known.line))]
    return max(found, key=lambda likeness: likeness.score, default=None)


def _alike(one: str, here: Line, other: str, there: Line) -> _Likeness | None:
    first, second = stem_name(one, here), stem_name(other, there)
    if first == second:
        return _Likeness(90, "名称只差前面的地名或“集团”")
    if any(is_short(short) and abbreviates(short, long) for short, long in ((one, other), (other, one))):
        return _Likeness(65, "可能是简称与全称")
    apart = signs_apart(first, second)
    if apart is None:
        return None
    if _sound_alike(first, second):
        return _Likeness(85, f"名称差 {apart} 个字，读音相同")
    if apart > 1 and len(first) == len(second):
        return None  # two other signs in the same place are another brand
    score = min(80, round(100 * (1 - apart / max(len(first), len(second)))))
    return _Likeness(score, f"名称差 {apart} 个字", is_distant=True)


def signs_apart(stem: str, other: str) -> int | None:
    """How many signs two stems differ by; None when it is more than a slip, or a number."""
    longest, shortest = max(len(stem), len(other)), min(len(stem), len(other))
    if shortest < _SHORTEST_ALIKE or _numbers(stem) != _numbers(other):
        return None
    allowed = 2 if longest >= _LONG_ENOUGH_FOR_TWO else 1
    apart = int(OSA.distance(stem, other, score_cutoff=allowed))
    return apart if apart <= allowed else None


def abbreviates(short: str, long: str) -> bool:
    """Whether the signs of a short name stand in a longer one in this order, from its first sign on (首钢迁钢)."""
    if len(long) <= LONGEST_SHORT_NAME or short[0] != long[0]:
        return False
    rest = iter(long)
    return all(sign in rest for sign in short)


def _sound_alike(stem: str, other: str) -> bool:
    """Whether two stems are the same spoken (tones apart), or the same signs in another order."""
    if sorted(stem) == sorted(other):
        return True
    return len(stem) == len(other) and all(
        one == another or _readings(one) & _readings(another) for one, another in zip(stem, other, strict=True)
    )


@lru_cache(maxsize=20_000)
def _readings(sign: str) -> frozenset[str]:
    from pypinyin import Style, pinyin  # only a likeness pays for it

    return frozenset(pinyin(sign, style=Style.NORMAL, heteronym=True)[0])


def _scored(wanted: Wanted, known: Known, likeness: _Likeness) -> tuple[int, str]:
    """The score and all that speaks for and against the candidate."""
    less, where = _distance(wanted, known)
    if wanted.credit_code in known.codes:
        less = 0  # one legal entity may have plants anywhere
    score, reasons = likeness.score - less, [likeness.reason, where]
    if wanted.credit_code and known.credit_code and wanted.credit_code not in known.codes:
        score, reasons = score - 40, [*reasons, "信用代码不同"]
    return min(99, max(1, score)), "；".join(reasons)


def _distance(wanted: Wanted, known: Known) -> tuple[int, str]:
    if not any(known.line) or not any(wanted.line):
        return 15, "一方未写所在地"
    if wanted.county and wanted.county == known.county:
        return 0, f"同在{places.name(wanted.county)}"
    if _places_agree(wanted, known):
        return 5, "所在地不矛盾"
    if wanted.city and wanted.city == known.city:
        return 20, "同市不同区县"
    if wanted.province and wanted.province == known.province:
        return 35, "同省不同市"
    return 50, "不在同一省"


def _places_agree(wanted: Wanted, known: Known) -> bool:
    """Equal as far as both say; a side that names no place at all agrees with nothing but silence.

    A notice may give only the city where the register has the county: that agrees. Two different counties never do.
    """
    pairs = list(zip(wanted.line, known.line, strict=True))
    said = [(a, b) for a, b in pairs if a and b]
    if not said:
        return not any(known.line) if wanted.by_issuer else not any(a or b for a, b in pairs)
    return all(a == b for a, b in said)
