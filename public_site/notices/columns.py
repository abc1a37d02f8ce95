"""Which column of a table is which, and what the table says as a whole: the grade where no column has it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from public_site import grades
from public_site.notices import headers, words
from public_site.notices.grid import Cell

_HEADING = re.compile(r"^\s*(?:[（(]?[一二三四五六七八九十\d]+[)）]?[、.．]|附[件表])|(?:名单|企业|生产线)[:：]?\s*$")
_USUAL = {"name": "企业名称", "grade": "绩效等级"}


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a table as a whole, before its first row is read."""

    message: str
    remedy: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    sheet: str | None
    width: int
    columns: dict[str, int]  # meaning → index
    titles: dict[str, str]  # meaning → header as written
    unknown: dict[int, str]  # index → header as written, of columns that mean nothing known
    unlisted: bool = False  # the heading above says that these are no longer listed
    grade: grades.Label | None = None  # from sheet name, heading, title or file name, where there is no column

    def values(self, cells: Sequence[Cell | None]) -> dict[str, Cell]:
        """What a row's cells mean; columns it does not reach, or leaves empty, are left out."""
        width = len(cells)
        return {
            meaning: cell
            for meaning, at in self.columns.items()
            if at < width and (cell := cells[at]) is not None and cell != ""
        }

    def other_grade(self, cells: Sequence[Cell | None]) -> tuple[str, str] | None:
        """Header and cell of a column of unknown meaning that gives a grade, where the table's own is from elsewhere.

        The header may be mistyped, or a name that nobody has taught: then the title's grade would hide the row's own.
        """
        if self.grade is None:
            return None
        for at, written in self.unknown.items():
            cell = cells[at] if at < len(cells) else None
            if isinstance(cell, str) and 0 < len(cell) <= 30:
                try:
                    if grades.read_label(cell).grade != self.grade.grade:
                        return written, cell
                except grades.AmbiguousGrade:
                    return written, cell
                except grades.GradeFault:
                    continue
        return None


def table(
    sheet: str | None, header: Sequence[Cell | None], sources: Sequence[str | None]
) -> tuple[Table, list[Defect]]:
    """The table under a header; `sources` are the texts that may name its grade, nearest first."""
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    unknown: dict[int, str] = {}
    defects: list[Defect] = []
    for at, cell in enumerate(header):
        meaning = headers.meaning(cell) if isinstance(cell, str) and cell.strip() else None
        written = headers.plain(str(cell)) if cell is not None else ""
        if meaning is None:
            unknown[at] = written
        if meaning is None or meaning == "personal":
            continue
        if meaning not in columns:
            columns[meaning], titles[meaning] = at, written
        elif meaning != "number" and not (meaning == "name" and written == "单位"):
            defects.append(
                Defect(f"“{titles[meaning]}”和“{written}”两列意思相同，不知道以哪一列为准。", "请只保留一列。", written)
            )
    if "name" not in columns:
        defects.append(
            Defect("表头里没有“企业名称”一列。", "请补上这一列，或把相应的表头改为“企业名称”。", _USUAL["name"])
        )
    found: grades.Label | None = None
    if "grade" not in columns:
        try:
            found = _grade_from(sources)
        except grades.GradeFault as fault:
            defects.append(Defect(fault.message, fault.remedy, _USUAL["grade"]))
        else:
            if found is None:
                defects.append(
                    Defect(
                        "没有“绩效等级”一列，工作表名、表格上方的文字、标题和文件名里也没有写明等级。",
                        "请补上“绩效等级”一列，逐行写明等级。",
                        _USUAL["grade"],
                    )
                )
    return Table(sheet, len(header), columns, titles, unknown, False, found), defects


def _grade_from(sources: Sequence[str | None]) -> grades.Label | None:
    for source in sources:
        label = words.grade_in(source) if source else None
        if label is not None:
            return label
    return None


class Tables:
    """Follows headings and headers down a file, so that every row is read under its own table."""

    def __init__(self, title: str | None, title_is_in_file: bool, stem: str) -> None:
        self._above: deque[str] = deque(maxlen=12)
        self._title = title
        self._notice_sources = _usable(title, title_is_in_file, stem)
        self._sheet: str | None = None
        self.current: Table | None = None  # None also where the table cannot be understood: its rows are passed over

    def part(self, sheet: str | None, file: str | None) -> None:
        """A sheet or an attachment begins: what stood in another one says nothing of the lists in this one."""
        self.current, self._sheet = None, sheet
        self._above.clear()
        if file is not None:
            self._notice_sources = _usable(self._title, False, file)

    def heading(self, text: str) -> list[Defect]:
        """A line outside or between the rows; a heading between rows changes what holds for those that follow."""
        self._above.append(text)
        if self.current is None or not _HEADING.search(text) or len(text) > 60:
            return []
        self.current = replace(self.current, unlisted=words.speaks_of_unlisting(text))
        if self.current.grade is None:
            return []
        try:
            label = words.grade_in(text)
        except grades.GradeFault as fault:
            self.current = None
            return [Defect(fault.message, fault.remedy, _USUAL["grade"])]
        self.current = replace(self.current, grade=label or self.current.grade)
        return []

    def on(self, sheet: str | None) -> Table | None:
        """The table that a row stands in; it may run on over the next page."""
        if self.current is not None and self.current.sheet != sheet:
            self.current = replace(self.current, sheet=sheet)
        return self.current

    def header(self, sheet: str | None, cells: Sequence[Cell | None]) -> list[Defect]:
        """A header: the table that begins here."""
        near = [text for text in reversed(self._above) if len(text) <= 80 and "。" not in text]
        found, defects = table(sheet, cells, (self._sheet, *near, *self._notice_sources))
        unlisted = any(words.speaks_of_unlisting(text) for text in near[:1])
        self.current = None if defects else replace(found, unlisted=unlisted)
        self._above.clear()
        return defects


def _usable(title: str | None, title_is_in_file: bool, stem: str) -> tuple[str | None, ...]:
    """Title and file name as sources. The title of a whole notice may name several grades where this file's name has one:
    the title is then not the list's own, but given by hand or written in another attachment.
    """
    if title is None or title_is_in_file:
        return (title, stem)
    try:
        words.grade_in(title)
    except grades.AmbiguousGrade:
        try:
            label = words.grade_in(stem)
        except grades.GradeFault:
            label = None
        doubtful = label is None or (label.grade in ("B", "B-") and "含B-" in words.plain(title))
        return (title,) if doubtful else (stem,)
    except grades.GradeFault:
        return (title,)
    return (title, stem)
