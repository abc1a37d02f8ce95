"""The version folders: one exporter at a time, a version appears whole or not at all, old ones are thinned.

What this module knows that no other does: in which order things reach the disk. A version is made in a folder that
begins with a dot, brought to the disk, renamed, and exists once `index.json` (written aside, renamed over) names it; only
then are the files of thinned versions removed. So at every moment the index names only files that are whole. What a
crash left behind is cleared away at the next start.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from data_export import finishing
from public_site import lasting, open_data
from public_site.faults import NotReady
from public_site.open_data import DELTA, Index, Version

_MAKING = ".making"
_LATEST = "latest"


class ExportUnderWay(NotReady):
    """Another process is exporting into this folder."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within the block nobody else exports into `folder`; the system frees the lock with the process.

    Raises: ExportUnderWay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExportUnderWay(f"另一个导出正在写入 {folder}，请等它完成。") from None
        yield


def clear(folder: Path, index: Index) -> None:
    """Remove what a crash left: half-made folders, versions the index does not name, files of thinned versions."""
    for entry in folder.iterdir():
        version = index.version(entry.name) if entry.name != _LATEST else None
        if entry.name.startswith(_MAKING) or (entry.is_dir() and not entry.is_symlink() and version is None):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        elif version is not None and version.thinned:
            _remove_files(entry, version)
    _point_at_latest(folder, index)


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A folder for a version in the making, gone after the block unless it was published."""
    path = folder / f"{_MAKING}-{os.getpid()}"
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish(folder: Path, made: Path, version: Version, *, keep_days: int) -> Index:
    """Let the finished folder `made` be `version`, thin what is old, and switch over."""
    index = open_data.read(folder)
    lasting.settle_folder(made)
    made.rename(folder / version.name)
    lasting.settle_folder(folder)
    thinned = thin(Index((version, *index.versions)), keep_days=keep_days)
    _write_index(folder, thinned)
    _point_at_latest(folder, thinned)
    for one in thinned.versions:
        if one.thinned:
            _remove_files(folder / one.name, one)
    return thinned


def thin(index: Index, *, keep_days: int) -> Index:
    """Of versions more than `keep_days` older than the latest only the last of each month stays whole; the others keep
    their delta, so that the chain of deltas has no gap."""
    latest = index.latest
    if latest is None:
        return index
    young = (date.fromisoformat(latest.date) - timedelta(days=keep_days)).isoformat()
    months: set[str] = set()
    kept = []
    for version in index.versions:  # the newest first
        is_last_of_month = version.date[:7] not in months
        months.add(version.date[:7])
        stays = version.date >= young or is_last_of_month
        kept.append(version if stays or version.thinned else _thinned(version))
    return Index(tuple(kept))


def _thinned(version: Version) -> Version:
    return replace(version, thinned=True, files=tuple(f for f in version.files if f.name == DELTA))


def _write_index(folder: Path, index: Index) -> None:
    aside = folder / f"{_MAKING}-index"
    with aside.open("wb") as file:
        file.write(open_data.as_json(index))
        lasting.settle(file)
    aside.rename(folder / open_data.INDEX)
    lasting.settle_folder(folder)


def _point_at_latest(folder: Path, index: Index) -> None:
    """`latest` for whoever reads the folder itself; pages go by the index."""
    link = folder / _LATEST
    wanted = index.latest.name if index.latest else None
    if wanted is None or (link.is_symlink() and link.readlink() == Path(wanted)):
        return
    aside = folder / f"{_MAKING}-latest"
    aside.unlink(missing_ok=True)
    aside.symlink_to(wanted)
    aside.rename(link)
    lasting.settle_folder(folder)


def _remove_files(folder: Path, version: Version) -> None:
    stay = {f.name for f in version.files}
    stay |= {finishing.sibling(folder / f.name, coding).name for f in version.files for coding in f.encodings}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in stay:
            path.unlink()
    if folder.is_dir() and not stay:
        folder.rmdir()
