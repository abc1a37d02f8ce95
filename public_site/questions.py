"""What a caller's list asks: which enterprises, row by row, whatever the order of its columns.

What this module knows that no other does: the headings a bank's list may bear, that a list without headings is still one
when its cells are plainly codes and names, and that a cell which cannot be what its column says is not repaired but
refused in words. Files pass the same gate as notices; a workbook is parsed in the same limited child process.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from public_site import garbage
from public_site.faults import NotValid
from public_site.languages import N_, _, retold
from public_site.notices import Limits, csv_file, file_gate, headers, sandbox
from public_site.notices.grid import Cell

MOST_QUESTIONS = 10_000
_LONGEST = 200
COLUMN = N_("第{number}列")  # what a column without a heading is called, also in downloads
_HEADINGS = {
    "code": "统一社会信用代码 信用代码 社会信用代码 统一信用代码 组织代码 企业代码 证件号码 代码 code credit_code uscc",
    "name": "企业名称 单位名称 公司名称 客户名称 借款人 借款人名称 申请人 名称 企业 单位 客户 name enterprise company",
    "region": "所在地 地区 区域 省市 省份 省 地市 城市 市 区县 县区 县 注册地 place region province city county",
    "ref": "序号 编号 行号 客户号 客户编号 合同号 ref id no",
}
_MEANING = {headers.plain(name).lower(): meaning for meaning, names in _HEADINGS.items() for name in names.split()}
_LIKE_A_CODE = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]{15,20}|\d(\.\d+)?[Ee]\+?\d+")


class ListRefused(NotValid):
    """The list as a whole cannot be understood, or is too long."""


@dataclass(frozen=True, slots=True)
class Question:
    """One row: who is meant, as the caller wrote it. `row` is the line of the caller's file."""

    ref: str
    row: int
    code: Cell | None
    name: str | None
    region: str | None

    def said(self) -> dict[str, str | None]:
        """What is asked, as receipts repeat it."""
        return {"code": None if self.code is None else str(self.code), "name": self.name, "region": self.region}


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as it was understood: which column was taken for what, and the caller's own cells for the answer."""

    questions: tuple[Question, ...]
    columns: tuple[tuple[str, str], ...]  # (meaning, heading or the column's letter)
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0  # empty lines


def of_file(data: bytes, file_name: str, limits: Limits | None = None) -> Asked:
    """A CSV, TSV, TXT or XLSX file. Raises: ListRefused; grid.Unreadable with the reason in words."""
    limits = limits or Limits(file_mb=10, seconds=30.0, cells=2_000_000)
    media = file_gate.media_type(file_name)
    if media not in {file_gate.MEDIA_TYPES[ending] for ending in (".csv", ".tsv", ".txt", ".xlsx")}:
        raise ListRefused(_("名单应为 XLSX 或 CSV 文件。请用 Excel 或 WPS 另存后再试。"))
    if media == file_gate.MEDIA_TYPES[".xlsx"]:
        with tempfile.TemporaryFile() as file:  # without a name: nothing of the list stays behind
            file.write(data)
            file.flush()
            return of_rows(_sheet(file, len(data), media, limits))
    file_gate.check(data, media, limits)
    return of_rows((line.number, line.cells) for line in csv_file.lines(data))


def of_text(pasted: str) -> Asked:
    """Lines pasted from a spreadsheet (tabs), a CSV, or a plain list of one name or code a line. Raises: ListRefused."""
    delimiter = "\t" if "\t" in pasted else "," if "," in pasted else "，" if "，" in pasted else "\t"
    try:
        rows = list(csv.reader(io.StringIO(pasted, newline=""), delimiter=delimiter))
    except csv.Error:
        raise ListRefused(_("引号不成对，无法分清各列。请每行写一家企业的代码或名称。")) from None
    return of_rows((at, tuple(row)) for at, row in enumerate(rows, 1))


