"""Where the files that ship beside the code are found: templates, static files, the copies the build hook fetched.

In a source checkout they are the top-level folders `templates/` and `static/`; a wheel carries them inside the package
as `_templates/` and `_static/`, with the lock file (see `hatch_build.py`). Nothing else in the package knows the difference.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from public_site.faults import NotReady

_PACKAGE = Path(__file__).parent


class VendorFilesStale(NotReady):
    """The fetched front-end files are missing or are not those that the lock file pins."""


def _shipped(name: str) -> Path:
    in_wheel = _PACKAGE / f"_{name}"
    return in_wheel if in_wheel.exists() else _PACKAGE.parent / name


TEMPLATES = _shipped("templates")
STATIC = _shipped("static")
VENDOR_RECORDS = (STATIC / "vendor" / "package-lock.sha256", _PACKAGE / "vendor" / "package-lock.sha256")


def check_vendor_files() -> None:
    """Say so at start, not at the first page, when the fetched files are missing or old.

    Raises: VendorFilesStale, with the command that mends it.
    """
    pinned = hashlib.sha256(_shipped("package-lock.json").read_bytes()).hexdigest()
    if not all(record.is_file() and record.read_text().strip() == pinned for record in VENDOR_RECORDS):
        raise VendorFilesStale("前端文件缺失或与 package-lock.json 不一致，请运行 make install 重新取得。")
