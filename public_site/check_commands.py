"""The commands for grade checks: check a list, verify a receipt, look after the keys.

What is checked here is checked by the same code as on the site: for the same list, day and moment of knowledge the
receipts are the same bytes but for when they were made and the signature.
"""

from __future__ import annotations

import hashlib
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from public_site import clerk
from public_site.faults import NotValid

if TYPE_CHECKING:
    from public_site import questions, receipts

app = typer.Typer()
List = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="名单：XLSX 或 CSV")]
_LARGEST_KEYS = 1 << 20


@app.command()
def check(
    file: List,
    as_of: Annotated[str, typer.Option("--as-of", help="查哪一天的等级，YYYY-MM-DD")],
    output: Annotated[Path, typer.Option("-o", "--output", help="结果：.xlsx、.csv、.json；.jws 只要回执")],
    known_at: Annotated[str | None, typer.Option(help="只算到这一刻已公布的内容，如 2024-06-01T00:00:00+08:00")] = None,
) -> None:
    """Check a list of enterprises as of a day; the signed receipt is written beside the results (….jws)."""
    from public_site import answer_tables, evidence, questions, receipts

    day = clerk.day(as_of)
    if day is None:
        raise NotValid("请写明查哪一天：--as-of YYYY-MM-DD。")
    if output.suffix not in {".xlsx", ".csv", ".json", ".jws"}:
        raise NotValid("结果文件应以 .xlsx、.csv、.json 或 .jws 结尾。")
    asked = questions.of_file(file.read_bytes(), file.name)
    with clerk.opened(make=False) as (database, settings), database.reading() as connection:
        known = receipts.known_at(connection, _moment(known_at))
        receipt = receipts.made(connection, settings, asked.questions, as_of=day.isoformat(), known=known,
                                made_at=clerk.now())  # fmt: skip
    if output.suffix != ".jws":
        output.write_bytes(results(asked, receipt, output.suffix))
    output.with_suffix(".jws").write_bytes(receipt.data)
    statuses = receipt.statuses
    told = "，".join(f"{answer_tables.STATUS[status]} {statuses.count(status)}" for status in evidence.STATUSES)
    typer.echo(f"{len(statuses)} 行：{told}。登记截至第 {known} 条。")


def results(asked: questions.Asked, receipt: receipts.Receipt, suffix: str) -> bytes:
    """The results in the form that a file's ending names."""
    from public_site import answer_tables

    if suffix == ".json":
        return orjson.dumps(receipt.said, option=orjson.OPT_INDENT_2)
    return (answer_tables.as_xlsx if suffix == ".xlsx" else answer_tables.as_csv)(asked, receipt.told())


def _moment(said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise NotValid("--known-at 应为带时区的时刻，例如 2024-06-01T00:00:00+08:00。")
    return found


@app.command("verify-receipt")
def verify_receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="回执，或投诉的登记证明")],
    keys: Annotated[str | None, typer.Option(help="公钥集：文件或网址；不写则用本机登记的")] = None,
) -> None:
    """Check a receipt, or a complaint's registration proof, and say each check in words; exit 1 when it does not hold."""
    from public_site import receipt_verifier

    known = _keys(keys)
    try:
        text = file.read_text(encoding="ascii")
    except UnicodeDecodeError:
        text = ""
    checks = receipt_verifier.verify(text, known)
    for name, holds, words in checks:
        typer.echo(f"{'✓' if holds else '✗'} {name}：{words}")
    if not all(holds for _, holds, _ in checks):
        raise typer.Exit(1)
    said = receipt_verifier.content(text)
    if receipt_verifier.is_proof(text):
        typer.echo(said["limits"])
        return
    typer.echo(f"{said['as_of']} 的等级，所知截至 {said['known_at']}（第 {said['entry']} 条）。{said['limits']}")


def _keys(where: str | None) -> dict[str, Any]:
    from public_site import log, signing

    if where is None:
        with clerk.opened(make=False) as (database, settings), database.reading() as connection:
            origin = log.origin(connection) or settings.origin
            return signing.key_set(settings.receipt_keys, settings.log_key, origin, settings.proof_key)
    try:
        if where.startswith(("https://", "http://")):
            with urllib.request.urlopen(where, timeout=20) as answer:  # noqa: S310 - only these two schemes
                data = answer.read(_LARGEST_KEYS)
        else:
            data = Path(where).read_bytes()
        found = orjson.loads(data)
        if not isinstance(found.get("keys"), list):
            raise ValueError
    except (OSError, ValueError, AttributeError):
        raise NotValid(f"读不到公钥集：{where}") from None
    return dict(found)


