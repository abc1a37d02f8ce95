"""One export from beginning to end: lock, one snapshot of the register, every file, every check, and only then publish.

What this module knows that no other does: the order of the work. DuckDB writes a file, two threads hash and compress the
ones before it, and the formats that want a row at a time are made meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from data_export import checking, deltas, describing, finishing, versions, workbooks, writing
from data_export.fields import TABLES, Table
from data_export.staging import Staging
from public_site import log, open_data, register
from public_site.database import Database
from public_site.faults import NotReady
from public_site.open_data import FORMATS, MEDIA_TYPES, File, Version
from public_site.settings import Settings

MEMORY_MB: Final = 400  # DuckDB's; the rest of the process takes about 200 MB
_THREADS: Final = 2
_DATABASE: Final = "mingji.sqlite"
_CHECKPOINT: Final = "checkpoint.txt"
Progress = Callable[[str, int, int], None]


class NothingToExport(NotReady):
    """The register is empty."""


class RegisterBehind(NotReady):
    """The register, or its log, is behind what was already exported."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The latest version, and whether this run made it (it was there already otherwise)."""

    version: Version
    made: bool


def export(
    database: Database, settings: Settings, folder: Path, *, progress: Progress, without: frozenset[str] = frozenset()
) -> Exported:
    """Write the version of the register's latest entry into `folder`, unless it is there; `without`: formats left out.

    Raises: NothingToExport, RegisterBehind, versions.ExportUnderWay, checking.ExportRefused.
    """
    with versions.alone(folder):
        index = open_data.read(folder)
        versions.clear(folder, index)
        latest = index.latest
        if latest is not None and latest.entry == _number(database, latest.entry):
            return Exported(latest, made=False)
        with versions.making(folder) as made:
            version = _make(database, settings, made, folder, latest, progress, without)
            versions.publish(folder, made, version, keep_days=settings.open_data_keep_days)
            return Exported(version, made=True)


def _number(database: Database, exported: int) -> int:
    with database.reading() as connection:
        number = register.latest_number(connection)
    if number < exported:
        raise RegisterBehind(f"登记只到第 {number} 条，而开放数据已有第 {exported} 条的版本；请检查登记数据库。")
    return number


