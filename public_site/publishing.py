"""The one way in: a read file becomes a draft, a second person approves it, and its facts are appended to the register.

What this module knows that no other does: who may approve what and when, and that entries, projections, tree and
signed checkpoint come about in one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from public_site import (
    amendments,
    composing,
    differences,
    drafts,
    handovers,
    log,
    notices,
    register,
    signing,
    standings,
)
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
    """Make what a first start needs: the schema, the key of receipts and, while nothing is published yet, the log's key.

    Raises: log.NoLogKey when entries exist and their key does not.
    """
    database.migrate()
    signing.prepare(settings.receipt_keys)
    if not settings.log_key.exists():
        with database.reading() as connection:
            if register.latest_number(connection):
                raise log.NoLogKey(
                    f"登记已有内容，但缺少签名密钥 {settings.log_key.name}；请从备份恢复，不会另造一把。"
                )
        log.make_key(settings.log_key)
    for key in (settings.log_key, settings.proof_key):
        log.show_public_key(key)


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
    database: Database,
    entry: int,
    changes: dict[str, Any],
    *,
    reason: str,
    by: str,
    at: datetime,
    reference: str | None = None,
) -> Draft:
    """A draft that puts other content (`changes`: grade, industry, line, site, effective_on) in a grade entry's place.

    This and every further amendment of what is published: `reason` and `reference` (number or URL of an erratum) will be
    public, and the draft is approved by a second person like any other.

    Raises: register.NoSuchEntry, grades.UnknownGrade, amendments.CannotAmend.
    """
    content = {"action": "corrected", "entry": entry, "changes": changes}
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def draft_withdrawal(
    database: Database, entry: int, *, reason: str, by: str, at: datetime, reference: str | None = None
) -> Draft:
    """A draft that takes a grade entry back. Raises: as draft_correction."""
    return _draft_amendment(database, {"action": "withdrawn", "entry": entry}, reason, reference, by=by, at=at)


def draft_notice_correction(
    database: Database,
    notice_id: int,
    changes: dict[str, Any],
    *,
    reason: str,
    by: str,
    at: datetime,
    reference: str | None = None,
) -> Draft:
    """A draft that corrects what a notice says of itself: title, issuer, number, index_number, url, objection_window,
    objection_until, supervised_by; issued_on and stage, which its decisions follow. Raises: as draft_correction."""
    content = {"action": "notice_corrected", "notice": notice_id, "changes": changes}
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def draft_notice_withdrawal(
    database: Database, notice_id: int, *, reason: str, by: str, at: datetime, reference: str | None = None
) -> Draft:
    """A draft by which nothing a notice said counts any longer. Raises: as draft_correction."""
    content = {"action": "notice_withdrawn", "notice": notice_id}
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def draft_undoing(
    database: Database, entry: int, *, reason: str, by: str, at: datetime, reference: str | None = None
) -> Draft:
    """A draft that takes an amendment back, as though it had never been. Raises: as draft_correction."""
    return _draft_amendment(database, {"action": "undone", "entry": entry}, reason, reference, by=by, at=at)


def draft_enterprise_change(
    database: Database,
    enterprise_id: int,
    changes: dict[str, Any],
    *,
    since: str | None = None,
    reason: str,
    by: str,
    at: datetime,
    reference: str | None = None,
) -> Draft:
    """A draft that says who and where an enterprise is: name, credit_code, place (a division's code), zone, lat, lon.

    `since` is the day on which it became so (a rename); without it, it was missing or recorded wrongly until now.

    Raises: as draft_correction; places.NoSuchPlace.
    """
    content = {"action": "enterprise_changed", "enterprise": enterprise_id, "changes": changes, "since": since}
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def draft_site(
    database: Database,
    unit_id: int,
    site: str | None,
    *,
    reason: str,
    by: str,
    at: datetime,
    reference: str | None = None,
) -> Draft:
    """A draft that says which site of its enterprise a graded unit is. Raises: as draft_correction."""
    content = {"action": "site_changed", "unit": unit_id, "site": site}
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def draft_merge(
    database: Database,
    enterprise_id: int,
    into: int,
    *,
    joins: Mapping[int, int] | None = None,
    reason: str,
    by: str,
    at: datetime,
    reference: str | None = None,
) -> Draft:
    """A draft by which two enterprises are one, under the id `into`.

    `joins` says which unit of the first continues which of the second; None: those of the same site, industry and line.

    Raises: as draft_correction.
    """
    pairs = None if joins is None else [list(pair) for pair in joins.items()]
    content = {"action": "enterprise_merged", "enterprise": enterprise_id, "to": into, "joins": pairs}
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def draft_split(
    database: Database,
    enterprise_id: int,
    *,
    units: Sequence[int] = (),
    entries: Sequence[int] = (),
    to: int | Mapping[str, Any],
    reason: str,
    by: str,
    at: datetime,
    reference: str | None = None,
) -> Draft:
    """A draft by which units or single decisions leave an enterprise for another one: one there is, one that was merged
    (it lives again), or a new one with the facts `to` (name, credit_code, place, zone, lat, lon).

    Raises: as draft_correction.
    """
    content = {"action": "decisions_moved", "enterprise": enterprise_id, "units": list(units), "entries": list(entries),
               "to": to if isinstance(to, int) else dict(to)}  # fmt: skip
    return _draft_amendment(database, content, reason, reference, by=by, at=at)


def summary(draft: Draft) -> str:
    """One line for a list of drafts."""
    return str(draft.content["title"]) if draft.kind == "notice" else amendments.summary(draft.content)


def _draft_amendment(
    database: Database, content: dict[str, Any], reason: str, reference: str | None, *, by: str, at: datetime
) -> Draft:
    content |= {"reason": amendments.said("reason", reason), "reference": amendments.said("reference", reference)}
    with database.writing() as connection:
        amendments.plan(connection, content, _today(at))
        return drafts.make_mending(connection, content, by=name_of(by), at=at)


def _today(at: datetime) -> date:
    return at.astimezone(CHINA).date()


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
        return _preview(connection, drafts.open_draft(connection, draft_id), at, [_moved(moved)] if moved else [])


def preview_of(database: Database, reading: notices.Reading, *, at: datetime) -> differences.Preview:
    """The preview of the draft that taking this reading in would make; no draft is made, whatever it is.

    Raises: notices.NoticeRejected.
    """
    reading.accepted()
    with database.trying() as connection:
        draft, _ = drafts.make(connection, reading, by="", at=at)
        again = (
            [f"这份文件已经发布过（第 {draft.first_entry}–{draft.last_entry} 条）。"]
            if draft.state == "published"
            else []
        )
        return replace(_preview(connection, draft, at, again), draft=None)


def _preview(connection: Connection, draft: Draft, at: datetime, warnings: list[str]) -> differences.Preview:
    missing = _what_is_missing(connection, draft, at)
    if draft.kind == "notice" and not draft.content["issued_on"]:  # asked, and until then compared with today
        draft = replace(draft, content=draft.content | {"issued_on": _today(at).isoformat()})
    return differences.preview(
        connection, draft, lambda appending: _write(connection, appending, draft, "", at), at=at,
        warnings=[*warnings, *draft.content.get("remarks", [])], blockers=missing,
    )  # fmt: skip


def _append(connection: Connection, draft: Draft, *, by: str, at: datetime) -> int:
    appending = register.Appending(connection, at)
    _require_ready(connection, draft, at)
    _write(connection, appending, draft, drafts.approve(connection, draft.id, by=by, at=at), at)
    return appending.close()


def _write(connection: Connection, appending: register.Appending, draft: Draft, seal: str, at: datetime) -> None:
    if draft.kind == "notice":
        composing.compose(connection, appending, draft, seal)
    else:
        amendments.append(appending, amendments.plan(connection, draft.content, _today(at)), seal)


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
    if (day := draft.content["issued_on"]) and day > _today(at).isoformat():
        missing.append(f"公告日期 {day} 还没有到。")
    if waiting := drafts.statuses(connection, draft.id)["question"]:
        missing.append(
            f"还有 {waiting} 行不知道是哪家企业，请先用 public-site decide 逐行回答（同一家、更名、新企业或跳过）。"
        )
    return missing
