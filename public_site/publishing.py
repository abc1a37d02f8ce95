"""The one way in: a read file becomes a draft, a second person approves it, and its facts are appended to the register.

What this module knows that no other does: who may approve what and when, and that entries, projections, tree and
signed checkpoint come about in one transaction or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from public_site import composing, differences, drafts, grades, handovers, log, notices, register, standings
from public_site.database import Database
from public_site.drafts import Draft
from public_site.faults import NotAllowed, NotReady, NotValid
from public_site.persons import name_of
from public_site.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")


class SamePerson(NotAllowed):
    """Publishing takes two people."""


class NotYetPublishable(NotValid):
    """Something in the draft is still to be answered."""


class RegisterMoved(NotValid):
    """What the drafter saw is not what would be published now."""


class SeenOtherwise(NotValid):
    """What would be published is not what the approver was shown."""


class OriginChanged(NotReady):
    """The log has a name already, and the settings give it another."""


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

    Raises: notices.NoticeRejected with every problem, handovers.HandedOver when it would take the place of a draft that
    waits for approval; then nothing is kept.
    """
    reading.accepted()
    drafts.keep_original(settings.originals, file, reading.notice.sha256)
    with database.writing() as connection:
        before = drafts.open_of_file(connection, reading.notice.sha256)
        taken = TakenIn(*drafts.make(connection, reading, by=name_of(by), at=at))
        if taken.is_new and before is not None:
            handovers.require_at_drafter(connection, before.id)
        return taken


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
        _require_true(changes, target, at)
        content = {"action": "corrected", "entry": entry_number, "changes": changes, "reason": _said(reason)}
        return drafts.make_mending(connection, content, by=name_of(by), at=at)


def draft_withdrawal(database: Database, entry_number: int, *, reason: str, by: str, at: datetime) -> Draft:
    """A draft that takes a grade entry back. Raises: register.NoSuchEntry, NotValid."""
    with database.writing() as connection:
        _mendable(connection, entry_number)
        content = {"action": "withdrawn", "entry": entry_number, "changes": {}, "reason": _said(reason)}
        return drafts.make_mending(connection, content, by=name_of(by), at=at)


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
        handovers.require_at_drafter(connection, draft_id)
        drafts.decide(connection, draft_id, ordinal, choice, enterprise_id, by=name_of(by))


def publish(
    database: Database, settings: Settings, draft_id: int, *, by: str, at: datetime, seen: str | None = None
) -> Publication:
    """Approve a draft: append its entries, bring the projections along, sign the new state; all or nothing.

    `seen` is the fingerprint of what the approver was shown, where they were shown it on a page.

    Raises: NoSuchDraft, DraftClosed, SamePerson, NotYetPublishable, RegisterMoved, SeenOtherwise, DraftContradicts,
    handovers.NotHandedOver, log.NoLogKey.
    """
    key, by = log.read_key(settings.log_key), name_of(by)
    if moved := _match_again_if_moved(database, draft_id):
        raise RegisterMoved(_moved(moved))
    with database.writing() as connection:
        draft = drafts.open_draft(connection, draft_id)
        _require_second_person(connection, draft, by)
        if seen is not None:
            handovers.require_at_approver(connection, draft_id)
            require_seen(connection, draft_id, seen)
        origin = _origin(connection, settings)
        first = register.latest_number(connection) + 1
        last = _append(connection, draft, by=by, at=at)
        standings.catch_up(connection)
        log.catch_up(connection)
        note = log.sign(connection, origin, key)
        drafts.note_entries(connection, draft_id, first, last)
    return Publication(first, last, note)


def preview(database: Database, draft_id: int, *, at: datetime) -> differences.Preview:
    """What approving a draft would change now, and what still keeps it from being published. Nothing is appended.

    Raises: NoSuchDraft, DraftClosed.
    """
    moved = _match_again_if_moved(database, draft_id)
    with database.reading() as connection:
        draft = drafts.open_draft(connection, draft_id)
        missing = _what_is_missing(connection, draft, at)
        if draft.kind == "notice" and not draft.content["issued_on"]:  # asked, and until then compared with today
            draft = replace(draft, content=draft.content | {"issued_on": at.astimezone(CHINA).date().isoformat()})
        return differences.preview(
            connection, draft, lambda appending: _write(connection, appending, draft, ""), at=at,
            warnings=[_moved(moved)] if moved else [], blockers=missing,
        )  # fmt: skip


