"""Who is who: names as they are compared, credit codes, and whether a row of a notice is an enterprise we know.

What this module knows that no other does: that a legal entity, a site and a graded unit are three things; that names
differ in width, brackets, script and legal form without being different names; and that nothing is ever merged on a
likeness without a person's decision. Pure: the candidates come in, the answer goes out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from opencc import OpenCC
from stdnum.cn import uscc

from public_site.faults import NotFound

_DROPPED = re.compile(r"[\s\u3000·•．.,，、'\"“”‘’_]+")
_BRACKETS = str.maketrans("（）〔〕［］【】〈〉《》｛｝[]{}<>", "()()()()()()()()()()")
_LEGAL_FORM = re.compile(r"(股份有限公司|有限责任公司|有限公司|责任公司|股份公司|集团公司|公司)")


class NoSuchEnterprise(NotFound):
    """No public record under this id or code. This is not grade D: only published grades are in the register."""


@cache
def _simplified() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=200_000)
def normal_name(name: str) -> str:
    """The form in which two names are equal: NFKC, simplified script, one kind of bracket, no spaces or stops, upper case.

    >>> normal_name("重慶 宏聲紙箱（集團）有限責任公司")
    '重庆宏声纸箱(集团)有限责任公司'
    """
    text = unicodedata.normalize("NFKC", name).translate(_BRACKETS)
    if not text.isascii():
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
class Known:
    """An enterprise of the register, as far as matching needs it; `normal_names` holds the present name first."""

    id: int
    name: str
    normal_names: tuple[str, ...]
    credit_code: str | None
    province: str | None
    city: str | None
    county: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row of a notice says of the enterprise it grades."""

    name: str
    former_name: str | None
    credit_code: str | None
    province: str | None
    city: str | None
    county: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """The answer: `matched` (by what), `new`, or `question` with the candidates a person must choose from."""

    status: Literal["matched", "new", "question"]
    enterprise_id: int | None
    reason: str
    candidates: tuple[tuple[int, str], ...] = ()


def match(wanted: Wanted, known: Sequence[Known]) -> Match:
    """Whether `wanted` is one of `known` (every enterprise that shares its code, a name, or a name's core).

    Exact by code; exact by normalised name and place; exact by a known former name and place; else a question as soon
    as anything is alike, and new only when nothing is.
    """
    if wanted.credit_code:
        same_code = [k for k in known if k.credit_code == wanted.credit_code]
        if len(same_code) == 1:
            return _matched_by_code(wanted, same_code[0])
        if same_code:
            return _question(same_code, "同一信用代码有多家企业")
    names = {normal_name(n) for n in (wanted.name, wanted.former_name) if n}
    alike = [k for k in known if names & set(k.normal_names)]
    here = [k for k in alike if _places_agree(wanted, k)]
    if len(here) == 1:
        return _matched_by_name(wanted, here[0])
    if here:
        return _question(here, "同名同地有多家企业")
    if alike:
        return _question(alike, "同名企业在别处有记录，可能是同一企业的另一厂区")
    core = core_name(wanted.name)
    near = [k for k in known if core in {core_name(n) for n in k.normal_names} and _places_agree(wanted, k)]
    if near:
        return _question(near, "同地有名称只差公司形式或括号的企业")
    return Match("new", None, "登记中没有此代码、名称或相近名称")


def _matched_by_code(wanted: Wanted, found: Known) -> Match:
    if {normal_name(n) for n in (wanted.name, wanted.former_name) if n} & set(found.normal_names):
        return Match("matched", found.id, "信用代码与名称一致")
    return _question([found], "信用代码一致而名称不同，是否更名？")


def _matched_by_name(wanted: Wanted, found: Known) -> Match:
    if wanted.credit_code and found.credit_code and wanted.credit_code != found.credit_code:
        return _question([found], "名称一致而信用代码不同")
    if normal_name(wanted.name) == found.normal_names[0]:
        return Match("matched", found.id, "名称与所在地一致")
    return Match("matched", found.id, "曾用名与所在地一致")


def _question(found: Sequence[Known], reason: str) -> Match:
    return Match("question", None, reason, tuple((k.id, k.name) for k in found))


def _places_agree(wanted: Wanted, known: Known) -> bool:
    """Equal as far as both say; a side that names no place at all agrees with nothing but silence.

    A notice may give only the city where the register has the county: that agrees. Two different counties never do.
    """
    pairs = [(wanted.province, known.province), (wanted.city, known.city), (wanted.county, known.county)]
    said = [(a, b) for a, b in pairs if a and b]
    if not said:
        return not any(a or b for a, b in pairs)
    return all(a == b for a, b in said)
