"""`/data`: what a reader sees of the open data, and how its files leave."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import pytest
import zstandard

from data_export import exporting
from public_site import open_data
from public_site.open_data import Version
from public_site.settings import Settings


@pytest.fixture(scope="module")
def version(published: Any) -> Version:
    """The open data of the register that all pages show; later tests of other modules see it too."""
    settings = published.settings
    exporting.export(published.database, settings, settings.open_data_folder, progress=lambda *_: None)
    latest = open_data.read(settings.open_data_folder).latest
    assert latest is not None
    return latest


def test_before_the_first_version_the_page_says_so(
    visitor_of: Any, tmp_path: Path, make_publisher: Callable[[Path], Any]
) -> None:
    visitor = visitor_of(make_publisher(tmp_path / "data").settings)
    assert "还没有可以下载的版本" in visitor.text("/data")
    assert "还没有可以下载的版本" in visitor.text("/data/dictionary")
    assert visitor.json("/data/index.json")["versions"] == []
    for url in ("/data/latest/", "/data/latest/enterprises.csv", "/data/datapackage.json", "/data/catalog.jsonld"):
        assert visitor.get(url).status_code == 404
    assert visitor.json("/readyz")["open_data"] == {"version": None, "entry": 0, "lag": 0}


def test_the_page_shows_every_dataset_its_files_its_first_rows_and_how_to_cite(visitor: Any, version: Version) -> None:
    page = visitor.opens("/data")
    said = visitor.text("/data")
    for words in ("企业", "现有等级", "CC-BY-4.0", "前 5 行", f"版本 {version.name}", "没有记录不等于 D 级"):
        assert words in said
    links = set(page.xpath("//a/@href"))
    assert {f"/data/{version.name}/{f.name}" for f in version.files if f.table} <= links
    assert "演示甲包装有限公司" in said
    (told,) = page.xpath("//script[@type='application/ld+json']")
    datasets = json.loads(told.text)["dataset"]
    assert {one["@type"] for one in datasets} == {"Dataset"}
    assert datasets[0]["distribution"][0]["sha256"] == version.files[0].sha256


def test_what_strangers_wrote_cannot_leave_the_structured_data(visitor: Any, version: Version) -> None:
    answer = visitor.get("/data")
    (block,) = [part.partition("</script>")[0] for part in answer.text.split('<script type="application/ld+json">')[1:]]
    assert "<" not in block
    assert "<img" not in answer.text
    assert version.name in block


def test_the_dictionary_explains_every_column_of_every_file(visitor: Any, version: Version) -> None:
    page = visitor.opens("/data/dictionary")
    ids = set(page.xpath("//th/@id"))
    for table in {f.table for f in version.files if f.table}:
        header = visitor.get(f"/data/{version.name}/{table}.csv").text.splitlines()[0]
        assert {f"{table}.{name}" for name in header.split(",")} <= ids


def test_a_version_has_a_page_with_every_file_and_its_fingerprint(visitor: Any, version: Version) -> None:
    page = visitor.opens(f"/data/{version.name}/")
    assert page.xpath("//*[@class='hash']/text()") == [f.sha256 for f in version.files]
    assert visitor.opens("/data/latest/") is not None
    visitor.opens("/data/9-2020-01-01/", 404)


def test_every_file_that_is_named_can_be_fetched_whole(visitor: Any, version: Version) -> None:
    told = visitor.json("/data/index.json")
    assert told["latest"] == version.name
    for file in told["versions"][0]["files"]:
        answer = visitor.get(f"/data/{version.name}/{file['name']}", accept_encoding="identity")
        assert (answer.status_code, len(answer.content)) == (200, file["bytes"])
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"
        for coding, ending in (("gzip", "gz"), ("zstd", "zst")):
            if coding in file["encodings"]:
                packed = visitor.get(f"/data/{version.name}/{file['name']}.{ending}", accept_encoding="identity")
                assert packed.headers["content-type"] == f"application/{coding}"
                assert len(packed.content) == file["encodings"][coding]


def test_the_latest_is_kept_shortly_and_says_which_version_it_is(visitor: Any, version: Version) -> None:
    answer = visitor.get("/data/latest/grades.csv")
    assert answer.headers["cache-control"].startswith("public, max-age=60")
    assert answer.headers["content-location"] == f"/data/{version.name}/grades.csv"


def test_a_download_is_named_in_ascii_and_in_chinese(visitor: Any, version: Version) -> None:
    said = visitor.get("/data/latest/grades.excel.csv").headers["content-disposition"]
    assert f'filename="grades-{version.name}.excel.csv"' in said
    assert "filename*=UTF-8''%E6%98%8E%E7%BB%A9" in said
    assert visitor.get("/data/latest/checkpoint.txt").headers["content-disposition"] == "inline"


class TestTransfer:
    def raw(self, visitor: Any, url: str, **headers: str) -> tuple[Any, bytes]:
        """The answer and its bytes as they travelled."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with visitor.client.stream("GET", url, headers=named) as answer:
            return answer, b"".join(answer.iter_raw())

    def test_it_travels_as_it_lies_compressed_on_the_disk(self, visitor: Any, version: Version) -> None:
        url = f"/data/{version.name}/entries.jsonl"
        plain, content = self.raw(visitor, url, accept_encoding="identity")
        zipped, packed = self.raw(visitor, url, accept_encoding="gzip, br")
        assert (zipped.headers["content-encoding"], gzip.decompress(packed)) == ("gzip", content)
        zstd, packed = self.raw(visitor, url, accept_encoding="gzip, zstd")
        assert (zstd.headers["content-encoding"], zstandard.decompress(packed)) == ("zstd", content)
        assert len({answer.headers["etag"] for answer in (plain, zipped, zstd)}) == 3
        assert {answer.headers["vary"] for answer in (plain, zipped, zstd)} == {"Accept-Encoding"}

    @pytest.mark.parametrize("accepted", ["br", "gzip;q=0, br", "identity", ""])
    def test_nothing_large_is_compressed_while_somebody_waits(
        self, visitor: Any, version: Version, accepted: str
    ) -> None:
        answer, _ = self.raw(visitor, f"/data/{version.name}/entries.jsonl", accept_encoding=accepted)
        assert "content-encoding" not in answer.headers

    def test_a_piece_is_a_piece_of_the_plain_file_and_joins_to_the_whole(self, visitor: Any, version: Version) -> None:
        url = f"/data/{version.name}/enterprises.csv"
        whole, content = self.raw(visitor, url, accept_encoding="identity")
        first, start = self.raw(visitor, url, range="bytes=0-99", accept_encoding="gzip")
        assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-99/{len(content)}")
        assert first.headers["etag"] == whole.headers["etag"]
        rest = self.raw(visitor, url, range="bytes=100-", if_range=whole.headers["etag"])
        assert start + rest[1] == content
        other, all_of_it = self.raw(visitor, url, range="bytes=100-", if_range='"another"')
        assert (other.status_code, len(all_of_it)) == (200, len(content))
        assert self.raw(visitor, url, range="bytes=99999999-")[0].status_code == 416

    def test_who_has_it_already_is_told_so(self, visitor: Any, version: Version) -> None:
        url = f"/data/{version.name}/enterprises.csv"
        for coding in ("identity", "gzip", "zstd"):
            tag = self.raw(visitor, url, accept_encoding=coding)[0].headers["etag"]
            again, nothing = self.raw(visitor, url, accept_encoding=coding, if_none_match=tag)
            assert (again.status_code, again.headers["etag"], nothing) == (304, tag, b"")

    def test_only_the_headers_of_a_file_read_nothing(self, visitor: Any, version: Version) -> None:
        answer = visitor.client.head(f"/data/{version.name}/mingji.sqlite")
        file = version.file("mingji.sqlite")
        assert file is not None
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(file.bytes), b"")


