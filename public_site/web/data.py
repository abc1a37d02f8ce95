"""`/data`: the open data in plain words, and its files.

What this module knows that no other does: how a file of an immutable version leaves (kept for ever, in pieces where asked
for, compressed as it lies on the disk), that a name is looked up in `index.json` and never on the disk, and how a version
is cited. The words about tables and fields come from the version's own `datapackage.json`: the exporter wrote them.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from public_site import languages, open_data, receipts
from public_site.faults import NotFound, NotReady
from public_site.languages import _
from public_site.open_data import File, Version
from public_site.web import answers, caching, doors, pages, translating

routes = APIRouter(dependencies=[doors.parameters()])
_CODINGS: Final = {"zstd": ".zst", "gzip": ".gz"}  # the smaller first
_PACKED_TYPES: Final = {"zstd": "application/zstd", "gzip": "application/gzip"}
_PREVIEW: Final = 5
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Disposition, Content-Encoding, Content-Range, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class NoSuchData(NotFound):
    """There is no such version, or no such file in it."""


class DataAway(NotReady):
    """A file that the index names cannot be read."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table of a version for readers: its words, its files, its first rows."""

    name: str
    titles: Mapping[str, str]  # by language
    meaning: str
    rows: int
    fields: tuple[Mapping[str, Any], ...]
    files: tuple[File, ...]
    header: tuple[str, ...]
    preview: tuple[tuple[str, ...], ...]

    @property
    def title(self) -> str:
        """In the language of the running request."""
        return self.titles[languages.current()]


def is_file(path: str) -> bool:
    """Whether a URL's path is that of a version's file, which is never compressed on its way out."""
    return path.startswith("/data/") and path.count("/") == 3 and not path.endswith("/")


