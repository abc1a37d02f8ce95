"""One row of cells becomes one graded unit, or the problems that keep it from being one.

Everything that repeats in a list (places, industries, labels) is worked out once per distinct text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from public_site import grades, places
from public_site.notices import codes, dates, words
from public_site.notices.about import tidy, without_contacts
from public_site.notices.columns import Table
from public_site.notices.grid import Cell
from public_site.notices.values import Row, Stage

LONGEST_NAME = 120
_NO_SIGN = frozenset({"Co", "Cn"})  # private use, unassigned
_BLANK = frozenset({"", "-", "/", "无", "—", "--", "——", "－", "／", "暂无", "\\"})
_NO_GRADE_BEFORE = frozenset({"首次", "新增", "未评级", "未定级", "无等级", "未参评", "首次评级", "新评"})
_LOCAL = re.compile(r"[\s（(〔\[]*(?:执行)?(?:地方标准|地标)[\s）)〕\]]*$")
_FORMER = re.compile(
    r"[（(]\s*(?:原名称?|原|曾用名|更名前)\s*[:：]?\s*[“\"]?"
    r"(?P<former>[^（）()“”\"]{4,80}(?:[（(][^（）()]{1,20}[）)][^（）()“”\"]{0,40})?)[”\"]?\s*[）)]\s*$"
)
_LINE = re.compile(r"(?P<name>.*(?:公司|厂|集团))[（(]?(?P<line>[^公司]{0,80}生产线.*)")


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for every row of the notice."""

    division: str | None
    scheme: str  # the national one, for rows that name no local standard
    local: bool
    stage: Stage | None
    issued_on: date | None
    unlisted: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What the cells of a row say about its grade."""

    label: grades.Label
    grade: str | None  # None where a notice only says as what the enterprise is managed
    previous: str | None
    managed_as: str | None
    term: str  # the words that may say until when
    listed: bool


Wrong = tuple[str, str, str]  # meaning of the column, message, remedy
_Located = tuple[str | None, str | None, str | None, str | None]  # province, city, county (codes), zone
_NOWHERE: _Located = (None, None, None, None)
_PLACE = ("province", "city", "county", "place")


class RowReader:
    """Reads the rows of one notice; `read` gives a row, or what is wrong with it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wrong: list[Wrong] = []
        self._located: dict[tuple[str, ...], _Located] = {}

    def read(self, table: Table, number: int, cells: Sequence[Cell | None]) -> tuple[Row | None, list[Wrong]]:
        self._wrong = []
        values = table.values(cells)
        name, former, line = self._names(values)
        remark = without_contacts(_text(values["remark"])) or None if "remark" in values else None
        standing = self._standing(table.grade, values, remark)
        written = _text(values.get("industry", ""))
        industry, local = self._industry(written, standing)
        place = tuple([_text(values[level]) if level in values else "" for level in _PLACE])
        province, city, county, zone = self._where(place)
        credit_code = self._code(values.get("credit_code", ""), "credit_code")
        permit = self._code(values.get("permit", ""), "permit")
        lat, lon = self._point(values)
        until = self._managed_until(_text(values.get("managed_until", "")), standing)
        if self._wrong or name is None or standing is None:
            return None, self._wrong
        row = Row(
            number, table.sheet, name, former, "".join(place) or None, province, city, county, zone,
            industry, line, _text(values.get("site", "")) or None, credit_code, permit,
            standing.label.verbatim, standing.grade, standing.label.scale, self._scheme(standing, local),
            standing.previous, standing.managed_as, until,
            standing.listed and not table.unlisted and not self._context.unlisted, lat, lon, remark,
        )  # fmt: skip
        return row, []

    def _note(self, meaning: str, message: str, remedy: str) -> None:
        self._wrong.append((meaning, message, remedy))

    # names

    def _names(self, values: Mapping[str, Cell]) -> tuple[str | None, str | None, str | None]:
        cell = values.get("name", "")
        name, former = tidy(str(cell)), _text(values.get("former_name", "")) or None
        line = _text(values.get("line", "")) or None
        if name in _BLANK:
            self._note("name", "企业名称是空的。", "请补上企业名称，或删去这一行。")
        elif not isinstance(cell, str) or not re.search(r"[^\W\d_]", name):
            self._note("name", f"“{name[:40]}”不像企业名称。", "请检查各列是否错位。")
        elif lost := next((sign for sign in name if sign == "\ufffd" or unicodedata.category(sign) in _NO_SIGN), None):
            self._note(
                "name",
                f"企业名称“{name[:40]}”里有无法识别的字（U+{ord(lost):04X}），可能是编码转换时丢失的生僻字。",
                "请对照原件改正。",
            )
        elif len(name) > LONGEST_NAME:
            self._note("name", f"企业名称有{len(name)}个字，超过{LONGEST_NAME}个字。", "请检查是否几格并成了一格。")
        else:
            if found := _FORMER.search(name):
                name, former = name[: found.start()].strip(), former or found["former"]
            if line is None and "生产线" in name:
                name, line = _name_and_line(name)
            return name, former, line
        return None, former, line

    # grades

    def _standing(
        self, of_table: grades.Label | None, values: Mapping[str, Cell], remark: str | None
    ) -> Standing | None:
        try:
            previous = self._previous(values.get("previous_grade", ""))
            managed_cell = _text(values.get("managed_as", ""))
        except grades.GradeFault as fault:
            self._note("previous_grade", fault.message, fault.remedy)
            return None
        try:
            standing = _standing(str(values.get("grade", "")), previous) if of_table is None else None
        except grades.GradeFault as fault:
            self._note("grade", fault.message, fault.remedy)
            return None
        if standing is None:
            assert of_table is not None
            standing = Standing(of_table, of_table.grade, previous, None, "", True)
        standing = self._with_managed(standing, managed_cell, "managed_as")
        standing = self._with_remark(standing, remark) if remark else standing
        if standing.label.proposed and self._context.stage == "decided":
            self._note(
                "grade", f"“{standing.label.verbatim}”是拟定的等级，而这份通知是已定的结果。", "请核对是公示还是公告。"
            )
        return standing

    def _previous(self, cell: Cell) -> str | None:
        text = _text(cell)
        return None if not text or text in _NO_GRADE_BEFORE else grades.read_label(text).grade

    def _with_managed(self, standing: Standing, text: str, meaning: str) -> Standing:
        if not text:
            return standing
        try:
            found = words.managed_in(text)
            managed_as = found.grade if found else grades.read_label(text).grade if meaning == "managed_as" else None
        except grades.GradeFault as fault:
            self._note(meaning, fault.message, fault.remedy)
            return standing
        if managed_as is None:
            return standing
        return replace(standing, managed_as=managed_as, term=text)

    def _with_remark(self, standing: Standing, remark: str) -> Standing:
        change = words.change_in(remark)
        if change.new and change.new != standing.grade:
            self._note(
                "remark", f"备注说等级是“{change.new}”，等级一列却是“{standing.grade}”。", "请核对原件后改成一致。"
            )
        if change.previous and standing.previous and change.previous != standing.previous:
            self._note(
                "remark",
                f"备注说原等级是“{change.previous}”，原等级一列却是“{standing.previous}”。",
                "请核对原件后改成一致。",
            )
        standing = replace(
            standing, previous=standing.previous or change.previous, listed=standing.listed and not change.unlisted
        )
        return self._with_managed(standing, remark, "remark")

    def _managed_until(self, text: str, standing: Standing | None) -> date | None:
        issued_on = self._context.issued_on
        if standing is None or standing.managed_as is None:
            return None
        try:
            until = dates.expiry(text or standing.term, issued_on)
        except dates.NoSuchDay:
            until = None
        if until is None and text and issued_on:
            self._note("managed_until", f"看不懂有效期“{text[:40]}”。", "请写成日期，例如 2025-04-24，或写“一年”。")
        return until

    def _scheme(self, standing: Standing, local: bool) -> str:
        if local:
            return grades.LOCAL
        return grades.NATIONAL_2026 if standing.grade == "A+" else self._context.scheme

    # industries

    def _industry(self, written: str, standing: Standing | None) -> tuple[str | None, bool]:
        local = self._context.local or bool(standing and standing.label.local)
        text = _LOCAL.sub("", written)
        local = local or text != written
        if not text or text in _BLANK:
            return None, local
        found = grades.industry(text, grades.LOCAL if local else grades.NATIONAL_2020)
        if not found.known and not local:
            self._note("industry", *_unknown_industry(text))
        elif standing is not None and not local and standing.grade and not found.allows(standing.grade):
            levels = "、".join(level.label for level in grades.grades() if level.label in (found.levels or ()))
            self._note(
                "grade",
                f"行业“{found.name}”没有“{standing.grade}”这个等级，只有：{levels}。",
                "请核对行业和等级是否写错。",
            )
        return found.name, local

    # places

    def _where(self, levels: tuple[str, ...]) -> _Located:
        found = self._located.get(levels)
        if found is None:
            found = self._located[levels] = _located(levels, self._context.division)
        return found

    # codes and coordinates

    def _code(self, cell: Cell, meaning: str) -> str | None:
        if cell == "":
            return None
        try:
            return codes.credit_code(cell) if meaning == "credit_code" else codes.permit(cell)
        except codes.BadCode as fault:
            self._note(meaning, fault.message, fault.remedy)
            return None

    def _point(self, values: Mapping[str, Cell]) -> tuple[float | None, float | None]:
        if "lat" not in values and "lon" not in values:
            return None, None
        try:
            lat = codes.degrees(values.get("lat", ""), "纬度", 3, 54)
            lon = codes.degrees(values.get("lon", ""), "经度", 73, 136)
        except codes.BadCode as fault:
            self._note("lat" if fault.message.startswith("纬度") else "lon", fault.message, fault.remedy)
            return None, None
        if (lat is None) != (lon is None):
            self._note("lat" if lat is None else "lon", "经度和纬度只写了一个。", "请两个都写，或都不写。")
        return lat, lon


