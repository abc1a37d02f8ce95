"""Workbooks and Word documents: what they hide is pointed out, and what a reader sees is read, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx.oxml import parse_xml

from public_site import notices
from tests.notices.reading_desk import grades, read, xlsx_bytes
from tests.samples import shapes, writers
from tests.samples.writers import Sheet

GRID = (
    shapes.HEADER,
    (1, "涪陵区", "重庆演示一有限公司", "铸造", "B"),
    (2, "永川区", "重庆演示二有限公司", "铸造", "C"),
)
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def reading(folder: Path, name: str, data: bytes) -> notices.Reading:
    path = folder / name
    path.write_bytes(data)
    return read(path)


def said(found: notices.Reading) -> str:
    return "".join(str(problem) for problem in found.problems)


def changed_sheet(old: bytes, new: bytes) -> bytes:
    def change(name: str, part: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return part
        assert old in part
        return part.replace(old, new)

    return writers.rezipped(writers.xlsx(Sheet(GRID)), change)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b'<row r="2"', b'<row hidden="true" r="2"', "第2行"),
        (b'<row r="3"', b'<row ht="0" customHeight="1" r="3"', "第3行"),
        (b"<sheetFormatPr ", b'<sheetFormatPr zeroHeight="1" ', "第1行到第3行"),
        (b"<sheetData>", b'<cols><col min="3" max="4" width="0" customWidth="1"/></cols><sheetData>', "C列到D列"),
        (b"<sheetData>", b'<cols><col min="5" max="16384" hidden="&#49;"/></cols><sheetData>', "E列"),
    ],
)
def test_every_way_of_hiding_a_row_or_column_is_seen(tmp_path: Path, old: bytes, new: bytes, where: str) -> None:
    assert f"{where}是隐藏的" in said(reading(tmp_path, "list.xlsx", changed_sheet(old, new))).replace("这一行", where)


def test_what_is_hidden_but_empty_is_of_no_interest(tmp_path: Path) -> None:
    columns = b'<cols><col min="9" max="16384" hidden="1"/></cols><sheetData>'
    found = reading(tmp_path, "list.xlsx", changed_sheet(b"<sheetData>", columns))
    assert grades(found.accepted()) == [("B", "national-2020"), ("C", "national-2020")]


def test_every_hidden_spot_is_told_at_once(tmp_path: Path) -> None:
    sheets = Sheet(GRID), Sheet(GRID, name="二", hidden="row 1"), Sheet(GRID, name="三", hidden="sheet")
    found = reading(tmp_path, "list.xls", writers.xls(*sheets))
    assert [problem.sheet for problem in found.problems if "隐藏" in problem.message] == ["二", "三"]


def test_a_note_of_one_sheet_gives_no_grade_to_another(tmp_path: Path) -> None:
    sheets = Sheet(GRID, under=("本表为A级企业名单",)), Sheet(tuple(row[:-1] for row in GRID), name="二")
    assert "也没有写明等级" in said(reading(tmp_path, "list.xlsx", writers.xlsx(*sheets)))


def test_numbers_may_be_written_as_text_and_text_as_numbers(tmp_path: Path) -> None:
    grid = [(str(cell) if isinstance(cell, int) else cell for cell in row) for row in GRID]
    data = xlsx_bytes([[*row] for row in grid])
    assert reading(tmp_path, "list.xlsx", data).accepted().row_count == 2


def added(place: str, xml: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        element = parse_xml(xml)
        if place == "body":
            document.element.body.insert(0, element)
        else:
            document.tables[0].cell(1, 4).paragraphs[0]._p.append(element)

    return change


def test_a_content_control_is_text_like_any_other(tmp_path: Path) -> None:
    title = "重庆市生态环境局关于2024年演示绩效评级结果的公告"
    control = f"<w:sdt {_W}><w:sdtContent><w:p><w:r><w:t>{title}</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    data = writers.word(Sheet(GRID), change=added("body", control))
    assert reading(tmp_path, "list.docx", data).notice.title == title


def test_a_grade_in_a_content_control_counts(tmp_path: Path) -> None:
    control = f"<w:sdt {_W}><w:sdtContent><w:r><w:t>-</w:t></w:r></w:sdtContent></w:sdt>"
    data = writers.word(Sheet(GRID), change=added("cell", control))
    assert grades(reading(tmp_path, "list.docx", data).accepted())[0] == ("B-", "national-2020")


def test_a_table_inside_a_layout_table_is_found(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        inner = document.tables[0]
        outer = document.add_table(rows=1, cols=1)
        outer.cell(0, 0)._tc.insert(0, inner._tbl)

    assert reading(tmp_path, "list.docx", writers.word(Sheet(GRID), change=change)).accepted().row_count == 2


def test_a_hidden_row_of_a_document_is_pointed_out(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        row = document.tables[0].rows[1]._tr
        row.get_or_add_trPr().append(parse_xml(f"<w:hidden {_W}/>"))

    assert "隐藏" in said(reading(tmp_path, "list.docx", writers.word(Sheet(GRID), change=change)))
