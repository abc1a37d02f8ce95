"""Photos as they come in: judged by their first bytes, drawn anew in a limited child, never written to a disk unsealed.

What this module knows that no other does: which pictures are taken, and the sentence for each that is not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from public_site.faults import NotValid
from public_site.languages import _

MOST = 6
LARGEST = 8 << 20
_SECONDS = 20
_DRAWING = str(Path(__file__).with_name("drawing.py"))
_TOO_MANY_PIXELS = 3


class PhotoRefused(NotValid):
    """A picture that is not taken, and why."""


def drawn(data: bytes) -> bytes:
    """The picture as a new JPEG of at most 2,560 pixels a side, without anything but what is seen.

    Raises: PhotoRefused.
    """
    if not data:
        raise PhotoRefused(_("照片是空的。"))
    if len(data) > LARGEST:
        raise PhotoRefused(_("照片超过 8 MB，请缩小后再传。"))
    if not _looks_like_one(data):
        raise PhotoRefused(_("只能传照片：JPEG、PNG、WebP 或 HEIC。"))
    command = [sys.executable, "-I", _DRAWING]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, check=False, timeout=_SECONDS, cwd="/", env={"LANG": "C.UTF-8"},
            start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PhotoRefused(_("照片无法读取：处理时间太长。请用手机截屏后再传。")) from None
    if done.returncode == _TOO_MANY_PIXELS:
        raise PhotoRefused(_("照片的像素太多（上限 4,000 万），请缩小后再传。"))
    if done.returncode or not done.stdout.startswith(b"\xff\xd8"):
        raise PhotoRefused(_("照片无法读取：文件已损坏，或不是照片。请用手机截屏后再传。"))
    return done.stdout


def _looks_like_one(data: bytes) -> bool:
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis", b"hevc"})
    )
