"""PDF: the pages through pdfplumber, as text lines and ruled tables; `pdf_tables` puts the pages together.

A PDF is a drawing, so reading it can go wrong in silence. Refused in words: pages that are pictures (also with recognised
text behind them), fonts without letters, damaged streams (pdfminer would go on with half of one), pages that are missing,
text beside a table that no line encloses. Nothing in the file is run, and nothing it links to or embeds is opened.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pdfplumber
from pdfminer import pdftypes
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdftypes import PDFObjectNotFound, PDFStream, resolve1
from pdfplumber.utils.exceptions import PdfminerException

from public_site.notices import pdf_tables
from public_site.notices.grid import Flaw, Piece, Unreadable
from public_site.notices.pdf_tables import Chunk, Item, Ruled, TextLine

MOST_PAGES = 400
_BROKEN = "请重新下载原文件，或向发布机关索取 XLSX、DOCX。"
_ASK = "请向发布机关索取 XLSX、DOCX 或可以选中文字的 PDF，或者照原件录入 XLSX 并由另一人核对。"
_HAN = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_BETWEEN_HAN = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")
_NEAR = 3.0  # points within which two edges are one


def lines(data: bytes) -> Iterator[Piece]:
    damaged: list[str] = []
    _make_strict(damaged)
    try:
        with pdfplumber.open(io.BytesIO(data)) as pdf:
            yield from pdf_tables.pieces(_items(pdf, damaged))
    except PdfminerException as fault:
        if fault.args and isinstance(fault.args[0], PDFPasswordIncorrect):
            raise Unreadable("PDF 有密码。", "请去掉密码后重试。") from None
        raise Unreadable("PDF 已损坏。", _BROKEN) from fault


def _make_strict(damaged: list[str]) -> None:
    """pdfminer reads on past a stream whose checksum does not hold, and past an object that is not there; here both are
    noted. For the whole process: it is the child's, and reads one file.
    """
    getobj = PDFDocument.getobj

    def salvaged(data: bytes) -> bytes:
        damaged.append(f"{len(data)} bytes")
        raise zlib.error(damaged[-1])

    def found(document: PDFDocument, number: int) -> object:
        try:
            return getobj(document, number)
        except PDFObjectNotFound:
            damaged.append(f"object {number}")
            raise

    pdftypes.decompress_corrupted = salvaged
    PDFDocument.getobj = found  # type: ignore[assignment, method-assign]


def _items(pdf: Any, damaged: list[str]) -> Iterator[Item | Flaw]:
    """The text lines and ruled tables of all pages, from top to bottom."""
    pages = pdf.pages
    if len(pages) > MOST_PAGES:
        raise Unreadable(f"PDF 有{len(pages)}页，超过{MOST_PAGES}页。", "请分成几个文件。")
    if len(pages) != resolve1(resolve1(pdf.doc.catalog["Pages"]).get("Count")):
        raise Unreadable("PDF 已损坏：有的页找不到。", _BROKEN)
    characters = 0
    for number, page in enumerate(pages, start=1):
        sheet = f"第{number}页" if len(pages) > 1 else None
        found = list(_page(page, number, sheet))
        drawn = [resolve1(part) for part in page.page_obj.contents]
        if damaged or not all(isinstance(part, PDFStream) for part in drawn):
            raise Unreadable("PDF 已损坏：有的内容校验不对。", _BROKEN, sheet)
        characters += len(page.chars)
        yield from found
        page.close()
    if not characters:
        raise Unreadable("PDF 里没有文字（扫描件或图片）。扫描件没有文字，不能读取。", _ASK)


def _page(page: Any, number: int, sheet: str | None) -> Iterator[Item | Flaw]:
    whole = page.width * page.height
    pictures = sum(max(0, image["width"]) * max(0, image["height"]) for image in page.images)
    if pictures > 0.8 * whole and page.chars:
        yield Flaw(sheet, 0, "这一页是扫描的图片，上面的文字是识别出来的，可能有错。", _ASK)
        return
    if not page.chars:
        if pictures > 0.2 * whole:
            yield Flaw(sheet, 0, "这一页是扫描的图片，没有文字，不能读取。", _ASK)
        return
    page = page.dedupe_chars()  # bold may be printed twice
    upright = [char for char in page.chars if _is_upright(char) and not char["text"].isspace()]
    if 2 * len(upright) < sum(1 for char in page.chars if not char["text"].isspace()):
        yield Flaw(sheet, 0, "这一页的文字是旋转的，不能读取。", "请把页面转正，重新保存后再试。")
        return
    if any(char["text"].startswith("(cid:") or char["text"] == "\ufffd" for char in upright):
        yield Flaw(sheet, 0, "这一页的字体没有文字信息，选中复制会是乱码。", _ASK)
        return
    tables = page.find_tables()
    items: list[Item] = [Ruled(number, sheet, table.bbox, *_grid(table, upright)) for table in tables]
    outside = [char for char in upright if not any(_is_inside(char, table.bbox) for table in tables)]
    for line in _text_lines(outside, number, sheet, page.width):
        if any(table.bbox[1] < line.middle < table.bbox[3] for table in tables):
            yield Flaw(sheet, 0, f"“{line.text[:40]}”在表格旁边，没有被表格线围住。", _ASK)
        items.append(line)
    yield from sorted(items, key=lambda item: item.top)


def _is_upright(char: Any) -> bool:
    """Not turned at all: what pdfminer calls upright may be a watermark across the page."""
    across, up, aside, down, *_ = char["matrix"]
    return bool(abs(up) + abs(aside) < 0.1 * (abs(across) + abs(down)) and across > 0 and down > 0)


def _is_inside(char: Any, box: tuple[float, float, float, float]) -> bool:
    across, down = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= across <= box[2] and box[1] <= down <= box[3])


# --- ruled tables


def _grid(table: Any, chars: list[Any]) -> tuple[list[float], list[list[str]], frozenset[int]]:
    """Left edges of the columns; the rows, merged cells counted for each row; columns whose last cell is merged."""
    lefts, tops = _distinct(cell[0] for cell in table.cells), _distinct(cell[1] for cell in table.cells)
    rows = [[""] * len(lefts) for _ in tops]
    merged = set()
    for box in table.cells:
        text = _joined(_text_lines([char for char in chars if _is_inside(char, box)], 0, None))
        column = _index(lefts, box[0])
        reached = [at for at, top in enumerate(tops) if box[1] - _NEAR < top < box[3] - _NEAR]
        for at in reached:
            rows[at][column] = text
        if len(reached) > 1 and reached[-1] == len(tops) - 1:
            merged.add(column)
    return lefts, rows, frozenset(merged)


def _distinct(values: Iterator[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _NEAR:
            found.append(value)
    return found


def _index(edges: list[float], value: float) -> int:
    return min(range(len(edges)), key=lambda at: abs(edges[at] - value))


# --- lines of text


def _text_lines(chars: list[Any], page: int, sheet: str | None, width: float = 0) -> list[TextLine]:
    """Characters as lines from top to bottom, each in chunks divided by more than a character's width."""
    rows: list[list[Any]] = []
    for char in sorted(chars, key=lambda char: (char["top"] + char["bottom"]) / 2):
        middle = (char["top"] + char["bottom"]) / 2
        if rows and abs(middle - (rows[-1][0]["top"] + rows[-1][0]["bottom"]) / 2) < 0.5 * char["size"]:
            rows[-1].append(char)
        else:
            rows.append([char])
    return [_text_line(sorted(row, key=lambda char: char["x0"]), page, sheet, width) for row in rows]


def _text_line(chars: list[Any], page: int, sheet: str | None, width: float = 0) -> TextLine:
    size = max(char["size"] for char in chars)
    chunks: list[Chunk] = []
    for char in chars:
        gap = char["x0"] - chunks[-1].right if chunks else 0
        if not chunks or gap > 1.1 * size:
            chunks.append(Chunk(char["x0"], char["x1"], char["text"]))
        else:
            space = " " if gap > 0.2 * size else ""
            chunks[-1] = Chunk(
                chunks[-1].left, max(char["x1"], chunks[-1].right), chunks[-1].text + space + char["text"]
            )
    tidy = tuple(Chunk(chunk.left, chunk.right, _BETWEEN_HAN.sub("", chunk.text)) for chunk in chunks)
    top, bottom = min(char["top"] for char in chars), max(char["bottom"] for char in chars)
    return TextLine(page, sheet, top, bottom, size, width, tidy)


def _joined(found: list[TextLine]) -> str:
    """The lines of one cell: Chinese and digits run on, words of letters stay apart."""
    text = ""
    for line in found:
        following = line.text
        apart = text[-1:].isascii() and text[-1:].isalpha() and following[:1].isascii() and following[:1].isalpha()
        text += (" " if apart else "") + following
    return text
