"""Untrusted bytes: bombs, sparse sheets, macros, crashes and endless work end in a sentence, not in a broken machine."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from public_site import notices
from public_site.notices import Limits
from tests.notices.reading_desk import HEADER, TODAY, grades, read, workbook_bytes, xlsx_bytes
from tests.samples import writers

GOOD = xlsx_bytes([HEADER, ("1", "涪陵区", "重庆演示一有限公司", "铸造", "B")])


def messages(path: Path, limits: Limits | None = None) -> str:
    found = notices.read(path, today=TODAY, limits=limits)
    assert found.row_count == 0
    return "".join(problem.message for problem in found.problems)


def rebuilt(path: Path, change: Callable[[str, bytes], tuple[str, bytes]], *more: tuple[str, bytes]) -> Path:
    """The good workbook with its parts changed and others added."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))
        for name, data in more:
            new.writestr(name, data)
    return path


def children() -> set[str]:
    """The processes this one has started and not yet seen the end of."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def same(name: str, data: bytes) -> tuple[str, bytes]:
    return name, data


def test_a_small_file_with_a_cell_in_the_last_corner_is_refused(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "企业名称")
        sheet.write(1048575, 16383, "x")

    path = tmp_path / "sparse.xlsx"
    path.write_bytes(workbook_bytes(fill))
    assert path.stat().st_size < 6_000
    assert "第1048576行、第16384列" in messages(path)


@pytest.mark.parametrize(
    "reference", [b'r="XFD1048576"', b"r\n=\n'XFD1048576'", b'r="xfd1048576"', b'r="&#88;FD1048576"']
)
def test_a_corner_cell_written_in_another_way_is_refused_too(tmp_path: Path, reference: bytes) -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data.replace(b'r="C2"', reference)

    assert "工作" in messages(rebuilt(tmp_path / "list.xlsx", change)) or "文件太大" in messages(tmp_path / "list.xlsx")


def test_a_sheet_hidden_under_another_path_still_meets_the_memory_limit(tmp_path: Path) -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        moved = data.replace(b"worksheets/", b"sheets/").replace(b'r="C2"', b'r="XFD1048576"')
        return name.replace("worksheets/", "sheets/"), moved

    assert "内存" in messages(rebuilt(tmp_path / "list.xlsx", change))


def test_a_zip_bomb_is_stopped_while_inflating(tmp_path: Path) -> None:
    path = rebuilt(tmp_path / "bomb.xlsx", same, ("xl/media/image1.xml", b" " * 60_000_000))
    assert path.stat().st_size < 100_000
    assert "远远超过" in messages(path)


def test_the_inflated_size_is_bounded_in_all(tmp_path: Path) -> None:
    path = rebuilt(tmp_path / "list.xlsx", same, ("xl/extra.xml", b"<a/>" * 500_000))
    assert "远远超过" in messages(path, Limits(inflated_mb=1))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("xl/vbaProject.bin", b"x", "宏"), ("xl/externalLinks/externalLink1.xml", b"<a/>", "外部链接"), ("xl/embeddings/a.xlsx", b"x", "嵌有"),
        ("xl/media/image1.png", b"PK\x03\x04", "嵌有"), ("../../etc/passwd", b"x", "路径"), ("xl/a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", "结构"),
    ],
)  # fmt: skip
def test_workbooks_with_something_else_inside_are_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    assert said in messages(rebuilt(tmp_path / "list.xlsx", same, (name, data)))


def test_other_files_under_a_workbook_s_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    for data in (b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"%PDF-1.7", b"a,b\n", GOOD[:-30], GOOD[:300]):
        path.write_bytes(data)
        assert messages(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "不是 XLSX" in messages(path)


def test_a_number_typed_credit_code_in_a_workbook_is_refused_with_that_reason(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("A级")
        sheet.write_row(0, 0, ["企业名称", "统一社会信用代码"])
        sheet.write_row(1, 0, ["演示有限公司", 911302307808371268])

    path = tmp_path / "list.xlsx"
    path.write_bytes(workbook_bytes(fill))
    (problem,) = read(path).problems
    assert (problem.sheet, problem.row, problem.column) == ("A级", 2, "统一社会信用代码")
    assert "当成了数字" in problem.message


def test_title_rows_merged_cells_notes_and_several_sheets_are_understood(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for grade in ("A级", "引领性"):
            sheet = book.add_worksheet(f"附件 {grade}")
            sheet.merge_range(0, 0, 0, 3, "重庆市生态环境局关于2024年第一批绩效评级结果的公告")
            sheet.write_row(2, 1, ["序号", "区 县", "企业\n名称", "行业类别"])
            sheet.write_row(3, 1, [1, "", f"重庆演示{grade}一有限公司", "耐火材料"])
            sheet.write_row(4, 1, [2, "", f"重庆演示{grade}二有限公司", "耐火材料"])
            sheet.merge_range(3, 2, 4, 2, "涪陵区")
            sheet.write(5, 1, "注：按拼音排列。")

    path = tmp_path / "list.xlsx"
    path.write_bytes(workbook_bytes(fill))
    found = read(path).accepted()
    assert [(row.sheet, row.row, row.grade, row.county) for row in found.rows] == [
        ("附件 A级", 4, "A", "500102"),
        ("附件 A级", 5, "A", "500102"),
        ("附件 引领性", 4, "引领性", "500102"),
        ("附件 引领性", 5, "引领性", "500102"),
    ]
    assert found.notice.sheets == ("附件 A级", "附件 引领性")


def test_a_hidden_sheet_with_rows_is_pointed_out(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for name in ("名单", "旧"):
            book.add_worksheet(name).write_column(0, 0, ["企业名称", "演示有限公司"])
        book.get_worksheet_by_name("旧").hide()

    path = tmp_path / "A级.xlsx"
    path.write_bytes(workbook_bytes(fill))
    (problem,) = read(path).problems
    assert (problem.sheet, problem.row) == ("旧", None)
    assert "隐藏" in problem.message


def test_a_file_over_the_size_limit_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"x" * (1 << 20) + b"y")
    assert "超过1MB" in messages(path, Limits(file_mb=1))


def test_work_without_end_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("企业名称,绩效等级\n" + "演示有限公司,B\n" * 400_000, encoding="utf-8")
    before = children()
    assert "还没有读完" in messages(path, Limits(seconds=0.3))
    assert children() <= before


def test_memory_beyond_the_limit_ends_in_words(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<table><tr><td>企业名称</td></tr>" + "<tr><td>x</td></tr>" * 300_000, encoding="utf-8")
    assert "内存" in messages(path, Limits(memory_mb=90))


def test_deeply_nested_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<div>" * 5_000 + "企业名称", encoding="utf-8")
    assert "太深" in messages(path)


def test_wide_rows_and_endless_cells_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("企业名称,绩效等级\n" + "," * 500, encoding="utf-8")
    assert "200列" in messages(path)
    path.write_text("企业名称,绩效等级\n" + "长" * 9_000 + ",B\n", encoding="utf-8")
    assert "8000" in messages(path)


ATTEMPTS = (
    "__import__('socket').socket()",
    "__import__('subprocess').run(['true'])",
    "__import__('os').system('true')",
    "open('x', 'w')",
    "__import__('os').open('x', 65)",
    "__import__('os').fork()",
    "__import__('pickle').loads(b'cos\\nsystem\\n.')",
)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_child_can_reach_no_network_start_nothing_and_write_nothing(tmp_path: Path, attempt: str) -> None:
    """Whatever a parser is tricked into is refused, and the package is found wherever the child is started."""
    package = Path(notices.__file__).parents[2]
    code = f"""
