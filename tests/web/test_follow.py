"""`/follow`: how to follow, and a private address for a list of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import html
from sqlalchemy import text

from public_site import followed, publishing
from public_site.database import Database
from tests.web.clerks import OURS
from tests.web.conftest import Publisher, Visitor

LIST = "演示甲有限公司\n91130200699229617x\n\n演示旧有限公司\n"


@pytest.fixture
def register(tmp_path: Path, make_publisher: Any) -> Publisher:
    publisher: Publisher = make_publisher(tmp_path / "data")
    publisher.publish(
        "演示名单", "2024-01-01",
        {"name": "演示甲有限公司"}, {"name": "演示乙有限公司", "credit_code": "91130200699229617X"},
        {"name": "演示丙有限公司"}, {"name": "演示同名有限公司"},
        {"name": "演示新有限公司", "former_name": "演示旧有限公司"},
    )  # fmt: skip
    with publisher.database.reading() as connection:
        (third,) = connection.execute(text("SELECT id FROM enterprise WHERE name = '演示丙有限公司'")).scalars()
    publisher.amend(publishing.draft_enterprise_change, third, {"name": "演示同名有限公司"})
    publisher.index()
    return publisher


def send(visitor: Visitor, said: str, **headers: str) -> Any:
    return visitor.client.post("/follow/lists", data={"list": said}, headers=OURS | headers)


def test_a_pasted_list_becomes_a_feed_that_only_its_maker_knows(register: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    made = send(visitor, LIST)
    assert made.status_code == 303
    address = made.headers["location"]
    assert re.fullmatch(r"/follow/lists/[\w-]{27}", address)
    page = visitor.opens(address)
    assert "演示乙有限公司" in page.text_content()
    feed = feedparser.parse(visitor.get(f"{address}.atom").content)
    assert not feed.bozo
    assert len(feed.entries) == 3
    assert {"演示甲有限公司", "演示乙有限公司", "演示新有限公司"} == {e.title.partition("：")[0] for e in feed.entries}
    for url in (address, f"{address}.rss"):
        answer = visitor.get(url)
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "etag" not in answer.headers and "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_only_a_hash_and_ids_are_kept(register: Publisher, visitor_of: Any) -> None:
    token = send(visitor_of(register.settings), LIST).headers["location"].rpartition("/")[2]
    with register.database.reading() as connection:
        (row,) = connection.execute(text("SELECT * FROM followed_list")).mappings()
        assert set(row) == {"token_hash", "enterprise_ids"}
        assert token not in str(dict(row))
        assert re.fullmatch(r"\[\d+,\d+,\d+\]", row["enterprise_ids"])


def test_a_deleted_list_is_gone_and_looks_like_one_that_never_was(register: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    address = send(visitor, LIST).headers["location"]
    done = visitor.client.post(f"{address}/delete", data={}, headers=OURS)
    assert done.status_code == 303
    visitor.opens(done.headers["location"])
    for path in (address, f"{address}.atom", f"{address}.feed.json"):
        gone, never = visitor.get(path), visitor.get(path.replace(address, "/follow/lists/nosuch"))
        assert gone.status_code == never.status_code == 404
    assert visitor.client.post(f"{address}/delete", data={}, headers=OURS).status_code == 404


def test_what_matches_nothing_or_several_is_told_and_nothing_is_guessed(register: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    answer = send(visitor, "演示甲有限公司\n演示甲\n演示同名有限公司")
    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    said = " ".join(page.xpath("//div[@class='callout']")[0].text_content().split())
    assert "演示甲：没有公开记录" in said
    assert "演示同名有限公司：有几家企业叫这个名称" in said
    assert "演示甲有限公司" in page.get_element_by_id("list").text
    with register.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM followed_list")).scalar_one() == 0


@pytest.mark.parametrize("said", ["", " \n ", "长" * 201, "甲\n" + "\n".join(map(str, range(followed.MOST_LINES + 1)))])
def test_a_list_that_cannot_be_meant_is_shown_again(register: Publisher, visitor_of: Any, said: str) -> None:
    answer = send(visitor_of(register.settings), said)
    assert answer.status_code == 422
    assert "#list" in html.document_fromstring(answer.text).xpath("//*[@role='alert']//a/@href")


def test_another_sites_form_is_refused_and_lists_are_slowed(register: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    assert send(visitor, LIST, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert [send(visitor, LIST).status_code for _ in range(6)] == [303] * 5 + [429]


def test_a_list_is_in_no_public_output(register: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    token = send(visitor, LIST).headers["location"].rpartition("/")[2]
    for url in ("/", "/follow", "/enterprises", "/enterprises.atom", "/enterprises.json", "/notices.rss"):
        assert token not in visitor.get(url).text


def test_followed_lists_work_on_both_databases(database: Database) -> None:
    from datetime import UTC, datetime

    token = followed.keep(database, [3, 2, 3], address="192.0.2.1", at=datetime(2024, 1, 1, tzinfo=UTC))
    with database.reading() as connection:
        assert followed.ids(connection, token) == (2, 3)
        assert followed.meant(connection, ["演示"]) == [followed.Meant("演示", ())]
    followed.delete(database, token)
    with database.reading() as connection, pytest.raises(followed.NoSuchList):
        followed.ids(connection, token)


def test_a_list_made_on_an_english_page_leads_to_english_addresses(register: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(register.settings)
    unclear = visitor.client.post("/en/follow/lists", data={"list": "演示同名有限公司\n没有这一家"}, headers=OURS)
    assert unclear.status_code == 422
    told = html.document_fromstring(unclear.text).get_element_by_id("content").text_content()
    assert "Lines that do not name one enterprise for certain: 2." in told
    made = visitor.client.post("/en/follow/lists", data={"list": LIST}, headers=OURS)
    page = html.document_fromstring(visitor.get(made.headers["location"]).text)
    assert "3 enterprises on the list" in page.text_content()
    links = page.xpath("//dd/a[@class='code']")
    assert links
    for link in links:
        assert link.get("href").startswith("/en/follow/lists/")
        assert link.text_content().endswith(link.get("href"))
        assert visitor.get(link.get("href")).status_code == 200
