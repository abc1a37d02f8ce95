"""A list as files for spreadsheets and maps; the badge and the card."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook
from shapely import from_geojson

from public_site import spreadsheets
from public_site.web import answers, csv_lines, list_files
from tests.web.conftest import Publisher, Visitor


@pytest.mark.parametrize("query", ["", "?grade=B", "?as_of=2022-06-01", "?q=演示"])
def test_every_kind_of_file_holds_the_same_list(visitor: Visitor, query: str) -> None:
    plain = [line.partition(",")[0] for line in visitor.get(f"/enterprises.csv{query}").text.splitlines()[1:]]
    excel = visitor.get(f"/enterprises.excel.csv{query}").content
    assert excel.startswith(b"\xef\xbb\xbfid,name,")
    assert [line.partition(",")[0] for line in excel.decode("utf-8-sig").splitlines()[1:]] == plain
    book = load_workbook(io.BytesIO(visitor.get(f"/enterprises.xlsx{query}").content))
    rows = list(book.active.iter_rows(values_only=True))
    assert list(rows[0]) == [column.name for column in csv_lines.COLUMNS]
    assert [str(row[0]) for row in rows[1:]] == plain
    found = visitor.json(f"/enterprises.geojson{query}")
    assert [str(feature["id"]) for feature in found["features"]] == plain
    assert found["numberMatched"] == found["numberReturned"] == len(plain) > 0


def test_geojson_is_rfc_7946(visitor: Visitor) -> None:
    answer = visitor.get("/enterprises.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    found = answer.json()
    assert found["type"] == "FeatureCollection"
    placed = [from_geojson(json.dumps(feature["geometry"])) for feature in found["features"] if feature["geometry"]]
    assert [(point.x, point.y) for point in placed] == [(107.39, 29.7)]
    assert all(feature["geometry"] is None or feature["geometry"]["type"] == "Point" for feature in found["features"])


def test_what_a_spreadsheet_would_run_is_guarded_only_where_spreadsheets_read(
    tmp_path: Path, make_publisher: Any, visitor_of: Any
) -> None:
    publisher: Publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "=HYPERLINK(1)演示有限公司"}, {"name": "＠演示有限公司"})
    publisher.index()
    visitor = visitor_of(publisher.settings)
    assert "\r\n2,=HYPERLINK(1)" in visitor.get("/enterprises.csv").text
    guarded = visitor.get("/enterprises.excel.csv").text
    assert ",'=HYPERLINK(1)" in guarded and ",'＠演示" in guarded
    sheet = load_workbook(io.BytesIO(visitor.get("/enterprises.xlsx").content)).active
    assert {cell.data_type for cell in sheet["B"]} == {"s"}


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@a", "\t=1", "\r1", "＝1", "＋1", "－1", "＠a", "　=1", " =1"])
def test_every_beginning_of_a_formula_is_guarded(value: str) -> None:
    assert spreadsheets.guarded(value) == f"'{value}"


def test_numbers_and_plain_text_are_left_alone() -> None:
    assert [spreadsheets.guarded(value) for value in (-1.5, None, "", "甲=1", "1-2")] == [-1.5, None, "", "甲=1", "1-2"]


def test_a_list_too_long_for_a_workbook_says_so(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 3)
    answer = visitor.client.get("/enterprises.xlsx")
    assert answer.status_code == 400
    assert "CSV" in answer.json()["detail"]
    assert not visitor.opens("/enterprises").xpath("//a[contains(@href, '.xlsx')]")


def test_a_long_list_is_streamed_in_constant_memory(published: Publisher) -> None:
    def peak(times: int) -> int:
        with published.database.reading() as connection:
            number = int(connection.exec_driver_sql("SELECT max(number) FROM entry").scalar_one())
            ids = [int(i) for (i,) in connection.exec_driver_sql("SELECT id FROM enterprise")] * times
            tracemalloc.start()
            for kind in ("csv", "geojson"):
                lines = csv_lines.lines(published.database, connection, number, [ids], None)
                if kind == "csv":
                    for _ in answers.lines_of_csv(["id"], csv_lines.written(lines)):
                        pass
                else:
                    for _ in answers.stream_features(list_files.features(lines), len(ids), number):
                        pass
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    assert peak(2_000) < peak(200) + 2_000_000


def test_the_badge_shows_letter_shape_colour_and_day_and_has_words(visitor: Visitor) -> None:
    answer = visitor.get("/enterprises/2/badge.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=300"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    picture = etree.fromstring(answer.content)
    said = picture.findtext("{http://www.w3.org/2000/svg}title")
    assert "演示甲包装有限公司" in said and "B级" in said.replace(" ", "")
    assert re.search(r"截至 2024-12-31", said)
    assert not re.search(rb"<script|https?://(?!www\.w3\.org)|style=", answer.content)
    for item in visitor.json("/enterprises.json")["items"]:
        etree.fromstring(visitor.get(f"/enterprises/{item['id']}/badge.svg").content)


def test_only_the_card_may_stand_in_anybodys_frame(visitor: Visitor) -> None:
    card = visitor.get("/enterprises/2/card")
    visitor.opens("/enterprises/2/card")
    policy = card.headers["content-security-policy"]
    assert "frame-ancestors *" in policy and "default-src 'none'" in policy and "script" not in policy
    assert "x-frame-options" not in card.headers
    assert "<script" not in card.text and "set-cookie" not in card.headers
    assert "2024-12-31" in card.text
    other = visitor.get("/enterprises/2")
    assert other.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in other.headers["content-security-policy"]


def test_the_lines_to_paste_name_whole_addresses(visitor: Visitor) -> None:
    page = visitor.opens("/enterprises/2")
    assert 'src="http://testserver/enterprises/2/badge.svg"' in page.get_element_by_id("badge-code").text
    assert page.get_element_by_id("card-code").text.startswith('<iframe src="http://testserver/enterprises/2/card"')
