"""`public-site check`, `verify-receipt`, `receipt-key`: the same answers at the machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from public_site import receipt_verifier, signing
from public_site.commands import app
from public_site.faults import NotValid
from tests import databases
from tests.desk import Desk, row

CODE = "91350100M000100Y43"
pytestmark = databases.on_one


@pytest.fixture
def typed(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Types a command over a small register; a list lies at list.csv."""
    desk.publish([row("演示甲有限公司", "A", 统一社会信用代码=CODE)], on="2023-05-01")
    monkeypatch.setenv("PUBLIC_SITE_DATA", str(desk.settings.data))
    monkeypatch.setenv("PUBLIC_SITE_DATABASE_URL", desk.settings.database_url)
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text(f"备注,代码\nx,{CODE}\ny,{CODE[:-1]}4\n", encoding="utf-8")

    def type_in(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    return type_in


def test_a_list_is_checked_and_its_receipt_verified(typed: Any) -> None:
    said = typed("check", "list.csv", "--as-of", "2024-01-01", "-o", "out.csv")
    assert "已匹配 1" in said
    assert "无法核查 1" in said
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["备注"], r["总体等级"]) for r in rows] == [("x", "A"), ("y", "")]
    assert "✓ 条目" in typed("verify-receipt", "out.jws")
    text = Path("out.jws").read_text()
    Path("out.jws").write_text(text[:200] + chr(ord(text[200]) ^ 1) + text[201:])
    assert "✗" in typed("verify-receipt", "out.jws", code=1)


def test_the_same_list_gives_the_same_bytes_whatever_its_file(typed: Any) -> None:
    Path("other.csv").write_text(f"代码\t金额\n{CODE}\t1\n{CODE[:-1]}4\t2\n", encoding="utf-16")
    for name in ("list", "other"):
        typed("check", f"{name}.csv", "--as-of", "2024-01-01", "-o", f"{name}.json")
    said = [json.loads(Path(f"{name}.json").read_text()) | {"made_at": ""} for name in ("list", "other")]
    assert said[0] == said[1]


def test_keys_may_be_a_file_and_are_replaced_and_revoked(typed: Any, desk: Desk) -> None:
    typed("check", "list.csv", "--as-of", "2024-01-01", "-o", "out.jws")
    kept = signing.key_set(desk.settings.receipt_keys, desk.settings.log_key, desk.settings.origin)
    Path("keys.json").write_text(json.dumps(kept))
    typed("verify-receipt", "out.jws", "--keys", "keys.json")
    assert typed("receipt-key", "--rotate").count("已换下") == 1
    typed("verify-receipt", "out.jws")
    typed("receipt-key", "--revoke", "out.jws", "--reason", "误发")
    assert "已被撤销" in typed("verify-receipt", "out.jws", code=1)
    assert all(held for _, held, _ in receipt_verifier.verify(Path("out.jws").read_text(), kept))


@pytest.mark.parametrize(
    "words",
    [("check", "list.csv", "--as-of", "昨天", "-o", "out.csv"), ("check", "list.csv", "--as-of", "2024-01-01", "-o", "out.pdf"),
     ("check", "list.csv", "--as-of", "2024-01-01", "-o", "o.csv", "--known-at", "2024-01-01"),
     ("verify-receipt", "list.csv", "--keys", "list.csv"), ("receipt-key", "--revoke", "x", "--reason", "y"),
     ("receipt-key", "--revoke", "x")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(typed: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(NotValid):
        typed(*words)


def test_a_portfolio_is_watched_and_what_got_worse_is_told(typed: Any, desk: Desk) -> None:
    assert "已记住" in typed("watch", "list.csv")
    assert "0 行有变化" in typed("watch", "list.csv")
    desk.publish([row("演示甲有限公司", "B", 原等级="A", 统一社会信用代码=CODE)], on="2024-05-01")
    said = typed("watch", "list.csv", code=1)
    assert "▼ 第 2 行 演示甲有限公司" in said
    assert "总体等级 A → B" in said
    desk.publish([row("演示甲有限公司", "A", 原等级="B", 统一社会信用代码=CODE)], on="2025-05-01")
    assert "· 第 2 行" in typed("watch", "list.csv")
    Path("list.csv.watch.json").write_text("x")
    with pytest.raises(NotValid):
        typed("watch", "list.csv")
