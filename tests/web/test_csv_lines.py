"""Downloads of whole lists: bounded, honest, and nothing is held while a slow reader reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from public_site.database import POOL, Database, DatabaseBusy
from public_site.web import answers, csv_lines, doors
from public_site.web.app import create_app


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A register of more enterprises than one batch of lines holds."""
    from tests.web.conftest import new_publisher

    publisher = new_publisher(tmp_path_factory.mktemp("large"))
    publisher.publish("演示名单", "2024-01-01", *({"name": f"演示第{n}号有限公司"} for n in range(1200)))
    publisher.index()
    return publisher


@pytest.fixture
def app(large: Any) -> FastAPI:
    return create_app(large.settings)


def _rows(large: Any, number: int, batches: Sequence[Sequence[int]] = ((2,),)) -> Iterator[list[object]]:
    with large.database.reading() as connection:
        rows = csv_lines.rows(large.database, connection, number, batches, None)
        first = next(rows)
    yield first
    yield from rows


def _number(large: Any) -> int:
    from public_site import register

    with large.database.reading() as connection:
        return register.latest_number(connection)


def _ids(large: Any) -> list[int]:
    from sqlalchemy import text

    with large.database.reading() as connection:
        return [int(i) for (i,) in connection.execute(text("SELECT id FROM enterprise ORDER BY id"))]


@pytest.mark.parametrize("query", ["", "?as_of=2024-01-02", "?q=演示&sort=name"])
def test_a_list_longer_than_any_batch_is_whole_and_in_order(app: FastAPI, query: str) -> None:
    with TestClient(app) as client:
        lines = client.get(f"/enterprises.csv{query}").text.splitlines()[1:]
        first = client.get(f"/enterprises.json{query or '?'}&limit=1000".replace("?&", "?")).json()["items"]
    ids = [int(line.partition(",")[0]) for line in lines]
    assert len(ids) == len(set(ids)) == 1200
    assert ids[:1000] == [item["id"] for item in first]


def test_many_downloads_and_pages_at_once_are_all_answered_at_once(app: FastAPI) -> None:
    with TestClient(app) as client, ThreadPoolExecutor(60) as crowd:
        urls = ["/enterprises.csv", "/enterprises", "/enterprises.csv?as_of=2024-01-02"] * 20
        answers = list(crowd.map(lambda url: (url, client.get(url).status_code), urls))
    assert {status for _, status in answers} <= {200, 503}
    assert all(status == 200 for url, status in answers if url == "/enterprises")
    assert sum(status == 200 for url, status in answers if "csv" in url) >= csv_lines.MOST_DOWNLOADS


def test_no_more_lists_are_written_at_once_than_a_process_bears(large: Any, app: FastAPI) -> None:
    number, ids = _number(large), _ids(large)
    writing = [_rows(large, number, [ids]) for _ in range(csv_lines.MOST_DOWNLOADS)]
    for one in writing:
        next(one)
    with TestClient(app) as client:
        refused = client.get("/enterprises.csv")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "正在下载名单的人太多" in refused.json()["detail"]
        assert client.get("/enterprises").status_code == 200
        writing.clear()
        del one
        assert client.get("/enterprises.csv").status_code == 200


def test_a_download_holds_no_connection_while_its_reader_reads(large: Any) -> None:
    database = Database(large.settings.register_url)
    with database.reading() as connection:
        rows = csv_lines.rows(database, connection, _number(large), [_ids(large)], None)
        next(rows)
    for _ in range(700):
        next(rows)
    assert "Current Checked out connections: 0" in database._readers.pool.status()
    assert len(list(rows)) == 1200 - 701


def test_a_publication_during_a_download_breaks_it_off(tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path)
    publisher.publish("演示名单", "2024-01-01", *({"name": f"演示第{n}号有限公司"} for n in range(600)))
    rows = _rows(publisher, _number(publisher), [_ids(publisher)])
    next(rows)
    publisher.publish("演示名单", "2024-02-01", {"name": "演示新来有限公司"})
    with pytest.raises(csv_lines.ListMoved):
        list(rows)
    assert len(list(_rows(publisher, _number(publisher), [_ids(publisher)]))) == 601


def test_collecting_the_ids_has_an_end(large: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "COLLECTING_SECONDS", -1)
    with pytest.raises(csv_lines.ListMoved, match="缩小范围"):
        next(_rows(large, _number(large)))


def test_a_reader_who_takes_nothing_in_is_cut_off_and_his_place_is_free() -> None:
    import anyio

    closed = threading.Event()

    def rows() -> Iterator[list[object]]:
        try:
            for number in range(1_000_000):
                yield [number]
        finally:
            closed.set()

    async def read_slowly() -> None:
        async def receive() -> Any:
            await anyio.sleep_forever()

        async def send(_: Any) -> None:
            await anyio.sleep_forever()

        stream = answers.stream_csv("a.csv", ["a"], rows(), seconds=0.1)
        await stream({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)

    with pytest.raises(TimeoutError):
        anyio.run(read_slowly)
    assert closed.is_set()


def test_whoever_finds_every_connection_in_use_is_told_to_come_back(large: Any) -> None:
    assert doors.READERS_OF_A_SERVER + csv_lines.MOST_DOWNLOADS < POOL
    database = Database(large.settings.register_url)
    database._readers.pool._timeout = 0.01  # type: ignore[attr-defined]
    held = [database._readers.connect() for _ in range(POOL)]
    with pytest.raises(DatabaseBusy), database.reading():
        pass
    for connection in held:
        connection.close()
    with database.reading():
        pass
