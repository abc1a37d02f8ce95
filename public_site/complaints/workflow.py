"""The acts of a complaint's way: who may do each, from which state, and what state it leads to. A table, and no more.

A test holds it to be complete: every state can be left, every act can be done, the end can always be reached. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from public_site.faults import NotValid

STATES = {
    "routed": "已转到承办机关，等待受理",
    "working": "已受理，正在办理",
    "asked": "承办机关有问题，等您回答",
    "offered": "承办机关请另一机关接办，等待对方同意",
    "closed": "已办结",
    "refused": "不予受理",
    "withdrawn": "已由投诉人撤回",
    "erased": "已删除",
}
OPEN = ("routed", "working", "asked", "offered")
REFUSALS = {
    "unclear": "线索不详：缺少地点、时间或情形，无法查找",
    "not_ours": "不属本机关职责范围",
    "repeated": "同一事项已在办理",
    "too_late": "异议期已过",
}
OUTCOMES = {
    "substantiated": "查实，已采取措施",
    "partly": "部分查实，已采取措施",
    "not_substantiated": "未查实",
}
UPHELD = frozenset({"substantiated", "partly"})
BEFORE = "before"  # the state that was left when the informant was asked, or another body


class NotNow(NotValid):
    """This act cannot be done in the state that the complaint is in."""


@dataclass(frozen=True, slots=True)
class Act:
    """`by`: informant | body (that has it) | offered (the body asked to take over) | proposer (the body, by `proposals`) | system. `shown` to the informant."""

    by: str
    states: tuple[str, ...]
    to: str | None
    title: str
    shown: bool = True


ACTS = {
    "lodge": Act("informant", (), "routed", "已登记"),
    "accept": Act("body", ("routed",), "working", "受理"),
    "refuse": Act("body", ("routed",), "refused", "不予受理"),
    "ask": Act("body", ("routed", "working"), "asked", "向您提问"),
    "answer": Act("informant", ("asked",), BEFORE, "您的回答"),
    "add": Act("informant", OPEN, None, "您补充的材料"),
    "note": Act("body", OPEN, None, "内部记录", shown=False),
    "reply": Act("body", ("working",), None, "答复"),
    "extend": Act("body", ("working",), None, "延长期限"),
    "offer": Act("body", ("routed", "working"), "offered", "请另一机关接办"),
    "take": Act("offered", ("offered",), "routed", "同意接办"),
    "decline": Act("offered", ("offered",), BEFORE, "不接办，退回"),
    "close": Act("body", ("working",), "closed", "办结"),
    "propose": Act("proposer", ("working", "closed"), None, "建议公布机关重新核查企业的等级"),
    "object": Act("informant", ("closed", "refused"), "routed", "您说“没有解决”"),
    "escalate": Act("system", ("routed", "offered"), "routed", "逾期，转上一级"),
    "overdue": Act("system", ("working",), None, "逾期未办结，上一级可以看到"),
    "withdraw": Act("informant", OPEN, "withdrawn", "撤回"),
    "erase": Act("informant", tuple(s for s in STATES if s != "erased"), "erased", "删除", shown=False),
}


def after(act: str, state: str, *, accepted: bool) -> str:
    """The state that an act leads to. Raises: NotNow."""
    found = ACTS[act]
    if state not in found.states:
        raise NotNow(f"现在不能“{found.title}”：{STATES[state]}。")
    if found.to == BEFORE:
        return "working" if accepted else "routed"
    return found.to or state