def _make(
    database: Database, settings: Settings, made: Path, folder: Path, before: Version | None, progress: Progress,
    without: frozenset[str],
) -> Version:  # fmt: skip
    work = made / "work"
    work.mkdir()
    staging = Staging(work, memory_mb=MEMORY_MB, threads=_THREADS)
    with closing(staging.duck):
        checkpoint = _read(database, staging, progress)
        name = open_data.version_name(staging.number, staging.published_at)
        _refuse(checking.staged(staging))
        writer = _Writer(staging, made, work, progress, without)
        files = writer.write(folder / before.name if before else None)
        progress("核对文件", writer.steps, writer.steps)
        _refuse(checking.written(staging, made, files))
    version = Version(name, staging.number, open_data.day(staging.published_at), staging.published_at, checkpoint,
                      before.name if before else None, thinned=False, files=tuple(files))  # fmt: skip
    files = [*files, *_describe(version, made, settings.base_url)]
    for path in sorted(work.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    work.rmdir()
    return Version(**{f: getattr(version, f) for f in Version.__dataclass_fields__ if f != "files"}, files=tuple(files))


def _read(database: Database, staging: Staging, progress: Progress) -> str:
    progress("读取登记", 0, 1)
    with database.reading() as connection:
        if not register.latest_number(connection):
            raise NothingToExport("登记还是空的，没有可以导出的数据。")
        staging.read(connection)
        checkpoint = log.checkpoint(connection)
    if int(checkpoint.split("\n")[1]) != staging.number:
        raise RegisterBehind("登记日志的检查点还没有到最新一条，请运行 public-site rebuild log。")
    staging.make()
    return checkpoint


def _refuse(problems: Iterator[str]) -> None:
    if found := list(problems):
        raise checking.ExportRefused("导出未通过核对，没有发布：" + "；".join(found[:20]) + "。")


class _Writer:
    """The data files of one version: each is handed to a finishing thread as soon as it is written."""

    def __init__(self, staging: Staging, folder: Path, work: Path, progress: Progress, without: frozenset[str]) -> None:
        self._staging, self._folder, self._work = staging, folder, work
        self._progress, self._without = progress, without
        self._pool = ThreadPoolExecutor(_THREADS)
        self._waiting: list[tuple[str, str | None, str, int | None, Future[finishing.Finished]]] = []
        self.steps = sum(1 for table in TABLES for _ in self._formats(table)) + 2

    def write(self, before: Path | None) -> list[File]:
        """Write every file; the version before lies in the folder `before`."""
        with self._pool:
            for table in TABLES:
                self._table(table)
            if before is not None:
                self._delta(before)
            self._row_at_a_time()
            return [self._finished(*told) for told in self._waiting]

    def _formats(self, table: Table) -> Iterator[str]:
        fits = self._staging.rows(table) <= writing.MOST_SHEET_ROWS
        for ending in FORMATS:
            wanted = {"geojson": table.has_point, "sqlite": False, "xlsx": fits, "excel.csv": fits}.get(ending, True)
            if wanted and ending not in self._without:
                yield ending

    def _table(self, table: Table) -> None:
        duck, rows = self._staging.duck, self._staging.rows(table)
        for ending in self._formats(table):
            name = f"{table.name}.{ending}"
            if ending in writing.WRITERS:
                writing.WRITERS[ending](duck, table, self._folder / name)
                self._hand_over(name, table.name, ending, rows)
        if table.has_point and "geojson" not in self._without:
            rows = self._staging.one(f"SELECT count(*) FROM {table.name} WHERE lat IS NOT NULL AND lon IS NOT NULL")
            lines = self._work / f"{table.name}.features"
            writing.geojson(duck, table, lines)
            head = b'{"type":"FeatureCollection","features":[\n'
            finishing.as_array(lines, self._folder / f"{table.name}.geojson", head, b"]}\n")
            lines.unlink()
            self._hand_over(f"{table.name}.geojson", table.name, "geojson", rows)

    def _row_at_a_time(self) -> None:
        for table in TABLES:
            if "json" in self._formats(table) and "jsonl" not in self._without:
                lines, target = self._folder / f"{table.name}.jsonl", self._folder / f"{table.name}.json"
                finishing.as_array(lines, target, b"[\n", b"]\n")
                self._hand_over(target.name, table.name, "json", self._staging.rows(table))
        sources = [(table, self._folder / f"{table.name}.csv") for table in TABLES]
        if "sqlite" not in self._without:
            workbooks.sqlite(sources, self._folder / _DATABASE)
            self._hand_over(_DATABASE, None, "sqlite", None)
        for table, source in sources:
            if "xlsx" in self._formats(table):
                workbooks.xlsx(table, source, self._folder / f"{table.name}.xlsx")
                self._hand_over(f"{table.name}.xlsx", table.name, "xlsx", self._staging.rows(table))

    def _delta(self, before: Path) -> None:
        target = self._folder / open_data.DELTA
        rows = 0
        with target.open("wb") as out:
            for table in TABLES:
                part = self._work / f"{table.name}.delta"
                rows += deltas.write(self._staging.duck, table, before / f"{table.name}.parquet", part)
                with part.open("rb") as lines:
                    while block := lines.read(1 << 20):
                        out.write(block)
        self._hand_over(open_data.DELTA, None, "jsonl", rows)

    def _hand_over(self, name: str, table: str | None, ending: str, rows: int | None) -> None:
        self._progress(f"写出 {name}", len(self._waiting), self.steps)
        done = self._pool.submit(finishing.finish, self._folder / name, compressed=FORMATS[ending].compressed)
        self._waiting.append((name, table, ending, rows, done))

    def _finished(
        self, name: str, table: str | None, ending: str, rows: int | None, done: Future[finishing.Finished]
    ) -> File:
        told = done.result()
        media_type = MEDIA_TYPES.get(name, FORMATS[ending].media_type)
        return File(name, table, ending, media_type, told.bytes, rows, told.sha256, told.encodings)


def _describe(version: Version, folder: Path, address: str) -> list[File]:
    """The files that describe the others, the Data Package last: it names them too."""
    made = []
    for name, content in (
        (_CHECKPOINT, version.checkpoint.encode()),
        (open_data.CSVW, _json(describing.csvw(TABLES))),
        (open_data.CATALOG, _json(describing.catalogue(version.name, version.published_at, version.files, address))),
    ):
        made.append(_small(folder, name, content))
    package = describing.data_package(version.name, version.published_at, [*version.files, *made])
    return [*made, _small(folder, open_data.PACKAGE, _json(package))]


def _small(folder: Path, name: str, content: bytes) -> File:
    path = folder / name
    path.write_bytes(content)
    done = finishing.finish(path, compressed=len(content) > 1024)
    return File(name, None, name.rpartition(".")[2], MEDIA_TYPES[name], done.bytes, None, done.sha256, done.encodings)


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def be_polite() -> None:
    """Let whoever serves pages go first."""
    os.nice(10)
