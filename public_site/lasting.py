"""What outlives a power cut: written is not kept until the disk has it, nor is a new name until its folder has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any


def settle(file: IO[Any]) -> None:
    """All that was written to the file is on the disk when this returns."""
    file.flush()
    os.fsync(file.fileno())


def settle_folder(folder: Path) -> None:
    """The names in the folder, new, changed or gone, are on the disk when this returns."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
