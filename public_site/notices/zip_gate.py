"""What an archive must be before anything opens it: an XLSX workbook, a DOCX document, or a ZIP with attachments.

Every entry is inflated once here, counting: a bomb is stopped at the limit, whatever its directory claims. The rectangle
that a sheet's cell references span is measured too (5 kB with one cell at XFD1048576 made a fast reader allocate 102 GB).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from public_site.languages import N_, _
from public_site.notices.file_gate import MEDIA_TYPES, Limits
from public_site.notices.grid import MOST_COLUMNS, MOST_ROWS, Unreadable


@dataclass(frozen=True, slots=True)
class _Kind:
    noun: str
    format: str
    parts: tuple[str, ...]  # that it must have
    remedy: str


_KINDS = {
    MEDIA_TYPES[".xlsx"]: _Kind(N_("工作簿"), N_("XLSX 工作簿"), ("xl/workbook.xml", "[Content_Types].xml"),
                                N_("请用 Excel 或 WPS 打开，把名单另存为不带宏的普通 XLSX 或 CSV 后重试。")),
    MEDIA_TYPES[".docx"]: _Kind(N_("文档"), N_("DOCX 文档"), ("[Content_Types].xml", "_rels/.rels"),
                                N_("请用 Word 或 WPS 打开，另存为不带宏的普通 DOCX 后重试。")),
    MEDIA_TYPES[".zip"]: _Kind(N_("压缩包"), N_("ZIP 压缩包"), (), N_("请解压后把公告和名单重新装进一个普通的 ZIP，或逐个提交。")),
}  # fmt: skip
_ARCHIVE = re.compile(r"\.(?:zip|rar|7z|gz|tgz|bz2|xz|tar|jar|cab|iso)$", re.IGNORECASE)
_OFFICE = re.compile(r"\.(?:xlsx|xlsm|xlsb|xls|docx|docm|doc|pptx|ppt|bin)$", re.IGNORECASE)
_HARMLESS_BINARY = re.compile(r"(?:printerSettings|webExtension|customProperty)\d*\.bin$", re.IGNORECASE)
_EMBEDDED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_EXTERNAL_CONTENT = re.compile(rb"/(?:aFChunk|subDocument|externalLink)[\"']", re.IGNORECASE)
_REFERENCE = re.compile(rb"""[\s:]r\s*=\s*["']([A-Z]{1,4})([0-9]{1,8})["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row[^>]{0,200}?\sr\s*=\s*["']([0-9]{1,8})["']""")


def check(data: bytes, media: str, limits: Limits) -> None:
    kind = _KINDS[media]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive, kind, limits)
            _check_contents(archive, kind, limits)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        raise Unreadable(
            _("{what}已损坏，无法解压。", what=_(kind.noun)), _("请重新下载原文件，或用原来的软件打开后另存再试。")
        ) from None


def _check_entries(archive: zipfile.ZipFile, kind: _Kind, limits: Limits) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > limits.entries:
        raise Unreadable(
            _("{what}里有{count}个部件，结构异常。", what=_(kind.noun), count=len(entries)), _(kind.remedy)
        )
    if len(set(names)) != len(names) or any(".." in name or name.startswith(("/", "\\")) for name in names):
        raise Unreadable(_("{what}里的部件重名或路径异常。", what=_(kind.noun)), _(kind.remedy))
    if any(entry.flag_bits & 0x1 for entry in entries) or "EncryptedPackage" in names:
        raise Unreadable(_("{what}有密码。", what=_(kind.noun)), _("请去掉密码后重试。"))
    if not set(kind.parts) <= set(names):
        raise Unreadable(_("这个压缩文件不是 {format}。", format=_(kind.format)), _(kind.remedy))
    if nested := next((name for name in names if _ARCHIVE.search(name)), None):
        if not kind.parts:
            raise Unreadable(_("压缩包里还有压缩包。"), _(kind.remedy))
        raise Unreadable(_("{what}里嵌有别的文件（{name}）。", what=_(kind.noun), name=nested[-60:]), _(kind.remedy))
    if kind.parts:
        _check_parts(names, kind)


def _check_parts(names: list[str], kind: _Kind) -> None:
    """Of a workbook or a document: nothing that runs, and no file inside or outside that it leans on."""
    if any("vbaproject" in name.lower() for name in names):
        raise Unreadable(_("{what}带有宏。", what=_(kind.noun)), _(kind.remedy))
    if any(name.lower().startswith("xl/externallinks/") for name in names):
        raise Unreadable(_("{what}引用了别的文件（外部链接）。", what=_(kind.noun)), _(kind.remedy))
    if any("/embeddings/" in name or (_OFFICE.search(name) and not _HARMLESS_BINARY.search(name)) for name in names):
        raise Unreadable(_("{what}里嵌有别的文件。", what=_(kind.noun)), _(kind.remedy))


def _check_contents(archive: zipfile.ZipFile, kind: _Kind, limits: Limits) -> None:
    total = cells = 0
    for entry in archive.infolist():
        size, sheet = 0, _Rectangle() if entry.filename.lower().startswith("xl/worksheets/") else None
        for at, chunk in enumerate(_chunks(archive, entry)):
            size += len(chunk)
            if total + size > limits.inflated_mb << 20 or size > 4_000_000 + limits.ratio * max(entry.compress_size, 1):
                raise Unreadable(_("文件太大或结构异常：解压后的内容远远超过正常的名单。"), _(kind.remedy))
            if kind.parts:
                _check_chunk(chunk, at == 0, entry.filename, kind)
            if sheet is not None:
                sheet.see(chunk)
        total += size
        if sheet is not None:
            cells += sheet.checked()
    if cells > limits.cells:
        raise Unreadable(_("文件太大或结构异常：工作表占用的区域过大。"), _(kind.remedy))


def _check_chunk(chunk: bytes, is_first: bool, name: str, kind: _Kind) -> None:
    if is_first and chunk.startswith(_EMBEDDED):
        raise Unreadable(_("{what}里嵌有别的文件。", what=_(kind.noun)), _(kind.remedy))
    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
        raise Unreadable(_("{what}的内部结构异常。", what=_(kind.noun)), _(kind.remedy))
    if name.endswith(".rels") and _EXTERNAL_CONTENT.search(chunk):
        raise Unreadable(_("{what}引用了别的文件（外部链接）。", what=_(kind.noun)), _(kind.remedy))


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as stream:
        while chunk := stream.read(1 << 18):
            yield chunk


class _Rectangle:
    """The area that the references of one sheet's XML span, seen chunk by chunk."""

    def __init__(self) -> None:
        self._tail = b""
        self._columns: set[bytes] = set()
        self._last_row = 0

    def see(self, chunk: bytes) -> None:
        text = self._tail + chunk
        if b"\0" in text:
            kind = _KINDS[MEDIA_TYPES[".xlsx"]]
            raise Unreadable(_("工作簿的内部结构异常。"), _(kind.remedy))
        for column, row in _REFERENCE.findall(text):
            self._columns.add(column)
            self._last_row = max(self._last_row, int(row))
        for row in _ROW.findall(text):
            self._last_row = max(self._last_row, int(row))
        self._tail = text[-256:]

    def checked(self) -> int:
        widest = max((_column_number(column) for column in self._columns), default=0)
        if widest > MOST_COLUMNS or self._last_row > MOST_ROWS:
            raise Unreadable(
                _("文件太大或结构异常：工作表用到了第{row}行、第{column}列。", row=self._last_row, column=widest),
                _("请删除名单以外的空行、空列（选中后删除，不只是清空），保存后重试。"),
            )
        return widest * self._last_row


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
