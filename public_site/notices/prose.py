"""What running text says of single enterprises: "将…绩效等级由B级调整为C级", "撤销…B级绩效等级", several in one letter.

A letter has no columns, so only what is plain is read: a full name, and after or around it one change, one award or one
permission. A sentence that speaks of a named enterprise's grade in any other way is a `Doubt`, and a person writes the
table. "你公司", "该企业", "其" mean whom the paragraph has just named, else the one enterprise the letter is to or about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from public_site.notices import words
from public_site.notices.about import Text

_WITHIN = r"(?:(?![和及与对将原由因的等为撤取]|绩效)[\u4e00-\u9fff()])"  # signs that may go on within one name
_FORM = rf"(?:有限责任公司|股份有限公司|有限公司|(?:公司|集团|厂)(?!{_WITHIN}{{0,16}}?(?:公司|厂)))"
_PART = rf"{_WITHIN}{{1,8}}?(?:分公司|分厂|厂区|厂)"
_LINE = r"\(?[^,()公司]{0,40}生产线(?:\([^()]*\))?\)?"
_NAME = re.compile(rf"[\u4e00-\u9fffA-Z0-9()·-]{{2,60}}?{_FORM}(?:{_PART})?(?:{_LINE})?")
# What may run on into a name from the left: "决定将", "经审核", "认定" …
_BEFORE_NAME = re.compile(
    r"将(?!乐)|把|对(?=[\u4e00-\u9fff]{4})|同意|决定|撤销|取消|认定|评定|确定|核定|恢复|给予|移出|其中|包括|关于|调整|降低|以及|鉴于|"
    r"由于|根据|依据|按照|核查|核实|审核|审查|复核|评审|研究|发现|公布|位于[^,]{2,12}的"
)
_NOBODY = re.compile(
    r"^.{0,3}[该你贵我本各](?:公司|单位|厂|企业)$|^(?:各|该|你|我|本|有关|相关|所有|部分|其他|其它|上述|以上|获评|这些|任何|某)|^[的了现]*$"
)
_MEANT = re.compile(
    r"[你该贵](?:公司|单位|厂|企业)|(?<=[将对把销消])其(?!他|它|中|余)|(?<![\u4e00-\u9fff])其(?=环保|绩效)"
)
_BETWEEN = re.compile(r"[、,和及与]|以及")
_ADDRESSEE = re.compile(rf"(?P<name>{_NAME.pattern}):")
_GRADE = r"(?:A\+|B-|[ABCD]|非?引领性|卓越级)"
_MENTION = re.compile(r"(?<![A-Z0-9])(?:A\+|B-|[ABCD])(?=等?[级类])|卓越级|引领性")
_SPEAKS_OF_GRADES = re.compile(r"[调变]整?[为至到成]|[降升]|晋|撤销|取消|移出|认定|评[为定]|定为|核定|确定|管理")
_AWARD = re.compile(
    rf"(?:[评定]|认定|评定|确定|核定|评级|等级|结果)?为(?:环保)?(?:绩效)?(?P<grade>{_GRADE})(?:等?[级类])?"
)
_AWARDS = re.compile(r"认定|评定|评为|确定|核定|同意|定为|评级|等级为|结果为")
_NO_DECISION = re.compile(r"申请|如果|[，,。]若|建议|不予|不同意|暂不|自评|拟申报|有权")
_TAKING_AWAY = ("撤销", "取消", "移出")
_VERBS = (*_TAKING_AWAY, "认定", "评定", "确定", "核定", "同意")
_ONLY_A_GRADE = re.compile(r"[A-D+级类绩效等企业引领性非为、,和及与-]*")
_LEADS_ON = re.compile(r"[,、;。!]*(?:并|同时|另)?(?:将|把|对|撤销|取消|同意|认定|评定|确定|移出)?[,、;。!]*$")
_MANAGED = re.compile(r"可?按照?[^,]{0,16}?(?:[级类]|引领性)(?:企业|生产线)?(?:进行)?管理")
_UNTIL = re.compile(r"管理[,(]?(?P<until>[^。;]*?(?:\d|[一二两三半六十])(?:年|个月|月|日)[^。;)]*)")
_HOW_MANY = re.compile(r"^等(\d{1,4})家")
_INDUSTRY = re.compile(r"^\(?(?P<industry>[\u4e00-\u9fff/]{2,16}?)(?:行业)\)?的?(?:环保)?绩效")


@dataclass(frozen=True, slots=True)
class Statement:
    """One enterprise and the words that give its grade, as a table's grade column might hold them."""

    text: Text
    name: str
    grade: str
    industry: str | None
    words: str  # as the letter puts it
    until: str = ""  # of a permission to be managed as another grade: the words that say how long


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence about grades that is not plain, and why."""

    text: Text
    message: str


@dataclass(frozen=True, slots=True)
class _Named:
    """Names that stand together, and where."""

    start: int
    end: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """The words around a group of names; `verb` is the one that acts on them from the left."""

    before: str
    verb: str
    said: str
    words: str


def read(texts: Sequence[Text]) -> tuple[list[Statement], list[Doubt]]:
    """Every plain statement, each once, in the order of the text; and what speaks of grades but is not plain."""
    named = {name for text in texts for *_, name in _mentions(*_flattened(text.text)) if name}
    letter = _Letter(tuple(named) if len(named) == 1 else ())
    for text in texts:
        letter.take(text)
    return list(letter.statements.values()), letter.doubts


class _Letter:
    def __init__(self, subject: tuple[str, ...]) -> None:
        self._subject = subject  # the one enterprise that the whole letter is about
        self.statements: dict[tuple[str, str, str | None], Statement] = {}
        self.doubts: list[Doubt] = []
        self._meant: tuple[str, ...] = ()  # whom "该公司" means

    def take(self, text: Text) -> None:
        flat, signs = _flattened(text.text)
        if addressee := _ADDRESSEE.fullmatch(signs):
            self._subject = (flat[: addressee.end("name")],)
            return
        self._meant = self._subject  # "该公司" reaches back within its paragraph only
        start = 0
        for end in (*(found.end() for found in re.finditer(r"[。;!]", signs)), len(signs)):
            if end > start:
                self._sentence(text, flat[start:end], signs[start:end])
            start = end

    def _sentence(self, text: Text, flat: str, signs: str) -> None:
        named, verb = list(self._named(flat, signs)), ""
        for at, group in enumerate(named):
            begin = named[at - 1].end if at else 0
            end = named[at + 1].start if at + 1 < len(named) else len(signs)
            before = signs[begin : group.start]
            own = next((word for word in _VERBS if word in before[-8:]), "")
            verb = own or (verb if at and _ONLY_A_GRADE.fullmatch(before) else "")
            said = _LEADS_ON.sub("", signs[group.end : end])
            self._judge(text, group, _Said(before, verb, said, (verb + flat[group.end : group.end + len(said)])[:100]))

    def _named(self, flat: str, signs: str) -> Iterator[_Named]:
        """The names of a sentence, those that stand side by side together."""
        waiting: _Named | None = None
        for start, end, name in sorted(_mentions(flat, signs)):
            names = (name,) if name else self._meant if len(self._meant) == 1 or flat[start:end] == "其" else ()
            if waiting and name and _BETWEEN.fullmatch(signs[waiting.end : start]):
                waiting = _Named(waiting.start, end, (*waiting.names, name))
                self._meant = waiting.names
                continue
            if waiting:
                yield waiting
            waiting = _Named(start, end, names)
            if name:
                self._meant = names
        if waiting:
            yield waiting

    def _judge(self, text: Text, group: _Named, told: _Said) -> None:
        verb, said = told.verb, told.said
        speaks = _MENTION.search(said) and _SPEAKS_OF_GRADES.search(verb + said)
        if not speaks and not (verb in _TAKING_AWAY and re.match(r"的?(?:环保)?绩效", said)):
            return
        if _NO_DECISION.search(told.before + said):
            self._doubt(text, "这一句说的不像是决定（申请、建议、不同意等）。")
        elif not group.names:
            self._doubt(text, "看不出“该企业”指的是哪一家。")
        elif (many := _HOW_MANY.match(said)) and int(many[1]) != len(group.names):
            self._doubt(text, f"说是{many[1]}家企业，却只写出{len(group.names)}家的名称。")
        elif grade := _grade(verb, said):
            industry = _INDUSTRY.match(said)
            named = industry["industry"] if industry and "重点" not in industry["industry"] else None
            until = _UNTIL.search(said) if "管理" in grade else None
            for name in group.names:
                self._note(Statement(text, name, grade, named, told.words, until["until"] if until else ""))
        else:
            self._doubt(text, f"看不出“{group.names[0]}”的等级怎样变动。")

    def _note(self, statement: Statement) -> None:
        """Keep a statement once; what the title has said already is kept where the letter says it."""
        key = statement.name, _meaning(statement.grade), statement.industry
        self.statements[key] = statement

    def _doubt(self, text: Text, message: str) -> None:
        if not any(doubt.text == text for doubt in self.doubts):
            self.doubts.append(Doubt(text, message))


def _flattened(text: str) -> tuple[str, str]:
    """A text without blanks, as written and as it is compared, sign for sign."""
    flat = re.sub(r"\s+", "", unicodedata.normalize("NFC", text))
    return flat, "".join(map(_sign, flat))


def _sign(sign: str) -> str:
    """One sign as it is compared: one width, one dash, upper case; never more than one, so that places stay."""
    if sign in "‐‑‒–—―−－﹣⁻₋─➖ー˗﹘":
        return "-"
    one = unicodedata.normalize("NFKC", sign).upper()
    return {"級": "级", "類": "类", "〔": "(", "〕": ")"}.get(one, one) if len(one) == 1 else sign


def _mentions(flat: str, signs: str) -> Iterator[tuple[int, int, str]]:
    """Where enterprises are named or meant (then without a name)."""
    before = 0
    for found in _NAME.finditer(signs):
        start = found.start() + (0 < before == found.start() and signs[before] in "和及与")
        for word in _BEFORE_NAME.finditer(found[0]):
            if len(found[0]) - word.end() >= 4:
                start = found.start() + word.end()
        while signs[start] in "的了现-":
            start += 1
        before = found.end()
        if not _NOBODY.match(signs[start : found.end()]):
            yield start, found.end(), flat[start : found.end()]
    for meant in _MEANT.finditer(signs):
        yield meant.start(), meant.end(), ""


def _grade(verb: str, said: str) -> str | None:
    """The words that give the grade, as a grade column might hold them; None where they are not plain."""
    mentions = _MENTION.findall(said)
    change = words.change_in(verb + said if verb in _TAKING_AWAY else said)
    if managed := _MANAGED.search(said):
        assessed = _AWARD.search(said[: managed.start()])
        expected = 2 if assessed else 1
        cell = f"{_level(assessed['grade'])}({managed[0]})" if assessed else managed[0]
        return cell if len(mentions) == expected else None
    if change.previous and change.new and len(mentions) == 2:
        return f"{_level(change.previous)}→{_level(change.new)}"
    if change.new and not change.previous and len(mentions) == 1:
        return _level(change.new)
    if change.unlisted and len(set(mentions)) <= 1:
        held = f"{change.previous or (mentions[0] if mentions else '')}"
        return f"取消{_level(held) if held else ''}等级"
    award = _AWARD.search(said)
    if award and _AWARDS.search(verb + said) and len(set(mentions)) == 1:
        return _level(award["grade"])
    return None


def _level(grade: str) -> str:
    return grade if grade.endswith(("性", "级")) else f"{grade}级"


def _meaning(grade: str) -> str:
    return re.sub(r"[级类]", "", grade)
