"""What stands around the table: title, issuer, number, dates, stage, scope, cited documents, the window for objections.

What the text does not say is asked, never assumed. Contacts (联系人, 电话) are left behind here: they are personal data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from public_site import places, working_days
from public_site.notices import codes, counts, dates
from public_site.notices.values import Given, Question, Scope, Stage, StatedCount

_KEYS = {
    "title": "标题 文件名称 公告名称 名称",
    "issuer": "发文机关 发布机构 发文单位 发布单位 发布机关 印发机关 公布机关 制发机关",
    "written": "成文日期 生成日期",
    "issued": "发文日期 印发日期 公示日期 公告日期 签发日期",
    "published": "发布日期 发布时间 公开日期",
    "number": "文号 发文字号 文件编号 文件号",
    "index_number": "索引号 信息索引号",
    "window": "公示期 公示时间 公示期限",
}
_KEY_OF = {word: key for key, listed in _KEYS.items() for word in listed.split()}
_ANY_KEY = "|".join(r"\s*".join(word) for word in sorted(_KEY_OF, key=len, reverse=True))
_PAIR = re.compile(rf"(?:^|\s)({_ANY_KEY})\s*(?:[:：]|\s)\s*(.*?)(?=\s(?:{_ANY_KEY})\s*(?:[:：]|\s)|$)")
_BODY = r"(?:生态环境(?:保护)?[局厅部]|环境保护[局厅部]|环保[局厅]|办公室|办|指挥部|领导小组|人民政府|委员会|管委会|分局|[局厅部])"
_ISSUER = re.compile(rf"[\u4e00-\u9fff（）()]{{2,40}}{_BODY}")
_TITLE_END = r"(?:公告|公示|通告|通知|函|公开|公布|决定|批复|名单|清单|结果|情况|一览表|汇总表|名单表)(?:[（(][^（）()]{1,20}[）)])?"
_TITLE = re.compile(rf".{{4,150}}{_TITLE_END}")
_NUMBER = r"[\u4e00-\u9fff]{1,14}[〔\[（(【]\s*20\d\d\s*[〕\]）)】]\s*第?\s*\d{1,5}\s*号"
_CITED = re.compile(rf"《([^《》]{{2,120}})》(?:\s*[（(]({_NUMBER})[）)])?|({_NUMBER})")
_DOCUMENT = re.compile(r"指南|意见|办法|细则|方案|预案|标准|规定|规范|条例|导则|法$")
_DECIDED = re.compile(r"公告|通告|通知|函|公开|公布|发布(?!会)|决定|批复|认定")
_WINDOW = re.compile(r"公示期|公示时间|个工作日|公示之日起")
_DAYS_IN_BRACKETS = re.compile(r"[（(][\d年月日至到自起止即为.\s~～–—-]{6,50}[）)]")
_TO_WHOM = re.compile(r"向|请|如有|如对|联系|受理|负责|反映|致电|来电|来信|电话|邮")
_CONTACT = re.compile(r"[，,、；;（(]?\s*(?:联系人|联系电话|电话|邮箱|电子邮件|传真|联系方式|通讯地址|地址).*")
_TIDY = re.compile(r"[\u4e00-\u9fff0-9A-Za-z（）()，。、：；“”《》〔〕/+.%_-]*")  # nothing of this ever needs tidying
_TELEPHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[-—－ ]?\d{7,8})(?!\d)")


@dataclass(frozen=True, slots=True)
class Text:
    """A line outside the tables, and whether it stands above the first one."""

    sheet: str | None
    row: int
    text: str
    above: bool


@dataclass(slots=True)
class About:
    title: str = ""
    issuer: str | None = None
    number: str | None = None
    index_number: str | None = None
    issued_on: date | None = None
    published_on: date | None = None
    stage: Stage | None = None
    cited: tuple[str, ...] = ()
    stated_counts: tuple[StatedCount, ...] = ()
    objection_window: str | None = None
    objection_from: date | None = None
    objection_until: date | None = None
    remarks: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    impossible_days: list[tuple[Text, str]] = field(default_factory=list)

    @property
    def division(self) -> str | None:
        """The division the issuer is of, by its name, else by the credit code its 索引号 begins with."""
        named = places.issuer_division(self.issuer) if self.issuer else None
        return named or (_division_of_index(self.index_number) if self.index_number else None)


def about(texts: Sequence[Text], page: tuple[str | None, str | None], given: Given, stem: str) -> About:
    """Everything the surroundings of the tables say, with what `given` says in front of it."""
    pairs = _pairs(texts)
    found = About()
    title = given.title or pairs.get("title") or page[0] or _title(texts)
    found.title = tidy(title or stem)[:300]
    if not title:
        found.questions.append(Question("title", f"文件里没有通知的标题，暂用文件名“{found.title}”。请补充标题。"))
    _who_and_when(found, texts, pairs, page[1], given)
    found.number = given.number or pairs.get("number") or _own_number(texts)
    found.index_number = given.index_number or pairs.get("index_number")
    if found.index_number and not given.index_number:
        _check_index_number(found)
    found.cited = _cited([found.title, *(text.text for text in texts)], found.number)
    found.stated_counts = tuple(dict.fromkeys(count for text in texts for count in counts.stated_in(text.text)))
    found.stage = given.stage or _stage(found.title, texts)
    if found.stage is None:
        found.questions.append(Question("stage", "看不出这是公示（拟定）还是公告（已定）。请补充说明。"))
    _window(found, texts, pairs)
    return found


def tidy(text: str) -> str:
    """NFC, without control and invisible characters and what XML cannot hold; runs of blanks become one."""
    if _TIDY.fullmatch(text):
        return text
    composed = unicodedata.normalize("NFC", text)
    spaced = re.sub(r"[\s\u3000]+", " ", composed)
    kept = "".join(sign for sign in spaced if unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))
    kept = kept.replace("\ufffe", "").replace("\uffff", "")
    return re.sub(r" {2,}", " ", kept).strip()


def without_contacts(text: str) -> str:
    """The text up to where it begins to name people or how to reach them; telephone numbers never stay."""
    return _TELEPHONE.sub("", _CONTACT.sub("", text)).strip()


def scope(title: str, given: Given) -> Scope:
    """Increment unless the title says otherwise: only a list that says it is complete may make anything vanish."""
    if given.scope:
        return given.scope
    if re.search(r"新增|第[一二三四五六七八九十\d]+(?:批|季度)|增补|补充", title):
        return "increment"
    if re.search(r"截至|截止到?\d|全部|现有|汇总", title):
        return "snapshot"
    if re.search(r"(?:调整|同意|取消|撤销|移出|下调|上调|降低|变更).{2,60}(?:公司|厂|集团)", title):
        return "single"
    return "increment"


def _pairs(texts: Sequence[Text]) -> dict[str, str]:
    """Lines and cells of the form "发文机关：重庆市生态环境局", above the table or in a web page's list of facts."""
    found: dict[str, str] = {}
    for text in texts:
        if len(text.text) > 400:
            continue
        for match in _PAIR.finditer(text.text):
            key, value = _KEY_OF[re.sub(r"\s+", "", match[1])], tidy(match[2]).strip("：: ")
            if value and value not in ("无", "-", "/"):
                found.setdefault(key, value)
    return found


