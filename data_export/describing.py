"""What describes the files to programs: Data Package (v2), CSV on the Web, DCAT-AP 3.

What this module knows that no other does: the words of those three standards. All three are generated from `fields` and
from the files as they lie on the disk; addresses are below the site's public address where that is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from data_export.fields import TABLES, Field, Table
from public_site.open_data import FORMATS, LICENCE, File

_TITLE: Final = "明绩：重点行业企业大气环境绩效等级"
_ABOUT: Final = (
    "生态环境部门公布的重点行业企业大气环境绩效等级（A+、A、B、B-、C、D、引领性）的公开登记：企业、评级单元、现有等级、"
    "出处公告和只增不改的登记条目。没有公开记录不等于 D 级。"
)
_CSVW_TYPES: Final = {"number": "double", "datetime": "dateTime", "list": "string", "object": "json"}


def data_package(name: str, published_at: str, files: Iterable[File]) -> dict[str, Any]:
    """`datapackage.json`: a resource a table, its CSV with its schema.

    The same rows in other formats are the resource's `distributions`: as resources of their own, a reader would take
    each for a further table and guess at its types. What joins or describes all tables stands at the package.
    """
    known = list(files)
    joined = [_file(f) for f in known if f.table is None]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "mingji",
        "title": _TITLE,
        "description": _ABOUT,
        "version": name,
        "created": published_at,
        "licenses": [{"name": LICENCE.id, "title": LICENCE.title, "path": LICENCE.url}],
        "keywords": ["重污染天气", "绩效分级", "重点行业", "生态环境"],
        "resources": [_resource(t, [f for f in known if f.table == t.name]) for t in TABLES],
        "distributions": joined,
    }


def csvw(tables: Iterable[Table]) -> dict[str, Any]:
    """`csv-metadata.json`: the CSV files of a version as a group of tables."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "zh"}],
        "dc:title": _TITLE,
        "dc:license": {"@id": LICENCE.url},
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n"], "header": True, "delimiter": ","},
        "tables": [
            {
                "url": f"{table.name}.csv",
                "dc:title": table.zh,
                "dc:description": table.meaning,
                "tableSchema": {
                    "columns": [_csvw_column(f) for f in table.fields],
                    "primaryKey": table.key,
                    "foreignKeys": [_csvw_reference(f) for f in table.fields if f.refers_to],
                    "rowTitles": [table.key],
                },
            }
            for table in tables
        ],
    }


def catalogue(name: str, published_at: str, files: Iterable[File], address: str) -> dict[str, Any]:
    """`catalog.jsonld`: a catalogue of one data set a table, its files as distributions, and the API as a service."""
    known = list(files)
    data = f"{address}/data"
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/", "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": data,
        "@type": "dcat:Catalog",
        **_named(_TITLE, "Mingji: air-performance grades of key-industry enterprises", _ABOUT),
        "dct:publisher": {"@id": f"{address}/", "@type": "foaf:Agent", "foaf:name": "明绩"},
        "dct:license": {"@id": LICENCE.url},
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/ZHO"},
        "dct:modified": _moment(published_at),
        "dcat:dataset": [_dataset(t, name, published_at, known, data) for t in TABLES],
        "dcat:service": [
            {
                "@id": f"{address}/api/v1", "@type": "dcat:DataService",
                **_named("明绩 API", "Mingji API", "同样的数据，按条件查询。"),
                "dcat:endpointURL": {"@id": f"{address}/api/v1"},
                "dcat:endpointDescription": {"@id": f"{address}/api"},
                "dcat:servesDataset": [{"@id": f"{data}#{t.name}"} for t in TABLES],
            }
        ],
    }  # fmt: skip


def _resource(table: Table, files: list[File]) -> dict[str, Any]:
    (rows,) = (f for f in files if f.format == "csv")
    return {
        "name": table.name,
        "type": "table",
        "title": table.zh,
        "titleEn": table.en,
        "description": table.meaning,
        **_file(rows),
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n"},
        "schema": _schema(table),
        "distributions": [_file(f) for f in files if f is not rows],
    }


