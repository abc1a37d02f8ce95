"""`/metrics`: the figures of all workers, for the operator's Prometheus and nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.testclient import TestClient

from public_site.complaints.store import Store
from public_site.measures import Counts
from public_site.settings import Settings
from public_site.web.app import PARTS, create_app
from tests.complaints.inbox import opened

ALL = frozenset(PARTS)


def figures(told: str) -> dict[tuple[str, ...], float]:
    """(name, label values in order …) → value; the parser is the reference one."""
    found = {}
    for family in text_string_to_metric_families(told):
        for sample in family.samples:
            found[sample.name, *(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def here(settings: Settings, parts: frozenset[str] = ALL) -> TestClient:
    """A program on the same machine."""
    told = settings.model_copy(update={"parts": ",".join(sorted(parts))})
    return TestClient(create_app(told, parts), client=("127.0.0.1", 50000), raise_server_exceptions=False)


def test_answers_are_counted_by_page_and_status_and_what_a_visitor_writes_is_no_label(published: Any) -> None:
    client = here(published.settings)
    for url in ("/enterprises", "/enterprises/2", "/en/enterprises/2", "/enterprises/999", "/secret-canary/x?y=z", "/static/x",
                "/complaints/new", "/enterprises?canary=1"):  # fmt: skip
        client.get(url)
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in told.headers["cache-control"]
    found = figures(told.text)
    assert found["mingji_requests_total", "/enterprises/…", "2xx"] == 2
    assert found["mingji_requests_total", "/enterprises/…", "4xx"] == 1
    assert found["mingji_requests_total", "/enterprises", "4xx"] == 1
    assert found["mingji_requests_total", "(other)", "4xx"] == 1
    assert found["mingji_requests_total", "(other)", "2xx"] == 1, "who was at the intake is not told apart"
    assert found["mingji_request_seconds_count", "/enterprises/…"] == 3
    assert found["mingji_request_seconds_bucket", "+Inf", "/enterprises/…"] == 3
    assert found["mingji_entry",] == 30
    assert found["mingji_lag_entries", "search"] == 0
    assert found["mingji_lag_entries", "open_data"] in {0, 30}, "another test may have written the open data"
    assert found["mingji_memory_bytes", "all"] > 1 << 20
    assert "canary" not in told.text
    assert "complaints" not in told.text


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "198.51.100.7"}, {"X-Real-IP": "198.51.100.7"}, {"Forwarded": "for=198.51.100.7"}, {"Via": "1.1 x"}]
)  # fmt: skip
def test_without_a_token_only_a_program_on_this_machine_reads_them(published: Any, headers: dict[str, str]) -> None:
    client = here(published.settings)
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers=headers).status_code == 404
    elsewhere = TestClient(create_app(published.settings), client=("192.0.2.9", 50000))
    assert elsewhere.get("/metrics").status_code == 404
    assert elsewhere.get("/en/metrics").status_code == 404


def test_with_a_token_only_who_has_it_reads_them(published: Any, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret-token-of-the-operator\n")
    client = here(published.settings.model_copy(update={"metrics_token_file": token}))
    assert client.get("/metrics").status_code == 404
    for wrong in ("Bearer x", "s3cret-token-of-the-operator", "Bearer ", "Bearer s3cret-token-of-the-operatorx"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 404
    right = {"Authorization": "Bearer s3cret-token-of-the-operator", "X-Forwarded-For": "198.51.100.7"}
    assert client.get("/metrics", headers=right).status_code == 200
    token.write_text("")
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    token.unlink()
    assert client.get("/metrics", headers=right).status_code == 404


def test_what_waits_is_told_where_the_console_is_and_complaints_to_the_day(tmp_path: Path, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, division="500000")
    inbox = opened(publisher.settings, tmp_path / "offline")
    inbox.lodge()
    client = here(publisher.settings)
    found = figures(client.get("/metrics").text)
    assert found["mingji_uploads_waiting",] == 0
    if inbox_today(inbox.store):
        assert found["mingji_complaints_waiting",] == 0, "what came today is not told today"
    with inbox.store.sealed.writing() as connection:
        connection.execute(text("UPDATE complaint SET received_on = '2024-01-02'"))
        connection.execute(text("UPDATE letter SET tries = 10, made_on = '2024-01-02'"))
    with publisher.database.writing() as connection:
        connection.execute(
            text("INSERT INTO upload (state, file_name, file, size, given, who, with_whom, made_at, rows_done, findings)"
                 " VALUES ('waiting', 'x', 'x', 1, '{}', 'x', '[]', '2024-01-02T00:00:00.000000Z', 0, '[]')")
        )  # fmt: skip
    found = figures(client.get("/metrics").text)
    assert (found["mingji_complaints_waiting",], found["mingji_letters_given_up",]) == (1, 1)
    assert found["mingji_complaint_oldest_days",] > 300
    assert found["mingji_upload_oldest_seconds",] > 1e7
    assert client.get("/readyz").json()["late"] == {"search": True, "uploads": True, "letters": True}
    public = here(publisher.settings, frozenset({"public"}))
    assert public.get("/readyz").json()["late"] == {"search": True}
    assert "mingji_letter" not in public.get("/metrics").text
    inbox.store.close()


def inbox_today(store: Store) -> bool:
    """Whether the complaint came on the day that it is (the inbox has days of its own)."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    with store.looking() as connection:
        day = connection.execute(text("SELECT max(received_on) FROM complaint")).scalar()
    return bool(day == datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat())


def test_a_database_that_is_gone_is_told_and_the_counts_are_still_there(tmp_path: Path, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    client = here(publisher.settings)
    client.get("/healthz")
    with publisher.database.writing() as connection:
        connection.execute(text("DROP TABLE entry"))
    found = figures(client.get("/metrics").text)
    assert found["mingji_database_up",] == 0
    assert found["mingji_requests_total", "/healthz", "2xx"] == 1


def test_rows_of_all_processes_are_added_up_and_those_of_dead_ones_still_count(tmp_path: Path) -> None:
    paths = ["/", "/enterprises", "/enterprises/{id}"]
    mine, ready = Counts(paths, tmp_path), Ready()
    mine.answered("/enterprises/7", 200, 0.003)
    mine.note(ready)
    (own,) = tmp_path.iterdir()
    dead = own.with_suffix(".4194999")
    dead.write_bytes(own.read_bytes())
    mine.answered("/enterprises/8", 0, 20.0)
    own.with_name(f"0000.{4194998}").write_bytes(b"of another version")
    totals = mine.totals()
    assert totals.answers["/enterprises/…"] == (0, 2, 0, 0, 0, 1)
    assert totals.seconds["/enterprises/…"][2] == 2
    assert totals.seconds["/enterprises/…"][-2] == 1
    assert totals.seconds["/enterprises/…"][-1] == pytest.approx(20.006)
    assert totals.ready == {"hits": 14, "misses": 4, "stale": 2, "size": 900, "count": 3}
    assert len(totals.memory) == 1


class Ready:
    """What the store of ready answers tells."""

    hits, misses, stale, size, count = 7, 2, 1, 900, 3
