"""What an amendment draft says, line by line, for whoever approves it: what it is about, and what was said before.

What this module knows that no other does: an open draft is told by the entries that it would make now, a published one
by those that it made, so that both tell what is said instead of what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from public_site import amendments, records, register, standings
from public_site.drafts import Draft
from public_site.faults import Fault
from public_site.web import pages, words

_MOST = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line of facts: what is told, in which words, where that can be looked up on the public pages (else empty)."""

    what: str
    words: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An amendment: what it is about, and the facts that change."""

    lines: tuple[Line, ...]
    differences: tuple[words.Difference, ...]


def told(connection: Connection, draft: Draft) -> Told:
    """What this draft of an amendment says."""
    content = draft.content
    return Told(tuple(_lines(connection, content)), tuple(_differences(_said(connection, draft))))


def _said(connection: Connection, draft: Draft) -> Sequence[Mapping[str, Any]]:
    """The data of the entries that the draft makes or made; nothing where it no longer fits the register."""
    if draft.state == "published" and draft.first_entry is not None:
        return [register.entry(connection, draft.first_entry).data]
    if draft.state != "open":
        return []
    try:
        return [p.data for p in amendments.plan(connection, draft.content, pages.day_of(pages.now()))]
    except Fault:
        return []


def _differences(said: Sequence[Mapping[str, Any]]) -> Iterator[words.Difference]:
    found: dict[words.Difference, None] = {}
    for data in said[:_MOST]:
        if "before" in data:
            found |= dict.fromkeys(words.differences(data["before"], data.get("facts", data)))
    return iter(found)


def _lines(connection: Connection, content: Mapping[str, Any]) -> Iterator[Line]:
    action = content["action"]
    if "enterprise" in content:
        what = {"enterprise_merged": "并入的企业", "decisions_moved": "从哪家企业"}.get(action, "企业")
        yield _enterprise(connection, what, content["enterprise"])
    if "notice" in content:
        yield _notice(connection, "公告", content["notice"])
    if "entry" in content:
        yield from _entry(connection, content["entry"])
    if action == "site_changed":
        yield from _unit(connection, content["unit"])
    if action == "enterprise_merged":
        yield _enterprise(connection, "并到哪家企业", content["to"])
        yield Line("相接的评级单元", _joins(content["joins"]))
    if action == "decisions_moved":
        yield from _moved(connection, content)
    if action == "enterprise_changed":
        since = content.get("since")
        yield Line("自何日起", f"{since} 起如此" if since else "原来登记有误或缺漏")
    if action in ("notice_withdrawn", "withdrawn"):
        yield Line("做法", "撤销：不再算数，仍公开显示")


def _enterprise(connection: Connection, what: str, number: int) -> Line:
    name = standings.names(connection, [number]).get(number)
    return Line(what, f"第 {number} 号　{name}" if name else f"第 {number} 号", f"/enterprises/{number}")


def _notice(connection: Connection, what: str, number: int) -> Line:
    return Line(what, records.notice(connection, number).line.title, f"/notices/{number}")


def _entry(connection: Connection, number: int) -> Iterator[Line]:
    entry = register.entry(connection, number)
    kind = words.KINDS.get(entry.kind, "登记信息的更改")
    yield Line("登记条目", f"第 {number} 条（{kind}）")
    if entry.enterprise is not None:
        yield _enterprise(connection, "企业", entry.enterprise)
    elif entry.notice is not None:
        yield _notice(connection, "公告", entry.notice)


def _unit(connection: Connection, number: int) -> Iterator[Line]:
    entry = register.entry(connection, number)
    yield Line("评级单元", f"第 {number} 号")
    if entry.enterprise is not None:
        yield _enterprise(connection, "企业", entry.enterprise)


def _joins(joins: Sequence[Sequence[int]] | None) -> str:
    if joins is None:
        return "同厂区、同行业、同生产线的"
    return "、".join(f"{one} 接到 {other}" for one, other in joins) or "没有"


def _moved(connection: Connection, content: Mapping[str, Any]) -> Iterator[Line]:
    to = content["to"]
    if isinstance(to, int):
        yield _enterprise(connection, "移到哪家企业", to)
    else:
        place = f"，{records.division(to['place']).name}" if to.get("place") else ""
        yield Line("移到新企业", f"{to['name']}{place}{'，' + to['credit_code'] if to.get('credit_code') else ''}")
    for what, numbers in (("移走的评级单元", content["units"]), ("移走的等级条目", content["entries"])):
        if numbers:
            yield Line(what, "、".join(f"第 {n} {'号' if what.endswith('单元') else '条'}" for n in numbers))
