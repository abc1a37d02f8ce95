"""How the fictional notices are put into words: issuer, title, paragraphs, the sentence of counts, headings and cells.

What this module knows that no other does: the phrases of real notices (see `domain.md` §3), and that every fictional
title ends with （演示） so that nobody takes it for a real one. A sentence of counts is always true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from public_site import grades, places
from public_site.demo.geography import short_name
from public_site.demo.histories import Line
from public_site.demo.naming import MARK
from public_site.demo.schedule import MINISTRY, Occasion
from public_site.demo.trades import Trade

_ORDER = ("A+", "A", "B", "B-", "C", "D", "引领性", "非引领性")
_GUIDE_2020 = "《重污染天气重点行业应急减排措施制定技术指南（2020年修订版）》（环办大气函〔2020〕340号）"
_GUIDE_2019 = "《关于加强重污染天气应对夯实应急减排措施的指导意见》（环办大气函〔2019〕648号）"
_GUIDE_2026 = "《关于加强重点行业大气环境绩效分级管理的指导意见》（环办大气〔2026〕2号）"
_GUIDE_LOCAL = (
    "《四川省重污染天气金属表面处理及热处理加工等10个行业应急减排措施制定技术指南（试行）》（川环函〔2023〕114号）"
)
_OFFICES = {"610000": "陕西省大气污染治理专项行动领导小组办公室"}  # an issuer that is not a bureau
_NUMBERED = 3  # every third notice bears a document number


@dataclass(frozen=True, slots=True)
class Head:
    """What stands around the table."""

    title: str
    issuer: str
    number: str | None
    day: str
    opening: str
    window: str | None
    contact: str | None
    note: str | None


def issuer(occasion: Occasion, lines: Sequence[Line]) -> str:
    if occasion.division == MINISTRY:
        return "生态环境部办公厅"
    if occasion.kind == "mixed" and occasion.division in _OFFICES:
        return _OFFICES[occasion.division]
    name = places.name(occasion.division)
    if occasion.kind in ("relay", "single_down", "single_up"):  # by the city it concerns
        name = lines[0].unit.enterprise.home.city
    return f"{name}生态环境{'局' if name.endswith(('市', '州', '盟')) else '厅'}"


def head(occasion: Occasion, lines: Sequence[Line]) -> Head:
    author = issuer(occasion, lines)
    day = occasion.issued_on
    window = contact = None
    if occasion.is_proposed:
        until = day + timedelta(days=7)
        window = (
            f"公示期为{_day(day)}至{_day(until)}。"
            if occasion.number % 2
            else f"公示期为公示发布之日起{5 if occasion.number % 4 else 7}个工作日。"
        )
        contact = f"{window}如有异议，请以书面形式反映。联系人：{MARK}；联系电话：000-00000000。"
    return Head(
        title=f"{_title(occasion, lines, author)}（{MARK}）",
        issuer=author,
        number=f"{MARK}环函〔{day.year}〕{occasion.number}号" if occasion.number % _NUMBERED == 0 else None,
        day=_day(day),
        opening=_opening(occasion, lines),
        window=window,
        contact=contact,
        note=f"※地方标准相关行业参照{_GUIDE_LOCAL}执行。" if any(line.unit.trade.local for line in lines) else None,
    )


def _day(day: object) -> str:
    return f"{day:%Y}年{int(f'{day:%m}')}月{int(f'{day:%d}')}日"


def _title(occasion: Occasion, lines: Sequence[Line], author: str) -> str:
    day = occasion.issued_on
    where = "" if occasion.division == MINISTRY else places.name(occasion.division)
    if occasion.kind == "relay":
        where = lines[0].unit.enterprise.home.city
    sector = f"{day.year}年重污染天气重点行业"
    first = lines[0].unit.enterprise.name
    return {
        "snapshot": f"{author}关于公布截至{_day(day)}{where}重污染天气重点行业企业绩效分级名单的公告",
        "good_snapshot": f"关于公布截至{_day(day)}{where}重污染天气重点行业绩效评级A级、B级（含B-级）和引领性企业名单的公告",
        "batch": f"{author}关于{where}{day.year}年第{_batch(occasion)}批新增重点行业企业大气污染防治绩效评级结果的公告",
        "mixed": f"{author}关于发布{where}{sector}绩效评级结果的函",
        "leading": f"关于公布{where}{sector}绩效引领性企业名单（第一批）的公告",
        "local": f"{author}关于{where}{day.year}年第一批地方标准行业企业大气污染防治绩效评级结果的公告",
        "proposal": f"关于{where}{sector}绩效评级拟定结果的公示",
        "decision": f"关于发布{where}{sector}绩效评级结果的公告",
        "relay": f"关于转发{where}{sector}绩效评级结果的通知",
        "review": f"关于发布{where}{day.year}年度重污染天气重点行业绩效评级抽查复核结果的公告",
        "managed": f"{author}关于{where}{day.year}年度部分企业环保绩效按级管理的通知",
        "single_down": f"{author}关于调整{first}绩效等级的通知",
        "single_up": f"{author}关于调整{first}绩效等级的通知",
        "excellence_proposal": f"关于拟定{day.year}年重点行业大气环境绩效A+级（卓越级）企业名单的公示",
        "excellence": f"关于发布{day.year}年重点行业大气环境绩效A+级（卓越级）企业名单的公告",
        "excellence_lost": f"关于调整{day.year}年部分企业大气环境绩效A+级（卓越级）的通知",
    }[occasion.kind]


def _batch(occasion: Occasion) -> str:
    return "一二三"[occasion.number % 3]


def _opening(occasion: Occasion, lines: Sequence[Line]) -> str:
    verb = "拟认定" if occasion.is_proposed else "认定"
    basis = _GUIDE_2026 if occasion.issued_on.year >= 2026 else _GUIDE_2020
    if occasion.issued_on.year == 2019:
        basis = _GUIDE_2019
    if all(line.unit.trade.local for line in lines):
        basis = _GUIDE_LOCAL
    return f"按照{basis}要求，经企业自评、区县初评、专家会审、集体审查等程序，{verb}{counts_sentence(lines)}。"


def counts_sentence(lines: Sequence[Line]) -> str:
    """B级企业3家、地方标准A级企业2家: by grade, best first, the local scheme apart."""
    counted = Counter((line.unit.trade.local, line.grade) for line in lines)
    return "、".join(
        f"{'地方标准' if local else ''}{_counted(grade)}企业{counted[local, grade]}家"
        for local in (False, True)
        for grade in _ORDER
        if counted[local, grade]
    )


def _counted(grade: str) -> str:
    return grade if "引领性" in grade else f"{grade}级"


# --- the table -------------------------------------------------------------------------------------------------------

Cell = Callable[[Line], str]


def table(
    occasion: Occasion, lines: Sequence[Line], *, ascii_brackets: bool, wrapped: bool
) -> tuple[list[str], list[Cell]]:
    """Headings, and for each the cell of a line; the serial number comes first and is the writer's."""
    wanted: list[tuple[str, Cell]] = [*_who(occasion, ascii_brackets), *_what(occasion, lines, wrapped)]
    return ["序号", *(heading for heading, _ in wanted)], [cell for _, cell in wanted]


