"""Answers kept ready: the same bytes as made anew, never older than the register, and what happens without the database."""

from __future__ import annotations

import asyncio
import gc
import gzip
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from public_site import newest, publishing
from public_site.web import pages, ready, stamping
from public_site.web.app import create_app
from tests.web.conftest import Publisher

PAGE = {"name": "演示甲印刷有限公司"}
OTHER = {"name": "演示乙印刷有限公司", "county": "500103", "place": "渝中区"}


@pytest.fixture
def publisher(make_publisher: Callable[[Path], Publisher], tmp_path: Path) -> Publisher:
    return make_publisher(tmp_path)


@pytest.fixture
def site(publisher: Publisher) -> Iterator[Any]:
    """Two enterprises of one notice, on a site of their own."""
    publisher.publish("演示名单", "2024-03-01", PAGE, OTHER)
    publisher.index()
    with TestClient(create_app(publisher.settings), raise_server_exceptions=False) as client:
        client.headers["accept-encoding"] = "gzip"
        yield client


def _first(client: TestClient) -> str:
    items = client.get("/enterprises.json").json()["items"]
    return next(f"/enterprises/{item['id']}" for item in items if item["name"] == PAGE["name"])


def _kept(client: TestClient) -> Any:
    return client.app.state.site.kept  # type: ignore[attr-defined]


