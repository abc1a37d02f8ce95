"""PDF: tables over pages, heads and page numbers between them, and every doubt told instead of settled."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph

from public_site import notices
from tests.notices.reading_desk import read
from tests.samples import shapes, writers
from tests.samples.writers import Sheet

Row = tuple[str | int, ...]


def rows(first: int, last: int) -> tuple[Row, ...]:
    return tuple((n, "涪陵区", f"重庆演示{n}号有限公司", "铸造", "AB"[n % 2]) for n in range(first, last + 1))


def reading(folder: Path, *pages: list[Flowable]) -> notices.Reading:
    flow = [part for at, page in enumerate(pages) for part in ([writers.page_break()] if at else []) + page]
    path = folder / "list.pdf"
    path.write_bytes(writers.pdf_of(flow))
    return read(path)


def table(*grid: Row, merged: tuple[tuple[int, int, int, int], ...] = (), ruled: bool = True) -> Flowable:
    return writers.pdf_table(Sheet(grid, merged=merged), repeated=0, ruled=ruled)


def said(found: notices.Reading) -> str:
    return "".join(str(problem) for problem in found.problems)


def lines(*texts: str) -> list[Flowable]:
    return writers.paragraphs(texts)


@pytest.mark.parametrize("number", ["— 1 —", "第 1 页 共 3 页", "1 / 3", "- 2 -"])
def test_a_page_number_between_two_pages_parts_no_table(tmp_path: Path, number: str) -> None:
    found = reading(tmp_path, [table(shapes.HEADER, *rows(1, 2)), *lines(number)], [table(*rows(3, 4))])
    assert [(row.sheet, row.row) for row in found.accepted().rows] == [
        ("第1页", 2),
        ("第1页", 3),
        ("第2页", 1),
        ("第2页", 2),
    ]


def test_a_head_on_every_page_parts_no_table(tmp_path: Path) -> None:
    head = lines("重庆市演示名单")
    found = reading(tmp_path, [*head, table(shapes.HEADER, *rows(1, 2))], [*head, table(*rows(3, 4))])
    assert found.accepted().row_count == 4


def test_other_text_between_two_pages_parts_the_table_and_the_second_needs_a_header(tmp_path: Path) -> None:
    second = [*lines("二、引领性企业名单"), table(*rows(3, 4))]
    assert "上面没有表头" in said(reading(tmp_path, [table(shapes.HEADER, *rows(1, 2))], second))


def test_a_header_of_two_lines_may_be_repeated_and_keeps_the_grade_of_its_heading(tmp_path: Path) -> None:
    header: tuple[Row, ...] = (("序号", "企业名称", "所在地", ""), ("", "", "市", "区县"))
    merged = ((0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3))
    pages = [
        [*lines(*heading), table(*header, (at, f"演示{at}有限公司", "唐山市", "路北区"), merged=merged)]
        for at, heading in ((1, ("一、引领性企业名单",)), (2, ()))
    ]
    assert [(row.name, row.grade) for row in reading(tmp_path, *pages).accepted().rows] == [
        ("演示1有限公司", "引领性"), ("演示2有限公司", "引领性"),
    ]  # fmt: skip


def test_columns_that_stand_elsewhere_are_another_table(tmp_path: Path) -> None:
    narrow = writers.pdf_table(Sheet(tuple(row[:4] for row in rows(3, 4))))
    found = reading(tmp_path, [table(shapes.HEADER, *rows(1, 2))], [narrow])
    assert "上面没有表头" in said(found)


def test_a_number_that_is_missing_is_noticed_and_one_that_begins_anew_is_not(tmp_path: Path) -> None:
    assert "序号从2跳到4" in said(reading(tmp_path, [table(shapes.HEADER, *rows(1, 2), *rows(4, 5))]))
    again = tuple((n - 4, *rest) for n, *rest in rows(5, 6) if isinstance(n, int))
    assert reading(tmp_path, [table(shapes.HEADER, *rows(1, 2), *again)]).accepted().row_count == 4


def test_the_first_row_of_a_page_without_a_number_is_never_guessed(tmp_path: Path) -> None:
    first = [table(shapes.HEADER, *rows(1, 2))]
    for doubtful in (
        ("", "涪陵区", "重庆演示三有限公司", "铸造", "A"),  # a row of its own
        ("", "", "重庆演示三有限公司", "", ""),  # under a name that is whole
        ("", "", "", "铸造", "A"),  # a second industry of the same enterprise
    ):
        assert "无法确定" in said(reading(tmp_path, first, [table(doubtful)]))


def test_a_name_over_two_lines_is_one_name_and_letters_stay_apart(tmp_path: Path) -> None:
    long = "重庆演示新能源汽车零部件精密制造股份有限公司涪陵分公司第二铸造车间生产厂"
    found = reading(tmp_path, [table(shapes.HEADER, (1, "涪陵区", long, "铸造", "B"))])
    assert [row.name for row in found.accepted().rows] == [long]


def test_a_list_without_lines_may_have_empty_cells_but_no_second_line(tmp_path: Path) -> None:
    grid = (shapes.HEADER, *rows(1, 3), (4, "", "重庆演示4号有限公司", "铸造", "B"))
    found = reading(tmp_path, [table(*grid, ruled=False), *lines("注：第四家未写区县。")])
    assert [row.place for row in found.accepted().rows] == ["涪陵区"] * 3 + [None]
    broken = (*grid, ("", "", "（二厂）", "", ""), *rows(5, 5))
    assert "无法可靠地分清" in said(reading(tmp_path, [table(*broken, ruled=False)]))


def test_turned_text_is_a_watermark_and_a_turned_page_is_refused(tmp_path: Path) -> None:
    class Turned(Flowable):  # type: ignore[misc]
        def __init__(self, text: str, times: int) -> None:
            super().__init__()
            self.text, self.times = text, times

        def draw(self) -> None:
            self.canv.rotate(45)
            self.canv.setFont("STSong-Light", 10)
            for at in range(self.times):
                self.canv.drawString(10 * mm, 4 * mm * at, self.text)

    page = [Turned("内部资料内部资料", 1), table(shapes.HEADER, *rows(1, 2))]
    assert [row.name for row in reading(tmp_path, page).accepted().rows] == [
        "重庆演示1号有限公司",
        "重庆演示2号有限公司",
    ]
    assert "旋转" in said(reading(tmp_path, [*page, Turned("内部资料内部资料内部资料", 9)]))


def test_a_letter_over_several_lines_is_read_as_sentences(tmp_path: Path) -> None:
    sentence = "经企业自评、区县初评、专家会审、市级集体审查、社会公示等程序，按照有关要求认定B级企业1家、A级企业1家，现予公告。"
    letter = [Paragraph("　　" + sentence, writers._style())]
    found = reading(tmp_path, [*letter, table(shapes.HEADER, *rows(1, 2))]).accepted()
    assert [(count.grade, count.count) for count in found.notice.stated_counts] == [("B", 1), ("A", 1)]