def _who(occasion: Occasion, ascii_brackets: bool) -> list[tuple[str, Cell]]:
    columns = occasion.columns
    wanted: list[tuple[str, Cell]] = []
    if "province" in columns:
        wanted.append(("省份", lambda line: places.name(f"{line.unit.enterprise.home.city_code[:2]}0000")))
    if "city" in columns:
        heading, short = (("地 市", False), ("地市", True), ("设区市", False))[occasion.number % 3]
        if short:
            wanted.append((heading, lambda line: short_name(line.unit.enterprise.home.city)))
        else:
            wanted.append((heading, lambda line: line.unit.enterprise.home.city))
    if "county" in columns:
        heading = ("区县", "县（市、区）")[occasion.number % 2]
        wanted.append((heading, lambda line: line.unit.enterprise.home.county or ""))
    if ascii_brackets:
        wanted.append(("企业名称", lambda line: line.unit.enterprise.name.replace("（", "(").replace("）", ")")))
    else:
        wanted.append(("企业名称", lambda line: line.unit.enterprise.name))
    if "former" in columns:
        number = occasion.number
        wanted.append(("曾用名", lambda line: _former(line, number)))
    if "code" in columns:
        wanted.append(("统一社会信用代码", lambda line: line.unit.enterprise.code or ""))
    if "permit" in columns:
        wanted.append(
            ("排污许可证编号", lambda line: f"{line.unit.enterprise.code}001P" if line.unit.enterprise.code else "")
        )
    return wanted


def _what(occasion: Occasion, lines: Sequence[Line], wrapped: bool) -> list[tuple[str, Cell]]:
    columns, number = occasion.columns, occasion.number
    industry = {trade: _written_industry(trade, occasion) for trade in {line.unit.trade for line in lines}}
    label = {grade: _written_grade(grade, occasion.look, wrapped) for grade in _ORDER}
    wanted: list[tuple[str, Cell]] = [
        (("行业类别", "重点行业类别")[number % 2], lambda line: industry[line.unit.trade]),
    ]
    if any(line.unit.line for line in lines):
        wanted.append(("生产线", lambda line: line.unit.line or ""))
    if "previous" in columns:
        wanted.append(("原等级", lambda line: label[line.previous] if line.previous else ""))
    wanted.append(("绩效等级", lambda line: label[line.grade]))
    if "managed" in columns:
        wanted.append(("备注", lambda line: f"可按照环保绩效{line.managed_as}级企业进行管理（一年内）"))
    elif "remark" in columns:
        wanted.append(("备注", _remark))
    if "point" in columns:
        wanted.append(("经度", lambda line: str(line.unit.enterprise.point[1]) if line.unit.enterprise.point else ""))
        wanted.append(("纬度", lambda line: str(line.unit.enterprise.point[0]) if line.unit.enterprise.point else ""))
    return wanted


def _former(line: Line, number: int) -> str:
    enterprise = line.unit.enterprise
    return enterprise.former_name or "" if enterprise.renamed_by == number else ""


def _remark(line: Line) -> str:
    """由B级降为C级, where it went down."""
    if line.previous is None or grades.better(line.previous, line.grade) is not True:
        return ""
    return f"由{_counted(line.previous)}降为{_counted(line.grade)}"


def _written_industry(trade: Trade, occasion: Occasion) -> str:
    """One way of writing an industry for a whole notice; some mark the local scheme here, some in the grade."""
    written = trade.written[occasion.number % len(trade.written)]
    return f"{written}（地方标准）" if trade.local and occasion.look == "industry" else written


def _written_grade(grade: str, look: str, wrapped: bool) -> str:
    """A grade as this notice writes it; `wrapped` puts the line break into it that cells of real lists have."""
    if "引领性" in grade:
        plain = grade if grade.startswith("非") or look not in ("performance", "proposed") else f"绩效{grade}"
        text = f"{plain}\n企业" if wrapped else plain
        return f"拟{plain}" if look == "proposed" else text
    return {
        "letter": grade,
        "kind": f"{grade}类",
        "proposed": f"拟{grade}级",
        "local": f"地方{grade}级",
        "industry": grade,
        "excellence": f"{grade}级（卓越级）" if grade == "A+" else f"{grade}级",
    }.get(look, f"{grade}级")