def _title(texts: Sequence[Text]) -> str | None:
    above = [text.text.strip() for text in texts if text.above]
    for at, line in enumerate(above[:30]):
        if re.match(r"附\s*[件表]", line) or "。" in line or _PAIR.match(line):
            continue
        if _TITLE.fullmatch(line):
            return line
        following = above[at + 1] if at + 1 < len(above) else ""
        if "关于" in line and len(line) >= 6 and len(line + following) <= 150 and _TITLE.fullmatch(line + following):
            return line + following
        if at == 0 and re.fullmatch(r"关于.{8,150}", line):
            return line
    return None


def _who_and_when(found: About, texts: Sequence[Text], pairs: dict[str, str], source: str | None, given: Given) -> None:
    signature = _signature(found, texts)
    found.issuer = (
        given.issuer or pairs.get("issuer") or (signature[0] if signature else None) or _in_title(found.title)
    )
    if found.issuer is None and source and _ISSUER.fullmatch(source):
        found.issuer = source
    found.published_on = _day(found, texts, pairs.get("published"))
    days = (
        _day(found, texts, pairs.get("written")), signature[1] if signature else None,
        _day(found, texts, pairs.get("issued")), found.published_on,
    )  # fmt: skip
    found.issued_on = given.issued_on or next((day for day in days if day), None)
    if found.issuer is None:
        found.questions.append(Question("issuer", "文件里没有发文机关。请补充，例如“重庆市生态环境局”。"))
    if found.issued_on is None:
        found.questions.append(Question("issued_on", "文件里没有发文日期。请补充，例如“2024-04-24”。"))


def _day(found: About, texts: Sequence[Text], value: str | None) -> date | None:
    try:
        days = dates.days_in(value) if value else ()
    except dates.NoSuchDay as fault:
        where = next((text for text in texts if value and value.split()[0] in text.text), Text(None, 0, "", True))
        found.impossible_days.append((where, str(fault)))
        return None
    return days[0] if days else None


def _check_index_number(found: About) -> None:
    """An 索引号 begins with the issuer's credit code, which carries a check sign: a wrong one was copied wrong."""
    code = re.match(r"[0-9A-Z]{18}(?=[/／])", found.index_number or "")
    if code and not codes.check_sign_holds(code[0]):
        found.questions.append(
            Question(
                "index_number",
                f"索引号“{found.index_number}”开头的机关代码校验位不对。请对照原网页，用 --index-number 写明正确的索引号。",
            )
        )


def _division_of_index(index_number: str) -> str | None:
    code = re.match(r"11(\d{6})[0-9A-Z]{10}(?=[/／])", index_number)
    if code is None or not codes.check_sign_holds(code[0]):
        return None
    return code[1] if places.is_division(code[1]) else None


