"""`POST /api/v1/checks`: a list in one call, whatever its form, with the receipt of exactly these answers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from public_site import clerk, receipt_verifier
from public_site.commands import app
from public_site.web import pages

CODE = "91130200699229617X"
QUERIES = {"甲": {"code": CODE}, "b-2": {"name": "演示丙家具有限公司", "region": "涪陵区"}, "3": {"code": "1"}}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_every_query_is_answered_under_its_own_reference(visitor: Any) -> None:
    answer = visitor.client.post("/api/v1/checks", json={"as_of": "2023-02-28", "queries": QUERIES})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    told = answer.json()
    assert {ref: one["status"] for ref, one in told["responses"].items()} == {
        "甲": "match",
        "b-2": "match",
        "3": "invalid",
    }
    assert told["responses"]["甲"]["enterprise"]["last_downgrade"] is None
    checks = receipt_verifier.verify(told["receipt"], visitor.json("/.well-known/jwks.json"))
    assert all(holds for _, holds, _ in checks), checks
    assert receipt_verifier.content(told["receipt"])["results"] == list(told["responses"].values())


def test_a_list_comes_back_with_its_own_columns(visitor: Any) -> None:
    body = f"号,代码\n7,{CODE}\n".encode()
    url, head = "/api/v1/checks?as_of=2024-01-01", {"content-type": "text/csv"}
    answer = visitor.client.post(url, content=body, headers=head)
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["号"], row["总体等级"]) == ("7", "C")
    book = openpyxl.load_workbook(
        io.BytesIO(visitor.client.post(url, content=body, headers=head | {"accept": XLSX}).content)
    )
    assert book["核查结果"]["A2"].value == "7"
    receipt = visitor.client.post(url, content=body, headers=head | {"accept": "application/jose"}).text
    assert receipt_verifier.content(receipt)["list"]["rows"] == 1


def test_the_command_gives_the_same_bytes_without_the_site(
    visitor: Any, published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    for clock in (clerk, pages):
        monkeypatch.setattr(clock, "now", lambda: moment)
    rows = [(CODE, ""), (CODE, "演示丙家具有限公司"), ("", "演示丙家具有限公司"), ("1", ""), ("", "没有的公司")]
    body = "代码,企业名称,号\n" + "".join(f"{code},{name},{at}\n" for at, (code, name) in enumerate(rows * 200))
    (tmp_path / "list.csv").write_text(body, encoding="utf-8")
    for name, value in published.settings.model_dump(include={"data", "database_url", "base_url", "origin"}).items():
        monkeypatch.setenv(f"PUBLIC_SITE_{name.upper()}", str(value or ""))
    words = ("check", str(tmp_path / "list.csv"), "--as-of", "2024-01-01", "-o", str(tmp_path / "out.csv"))
    told = CliRunner().invoke(app, words, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    for kind, name in (("application/jose", "out.jws"), ("text/csv", "out.csv")):
        answer = visitor.client.post("/api/v1/checks?as_of=2024-01-01", content=body.encode(),
                                     headers={"content-type": "text/csv", "accept": kind})  # fmt: skip
        assert answer.content == (tmp_path / name).read_bytes(), kind


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"queries": {}}, {"queries": {"a": 1}}, {"queries": {"a": {"code": 5}}}, {"queries": {"a": {"x": "y"}}},
     {"queries": {"a": {"code": CODE}}, "more": 1}, {"queries": {"a": {"code": CODE}}, "as_of": "gestern"},
     {"queries": {"a": {"code": CODE}}, "as_of": 5}, {"queries": {"a": {"code": CODE}}, "known_at": "2024-01-01"},
     {"queries": {str(n): {"code": CODE} for n in range(10_001)}}],
    ids=range(12),
)  # fmt: skip
def test_what_cannot_be_meant_is_a_problem_in_words(visitor: Any, body: Any) -> None:
    answer = visitor.client.post("/api/v1/checks", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert CODE not in answer.text


def test_what_was_known_at_an_entry_is_that_of_the_last_whole_publication(visitor: Any) -> None:
    latest = visitor.json("/api/v1/entries?limit=1")["entry"]
    ask = {"as_of": "2030-01-01", "queries": {"1": {"code": CODE}}}
    answers = {at: visitor.client.post("/api/v1/checks", json=ask | {"known_at": str(at)})
               for at in (1, 20, latest, latest + 99)}  # fmt: skip
    assert answers[1].status_code == 404
    assert "还没有发布任何内容" in answers[1].json()["detail"]
    told = answers[20].json()
    assert 1 < told["entry"] < 20
    assert "\n{}\n".format(told["entry"]) in receipt_verifier.content(told["receipt"])["checkpoint"]
    assert [answers[at].json()["entry"] for at in (latest, latest + 99)] == [latest, latest]


def test_other_forms_and_parameters_are_refused(visitor: Any) -> None:
    post = visitor.client.post
    assert post("/api/v1/checks", content=b"%PDF", headers={"content-type": "application/pdf"}).status_code == 422
    assert post("/api/v1/checks?day=2024-01-01", json={"queries": QUERIES}).status_code == 400
    assert post("/api/v1/checks", content=b"{", headers={"content-type": "application/json"}).status_code == 422
    assert post("/api/v1/checks", content=b"x" * (11 << 20)).status_code == 413
    assert visitor.client.get("/api/v1/checks").status_code == 405
