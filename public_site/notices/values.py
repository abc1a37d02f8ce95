"""What a notice says, as values: the notice itself, its rows, what is wrong with it and what a person must still add."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from public_site.faults import NotValid

Stage = Literal["proposed", "decided"]
Scope = Literal["snapshot", "increment", "single", "mixed"]


def sheet_in_words(sheet: str) -> str:
    """A worksheet by its name; a page, a page's table or an attachment as what it is."""
    if re.fullmatch(r"第\d+(?:页|个表格)", sheet):
        return sheet
    return f"附件“{sheet}”" if re.search(r"\.[A-Za-z]{3,5}(?:：|$)", sheet) else f"工作表“{sheet}”"


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect: where it stands, what is wrong, and what the clerk can do about it."""

    file: str
    sheet: str | None
    row: int | None
    column: str | None
    message: str
    remedy: str

    def __str__(self) -> str:
        place = "，".join(
            part
            for part in (
                self.file,
                sheet_in_words(self.sheet) if self.sheet else "",
                f"第{self.row}行" if self.row else "",
                f"“{self.column}”列" if self.column else "",
            )
            if part
        )
        return f"{place}：{self.message}{self.remedy}"


class NoticeRejected(NotValid):
    """A notice that must not be taken in; every problem found is here, none was passed over."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Question:
    """Something the file does not say and a person must add before it can be published."""

    about: str  # "title", "issuer", "issued_on", "index_number", "stage", "scope", "scheme"
    message: str


@dataclass(frozen=True, slots=True)
class Given:
    """What the person who takes the file in says about it; it goes before what the file says."""

    title: str | None = None
    issuer: str | None = None
    issued_on: date | None = None
    number: str | None = None
    index_number: str | None = None
    stage: Stage | None = None
    scope: Scope | None = None
    local: bool | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class StatedCount:
    """ "地方标准A级企业2家": label 地方标准A级, grade A, local, count 2."""

    label: str
    grade: str | None  # None where the label covers several: "B级(含B-)"
    local: bool
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    row: int
    sheet: str | None
    name: str
    former_name: str | None
    place: str | None  # as written
    province: str | None  # codes
    city: str | None
    county: str | None
    zone: str | None
    industry: str | None
    line: str | None
    site: str | None
    credit_code: str | None
    permit: str | None
    label: str  # as written
    grade: str | None  # None where the notice only says as what the enterprise is managed
    scale: str
    scheme: str
    previous_grade: str | None
    managed_as: str | None
    managed_until: date | None
    listed: bool
    lat: float | None
    lon: float | None
    remark: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    title: str
    issuer: str | None
    division: str | None
    number: str | None
    index_number: str | None
    issued_on: date | None  # 成文: the day it takes effect
    stage: Stage | None  # None only together with a question about it
    scope: Scope
    scheme: str
    cited: tuple[str, ...]
    stated_counts: tuple[StatedCount, ...]
    objection_window: str | None
    objection_until: date | None
    url: str | None
    file_name: str
    media_type: str
    sha256: str
    size: int
    sheets: tuple[str, ...]
    published_on: date | None = None  # 发布, where the text gives it
    objection_from: date | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A row that a problem names, as it stands in the file: (header, cell) from left to right."""

    sheet: str | None
    row: int
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file gave. Rows may be many: they are streamed from disk each time they are iterated."""

    notice: Notice
    rows: Iterable[Row]
    row_count: int
    problems: tuple[Problem, ...]
    questions: tuple[Question, ...]
    remarks: tuple[str, ...] = ()  # what could not be worked out and need not be, said to whoever approves
    excerpts: tuple[Excerpt, ...] = ()

    def accepted(self) -> Reading:
        """This reading, or `NoticeRejected` with every problem."""
        if self.problems:
            raise NoticeRejected(self.problems)
        return self
