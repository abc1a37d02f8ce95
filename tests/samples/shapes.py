"""The shapes of whole notices: title rows, merged cells, several sheets, pages and attachments, and where the grade stands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.samples import writers
from tests.samples.writers import Cell, Sheet

Build = Callable[[], bytes]
TITLE = "重庆市生态环境局关于2024年第二批重点行业企业绩效评级结果的公告"
SIGNED = (TITLE, "重庆市生态环境局", "2024年9月24日")
HEADER: tuple[Cell, ...] = ("序号", "区县", "企业名称", "行业类别", "绩效等级")
_PLAIN = Sheet(
    (HEADER, (1, "涪陵区", "重庆演示一有限公司", "铸造", "B"), (2, "永川区", "重庆演示二有限公司", "铸造", "C")), SIGNED
)
_MERGED = Sheet(
    (HEADER, (1, "涪陵区", "重庆演示一有限公司", "铸造", "B"), (2, "", "重庆演示二有限公司", "铸造", "B"), (3, "", "重庆演示三有限公司", "铸造", "C"),
     (4, "永川区", "重庆演示四有限公司", "铸造", "A")),
    SIGNED, ("注：按拼音排列。", "合计：4家"), merged=((1, 1, 3, 1),),
)  # fmt: skip
_TWO_LINES = Sheet(
    (("序号", "企业名称", "所在地", "", "绩效等级", ""), ("", "", "市", "区县", "原等级", "现等级"),
     (1, "演示一有限公司", "唐山市", "路北区", "B级", "A级"), (2, "演示二有限公司", "唐山市", "迁安市", "B级", "C级")),
    ("唐山市生态环境局关于调整2024年绩效等级的通知", "唐山市生态环境局", "2024年9月24日"),
    merged=((0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3), (0, 4, 0, 5)),
)  # fmt: skip
_NO_COLUMN: writers.Grid = (
    ("序号", "企业名称", "行业类别"),
    (1, "演示一有限公司", "铸造"),
    (2, "演示二有限公司", "铸造"),
)
_OTHERS = (("序号", "企业名称", "行业类别"), (1, "演示三有限公司", "铸造"))
_LONG = (HEADER, *((n, "涪陵区", f"重庆演示第{n}号装备制造有限公司", "工业涂装", "AB"[n % 2]) for n in range(1, 46)))
RULED = {"xlsx": writers.xlsx, "xls": writers.xls, "html": writers.html, "docx": writers.word, "pdf": writers.pdf}


def chongqing() -> Sheet:
    """The real notice of Chongqing as letter, table and note, from its text."""
    text = (Path(__file__).parent / "good" / "raw_chongqing_2024_batch1.txt").read_text(encoding="utf-8")
    lines = [line.rstrip("|").strip() for line in text.splitlines()]
    first = lines.index("序号")
    cells = lines[first : first + 30]
    return Sheet(
        tuple(tuple(cells[at : at + 5]) for at in range(0, 30, 5)), tuple(lines[:first]), tuple(lines[first + 30 :])
    )


def good() -> dict[str, Build]:
    made: dict[str, Build] = {}
    for ending, write in RULED.items():
        made[f"letter_chongqing.{ending}"] = partial(write, chongqing())
        made[f"merged_county.{ending}"] = partial(write, _MERGED)
        made[f"two_line_header.{ending}"] = partial(write, _TWO_LINES)
        made[f"grade_in_heading.{ending}"] = partial(
            write,
            Sheet(_NO_COLUMN, (TITLE, "一、A级企业名单")),
            Sheet(_OTHERS, ("二、引领性企业名单",), name="名单二"),
        )
        made[f"关于2024年B-级企业名单的公告.{ending}"] = partial(write, Sheet(_NO_COLUMN))
    for ending in ("xlsx", "xls"):
        made[f"grade_in_sheet_name.{ending}"] = partial(
            RULED[ending],
            Sheet(_NO_COLUMN, SIGNED, name="附件1 A级"),
            Sheet(_OTHERS, ("注：以上为B级企业",), name="附件2 引领性"),
        )
        made[f"column_before_sheet_name.{ending}"] = partial(RULED[ending], Sheet(_PLAIN.grid, name="A级"))
        made[f"empty_and_hidden.{ending}"] = partial(
            RULED[ending], Sheet(_PLAIN.grid, SIGNED), Sheet(((),), name="空", hidden="sheet")
        )
    made["title_before_file_name_B级.csv"] = partial(
        writers.csv_file, Sheet(_NO_COLUMN, ("关于2024年A级企业名单的公告",))
    )
    made["grade_in_title.csv"] = partial(writers.csv_file, Sheet(_NO_COLUMN, ("关于2024年C级企业名单的公告",)))
    made["utf16.csv"] = partial(writers.csv_file, _PLAIN, "utf-16")
    made["gb18030.tsv"] = partial(writers.csv_file, _PLAIN, "gb18030", "\t")
    made["gb18030.html"] = lambda: writers.html(_PLAIN).decode().replace("utf-8", "gb2312").encode("gb18030")
    return made | _pdf() | _zips()


def _pdf() -> dict[str, Build]:
    half = Sheet(
        (HEADER, (1, "涪陵区", "重庆演示一有限公司", "铸造", "B"), (2, "永川区", "重庆演示超长名称装备", "铸造", "C")),
        SIGNED,
    )
    other = Sheet((("", "", "制造有限公司", "", ""), (3, "永川区", "重庆演示三有限公司", "铸造", "B")))
    merged = Sheet(
        (HEADER, (1, "涪陵区", "重庆演示一有限公司", "铸造", "B"), (2, "", "重庆演示二有限公司", "铸造", "B")),
        SIGNED,
        merged=((1, 1, 2, 1),),
    )
    return {
        "header_on_every_page.pdf": partial(writers.pdf, Sheet(_LONG, SIGNED, ("注：按序号排列。",))),
        "header_on_first_page.pdf": partial(writers.pdf, Sheet(_LONG, SIGNED), repeated=0),
        "no_lines.pdf": partial(writers.pdf, Sheet(_LONG, SIGNED, ("注：按序号排列。",)), ruled=False),
        "row_over_the_page.pdf": lambda: _pages(half, other),
        "merged_over_the_page.pdf": lambda: _pages(merged, other_county()),
    }


def other_county() -> Sheet:
    return Sheet(((3, "", "重庆演示三有限公司", "铸造", "B"), (4, "永川区", "重庆演示四有限公司", "铸造", "C")))


def _pages(*sheets: Sheet) -> bytes:
    flow = []
    for at, sheet in enumerate(sheets):
        flow += [writers.page_break()] if at else []
        flow += [*writers.paragraphs(sheet.above), writers.pdf_table(sheet, repeated=0)]
    return writers.pdf_of(flow)


def _zips() -> dict[str, Build]:
    letter = Sheet(
        (("说明", "内容"),), ("重庆市生态环境局关于2024年A级、B级企业名单的公告", "重庆市生态环境局", "2024年9月24日")
    )
    lists = Sheet(_NO_COLUMN), Sheet(_OTHERS)

    def parcel(encoding: str | None = None) -> bytes:
        return writers.zipped(
            ("附件1：A级企业名单.xlsx", writers.xlsx(lists[0])), ("附件2：B级企业名单.xls", writers.xls(lists[1])),
            ("公告.docx", writers.word(letter)), ("__MACOSX/._公告.docx", b"x"), encoding=encoding,
        )  # fmt: skip

    return {
        "attachments.zip": parcel,
        "attachments_gb18030.zip": partial(parcel, "gb18030"),
        "attachments_utf8.zip": partial(parcel, "utf-8"),
        "one_list.zip": lambda: writers.zipped(("名单/list.csv", writers.csv_file(_PLAIN, "gb18030"))),
        "letter_and_pdf.zip": lambda: writers.zipped(
            ("附件 list.pdf", writers.pdf(Sheet(_PLAIN.grid))), ("公告.html", writers.html(letter))
        ),
    }


def bad() -> dict[str, Build]:
    made: dict[str, Build] = {}
    for ending in ("xlsx", "xls"):
        for hidden in ("row 2", "column 1", "sheet"):
            sheets = [Sheet(_PLAIN.grid, SIGNED, hidden=hidden)]
            sheets = (
                [Sheet(_PLAIN.grid, name="新"), Sheet(_OTHERS, name="旧", hidden=hidden)]
                if hidden == "sheet"
                else sheets
            )
            made[f"hidden_{hidden.split()[0]}.{ending}"] = partial(RULED[ending], *sheets)
        made[f"number_as_code.{ending}"] = partial(
            RULED[ending],
            Sheet((("企业名称", "统一社会信用代码", "绩效等级"), ("演示一有限公司", 911302307808371268, "B"))),
        )
        made[f"sheet_b_with_b_minus.{ending}"] = partial(RULED[ending], Sheet(_NO_COLUMN, name="B（含B-）级"))
    made["hidden_row.html"] = partial(writers.html, Sheet(_PLAIN.grid, SIGNED, hidden="row 2"))
    for ending, write in RULED.items():
        made[f"heading_b_with_b_minus.{ending}"] = partial(write, Sheet(_NO_COLUMN, ("一、B级（含B-级）企业名单",)))
    for ending in ("html", "docx", "pdf"):
        made[f"second_table_without_header.{ending}"] = partial(
            RULED[ending], _PLAIN, Sheet(((3, "永川区", "重庆演示三有限公司", "铸造", "B"),), ("续表",))
        )
    made["note_of_another_sheet.xlsx"] = partial(
        writers.xlsx, Sheet(_NO_COLUMN, SIGNED, ("注：本表为A级企业",), name="A级"), Sheet(_OTHERS, name="续")
    )
    unknown = tuple((*row, grade) for row, grade in zip(_NO_COLUMN, ("绩效定级", "A", "B"), strict=True))
    for ending, write in RULED.items():
        made[f"unknown_grade_header.{ending}"] = partial(write, Sheet(unknown, ("关于2024年A级企业名单的公告",)))
    made["title_b_with_b_minus.csv"] = partial(
        writers.csv_file, Sheet(_NO_COLUMN, ("关于2024年B级（含B-级）企业名单的公告",))
    )
    made["number_missing.pdf"] = partial(
        writers.pdf, Sheet((*_PLAIN.grid, (4, "永川区", "重庆演示四有限公司", "铸造", "B")))
    )
    made["cell_over_two_lines.pdf"] = partial(
        writers.pdf, Sheet((*_PLAIN.grid, ("", "", "装备制造", "", "")), SIGNED), ruled=False
    )
    made["no_lines_and_narrow.pdf"] = partial(writers.pdf, Sheet(_LONG, SIGNED), ruled=False, narrow=True)
    made["row_in_doubt.pdf"] = lambda: _pages(_PLAIN, Sheet((("", "", "制造有限公司", "", "B"),)))
    return made
