"""Receipts: what they say is theirs for ever, and whatever touches them is found."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from public_site import languages, log, outside, receipt_verifier, receipts, register, signing, tree
from public_site.questions import of_text
from tests import databases
from tests.desk import Desk, row

CODE = "91350100M000100Y43"
LIST = f"{CODE}\n演示没有的厂\n{CODE}".replace("演示没有的厂", "91130200699229617X")
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = databases.on_one


@pytest.fixture
def filled(desk: Desk) -> Desk:
    names = [f"演示{n}号有限公司" for n in range(20)]
    desk.publish([row(n, "A", 统一社会信用代码=CODE if n == names[0] else "") for n in names], on="2023-05-01")
    desk.publish([row(names[0], "C", 原等级="A", 统一社会信用代码=CODE)], on="2024-05-01")
    return desk


def receipt(desk: Desk, pasted: str = LIST, *, known_at: datetime | None = None, made_at: datetime = MADE_AT,
            as_of: str = "2024-06-01") -> receipts.Receipt:  # fmt: skip
    with desk.database.reading() as connection:
        known = receipts.known_at(connection, known_at)
        return receipts.made(connection, desk.settings, of_text(pasted).questions, as_of=as_of, known=known,
                             made_at=made_at)  # fmt: skip


def keys(desk: Desk) -> dict[str, Any]:
    return signing.key_set(desk.settings.receipt_keys, desk.settings.log_key, desk.settings.origin)


def failing(text: str, known: dict[str, Any]) -> str | None:
    """The name of the check that fails."""
    return next((name for name, holds, _ in receipt_verifier.verify(text, known) if not holds), None)


def test_a_receipt_holds_and_says_each_check_in_words(filled: Desk) -> None:
    checks = receipt_verifier.verify(receipt(filled).text, keys(filled))
    assert [name for name, _, _ in checks] == [name for name, _ in receipt_verifier.CHECKS]
    assert all(holds for _, holds, _ in checks), checks
    said = receipt_verifier.content(receipt(filled).text)
    assert said["results"][0]["enterprise"]["overall_grade"] == "C"
    assert said["results"][1]["status"] == "no_public_record"
    assert "不代替发布机关的正式文件" in said["limits"]


def test_the_bytes_depend_on_nothing_but_the_question_and_what_was_known(filled: Desk) -> None:
    before = receipt(filled)
    moment = datetime.fromisoformat(before.said["known_at"])
    for number in range(5):
        filled.publish([row(f"演示后来{number}有限公司", "B")], on=f"2025-0{number + 1}-01")
    again = receipt(filled, known_at=moment)
    assert again.text == before.text
    with languages.using(languages.ENGLISH):
        assert receipt(filled, known_at=moment).text == before.text
    later = receipt(filled, known_at=moment, made_at=MADE_AT + timedelta(days=1))
    assert later.text != before.text
    assert register.canonical(later.said | {"made_at": ""}) == register.canonical(before.said | {"made_at": ""})


def test_it_holds_after_a_thousand_further_entries_and_after_its_key_was_replaced(filled: Desk) -> None:
    before, then = receipt(filled), filled.latest
    filled.publish([row(f"演示批量{n}有限公司", "B") for n in range(500)], on="2025-01-01")
    assert filled.latest >= then + 1_000
    signing.rotate(filled.settings.receipt_keys)
    assert failing(before.text, keys(filled)) is None
    held = outside.log_of(keys(filled)).read(before.said["checkpoint"])
    with filled.database.reading() as connection:  # and what it rests on is still the beginning of the log
        path = tree.consistency_proof(held.size, filled.latest, log.nodes(connection))
        assert tree.extends(held.size, held.root, filled.latest, log.root(connection, filled.latest), path)
    after = receipt(filled)
    assert failing(after.text, keys(filled)) is None
    assert before.text.split(".")[0] != after.text.split(".")[0]


def test_any_byte_that_is_flipped_is_found(filled: Desk) -> None:
    text, known = receipt(filled, CODE).text, keys(filled)
    step = max(1, len(text) // 1_500)
    places = {*range(0, len(text), step), *range(min(200, len(text))), *range(len(text) - 200, len(text))}
    for at in sorted(places):
        flipped = chr(ord(text[at]) ^ 1)
        assert failing(text[:at] + flipped + text[at + 1 :], known), at
    for spoilt in ("", "a.b", "a.b.c", text[:-1], text + "A", text.replace(".", "..", 1), "é" + text):
        assert failing(spoilt, known), spoilt


FORGERIES: tuple[tuple[Any, str], ...] = (
    (lambda said: said["results"][0]["enterprise"]["history"][0].update(grade="B"), "结论"),
    (lambda said: said["results"][0]["enterprise"]["history"][0].update(entry=1), "结论"),
    (lambda said: said["results"][0]["asked"].update(name="别人"), "名单"),
    (lambda said: said["results"].pop(), "名单"),
    (lambda said: next(iter(said["notices"].values())).update(sha256="0" * 64), "结论"),
    (lambda said: said["notices"].popitem(), "结论"),
    (lambda said: said.update(entry=said["entry"] - 1), "检查点"),
    (lambda said: said.update(checkpoint=said["checkpoint"].replace("/log\n4", "/log\n3", 1)), "检查点"),
    (lambda said: said["proof"].update(nodes=said["proof"]["nodes"][44:]), "条目"),
    (lambda said: said["proof"].update(nodes="AAAA" * 11 + said["proof"]["nodes"]), "条目"),
    (lambda said: said["proof"].update(nodes=said["proof"]["nodes"] + "AAAA"), "条目"),
    (lambda said: said["proof"]["entries"].pop(), "条目"),
    (lambda said: said["proof"]["entries"].append(said["proof"]["entries"][0]), "条目"),
    (lambda said: said["proof"]["entries"][0].update(number=True), "条目"),
    (lambda said: said["proof"]["entries"][-1]["data"].update(grade="A+"), "条目"),
    (lambda said: said.update(version=2), "规范"),
)  # fmt: skip


def test_whoever_holds_the_key_still_cannot_say_what_the_log_does_not(filled: Desk) -> None:
    true, known = receipt(filled).said, keys(filled)
    for at, (change, check) in enumerate(FORGERIES):
        said = json.loads(json.dumps(true))
        change(said)
        forged = receipts.signed([receipts._canonical(said)], signing.current(filled.settings.receipt_keys)).decode()
        assert failing(forged, known) == check, at


def test_what_was_revoked_does_not_hold(filled: Desk) -> None:
    one, folder = receipt(filled), filled.settings.receipt_keys
    kid = signing.public_keys(folder)[0]["kid"]
    late = receipt(filled, made_at=MADE_AT + timedelta(days=1))
    signing.revoke(folder, kid=kid, reason="私钥外泄", at=MADE_AT + timedelta(seconds=1))
    assert failing(one.text, keys(filled)) is None
    assert failing(late.text, keys(filled)) == "撤销"
    after = receipt(filled, made_at=MADE_AT + timedelta(days=1))  # by the key that took its place
    assert failing(after.text, keys(filled)) is None
    signing.revoke(folder, receipt=hashlib.sha256(one.text.encode()).hexdigest(), reason="误发", at=MADE_AT)
    assert failing(one.text, keys(filled)) == "撤销"


def test_a_receipt_of_another_issuer_does_not_hold(filled: Desk, tmp_path: Path) -> None:
    text = receipt(filled).text
    others = {"keys": [signing.jwk(log.make_key(tmp_path / name).public_key()) for name in ("a", "b")], "revoked": []}
    assert failing(text, others) == "签名"
    without_log = {"keys": [k for k in keys(filled)["keys"] if "origin" not in k], "revoked": []}
    assert failing(text, without_log) == "检查点"


def test_the_verifier_is_one_file_that_needs_nothing_of_ours(filled: Desk, tmp_path: Path) -> None:
    alone = tmp_path / "receipt_verifier.py"
    alone.write_bytes(receipts.VERIFIER.read_bytes())
    (tmp_path / "r.jws").write_text(receipt(filled).text, encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps(keys(filled)), encoding="utf-8")
    run = [sys.executable, "-I", str(alone), str(tmp_path / "r.jws"), str(tmp_path / "keys.json")]
    told = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("✓") == len(receipt_verifier.CHECKS)
    (tmp_path / "r.jws").write_text(receipt(filled).text[:-9], encoding="utf-8")
    assert subprocess.run(run, capture_output=True, check=False, cwd=tmp_path).returncode == 1


def test_every_set_of_entries_is_proved_in_a_log_of_every_size(filled: Desk) -> None:
    with filled.database.reading() as connection:
        for size in range(1, register.latest_number(connection) + 1):
            root = tree.root(size, log.nodes(connection))
            for chosen in ({1}, {size}, {1, size}, {max(1, size // 2), size}, set(range(1, size + 1))):
                bodies = {number: register.body(connection, number).encode() for number in chosen}
                nodes = base64.b64decode(receipts._nodes(connection, bodies, size))
                leaves = {number - 1: tree.leaf_hash(body) for number, body in bodies.items()}
                assert receipt_verifier._head(leaves, nodes, size) == root


def test_a_library_of_others_reads_the_signature(filled: Desk) -> None:
    one = receipt(filled)
    key = OKPKey.import_key(next(k for k in keys(filled)["keys"] if "origin" not in k))
    read = jws.deserialize_compact(one.data, key, algorithms=["Ed25519"])
    assert read.headers()["typ"] == receipt_verifier.TYPE
    assert json.loads(read.payload) == one.said
