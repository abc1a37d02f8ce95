"""Every public page in English: the same page under `/en/…`, and nothing of ours left in Chinese.

What the data say stays Chinese and is marked so (`lang="zh-CN"`); everything else must have been translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import html

from public_site import languages
from public_site.web.app import pages_of
from tests import translations
from tests.complaints.inbox import opened
from tests.web.clerks import OURS

HAN = languages.HAN
READ_ALOUD = ("alt", "aria-label", "placeholder", "title", "summary")
# An example of each page that has a value in its path. What programs read (feeds, JSON, tiles, files) is not a page.
EXAMPLES = {
    "/enterprises/{enterprise_id:int}": ("/enterprises/2", "/enterprises/2?as_of=2022-06-01", "/enterprises/3", "/enterprises/19"),
    "/enterprises/{enterprise_id:int}/card": ("/enterprises/2/card",),
    "/enterprises/{enterprise_id:int}/certificate": ("/enterprises/2/certificate", "/enterprises/3/certificate?as_of=2022-06-01"),
    "/codes/{code}": ("/codes/911302307808371268", "/codes/91130200699229617Y"),
    "/notices/{notice_id:int}": ("/notices/1", "/notices/27"),
    "/notices/{notice_id:int}/supervision": (),
    "/places/{code}": ("/places/500000", "/places/500102", "/places/810000"),
    "/industries/{name:path}": ("/industries/" + quote("包装印刷"),),
    "/follow/lists/{token}": (), "/check/{address}": (), "/check/{address}/print": (), "/check/{address}/{name}": (),
    "/data/{version}/": (),
    "/enterprises": ("/enterprises", "/enterprises?q=演示", "/enterprises?q=没有这一家", "/enterprises?grade=A&province=500000",
                     "/enterprises?as_of=2022-06-01", "/enterprises?near=29.7,107.39&sort=distance", "/enterprises?nothing=1",
                     "/enterprises?as_of=x&near=y&limit=900&q=" + "长" * 70),
    "/enterprises/suggestions": ("/enterprises/suggestions?q=演示", "/enterprises/suggestions?q=没有这一家"),
    "/near": ("/near", "/near?place=重庆市涪陵区", "/near?place=没有这个地方", "/near?at=29.7,107.39"),
    "/map": ("/map", "/map?grade=A"),
    "/complaints": ("/complaints", "/complaints?quarter=1999Q1"),
    "/complaints/new": ("/complaints/new", "/complaints/new?kind=data&enterprise=2", "/complaints/new?kind=objection",
                        "/complaints/new?kind=pollution", "/complaints/new?kind=pollution&enterprise=2"),
    "/complaints/received": ("/complaints/received?report=1",),
    "/follow": ("/follow", "/follow?list=1"),
    "/log": ("/log", "/log?checkpoint=x"),
    "/no-such-page": ("/no-such-page",),
}  # fmt: skip


def pages() -> list[str]:
    """Every page that a person opens, from the routes themselves."""
    found = ["/no-such-page"]
    for module in (*pages_of("public"), *pages_of("intake")):
        for route in module.routes.routes:
            path = route.path
            if "GET" in route.methods and not re.search(r"\.\w+$|/v1/|/open311/|/tile/|/original$|/proof|/consistency|/checkpoint|"
                                                        r"\{ending\}|\.well-known|/changes|/data/\{version\}/\{name", path):  # fmt: skip
                assert path in EXAMPLES or "{" not in path, f"{path} wants an example in EXAMPLES"
                found.append(path)
    return [url for path in dict.fromkeys(found) for url in EXAMPLES.get(path, (path,))]


def left_in_chinese(page: html.HtmlElement) -> Iterator[str]:
    """Texts and spoken attributes with Chinese characters outside elements that are marked as Chinese."""
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in {"script", "textarea", "title", "link"}:
            continue
        marked = [held.get("lang") for held in (element, *element.iterancestors()) if held.get("lang")]
        if marked[:1] != ["zh-CN"]:
            yield from (
                told for told in (element.text, *(element.get(name) for name in READ_ALOUD)) if HAN.search(told or "")
            )
        outside = [held.get("lang") for held in element.iterancestors() if held.get("lang")]
        if outside[:1] != ["zh-CN"] and HAN.search(element.tail or ""):
            yield element.tail or ""


def read(answer: Any, url: str) -> html.HtmlElement:
    """A page in English, looked at."""
    assert answer.status_code != 500, url
    page = html.document_fromstring(answer.text)
    assert page.get("lang") == "en", url
    assert not list(left_in_chinese(page)), url
    if not page.xpath("//h1//*[@lang='zh-CN']"):
        assert not HAN.search(page.findtext(".//title") or ""), url
    return page


@pytest.mark.parametrize("url", pages())
def test_a_page_in_english_says_everything_in_english(visitor: Any, url: str) -> None:
    english, chinese = visitor.get(f"/en{url}"), visitor.get(url)
    assert english.status_code == chinese.status_code
    if english.status_code in (302, 303, 307, 308):
        assert english.headers["location"] == f"/en{chinese.headers['location']}"
        return
    assert english.headers["content-language"] == "en"
    page = read(english, url)
    for address in page.xpath("//main//a/@href | //main//form/@action | //nav//a[not(@lang)]/@href"):
        assert address.startswith(("/en/", "#", "https://")) or _for_programs(address), (
            f"{address} leads out of English on {url}"
        )
    if english.status_code == 200 and page.xpath("//header"):
        assert page.xpath("//header//a[@hreflang='zh-CN']/@href") == [_again(url)]


def _for_programs(address: str) -> bool:
    return bool(re.search(r"\.(json|jsonld|csv|xlsx|geojson|rss|atom|jws|pdf|svg|py|parquet|gz|sqlite)\b|/readyz|/log/|/api/v1/|/\.well-known|"
                          r"/original$|/data/", address))  # fmt: skip


def _again(url: str) -> str:
    path, mark, query = url.partition("?")
    return path + mark + quote(query, safe="=&,%.+:-")


def test_the_two_languages_have_tags_of_their_own(visitor: Any) -> None:
    tags = {visitor.get(url).headers["etag"] for url in ("/enterprises", "/en/enterprises")}
    assert len(tags) == 2


def test_a_page_names_its_other_language_and_an_error_repeats_nothing(visitor: Any) -> None:
    page = html.document_fromstring(visitor.get("/en/enterprises?grade=A").text)
    assert page.xpath("//link[@rel='alternate'][@hreflang]/@href") == [
        "/enterprises?grade=A",
        "/en/enterprises?grade=A",
    ]
    assert "CANARY" not in visitor.get("/en/enterprises?CANARY=1").text


def test_what_is_no_page_has_no_english_address(visitor: Any) -> None:
    for path in ("/en/console/", "/en/static/site.css", "/en/healthz", "/en/open311/v2/services.json", "/english"):
        assert visitor.get(path).status_code == 404, path


def test_a_list_is_checked_in_english_from_paste_to_print(visitor: Any) -> None:
    listed = "91130200699229617X\n911302307808371268\n91130200699229617Y\n演示甲包装有限公司\n演示"
    sent = visitor.client.post("/en/check", data={"list": listed, "as_of": "2024-01-01"}, headers=OURS)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/en/check/")
    preview = read(visitor.get(sent.headers["location"]), "preview")
    (action,) = preview.xpath("//main//form/@action")
    done = visitor.client.post(action, headers=OURS)
    result = read(visitor.get(done.headers["location"]), "result")
    assert result.xpath("//table")
    read(visitor.get(done.headers["location"] + "/print"), "print")
    read(visitor.client.post("/en/verify", data={"receipt": "no receipt"}, headers=OURS), "verify")


def test_a_complaint_is_lodged_and_followed_in_english(tmp_path: Path, make_publisher: Any, visitor_of: Any) -> None:
    publisher = make_publisher(tmp_path / "data")
    publisher.publish("演示名单", "2024-01-01", {"name": "演示甲有限公司"})
    publisher.index()
    opened(publisher.settings, tmp_path / "offline")
    visitor = visitor_of(publisher.settings)
    answers = {
        "county": "重庆市涪陵区",
        "where": "Gate 2",
        "when": "Every night",
        "categories": "odour",
        "statement": "It smells.",
    }
    page = read(visitor.get("/en/complaints/new?kind=pollution"), "first question")
    for _step in range(12):
        form = next(form for form in page.xpath("//main//form") if form.get("method") == "post")
        sent = [(field.get("name"), field.get("value") or "") for field in form.xpath(".//input[@type='hidden']")]
        named = {field.get("name") for field in form.xpath(".//input[not(@type='hidden')] | .//textarea | .//select")}
        sent += [(name, value) for name, value in answers.items() if name in named]
        data: dict[str, list[str]] = {}
        for name, value in sent:
            data.setdefault(name, []).append(value)
        answer = visitor.client.post(form.get("action"), data=data, headers=OURS)
        page = read(answer, f"after {sorted(named)}")
        if answer.status_code == 422 and page.xpath("//*[contains(@class, 'error-summary')]"):
            break
        if page.xpath("//*[contains(@class, 'tracking-code')]"):
            break


def test_every_text_has_its_english() -> None:
    kept, asked = translations.kept(), translations.gathered()
    ids = {message.id if isinstance(message.id, str) else message.id[0] for message in asked if message.id}
    have = {message.id if isinstance(message.id, str) else message.id[0]: message for message in kept if message.id}
    assert not ids - have.keys(), "run make messages"
    assert not have.keys() - ids, "run make messages: some texts are gone"
    for text, message in have.items():
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert forms and all(forms), f"no English for {text}"
        for form in forms:
            marked = re.sub(r'<span lang="zh-CN">.*?</span>', "", form)
            assert not HAN.search(marked), f"Chinese in the English of {text}"
            assert set(translations.places(form)) <= set(translations.places(text)), text


def test_dates_numbers_and_names_are_written_as_the_language_writes_them() -> None:
    with languages.using(languages.ENGLISH):
        assert languages.long_day("2024-04-05") == "5 April 2024"
    assert languages.long_day("2024-04-05") == "2024年4月5日"
    assert languages.romanised("重庆宏声") == "Chong qing hong sheng"
    assert languages.romanised("ABC 2") == ""