@garbage.left_alone()
def of_rows(rows: Iterable[tuple[int, Sequence[Cell | None]]]) -> Asked:
    """Numbered rows of cells. Raises: ListRefused."""
    filled: list[tuple[int, tuple[Cell, ...]]] = []
    left_out = 0
    for number, cells in rows:
        told = tuple("" if cell is None else cell for cell in cells)
        if any(not isinstance(cell, str) or cell.strip() for cell in told):
            filled.append((number, told))
        else:
            left_out += 1
        if len(filled) > MOST_QUESTIONS + 1:
            raise ListRefused(_("名单超过 {most} 行。请分成几份。", most=f"{MOST_QUESTIONS:,}"))
    if not filled:
        raise ListRefused(_("名单是空的。请每行写一家企业的统一社会信用代码、名称，或两者。"))
    header, columns = _columns(filled)
    body = filled[1:] if header else filled
    if not body:
        raise ListRefused(_("名单只有表头，没有企业。"))
    if len(body) > MOST_QUESTIONS:
        raise ListRefused(_("名单超过 {most} 行。请分成几份。", most=f"{MOST_QUESTIONS:,}"))
    width = max(len(cells) for _row, cells in filled)
    names = tuple(str(header[at]).strip() if at < len(header) else "" for at in range(width))
    names = tuple(name or COLUMN.format(number=at + 1) for at, name in enumerate(names))
    questions = tuple(_question(number, cells, columns) for number, cells in body)
    kept = tuple(tuple(str(cells[at]) if at < len(cells) else "" for at in range(width)) for _, cells in body)
    meant = tuple((meaning, names[at]) for at, meaning in sorted(columns.items()))
    return Asked(questions, meant, names, kept, left_out)


def _sheet(file: IO[bytes], size: int, media: str, limits: Limits) -> Iterable[tuple[int, Sequence[Cell | None]]]:
    """The rows of a workbook's first sheet that has any."""
    first = None
    for kind, sheet, number, cells in sandbox.parsed(file, size, media, limits, as_cells=True).events():
        if kind == "flaw":
            message, remedy = retold(str(cells[0])), retold(str(cells[1]))
            where = N_("{sheet}第 {row} 行：{message}{remedy}") if sheet else N_("第 {row} 行：{message}{remedy}")
            raise ListRefused(_(where, sheet=sheet, row=number, message=message, remedy=remedy))
        if kind != "row":
            continue
        if first is None and any(str(cell or "").strip() for cell in cells):
            first = sheet
        if sheet == first:
            yield number, cells
        elif any(str(cell or "").strip() for cell in cells):
            raise ListRefused(_("工作簿里不止一张表有内容。为免漏查，请只留下名单那一张。"))


def _columns(filled: Sequence[tuple[int, tuple[Cell, ...]]]) -> tuple[tuple[Cell, ...], dict[int, str]]:
    """The header (empty where there is none) and what each column means."""
    first = filled[0][1]
    found: dict[int, str] = {}
    for at, cell in enumerate(first):
        meaning = _MEANING.get(headers.plain(str(cell)).lower())
        if meaning == "region" or (meaning and meaning not in found.values()):
            found[at] = meaning
    if {"code", "name"} & set(found.values()):
        return first, found
    if found:
        raise ListRefused(_("表头里没有“统一社会信用代码”，也没有“企业名称”。请至少有其中一列。"))
    for at in range(max(len(cells) for _row, cells in filled)):
        cells = [str(row[at]).strip() for _, row in filled if at < len(row) and str(row[at]).strip()]
        codes = sum(1 for cell in cells if _LIKE_A_CODE.fullmatch("".join(cell.split())))
        if cells and 2 * codes > len(cells):
            found.setdefault(at, "code")
        elif cells and sum(1 for cell in cells if re.search(r"[\u4e00-\u9fff]{4}", cell)) * 2 > len(cells):
            found.setdefault(at, "name")
    meanings = list(found.values())
    if not meanings or len(meanings) != len(set(meanings)):
        raise ListRefused(
            _("看不出哪一列是代码、哪一列是名称。请在第一行写上表头：统一社会信用代码、企业名称、所在地。")
        )
    return (), found


def _question(number: int, cells: tuple[Cell, ...], columns: dict[int, str]) -> Question:
    said: dict[str, Cell] = {}
    regions = []
    for at, meaning in sorted(columns.items()):
        cell = cells[at] if at < len(cells) else ""
        if isinstance(cell, str):
            cell = cell.strip()[:_LONGEST]
        if meaning == "region":
            regions.append(str(cell))
        elif str(cell):
            said[meaning] = cell
    name = said.get("name")
    return Question(
        str(number), number, said.get("code"), None if name is None else str(name), "".join(regions) or None
    )
