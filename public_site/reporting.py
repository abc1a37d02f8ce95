"""What `take-in` tells: the report of a file as JSON or in lines, its problems with their cells, its draft with its questions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import typer
from rich.console import Console
from sqlalchemy import Connection

from public_site import differences, drafts, notices, publishing
from public_site.database import Database
from public_site.matching import Matcher
from public_site.settings import Settings


class Report:
    """What `--check` reports of one file, with whom its rows mean in the register as it is now."""

    def __init__(self, reading: notices.Reading, settings: Settings) -> None:
        self._reading = reading
        self._settings = settings
        self._draft: int | None = None

    def with_draft(self, draft: int) -> Report:
        self._draft = draft
        return self

    def rows(self) -> Iterator[dict[str, Any]]:
        with self._known() as connection:
            matcher, start = Matcher(connection, self._reading.notice.division), 0
            for batch in _in_batches(self._reading.rows):
                numbered = list(enumerate((orjson.loads(orjson.dumps(row)) for row in batch), start))
                for (_, content), match in zip(numbered, matcher.answers(numbered), strict=True):
                    known = match.enterprise_id if (match.enterprise_id or 0) > 0 else None
                    yield content | {"match": {"status": match.status, "enterprise_id": known, "reason": match.reason,
                                               "candidates": list(match.candidates)}}  # fmt: skip
                start += len(batch)

    @contextmanager
    def _known(self) -> Iterator[Connection | None]:
        """The register as it is now; nothing where there is none yet, and none is made."""
        with self._register() as database:
            if database is None:
                yield None
                return
            with database.reading() as connection:
                yield connection

    @contextmanager
    def _register(self) -> Iterator[Database | None]:
        if not self._settings.database_url and not (self._settings.data / "register.db").exists():
            yield None
            return
        with closing(Database(self._settings.register_url)) as database:
            if database.revision() is None:
                yield None
                return
            database.require_current()
            yield database

    def preview(self) -> differences.Preview:
        """What the notice would change in the register as it is, or in an empty one where there is none."""
        with self._register() as database, TemporaryDirectory(prefix="mingji-check-") as aside:
            if database is not None:
                return publishing.preview_of(database, self._reading, at=datetime.now(UTC))
            with closing(Database(f"sqlite:///{aside}/empty.db")) as empty:
                empty.migrate()
                return publishing.preview_of(empty, self._reading, at=datetime.now(UTC))

    def head(self) -> dict[str, Any]:
        head: dict[str, Any] = {"notice": orjson.loads(orjson.dumps(self._reading.notice))}
        return head if self._draft is None else head | {"draft": self._draft}

    def tail(self) -> dict[str, Any]:
        reading = self._reading
        told = {"problems": reading.problems, "questions": reading.questions, "remarks": reading.remarks}
        return told | ({} if reading.problems or self._draft else {"preview": self.preview()})

    def say(self) -> None:
        notice = self._reading.notice
        typer.echo(f"{notice.title}\n  {notice.issuer or '（未写明发布机关）'}  {notice.issued_on or '（未写明日期）'}")
        typer.echo(f"  读懂 {self._reading.row_count} 行，没有问题。")
        say_preview(self.preview())


def _in_batches(rows: Any) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == 1_000:
            yield batch
            batch = []
    if batch:
        yield batch


def print_json(reports: list[Report]) -> None:
    """One object, or an array of them for several files; rows are written as they are read."""
    out = sys.stdout.buffer
    out.write(b"[" if len(reports) > 1 else b"")
    for number, report in enumerate(reports):
        out.write(b"," if number else b"")
        out.write(orjson.dumps(report.head())[:-1] + b',"rows":[')
        for at, row in enumerate(report.rows()):
            out.write((b"," if at else b"") + orjson.dumps(row))
        out.write(b"]," + orjson.dumps(report.tail())[1:])
    out.write(b"]\n" if len(reports) > 1 else b"\n")
    out.flush()


def say_problems(console: Console, reading: notices.Reading) -> None:
    for problem in reading.problems:
        console.print(str(problem), markup=False, soft_wrap=True)
    if reading.problems:
        console.print(
            f"{reading.notice.file_name}：共 {len(reading.problems)} 个问题，没有写入任何内容。", markup=False
        )


def say_taken(database: Database, file: Path, reading: notices.Reading, taken: publishing.TakenIn) -> None:
    draft = taken.draft
    if draft.state == "published":
        typer.echo(f"{file.name} 已经发布过（第 {draft.first_entry}–{draft.last_entry} 条），没有改动。")
        return
    with database.reading() as connection:
        counted = drafts.statuses(connection, draft.id)
        waiting = list(drafts.rows(connection, draft.id, only_open=True))
    made = "新建" if taken.is_new else "已有"
    typer.echo(f"{file.name}：{made}第 {draft.id} 号草稿，{reading.row_count} 行，"
               f"其中已知企业 {counted['matched']} 行，新企业 {counted['new']} 行，待判断 {counted['question']} 行。")  # fmt: skip
    for row in waiting[:20]:
        typer.echo(f"  第 {row.ordinal} 项 {row.content['name']}：{row.match.reason}")
        for candidate in row.match.candidates:
            typer.echo(f"    {_shown(candidate.id)} {candidate.name}（{candidate.score} 分：{candidate.reason}）")
    if waiting:
        typer.echo(f"  用 public-site decide {draft.id} 项号 same/renamed/new/skip 逐项回答。")
    for question in reading.questions:
        typer.echo(f"  发布前须补充：{question.message}")
    if draft.content["scope"] == "snapshot":
        typer.echo("  这是完整名单：批准时，名单中没有的企业将记为“未再列入”；请用 public-site draft 逐一核对。")
    typer.echo(f"  由另一人核对（public-site draft {draft.id}）后批准：public-site publish {draft.id} --by 姓名")


# How the lists of a preview are headed, in the order in which they are weighed. The unchanged and the new are counted only.
_WEIGHED = {"disagreements": "原等级与登记不一致", "down": "降级", "vanished": "名单之外，将记为未再列入", "removed": "通知写明移出",
            "up": "升级", "managed_as": "按某级管理", "renamed": "更名", "other": "其他条目"}  # fmt: skip


def say_preview(seen: differences.Preview) -> None:
    """The preview of a draft in lines: how many of each, then by name whatever a person must weigh."""
    typer.echo(f"{seen.rows} 行：待判断 {seen.asked} 行，跳过 {seen.left_out} 行。批准后追加 {seen.entries} 条：")
    typer.echo(f"  首次评级 {seen.new.total}，升级 {seen.up.total}，降级 {seen.down.total}，未变 {seen.unchanged.total}，"
               f"按某级管理 {seen.managed_as.total}，移出 {seen.removed.total}，未再列入 {seen.vanished.total}；"
               f"新企业 {seen.registered} 家，更名 {seen.renamed.total} 家，补充信息 {seen.supplemented} 家。")  # fmt: skip
    for check in seen.counts:
        typer.echo(
            f"  {check.label}：通知说 {check.stated} 家，名单有 {check.listed} 家，将发布 {check.published} 家。"
        )
    for which, heading in _WEIGHED.items():
        some: differences.Some[differences.Change] = getattr(seen, which)
        if some.total:
            typer.echo(f"{heading}（{some.total}）：")
        for change in some.items:
            typer.echo(
                "  " + "\t".join((change.kind, change.name, change.unit or change.news.get("name", ""), _told(change)))
            )
        if some.total > len(some.items):
            typer.echo(f"  ……另有 {some.total - len(some.items)} 项")
    for sentence in seen.warnings:
        typer.echo(f"注意：{sentence}")
    for sentence in seen.blockers:
        typer.echo(f"还不能发布：{sentence}")


def _told(change: differences.Change) -> str:
    grades = " → ".join(g for g in (change.previous_grade, change.grade or change.managed_as) if g)
    return f"{grades}（通知称原为 {change.stated_previous_grade}）" if change.disagrees else grades


def _shown(candidate: int) -> str:
    return f"#{-candidate - 1}" if candidate < 0 else str(candidate)