class TestElsewhere:
    """The files in object storage: a folder that a plain file server gives."""

    @pytest.fixture
    def bucket(self, tmp_path: Path) -> Iterator[tuple[str, Path]]:
        folder = tmp_path / "bucket"
        folder.mkdir()
        handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/mingji", folder / "mingji"
            server.shutdown()

    def test_a_file_is_led_to_only_once_it_was_uploaded(
        self, visitor_of: Any, bucket: tuple[str, Path], tmp_path: Path, make_publisher: Callable[[Path], Any]
    ) -> None:
        url, folder = bucket
        publisher = make_publisher(tmp_path / "data")
        settings = publisher.settings.model_copy(update={"open_data_url": url})
        visitor = visitor_of(settings)
        names: list[str] = []
        paths: list[str] = []
        for at, day in enumerate(("2024-01-01", "2024-03-01")):
            publisher.publish(f"演示名单{at}", day, {"name": f"演示{at}有限公司"}, division="500000")
            exporting.export(publisher.database, settings, settings.open_data_folder, progress=lambda *_: None)
            names.append(str(open_data.read(settings.open_data_folder).versions[0].name))
            paths = [f"/data/{names[-1]}/enterprises.csv", "/data/latest/entries.jsonl.gz"]
            before = [visitor.get(path) for path in paths]  # the site gives it itself until then
            assert [answer.status_code for answer in before] == [200, 200]
            assert self.upload(settings, "false").returncode != 0
            assert visitor.get(paths[0]).status_code == 200
            done = self.upload(settings, self.copying(tmp_path), folder)
            assert done.returncode == 0, done.stderr
            for path, here in zip(paths, before, strict=True):
                answer = visitor.get(path)
                assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (302, "*")
                assert answer.headers["location"] == url + path.removeprefix("/data").replace("latest", names[-1])
                assert httpx2.get(answer.headers["location"]).read() == here.content
        assert visitor.get(f"/data/{names[0]}/enterprises.csv").status_code == 302
        assert httpx2.get(f"{url}/index.json").json()["latest"] == names[-1]
        assert visitor.opens("/data") is not None
        assert visitor.get(f"/data/{names[0]}/none.csv").status_code == 404
        (settings.open_data_folder / open_data.UPLOADED).write_text(
            "{}"
        )  # nothing can be told of it: then it is not there
        assert visitor.get(paths[0]).status_code == 200
        assert not [path for path in settings.data.iterdir() if path.name.startswith("open-data-upload")]

    def copying(self, folder: Path) -> str:
        """A command that copies a folder's content into another, as rclone does."""
        script = folder / "copy"
        script.write_text('#!/bin/sh\nmkdir -p "$2" && cp -R "$1"/. "$2"\n')
        script.chmod(0o755)
        return str(script)

    def upload(self, settings: Settings, copy: str, target: Path = Path("nowhere")) -> subprocess.CompletedProcess[str]:
        script = Path(__file__).parents[2] / "deploy" / "open-data-upload"
        told = os.environ | {"MINGJI_COPY": copy}
        return subprocess.run([script, settings.data, target], env=told, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "path",
    ["..%2findex.json", "%2e%2e/index.json", "..%5cindex.json", ".lock", "work", "index.json",
     "enterprises.csv.br", "mingji.sqlite.gz", "enterprises.csv%00", "enterprises.csv/units.csv"],
)  # fmt: skip
def test_a_name_that_the_index_does_not_know_is_no_file(visitor: Any, version: Version, path: str) -> None:
    assert visitor.client.get(f"/data/{version.name}/{path}").status_code in {400, 404}
    assert visitor.client.get(f"/data/..%2f..%2fregister.db/{path}").status_code in {400, 404}


