"""`/enterprises/{id}/certificate`: what is on record of one enterprise on one signed sheet."""

from __future__ import annotations

import io
from typing import Any

import pdfplumber
import pytest

from public_site import certificates, receipt_verifier


@pytest.fixture
def glass(visitor: Any) -> str:
    """The address of the sheet of the enterprise that fell from A to C."""
    found = visitor.json("/enterprises.json?q=演示乙玻璃")["items"][0]
    return f"/enterprises/{found['id']}/certificate"


def test_the_sheet_says_the_grade_of_the_day_and_its_limits(visitor: Any, glass: str) -> None:
    for day, units in (("2023-02-28", "玻璃=A"), ("2023-03-01", "玻璃=C")):
        said = visitor.text(f"{glass}?as_of={day}")
        for part in ("不代替发布机关的正式文件", "91130200699229617X", "演示乙玻璃有限公司", units, day):
            assert part in said
    assert "最近一次降级2023-03-01" in visitor.text(glass).replace(" ", "")


def test_its_receipt_holds_and_says_the_same(visitor: Any, glass: str) -> None:
    receipt = visitor.get(f"{glass}.jws?as_of=2023-02-28")
    assert receipt.headers["content-type"] == "application/jose"
    checks = receipt_verifier.verify(receipt.text, visitor.json("/.well-known/jwks.json"))
    assert all(holds for _, holds, _ in checks), checks
    said = receipt_verifier.content(receipt.text)
    assert said["made_at"] == said["known_at"]
    (answer,) = said["results"]
    assert [unit["grade"] for unit in answer["enterprise"]["units"]] == ["A", "B-"]


def test_it_is_a_function_of_the_register_and_the_url(visitor: Any, glass: str) -> None:
    for ending in ("", ".jws", ".pdf"):
        one, other = (visitor.get(f"{glass}{ending}?as_of=2023-02-28&known_at=20") for _ in range(2))
        assert one.content == other.content
        assert one.headers["cache-control"].startswith("public")
        again = visitor.get(f"{glass}{ending}?as_of=2023-02-28&known_at=20", if_none_match=one.headers["etag"])
        assert again.status_code == 304
    link = visitor.opens(glass).xpath("//link[@rel='canonical']/@href")[0]
    assert visitor.get(link).content == visitor.get(f"{glass}?{link.partition('?')[2]}").content


def test_the_pdf_reads_like_the_page_and_leads_back_to_it(visitor: Any, glass: str) -> None:
    answer = visitor.get(f"{glass}.pdf?as_of=2023-02-28")
    assert answer.headers["content-type"] == "application/pdf"
    assert ".pdf" in answer.headers["content-disposition"]
    with pdfplumber.open(io.BytesIO(answer.content)) as book:
        (page,) = book.pages
        text = "".join((page.extract_text() or "").split())
        assert len(page.rects) + len(page.curves) > 100  # the dark modules of the code
    for part in ("绩效等级登记摘录", "不代替发布机关的正式文件", "演示乙玻璃有限公司", "91130200699229617X", "玻璃=A"):
        assert part in text
    assert "as_of=2023-02-28&known_at=" in text


def test_without_the_package_there_is_the_page_alone(
    published: Any, visitor_of: Any, glass: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "can_write_pdf", lambda: False)
    visitor = visitor_of(published.settings)
    page = visitor.opens(glass)
    assert not page.xpath("//a[contains(@href, '.pdf')]")
    answer = visitor.get(f"{glass}.pdf")
    assert answer.status_code == 503
    assert "打印" in answer.text


def test_the_code_on_the_sheet_can_be_read(visitor: Any, glass: str) -> None:
    page = visitor.opens(glass)
    lasting = page.xpath("//div[@class='certificate-code']//span[@class='code']/text()")[0]
    side, drawn = certificates.qr(lasting)
    (shape,) = page.xpath("//div[@class='certificate-code']/svg")
    assert shape.get("viewbox") == f"0 0 {side} {side}"
    assert shape.xpath("./path/@d") == [drawn]
    assert visitor.get(lasting.removeprefix("http://testserver")).status_code == 200


@pytest.mark.parametrize(
    ("url", "status"),
    [("/enterprises/1/certificate", 404), ("/enterprises/999999/certificate.pdf", 404), ("?as_of=2020-01-01", 404),
     ("?as_of=gestern", 400), ("?x=1", 400), (".jws?known_at=1", 404), (".txt", 404)],
)  # fmt: skip
def test_what_is_not_on_record_has_no_sheet(visitor: Any, glass: str, url: str, status: int) -> None:
    assert visitor.get(url if url.startswith("/") else f"{glass}{url}").status_code == status


def test_pages_lead_to_the_sheet_and_to_a_check_of_many(visitor: Any, glass: str) -> None:
    page = visitor.opens(glass.removesuffix("/certificate"))
    assert page.xpath(f"//a[@href='{glass}']")
    (leads,) = page.xpath("//main//a[starts-with(@href, '/check?list=')]/@href")
    assert "91130200699229617X" in visitor.opens(leads).xpath("//textarea[@id='list']")[0].text_content()
