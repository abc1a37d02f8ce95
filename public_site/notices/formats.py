"""From checked bytes to pieces of text and tables: which module reads which kind of file. Only that one is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from public_site.notices import file_gate
from public_site.notices.file_gate import Limits
from public_site.notices.grid import Piece

_MODULES = {
    ".csv": "csv_file",
    ".tsv": "csv_file",
    ".txt": "plain_text",
    ".html": "html_page",
    ".xlsx": "xlsx_file",
    ".xls": "xls_file",
    ".docx": "docx_file",
    ".pdf": "pdf_file",
    ".zip": "zip_file",
}
_MODULE_OF = {file_gate.MEDIA_TYPES[ending]: module for ending, module in _MODULES.items()}


def pieces(data: bytes, media: str, limits: Limits) -> Iterable[Piece]:
    """What a file holds, once it has passed the gate.

    Raises: Unreadable
    """
    file_gate.check(data, media, limits)
    module = import_module(f"public_site.notices.{_MODULE_OF[media]}")
    found: Iterable[Piece] = (
        module.zipped(data, limits) if media == file_gate.MEDIA_TYPES[".zip"] else module.lines(data)
    )
    return found
