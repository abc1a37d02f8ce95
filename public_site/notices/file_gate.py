"""What a file must be before anything parses it: its ending, its size, its first bytes; archives are `zip_gate`'s business.

What cannot be read at all (pictures, DOC, RAR …) is refused here, each kind with what its owner can do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from public_site.languages import N_, _
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
_SPREADSHEET = N_("请用 Excel 或 WPS 打开，另存为 XLSX 后重试。")
_PICTURE = N_("请向发布机关索取 XLSX、DOCX 或可以选中文字的 PDF，或者照原图录入 XLSX 并由另一人核对。")
_UNPACK = N_("请解压后把公告和名单装进一个普通的 ZIP，或逐个提交。")
_REFUSED = {
    ".doc": (N_("是旧版 Word 文档，不能读取。"), N_("请用 Word 或 WPS 打开，另存为 DOCX 后重试。")),
    ".wps": (N_("是 WPS 旧格式的文档，不能读取。"), N_("请用 WPS 打开，另存为 DOCX 后重试。")),
    ".rtf": (N_("是 RTF 文档，不能读取。"), N_("请用 Word 或 WPS 打开，另存为 DOCX 后重试。")),
    ".et": (N_("是 WPS 旧格式的表格，不能读取。"), _SPREADSHEET),
    ".ods": (N_("是 ODS 表格，不能读取。"), _SPREADSHEET),
    ".xlsb": (N_("是二进制的 Excel 工作簿，不能读取。"), _SPREADSHEET),
    ".xlsm": (N_("是带宏的 Excel 工作簿，不能读取。"), _SPREADSHEET),
    ".docm": (N_("是带宏的 Word 文档，不能读取。"), N_("请用 Word 或 WPS 打开，另存为 DOCX 后重试。")),
    ".ofd": (N_("是 OFD 版式文件，不能读取。"), N_("请用 OFD 阅读器导出为可以选中文字的 PDF，或向发布机关索取 XLSX。")),
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"), (N_("是图片，图片里的文字不能读取。"), _PICTURE)),
    **dict.fromkeys((".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz"), (N_("是不能读取的压缩格式。"), _UNPACK)),
}  # fmt: skip
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC = (
    (b"PK\x03\x04", N_("XLSX、DOCX 或 ZIP 压缩文件")),
    (_OLD_OFFICE, N_("旧版 Office 文件（XLS、DOC）")),
    (b"%PDF", N_("PDF 文件")),
    (b"\x89PNG", N_("图片")),
    (b"\xff\xd8\xff", N_("图片")),
    (b"GIF8", N_("图片")),
    (b"Rar!", N_("RAR 压缩文件")),
    (b"7z\xbc\xaf", N_("7z 压缩文件")),
    (b"\x1f\x8b", N_("GZIP 压缩文件")),
)
_OWN_MAGIC = {
    ".xlsx": b"PK\x03\x04",
    ".docx": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
    ".xls": _OLD_OFFICE,
    ".pdf": b"%PDF",
}
_OWN_MAGIC_OF = {MEDIA_TYPES[ending]: (ending, magic) for ending, magic in _OWN_MAGIC.items()}
_RE_SAVE = N_("请用原来的软件打开，确认无误后另存为 XLSX、DOCX 或 CSV 再试。")


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
        raise Unreadable(_("“{ending}”{what}", ending=ending, what=_(what)), _(remedy))
    if ending not in MEDIA_TYPES:
        known = _("、").join(sorted({key.lstrip(".").upper() for key in MEDIA_TYPES}))
        what = _("不能读取“{ending}”的文件。", ending=ending) if ending else _("不能读取“没有扩展名”的文件。")
        raise Unreadable(what, _("请转换为下列格式之一：{formats}。", formats=known))
    return MEDIA_TYPES[ending]


def check(data: bytes, media: str, limits: Limits) -> None:
    """That the bytes are what the ending says, hold no bomb, and bring no macro and no other file with them.

    Raises: Unreadable
    """
    if not data.strip():
        raise Unreadable(_("文件是空的。"), _("请确认选对了文件。"))
    ending, own = _OWN_MAGIC_OF.get(media, ("", b""))
    if own != _OLD_OFFICE and data.startswith(_OLD_OFFICE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable(_("文件有密码。"), _("请去掉密码后重试。"))
    for magic, what in _MAGIC:
        if magic != own and data.startswith(magic):
            raise Unreadable(
                _("文件的扩展名与内容不符：内容是{what}。", what=_(what)),
                _("请改成正确的扩展名，或另存为 XLSX、CSV 后重试。"),
            )
    if own and not data.startswith(own):
        is_markup = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        what = (
            N_("文件的扩展名是 {ending}，内容却不是，而是网页（HTML 或 XML）。")
            if is_markup
            else N_("文件的扩展名是 {ending}，内容却不是。")
        )
        raise Unreadable(_(what, ending=ending[1:].upper()), _(_RE_SAVE))
    if own == b"PK\x03\x04":
        from public_site.notices import zip_gate

        zip_gate.check(data, media, limits)
    elif own == _OLD_OFFICE and "_VBA_PROJECT".encode("utf-16-le") in data:
        raise Unreadable(
            _("工作簿带有宏。"), _("请用 Excel 或 WPS 打开，把名单另存为不带宏的普通 XLSX 或 CSV 后重试。")
        )