def _file(file: File) -> dict[str, Any]:
    told: dict[str, Any] = {
        "path": file.name,
        "format": file.format,
        "mediatype": file.media_type.partition(";")[0],
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    return told if file.rows is None else told | {"rows": file.rows}


def _schema(table: Table) -> dict[str, Any]:
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [_schema_field(table, f) for f in table.fields],
        "fieldsMatch": "exact",
        "missingValues": [""],
        "primaryKey": [table.key],
        "foreignKeys": [
            {"fields": [f.name], "reference": {"resource": _other(table, f.refers_to[0]), "fields": [f.refers_to[1]]}}
            for f in table.fields
            if f.refers_to
        ],
    }


def _other(table: Table, name: str) -> str:
    """A table's reference to itself is an empty name."""
    return "" if name == table.name else name


def _schema_field(table: Table, field: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": True} if field.required else {}
    if field.name == table.key:
        constraints["unique"] = True
    if field.pattern:
        constraints["pattern"] = field.pattern
    if field.minimum is not None:
        constraints["minimum"] = field.minimum
    if field.maximum is not None:
        constraints["maximum"] = field.maximum
    told: dict[str, Any] = {
        "name": field.name,
        "title": field.zh,
        "description": field.meaning,
        "type": field.type,
        "titleEn": field.en,
    }
    if field.type == "list":
        told |= {"delimiter": ";"}
    if field.values:
        told["categories"] = list(field.values)
        constraints["enum"] = list(field.values)
    if field.unit:
        told["unit"] = field.unit
    return told | ({"constraints": constraints} if constraints else {})


def _csvw_column(field: Field) -> dict[str, Any]:
    kind: Any = _CSVW_TYPES.get(field.type, field.type)
    if field.minimum is not None or field.maximum is not None:
        kind = {"base": kind}
        kind |= {"minimum": field.minimum} if field.minimum is not None else {}
        kind |= {"maximum": field.maximum} if field.maximum is not None else {}
    elif field.values or field.pattern:
        kind = {"base": "string", "format": field.pattern or "|".join(map(_literally, field.values))}
    told = {
        "name": field.name,
        "titles": {"und": field.name, "zh": field.zh, "en": field.en},
        "dc:description": field.meaning,
        "datatype": kind,
        "required": field.required,
    }
    return told | ({"separator": ";"} if field.type == "list" else {})


def _literally(value: str) -> str:
    return value.replace("+", "\\+")


def _csvw_reference(field: Field) -> dict[str, Any]:
    assert field.refers_to
    table, column = field.refers_to
    return {"columnReference": field.name, "reference": {"resource": f"{table}.csv", "columnReference": column}}


def _dataset(table: Table, name: str, published_at: str, files: list[File], data: str) -> dict[str, Any]:
    shown = [f for f in files if f.table == table.name or (f.table is None and f.format == "sqlite")]
    return {
        "@id": f"{data}#{table.name}",
        "@type": "dcat:Dataset",
        **_named(table.zh, table.en, table.meaning),
        "dct:identifier": table.name,
        "dcat:version": name,
        "dct:modified": _moment(published_at),
        "dct:license": {"@id": LICENCE.url},
        "dcat:landingPage": {"@id": data},
        "dct:spatial": {"@id": "http://publications.europa.eu/resource/authority/country/CHN"},
        "dcat:distribution": [_distribution(f, table, name, data) for f in shown],
    }


def _distribution(file: File, table: Table, name: str, data: str) -> dict[str, Any]:
    address = f"{data}/{name}/{file.name}"
    return {
        "@id": f"{address}#{table.name}" if file.table is None else address,
        "@type": "dcat:Distribution",
        "dct:title": {"@value": f"{table.zh}（{FORMATS[file.format].title}）", "@language": "zh"},
        "dcat:accessURL": {"@id": data},
        "dcat:downloadURL": {"@id": address},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{file.media_type.partition(';')[0]}"},
        "dcat:byteSize": {"@value": str(file.bytes), "@type": "xsd:nonNegativeInteger"},
        "dct:license": {"@id": LICENCE.url},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
    }


def _named(zh: str, en: str, about: str) -> dict[str, Any]:
    return {
        "dct:title": [{"@value": zh, "@language": "zh"}, {"@value": en, "@language": "en"}],
        "dct:description": {"@value": about, "@language": "zh"},
    }


def _moment(published_at: str) -> dict[str, str]:
    return {"@value": published_at, "@type": "xsd:dateTime"}
