"""Pages, feeds and answers in English, as a reader of English meets them; the data stay Chinese and are marked as such."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jinja2 import DictLoader
from lxml import html

from public_site import languages, receipts
from public_site.web import translating, words
from tests.web.conftest import Visitor


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("陕西省", "Shaanxi"), ("淮安市", "Huai'an"), ("涪陵区", "Fuling"), ("湘西土家族苗族自治州", "Xiangxi"),
        ("广西壮族自治区", "Guangxi"), ("沙县", "Shaxian"), ("浦东新区", "Pudong"),
    ],
)  # fmt: skip
def test_a_place_is_told_by_its_own_name_without_the_word_for_its_kind(chinese: str, english: str) -> None:
    with languages.using(languages.ENGLISH):
        assert words.place_name(_Named(chinese)) == english
    assert words.place_name(_Named(chinese)) == chinese


def test_one_chinese_word_has_the_translation_of_where_it_stands() -> None:
    with languages.using(languages.ENGLISH):
        assert (languages._("公告"), words.STAGES["decided"]) == ("Notices", "Decided")
        assert (languages._("撤销"), words.AMENDS["withdrawn"]) == ("Withdrawal", "withdraws")
    assert (words.STAGES["decided"], words.AMENDS["withdrawn"]) == ("公告", "撤销")


def test_an_industry_is_told_with_its_part() -> None:
    with languages.using(languages.ENGLISH):
        assert words.industry("陶瓷/建筑陶瓷") == "Ceramics: Building ceramics"
    assert words.industry("陶瓷/建筑陶瓷") == "陶瓷：建筑陶瓷"


def test_an_address_that_is_refused_says_why_in_english_and_marks_what_must_be_typed_in_chinese(
    visitor: Visitor,
) -> None:
    page = visitor.client.get("/en/enterprises", params={"grade": "Z"}, headers={"accept": "text/html"})
    assert page.status_code == 400
    assert 'must be one of A+, A, B, B-, C, D, <span lang="zh-CN">引领性, 非引领性</span>' in page.text
    problem = visitor.client.get("/en/enterprises.json", params={"colour": "red"})
    assert problem.json()["title"] == "The address is not right"
    assert problem.headers["content-language"] == "en"


def test_a_feed_is_told_in_english_with_the_data_as_they_are(visitor: Visitor) -> None:
    chinese, english = (_feed(visitor, f"{root}/enterprises/2.feed.json") for root in ("", "/en"))
    assert (chinese["language"], english["language"]) == ("zh-CN", "en")
    assert [item["id"] for item in english["items"]] == [item["id"] for item in chinese["items"]]
    assert [item["tags"] for item in english["items"]] == [item["tags"] for item in chinese["items"]]
    told = english["items"][0]
    assert "/en/enterprises/2" in told["url"]
    assert "<p>Enterprise: " in told["content_html"]
    assert "<p>企业：" in chinese["items"][0]["content_html"]


def test_the_signed_receipt_is_the_same_in_both_languages(visitor: Visitor) -> None:
    path = "/enterprises/2/certificate.jws"
    assert visitor.client.get(f"/en{path}").content == visitor.client.get(path).content
    (limits,) = languages.forms(receipts.LIMITS, languages.ENGLISH)
    assert limits in visitor.text("/en/enterprises/2/certificate")


def test_marks_on_the_map_are_told_in_english(visitor: Visitor) -> None:
    whole = {"bbox": "70,15,140,55", "zoom": "18"}
    english = visitor.client.get("/en/map/features.geojson", params=whole).json()["features"]
    chinese = visitor.client.get("/map/features.geojson", params=whole).json()["features"]
    pairs = [
        (e["properties"], c["properties"]) for e, c in zip(english, chinese, strict=True) if "name" in e["properties"]
    ]
    assert pairs
    for told, original in pairs:
        assert told["name"] == original["name"]
        assert told["latin"].isascii() and "latin" not in original
        assert told["grade_in_words"].isascii() and not original["grade_in_words"].isascii()


def test_a_link_within_a_page_stays_in_english(visitor: Visitor) -> None:
    industry = quote("包装印刷")
    for path in (
        "/enterprises/2",
        "/enterprises?grade=B",
        "/places/500000",
        f"/industries/{industry}",
        "/map",
        "/near",
    ):
        page = visitor.client.get(f"/en{path}")
        assert page.status_code == 200, path
        links = _inner_links(page.text)
        assert links, path
        assert [link for link in links if not link.startswith("/en/")] == [], path


def _inner_links(text: str) -> list[str]:
    """The pages of this site that a page leads to; files of data are the same in every language."""
    links = html.fromstring(text).xpath("//main//a[not(@hreflang)]/@href")
    return [link for link in links if link.startswith("/") and "." not in link.partition("?")[0]]


def _feed(visitor: Visitor, url: str) -> Any:
    return json.loads(visitor.client.get(url).content)


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name


class TestCompiledBefore:
    """What was compiled is kept, and is never taken for what it is not."""

    PAGE = "<p>{% trans %}公告{% endtrans %} {{ _('企业') }} {{ value }}</p>"

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        made = tmp_path / "compiled"
        made.mkdir()
        return made

    def told(self, folder: Path, page: str = PAGE, language: str = languages.ENGLISH) -> str:
        kept = translating.Compiled(language, folder)
        templates = translating.Templates(language, loader=DictLoader({"page.html": page}), bytecode_cache=kept)
        return templates.get_template("page.html").render(value="<1>")

    def test_a_template_is_compiled_once(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = self.told(folder)
        monkeypatch.setattr(translating.Templates, "_parse", lambda *_: pytest.fail("compiled again"))
        assert self.told(folder) == first == "<p>Notices Enterprises <1></p>"

    def test_each_language_has_its_own(self, folder: Path) -> None:
        assert self.told(folder) != self.told(folder, language=languages.CHINESE) == "<p>公告 企业 <1></p>"
        assert len(list(folder.iterdir())) == 2

    def test_a_changed_template_is_compiled_anew(self, folder: Path) -> None:
        self.told(folder)
        assert self.told(folder, self.PAGE.replace("p>", "b>")) == "<b>Notices Enterprises <1></b>"
        assert len(list(folder.iterdir())) == 1

    def test_a_changed_translation_is_told(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
    ) -> None:
        self.told(folder)
        changed = tmp_path / "messages.po"
        catalog = languages.CATALOG.read_text(encoding="utf-8")
        changed.write_text(catalog.replace('msgstr "Notices"', 'msgstr "Announcements"'), encoding="utf-8")
        request.addfinalizer(languages._catalog.cache_clear)
        monkeypatch.setattr(languages, "CATALOG", changed)
        languages._catalog.cache_clear()
        assert self.told(folder) == "<p>Announcements Enterprises <1></p>"

    @pytest.mark.parametrize("at", [0, 31, 32, 40, -1])
    def test_a_damaged_file_is_compiled_anew(self, folder: Path, at: int) -> None:
        right = self.told(folder)
        (file,) = folder.iterdir()
        whole = file.read_bytes()
        flipped = bytearray(whole)
        flipped[at] ^= 1
        for damaged in (bytes(flipped), whole[:at], b""):
            file.write_bytes(damaged)
            assert self.told(folder) == right
            assert file.read_bytes() == whole

    def test_where_nothing_can_be_kept_pages_are_told_all_the_same(self, folder: Path) -> None:
        no_folder = folder / "file"
        no_folder.touch()
        assert self.told(no_folder) == self.told(folder / "missing") == self.told(folder)

    def test_who_wants_no_compiled_files_gets_none(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        self.told(folder)
        assert not list(folder.iterdir())
