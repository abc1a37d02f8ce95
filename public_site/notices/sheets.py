"""The sheets of a workbook, whatever its format: cells merged downwards count for each row, and nothing hidden passes.

A hidden sheet, row or column with something in it is neither published nor passed over: what a reader of the notice never
saw may be an old list or the clerk's own mark, so a person must show it or delete it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from public_site.languages import N_, _
from public_site.notices.grid import Cell, Flaw, Line, Part, Piece


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    rows: Iterable[Sequence[Cell]]  # from A1 on, whatever the used area
    merged: Iterable[tuple[int, int, int]] = ()  # first row, last row, first column; from 1, 1 and 0
    hidden_rows: frozenset[int] = frozenset()  # from 1
    hidden_columns: frozenset[int] = frozenset()  # from 0
    is_hidden: bool = False


def pieces(sheet: Sheet) -> Iterator[Piece]:
    yield Part(sheet.name)
    if sheet.is_hidden:
        if any(_is_filled(cell) for cells in sheet.rows for cell in cells):
            yield Flaw(
                sheet.name,
                0,
                _("这个工作表是隐藏的，但里面有内容。"),
                _("请取消隐藏并核对，或删除它，再重新保存文件。"),
            )
        return
    in_hidden_columns: set[int] = set()
    hidden: list[int] = []
    for number, cells in _filled_down(sheet):
        in_hidden_columns.update(at for at in sheet.hidden_columns if at < len(cells) and _is_filled(cells[at]))
        if number in sheet.hidden_rows:
            hidden += [number] if any(map(_is_filled, cells)) else []
        else:
            yield Line(sheet.name, number, tuple(cells))
    yield from _flaws(sheet.name, hidden, sorted(in_hidden_columns))


def _flaws(name: str, rows: Sequence[int], columns: Sequence[int]) -> Iterator[Flaw]:
    for first, last in _runs(rows):
        which = (
            N_("第{first}行到第{last}行是隐藏的，但里面有内容。")
            if last > first
            else N_("这一行是隐藏的，但里面有内容。")
        )
        remedy = _("请清除筛选、取消隐藏并核对，或删除它，再重新保存文件。")
        yield Flaw(name, first, _(which, first=first, last=last), remedy)
    for first, last in _runs(columns):
        which = (
            N_("{first}列到{last}列是隐藏的，但里面有内容。")
            if last > first
            else N_("{first}列是隐藏的，但里面有内容。")
        )
        remedy = _("请取消隐藏并核对，或删除它，再重新保存文件。")
        yield Flaw(name, 0, _(which, first=letters(first), last=letters(last)), remedy)


def _filled_down(sheet: Sheet) -> Iterator[tuple[int, list[Cell]]]:
    beginning: dict[int, list[tuple[int, int]]] = {}
    for first, last, column in sheet.merged:
        if last > first:
            beginning.setdefault(first, []).append((column, last))
    reaching: dict[int, tuple[int, Cell]] = {}  # column → last row it reaches, what stands in its first cell
    for number, values in enumerate(sheet.rows, start=1):
        cells = list(values)
        for column, (last, cell) in list(reaching.items()):
            if number > last:
                del reaching[column]
            elif column < len(cells) and cells[column] == "":
                cells[column] = cell
        for column, last in beginning.get(number, ()):
            if column < len(cells):
                reaching[column] = (last, cells[column])
        yield number, cells


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers in order as first and last of each unbroken run."""
    first = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            yield numbers[first], number
            first = at + 1


def letters(column: int) -> str:
    """A column as a spreadsheet names it: 0 is A, 26 is AA."""
    before, last = divmod(column, 26)
    return (letters(before - 1) if before else "") + chr(65 + last)


def _is_filled(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())
