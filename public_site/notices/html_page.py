"""A web page with a table: its title, the text around the table in reading order, and the table's cells in their places.

Layout tables (tables around other tables, tables of links) are text; a table of data is one without a table inside.
A cell that spans rows counts for each of them; of a cell that spans columns the further columns stay empty. What the page
hides is no text of it; a hidden row or list is pointed out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from public_site.notices import headers
from public_site.notices.grid import MOST_COLUMNS, MOST_ROWS, Flaw, Line, Page, Piece, Unreadable
from public_site.notices.text_bytes import decoded

_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "head", "iframe", "object", "select", "textarea", "svg"}
)
_IN_LINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "big",
        "em",
        "font",
        "i",
        "label",
        "mark",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
        "o:p",
    }
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_SHOW = "请对照网页核对：把看得见的名单另存为 XLSX 或 CSV 后重试。"
_DEEPEST = 300
_SPACE = re.compile(r"[ \t\r\n\f\u00a0\u3000]+")


def lines(data: bytes) -> Iterator[Piece]:
    tree = LexborHTMLParser(decoded(data))
    yield Page(_title(tree), _content(tree, "ContentSource"))
    if tree.body is None:
        return
    yield from _Walk().through(tree.body)


def _content(tree: LexborHTMLParser, name: str) -> str | None:
    for node in tree.css("meta"):
        if (node.attributes.get("name") or "").lower() == name.lower():
            return _SPACE.sub(" ", node.attributes.get("content") or "").strip() or None
    return None


def _title(tree: LexborHTMLParser) -> str | None:
    """What the site itself calls the article; of the window's title only the part before the site's name."""
    named = _content(tree, "ArticleTitle")
    if named:
        return named
    for node in tree.css("h1"):
        if text := _text(node):
            return text
    window = tree.css_first("title")
    text = _text(window) if window else ""
    return re.split(r"\s*[_|｜]\s*|\s+[-–—]+\s+", text)[0].strip() or None


def _text(node: LexborNode) -> str:
    return _SPACE.sub(" ", "".join(_pieces(node, 0))).strip()


def _pieces(node: LexborNode, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise Unreadable("网页的结构套得太深。", "请把表格另存为 XLSX 或 CSV 后重试。")
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text":
            yield child.text_content or ""
        elif tag not in _UNSEEN:
            yield from _pieces(child, depth + 1)
            if tag not in _IN_LINE:
                yield " "


class _Walk:
    """One way through the page from top to bottom, collecting running text into lines."""

    def __init__(self) -> None:
        self._running: list[str] = []
        self._texts = 0
        self._tables = 0
        self._blocks = 0

    def through(self, body: LexborNode) -> Iterator[Piece]:
        yield from self._inside(body, 0)
        yield from self._flushed()

    def _inside(self, node: LexborNode, depth: int) -> Iterator[Piece]:
        if depth > _DEEPEST:
            raise Unreadable("网页的结构套得太深。", "请把表格另存为 XLSX 或 CSV 后重试。")
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if tag == "-text":
                self._running.append(child.text_content or "")
            elif tag in _UNSEEN:
                continue
            elif _is_hidden(child):
                if any(headers.is_header(_cells(row, {})) for row in child.css("tr")):
                    yield Flaw(None, 0, "网页里有一张隐藏的名单。", _SHOW)
            elif tag == "table" and len(child.css("table")) == 1:  # itself
                yield from self._flushed()
                yield from self._table(child)
            else:
                if tag not in _IN_LINE:
                    yield from self._flushed()
                yield from self._inside(child, depth + 1)
                if tag not in _IN_LINE:
                    yield from self._flushed()

    def _flushed(self) -> Iterator[Line]:
        text = _SPACE.sub(" ", "".join(self._running)).strip()
        self._running.clear()
        if text:
            self._texts += 1
            yield Line(None, self._texts, (text,), self._blocks)

    def _table(self, table: LexborNode) -> Iterator[Piece]:
        """The rows of a table of data under its number on the page, those of any other table as text."""
        caption = table.css_first("caption")
        if caption is not None:
            self._running.append(_text(caption))
            yield from self._flushed()
        self._blocks += 1
        lines: list[Line] = []
        hidden: list[int] = []
        hanging: dict[int, tuple[int, str]] = {}  # column → rows it still reaches down, text
        for number, row in enumerate(table.css("tr"), start=1):
            if number > MOST_ROWS:
                raise Unreadable(f"表格超过{MOST_ROWS}行。", "请分成几个文件。", row=number)
            lines.append(Line(None, number, tuple(_cells(row, hanging)), self._blocks))
            if any(_text(part) for part in (row, *row.css("*")) if _is_hidden(part)):
                hidden.append(number)
        if any(headers.is_header(line.cells) for line in lines):
            self._tables += 1
            sheet = f"第{self._tables}个表格" if self._tables > 1 else None
            yield from (replace(line, sheet=sheet) for line in lines)
            yield from (Flaw(sheet, number, "这一行有隐藏的内容。", _SHOW) for number in hidden)
        else:
            yield from lines
        self._blocks += 1


def _is_hidden(node: LexborNode) -> bool:
    said = node.attributes
    return "hidden" in said or bool(_HIDING.search(said.get("style") or ""))


def _cells(row: LexborNode, hanging: dict[int, tuple[int, str]]) -> list[str]:
    """The cells of a row at their columns; `hanging` carries what reaches down from rows above."""
    cells: list[str] = []

    def fill() -> None:
        while len(cells) in hanging:
            left, text = hanging.pop(len(cells))
            if left > 1:
                waiting[len(cells)] = (left - 1, text)
            cells.append(text)

    waiting: dict[int, tuple[int, str]] = {}
    for cell in row.iter():
        if cell.tag not in ("td", "th"):
            continue
        fill()
        text, down, across = _text(cell), _span(cell, "rowspan"), _span(cell, "colspan")
        for at in range(across):
            if down > 1:
                waiting[len(cells)] = (down - 1, text if at == 0 else "")
            cells.append(text if at == 0 else "")
    fill()
    for column in sorted(hanging):
        left, text = hanging.pop(column)
        cells.extend([""] * (column - len(cells)))
        cells.append(text)
        if left > 1:
            waiting[column] = (left - 1, text)
    hanging.update(waiting)
    return cells


def _span(cell: LexborNode, name: str) -> int:
    text = cell.attributes.get(name) or "1"
    value = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 1
    return min(max(value, 1), MOST_COLUMNS if name == "colspan" else MOST_ROWS)
