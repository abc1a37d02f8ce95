"""Bytes to text without guessing: byte order mark, else strict UTF-8, else strict GB18030, else refused.

Encoding sniffers misread short GB18030 lists, so there is none; a file that is neither is sent back with that reason.
What decodes by accident does not get far: a table needs a known header.
"""

from __future__ import annotations

import codecs

from public_site.languages import _
from public_site.notices.grid import Unreadable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], (encoding,))
    return _strict(data, ("utf-8", "gb18030"))


def _strict(data: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise Unreadable(
        _("文件的文字编码无法识别，既不是 UTF-8 也不是 GB18030（GBK）。"),
        _("请用 Excel 或 WPS 打开原文件，另存为“CSV UTF-8”或 XLSX 后重试。"),
    )
