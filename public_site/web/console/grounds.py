"""The ground of an amendment, and the way from a form to its draft: the same whatever is amended.

What this module knows that no other does: every amendment has a reason and may have a reference, both public; what the
register refuses is said beside the field that it is about; and an enterprise or a place is meant by what a person knows
of it.
"""

from __future__ import annotations

from typing import Protocol

from fastapi.responses import Response
from sqlalchemy import Connection

from public_site import matching, places
from public_site.drafts import Draft
from public_site.faults import Fault, NotFound, NotValid
from public_site.supervisors import Person
from public_site.web import pages
from public_site.web.console import guard
from public_site.web.forms import Form

FIELDS = ("reason", "reference")
LONGEST_REASON = 500
_LONGEST_NAME = 200
_MOST_NAMED = 8


class Drafting(Protocol):
    """One of `publishing.draft_…` with all but its ground."""

    def __call__(self, *, reason: str, by: str, at: object, reference: str | None) -> Draft: ...


def drafted(person: Person, form: Form, field: str, draft: Drafting) -> Response | None:
    """On to the draft that the form makes; None when the form has problems, which it names by then.

    What the register refuses of it is a problem of `field`.
    """
    reason, reference = form.passage("reason", longest=LONGEST_REASON), form.text("reference", longest=300)
    if not reason and not form.problem("reason"):
        form.refuse("reason", "请写明理由，它会公开显示")
    if form.problems:
        return None
    try:
        made = draft(reason=reason, by=person.name, at=pages.now(), reference=reference)
    except (NotValid, NotFound) as fault:
        form.refuse(field, str(fault))
        return None
    return guard.go(f"/console/notices/{made.id}")


def enterprise_meant(connection: Connection, form: Form, field: str) -> int | None:
    """The enterprise that a field means by number, credit code or name; None when it is empty or wrong."""
    said = form.text(field, longest=_LONGEST_NAME)
    if said is None:
        return None
    found = matching.meant_by(connection, said)
    if len(found) == 1:
        return found[0].id
    if not found:
        form.refuse(field, "没有找到这家企业：请写编号（公开页面网址中的数字）、统一社会信用代码或全名")
    else:
        several = "、".join(f"第 {known.id} 号（{known.name}）" for known in found[:_MOST_NAMED])
        form.refuse(field, f"有 {len(found)} 家企业叫这个名称，请写编号：{several}")
    return None


def restorable_meant(connection: Connection, form: Form, field: str) -> int | None:
    """The same, but a number of one that was merged away means that one itself: a split lets it live again."""
    said = form.said(field).strip()
    if said.isascii() and said.isdigit() and matching.is_merged_away(connection, said):
        return int(said)
    return enterprise_meant(connection, form, field)


def place_meant(form: Form, field: str) -> str | None:
    """The code of the division that a field means by code or name; None when it is empty or wrong."""
    said = form.text(field, longest=40)
    if said is None:
        return None
    try:
        if said.isascii() and said.isdigit():
            places.name(said)
            return said
    except Fault as fault:
        form.refuse(field, str(fault))
        return None
    codes = {found.code: found for found in places.find(said) if found.code and not found.zone}
    if len(codes) == 1:
        return next(iter(codes))
    if codes:
        several = "、".join(f"{places.place(code).text}（{code}）" for code in list(codes)[:_MOST_NAMED])
        form.refuse(field, f"不止一处叫这个名称，请写代码：{several}")
    else:
        form.refuse(field, "没有找到这个地方：请写 6 位行政区划代码，或省市区县的名称，如 重庆市涪陵区")
    return None
