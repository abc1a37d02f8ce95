"""How the text of a name becomes something that can be looked up, one way for index and query alike.

Chinese company names have no word borders, so a name is cut into overlapping pieces ("grams") of two and three
characters; a longer query is the chain of its pieces. Pieces that touch the legal form (有限公司 …) stand in nearly
every name, so there also pieces of four and five characters are kept: the common becomes one look-up, too.
A chain proves a substring only where no two-character piece occurs twice in the name. Names with a repeated piece
("knotted": 重庆长江重庆分公司) are therefore looked up by positions instead.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from operator import add

import opencc

NAME_LENGTH = 200
START = "^"
BETWEEN_NAMES = "|"
_FIRST_RANK = 0x4E00
_OTHERS = 0x20000

_ALSO_WRITTEN = {"俱": "具", "钜": "巨", "锺": "钟"}  # 家俱 for 家具, names in 钜 and 锺: both writings are common
_FORM_PLACES = re.compile(
    "(?=有限|限公|公司|限责|责任|任公|份有|股份|集团|团有|团公|分公|限合|合伙|作社|合作|总厂|分厂)"
)  # every place where two characters of a legal form stand
# What stands in most names: it is quicker to know who lacks it.
IN_MOST_NAMES = ("公司", "有限", "限公", "有限公", "限公司", "有限公司")
_FORMS = (
    "股份有限责任公司",
    "集团股份有限公司",
    "集团有限责任公司",
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "有限公司",
    "责任公司",
    "集团公司",
    "总公司",
    "分公司",
    "公司",
    "集团",
)


class _Normaliser(dict[int, str]):
    """Character table filled as characters are met: width, case, script; what is neither letter nor digit is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._simplified = opencc.OpenCC("t2s")

    def _one(self, character: str) -> str:
        simplified = self._simplified.convert(character) if character >= "\u3400" else character
        return _ALSO_WRITTEN.get(simplified, simplified)

    def __missing__(self, code: int) -> str:
        plain = ""
        if not 0xD800 <= code <= 0xDFFF:
            for character in unicodedata.normalize("NFKD", chr(code)).lower():
                if unicodedata.category(character)[0] in "LN":
                    plain += self._one(character)
        if code <= 0xFFFF:
            self[code] = plain
        return plain


_NORMALISER = _Normaliser()


def normal(text: str) -> str:
    """Half width, lower case, simplified, without punctuation, brackets, spaces and invisible characters."""
    return text.translate(_NORMALISER)


def normal_with_places(text: str) -> tuple[str, list[int]]:
    """The normal form and, for each of its characters, the place in the original it came from."""
    pieces = [_NORMALISER[ord(character)] for character in text]
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]


@lru_cache(maxsize=4096)
def terms(text: str) -> tuple[str, ...]:
    """The normalised words of a query, in the order typed; a credit code copied with gaps is one word."""
    parts = tuple(part for part in map(normal, text.split()) if part)
    whole = "".join(parts)
    if len(parts) > 1 and len(whole) == 18 and is_code_start(whole) and any(c.isdigit() for c in parts[-1]):
        return (whole,)
    return parts


def is_code_start(term: str) -> bool:
    """Could this be the beginning of a unified social credit code (two characters, then six digits)?"""
    return 4 <= len(term) <= 18 and term.isascii() and term.isalnum() and term[2:8].isdigit()


def without_form(name: str) -> str:
    """The name without the legal form at its end; the whole name when nothing else would be left."""
    for form in _FORMS:
        rest = name.removesuffix(form)
        if rest != name and len(rest) > 1 and not is_only_form(rest):
            return rest
    return name


def is_only_form(term: str) -> bool:
    """Part of a legal form and nothing else: 公司, 限公, 有限责任 …"""
    return len(term) >= 2 and any(term in form for form in _FORMS)


def pairs(name: str) -> list[str]:
    return list(map(add, name, name[1:]))


def is_knotted(name: str) -> bool:
    """Does a two-character piece occur twice, so that a chain of pieces proves nothing?"""
    of_two = pairs(name)
    return len(set(of_two)) < len(of_two)


def grams(name: str) -> list[str]:
    """Every piece under which a name can be looked up, the beginning marked."""
    of_two = pairs(name)
    pieces = [START + name[:1], START + name[:2], START + name[:3], *name, *of_two, *map(add, of_two, name[2:])]
    touched = [found.start() for found in _FORM_PLACES.finditer(name)]
    for length in (4, 5):
        starts = {start for i in touched for start in range(i - length + 2, i + 1)}
        pieces += [name[start : start + length] for start in starts if 0 <= start <= len(name) - length]
    return pieces


def chain(text: str) -> list[str]:
    """The fewest pieces, each overlapping the last by two characters, that make up a text of two characters or more."""
    links, start = [], 0
    while True:
        length = 3
        for longer in (5, 4):
            piece = text[start : start + longer]
            if len(piece) == longer and _FORM_PLACES.search(piece):
                length = longer
                break
        links.append(text[start : start + length])
        if start + length >= len(text):
            return links
        start += length - 2


def positioned(names: tuple[str, ...]) -> str:
    """Pieces of two in their order, for look-ups by position: knotted names and former names."""
    lines = [" ".join([START + name[:1], *pairs(name)]) for name in names]
    lines.extend(" ".join(name) for name in names)
    return f" {BETWEEN_NAMES} ".join(lines)


def phrase(text: str, *, from_start: bool = False) -> tuple[str, ...]:
    """The words of a look-up by position."""
    words = tuple(pairs(text))
    return (START + text[:1], *words) if from_start else words


class _NameOrder(dict[int, str]):
    """Characters mapped so that plain comparison sorts Chinese as a reader expects: GB 2312 follows pinyin."""

    def __init__(self) -> None:
        super().__init__()
        for high in range(0xB0, 0xF8):
            for low in range(0xA1, 0xFF):
                try:
                    character = bytes((high, low)).decode("gb2312")
                except UnicodeDecodeError:
                    continue
                self[ord(character)] = chr(_FIRST_RANK + len(self))

    def __missing__(self, code: int) -> str:
        return chr(code) if code < _FIRST_RANK else chr(_OTHERS + code)


class _NameBack(dict[int, str]):
    """The same table read backwards."""

    def __missing__(self, code: int) -> str:
        return chr(code) if code < _OTHERS else chr(code - _OTHERS)


_NAME_ORDER = _NameOrder()
_NAME_BACK = _NameBack({ord(rank): chr(code) for code, rank in _NAME_ORDER.items()})


def name_order(name: str) -> str:
    """A key with one value for each normal name, ordering names by pinyin where GB 2312 does."""
    return name.translate(_NAME_ORDER)


def name_of_order(key: str) -> str:
    """The normal name that a key stands for."""
    return key.translate(_NAME_BACK)