def _append(connection: Connection, draft: Draft, *, by: str, at: datetime) -> int:
    appending = register.Appending(connection, at)
    _require_ready(connection, draft, at)
    _write(connection, appending, draft, drafts.approve(connection, draft.id, by=by, at=at))
    return appending.close()


def _write(connection: Connection, appending: register.Appending, draft: Draft, seal: str) -> None:
    if draft.kind == "notice":
        composing.compose(connection, appending, draft, seal)
    else:
        _append_mending(connection, appending, draft, seal)


def require_seen(connection: Connection, draft_id: int, seen: str) -> None:
    """Raises: SeenOtherwise when the draft, or the entry it was held against, is another than when it was looked at."""
    if drafts.seal(connection, draft_id) != seen:
        raise SeenOtherwise("您看过之后，草稿或登记有了变化；下面是现在的内容，请重新核对后再决定。")


def _require_second_person(connection: Connection, draft: Draft, by: str) -> None:
    if draft.drafted_by == by:
        raise SamePerson(f"第 {draft.id} 号草稿由 {by} 起草，须由另一人批准。")
    if by in drafts.deciders(connection, draft.id):
        raise SamePerson(f"第 {draft.id} 号草稿中有 {by} 回答的问题，须由另一人批准。")
    if by in handovers.hands(connection, draft.id):
        raise SamePerson(f"第 {draft.id} 号草稿经过 {by} 的手，须由另一人批准。")


def _origin(connection: Connection, settings: Settings) -> str:
    """The log's name: what the first checkpoint says, for ever."""
    given = log.origin(connection)
    if given is None:
        return settings.origin
    if settings.log_origin and settings.log_origin != given:
        raise OriginChanged(f"日志的名称已经是 {given}，不能改为 {settings.log_origin}：旧检查点会因此失效。")
    return given


def _match_again_if_moved(database: Database, draft_id: int) -> int:
    """When the register has grown since the draft was made, match its rows again and keep that, whatever follows.

    How many rows now mean another enterprise: the approver must see those first.
    """
    with database.writing() as connection:
        draft = drafts.open_draft(connection, draft_id)
        latest = register.latest_number(connection)
        if draft.kind != "notice" or draft.base_entry == latest:
            return 0
        return drafts.match_again(connection, draft_id, latest)


def _moved(changed: int) -> str:
    return f"草稿做成后登记有了新内容，{changed} 行的企业匹配随之改变；草稿已更新，请重新核对后再批准。"


def _require_ready(connection: Connection, draft: Draft, at: datetime) -> None:
    if draft.kind == "notice" and draft.base_entry != register.latest_number(connection):
        raise RegisterMoved("批准期间登记有了新内容，请再批准一次。")
    if missing := _what_is_missing(connection, draft, at):
        raise NotYetPublishable("还不能发布：" + " ".join(missing))


def _what_is_missing(connection: Connection, draft: Draft, at: datetime) -> list[str]:
    """What keeps a draft from being published, a sentence each."""
    if draft.kind != "notice":
        return []
    missing = [str(q["message"]) for q in draft.content["questions"]]
    if (day := draft.content["issued_on"]) and day > at.astimezone(CHINA).date().isoformat():
        missing.append(f"公告日期 {day} 还没有到。")
    if waiting := drafts.statuses(connection, draft.id)["question"]:
        missing.append(
            f"还有 {waiting} 行不知道是哪家企业，请先用 public-site decide 逐行回答（同一家、更名、新企业或跳过）。"
        )
    return missing


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


def _require_true(changes: dict[str, Any], target: register.Entry, at: datetime) -> None:
    """What a correction may put in an entry's place is held to what a notice may say."""
    if "grade" in changes:
        grades.grade(changes["grade"])
    if changes.get("effective_on", "") > at.astimezone(CHINA).date().isoformat():
        raise NotValid(f"更正的生效日期 {changes['effective_on']} 还没有到。")
    scheme = target.data["scheme"]
    if "industry" in changes and scheme != grades.LOCAL and not grades.industry(changes["industry"], scheme).known:
        closest = "、".join(grades.closest_industries(changes["industry"], scheme))
        raise NotValid(f"没有“{changes['industry']}”这个行业；相近的有：{closest}。")


def _said(reason: str) -> str:
    if not reason.strip():
        raise NotValid("更正或撤回必须写明理由。")
    return reason.strip()
