"""`/readyz` tells the truth."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

import public_site


def test_it_tells_the_versions_and_that_nothing_lags(visitor: Any) -> None:
    body = visitor.json("/readyz")
    assert body["ready"] is True
    assert body["version"] == public_site.__version__
    assert body["entry"] == 30
    assert body["lag"] == {"standings": 0, "log": 0, "search": 0}


def test_an_index_that_lags_is_told_and_pages_say_so(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示一", "2023-01-01", {"name": "演示甲有限公司"})
    publisher.index()
    publisher.publish("演示二", "2024-01-01", {"name": "演示乙有限公司"})
    visitor = visitor_of(publisher.settings)
    body = visitor.json("/readyz")
    assert body["ready"] is True
    assert body["lag"]["search"] == 3
    answer = visitor.get("/enterprises")
    assert "检索正在跟进最新登记" in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers
    assert "演示乙有限公司" in visitor.text("/enterprises/5")


def test_tables_that_lag_behind_the_register_are_not_ready(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示一", "2023-01-01", {"name": "演示甲有限公司"})
    with publisher.database.writing() as connection:
        connection.execute(text("UPDATE projection SET as_of = 1 WHERE name = 'standings'"))
    assert visitor_of(publisher.settings).json("/readyz", 503)["lag"]["standings"] == 2


def test_a_database_that_is_gone_is_told(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    with publisher.database.writing() as connection:
        connection.execute(text("DROP TABLE entry"))
    visitor = visitor_of(publisher.settings)
    assert visitor.json("/readyz", 503)["ready"] is False
    assert visitor.get("/healthz").status_code == 200
    assert visitor.get("/").status_code in (500, 503)
