"""What a file must be before anything parses it: its size, its first bytes, and for XLSX what the archive holds.

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
from pathlib import PurePath

from public_site.notices.grid import MOST_COLUMNS, MOST_ROWS, Unreadable

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".shtml": "text/html",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MAGIC = (
    (b"PK\x03\x04", "XLSX 或 ZIP 压缩文件"),
    (b"\xd0\xcf\x11\xe0", "旧版 Office 文件（XLS、DOC）"),
    (b"%PDF", "PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"Rar!", "RAR 压缩文件"),
    (b"7z\xbc\xaf", "7z 压缩文件"),
    (b"\x1f\x8b", "GZIP 压缩文件"),
)
_RE_SAVE = "请用 Excel 或 WPS 打开，把名单另存为不带宏的普通 XLSX 或 CSV 后重试。"
_ARCHIVE = re.compile(r"\.(?:zip|xlsx|xlsm|docx|pptx|rar|7z|gz|bz2|xz|tar|jar|bin)$", re.IGNORECASE)
_HARMLESS_BINARY = re.compile(r"(?:printerSettings|webExtension|customProperty)\d*\.bin$", re.IGNORECASE)
_REFERENCE = re.compile(rb"""[\s:]r\s*=\s*["']([A-Z]{1,4})([0-9]{1,8})["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row[^>]{0,200}?\sr\s*=\s*["']([0-9]{1,8})["']""")


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost."""

    file_mb: int = 50
    inflated_mb: int = 600
    ratio: int = 100
    entries: int = 2_000
    cells: int = 20_000_000
    memory_mb: int = 1024
    seconds: float = 120.0
    output_mb: int = 1024


def media_type(file_name: str) -> str:
    """By the file's ending; what the bytes are is checked against it by `check`."""
    ending = PurePath(file_name.strip()).suffix.lower().strip()
    if ending not in MEDIA_TYPES:
        known = "、".join(sorted({key.lstrip(".").upper() for key in MEDIA_TYPES}))
        raise Unreadable(f"不能读取“{ending or '没有扩展名'}”的文件。", f"请转换为下列格式之一：{known}。")
    return MEDIA_TYPES[ending]


def check(data: bytes, media: str, limits: Limits) -> None:
    if not data.strip():
        raise Unreadable("文件是空的。", "请确认选对了文件。")
    is_workbook = media == MEDIA_TYPES[".xlsx"]
    for magic, what in _MAGIC:
        if data.startswith(magic) and not (is_workbook and magic.startswith(b"PK")):
            raise Unreadable(
                f"文件的扩展名与内容不符：内容是{what}。", "请改成正确的扩展名，或另存为 XLSX、CSV 后重试。"
            )
    if is_workbook:
        if not data.startswith(b"PK\x03\x04"):
            raise Unreadable("文件的扩展名是 XLSX，内容却不是。", _RE_SAVE)
        _check_workbook(data, limits)


def _check_workbook(data: bytes, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive, limits)
            _check_contents(archive, limits)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        raise Unreadable("工作簿已损坏，无法解压。", "请重新下载原文件，或用 Excel 打开后另存为 XLSX 再试。") from None


def _check_entries(archive: zipfile.ZipFile, limits: Limits) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > limits.entries:
        raise Unreadable(f"工作簿里有{len(entries)}个部件，结构异常。", _RE_SAVE)
    if len(set(names)) != len(names) or any(".." in name or name.startswith(("/", "\\")) for name in names):
        raise Unreadable("工作簿里的部件重名或路径异常。", _RE_SAVE)
    if any(entry.flag_bits & 0x1 for entry in entries) or "EncryptedPackage" in names:
        raise Unreadable("工作簿有密码。", "请去掉密码后重试。")
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise Unreadable("这个压缩文件不是 XLSX 工作簿。", _RE_SAVE)
    if any("vbaproject" in name.lower() for name in names):
        raise Unreadable("工作簿带有宏。", _RE_SAVE)
    if any(name.lower().startswith("xl/externallinks/") for name in names):
        raise Unreadable("工作簿引用了别的文件（外部链接）。", _RE_SAVE)
    if any(_ARCHIVE.search(name) and not _HARMLESS_BINARY.search(name) for name in names):
        raise Unreadable("工作簿里嵌有别的文件。", _RE_SAVE)


def _check_contents(archive: zipfile.ZipFile, limits: Limits) -> None:
    total = cells = 0
    for entry in archive.infolist():
        size, sheet = 0, _Rectangle() if entry.filename.lower().startswith("xl/worksheets/") else None
        for at, chunk in enumerate(_chunks(archive, entry)):
            size += len(chunk)
            if at == 0 and any(chunk.startswith(magic) for magic, what in _MAGIC if what != "图片"):
                raise Unreadable("工作簿里嵌有别的文件。", _RE_SAVE)
            if total + size > limits.inflated_mb << 20 or size > 4_000_000 + limits.ratio * max(entry.compress_size, 1):
                raise Unreadable("文件太大或结构异常：解压后的内容远远超过正常的名单。", _RE_SAVE)
            if sheet is not None:
                sheet.see(chunk)
            if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                raise Unreadable("工作簿的内部结构异常。", _RE_SAVE)
        total += size
        if sheet is not None:
            cells += sheet.checked()
    if cells > limits.cells:
        raise Unreadable("文件太大或结构异常：工作表占用的区域过大。", _RE_SAVE)


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
            raise Unreadable("工作簿的内部结构异常。", _RE_SAVE)
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
                f"文件太大或结构异常：工作表用到了第{self._last_row}行、第{widest}列。",
                "请删除名单以外的空行、空列（选中后删除，不只是清空），保存后重试。",
            )
        return widest * self._last_row


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
