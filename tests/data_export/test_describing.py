"""What describes the files: each standard checked by a tool that is not ours, against the files themselves."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import rdflib
from frictionless import Package, validate

from data_export.fields import TABLES
from public_site.open_data import LICENCE
from tests import databases
from tests.data_export.exporter import Exporter

pytestmark = databases.on_one
DCAT, DCT = rdflib.Namespace("http://www.w3.org/ns/dcat#"), rdflib.Namespace("http://purl.org/dc/terms/")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")


def test_frictionless_finds_the_data_package_valid(published: Exporter) -> None:
    version = published.export()
    report = validate(str(published.path(version, "datapackage.json")))
    assert report.valid, [error.message for task in report.tasks for error in task.errors]
    assert [task.name for task in report.tasks] == [table.name for table in TABLES]
    package = Package(str(published.path(version, "datapackage.json")))
    assert package.version == version.name


def test_frictionless_finds_a_changed_cell(published: Exporter) -> None:
    """The check above can fail."""
    version = published.export()
    path = published.path(version, "grades.csv")
    path.write_bytes(path.read_bytes().replace(b",decided,", b",maybe,,,", 1))
    assert not validate(str(published.path(version, "datapackage.json"))).valid


def test_the_package_names_every_file_but_itself(published: Exporter) -> None:
    version = published.export()
    told = json.loads(published.path(version, "datapackage.json").read_text(encoding="utf-8"))
    named = [*told["resources"], *(d for r in told["resources"] for d in r["distributions"]), *told["distributions"]]
    files = {f.name: f for f in version.files if f.name != "datapackage.json"}
    assert {one["path"] for one in named} == set(files)
    assert all(one["hash"] == f"sha256:{files[one['path']].sha256}" for one in named)
    assert told["licenses"][0]["name"] == LICENCE.id


def test_the_catalogue_says_in_triples_what_the_files_are(published: Exporter) -> None:
    version = published.export()
    graph = rdflib.Graph()
    graph.parse(published.path(version, "catalog.jsonld"), format="json-ld", publicID="https://x.example/data")
    (catalogue,) = graph.subjects(rdflib.RDF.type, DCAT.Catalog)
    assert str(catalogue) == "https://x.example/data"
    datasets = set(graph.objects(catalogue, DCAT.dataset))
    assert datasets == {rdflib.URIRef(f"https://x.example/data#{table.name}") for table in TABLES}
    assert len(set(graph.objects(catalogue, DCAT.service))) == 1
    for dataset in datasets:
        for needed in (DCT.title, DCT.description, DCT.license, DCAT.distribution):
            assert (dataset, needed, None) in graph
        for distribution in graph.objects(dataset, DCAT.distribution):
            (address,) = graph.objects(distribution, DCAT.downloadURL)
            file = version.file(str(address).rpartition("/")[2])
            assert file is not None
            (checksum,) = graph.objects(distribution, SPDX.checksum)
            assert str(graph.value(checksum, SPDX.checksumValue)).lower() == file.sha256
            assert str(graph.value(distribution, DCAT.byteSize)) == str(file.bytes)


def test_csv_on_the_web_agrees_with_the_files(published: Exporter) -> None:
    version = published.export()
    told = json.loads(published.path(version, "csv-metadata.json").read_text(encoding="utf-8"))
    assert told["@context"][0] == "http://www.w3.org/ns/csvw"
    columns_of = {t["url"]: [c["name"] for c in t["tableSchema"]["columns"]] for t in told["tables"]}
    for table in told["tables"]:
        schema = table["tableSchema"]
        with (published.folder / version.name / table["url"]).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == columns_of[table["url"]]
        for column, cells in zip(schema["columns"], zip(*rows, strict=True), strict=True):
            assert [cell for cell in cells if not _is_of(column, cell)] == [], (table["url"], column["name"])
        keys = [row[header.index(schema["primaryKey"])] for row in rows]
        assert len(set(keys)) == len(keys)
        for reference in schema["foreignKeys"]:
            other = reference["reference"]
            assert other["columnReference"] in columns_of[other["resource"]]


_KINDS = {
    "integer": r"-?\d+", "double": r"-?\d+(\.\d+)?", "boolean": "true|false", "date": r"\d{4}-\d\d-\d\d",
    "dateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "string": r"(?s).*", "json": r"\{.*\}",
}  # fmt: skip


def _is_of(column: dict[str, Any], cell: str) -> bool:
    """Whether a cell is what the column's datatype says."""
    if not cell:
        return not column["required"]
    kind = column["datatype"] if isinstance(column["datatype"], dict) else {"base": column["datatype"]}
    if not re.fullmatch(_KINDS[kind["base"]], cell):
        return False
    if "format" in kind and not re.fullmatch(kind["format"].strip("^$"), cell):
        return False
    return "minimum" not in kind or float(cell) >= kind["minimum"]


def test_every_table_and_field_is_described_in_two_languages(settings: Any) -> None:
    for table in TABLES:
        assert table.meaning.endswith("。")
        for field in table.fields:
            assert field.zh
            assert field.en.isascii()
            assert field.meaning
        assert table.key_field.required


def test_the_public_address_stands_in_the_catalogue_where_it_is_known(published: Exporter, tmp_path: Path) -> None:
    published.settings = published.settings.model_copy(update={"base_url": "https://mingji.example.cn"})
    version = published.export(tmp_path / "other")
    told = json.loads((tmp_path / "other" / version.name / "catalog.jsonld").read_text(encoding="utf-8"))
    assert told["@id"] == "https://mingji.example.cn/data"