import sys; sys.path.append({str(package)!r})
from public_site.notices import child, csv_file, docx_file, html_page, pdf_file, xls_file, xlsx_file, zip_file
from public_site.notices.file_gate import Limits
child.limit(1 << 30, 10); sys.addaudithook(child._refuse)
try: {attempt}
except PermissionError as fault: print("refused", fault)
"""
    ran = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout.startswith("refused"), ran.stderr


def test_a_page_that_unpacks_without_end_meets_the_memory_limit(tmp_path: Path) -> None:
    path = tmp_path / "list.pdf"
    bomb = zlib.compress(b" " * 600_000_000, 9)
    head = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj "
    page = b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj "
    stream = b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\n" % (len(bomb), bomb)
    path.write_bytes(head + page + stream + b"trailer<</Root 1 0 R>>\n%%EOF")
    assert "内存" in messages(path)


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.pdf"
    path.write_bytes(
        writers.pdf_of([part for _ in range(401) for part in (writers.page_break(), *writers.paragraphs("x"))])
    )
    assert "超过400页" in messages(path)


def test_progress_is_told_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("企业名称,绩效等级\n" + "".join(f"演示{at}有限公司,B\n" for at in range(2_500)), encoding="utf-8")
    told: list[int] = []
    found = notices.read(path, progress=told.append)
    assert told == sorted(told)
    assert [told[0], told[-1]] == [0, 2_500]
    assert 500 in told  # while the child still reads
    assert len(grades(found)) == 2_500


def test_the_published_file_name_counts_where_the_path_is_temporary(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_text("企业名称,行业\n演示有限公司,铸造\n", encoding="utf-8")
    found = notices.read(path, file_name="2024年A级企业名单.csv")
    assert grades(found) == [("A", "national-2020")]
    assert found.notice.file_name == "2024年A级企业名单.csv"
