"""The one way in: a read file becomes a draft, a second person approves it, and its facts are appended to the register.

What this module knows that no other does: who may approve what and when, and that entries, projections, tree and
signed checkpoint come about in one transaction or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from public_site import composing, drafts, folding, grades, log, notices, register, standings
from public_site.database import Database
from public_site.drafts import Draft
from public_site.faults import NotAllowed, NotValid
from public_site.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")


class SamePerson(NotAllowed):
    """Publishing takes two people."""


class NotYetPublishable(NotValid):
    """Something in the draft is still to be answered."""


class RegisterMoved(NotValid):
    """What the drafter saw is not what would be published now."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What taking a file in gave: its draft, and whether the draft is new."""

    draft: Draft
    is_new: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """The entries that one approval appended, and the checkpoint signed over them."""

    first_entry: int
    last_entry: int
    checkpoint: str


def prepare(database: Database, settings: Settings) -> None:
    """Make what a first start needs: the schema and, while nothing is published yet, the log's key.

    Raises: log.NoLogKey when entries exist and their key does not.
    """
    database.migrate()
    if settings.log_key.exists():
        return
    with database.reading() as connection:
        if register.latest_number(connection):
            raise log.NoLogKey(f"登记已有内容，但缺少签名密钥 {settings.log_key.name}；请从备份恢复，不会另造一把。")
    log.make_key(settings.log_key)


def take_in(
    database: Database, settings: Settings, file: Path, reading: notices.Reading, *, by: str, at: datetime
) -> TakenIn:
    """Keep the file and make its draft.

    Raises: notices.NoticeRejected with every problem; then nothing is kept.
    """
    reading.accepted()
    drafts.keep_original(settings.originals, file, reading.notice.sha256)
    with database.writing() as connection:
        return TakenIn(*drafts.make(connection, reading, by=by, at=at))


def draft_correction(
    database: Database, entry_number: int, changes: dict[str, Any], *, reason: str, by: str, at: datetime
) -> Draft:
    """A draft that puts other content (`changes`: grade, industry, line, site, effective_on) in a grade entry's place.

    Raises: register.NoSuchEntry, grades.UnknownGrade, NotValid.
    """
    with database.writing() as connection:
        target = _mendable(connection, entry_number)
        if not changes:
            raise NotValid("更正没有写明改什么。")
        if "grade" in changes:
            grade = grades.grade(changes["grade"]).label
            changes = changes | {"kind": folding.change(target.data.get("previous_grade"), grade)}
        content = {"action": "corrected", "entry": entry_number, "changes": changes, "reason": _said(reason)}
        return drafts.make_mending(connection, content, by=by, at=at)


def draft_withdrawal(database: Database, entry_number: int, *, reason: str, by: str, at: datetime) -> Draft:
    """A draft that takes a grade entry back. Raises: register.NoSuchEntry, NotValid."""
    with database.writing() as connection:
        _mendable(connection, entry_number)
        content = {"action": "withdrawn", "entry": entry_number, "changes": {}, "reason": _said(reason)}
        return drafts.make_mending(connection, content, by=by, at=at)


def decide(
    database: Database,
    draft_id: int,
    ordinal: int,
    choice: drafts.Choice,
    enterprise_id: int | None = None,
    *,
    by: str,
) -> None:
    """Answer the question whom a row means. Raises: as drafts.decide."""
    with database.writing() as connection:
        drafts.decide(connection, draft_id, ordinal, choice, enterprise_id, by=by)


def publish(database: Database, settings: Settings, draft_id: int, *, by: str, at: datetime) -> Publication:
    """Approve a draft: append its entries, bring the projections along, sign the new state; all or nothing.

    Raises: NoSuchDraft, DraftClosed, SamePerson, NotYetPublishable, RegisterMoved, DraftContradicts, log.NoLogKey.
    """
    key = log.read_key(settings.log_key)
    _match_again_if_moved(database, draft_id)
    with database.writing() as connection:
        draft = drafts.open_draft(connection, draft_id)
        if draft.drafted_by == by:
            raise SamePerson(f"第 {draft_id} 号草稿由 {by} 起草，须由另一人批准。")
        appending = register.Appending(connection, at)
        first = appending.latest + 1
        if draft.kind == "notice":
            _require_ready(connection, draft, at)
        seal = drafts.approve(connection, draft_id, by=by, at=at)
        if draft.kind == "notice":
            composing.compose(connection, appending, draft, seal)
        else:
            _append_mending(connection, appending, draft, seal)
        last = appending.close()
        standings.catch_up(connection)
        log.catch_up(connection)
        note = log.sign(connection, settings.origin, key)
        drafts.note_entries(connection, draft_id, first, last)
    return Publication(first, last, note)


def _match_again_if_moved(database: Database, draft_id: int) -> None:
    """When the register has grown since the draft was made, match its rows again and keep that, whatever follows.

    Raises: RegisterMoved when a row now means another enterprise: the approver must see that first.
    """
    with database.writing() as connection:
        draft = drafts.open_draft(connection, draft_id)
        latest = register.latest_number(connection)
        if draft.kind != "notice" or draft.base_entry == latest:
            return
        changed = drafts.match_again(connection, draft_id, latest)
    if changed:
        raise RegisterMoved(
            f"草稿做成后登记有了新内容，{changed} 行的企业匹配随之改变；草稿已更新，请重新核对后再批准。"
        )


def _require_ready(connection: Connection, draft: Draft, at: datetime) -> None:
    if draft.base_entry != register.latest_number(connection):
        raise RegisterMoved("批准期间登记有了新内容，请再批准一次。")
    if asked := [q["message"] for q in draft.content["questions"]]:
        raise NotYetPublishable("还不能发布：" + "；".join(asked))
    if draft.content["issued_on"] > at.astimezone(CHINA).date().isoformat():
        raise NotYetPublishable(f"公告日期 {draft.content['issued_on']} 还没有到。")
    if waiting := drafts.statuses(connection, draft.id)["question"]:
        raise NotYetPublishable(
            f"还有 {waiting} 行不知道是哪家企业，请先用 public-site decide 逐行回答（同一家、新企业或跳过）。"
        )


def _append_mending(connection: Connection, appending: register.Appending, draft: Draft, seal: str) -> None:
    content = draft.content
    target = _mendable(connection, content["entry"])
    verb = "corrects" if content["action"] == "corrected" else "withdraws"
    appending.add(
        content["action"],
        content["changes"] | {verb: target.number, "reason": content["reason"], "draft_sha256": seal},
        notice=target.notice,
        enterprise=target.enterprise,
        unit=target.unit,
        stage=target.stage,
        effective_on=target.effective_on,
    )


def _mendable(connection: Connection, entry_number: int) -> register.Entry:
    target = register.entry(connection, entry_number)
    if target.kind not in register.GRADE_KINDS:
        raise NotValid(f"第 {entry_number} 条不是等级条目，不能这样更正或撤回。")
    return target


def _said(reason: str) -> str:
    if not reason.strip():
        raise NotValid("更正或撤回必须写明理由。")
    return reason.strip()