def _text(cell: Cell) -> str:
    if cell == "":
        return ""
    if not isinstance(cell, str):
        return str(cell)
    text = tidy(cell)
    return "" if text in _BLANK else text


def _name_and_line(name: str) -> tuple[str, str | None]:
    """ "某某有限公司年产10万m³混凝土生产线（不含机制砂生产线）": the enterprise, and its line with what it excludes."""
    found = _LINE.fullmatch(name)
    if found is None:
        return name, None
    line = found["line"]
    opened = name[found.start("line") - 1] in "（("
    return found["name"], line[:-1] if opened and line.endswith(("）", ")")) else line


@lru_cache(maxsize=4096)
def _standing(text: str, previous: str | None) -> Standing:
    """What a grade cell says, with the column of the previous grade beside it.

    Raises: the faults of `grades.read_label`.
    """
    text = tidy(text)
    if text in _BLANK:
        raise grades.UnknownGrade("等级是空的。", "请写明等级：A+、A、B、B-、C、D、引领性或非引领性。")
    try:
        label = grades.read_label(text)
    except (grades.UnknownGrade, grades.AmbiguousGrade):
        return _worded(text, previous)
    if not label.managed:
        return Standing(label, label.grade, previous, None, "", True)
    return Standing(label, previous, None, label.grade, text, True)