def verify_from_outside(checkpoint: Path | None, other: str | None, keys: str | None) -> None:
    """Compare a kept checkpoint with a site or a dump; exit 1 when the history was changed."""
    from public_site import outside, replica, tree

    if checkpoint is None or other is None:
        raise NotValid("请写明保存的检查点（--checkpoint 文件）和查哪里（--from 网址、目录或 entries.jsonl）。")
    held = checkpoint.read_text(encoding="utf-8")
    is_site = other.startswith(("https://", "http://"))
    if keys is None and not is_site:
        raise NotValid("查开放数据时请用 --keys 写明公钥集（保存下来的 /.well-known/jwks.json）。")
    log_of = outside.log_of(_keys(keys or f"{other.rstrip('/')}/.well-known/jwks.json"))
    try:
        told = (outside.on_site(held, other, log_of, replica.fetch) if is_site
                else outside.in_dump(held, Path(other), log_of))  # fmt: skip
    except (outside.HistoryChanged, tree.CheckpointRefused) as found:
        typer.echo(str(found))
        raise typer.Exit(1) from None
    typer.echo(told)


@app.command("receipt-key")
def receipt_key(
    rotate: Annotated[bool, typer.Option("--rotate", help="换一把新的密钥；旧的只留公钥，永远可以核对")] = False,
    revoke: Annotated[str | None, typer.Option(help="撤销一把密钥（kid）从现在起签的，或一份回执（它的文件）")] = None,
    reason: Annotated[str, typer.Option(help="撤销的理由，将公开")] = "",
) -> None:
    """Show the keys that receipts were signed with; begin a new one; revoke a key or a receipt."""
    from public_site import signing

    with clerk.opened() as (_, settings):
        folder = settings.receipt_keys
        if rotate:
            signing.rotate(folder)
        if revoke is not None:
            if not reason.strip():
                raise NotValid("请用 --reason 写明撤销的理由。")
            file = Path(revoke)
            if file.is_file():
                digest = hashlib.sha256(file.read_bytes().strip()).hexdigest()
                signing.revoke(folder, receipt=digest, reason=reason, at=clerk.now())
            else:
                signing.revoke(folder, kid=revoke, reason=reason, at=clerk.now())
        current = signing.jwk(signing.current(folder).public_key())["kid"]
        for key in signing.public_keys(folder):
            typer.echo(f"{key['kid']}\t{'现用' if key['kid'] == current else '已换下'}")
        for one in signing.revoked(folder):
            typer.echo(f"已撤销\t{one.get('kid') or one.get('receipt')}\t{one['since']}\t{one['reason']}")


@app.command()
def watch(
    file: List,
    state: Annotated[Path | None, typer.Option(help="记住上次看到第几条的文件；不写则在名单旁边")] = None,
    site: Annotated[
        str | None, typer.Option("--from", help="公众网站的网址：先把它的登记增量取到本机数据目录，再在本机比对")
    ] = None,
) -> None:
    """What changed for a list since the last time; exit 1 when something got worse. The list never leaves this machine."""
    from public_site import questions, receipts, replica, watching

    asked = questions.of_file(file.read_bytes(), file.name)
    state = state or file.with_name(f"{file.name}.watch.json")
    before = _seen(state)
    with clerk.opened(make=site is not None) as (database, settings):
        if site is not None:
            replica.follow(database, settings.data, site)
        with database.reading() as connection:
            now = receipts.known_at(connection, None)
            if before > now:
                raise NotValid(f"上次看到第 {before} 条，现在只有 {now} 条：不是同一份登记，或有条目被删去。")
            found = watching.changes(connection, asked.questions, before=before, now=now)
    for change in found:
        typer.echo(f"{'▼' if change.worse else '·'} 第 {change.ref} 行 {change.who}：{'；'.join(change.what)}")
    typer.echo(
        f"第 {before} 条 → 第 {now} 条：{len(found)} 行有变化。" if before else f"已记住：第 {now} 条。下次起报告变化。"
    )
    aside = state.with_name(f".{state.name}")
    aside.write_bytes(orjson.dumps({"entry": now}))
    aside.replace(state)
    if any(change.worse for change in found):
        raise typer.Exit(1)


def _seen(state: Path) -> int:
    if not state.exists():
        return 0
    try:
        return int(orjson.loads(state.read_bytes())["entry"])
    except (ValueError, KeyError, TypeError):
        raise NotValid(f"{state} 不是 watch 的状态文件。") from None
