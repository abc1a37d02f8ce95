"""Grades inside longer words: sheet names, headings, titles, file names, remarks ("由B级降为C级", "移出名单").

A whole cell is `grades.read_label`'s business; here a sentence is searched, and several grades in it are never one grade.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from public_site import grades

_DASHES = re.compile(r"[‐‑‒–—―−－﹣⁻₋─➖ー˗﹘]")
_MENTION = re.compile(r"(?<![A-Z0-9])(A\+|B-|[ABCD])(?=等?[级类])|(卓越级)|(非?引领性)")
_RANGE = re.compile(r"含B-|及以上|及以下|以上|以下")
_LETTER_OF_ANOTHER_ALPHABET = re.compile(r"[^\W\d_A-Z\u3400-\u9fff](?=[+-]?等?[级类])")
_GRADE = r"(?:A\+|B-|[ABCD]|非?引领性|卓越级)"
_FROM_TO = re.compile(
    rf"(?:由|从|原)?(?:原|绩效)*(?P<old>{_GRADE})(?:[级类])?(?:企业|等级)?,?"
    rf"(?:现|已|现已)?(?:(?:降级|升级|晋级|调整|变更|下调|上调|降|升|复核|评定|改|晋)*(?:为|至|到|成|->|→|⇒|=>)+|[降升])"
    rf"(?P<new>{_GRADE})(?:[级类])?"
)
_ONLY_TO = re.compile(rf"(?:降级|升级|下调|上调|调整|变更|降|升|晋升)(?:为|至|到)(?P<new>{_GRADE})(?:[级类])?")
_ONLY_FROM = re.compile(rf"原(?:绩效)?(?:等级)?(?:为|是|:)?(?P<old>{_GRADE})[级类]?")
_UNLISTED = re.compile(
    r"未再列入|不再列入|不再纳入|移出|调出名单|退出名单|(?:取消|撤销)(?:其|原|该企业)?(?:环保|重污染天气)?(?:绩效)?(?:A\+|B-|[ABCD]|非?引领性|卓越级)?"
    r"[级类]?(?:企业)?(?:绩效)?(?:分级|评级)?(?:等级|资格|称号|评级|结果|认定|$)"
)
_MANAGED = re.compile(
    r"可?按照?(?:环保)?(?:绩效)?(?P<grade>[^,。;按()]{0,5}?(?:[级类]|[ABCD][+-]?|引领性))(?:企业|生产线)?(?:进行)?管理"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a remark says has happened to the grade."""

    previous: str | None
    new: str | None
    unlisted: bool


@dataclass(frozen=True, slots=True)
class Managed:
    """ "可按照环保绩效B-级企业进行管理（一年内）"; `rest` is the text without it."""

    grade: str
    rest: str


def plain(text: str) -> str:
    one_width = unicodedata.normalize("NFKC", _DASHES.sub("-", text))
    return re.sub(r"[\s\u200b\ufeff]+", "", one_width).upper().replace("級", "级").replace("類", "类")


def _data_value(mention: str) -> str:
    return "A+" if mention == "卓越级" else mention


@lru_cache(maxsize=4096)
def grade_in(text: str) -> grades.Label | None:
    """The one grade that a heading, sheet name, title or file name is about; None where it names none.

    Raises: AmbiguousGrade where it names several ("A、B级企业名单") or does not say which ("B（含B-）级");
    LookAlike where a letter of another alphabet stands before 级.
    """
    words = plain(re.sub(r"(\d)\s+(?=[A-DＡ-Ｄ])", r"\1:", text))  # 附表1 A级 is no "1A级"
    foreign = _LETTER_OF_ANOTHER_ALPHABET.search(unicodedata.normalize("NFC", re.sub(r"\s+", "", text)).upper())
    if foreign and not ("Ａ" <= foreign[0] <= "Ｚ"):
        raise grades.LookAlike(
            f"“{text[:60]}”里的“{foreign[0]}”（U+{ord(foreign[0]):04X}）只是看起来像字母，不是普通的英文字母。",
            "请用键盘重新输入。",
        )
    if len(words) <= 12:
        try:
            return grades.read_label(text)
        except (grades.UnknownGrade, grades.NotAGrade, grades.AmbiguousGrade):
            pass  # it is a sentence, not a label
    mentions = {_data_value(found[0]) for found in _MENTION.finditer(words)}
    listed = re.search(r"(?<![A-Z0-9])[ABCD][+-]?(?:[、,/和及][ABCD][+-]?)+", words)
    about_b = "含B-" in words
    if len(mentions) > 1 or listed or about_b or (mentions and _RANGE.search(words)):
        raise grades.AmbiguousGrade(
            f"“{text[:60]}”没有说明每家企业是 B 还是 B-。" if about_b else f"“{text[:60]}”里有几个等级。",
            "请在表格里加一列“绩效等级”，逐行写明。",
        )
    if not mentions:
        return None
    value = grades.grade(mentions.pop())
    local = bool(re.search(r"地方标准|地方(?=[ABCD])", words))
    return grades.Label(value.label, value.scale, local, "拟" in words, False, text)


@lru_cache(maxsize=4096)
def change_in(remark: str) -> Change:
    """From-to wording in a remark or a grade cell."""
    words = plain(remark)
    unlisted = bool(_UNLISTED.search(words))
    if found := _FROM_TO.search(words):
        return Change(_data_value(found["old"]), _data_value(found["new"]), False)
    to, was = _ONLY_TO.search(words), _ONLY_FROM.search(words)
    dropped = re.search(rf"(?:取消|撤销|移出)(?:其|原)?(?:绩效)?(?P<old>{_GRADE})", words) if unlisted else None
    previous = was or dropped
    return Change(
        _data_value(previous["old"]) if previous else None,
        _data_value(to["new"]) if to else None,
        unlisted and to is None,
    )


@lru_cache(maxsize=4096)
def managed_in(text: str) -> Managed | None:
    """A permission to be managed as another grade, in a remark or beside a grade.

    Raises: the faults of `grades.read_label`, when the words are there but the grade is not clear.
    """
    words = plain(text)
    found = _MANAGED.search(words)
    if found is None:
        return None
    label = grades.read_label(found["grade"])
    rest = re.sub(r"[(),;]+", "", words[: found.start()] + words[found.end() :])
    return Managed(label.grade, rest)


def speaks_of_unlisting(text: str) -> bool:
    return bool(_UNLISTED.search(plain(text)))
