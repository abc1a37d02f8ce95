"""From a file to a `Reading`: parse in the child process, understand the surroundings, then every row in their light.

Two passes over a spool on disk: what the rows mean depends on the date and the issuer, which may stand under the table.
All problems are gathered before anyone may go on; the rows are kept on disk and read again whenever they are asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import IO

import orjson

from public_site import grades
from public_site.notices import about as surroundings
from public_site.notices import columns, counts, excerpts, file_gate, prose, sandbox, words
from public_site.notices.about import About, Text
from public_site.notices.disk_lines import DiskLines
from public_site.notices.file_gate import Limits
from public_site.notices.grid import Cell, Unreadable
from public_site.notices.rows import Context, RowReader
from public_site.notices.values import Given, Notice, Problem, Question, Reading, Row, Scope, sheet_in_words

MOST_PROBLEMS = 1_000
_ONE_WIDTH = str.maketrans("（）", "()", " ")
_MOST_TEXTS = 4_000
_MOST_TEXT_CHARACTERS = 400_000
_EVERY = 1_000  # rows between two reports of progress

# Told how many rows are done: half of a row when it is parsed, the other half when it is understood.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """The file as it came."""

    name: str
    media_type: str
    sha256: str
    size: int


def read(
    path: Path,
    *,
    given: Given | None = None,
    today: date | None = None,
    file_name: str | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Reading:
    """Read a notice file. Never raises for what is in the file: every defect is a problem of the reading.

    `file_name` is the name the file was published under, where `path` is a temporary one; `today` bounds the date.
    """
    limits = limits or Limits()
    name = surroundings.tidy(file_name or path.name)[-200:]
    with path.open("rb") as file:
        size, sha256 = _measured(file)
        media = "application/octet-stream"
        parsed: sandbox.Spool | Unreadable
        try:
            media = file_gate.media_type(name)
            if size > limits.file_mb << 20:
                raise Unreadable(f"文件有{size / (1 << 20):.1f}MB，超过{limits.file_mb}MB。", "请分成几个文件。")
            if size == 0:
                raise Unreadable("文件是空的。", "请确认选对了文件。")
            parsed = sandbox.parsed(file, size, media, limits, progress)
        except Unreadable as fault:
            parsed = fault
    source = Source(name, media, sha256, size)
    return understood(parsed, source, given=given, today=today, progress=progress)


def understood(
    parsed: sandbox.Spool | Unreadable,
    source: Source,
    *,
    given: Given | None = None,
    today: date | None = None,
    progress: Progress | None = None,
) -> Reading:
    """The notice and the rows of what was parsed, or the one problem for which it could not be."""
    work = _Work(source, given or Given(), today, progress)
    return work.reading(parsed) if isinstance(parsed, sandbox.Spool) else work.refused(parsed)


def _measured(file: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


_values = attrgetter(*(field.name for field in fields(Row)))
_MANAGED_UNTIL = [field.name for field in fields(Row)].index("managed_until")


class KeptRows(Iterable[Row]):
    """Rows on disk, in the order of the file; each iteration reads them anew."""

    def __init__(self) -> None:
        self._lines = DiskLines()
        self.count = 0

    def add(self, row: Row) -> None:
        self._lines.write(orjson.dumps(_values(row)) + b"\n")
        self.count += 1

    def finish(self) -> None:
        self._lines.flush()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        for line in self._lines:
            values = orjson.loads(line)
            if values[_MANAGED_UNTIL]:
                values[_MANAGED_UNTIL] = date.fromisoformat(values[_MANAGED_UNTIL])
            yield Row(*values)


@dataclass(slots=True)
class _Seen:
    """What has gone by in the second pass."""

    tally: counts.Tally = field(default_factory=counts.Tally)
    units: dict[int, tuple[int, str | None, str | None]] = field(default_factory=dict)
    sheets: dict[str, None] = field(default_factory=dict)
    local: int = 0
    worse: int = 0  # downgrades and removals
    excellent_row: int | None = None
    from_prose: int = 0
    told: set[str] = field(default_factory=set)  # enterprises of the prose that a table has too


class _Work:
    def __init__(self, source: Source, given: Given, today: date | None, progress: Progress | None) -> None:
        self._source, self._given, self._today, self._progress = source, given, today, progress
        self._stem = Path(source.name).stem
        # one cell per line: a missing cell moves all that follow
        self._cells_follow = source.media_type == file_gate.MEDIA_TYPES[".txt"]
        self._problems: list[Problem] = []
        self._left_out = 0
        self._rows = KeptRows()
        self._told: dict[str, prose.Statement] = {}
        self._seen = _Seen()

    # --- the two passes

    def refused(self, fault: Unreadable) -> Reading:
        self._note(fault.sheet, fault.row, None, fault.message, fault.remedy)
        found = surroundings.about((), (None, None), self._given, self._stem)
        return self._finished(found, grades.NATIONAL_2020)

    def reading(self, spool: sandbox.Spool) -> Reading:
        texts, page, heads, rows = _surroundings(spool)
        found = surroundings.about(texts, page, self._given, self._stem)
        self._check_days(found)
        scheme = grades.scheme_for(found.issued_on, " ".join((found.title, *found.cited))).id
        told, doubts = prose.read(texts)
        self._told = {statement.name.translate(_ONE_WIDTH): statement for statement in told}
        if not heads and not told and not doubts:
            self._no_list(spool)
            return self._finished(found, scheme)
        unlisted = _title_unlists(found.title) or False
        reader = RowReader(
            Context(found.division, scheme, bool(self._given.local), found.stage, found.issued_on, unlisted)
        )
        self._read_rows(spool, found, reader, rows)
        self._read_prose(told, doubts, reader)
        if not self._rows.count and not self._problems:
            self._note(None, None, None, "表头下面没有一家企业。", "请确认选对了文件和工作表。")
        if not self._problems:  # rows left out for a defect would be missed a second time
            self._check_counts(found, texts)
        return replace(self._finished(found, scheme), excerpts=excerpts.of(spool.events(), self._problems))

    def _read_rows(self, spool: sandbox.Spool, found: About, reader: RowReader, all_rows: int) -> None:
        title = found.title if found.title != self._stem else None
        tables = columns.Tables(title, self._given.title is None, self._stem)
        done = 0
        for kind, sheet, number, cells in spool.events():
            if kind == "row":
                done += 1
                if self._progress and (done % _EVERY == 0 or done == all_rows):
                    self._progress((all_rows + done) // 2)
                table = tables.on(sheet)
                if table is not None:
                    self._row(reader, table, number, cells)
            else:
                self._beside_the_rows(tables, kind, sheet, number, cells)

    def _beside_the_rows(
        self, tables: columns.Tables, kind: str, sheet: str | None, number: int, cells: Sequence[Cell | None]
    ) -> None:
        match kind:
            case "text":
                self._note_table(sheet, number, tables.heading(str(cells[0])))
            case "head":
                self._note_table(sheet, number, tables.header(sheet, cells))
            case "part":
                tables.part(_optional(cells[0]), _optional(cells[1]))
            case "stray":
                self._note(
                    sheet, number, None, f"“{str(cells[0])[:60]}”像是名单里的一行，但上面没有表头。",
                    "请在这一段名单上方补上表头，或把它并入上面的表格。",
                )  # fmt: skip
            case "flaw":
                self._note(sheet, number or None, None, str(cells[0]), str(cells[1]))

    def _no_list(self, spool: sandbox.Spool) -> None:
        for kind, sheet, number, cells in spool.events():
            if kind == "flaw":
                self._note(sheet, number or None, None, str(cells[0]), str(cells[1]))
        if not self._problems:
            self._note(
                None, None, None, "没有找到名单：没有一行是认识的表头。",
                "表头至少要有“企业名称”和“绩效等级”，例如：序号、区县、企业名称、行业类别、绩效等级。"
                "如果打开文件看到的是乱码，请先另存为“CSV UTF-8”。",
            )  # fmt: skip

    def _read_prose(self, told: list[prose.Statement], doubts: list[prose.Doubt], reader: RowReader) -> None:
        """A row for each statement about an enterprise that no table has; the number of the row is that of the line."""
        meanings = ("name", "grade", "industry", "managed_until")
        titles = dict.fromkeys(meanings, "正文")
        for doubt in doubts:
            self._note(
                doubt.text.sheet, doubt.text.row, None, f"正文里的一句话没有读懂：{doubt.message}",
                "请另做一张表格，逐行写明企业名称、绩效等级和原等级，连同这份通知的标题、机关和日期一起收取。",
            )  # fmt: skip
        for statement in told:
            if statement.name.translate(_ONE_WIDTH) in self._seen.told:
                continue
            text = statement.text
            table = columns.Table(text.sheet, len(meanings), {m: at for at, m in enumerate(meanings)}, titles, {})
            cells = (statement.name, statement.grade, statement.industry, statement.until)
            row, wrong = reader.read(table, text.row, cells)
            for meaning, message, remedy in wrong:
                self._note(text.sheet, text.row, titles.get(meaning), message, remedy)
            if row is not None and self._is_new(row):
                row = replace(row, label=statement.words)
                self._seen.from_prose += 1
                self._rows.add(row)
                self._observe(row)
        self._rows.finish()

    def _with_prose(self, row: Row) -> Row:
        """A row of a table with what the letter around it says of the same enterprise: from which grade it came."""
        statement = self._told.get(row.name.translate(_ONE_WIDTH))
        if statement is None or statement.industry not in (None, row.industry):
            return row
        self._seen.told.add(statement.name.translate(_ONE_WIDTH))
        change = words.change_in(statement.grade)
        if (change.new and change.new != row.grade) or (change.unlisted and row.listed):
            self._note(
                row.sheet, row.row, None, f"正文第{statement.text.row}行说“{row.name}”“{statement.words}”，表格里却是“{row.label}”。",
                "请核对原件后改成一致。",
            )  # fmt: skip
        return row if row.previous_grade else replace(row, previous_grade=change.previous)

    def _row(self, reader: RowReader, table: columns.Table, number: int, cells: Sequence[Cell | None]) -> None:
        if len(cells) > table.width and any(cell not in ("", None) for cell in cells[table.width :]):
            self._note(
                table.sheet, number, None, f"这一行有{len(cells)}格，表头只有{table.width}格。",
                "请检查这一行是否多了一格，或名称里的逗号没有加引号。",
            )  # fmt: skip
            return
        if other := table.other_grade(cells):
            self._note(
                table.sheet, number, other[0] or None, f"这一列写着“{other[1]}”，但表头不是认识的等级列名。",
                "如果这一列是绩效等级，请把表头改为“绩效等级”；如果不是，请删去这一列。",
            )  # fmt: skip
            return
        row, wrong = reader.read(table, number, cells)
        reached = len(cells) >= (table.width if self._cells_follow else 1 + max(table.columns.values(), default=0))
        if not reached and (row is None or self._cells_follow):
            message = f"这一行只有{len(cells)}格，表头有{table.width}格。"
            self._note(table.sheet, number, None, message, "请检查这一行是否缺了一格。")
            return
        for meaning, message, remedy in wrong:
            self._note(table.sheet, number, table.titles.get(meaning), message, remedy)
        if row is not None and self._is_new(row):
            row = self._with_prose(row) if self._told else row
            self._rows.add(row)
            self._observe(row)

    def _is_new(self, row: Row) -> bool:
        """Whether this unit has not stood in the file before; twice is a problem, with the same grade or another."""
        key = hash((row.name.translate(_ONE_WIDTH), row.industry, row.line, row.site, row.place))
        before = self._seen.units.setdefault(key, (row.row, row.sheet, row.grade or row.managed_as))
        if before[0] == row.row and before[1] == row.sheet:
            return True
        where = f"第{before[0]}行" if before[1] == row.sheet else f"{sheet_in_words(before[1] or '')}第{before[0]}行"
        if before[2] == (row.grade or row.managed_as):
            self._note(row.sheet, row.row, None, f"“{row.name}”与{where}重复。", "请删去其中一行。")
        else:
            self._note(
                row.sheet, row.row, None, f"“{row.name}”在{where}是“{before[2]}”，在这一行是“{row.grade or row.managed_as}”。",
                "同一家企业的同一行业只能有一个等级，请核对；如果是不同的厂区或生产线，请加上“厂区”或“生产线”一列。",
            )  # fmt: skip
        return False

    def _observe(self, row: Row) -> None:
        seen = self._seen
        if row.listed and row.grade:
            seen.tally.add(row.name, row.grade, local=row.scheme == grades.LOCAL)
        if row.sheet:
            seen.sheets[row.sheet] = None
        seen.local += row.scheme == grades.LOCAL
        lowered = row.previous_grade and row.grade and grades.better(row.previous_grade, row.grade)
        seen.worse += bool(lowered) or not row.listed
        if row.grade == "A+" and seen.excellent_row is None:
            seen.excellent_row = row.row

    # --- checks of the whole

    def _check_days(self, found: About) -> None:
        for text, day in found.impossible_days:
            self._note(text.sheet, text.row or None, None, f"没有“{day}”这一天。", "请改正日期。")
        if found.issued_on and self._today and found.issued_on > self._today:
            message = f"发文日期{found.issued_on.isoformat()}在今天（{self._today.isoformat()}）之后。"
            self._note(None, None, None, message, "请核对日期。")

    def _check_counts(self, found: About, texts: list[Text]) -> None:
        for stated, rows in self._seen.tally.differences(found.stated_counts):
            where = next((text for text in texts if stated in counts.stated_in(text.text)), None)
            self._note(
                where.sheet if where else None, (where.row or None) if where else None, None,
                f"通知说“{stated.label}”有{stated.count}家，名单里却有{rows}家。",
                "请核对名单是否缺行、多行，或等级写错。",
            )  # fmt: skip

    def _note(self, sheet: str | None, row: int | None, column: str | None, message: str, remedy: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(self._source.name, sheet, row, column, message, remedy))
        else:
            self._left_out += 1

    def _note_table(self, sheet: str | None, row: int, defects: list[columns.Defect]) -> None:
        for defect in defects:
            self._note(sheet, row, defect.column, defect.message, defect.remedy)

    # --- the end

    def _finished(self, found: About, scheme: str) -> Reading:
        self._rows.finish()
        source, problems = self._source, self._problems
        if self._left_out:
            more = f"另外还有{self._left_out}处问题没有列出。"
            problems.append(Problem(source.name, None, None, None, more, "请先改正以上问题，再检查一次。"))
        all_local = self._rows.count > 0 and self._seen.local == self._rows.count
        notice = Notice(
            found.title, found.issuer, found.division, found.number, found.index_number, found.issued_on, found.stage,
            self._scope(found), grades.LOCAL if all_local else scheme, found.cited, found.stated_counts,
            found.objection_window, found.objection_until, self._given.url,
            source.name, source.media_type, source.sha256, source.size, tuple(self._seen.sheets),
            found.published_on, found.objection_from,
        )  # fmt: skip
        return Reading(
            notice, self._rows, self._rows.count, tuple(problems), tuple(self._questions(found)), tuple(found.remarks)
        )

    def _scope(self, found: About) -> Scope:
        scope = surroundings.scope(found.title, self._given)
        if scope != "increment" or self._given.scope:
            return scope
        if 0 < self._seen.worse < self._rows.count:
            return "mixed"
        return "single" if self._rows.count == 1 and self._seen.from_prose else scope

    def _questions(self, found: About) -> Iterator[Question]:
        yield from found.questions
        begun = grades.scheme(grades.NATIONAL_2026).in_force_from
        if self._seen.excellent_row and found.issued_on and begun and found.issued_on < begun:
            yield Question(
                "scheme",
                f"第{self._seen.excellent_row}行是A+级，而A+级从{begun.isoformat()}起才有，发文日期更早。请核对。",
            )
        if _title_unlists(found.title) is None:
            yield Question("scope", "标题既说评定又说取消或移出，请在“备注”一列逐行写明哪些企业被移出。")


def _title_unlists(title: str) -> bool | None:
    """Whether the notice as a whole takes enterprises off the list; None where it awards and removes at once."""
    if not re.search(r"(?:取消|撤销|移出|调出|退出|不再列入).{0,80}(?:等级|名单|资格|[A-D][+-]?[级类]|引领性)", title):
        return False
    return None if re.search(r"新增|评级结果|(?:评定|认定|调整)[^，]{0,30}(?:及|和|与|暨|、)", title) else True


def _surroundings(spool: sandbox.Spool) -> tuple[list[Text], tuple[str | None, str | None], int, int]:
    """First pass: every line outside the tables (within reason), what the page says of itself, how many headers and rows."""
    texts: list[Text] = []
    page: tuple[str | None, str | None] = (None, None)
    heads = rows = characters = 0
    for kind, sheet, number, cells in spool.events():
        if kind == "row":
            rows += 1
        elif kind == "page":
            page = (page[0] or _optional(cells[0]), page[1] or _optional(cells[1]))
        elif kind == "head":
            heads += 1
        elif kind in ("text", "stray") and len(texts) < _MOST_TEXTS and characters < _MOST_TEXT_CHARACTERS:
            text = str(cells[0])
            characters += len(text)
            texts.append(Text(sheet, number, text, heads == 0))
    return texts, page, heads, rows


def _optional(cell: Cell | None) -> str | None:
    return str(cell) if cell else None
