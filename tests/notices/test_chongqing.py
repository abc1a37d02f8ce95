"""The real notice of Chongqing, as it stands: everything it says, and nothing it does not."""

from __future__ import annotations

from datetime import date

from public_site.notices import StatedCount
from tests.notices.reading_desk import SAMPLES, read

FILE = SAMPLES / "good" / "raw_chongqing_2024_batch1.txt"


def test_its_head_is_understood() -> None:
    found = read(FILE)
    notice = found.notice
    assert notice.title == "重庆市生态环境局关于重庆市2024年第一批重点行业企业大气污染防治绩效评级结果的公告"
    assert (notice.issuer, notice.division) == ("重庆市生态环境局", "500000")
    assert (notice.issued_on, notice.stage, notice.scope) == (date(2024, 4, 24), "decided", "increment")
    assert notice.scheme == "national-2020"
    assert (notice.media_type, notice.size) == ("text/plain", FILE.stat().st_size)
    assert found.problems == ()
    assert found.questions == ()


def test_its_five_rows_are_understood_and_the_local_standard_is_kept_apart() -> None:
    rows = [(row.name, row.zone or row.county, row.industry, row.grade, row.scheme) for row in read(FILE).rows]
    assert rows == [
        ("重庆京东方光电科技有限公司", "两江新区", "电子工业", "A", "local"),
        ("重庆京东方显示技术有限公司", "两江新区", "电子工业", "A", "local"),
        ("重庆宏声纸箱有限责任公司", "500102", "包装印刷", "B", "national-2020"),
        ("重庆市乐缘复合包装制品有限责任公司", "500108", "包装印刷", "B", "national-2020"),
        ("重庆市东鹏智能家居有限公司", "500118", "陶瓷/建筑陶瓷", "B", "national-2020"),
    ]


def test_its_sentence_of_counts_is_checked_against_the_rows() -> None:
    assert read(FILE).notice.stated_counts == (
        StatedCount("B级企业", "B", False, 3),
        StatedCount("地方标准A级企业", "A", True, 2),
    )


def test_the_documents_it_cites_are_found_above_and_under_the_table() -> None:
    cited = read(FILE).notice.cited
    assert [text.rsplit("（", 1)[1].rstrip("）") for text in cited] == [
        "环办大气函〔2020〕340号",
        "渝府办发〔2022〕115号",
        "川环函〔2023〕114号",
    ]


def test_rows_are_streamed_and_can_be_read_again() -> None:
    found = read(FILE)
    first, second = iter(found.rows), iter(found.rows)
    assert next(first) == next(second)
    assert len(list(first)) == 4
    assert len(list(found.rows)) == found.row_count == 5
