"""What the fictional enterprises are called, and the codes they bear.

What this module knows that no other does: every made-up name contains 演示 and is the only one of its kind in its city
(the brand is a number written in characters, and a city never uses a number twice); a near-twin differs from its
neighbour by one like-sounding character that no number uses; and every made-up credit code has both of its check
digits right, but an organisation part that begins with YY0, which no registry issues.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random
from zlib import crc32

from public_site.demo.geography import Home
from public_site.demo.luck import one_of

MARK = "演示"
_FIRST = "宏鑫华金恒永瑞泰盛兴东中天海长远亚德福祥嘉润博凯利安诚信正昌隆荣富康顺达明光辉新百万广裕景锦佳美凌卓力科创星辰云龙腾飞凤麒麟鹏翔鸿亿联合同众聚汇通和顶冠君建国民"  # fmt: skip
_SECOND = "达源鑫华丰盛泰成业发旺顺通利益兴隆昌茂辉耀升腾飞跃宇航海川江河山峻岭林森特亿佳嘉美康健宁安平和信诚德仁义礼智立建筑基石磊固坚强劲威力能动创新科技远博宏伟正大荣光明"  # fmt: skip
_LEADS = "新大中金东南西北上"
_TWINS = {"达": "大", "源": "元", "鑫": "欣", "华": "桦", "丰": "峰", "盛": "晟", "泰": "太", "通": "同", "昌": "畅", "辉": "晖"}  # fmt: skip
_FORMS = ("有限公司",) * 14 + ("有限责任公司",) * 3 + ("股份有限公司", "集团有限公司", "（集团）有限公司")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: without I, O, S, V, Z
_VALUES = {sign: value for value, sign in enumerate(_ALPHABET)}
_CODE_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LETTER_VALUES = {sign: int(sign, 36) for sign in _ALPHABET}
_ISSUED_BY_NOBODY = "YY0"
_ORGANISATION_START = sum(_LETTER_VALUES[s] * w for s, w in zip(_ISSUED_BY_NOBODY, _ORGANISATION_WEIGHTS, strict=False))
_PLACES = (7, 6, 5, 4, 3)  # where the number stands in the organisation's part, last digit first
_STEP = 7_919  # prime to every number of brands, so that neighbours look unlike


class Names:
    """Gives out names for one province; a brand is used once in a city."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def next_brand(self, home: Home) -> str:
        count = self._used[home.city]
        self._used[home.city] += 1
        return brand(count + _start(home.city))

    def name(self, home: Home, word: str, chance: Random) -> str:
        return f"{home.short}{MARK}{self.next_brand(home)}{word}{one_of(_FORMS, chance)}"


def twin(name: str, word: str) -> str | None:
    """A name that sounds the same: 宏达 → 宏大. None where the brand has no such character."""
    place, brand_and_word = name.split(MARK, 1)
    brand, rest = brand_and_word.split(word, 1)
    like = _TWINS.get(brand[-1])
    return f"{place}{MARK}{brand[:-1]}{like}{word}{rest}" if like else None


def renamed(name: str, word: str, brand: str) -> str:
    """The same firm under a new brand."""
    place, brand_and_word = name.split(MARK, 1)
    _, rest = brand_and_word.split(word, 1)
    return f"{place}{MARK}{brand}{word}{rest}"


def credit_code(division: str, number: int) -> str:
    """A valid code that belongs to nobody: 91 (an enterprise), the division, YY0 and `number`, two check digits.

    The check digits are those of GB 11714-1997 (the organisation's own) and GB 32100-2015 (the whole); they are
    written out here because a million of them are made.
    """
    organisation, total = _ORGANISATION_START, _division_sum(division)
    digits = ""
    for place in _PLACES:
        number, value = divmod(number, 31)
        sign = _ALPHABET[value]
        digits = sign + digits
        organisation += _LETTER_VALUES[sign] * _ORGANISATION_WEIGHTS[place]
        total += value * _CODE_WEIGHTS[8 + place]
    check = "0123456789X"[-organisation % 11]
    total += _VALUES[check] * _CODE_WEIGHTS[16]
    return f"91{division}{_ISSUED_BY_NOBODY}{digits}{check}{_ALPHABET[-total % 31]}"


@cache
def _division_sum(division: str) -> int:
    """What everything before the number adds to the last check digit."""
    return sum(
        _VALUES[sign] * weight for sign, weight in zip(f"91{division}{_ISSUED_BY_NOBODY}", _CODE_WEIGHTS, strict=False)
    )


@cache
def _signs() -> tuple[str, str]:
    first = "".join(dict.fromkeys(_FIRST))
    second = "".join(sign for sign in dict.fromkeys(_SECOND) if sign not in _TWINS.values())
    return first, second


@cache
def _start(city: str) -> int:
    """Where a city begins to count, so that neighbouring cities do not have the same brands first."""
    return crc32(city.encode()) % 5_000


def brand(count: int) -> str:
    """The name that stands for a number: two characters, with more before them when those are used up."""
    first, second = _signs()
    brands = len(first) * len(second)
    third, within = divmod(count, brands)
    high, low = divmod(within * _STEP % brands, len(second))
    lead = ""
    while third:  # every number has one way of being written
        third, sign = divmod(third - 1, len(_LEADS))
        lead = _LEADS[sign] + lead
    return f"{lead}{first[high]}{second[low]}"