def _counting(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every template that is rendered from now on."""
    rendered: list[str] = []
    true = pages._rendered

    def noted(request: Any, template: str, *rest: Any, **more: Any) -> str:
        rendered.append(template)
        return true(request, template, *rest, **more)

    monkeypatch.setattr(pages, "_rendered", noted)
    return rendered


class TestWhatWasAskedBefore:
    def test_is_answered_with_the_same_bytes_and_headers_without_being_made_again(
        self, site: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rendered = _counting(site, monkeypatch)
        for path in ("/", "/enterprises?grade=B", _first(site), "/en/notices", "/enterprises.json?q=演示甲"):
            first = site.get(path)
            before = len(rendered)
            again = site.get(path)
            assert len(rendered) == before
            assert (again.status_code, again.content, again.headers) == (200, first.content, first.headers), path
        assert _kept(site).hits >= 5

    def test_is_told_not_modified_with_the_headers_of_the_page(self, site: TestClient) -> None:
        path = _first(site)
        whole = site.get(path)
        tag = whole.headers["etag"]
        for held in (tag, f'"other", {tag}', tag.replace("-gzip", "-br"), f"W/{tag}"):
            answer = site.get(path, headers={"if-none-match": held})
            assert (answer.status_code, answer.content) == (304, b""), held
            assert answer.headers["cache-control"] == whole.headers["cache-control"]
            assert answer.headers["etag"].strip('"').split("-")[0] in held
        assert site.get(path, headers={"if-none-match": '"1.abc"'}).status_code == 200

    def test_is_not_mixed_up_between_languages_encodings_and_parts_of_a_page(self, site: TestClient) -> None:
        part = {"hx-request": "true", "hx-target": "results"}
        for _ in range(2):
            whole, results = site.get("/enterprises"), site.get("/enterprises", headers=part)
            english, plain = (
                site.get("/en/enterprises"),
                site.get("/enterprises", headers={"accept-encoding": "identity"}),
            )
            restored = site.get("/enterprises", headers=part | {"hx-history-restore-request": "true"})
            assert 'lang="zh-CN"' in whole.text[:60] and 'lang="en"' in english.text[:60]
            assert results.text.strip().startswith('<div id="results">') and "<html" not in results.text
            assert (plain.headers.get("content-encoding"), whole.headers["content-encoding"]) == (None, "gzip")
            assert plain.text == whole.text == restored.text
            own = site.get(_first(site)), site.get(_first(site), headers={"accept-encoding": "identity"})
            assert {answer.headers["vary"] for answer in own} == {"HX-Request, HX-Target, Accept-Encoding"}
            assert all("Accept-Encoding" in answer.headers["vary"] for answer in (whole, english))
            assert len({answer.headers["etag"] for answer in (whole, results, english, plain)}) == 4

    def test_head_gives_the_headers_alone(self, site: TestClient) -> None:
        path = _first(site)
        cold, whole, warm = site.head(path), site.get(path), site.head(path)
        assert cold.content == warm.content == b""
        assert warm.headers == whole.headers

    def test_what_is_personal_is_never_kept(self, site: TestClient) -> None:
        for path in ("/near?lat=29.5&lon=106.5", "/enterprises?near=29.5,106.5&radius_km=10", "/complaints/new",
                     "/check", "/verify", "/readyz", "/healthz", "/data"):  # fmt: skip
            site.get(path)
        assert _kept(site).count == 0

    def test_an_error_is_never_kept(self, site: TestClient) -> None:
        assert [site.get(p).status_code for p in ("/enterprises/999999", "/enterprises?grade=Z", "/none")] == [
            404,
            400,
            404,
        ]
        assert _kept(site).count == 0

    def test_memory_is_bounded_and_the_oldest_goes_first(self, site: TestClient) -> None:
        kept = _kept(site)
        kept.most = 100_000
        for at in range(40):
            site.get(f"/enterprises?q={'演示' + chr(0x4E00 + at)}")
            assert kept.size <= kept.most
        assert 0 < kept.count < 40
        assert kept.size == sum(answer.size for answer in kept._answers.values())

    @pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "identity"])
    def test_it_counts_as_much_memory_as_there_is(self, site: TestClient, encoding: str) -> None:
        """A packer's bytes may have the room of what went in: a store of 64 MB once took 300."""
        names = [f"/enterprises?q=演示{chr(0x4E00 + at)}" for at in range(20)]
        for name in names:  # what else first requests make
            site.get(name, headers={"accept-encoding": encoding})
        _kept(site).clear()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for name in names:
                site.get(name, headers={"accept-encoding": encoding})
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert _kept(site).count == len(names)
        assert grown < 1.2 * _kept(site).size


class TestAfterAPublication:
    def test_no_old_page_is_answered(self, site: TestClient, publisher: Publisher) -> None:
        path = _first(site)
        before = site.get(path).text
        publisher.publish("演示降级", "2024-03-10", PAGE | {"grade": "C"})
        publisher.index()
        after = site.get(path)
        assert "第 <strong>" in before and after.text != before
        assert "演示降级" in after.text
        assert site.get("/").text.count("演示降级")

    def test_the_page_of_an_enterprise_that_it_does_not_bear_on_is_not_rendered_again(
        self, site: TestClient, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = _first(site)
        for encoding in ("gzip", "identity"):
            site.get(path, headers={"accept-encoding": encoding})
        publisher.publish("演示又一份", "2024-03-10", OTHER | {"grade": "C"})
        publisher.index()
        rendered = _counting(site, monkeypatch)
        renewed = [site.get(path, headers={"accept-encoding": encoding}) for encoding in ("gzip", "identity")]
        assert rendered == []
        with TestClient(create_app(publisher.settings)) as other:
            for answer, encoding in zip(renewed, ("gzip", "identity"), strict=True):
                anew = other.get(path, headers={"accept-encoding": encoding})
                assert (answer.text, answer.headers) == (anew.text, anew.headers)
        assert "2777" not in renewed[0].text and "7777" not in renewed[0].text

    def test_the_page_of_one_that_it_bears_on_is(
        self, site: TestClient, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = _first(site)
        site.get(path)
        publisher.amend(publishing.draft_notice_withdrawal, 1)
        publisher.index()
        rendered = _counting(site, monkeypatch)
        assert "已撤销" in site.get(path).text
        assert rendered == ["enterprises/enterprise.html"]

    def test_a_new_month_draws_the_time_anew(
        self, site: TestClient, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = _first(site)
        site.get(path)
        publisher.publish("演示又一份", "2024-06-10", OTHER | {"grade": "C"})
        publisher.index()
        rendered = _counting(site, monkeypatch)
        site.get(path)
        assert rendered == ["enterprises/enterprise.html"]


def test_one_page_is_made_once_however_many_ask(site: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = _counting(site, monkeypatch)
    answers: list[int] = []

    async def ask() -> None:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        scope = {"type": "http", "method": "GET", "path": "/excellence", "raw_path": b"/excellence", "query_string": b"",
                 "headers": [(b"host", b"testserver")], "scheme": "http", "server": ("testserver", 80),
                 "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": ""}  # fmt: skip
        await site.app(scope, receive, send)
        answers.append(sent[0]["status"])

    async def many() -> None:
        await asyncio.gather(*(ask() for _ in range(30)))

    asyncio.run(many())
    assert answers == [200] * 30
    assert rendered == ["excellence/excellence.html"]


class TestWithoutTheDatabase:
    @pytest.fixture
    def gone(self, site: TestClient, monkeypatch: pytest.MonkeyPatch) -> Any:
        """What takes the database away."""
        database = site.app.state.site.database  # type: ignore[attr-defined]

        def away(*_: Any, **__: Any) -> Any:
            raise OperationalError("SELECT", {}, Exception("gone"))

        def take() -> None:
            monkeypatch.setattr(type(database), "reading", away)
            monkeypatch.setattr(site.app.state.site.newest, "now", lambda: None)  # type: ignore[attr-defined]

        return take

    @pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "identity"])
    def test_what_was_last_seen_goes_on_and_says_so(self, site: TestClient, gone: Any, encoding: str) -> None:
        path = _first(site)
        site.headers["accept-encoding"] = encoding
        page = httpx2.Response(200)
        for seen in ("/enterprises?grade=B", f"/en{path}", path):
            page = site.get(seen)
            assert page.status_code == 200
        gone()
        stale = site.get(path)
        assert stale.status_code == 200
        assert "登记数据库暂时无法读取" in stale.text
        assert stale.headers["cache-control"] == "private, no-store"
        assert stale.headers["cache-status"].startswith("mingji; hit; detail=database-unreachable")
        assert not {"etag", "cdn-cache-control", "surrogate-control", "x-accel-expires"} & set(stale.headers)
        assert stale.headers["content-security-policy"] == page.headers["content-security-policy"]
        assert "cannot be read at the moment" in site.get(f"/en{path}").text
        assert site.get("/enterprises?grade=B").status_code == 200
        assert _kept(site).stale == 3

    def test_what_was_not_seen_is_refused_rather_than_guessed(self, site: TestClient, gone: Any) -> None:
        path = _first(site)
        gone()
        assert site.get(path).status_code == 503

    def test_a_page_older_than_the_last_entry_seen_is_not_shown(
        self, site: TestClient, publisher: Publisher, gone: Any
    ) -> None:
        path = _first(site)
        site.get(path)
        publisher.publish("演示降级", "2024-03-10", PAGE | {"grade": "C"})
        publisher.index()
        site.get("/")
        gone()
        assert site.get(path).status_code == 503


class TestTheNewestEntry:
    def test_is_seen_at_once(self, publisher: Publisher) -> None:
        found = newest.Newest(publisher.database, 0)
        empty = found.now()
        assert empty is not None and (empty.number, empty.published_at) == (0, None)
        publisher.publish("演示名单", "2024-03-01", PAGE)
        after = found.now()
        assert after is not None and after.number > 0 and after.published_at

    def test_is_followed_in_the_background_where_asking_each_time_costs(
        self, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publisher.database, "is_sqlite", False)
        found = newest.Newest(publisher.database, 0.01)
        seen = threading.Event()

        def wait_for(number: int) -> None:
            while not seen.wait(0.005):
                latest = found.now()
                if latest is not None and latest.number >= number:
                    return

        wait_for(0)
        monkeypatch.undo()
        entry = publisher.publish("演示名单", "2024-03-01", PAGE)
        monkeypatch.setattr(publisher.database, "is_sqlite", False)
        wait_for(entry)
        found._read_at -= newest.LATE_SECONDS + 1
        monkeypatch.setattr(found, "read", lambda: (_ for _ in ()).throw(OSError()))
        assert found.now() is None and found.last is not None


class TestStamping:
    def test_pieces_and_values_make_one_gzip_member_of_the_whole_text(self) -> None:
        said = pages.stamps(1234567, "2024-03-01T16:30:00.000000Z")
        stand_ins = pages.stamps(stamping.NUMBER, stamping.PUBLISHED_AT)
        text = "头" * 5000 + "".join(f"<{name}>{value}" for name, value in stand_ins.items()) + "尾"
        own = stamping.Stamped(text, stand_ins)
        expected = "头" * 5000 + "".join(f"<{name}>{value}" for name, value in said.items()) + "尾"
        assert gzip.decompress(own.gzip(said)).decode() == own.plain(said).decode() == expected
        assert own.size < 2000

    def test_a_text_without_stand_ins_is_itself(self) -> None:
        own = stamping.Stamped("", pages.stamps(stamping.NUMBER, stamping.PUBLISHED_AT))
        assert own.plain({}) == b""


def test_the_paths_never_looked_up_are_those_of_persons_and_files() -> None:
    assert "/complaints" in ready.NEVER and "/console" in ready.NEVER