@routes.get("/data")
def data(request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """The datasets of the latest version, how to cite them, and every older version."""
    index = open_data.read(site.settings.open_data_folder)
    latest = index.latest
    datasets = _datasets(site.settings.open_data_folder / latest.name, latest) if latest else ()
    return pages.page(
        request, snapshot, "data/data.html", also=latest.name if latest else "none", version=latest,
        versions=index.versions, datasets=datasets, formats=open_data.FORMATS, licence=open_data.LICENCE,
        address=site.settings.base_url, about=_about(latest, datasets, site.settings.base_url) if latest else None,
    )  # fmt: skip


@routes.get("/data/dictionary")
def dictionary(request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """What every field of every table means."""
    latest = open_data.read(site.settings.open_data_folder).latest
    datasets = _datasets(site.settings.open_data_folder / latest.name, latest) if latest else ()
    return pages.page(request, snapshot, "data/dictionary.html", also=latest.name if latest else "none",
                      version=latest, datasets=datasets)  # fmt: skip


@routes.get("/data/index.json")
def index(request: Request, site: doors.TheSite) -> Response:
    """Every version with its files, sizes and fingerprints."""
    content = open_data.as_json(open_data.read(site.settings.open_data_folder))
    return _json(request, content, "application/json")


@routes.get("/data/verify_receipt.py")
def verifier(request: Request, snapshot: doors.Reader) -> Response:
    """The verifier of receipts as one file, for whoever would rather not ask us."""
    headers = {"Content-Disposition": 'attachment; filename="verify_receipt.py"'}
    content = Response(receipts.VERIFIER.read_bytes(), media_type="text/x-python; charset=utf-8", headers=headers)
    return answers.public(request, snapshot, content)


@routes.get("/data/datapackage.json")
def package(request: Request, site: doors.TheSite) -> Response:
    """The Data Package of the latest version, with paths that hold from here."""
    version = _version(site, "latest")
    told = dict(_package(site.settings.open_data_folder / version.name))
    told["resources"] = [_below(version.name, r) | {"distributions": [_below(version.name, d) for d in r["distributions"]]}
                         for r in told["resources"]]  # fmt: skip
    told["distributions"] = [_below(version.name, d) for d in told["distributions"]]
    return _json(request, orjson.dumps(told, option=orjson.OPT_INDENT_2), "application/json")


@routes.get("/data/catalog.jsonld")
def catalogue(request: Request, site: doors.TheSite) -> Response:
    """The DCAT catalogue of the latest version."""
    version = _version(site, "latest")
    path = site.settings.open_data_folder / version.name / open_data.CATALOG
    return _json(request, _bytes(path), "application/ld+json")


@routes.get("/data/{version}/")
def files(version: str, request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """The files of one version, to cite and to download."""
    found = _version(site, version)
    return pages.page(request, snapshot, "data/version.html", also=f"{found.name}.{found.thinned}", version=found,
                      formats=open_data.FORMATS, licence=open_data.LICENCE, address=site.settings.base_url)  # fmt: skip


@routes.get("/data/{version}/{name}")
def file(version: str, name: str, request: Request, site: doors.TheSite) -> Response:
    """One file: of a version for ever the same, of `latest` whatever is the latest now."""
    found = _version(site, version)
    base, coding = _packed(name)
    known = found.file(base)
    if known is None or (coding and coding not in known.encodings):
        raise NoSuchData(_("这个版本里没有这个文件。全部文件见“开放数据”页面上该版本的清单。"))
    if there := _elsewhere(site, found, known):
        headers = _OPEN | {"Cache-Control": caching.PUBLIC}
        return RedirectResponse(f"{there}/{quote(found.name)}/{quote(name)}", 302, headers=headers)
    folder = site.settings.open_data_folder / found.name
    headers = _OPEN | {
        "Cache-Control": caching.PUBLIC if version == "latest" else caching.FOREVER,
        "Vary": "Accept-Encoding",
        "Last-Modified": format_datetime(datetime.fromisoformat(found.published_at), usegmt=True),
        "Content-Disposition": _disposition(folder, found, known, name),
        "Content-Location": f"/data/{found.name}/{name}",
    }
    tag = known.sha256[:32] + (f".{coding}" if coding else "")
    if mine := caching.held(request, tag):
        kept = {k: v for k, v in headers.items() if k not in {"Content-Disposition", "Last-Modified"}}
        return Response(status_code=304, headers=kept | {"ETag": f'"{mine}"'})
    headers["ETag"] = f'"{tag}"'
    media_type, path = known.media_type, folder / name
    if coding:
        media_type = _PACKED_TYPES[coding]
    elif (accepted := _accepted(request, known)) and "range" not in request.headers:
        headers["Content-Encoding"] = accepted
        path = folder / f"{name}{_CODINGS[accepted]}"
    if not path.is_file():
        raise DataAway(_("这个文件暂时取不到，请稍后再试。"))
    within = site.settings.open_data_url
    if within.startswith("/"):
        headers["X-Accel-Redirect"] = f"{within}/{quote(found.name)}/{quote(path.name)}"
        return Response(headers=headers, media_type=media_type)
    return _Download(path, headers=headers, media_type=media_type)


class _Download(FileResponse):
    """A file that is not read where only its headers were asked for (`front` made the HEAD a GET)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__({**scope, "method": "HEAD"} if scope.get("head") else scope, receive, send)


def _elsewhere(site: doors.Site, version: Version, known: File) -> str:
    """The address that the versions lie under, once this file was uploaded there; else nothing."""
    there = site.settings.open_data_url
    if not there.startswith("http"):
        return ""
    uploaded = open_data.uploaded(site.settings.open_data_folder).version(version.name)
    return there if uploaded is not None and uploaded.file(known.name) == known else ""


def _version(site: doors.Site, name: str) -> Version:
    found = open_data.read(site.settings.open_data_folder).version(name)
    if found is None:
        raise NoSuchData(_("没有这个版本的开放数据。现有的版本见“开放数据”页面。"))
    return found


def _packed(name: str) -> tuple[str, str | None]:
    """A file's name and the coding that its ending asks for: `enterprises.csv.gz`."""
    for coding, ending in _CODINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending), coding
    return name, None


def _accepted(request: Request, known: File) -> str | None:
    """The coding in which the caller takes a file that lies on the disk in it; any quality above zero will do."""
    said = {}
    for item in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, quality = item.partition(";")
        said[coding.strip()] = quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    takes = (c for c in _CODINGS if c in known.encodings and said.get(c, said.get("*", False)))
    return next(takes, None)


def _disposition(folder: Path, version: Version, known: File, name: str) -> str:
    """Data is a download that says what it is and of which version; what describes it is shown."""
    if known.table is None and known.format not in {"sqlite", "jsonl"}:
        return "inline"
    stem, _, ending = name.partition(".")
    title = {r["name"]: r["title"] for r in _package(folder)["resources"]}.get(known.table or "", "")
    local = quote(f"明绩{title}-{version.name}.{ending}", safe="")
    return f"attachment; filename=\"{stem}-{version.name}.{ending}\"; filename*=UTF-8''{local}"


def _json(request: Request, content: bytes, media_type: str) -> Response:
    tag = hashlib.sha256(content).hexdigest()[:32]
    if mine := caching.held(request, tag):
        raise caching.NotModified(mine)
    response = Response(content, media_type=media_type, headers=_OPEN)
    caching.declare_public(response, tag)
    return response


def _below(version: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return dict(told) | {"path": f"{version}/{told['path']}"}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise DataAway(_("开放数据的说明文件暂时取不到，请稍后再试。")) from None


@lru_cache(maxsize=16)  # a version never changes
def _package(folder: Path) -> Mapping[str, Any]:
    told: Mapping[str, Any] = orjson.loads(_bytes(folder / open_data.PACKAGE))
    return told


@lru_cache(maxsize=4)
def _datasets(folder: Path, version: Version) -> tuple[Dataset, ...]:
    found = []
    for told in _package(folder)["resources"]:
        try:
            with (folder / told["path"]).open(encoding="utf-8", newline="") as rows:
                header, *preview = islice(csv.reader(rows), _PREVIEW + 1)
        except (OSError, ValueError):
            raise DataAway(_("开放数据的文件暂时取不到，请稍后再试。")) from None
        files = tuple(f for f in version.files if f.table == told["name"])
        found.append(
            Dataset(told["name"], {languages.CHINESE: told["title"], languages.ENGLISH: told["titleEn"]},
                    told["description"], told["rows"], tuple(told["schema"]["fields"]), files, tuple(header),
                    tuple(map(tuple, preview)))
        )  # fmt: skip
    return tuple(found)


def _about(version: Version, datasets: tuple[Dataset, ...], address: str) -> dict[str, Any]:
    """The page in the words of schema.org."""
    licence, chinese = open_data.LICENCE.url, languages.current() == languages.CHINESE
    home = address + translating.prefix(languages.current())
    return {
        "@context": "https://schema.org",
        "@type": "DataCatalog",
        "name": _("明绩开放数据"),
        "url": f"{home}/data",
        "license": licence,
        "dataset": [
            {
                "@type": "Dataset",
                "name": _("明绩：{table}", table=one.title),
                "alternateName": one.name,
                "description": _(
                    "{meaning}（重点行业企业大气环境绩效等级公开登记，{rows} 行。）",
                    meaning=_(one.meaning),
                    rows=f"{one.rows:,}",
                ),
                "url": f"{home}/data#{one.name}",
                "identifier": f"{address}/data/{version.name}/",
                "version": version.name,
                "dateModified": version.published_at,
                "license": licence,
                "isAccessibleForFree": True,
                "inLanguage": "zh-CN",
                "spatialCoverage": _("中国"),
                "creator": {"@type": "Organization", "name": _("明绩"), "url": f"{home}/"},
                "variableMeasured": [field["title" if chinese else "titleEn"] for field in one.fields],
                "distribution": [
                    {
                        "@type": "DataDownload",
                        "name": _(open_data.FORMATS[f.format].title),
                        "encodingFormat": f.media_type.partition(";")[0],
                        "contentUrl": f"{address}/data/{version.name}/{f.name}",
                        "contentSize": str(f.bytes),
                        "sha256": f.sha256,
                    }
                    for f in one.files
                ],
            }
            for one in datasets
        ],
    }
