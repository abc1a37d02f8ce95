"""`/notices`: the documents, the rows read from each, the original file."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from public_site import publishing


def test_the_list_tells_proposals_from_decisions(visitor: Any) -> None:
    page = visitor.opens("/notices")
    tags = [tag.text_content() for tag in page.xpath("//main//li//*[starts-with(@class, 'tag')]")]
    assert tags == ["公告", "公告", "公示", "公告", "公告", "公告"]
    assert "6 份公示和公告" in visitor.text("/notices")


def test_a_notice_shows_what_it_says_of_itself(visitor: Any) -> None:
    text = visitor.text("/notices/1")
    for said in (
        "重庆市生态环境局",
        "渝环〔2021〕1号",
        "2021年5月1日",
        "环办大气函〔2020〕340号",
        "A级 1 家",
        "共 5 条决定",
    ):
        assert said in text


def test_the_link_to_the_official_page_is_marked_as_leaving(visitor: Any) -> None:
    (link,) = visitor.opens("/notices/1").xpath("//a[@rel='external noreferrer']")
    assert link.get("href") == "https://sthjj.cq.gov.cn/a?b=1&c=2"


def test_an_address_that_is_no_web_address_is_never_a_link(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, url="javascript:alert(1)")
    publisher.index()
    assert "javascript:alert(1)" in visitor_of(publisher.settings).text("/notices/1")


def test_a_proposal_says_that_nothing_is_decided_and_until_when_one_may_object(visitor: Any) -> None:
    page = visitor.opens("/notices/20")
    text = " ".join(page.get_element_by_id("content").text_content().split())
    assert "这是公示，不是最后的结果" in text
    assert "公示期5个工作日" in text
    assert "至 2023年6月8日" in text
    assert all("grade-proposed" in mark for mark in page.xpath("//td/*[starts-with(@class, 'grade ')]/@class"))


def test_the_original_file_is_a_download_with_its_hash(visitor: Any) -> None:
    answer = visitor.get("/notices/1/original")
    digest = hashlib.sha256(answer.content)
    assert digest.hexdigest() in visitor.text("/notices/1")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"
    assert answer.headers["repr-digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_the_original_that_one_holds_already_is_not_sent_again(visitor: Any) -> None:
    tag = visitor.get("/notices/1/original").headers["etag"]
    again = visitor.get("/notices/1/original", if_none_match=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert visitor.get("/notices/20/original", if_none_match=tag).status_code == 200


def test_what_a_proposal_says_is_never_worded_as_a_decision(visitor: Any) -> None:
    text = visitor.text("/notices/20")
    assert "共拟定 2 条" in text
    assert "条决定" not in text
    assert {
        " ".join(cell.text_content().split()) for cell in visitor.opens("/notices/20").xpath("//tbody/tr/td[last()]")
    } == {
        "拟升级原为 B",
        "拟认定",
    }
    assert "拟定 2 条" in visitor.text("/notices")
    assert "5 条决定" in visitor.text("/notices")


def test_a_missing_original_is_said_to_be_away_and_nothing_else_breaks(
    visitor_of: Any, tmp_path: Any, make_publisher: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    publisher.index()
    for file in publisher.settings.originals.iterdir():
        file.unlink()
    visitor = visitor_of(publisher.settings)
    visitor.opens("/notices/1/original", 503)
    visitor.opens("/notices/1")


def test_a_long_notice_is_paged_in_the_order_of_its_file(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", *({"name": f"演示第{n}号有限公司"} for n in range(230)))
    publisher.index()
    visitor = visitor_of(publisher.settings)
    rows: list[str] = []
    url: str | None = "/notices/1"
    while url:
        page = visitor.opens(url)
        rows += [cell.text_content().strip() for cell in page.xpath("//tbody/tr/td[1]")]
        url = next(iter(page.xpath("//a[@rel='next']/@href")), None)
    assert rows == [str(n) for n in range(2, 232)]


def test_the_list_of_notices_is_paged_without_gaps(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    for n in range(53):
        publisher.publish(f"演示第{n}批名单", "2024-01-01" if n % 2 else "2024-02-01", {"name": f"演示{n}有限公司"})
    publisher.index()
    visitor = visitor_of(publisher.settings)
    first = visitor.opens("/notices")
    second = visitor.opens(first.xpath("//a[@rel='next']/@href")[0])
    ids = [link for page in (first, second) for link in page.xpath("//a[@class='title']/@href")]
    assert len(ids) == len(set(ids)) == 53
    assert not second.xpath("//a[@rel='next']")


def test_a_corrected_and_withdrawn_notice_says_so_with_what_it_said_before(
    make_publisher: Callable[[Path], Any], tmp_path: Path, visitor_of: Callable[[Any], Any]
) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司", "grade": "A"})
    corrected = publisher.amend(publishing.draft_notice_correction, 1, {"title": "演示新标题", "issued_on": "2023-12-01"},
                                reference="https://example.cn/勘误")  # fmt: skip
    publisher.amend(publishing.draft_notice_withdrawal, 1, reason="公告作废")
    publisher.amend(publishing.draft_undoing, corrected, reason="勘误有误")
    publisher.index()
    visitor = visitor_of(publisher.settings)
    page = visitor.text("/notices/1")
    assert page.startswith("公告 演示名单 公告已撤销")
    assert "这份公告已经撤销，其中的等级不再算数" in page
    assert "标题：原为演示名单" in page
    assert "日期：原为2024-01-01" in page
    assert "理由：公告作废" in page
    assert "收回公告更正 理由：勘误有误" in page
    assert "已撤销" in visitor.text("/notices")
    assert "这份公告" not in visitor.text("/enterprises/2")
    assert "公告撤销" in visitor.text("/enterprises/2")
    assert visitor.get("/notices/1/original").status_code == 200
