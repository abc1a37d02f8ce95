"""What a file must be before anything parses it: its ending, its size, its first bytes; archives are `zip_gate`'s business.

What cannot be read at all (pictures, DOC, RAR …) is refused here, each kind with what its owner can do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from public_site.notices.grid import Unreadable

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".shtml": "text/html",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
}
_SPREADSHEET = "请用 Excel 或 WPS 打开，另存为 XLSX 后重试。"
_PICTURE = "请向发布机关索取 XLSX、DOCX 或可以选中文字的 PDF，或者照原图录入 XLSX 并由另一人核对。"
_UNPACK = "请解压后把公告和名单装进一个普通的 ZIP，或逐个提交。"
_REFUSED = {
    ".doc": ("是旧版 Word 文档，不能读取。", "请用 Word 或 WPS 打开，另存为 DOCX 后重试。"),
    ".wps": ("是 WPS 旧格式的文档，不能读取。", "请用 WPS 打开，另存为 DOCX 后重试。"),
    ".rtf": ("是 RTF 文档，不能读取。", "请用 Word 或 WPS 打开，另存为 DOCX 后重试。"),
    ".et": ("是 WPS 旧格式的表格，不能读取。", _SPREADSHEET),
    ".ods": ("是 ODS 表格，不能读取。", _SPREADSHEET),
    ".xlsb": ("是二进制的 Excel 工作簿，不能读取。", _SPREADSHEET),
    ".xlsm": ("是带宏的 Excel 工作簿，不能读取。", _SPREADSHEET),
    ".docm": ("是带宏的 Word 文档，不能读取。", "请用 Word 或 WPS 打开，另存为 DOCX 后重试。"),
    ".ofd": ("是 OFD 版式文件，不能读取。", "请用 OFD 阅读器导出为可以选中文字的 PDF，或向发布机关索取 XLSX。"),
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"), ("是图片，图片里的文字不能读取。", _PICTURE)),
    **dict.fromkeys((".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz"), ("是不能读取的压缩格式。", _UNPACK)),
}  # fmt: skip
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC = (
    (b"PK\x03\x04", "XLSX、DOCX 或 ZIP 压缩文件"),
    (_OLD_OFFICE, "旧版 Office 文件（XLS、DOC）"),
    (b"%PDF", "PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"Rar!", "RAR 压缩文件"),
    (b"7z\xbc\xaf", "7z 压缩文件"),
    (b"\x1f\x8b", "GZIP 压缩文件"),
)
_OWN_MAGIC = {
    ".xlsx": b"PK\x03\x04",
    ".docx": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
    ".xls": _OLD_OFFICE,
    ".pdf": b"%PDF",
}
_OWN_MAGIC_OF = {MEDIA_TYPES[ending]: (ending, magic) for ending, magic in _OWN_MAGIC.items()}
_RE_SAVE = "请用原来的软件打开，确认无误后另存为 XLSX、DOCX 或 CSV 再试。"


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
    if ending in _REFUSED:
        what, remedy = _REFUSED[ending]
        raise Unreadable(f"“{ending}”{what}", remedy)
    if ending not in MEDIA_TYPES:
        known = "、".join(sorted({key.lstrip(".").upper() for key in MEDIA_TYPES}))
        raise Unreadable(f"不能读取“{ending or '没有扩展名'}”的文件。", f"请转换为下列格式之一：{known}。")
    return MEDIA_TYPES[ending]


def check(data: bytes, media: str, limits: Limits) -> None:
    """That the bytes are what the ending says, hold no bomb, and bring no macro and no other file with them.

    Raises: Unreadable
    """
    if not data.strip():
        raise Unreadable("文件是空的。", "请确认选对了文件。")
    ending, own = _OWN_MAGIC_OF.get(media, ("", b""))
    if own != _OLD_OFFICE and data.startswith(_OLD_OFFICE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable("文件有密码。", "请去掉密码后重试。")
    for magic, what in _MAGIC:
        if magic != own and data.startswith(magic):
            raise Unreadable(
                f"文件的扩展名与内容不符：内容是{what}。", "请改成正确的扩展名，或另存为 XLSX、CSV 后重试。"
            )
    if own and not data.startswith(own):
        text = "网页（HTML 或 XML）" if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else ""
        found = f"，而是{text}" if text else ""
        raise Unreadable(f"文件的扩展名是 {ending[1:].upper()}，内容却不是{found}。", _RE_SAVE)
    if own == b"PK\x03\x04":
        from public_site.notices import zip_gate

        zip_gate.check(data, media, limits)
    elif own == _OLD_OFFICE and "_VBA_PROJECT".encode("utf-16-le") in data:
        raise Unreadable("工作簿带有宏。", "请用 Excel 或 WPS 打开，把名单另存为不带宏的普通 XLSX 或 CSV 后重试。")
