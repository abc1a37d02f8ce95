"""Places: codes, other names, zones without a code, several places of one name, and whose place an issuer is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site import places


def codes(text: str, within: str | None = None) -> list[str | None]:
    return [place.code for place in places.find(text, within)]


@pytest.mark.parametrize(
    ("text", "within", "code"),
    [
        ("涪陵区", "500000", "500102"), ("云阳县", "500000", "500235"), ("云阳县", "500100", "500235"), ("西安", None, "610100"),
        ("唐山市路北区", None, "130203"), ("河北省 唐山市/路北区", None, "130203"), ("山东淄博", None, "370300"), ("吉林", "220000", "220200"),
        ("山东省淄博市张店区", "370300", "370303"), ("湘西州", None, "433100"), ("恩施", None, "422800"), ("酉阳", "500000", "500242"),
        ("朝阳", "110000", "110105"), ("内蒙古包头市昆都仑区", None, "150203"), ("济源", "410000", "419001"), ("东莞", None, "441900"),
        ("神农架", "420000", "429021"), ("六枝", "520000", "520203"), ("巴州", "650000", "652800"), ("大兴安岭", "230000", "232700"),
    ],
)  # fmt: skip
def test_a_place_is_found_under_the_names_notices_use(text: str, within: str | None, code: str) -> None:
    assert codes(text, within) == [code]


@pytest.mark.parametrize(
    ("text", "within", "code", "zone"),
    [
        ("两江新区", "500000", "500100", "两江新区"), ("万盛经开区", "500000", "500100", "万盛经开区"),
        ("西咸新区", "610000", "610000", "西咸新区"), ("高新区", "410100", "410100", "高新区"), ("郑州高新区", None, "410100", "高新区"),
        ("青岛西海岸新区", "370000", "370211", "青岛西海岸新区"), ("雄安新区", "130000", "130000", "雄安新区"),
        ("万盛", "500000", "500100", "万盛"), ("杨凌示范区", "610000", "610403", "杨凌示范区"), ("宁东", "640000", "640000", "宁东"),
        ("西安国际港务区", "610100", "610100", "西安国际港务区"), ("舟山群岛新区", "330000", "330900", "舟山群岛新区"),
    ],
)  # fmt: skip
def test_a_zone_keeps_its_name_and_gets_no_code_of_its_own(text: str, within: str | None, code: str, zone: str) -> None:
    (place,) = places.find(text, within)
    assert (place.code, place.zone, place.text) == (code, zone, text)


@pytest.mark.parametrize(
    ("text", "within", "expected"),
    [
        ("宣武区", "110000", ["110102"]), ("永年县", "130400", ["130408"]), ("莱芜市", "370000", ["370116", "370117"]),
        ("江干区", "330100", ["330102", "330114"]), ("城区", "140400", ["140403"]), ("户县", "610000", ["610118"]),
        ("江干", "330100", ["330102", "330114"]), ("莱芜市莱城区", "370000", ["370116"]), ("莱芜市钢城区", "370000", ["370117"]),
        ("居巢区", "340000", ["340181"]), ("毕节地区", "520000", ["520500"]), ("遵义县", "520000", ["520304"]), ("九江县", "360400", ["360404"]),
        ("南郊区", "140200", ["140213", "140214"]), ("邯郸县", "130400", ["130403", "130402", "130404"]),
    ],
)  # fmt: skip
def test_a_merged_or_renamed_division_leads_to_what_it_became(text: str, within: str, expected: list[str]) -> None:
    assert codes(text, within) == expected


def test_a_name_of_several_places_gives_all_until_the_issuer_narrows_it() -> None:
    assert codes("鼓楼区") == ["320106", "320302", "350102", "410204"]
    assert codes("鼓楼区", "320000") == ["320106", "320302"]
    assert codes("鼓楼区", "320100") == ["320106"]
    assert codes("鼓楼区", "500000") == []


@pytest.mark.parametrize("text", ["", " ", "某某镇", "高新区", "唐山市某某区某某路1号", "区", "市" * 50])
def test_what_is_no_known_place_gives_none(text: str) -> None:
    assert places.find(text) == ()


def test_municipalities_and_counties_without_a_city_keep_their_line() -> None:
    assert [level and level.name for level in places.lineage("500102")] == ["重庆市", "重庆市", "涪陵区"]
    assert [level and level.code for level in places.lineage("500235")] == ["500000", "500100", "500235"]
    assert "500235" in {county.code for county in places.children("500100")}
    assert [level and level.code for level in places.lineage("429021")] == ["420000", None, "429021"]
    assert places.place("500102").text == "重庆市涪陵区"
    assert places.place("130203").text == "河北省唐山市路北区"


def test_the_tree_reaches_every_division_once() -> None:
    seen: list[str] = []

    def walk(code: str | None) -> None:
        for child in places.children(code):
            seen.append(child.code)
            walk(child.code)

    walk(None)
    assert len(seen) == len(set(seen)) > 3_200
    assert len(places.children()) == 34
    assert "419001" in {child.code for child in places.children("410000")}


@given(st.data())
def test_every_division_is_found_by_its_whole_line(data: st.DataObject) -> None:
    province = data.draw(st.sampled_from(places.children()))
    below = places.children(province.code)
    city = data.draw(st.sampled_from(below)) if below else province
    counties = places.children(city.code)
    code = (data.draw(st.sampled_from(counties)) if counties else city).code
    whole = places.place(code).text
    assert code in codes(whole) or whole in ("北京市", "天津市", "上海市", "重庆市")


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ("重庆市生态环境局", "500000"), ("淄博市生态环境局", "370300"), ("陕西省大气污染治理专项行动领导小组办公室", "610000"),
        ("咸宁市生态环境局崇阳县分局", "421223"), ("内蒙古自治区生态环境厅", "150000"), ("湘西自治州生态环境局", "433100"),
        ("生态环境部", None), ("市生态环境局", None), ("", None),
    ],
)  # fmt: skip
def test_an_issuer_belongs_to_the_place_its_name_begins_with(issuer: str, code: str | None) -> None:
    assert places.issuer_division(issuer) == code


def test_every_alias_names_its_source_and_points_to_a_division() -> None:
    for alias in places.aliases():
        assert alias.source
        assert places.name(alias.within)
        assert alias.code is None or places.name(alias.code)
        assert alias.code or alias.kind == "zone"
        assert any(alias.alias == place.text for place in places.find(alias.alias, alias.within))


def test_an_unknown_code_is_said_to_be_unknown() -> None:
    with pytest.raises(places.NoSuchPlace, match="999999"):
        places.name("999999")


def test_finding_is_fast_enough_for_every_row_of_a_large_list() -> None:
    names = [f"重庆市涪陵区{number}号" for number in range(300)]
    began = time.process_time()
    for name in names:
        places.find(name, "500000")
    assert time.process_time() - began < 1.5