def _worded(text: str, previous: str | None) -> Standing:
    """A grade cell with more than a label in it: "B→C", "C级（按B-级管理）", "A级（原B级）", "取消A级资格"."""
    change, managed = words.change_in(text), words.managed_in(text)
    if change.new:
        label = replace(grades.read_label(change.new), verbatim=text)
        return Standing(label, label.grade, change.previous or previous, None, "", True)
    if managed and managed.rest:
        label = replace(grades.read_label(managed.rest), verbatim=text)
        return Standing(label, label.grade, previous, managed.grade, text, True)
    if change.unlisted:
        held = change.previous or previous
        if held is None:
            raise grades.UnknownGrade(f"“{text}”没有写明原来是什么等级。", "请在“原等级”一列写明原来的等级。")
        return Standing(replace(grades.read_label(held), verbatim=text), held, None, None, "", False)
    before = re.fullmatch(r"(.+?)[（(]原[^（）()]+[）)]", text)
    if change.previous and before:
        label = replace(grades.read_label(before[1]), verbatim=text)
        return Standing(label, label.grade, change.previous, None, "", True)
    return Standing(grades.read_label(text), "", None, None, "", True)  # raises what it raised before


def _unknown_industry(text: str) -> tuple[str, str]:
    parts = [part for part in re.split(r"[、，,;；和及]", text) if part]
    if len(parts) > 1 and all(grades.industry(part).known for part in parts):
        return f"“{text[:60]}”是几个行业。", "绩效等级按行业评定，请每个行业写一行。"
    closest = grades.closest_industries(text)
    maybe = f"是否为：{'、'.join(closest)}？" if closest else ""
    return (
        f"国家评级标准里没有行业“{text[:60]}”。",
        f"{maybe}请按标准的行业名称填写；按地方标准评级的，请在行业后注明“（地方标准）”。",
    )


def _located(levels: tuple[str, ...], division: str | None) -> _Located:
    """Codes for what the place columns say; of several candidates only the levels they share; elsewhere means no code."""
    text = "".join(levels)
    if not text:
        return _NOWHERE
    found = places.find(text, division)
    if not found and division is not None:
        if places.find(text):
            return _NOWHERE  # a place outside the issuer's area: the text stays, a person decides
        broader = next((places.find("".join(levels[:end]), division) for end in (2, 1) if any(levels[:end])), ())
        found = broader or (places.place(division),)
    if not found:
        return _NOWHERE
    shared = [{level.code if level else None for level in kind} for kind in zip(*map(_levels, found), strict=True)]
    province, city, county = (codes.pop() if len(codes) == 1 else None for codes in shared)
    zones = {where.zone for where in found}
    return (
        province,
        city if province else None,
        county if city else (county if len(found) == 1 else None),
        zones.pop() if len(zones) == 1 else None,
    )


def _levels(where: places.Place) -> tuple[places.Division | None, places.Division | None, places.Division | None]:
    return where.province, where.city, where.county
