"""What is exported: every format tells the same, opens in other programs, and comes out the same every time."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sqlite3
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import shapely
import zstandard
from sqlalchemy import text

from data_export import checking, exporting, finishing, staging, workbooks
from data_export.fields import TABLES, Table
from public_site import complaint_counts, open_data, publishing, register, tree
from public_site.database import Database
from public_site.settings import Settings
from tests import databases, planted
from tests.data_export.exporter import FORMULA, Exporter
from tests.desk import Desk, row


def test_every_format_of_every_table_holds_the_same_rows(published: Exporter) -> None:
    version = published.export()
    duck = duckdb.connect()
    for table in TABLES:
        rows = published.lines(version, f"{table.name}.jsonl")
        count = len(rows)
        assert count
        assert all(list(one) == [f.name for f in table.fields] for one in rows)
        assert json.loads(published.path(version, f"{table.name}.json").read_text(encoding="utf-8")) == rows
        told = list(csv.reader(published.path(version, f"{table.name}.csv").open(encoding="utf-8", newline="")))
        assert told[0] == [f.name for f in table.fields]
        assert told[1:] == [[_as_csv(value) for value in one.values()] for one in rows]
        parquet = duck.execute(f"SELECT {table.key} FROM '{published.path(version, table.name)}.parquet'").fetchall()
        assert [key for (key,) in parquet] == [one[table.key] for one in rows]
        sheet = openpyxl.load_workbook(published.path(version, f"{table.name}.xlsx"), read_only=True)[table.name]
        assert sum(1 for _ in sheet.iter_rows()) == count + 1
        with closing(sqlite3.connect(published.path(version, "mingji.sqlite"))) as base:
            columns = ", ".join(f'"{f.name}"' for f in table.fields)
            kept = base.execute(f"SELECT {columns} FROM {table.name} ORDER BY rowid").fetchall()
        assert [[_as_csv(value) for value in one] for one in kept] == [
            [_as_csv(int(value)) if isinstance(value, bool) else _as_csv(value) for value in one.values()]
            for one in rows
        ]
        assert {f.rows for f in version.files if f.table == table.name and f.format != "geojson"} == {count}


def _as_csv(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@databases.on_one
def test_the_same_register_gives_the_same_bytes(published: Exporter, tmp_path: Path) -> None:
    one, other = published.export(tmp_path / "one"), published.export(tmp_path / "other")
    assert one == other
    assert len(one.files) > 45
    for file in (tmp_path / "one" / one.name).iterdir():
        assert file.read_bytes() == (tmp_path / "other" / other.name / file.name).read_bytes(), file.name


@databases.on_one
def test_a_large_register_is_written_by_other_hands_and_gives_the_same_bytes(
    published: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = published.export(tmp_path / "usual")
    monkeypatch.setattr(exporting, "LARGE", 0)  # the SQLite file by a process of its own
    monkeypatch.setattr(finishing, "LARGE", 0)  # compressed by the faster library
    monkeypatch.setattr(staging, "_STRETCH", 7)  # entries taken in a few at a time
    large = published.export(tmp_path / "large")
    assert [(f.name, f.sha256) for f in large.files] == [(f.name, f.sha256) for f in usual.files]
    for file in large.files:
        plain = (tmp_path / "large" / large.name / file.name).read_bytes()
        if "gzip" in file.encodings:
            assert gzip.decompress((tmp_path / "large" / large.name / f"{file.name}.gz").read_bytes()) == plain


@databases.on_one
def test_sizes_digests_and_compressed_siblings_are_those_of_the_index(published: Exporter) -> None:
    version = published.export()
    assert open_data.read(published.folder).latest == version
    for file in version.files:
        path = published.path(version, file.name)
        content = path.read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
        if file.encodings:
            packed = path.with_name(f"{file.name}.gz").read_bytes()
            assert packed[4:8] == b"\0\0\0\0", "a gzip file with a date is another file every day"
            assert gzip.decompress(packed) == content
            assert zstandard.decompress(path.with_name(f"{file.name}.zst").read_bytes()) == content
    stored = sum(p.stat().st_size for p in (published.folder / version.name).iterdir())
    assert version.bytes == stored


@databases.on_one
def test_csv_is_rfc_4180_and_the_one_for_excel_is_guarded(published: Exporter) -> None:
    version = published.export()
    plain = published.path(version, "enterprises.csv").read_bytes()
    assert not plain.startswith(b"\xef\xbb\xbf")
    assert plain.count(b"\r\n") == plain.count(b"\n") == len(published.rows(version, "enterprises")) + 1
    assert FORMULA.encode() in plain
    assert f"'{FORMULA}".encode() not in plain
    guarded = published.path(version, "enterprises.excel.csv").read_bytes()
    assert guarded.startswith(b"\xef\xbb\xbfid,name,")
    assert f"'{FORMULA}".encode() in guarded


@databases.on_one
def test_no_cell_of_a_workbook_is_a_formula_and_its_fields_are_explained(published: Exporter) -> None:
    version = published.export()
    book = openpyxl.load_workbook(published.path(version, "enterprises.xlsx"))
    cells = [cell for line in book["enterprises"].iter_rows() for cell in line]
    assert FORMULA in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [line[0].value for line in book["字段说明"].iter_rows(min_row=2)] == [f.name for f in TABLES[0].fields]


@databases.on_one
def test_geojson_holds_the_enterprises_with_a_point(desk: Desk, exporter: Exporter) -> None:
    desk.publish([row("演示甲有限公司", "A"), row("演示乙有限公司", "B")])
    draft = publishing.draft_enterprise_change(
        desk.database, 2, {"lat": 29.7, "lon": 107.39}, reason="实地核对", by="甲", at=datetime.now(UTC)
    )  # fmt: skip
    desk.approve(draft)
    version = exporter.export()
    told = json.loads(exporter.path(version, "enterprises.geojson").read_text(encoding="utf-8"))
    (feature,) = told["features"]
    assert shapely.from_geojson(json.dumps(feature["geometry"])) == shapely.Point(107.39, 29.7)
    assert feature["properties"]["name"] == "演示甲有限公司"
    assert next(f for f in version.files if f.format == "geojson").rows == 1


@databases.on_one
def test_an_empty_set_of_points_is_still_geojson(published: Exporter) -> None:
    version = published.export()
    told = json.loads(published.path(version, "enterprises.geojson").read_text(encoding="utf-8"))
    assert told == {"type": "FeatureCollection", "features": []}


def test_the_entries_give_back_the_root_of_the_log(published: Exporter) -> None:
    """Whoever has the file needs nothing of ours to check it against the signed checkpoint."""
    version = published.export()
    leaves = []
    for one in published.lines(version, "entries.jsonl"):
        body = {"notice": one.pop("notice_id"), "enterprise": one.pop("enterprise_id"), "unit": one.pop("unit_id")}
        leaves.append(tree.leaf_hash(register.canonical(one | body)))
    root = tree.root(len(leaves), lambda level, at: _node(leaves, level, at))
    assert version.checkpoint.splitlines()[1:3] == [str(version.entry), b64encode(root).decode()]
    assert published.path(version, "checkpoint.txt").read_text(encoding="utf-8") == version.checkpoint


def _node(leaves: list[bytes], level: int, at: int) -> bytes:
    if level == 0:
        return leaves[at]
    return tree.node_hash(_node(leaves, level - 1, 2 * at), _node(leaves, level - 1, 2 * at + 1))


def test_what_is_not_public_is_in_no_file(published: Exporter, database: Database) -> None:
    """Canaries in every text column of every table that is not published."""
    with database.writing() as connection:
        assert planted.plant(connection) >= 8
    version = published.export()
    canary = planted.CANARY
    signs = [canary.encode(), canary.encode("utf-16-le"), json.dumps(canary)[1:-1].encode()]
    for path in (published.folder / version.name).iterdir():
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = repr(duckdb.connect().execute(f"SELECT * FROM '{path}'").fetchall()).encode()
        elif path.suffix == ".xlsx":
            content = repr([[c.value for c in line] for s in openpyxl.load_workbook(path) for line in s.iter_rows()]).encode()  # fmt: skip
        assert not [sign for sign in signs if sign in content], path.name
    assert all(told.startswith(("读取", "写出", "核对")) for told in published.told)


def test_counts_of_complaints_are_those_of_quarters_closed_before_the_version(
    published: Exporter, database: Database
) -> None:
    with database.writing() as connection:
        complaint_counts.keep(connection, "2099Q1", "2099-04-01", [("", "odour", 12)])
    found = published.rows(published.export(), "complaint_statistics")
    assert list(found) == ["2020Q4-500102-odour", "2020Q4-CN-odour"]
    assert (found["2020Q4-500102-odour"]["place"], found["2020Q4-500102-odour"]["complaints"]) == ("涪陵区", 7)
    assert found["2020Q4-CN-odour"]["place_code"] is None


class TestRefusals:
    def test_an_empty_register_has_nothing_to_export(self, exporter: Exporter) -> None:
        with pytest.raises(exporting.NothingToExport):
            exporter.export()
        assert open_data.read(exporter.folder).latest is None

    @databases.on_one
    def test_a_row_that_breaks_a_rule_publishes_nothing(self, published: Exporter, database: Database) -> None:
        before = published.export()
        with database.writing() as connection:
            connection.execute(text("UPDATE enterprise SET overall_grade = 'Z', county = 'x' WHERE id = 2"))
        other = published.folder.parent / "other"
        with pytest.raises(checking.ExportRefused, match=r"1 行的 county_code 不合格式.*1 行的 overall_grade 不是"):
            published.export(other)
        assert not open_data.read(other).versions
        assert [p.name for p in other.iterdir()] == [".lock"]
        assert open_data.read(published.folder).latest == before

    @databases.on_one
    def test_a_reference_to_nothing_is_found(self, published: Exporter, database: Database) -> None:
        with database.writing() as connection:
            connection.execute(text("UPDATE holding SET notice_id = 2 WHERE to_day IS NULL"))
        with pytest.raises(checking.ExportRefused, match=r"grades：\d 行的 notice_id 指向 notices 中没有的 id"):
            published.export()

    @databases.on_one
    def test_a_register_that_is_behind_its_own_export_is_refused(self, published: Exporter, tmp_path: Path) -> None:
        published.export()
        empty = Settings(data=tmp_path / "empty")
        with closing(Database(empty.register_url)) as database:
            database.migrate()
            with pytest.raises(exporting.RegisterBehind):
                Exporter(database, empty, published.folder).export()

    @databases.on_one
    def test_a_damaged_file_is_found_before_it_is_published(
        self, published: Exporter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sqlite = workbooks.sqlite

        def and_damage(table: Table, source: Path, target: Path) -> None:
            sqlite(table, source, target)
            if table.name == "units":
                damaged = source.with_name("damaged")
                damaged.write_bytes(b"".join(source.read_bytes().splitlines(keepends=True)[:-1]))
                damaged.replace(source)  # at once: it is being packed meanwhile

        monkeypatch.setattr(workbooks, "sqlite", and_damage)
        with pytest.raises(checking.ExportRefused, match=r"units\.csv：应有 5 行，读回 4 行"):
            published.export()


class TestCommand:
    def run(self, settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "data_export", *words], env=settings.as_environment(),
                              capture_output=True, text=True, check=False)  # fmt: skip

    @databases.on_one
    def test_it_exports_into_the_data_folder_with_plain_lines_and_is_done_the_second_time(
        self, published: Exporter
    ) -> None:
        first = self.run(published.settings)
        assert first.returncode == 0, first.stderr
        assert first.stdout.startswith("已发布版本 ")
        assert "写出 enterprises.csv（" in first.stderr
        assert (published.folder / "latest" / "datapackage.json").exists()
        second = self.run(published.settings)
        assert second.returncode == 0
        assert "已经是最新的" in second.stdout

    @databases.on_one
    def test_what_it_cannot_do_is_one_sentence_and_code_2(self, exporter: Exporter, tmp_path: Path) -> None:
        said = self.run(exporter.settings)
        assert (said.returncode, said.stderr.splitlines()[-1]) == (2, "登记还是空的，没有可以导出的数据。")
        said = self.run(exporter.settings, "--without", "csv")
        assert said.returncode == 2
        assert "不能省去 csv" in said.stderr
        said = self.run(Settings(data=tmp_path / "nowhere"))
        assert said.returncode == 2
        assert "Traceback" not in said.stderr
