"""How the fictional notices become files: CSV, XLSX, a web page, plain text with one cell a line.

What this module knows that no other does: where each form puts the words around the table, in which row its first line
stands (so that a correction can name it), and how to write the same bytes each time. Rows are written as they come.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import xlsxwriter

from public_site.demo.histories import Line
from public_site.demo.schedule import Occasion
from public_site.demo.wording import Cell, Head, table

# Rows of the longest table in each form; what is longer becomes a CSV.
_LONGEST = {"xlsx": 5_000, "html": 5_000, "txt": 1_000}


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the lines stand in the file, as a reader of it counts rows (in a text: lines)."""

    first: int
    step: int = 1

    def of(self, index: int) -> int:
        return self.first + index * self.step


@dataclass(frozen=True, slots=True)
class _Content:
    occasion: Occasion
    head: Head
    headings: Sequence[str]
    rows: Iterator[list[str]]

    @property
    def above(self) -> list[str]:
        head = self.head
        texts = (head.title, head.number, head.opening, head.contact, head.issuer, head.day)
        return [text for text in texts if text is not None]


def form(occasion: Occasion, rows: int) -> str:
    """The form of the file; large lists are always CSV."""
    return "csv" if rows > _LONGEST.get(occasion.form, rows) else occasion.form


def write(path: Path, occasion: Occasion, head: Head, lines: Sequence[Line]) -> Rows:
    """Write the notice; the same lines give the same bytes."""
    chosen = path.suffix.removeprefix(".")
    wrapped = chosen in ("xlsx", "html") and occasion.number % 4 == 0
    headings, cells = table(occasion, lines, ascii_brackets=chosen == "xlsx", wrapped=wrapped)
    writer = {"csv": _write_csv, "xlsx": _write_xlsx, "html": _write_html, "txt": _write_text}[chosen]
    return writer(path, _Content(occasion, head, headings, _rows(lines, cells)))


def _rows(lines: Sequence[Line], cells: Sequence[Cell]) -> Iterator[list[str]]:
    for number, line in enumerate(lines, start=1):
        yield [str(number), *[cell(line) for cell in cells]]


def _write_csv(path: Path, content: _Content) -> Rows:
    above = content.above
    with path.open("w", encoding=content.occasion.encoding or "utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([text] for text in above)
        writer.writerow(content.headings)
        writer.writerows(content.rows)
        if content.head.note:
            writer.writerow([content.head.note])
    return Rows(len(above) + 2)


def _write_xlsx(path: Path, content: _Content) -> Rows:
    above = content.above
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": datetime(*content.occasion.issued_on.timetuple()[:3], tzinfo=UTC)})
        sheet = book.add_worksheet("名单")
        number = 0
        for texts in ([[text] for text in above], [content.headings], content.rows, [[content.head.note or ""]]):
            for cells in texts:
                for column, cell in enumerate(cells):
                    if cell:
                        sheet.write_string(number, column, cell)
                number += 1
    return Rows(len(above) + 2)


def _write_html(path: Path, content: _Content) -> Rows:
    head = content.head
    title = escape(head.title)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(
            '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="ArticleTitle" content="{title}">\n<meta name="ContentSource" content="{escape(head.issuer)}">\n'
            f"<title>{title}_{escape(head.issuer)}</title>\n</head>\n<body>\n<h1>{title}</h1>\n"
        )
        file.writelines(f"<p>{escape(text)}</p>\n" for text in (head.number, head.opening, head.contact) if text)
        file.write('<table border="1">\n')
        file.write(f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in content.headings)}</tr>\n")
        for cells in content.rows:
            file.write(f"<tr>{''.join(f'<td>{_broken(cell)}</td>' for cell in cells)}</tr>\n")
        file.write("</table>\n")
        file.writelines(f"<p>{escape(text)}</p>\n" for text in (head.note, head.issuer, head.day) if text)
        file.write("</body>\n</html>\n")
    return Rows(2)


def _broken(cell: str) -> str:
    return escape(cell).replace("\n", "<br>")


def _write_text(path: Path, content: _Content) -> Rows:
    """As text extraction leaves a page: one cell a line, each followed by a bar."""
    above = [*content.above, "附件"]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{text}\n" for text in above)
        for cells in (content.headings, *content.rows):
            file.writelines(f"{cell} |\n" for cell in cells)
        if content.head.note:
            file.write(f"{content.head.note} |\n")
    return Rows(len(above) + len(content.headings) + 1, len(content.headings))
