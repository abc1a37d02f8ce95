"""A caller's list: columns in any order, files of several kinds, nothing repaired in silence."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from public_site import languages, questions
from public_site.faults import NotValid

CODE = "91130200699229617X"


def workbook(*rows: list[object], sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number in range(sheets):
        sheet = book.create_sheet(f"表{number + 1}")
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "pasted",
    [f"所在地,企业名称,统一社会信用代码,金额\n涪陵区,演示甲公司,{CODE},5", f"客户名称\t信用代码\t区县\n演示甲公司\t{CODE}\t涪陵区",
     f"客户号，名称，USCC，地区\n7，演示甲公司，{CODE}，涪陵区"],
)  # fmt: skip
def test_columns_may_stand_in_any_order(pasted: str) -> None:
    (question,) = questions.of_text(pasted).questions
    assert question.said() == {"code": CODE, "name": "演示甲公司", "region": "涪陵区"}
    assert question.ref == "2"


def test_a_list_without_a_header_is_understood_when_it_is_plain() -> None:
    codes = questions.of_text(f"{CODE}\n 9113 0230 7808 3712 68 \n").questions
    assert [q.code for q in codes] == [CODE, "9113 0230 7808 3712 68"]
    names = questions.of_text("演示甲有限公司\n\n演示乙有限公司")
    assert [(q.row, q.name) for q in names.questions] == [(1, "演示甲有限公司"), (3, "演示乙有限公司")]
    both = questions.of_text(f"演示甲有限公司\t{CODE}")
    assert both.columns == (("name", "第1列"), ("code", "第2列"))


def test_a_workbook_and_a_csv_ask_the_same() -> None:
    rows: list[list[object]] = [
        ["企业名称", "统一社会信用代码", "备注"],
        ["演示甲公司", CODE, 3],
        ["演示乙公司", None, "x"],
    ]
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    from_workbook = questions.of_file(workbook(*rows), "名单.xlsx")
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        from_csv = questions.of_file(text.encode(encoding), "名单.csv")
        assert [q.said() for q in from_csv.questions] == [q.said() for q in from_workbook.questions]
    assert from_workbook.header == ("企业名称", "统一社会信用代码", "备注")
    assert from_workbook.rows[1] == ("演示乙公司", "", "x")


def test_places_in_several_columns_are_one() -> None:
    (question,) = questions.of_text("企业名称,省份,城市,区县\n演示甲公司,重庆市,,涪陵区").questions
    assert question.region == "重庆市涪陵区"


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [(b"", "a.csv", "空"), (b"\n\n", "a.csv", "空"), ("企业名称\n".encode(), "a.csv", "只有表头"),
     ("地区,序号\n涪陵区,1\n".encode(), "a.csv", "表头里没有"), ("甲,乙\n丙,丁\n".encode(), "a.csv", "看不出"),
     (b"%PDF-1.4", "a.pdf", "XLSX 或 CSV"), (b"x", "a.exe", "不能读取"), (b"PK\x03\x04junk", "a.xlsx", ""),
     (b"abc\xff\xfe\x00", "a.csv", "编码"), ("企业名称\n\"甲".encode(), "a.csv", "引号")],
)  # fmt: skip
def test_what_is_no_list_is_refused_in_words(data: bytes, name: str, said: str) -> None:
    with pytest.raises(NotValid, match=said):
        questions.of_file(data, name)


def test_a_list_that_is_too_long_is_refused_whole() -> None:
    assert len(questions.of_text("企业名称\n" + "演示甲公司\n" * 10_000).questions) == 10_000
    with pytest.raises(questions.ListRefused, match="10,000"):
        questions.of_text("企业名称\n" + "演示甲公司\n" * 10_001)


def test_two_filled_sheets_are_not_half_read() -> None:
    with pytest.raises(questions.ListRefused, match="不止一张表"):
        questions.of_file(workbook(["企业名称"], ["演示甲公司"], sheets=2), "a.xlsx")


def test_a_code_that_the_workbook_took_for_a_number_stays_one() -> None:
    asked = questions.of_file(workbook(["企业名称", "统一社会信用代码"], ["演示甲公司", 9.11302006992296e17]), "a.xlsx")
    assert not isinstance(asked.questions[0].code, str)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [(b"", "a.csv", "The file is empty. Make sure"), ("企业名称\n".encode(), "a.csv", "The list has headings only"), (b"PK\x03\x04junk", "a.xlsx", "The workbook is damaged and"),
     (b"x", "a.rar", "“.rar” is an archive format that cannot be read. Unpack it"),
     (("甲," * 300).encode(), "a.csv", "It is not clear which column holds codes")],
)  # fmt: skip
def test_whoever_asks_in_english_is_refused_in_english(data: bytes, name: str, said: str) -> None:
    with languages.using(languages.ENGLISH), pytest.raises(NotValid, match=re.escape(said)) as refused:
        questions.of_file(data, name)
    assert not languages.HAN.search(str(refused.value))


def test_a_hidden_row_is_refused_in_english_too() -> None:
    book = openpyxl.Workbook()
    for row in (["企业名称"], ["演示甲公司"], ["演示乙公司"]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    said = "Sheet, row 3: This row is hidden but not empty. Clear the filter"
    with languages.using(languages.ENGLISH), pytest.raises(NotValid, match=said):
        questions.of_file(stream.getvalue(), "list.xlsx")
