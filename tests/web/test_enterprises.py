"""`/enterprises`: list, search, filter, suggestions, download."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from public_site.web import csv_lines

GLASS, ATTACKED, ONLY_PROPOSED = 4, 9, 22
ATTACK = "演示<img src=x onerror=alert(1)>有限公司"


def _names(visitor: Any, url: str) -> list[str]:
    return [item["name"] for item in visitor.json(url)["items"]]


def test_a_search_finds_names_by_some_of_their_characters(visitor: Any) -> None:
    assert _names(visitor, "/enterprises.json?q=玻璃") == ["演示乙玻璃有限公司"]
    assert "演示乙玻璃有限公司" in visitor.text("/enterprises?q=玻璃")


def test_what_is_found_is_marked_and_escaped_at_once(visitor: Any) -> None:
    page = visitor.opens(f"/enterprises?q={quote('<img')}")
    assert ATTACK in [" ".join(link.text_content().split()) for link in page.xpath("//a[@class='enterprise-name']")]
    assert page.xpath("//mark[.='img']")
    assert not page.xpath("//img")


def test_a_name_that_looks_like_markup_stays_text_everywhere(visitor: Any) -> None:
    for url in ("/", "/enterprises", f"/enterprises/{ATTACKED}", "/notices/1", f"/enterprises?q={quote(ATTACK)}"):
        assert visitor.opens(url).xpath("//img[not(contains(@src, '/badge.svg'))]") == [], url
    assert ATTACK in visitor.text(f"/enterprises/{ATTACKED}")


def test_the_json_of_the_list_is_what_the_contract_says(visitor: Any) -> None:
    body = visitor.json("/enterprises.json?q=玻璃")
    assert {"total", "items", "facets", "next", "entry"} <= body.keys()
    assert (body["total"], body["next"], body["entry"]) == (1, None, 30)
    (item,) = body["items"]
    assert item["id"] == GLASS
    assert item["province"] == {"code": "500000", "name": "重庆市"}
    assert item["county"] == {"code": "500108", "name": "南岸区"}
    assert (item["overall_grade"], item["overall_reason"]) == ("C", "lowest_of_units")
    assert [(unit["industry"], unit["grade"]) for unit in item["units"]] == [("玻璃", "C"), ("工业涂装", "B-")]
    assert {"value": "C", "name": "C", "count": 1, "url": "/enterprises.json?q=%E7%8E%BB%E7%92%83&grade=C"} in body[
        "facets"
    ]["grade"]


def test_the_limit_is_kept_from_page_to_page(visitor: Any) -> None:
    body = visitor.json("/enterprises.json?limit=4")
    assert [len(body["items"]), body["total"]] == [4, 9]
    assert "limit=4" in body["next"]
    assert len(visitor.json(body["next"])["items"]) == 4
    assert len(visitor.opens("/enterprises?limit=2").xpath("//a[@class='enterprise-name']")) == 2


def test_the_facets_beside_a_list_are_told_in_words_and_only_where_they_say_something(visitor: Any) -> None:
    def facets(url: str) -> dict[str, str]:
        sections = visitor.opens(url).xpath("//aside[@id='facets']//section")
        return {s.xpath("./h3")[0].text_content(): " ".join(s.text_content().split()) for s in sections}

    shown = facets("/enterprises")
    assert shown.keys() >= {"等级", "总体等级", "评级方案", "阶段", "A+ 企业", "未再列入"}
    assert "不可比1" in shown["总体等级"]
    assert "有公示而未见结果的等级2" in shown["阶段"]
    assert not facets("/enterprises?county=500108").keys() & {"评级方案", "阶段", "A+ 企业", "未再列入"}
    chips = visitor.opens("/enterprises?unlisted=1&stage=decided").xpath("//*[@class='chips']//a")
    assert [chip.get("href") for chip in chips] == ["/enterprises?unlisted=1", "/enterprises?stage=decided"]


def test_a_facets_url_gives_the_list_it_promises(visitor: Any) -> None:
    facets = visitor.json("/enterprises.json")["facets"]
    assert {"grade", "province", "industry"} <= facets.keys()
    for values in facets.values():
        for value in values:
            assert visitor.json(value["url"])["total"] == value["count"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("grade=A%2B", ["演示戊焦化有限公司"]),
        ("grade=A+", ["演示戊焦化有限公司"]),
        ("grade=D&grade=C", ["演示乙玻璃有限公司", ATTACK]),
        ("excellence=1", ["演示戊焦化有限公司"]),
        ("overall=A+", ["演示戊焦化有限公司"]),
        ("overall=incomparable", ["演示丁电子有限公司"]),
        ("scheme=local", ["演示丁电子有限公司"]),
        ("stage=proposed", ["演示甲包装有限公司", "演示己水泥有限公司"]),
        ("unlisted=1", ["演示庚家具有限公司"]),
        ("industry=陶瓷", [ATTACK]),
        ("county=500108", ["演示乙玻璃有限公司"]),
        ("province=110000", []),
        ("downgraded_since=2023-01-01", ["演示乙玻璃有限公司"]),
        ("downgraded_since=2023-03-02", []),
        ("near=29.7,107.39&radius_km=5", ["演示甲包装有限公司"]),
        ("bbox=107,29,108,30", ["演示甲包装有限公司"]),
        ("q=91130200699229617X", ["演示乙玻璃有限公司"]),
        ("q=&province=&as_of=", None),
    ],
)
def test_each_filter_gives_what_it_says(visitor: Any, query: str, names: list[str] | None) -> None:
    found = _names(visitor, f"/enterprises.json?{query}")
    assert len(found) == 9 if names is None else sorted(found) == sorted(names)


def test_a_list_of_a_past_day_shows_the_grades_of_that_day(visitor: Any) -> None:
    body = visitor.json("/enterprises.json?as_of=2022-12-31&q=演示乙")
    assert [unit["grade"] for unit in body["items"][0]["units"]] == ["A", "B-"]
    assert "2022年12月31日当时" in visitor.text("/enterprises?as_of=2022-12-31")


@pytest.mark.parametrize("q", ["乙玻璃", "91130200699229617X", "玻璃 演示", "演示（乙）玻璃"])
def test_a_list_of_a_past_day_finds_what_a_list_of_today_finds(visitor: Any, q: str) -> None:
    assert _names(visitor, f"/enterprises.json?as_of=2022-12-31&q={quote(q)}") == ["演示乙玻璃有限公司"]


def test_the_facets_of_a_past_day_lead_to_lists_of_that_day(visitor: Any) -> None:
    facets = visitor.json("/enterprises.json?as_of=2023-12-31&county=500102")["facets"]
    assert facets.keys() == {"grade", "province", "city", "county", "industry"}
    narrowing = [v for values in facets.values() for v in values if v["value"] != "500102"]
    assert len(narrowing) >= 8
    for value in narrowing:
        assert visitor.json(value["url"])["total"] == value["count"], value


def test_a_list_of_a_past_day_offers_only_the_order_it_has(visitor: Any) -> None:
    page = visitor.opens("/enterprises?as_of=2023-12-31")
    assert [link.text_content() for link in page.xpath("//nav[@class='sorts']//a")] == ["名称"]
    assert "只能按名称排列" in visitor.opens("/enterprises?as_of=2023-12-31&sort=since", 400).text_content()


@pytest.mark.parametrize("path", ["/enterprises", f"/enterprises/{GLASS}"])
def test_a_day_beyond_the_register_is_not_claimed_to_be_known(visitor: Any, path: str) -> None:
    text = visitor.text(f"{path}?as_of=2999-01-01")
    assert "登记只到 2024年12月31日" in text
    assert "这是 2999年1月1日当天的等级" not in text
    assert "2999年1月1日当时</h2>" not in text
    assert "登记只到" not in visitor.text(f"{path}?as_of=2024-12-31")


@pytest.mark.parametrize(
    "cursor", ["NQ", "WyJ0YWJsZXMiLCJhIiwxODQ0Njc0NDA3MzcwOTU1MTYxNV0", "WyJ0YWJsZXMiLCJcdTAwMDAiLDFd"]
)
def test_a_foreign_cursor_is_refused_for_a_past_day_too(visitor: Any, cursor: str) -> None:
    visitor.opens(f"/enterprises?as_of=2024-01-01&cursor={cursor}", 400)
    assert visitor.json(f"/enterprises.json?as_of=2024-01-01&cursor={cursor}", 400)["errors"]


def test_a_distance_is_not_ignored_while_the_index_is_away(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    visitor = visitor_of(publisher.settings)
    for path in ("/enterprises", "/enterprises.json", "/enterprises.csv"):
        assert visitor.get(f"{path}?near=29.7,107.39").status_code == 503


def test_a_code_of_a_division_that_is_no_more_is_shown_as_it_is(
    visitor_of: Any, tmp_path: Any, make_publisher: Any
) -> None:
    publisher = make_publisher(tmp_path / "data")
    gone = {"province": "990000", "city": "990100", "county": "990102"}
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司", **gone})
    publisher.index()
    visitor = visitor_of(publisher.settings)
    assert visitor.json("/enterprises/2.json")["county"] == {"code": "990102", "name": "990102"}
    for url in ("/", "/enterprises", "/enterprises/2", "/notices/1", "/enterprises?as_of=2024-01-02"):
        assert "990000" in visitor.text(url), url


def test_the_timeline_tells_what_changed_of_an_enterprise(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2023-01-01", {"name": "演示甲有限公司"})
    publisher.publish(
        "演示名单",
        "2024-01-01",
        {"name": "演示甲有限公司", "credit_code": "91130200699229617X", "lat": 29.7, "lon": 107.4},
    )
    publisher.index()
    text = visitor_of(publisher.settings).text("/enterprises/2")
    assert "统一社会信用代码登记为 91130200699229617X；地图位置有更新" in text
    assert "登记信息更新" not in text


def test_the_download_says_how_excel_reads_it(visitor: Any) -> None:
    (link,) = visitor.opens("/enterprises").xpath("//a[contains(@href, '.excel.csv')]")
    assert "Excel 可直接打开" in link.text_content()


def test_a_refused_filter_is_the_same_page_with_what_is_wrong(visitor: Any) -> None:
    page = visitor.opens("/enterprises?as_of=gestern", 400)
    assert "截至日期" in page.xpath("//*[@role='alert']")[0].text_content()
    part = visitor.get("/enterprises?as_of=gestern", hx_request="true", hx_target="results")
    assert part.status_code == 400
    assert part.text.strip().startswith('<div id="results">')


def test_a_history_restore_gets_the_whole_page(visitor: Any) -> None:
    answer = visitor.get("/enterprises", hx_request="true", hx_target="results", hx_history_restore_request="true")
    assert answer.text.startswith("<!doctype html>")


def test_an_unknown_target_gets_the_whole_page(visitor: Any) -> None:
    assert visitor.get("/enterprises", hx_request="true", hx_target="nonsense").text.startswith("<!doctype html>")


def test_nothing_found_says_no_public_record_and_that_this_is_not_d(visitor: Any) -> None:
    text = visitor.text("/enterprises?q=zzzzzz")
    assert "未见公开记录" in text
    assert "这不等于 D 级" in text


def test_a_chosen_filter_is_shown_and_can_be_taken_away(visitor: Any) -> None:
    page = visitor.opens("/enterprises?q=演示&grade=C")
    chips = {link.text_content().strip(): link.get("href") for link in page.xpath("//*[@class='chips']//a")}
    assert any("等级：C" in text and url == "/enterprises?q=%E6%BC%94%E7%A4%BA" for text, url in chips.items())


def test_the_search_form_keeps_the_filters_it_does_not_show(visitor: Any) -> None:
    page = visitor.opens("/enterprises?grade=C&county=500108&sort=name")
    hidden = {(field.get("name"), field.get("value")) for field in page.xpath("//form//input[@type='hidden']")}
    assert hidden == {("grade", "C"), ("county", "500108"), ("sort", "name")}


def test_paging_shows_every_enterprise_once(visitor_of: Callable[..., Any], tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    rows = [{"name": f"演示第{n}号有限公司", "county": None, "city": None} for n in range(120)]
    publisher.publish("演示省名单", "2024-01-01", *rows)
    publisher.index()
    visitor = visitor_of(publisher.settings)
    seen: list[int] = []
    url: str | None = "/enterprises.json"
    while url:
        body = visitor.json(url)
        assert body["total"] == 120
        seen += [item["id"] for item in body["items"]]
        url = body["next"]
    assert len(seen) == len(set(seen)) == 120
    page = visitor.opens("/enterprises")
    assert len(visitor.opens(page.xpath("//a[@rel='next']/@href")[0]).xpath("//a[@class='enterprise-name']")) == 20


def test_the_csv_holds_the_whole_list_with_its_columns(visitor: Any) -> None:
    answer = visitor.get("/enterprises.csv?q=演示")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.endswith(b"\r\n")
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert list(lines[0]) == [column.name for column in csv_lines.COLUMNS]
    assert len(lines) == 9
    glass = next(line for line in lines if line["id"] == str(GLASS))
    assert glass["units"] == "玻璃=C;工业涂装=B-"
    assert next(line for line in lines if line["id"] == str(ONLY_PROPOSED))["units"] == "水泥=拟B"


def test_the_csv_is_plain_and_changes_no_text(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": '=HYPERLINK("演示,公司")'})
    publisher.index()
    answer = visitor_of(publisher.settings).get("/enterprises.csv")
    assert next(iter(csv.DictReader(io.StringIO(answer.text))))["name"] == '=HYPERLINK("演示,公司")'
    assert '"=HYPERLINK(""演示,公司"")"' in answer.text


def test_every_column_of_the_csv_is_explained() -> None:
    assert all(column.meaning for column in csv_lines.COLUMNS)
    assert len({column.name for column in csv_lines.COLUMNS}) == len(csv_lines.COLUMNS)


def test_the_csv_and_the_page_hold_without_an_index(visitor_of: Any, tmp_path: Any, make_publisher: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"}, {"name": "演示乙有限公司", "grade": "A"})
    visitor = visitor_of(publisher.settings)
    assert visitor.get("/enterprises").headers["cache-control"] == "private, no-store"
    text = visitor.text("/enterprises?q=演示甲")
    assert "检索索引暂不可用，仅支持按名称开头查找" in text
    assert "演示甲有限公司" in text
    assert len(visitor.get("/enterprises.csv").text.splitlines()) == 3
    assert visitor.json("/enterprises.json?grade=A")["limited"] is True


def test_suggestions_are_links_and_a_page_of_their_own_without_a_script(visitor: Any) -> None:
    page = visitor.opens(f"/enterprises/suggestions?q={quote('玻璃')}")
    assert [a.get("href") for a in page.xpath("//ul[@class='suggestions']//a")] == [f"/enterprises/{GLASS}"]
    assert page.xpath("//mark[.='玻璃']")
    assert visitor.opens("/enterprises/suggestions").xpath("//ul[@class='suggestions']") == []


def test_suggestions_are_escaped_and_hostile_text_suggests_nothing(visitor: Any) -> None:
    assert not visitor.opens(f"/enterprises/suggestions?q={quote('<img')}").xpath("//img")
    assert visitor.opens("/enterprises/suggestions?q=%F0%9F%98%80").xpath("//ul[@class='suggestions']") == []
    assert visitor.get(f"/enterprises/suggestions?q={'玻' * 65}").status_code == 400


def test_suggestions_work_by_how_a_name_begins_while_the_index_is_away(
    visitor_of: Any, make_publisher: Any, tmp_path: Any
) -> None:
    publisher = make_publisher(tmp_path)
    publisher.publish("公告", "2024-01-01", {"name": "演示甲厂"}, {"name": "演示乙厂"})
    away = visitor_of(publisher.settings)
    assert "演示甲厂" in away.text(f"/enterprises/suggestions?q={quote('演示甲')}")
