"""The acts of a complaint's way: who may do each, from which state, and what state it leads to. A table, and no more.

A test holds it to be complete: every state can be left, every act can be done, the end can always be reached. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from public_site.faults import NotValid
from public_site.languages import N_, _

STATES = {
    "routed": N_("已转到承办机关，等待受理"),
    "working": N_("已受理，正在办理"),
    "asked": N_("承办机关有问题，等您回答"),
    "offered": N_("承办机关请另一机关接办，等待对方同意"),
    "closed": N_("已办结"),
    "refused": N_("不予受理"),
    "withdrawn": N_("已由投诉人撤回"),
    "erased": N_("已删除"),
}
OPEN = ("routed", "working", "asked", "offered")
REFUSALS = {
    "unclear": N_("线索不详：缺少地点、时间或情形，无法查找"),
    "not_ours": N_("不属本机关职责范围"),
    "repeated": N_("同一事项已在办理"),
    "too_late": N_("异议期已过"),
}
OUTCOMES = {
    "substantiated": N_("查实，已采取措施"),
    "partly": N_("部分查实，已采取措施"),
    "not_substantiated": N_("未查实"),
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
    "lodge": Act("informant", (), "routed", N_("已登记")),
    "accept": Act("body", ("routed",), "working", N_("受理")),
    "refuse": Act("body", ("routed",), "refused", N_("不予受理")),
    "ask": Act("body", ("routed", "working"), "asked", N_("向您提问")),
    "answer": Act("informant", ("asked",), BEFORE, N_("您的回答")),
    "add": Act("informant", OPEN, None, N_("您补充的材料")),
    "note": Act("body", OPEN, None, N_("内部记录"), shown=False),
    "reply": Act("body", ("working",), None, N_("答复")),
    "extend": Act("body", ("working",), None, N_("延长期限")),
    "offer": Act("body", ("routed", "working"), "offered", N_("请另一机关接办")),
    "take": Act("offered", ("offered",), "routed", N_("同意接办")),
    "decline": Act("offered", ("offered",), BEFORE, N_("不接办，退回")),
    "close": Act("body", ("working",), "closed", N_("办结")),
    "propose": Act("proposer", ("working", "closed"), None, N_("建议公布机关重新核查企业的等级")),
    "object": Act("informant", ("closed", "refused"), "routed", N_("您说“没有解决”")),
    "escalate": Act("system", ("routed", "offered"), "routed", N_("逾期，转上一级")),
    "overdue": Act("system", ("working",), None, N_("逾期未办结，上一级可以看到")),
    "withdraw": Act("informant", OPEN, "withdrawn", N_("撤回")),
    "erase": Act("informant", tuple(s for s in STATES if s != "erased"), "erased", N_("删除"), shown=False),
}


def after(act: str, state: str, *, accepted: bool) -> str:
    """The state that an act leads to. Raises: NotNow."""
    found = ACTS[act]
    if state not in found.states:
        raise NotNow(_("现在不能“{act}”：{state}。", act=_(found.title), state=_(STATES[state])))
    if found.to == BEFORE:
        return "working" if accepted else "routed"
    return found.to or state
