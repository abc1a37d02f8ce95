"""`/check`: from a pasted list to results and a receipt, with nothing left behind."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import html

from public_site import kept_checks, questions, receipt_verifier, shelf
from tests.web.clerks import OURS
from tests.web.conftest import Publisher

CODE = "91130200699229617X"
LIST = f"客户号,企业名称,统一社会信用代码\nK1,,{CODE}\nK2,演示丙家具有限公司,\n=1+1,没有的公司,\nK4,,{CODE[:-1]}Y\n"


def sent(visitor: Any, pasted: str = LIST, *, file: tuple[str, bytes] | None = None, **fields: str) -> Any:
    files = {"file": file or ("", b"")}
    data = {"list": pasted, "as_of": "2023-02-28"} | fields
    return visitor.client.post("/check", data=data, files=files, headers=OURS)


def address_of(answer: Any) -> str:
    assert answer.status_code == 303, answer.text[:2_000]
    return str(answer.headers["location"])


def run(visitor: Any, **how: Any) -> str:
    """A list all the way to its results; their address."""
    address = address_of(sent(visitor, **how))
    assert address_of(visitor.client.post(address, headers=OURS)) == address
    return address


def test_a_pasted_list_is_understood_then_answered(visitor: Any) -> None:
    visitor.opens("/check")
    address = address_of(sent(visitor))
    preview = visitor.text(address)
    assert "共 4 行" in preview
    assert "“企业名称”列是企业名称" in preview
    assert address_of(visitor.client.post(address, headers=OURS)) == address
    told = visitor.text(address)
    assert "已匹配 2" in told
    assert "未见公开记录 1" in told
    assert "校验位不对" in told
    assert "2023年2月28日的等级" in told
    only = visitor.opens(f"{address}?status=invalid")
    assert len(only.xpath("//tbody/tr")) == 1


def test_the_grade_is_that_of_the_day(visitor: Any) -> None:
    for day, grade in (("2023-02-28", "A"), ("2023-03-01", "C")):
        address = run(visitor, as_of=day)
        row = next(csv.DictReader(io.StringIO(visitor.get(f"{address}/results.csv").content.decode("utf-8-sig"))))
        assert grade in row["各评级单元"]
        assert row["最近一次降级"] == ("" if grade == "A" else day)


def test_downloads_keep_the_caller_s_columns_and_tell_no_formula(visitor: Any) -> None:
    address = run(visitor)
    answer = visitor.get(f"{address}/results.csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["客户号", "企业名称", "统一社会信用代码", "结论"]
    assert [row[0] for row in rows[1:]] == ["K1", "K2", "'=1+1", "K4"]
    book = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{address}/results.xlsx").content))
    sheet = book["核查结果"]
    assert [cell.value for cell in sheet["A"]] == ["客户号", "K1", "K2", "=1+1", "K4"]
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert "不代替发布机关的正式文件" in str([cell.value for cell in book["说明"]["B"]])


def test_the_receipt_holds_and_the_page_says_so(visitor: Any) -> None:
    text = visitor.get(f"{run(visitor)}/receipt.jws").text
    assert all(held for _, held, _ in receipt_verifier.verify(text, visitor.json("/.well-known/jwks.json")))
    for files, data in (({"file": ("r.jws", text.encode())}, {}), ({"file": ("", b"")}, {"receipt": f"{text}\n"})):
        told = visitor.client.post("/verify", files=files, data=data, headers=OURS)
        assert told.status_code == 200
        assert "回执成立" in told.text


def test_a_workbook_asks_and_is_answered_likewise(visitor: Any) -> None:
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(LIST)):
        book.active.append(row)
    book.active["A4"].data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    address = run(visitor, pasted="", file=("名单.xlsx", stream.getvalue()))
    said = [receipt_verifier.content(visitor.get(f"{a}/receipt.jws").text) for a in (address, run(visitor))]
    assert said[0]["list"] == said[1]["list"]
    assert said[0]["results"] == said[1]["results"]


def test_what_was_known_then_can_be_asked_again(visitor: Any) -> None:
    address = run(visitor, known_at="2024-01-01T18:30:00+08:00", as_of="2024-01-01")
    said = receipt_verifier.content(visitor.get(f"{address}/receipt.jws").text)
    assert said["known_at"].startswith("2024-01-01T10:00")
    assert said["results"][0]["enterprise"]["overall_grade"] == "B-"


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"pasted": ""}, "空"), ({"as_of": ""}, "请写明查哪一天"), ({"as_of": "昨天"}, "年-月-日"), ({"known_at": "昨天"}, "时区"),
     ({"pasted": "企业名称"}, "只有表头"), ({"file": ("a.xlsx", b"PK\x03\x04x")}, "只用一种方式"),
     ({"pasted": "", "file": ("a.pdf", b"%PDF-")}, "XLSX 或 CSV"), ({"pasted": "", "file": ("a.xlsx", b"PK\x03\x04x")}, "文件")],
)  # fmt: skip
def test_a_list_that_cannot_be_understood_is_shown_with_its_reason(visitor: Any, fields: Any, said: str) -> None:
    answer = sent(visitor, **fields)
    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    assert said in page.xpath("//*[@role='alert']")[0].text_content()


def test_nothing_of_a_check_may_be_kept_by_a_cache_or_sent_from_elsewhere(visitor: Any) -> None:
    address = run(visitor)
    for url in (address, f"{address}/results.csv", f"{address}/receipt.jws", "/check"):
        assert visitor.get(url).headers["cache-control"] == "private, no-store"
    foreign = {"sec-fetch-site": "cross-site"}
    assert visitor.client.post(address, headers=foreign).status_code == 403
    assert visitor.client.post("/check", data={"list": "x"}, headers=foreign).status_code == 403


def test_the_shelf_is_sealed_and_forgets_all_but_a_hash_after_an_hour(visitor: Any, published: Publisher) -> None:
    never_run = address_of(sent(visitor))
    address = run(visitor)
    digest = hashlib.sha256(visitor.get(f"{address}/receipt.jws").content).hexdigest()
    folder: Path = published.settings.shelf
    for file in folder.iterdir():
        assert CODE.encode() not in file.read_bytes()
        assert file.name not in address
        old = time.time() - shelf.SECONDS - 1
        os.utime(file, (old, old))
    assert digest in " ".join(visitor.opens(address, 410).text_content().split())
    assert visitor.get(f"{address}/receipt.jws").status_code == 404
    visitor.opens(never_run, 404)
    address_of(sent(visitor))
    left = [file for file in folder.iterdir() if not file.name.startswith(".")]
    assert len(left) == 1
    for stranger in ("/check/abc", "/check/abc/results.csv", f"{address[:-1]}~"):
        assert visitor.get(stranger).status_code == 404


def test_what_is_remembered_is_found_among_many(tmp_path: Path) -> None:
    shelf.put(tmp_path, b"x")
    assert shelf.remembered(tmp_path, "a") is None
    for number in range(300):
        shelf.remember(tmp_path, f"address {number % 200}", bytes([number % 256]) * 32)
    assert [shelf.remembered(tmp_path, f"address {n}") for n in (0, 99, 100, 199)] == [
        bytes([n]) * 32 for n in (200, 43, 100, 199)
    ]
    name = bytes.fromhex(shelf._made_of("hidden")[0])
    shelf.remember(tmp_path, "other", name)  # the same bytes, but not where a record begins
    assert shelf.remembered(tmp_path, "hidden") is None
    assert shelf.remembered(tmp_path, "nobody") is None


LONG = "企业名称\n" + "\n".join(f"演示{n}号有限公司" for n in range(1_200)) + "\n演示丙家具有限公司"


def test_a_long_list_is_answered_behind_a_page_that_tells_how_far_it_is(visitor: Any) -> None:
    address = address_of(sent(visitor, LONG))
    accepted = visitor.client.post(address, headers=OURS)
    assert accepted.status_code == 202
    assert "1,201 行" in accepted.text
    assert "已匹配 1" in visitor.text(address)
    ended = visitor.get(address, hx_request="true", hx_target="progress")
    assert ended.headers["hx-redirect"] == address
    assert "未见公开记录 1,200" in visitor.text(address)
    assert len(visitor.opens(f"{address}?after=1100").xpath("//tbody/tr")) == 100


def test_progress_is_told_as_it_is_and_a_failure_too(visitor: Any, published: Publisher) -> None:
    folder = published.settings.shelf
    address = address_of(sent(visitor, LONG))
    ref = address.removeprefix("/check/")
    assert kept_checks.begin(folder, ref)
    assert not kept_checks.begin(folder, ref)
    kept_checks._say(folder, ref, kept_checks.Progress("核对历史", 300, 1_201))
    page = visitor.opens(address, 202)
    assert page.xpath("//progress/@value") == ["300"]
    assert "核对历史：300 / 1,201" in page.text_content()
    assert visitor.client.post(address, headers=OURS).status_code == 303  # it is under way already
    kept_checks._say(folder, ref, kept_checks.Progress("核对历史", 300, 1_201, "没有密钥"))
    assert "没有密钥" in visitor.text(address)
    assert visitor.client.post(address, headers=OURS).status_code == 202


def test_every_step_of_a_long_list_is_told(published: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_checks, "_STEP", 0.0)
    told: list[kept_checks.Progress] = []
    monkeypatch.setattr(kept_checks, "_say", lambda _folder, _address, progress: told.append(progress))
    folder = published.settings.shelf
    address = kept_checks.keep(folder, questions.of_text(LONG), as_of="2024-01-01", known_at=None)
    kept_checks.answer(published.database, published.settings, address, made_at=published.at)
    assert len({progress.part for progress in told}) >= 2
    for progress in told:
        assert 0 <= progress.done <= progress.all


def test_an_answering_that_nobody_hears_of_counts_as_broken_off(
    visitor: Any, published: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = address_of(sent(visitor, LONG))
    assert kept_checks.begin(published.settings.shelf, address.removeprefix("/check/"))
    monkeypatch.setattr(kept_checks, "_SILENCE", -1.0)
    assert "名单是这样理解的" in visitor.text(address)


def test_results_are_printed_with_what_they_rest_on(visitor: Any) -> None:
    address = run(visitor)
    page = visitor.opens(f"{address}/print")
    told = " ".join(page.text_content().split())
    digest = hashlib.sha256(visitor.get(f"{address}/receipt.jws").content).hexdigest()
    for part in (digest, "2023年2月28日", "演示丙家具有限公司", "不代替发布机关的正式文件"):
        assert part in told
    assert len(page.xpath("//tbody/tr")) == 4
    assert len(visitor.opens(f"{address}/print?status=match").xpath("//tbody/tr")) == 2
    assert visitor.get(f"{address}/print?x=1").status_code == 400
    assert visitor.get(f"{address_of(sent(visitor))}/print").status_code == 404


def test_a_full_shelf_refuses_the_next_list(visitor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_FILES", 0)
    assert sent(visitor).status_code == 503


def test_what_a_list_says_is_shown_as_text(visitor: Any) -> None:
    address = run(visitor, pasted="企业名称,所在地\n<script>alert(1)</script>,<b>x</b>\n")
    assert "<script>alert" not in visitor.get(address).text
    visitor.opens(address)


def test_an_english_page_tells_the_same_check_in_english_and_its_files_stay_chinese(visitor: Any) -> None:
    chinese = visitor.get(f"{run(visitor)}/results.csv").text
    asked = {"list": LIST, "as_of": "2023-02-28"}
    address = address_of(visitor.client.post("/en/check", data=asked, files={"file": ("", b"")}, headers=OURS))
    assert address.startswith("/en/check/")
    preview = visitor.text(address)
    assert "4 rows. Grades as of 28 February 2023." in preview
    assert "Column “企业名称”: Name of the enterprise" in preview
    assert address_of(visitor.client.post(address, headers=OURS)) == address
    page = visitor.opens(address)
    told = " ".join(page.xpath("//main")[0].text_content().split())
    assert "Matched 2" in told
    assert f"The check character of the unified social credit code “{CODE[:-1]}Y” is wrong." in told
    assert "The credit code agrees" in told
    assert page.xpath("//td/a[starts-with(@href, '/en/enterprises/')]/span[@lang='zh-CN']")
    assert visitor.get(f"{address}/results.csv").text == chinese
    assert "“No public record” does not mean grade D." in visitor.text(f"{address}/print")