def _signature(found: About, texts: Sequence[Text]) -> tuple[str | None, date] | None:
    """Issuer and day at the end of the letter: a line that is only a date, best with the issuer's line before it."""
    alone: dict[date, str | None] = {}
    for at, text in enumerate(texts):
        try:
            day = dates.only_day(text.text)
        except dates.NoSuchDay as fault:
            found.impossible_days.append((text, str(fault)))
            continue
        if day is None:
            continue
        before = re.sub(r"\s+", "", texts[at - 1].text) if at else ""
        if _ISSUER.fullmatch(before):
            return before, day
        if "年" in text.text:
            alone[day] = None
    return (None, next(iter(alone))) if len(alone) == 1 else None


def _in_title(title: str) -> str | None:
    found = re.match(rf"({_ISSUER.pattern})(?=关于|\d|拟|公布|发布)", title)
    return found[1] if found else None


def _own_number(texts: Sequence[Text]) -> str | None:
    """The notice's own number stands on a line by itself near the top."""
    for text in texts[:15]:
        if text.above and re.fullmatch(_NUMBER, text.text.strip()):
            return re.sub(r"\s+", "", text.text)
    return None


def _cited(texts: Sequence[str], own: str | None) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in (match for text in texts for match in _CITED.finditer(text)):
        name, number, bare = match.groups()
        if name and (number or _DOCUMENT.search(name)):
            found[f"《{name}》（{number}）" if number else f"《{name}》"] = None
        elif bare:
            number = re.sub(r"^.*?(?:按照|根据|依据|以及|和|及|与|由|的|照|据)(?=[\u4e00-\u9fff]{2,})", "", bare)
            if number != own and not any(number in cited for cited in found):
                found[number] = None
    return tuple(tidy(cited) for cited in found)[:50]


def _stage(title: str, texts: Sequence[Text]) -> Stage | None:
    """A 公示 is proposed, whatever else it says; a 公告, 通知, 函 is decided; a bare list asks its letter's last words."""
    after_showing = re.search(r"公示(?:结果|情况|后|期满|无异议)", title)
    if re.search(r"公示|征求意见|拟定结果|拟认定", title) and not (
        after_showing and re.search(r"公告|通知|函$", title)
    ):
        return "proposed"
    if _DECIDED.search(title):
        return "decided"
    said = _said(texts)
    return said.pop() if len(said) == 1 else None


def _said(texts: Sequence[Text]) -> set[Stage]:
    said: set[Stage] = set()
    for text in texts:
        if re.search(r"予以公示|现将.{0,80}公示|公示期|公示之日起", text.text):
            said.add("proposed")
        if re.search(r"予以公告|予以公布|现(?:予)?公[告布]|特此公告|特此通知", text.text):
            said.add("decided")
    return said


def _window(found: About, texts: Sequence[Text], pairs: dict[str, str]) -> None:
    """The window's own words, without the contacts that usually follow in the same sentence; its days where they can be told.

    It opens on the day of publication, which is not counted (民法典第二百零一条), else on the day of writing.
    """
    if found.stage == "decided":
        return
    sentence = next(_sentences(texts, pairs), None)
    if sentence is None:
        return
    found.objection_window = tidy(sentence)[:300]
    began = found.published_on or found.issued_on
    try:
        if days := dates.range_in(sentence, began.year if began else None):
            found.objection_from, found.objection_until = days
            return
        term = dates.term_in(sentence)
    except dates.NoSuchDay:
        term = None
    if term is None:
        found.remarks.append(f"公示期“{found.objection_window}”看不出起止日期，只保留原文。")
    elif opens := term.since or began:
        found.objection_from = opens
        found.objection_until = (
            working_days.after(opens, term.count) if term.working else opens + timedelta(days=term.count)
        )
        if found.objection_until is None:
            found.remarks.append(
                f"公示期“{found.objection_window}”算不出最后一天：还没有那一年的放假安排"
                "（可在 reference/working_days.csv 中补充），只保留原文。"
            )


def _sentences(texts: Sequence[Text], pairs: dict[str, str]) -> Iterator[str]:
    """The words that give the window, and only those: what stands around them may name people and telephones."""
    for text in texts:
        for clause in re.finditer(r"[^。；;，,（()）\n]+", text.text):
            if _WINDOW.search(clause[0]) and (kept := _only_window(clause[0])):
                days = _DAYS_IN_BRACKETS.match(text.text, clause.end())
                yield kept + days[0] if days and kept == clause[0].strip() else kept
    if value := pairs.get("window"):
        yield _only_window(re.split(r"[。；;，,（()）]", value)[0])


def _only_window(clause: str) -> str:
    """A clause up to where it turns to whom one may write or call."""
    kept = _TO_WHOM.split(clause, maxsplit=1)[0].strip()
    return "" if re.search(r"\d{5,}|@", kept) else kept
