"""DOCX: paragraphs and tables in the order of the document, every cell in its column.

python-docx opens the package; its own `paragraph.text` leaves out content controls and tracked insertions, so the body is
walked here. Cells merged downwards count for each row, of a cell over several columns the further ones stay empty; a
document with tracked changes has two texts and is refused, and hidden text is pointed out.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError
from docx.oxml.ns import qn

from public_site.notices import headers
from public_site.notices.grid import MOST_COLUMNS, MOST_ROWS, Flaw, Line, Piece, Unreadable

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # says again what stands beside it
_CHANGED = (qn("w:ins"), qn("w:del"), qn("w:moveFrom"), qn("w:moveTo"))
_WORDS = frozenset({qn("w:t"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"})
_TEXT = {qn("w:tab"): " ", qn("w:br"): " ", qn("w:cr"): " ", qn("w:noBreakHyphen"): "-", qn("w:sym"): "\ufffd"}
_UNSEEN = frozenset({qn("w:rPr"), qn("w:pPr"), qn("w:instrText"), qn("w:delText"), qn("w:rt"), _FALLBACK})
_IN_A_BOX = qn("w:txbxContent")
_DEEPEST = 100
_SPACE = re.compile(r"[\s\u3000]+")


def lines(data: bytes) -> Iterator[Piece]:
    try:
        body = docx.Document(io.BytesIO(data)).element.body
    except (OpcError, InvalidXmlError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile):
        raise Unreadable(
            "文档已损坏或不是标准的 DOCX。", "请用 Word 或 WPS 打开，确认无误后另存为 DOCX 再试。"
        ) from None
    if next(body.iter(*_CHANGED), None) is not None:
        raise Unreadable(
            "文档里有修订记录，分不清以修改前还是修改后为准。", "请在“审阅”里接受或拒绝全部修订，保存后重试。"
        )
    yield from _Walk().through(body)


class _Walk:
    """One way through the document from top to bottom."""

    def __init__(self) -> None:
        self._texts = 0
        self._tables = 0
        self._blocks = 0

    def through(self, container: Any, depth: int = 0) -> Iterator[Piece]:
        """Paragraphs and tables of the body, of a content control, a text box or a layout table's cell."""
        if depth > _DEEPEST:
            raise Unreadable("文档的结构套得太深。", "请把表格另存为 XLSX 或 CSV 后重试。")
        for child in container:
            if child.tag == _P:
                yield from self._paragraph(child, depth)
            elif child.tag == _TABLE:
                if next(child.iterdescendants(_TABLE), None) is None:
                    yield from self._table(child)
                else:  # a table around tables is layout
                    for cell in child.iter(_CELL):
                        if next(cell.iterancestors(_TABLE)) is child:
                            yield from self.through(cell, depth + 1)
            elif child.tag not in _UNSEEN:
                yield from self.through(child, depth + 1)

    def _paragraph(self, paragraph: Any, depth: int) -> Iterator[Piece]:
        self._texts += 1
        if _is_hidden(paragraph):
            yield Flaw(None, self._texts, "这一段有隐藏的文字。", "请取消隐藏并核对，或删除它，再重新保存文件。")
        if text := _text(paragraph):
            yield Line(None, self._texts, (text,), self._blocks)
        for box in paragraph.iter(_IN_A_BOX):
            if not any(ancestor.tag == _FALLBACK for ancestor in box.iterancestors()):
                yield from self.through(box, depth + 1)

    def _table(self, table: Any) -> Iterator[Piece]:
        """The rows of a table of data under its number in the document, those of any other table as text."""
        self._blocks += 1
        hanging: dict[int, str] = {}  # column → what stands in the cell that is merged downwards there
        rows = [(number, row, _cells(row, hanging)) for number, row in enumerate(table.iter(_ROW), start=1)]
        if len(rows) > MOST_ROWS:
            raise Unreadable(f"表格超过{MOST_ROWS}行。", "请分成几个文件。")
        sheet = None
        if any(headers.is_header(cells) for _, _, cells in rows):
            self._tables += 1
            sheet = f"第{self._tables}个表格" if self._tables > 1 else None
        for number, row, cells in rows:
            if _is_hidden(row):
                yield Flaw(sheet, number, "这一行有隐藏的文字。", "请取消隐藏并核对，或删除它，再重新保存文件。")
            yield Line(sheet, number, tuple(cells), self._blocks)
        self._blocks += 1


def _cells(row: Any, hanging: dict[int, str]) -> list[str]:
    """The cells of a row at their columns; `hanging` carries what is merged downwards."""
    cells = [""] * min(row.grid_before, MOST_COLUMNS)
    for cell in row.iter(_CELL):
        at, down = len(cells), cell.vMerge
        text = hanging.get(at, "") if down == "continue" else _text(cell)
        if down is None:
            hanging.pop(at, None)
        else:
            hanging[at] = text
        cells += [text, *[""] * (min(cell.grid_span, MOST_COLUMNS) - 1)]
    return cells


def _text(element: Any) -> str:
    return _SPACE.sub(" ", "".join(_pieces(element))).strip()


def _pieces(element: Any) -> Iterator[str]:
    """The text a reader sees; paragraphs apart, text boxes left for later."""
    for child in element:
        if child.tag in _WORDS:
            yield child.text or ""
        elif child.tag in _TEXT:
            yield _TEXT[child.tag]
        elif child.tag not in _UNSEEN and child.tag != _IN_A_BOX:
            yield from _pieces(child)
            if child.tag == _P:
                yield " "


def _is_hidden(element: Any) -> bool:
    """Whether text is marked as hidden, or a table's row as a whole."""
    marks = [*element.iter(qn("w:vanish")), *element.iter(qn("w:hidden"))]
    return any(
        mark.get(qn("w:val")) not in ("0", "false", "off")
        and (mark.tag == qn("w:hidden") or next(_pieces(mark.getparent().getparent()), "").strip())
        for mark in marks
    )
