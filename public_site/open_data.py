"""The open-data folder: what the exporter (`data_export`) and the pages that serve it agree on.

What this module knows that no other does: how a version is named, which formats there are, how `index.json` is written
and read, and under which licence the data go out. `index.json` alone says which version is the latest: a version exists
from the moment that file names it. A version never changes; an old one may be thinned to its delta, so that the chain of
deltas stays whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from public_site.faults import NotReady
from public_site.languages import N_, _

INDEX: Final = "index.json"
UPLOADED: Final = "uploaded.json"  # the index as it was when all that it names had been uploaded elsewhere
PACKAGE: Final = "datapackage.json"
CSVW: Final = "csv-metadata.json"
CATALOG: Final = "catalog.jsonld"
DELTA: Final = "delta.jsonl"
_CHINA = timezone(timedelta(hours=8))
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Licence:
    """Under what terms the data may be used."""

    id: str
    title: str
    url: str


LICENCE: Final = Licence("CC-BY-4.0", N_("知识共享 署名 4.0 国际"), "https://creativecommons.org/licenses/by/4.0/")


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: the ending of its files, its media type, its name and for whom it is."""

    ending: str
    media_type: str
    title: str
    meaning: str
    compressed: bool = True  # whether files of it have .gz and .zst siblings


FORMATS: Final = {
    one.ending: one
    for one in (
        Format("csv", "text/csv; charset=utf-8; header=present", "CSV", N_("UTF-8，逗号分隔（RFC 4180），给程序用")),
        Format("excel.csv", "text/csv; charset=utf-8; header=present", N_("CSV（Excel）"),
               N_("带字节顺序标记，可直接用 Excel 打开；会被当作公式或长数字的文字前加一个撇号")),
        Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX",
               N_("Excel 工作簿，第二张表是字段说明"), compressed=False),
        Format("json", "application/json", "JSON", N_("一个数组，每行一条记录")),
        Format("jsonl", "application/jsonl", "JSON Lines", N_("每行一个 JSON 对象，适合逐行处理")),
        Format("geojson", "application/geo+json", "GeoJSON", N_("有坐标的企业（WGS 84，先经度后纬度）")),
        Format("parquet", "application/vnd.apache.parquet", "Parquet", N_("列式存储，适合 DuckDB、pandas 等分析工具"),
               compressed=False),
        Format("sqlite", "application/vnd.sqlite3", "SQLite", N_("全部表在一个数据库文件里"), compressed=False),
    )
}  # fmt: skip
MEDIA_TYPES: Final = {PACKAGE: "application/json", CSVW: "application/csvm+json", CATALOG: "application/ld+json",
                      DELTA: "application/jsonl", "checkpoint.txt": "text/plain; charset=utf-8"}  # fmt: skip


class IndexDamaged(NotReady):
    """`index.json` cannot be read."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a version: `table` None for what describes or joins all tables; `encodings` names compressed siblings."""

    name: str
    table: str | None
    format: str
    media_type: str
    bytes: int
    rows: int | None
    sha256: str
    encodings: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Version:
    """What the register held at entry `entry`; `published_at` is that entry's moment, `date` its day in China."""

    name: str
    entry: int
    date: str
    published_at: str
    checkpoint: str
    previous: str | None
    thinned: bool
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        """What the version takes, its compressed siblings included."""
        return sum(f.bytes + sum(f.encodings.values()) for f in self.files)

    def file(self, name: str) -> File | None:
        """The file of exactly this name."""
        return next((f for f in self.files if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Index:
    """Every version, the newest first."""

    versions: tuple[Version, ...] = ()

    @property
    def latest(self) -> Version | None:
        return self.versions[0] if self.versions else None

    def version(self, name: str) -> Version | None:
        """The version of this name; `latest` is a name too."""
        if name == "latest":
            return self.latest
        return next((v for v in self.versions if v.name == name), None)


def version_name(entry: int, published_at: str) -> str:
    """How a version is called, and so its folder: the entry number and the day in China, `8123-2026-11-25`."""
    return f"{entry}-{day(published_at)}"


def day(published_at: str) -> str:
    """The day in China of a moment of the register."""
    return datetime.fromisoformat(published_at).astimezone(_CHINA).date().isoformat()


def read(folder: Path) -> Index:
    """The index of an open-data folder; without versions where nothing was exported yet.

    Raises: IndexDamaged.
    """
    return _at(folder / INDEX)


def uploaded(folder: Path) -> Index:
    """What lies elsewhere already (see `PUBLIC_SITE_OPEN_DATA_URL`); nothing where that cannot be told."""
    try:
        return _at(folder / UPLOADED)
    except IndexDamaged:
        return Index()


def _at(path: Path) -> Index:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return Index()
    return _read(path, stat.st_mtime_ns, stat.st_ino, stat.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _inode: int, _size: int) -> Index:
    try:
        told = orjson.loads(path.read_bytes())
        return Index(tuple(_version(v) for v in told["versions"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(
            _("开放数据的目录文件 {file} 读不出来：{fault}。", file=INDEX, fault=error.__class__.__name__)
        ) from None


def _version(told: dict[str, Any]) -> Version:
    known = {k: told[k] for k in Version.__dataclass_fields__ if k != "files"}
    return Version(**known, files=tuple(File(**f) for f in told["files"]))


def as_json(index: Index) -> bytes:
    """`index.json`: a contract for whoever mirrors the files."""
    latest = index.latest
    told = {
        "format": _FORMAT,
        "name": "mingji",
        "licence": asdict(LICENCE),
        "latest": latest.name if latest else None,
        "versions": [asdict(v) | {"bytes": v.bytes} for v in index.versions],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
