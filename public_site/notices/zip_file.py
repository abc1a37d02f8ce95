"""A ZIP with the attachments of one notice: its letter, and one or more lists. The whole is one file with one SHA-256.

The letter comes before the lists, whatever their order in the archive, so that it stands above them. Each attachment
passes the gate of its own format; what cannot be read is pointed out by name, and only what archivers add is passed over.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from public_site.notices import file_gate, formats
from public_site.notices.about import tidy
from public_site.notices.file_gate import Limits
from public_site.notices.grid import Flaw, Line, Page, Part, Piece, Unreadable

_OF_ARCHIVERS = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$|\._)", re.IGNORECASE)
_ATTACHED = re.compile(r"附[件表]")
_LISTS = frozenset({".xlsx", ".xls", ".csv", ".tsv"})
_UTF8_NAME = 0x800  # the flag by which an entry says that its name is UTF-8


def zipped(data: bytes, limits: Limits) -> Iterator[Piece]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        named = [(_name(entry), entry) for entry in archive.infolist() if not entry.is_dir()]
        wanted = [(name, entry) for name, entry in named if not _OF_ARCHIVERS.search(name)]
        if not wanted:
            raise Unreadable("压缩包里没有文件。", "请确认选对了文件。")
        for name, entry in sorted(wanted, key=lambda both: _place(both[0])):
            yield from _attachment(name, archive.read(entry), limits)


def _attachment(name: str, data: bytes, limits: Limits) -> Iterator[Piece]:
    """The pieces of one attachment, each under the attachment's name, then under its own sheet's."""
    path = PurePosixPath(name)
    yield Part(None, path.stem)
    try:
        for piece in formats.pieces(data, file_gate.media_type(path.name), limits):
            match piece:
                case Line() | Flaw():
                    yield replace(piece, sheet=f"{name}：{piece.sheet}" if piece.sheet else name)
                case Part():
                    yield Part(piece.sheet, path.stem)
                case Page():
                    yield piece
    except Unreadable as fault:
        yield Flaw(f"{name}：{fault.sheet}" if fault.sheet else name, fault.row or 0, fault.message, fault.remedy)


def _place(name: str) -> tuple[bool, bool]:
    """Letters before lists: what is called an attachment, and what is a spreadsheet, comes later."""
    path = PurePosixPath(name)
    return bool(_ATTACHED.match(path.name)), path.suffix.lower() in _LISTS


def _name(entry: zipfile.ZipInfo) -> str:
    """An entry's name; without the flag for UTF-8 it is in whatever code the archiver's machine had."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        raw = name.encode("cp437")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return tidy(name.replace("\\", "/"))[-150:]