def test_the_package_and_the_catalogue_lead_to_the_files_from_where_they_stand(visitor: Any, version: Version) -> None:
    package = visitor.json("/data/datapackage.json")
    for resource in package["resources"]:
        for one in (resource, *resource["distributions"]):
            assert visitor.client.head(f"/data/{one['path']}").status_code == 200
    assert visitor.json("/data/catalog.jsonld")["@id"] == "/data"
    for url in ("/data/index.json", "/data/datapackage.json", "/data/catalog.jsonld", "/data"):
        answer = visitor.get(url)
        assert visitor.get(url, if_none_match=answer.headers["etag"]).status_code == 304
        assert visitor.get(f"{url}?x=1").status_code == 400


def test_parquet_opens_over_the_wire_as_it_was_written(visitor: Any, version: Version, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(visitor.get("/data/latest/enterprises.parquet").content)
    count = duckdb.connect().execute(f"SELECT count(*) FROM '{tmp_path}/x.parquet'").fetchone()
    file = version.file("enterprises.parquet")
    assert file is not None
    assert count == (file.rows,)


def test_an_index_that_is_damaged_is_a_fault_and_pages_stay_ready(
    visitor_of: Any, tmp_path: Path, make_publisher: Callable[[Path], Any]
) -> None:
    settings: Settings = make_publisher(tmp_path / "data").settings
    settings.open_data_folder.mkdir()
    (settings.open_data_folder / "index.json").write_text("{}")
    visitor = visitor_of(settings)
    assert visitor.get("/data").status_code == 503
    assert visitor.json("/readyz")["open_data"]["version"] is None
