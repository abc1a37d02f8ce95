"""The commands that amend what is published. Each drafts; `public-site publish` by a second person does it.

A notice, an enterprise, a unit and a decision are each named by the number of an entry, so one verb serves several: what
`correct 12` corrects is what entry 12 made. An option given as "" clears what it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from public_site import clerk
from public_site.clerk import By
from public_site.faults import NotValid

if TYPE_CHECKING:
    from public_site.drafts import Draft

app = typer.Typer()

Reason = Annotated[str, typer.Option(help="理由，将公开")]
Reference = Annotated[str | None, typer.Option(help="依据：勘误的文号或网址，将公开")]


def _say(draft: Draft) -> None:
    from public_site import publishing

    typer.echo(f"第 {draft.id} 号草稿：{publishing.summary(draft)}")
    typer.echo(f"由另一人核对（public-site draft {draft.id}）后批准：public-site publish {draft.id} --by 姓名")


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; an empty one says that there is nothing."""
    return {name: value if value != "" else None for name, value in options.items() if value is not None}


def _who(reason: str, reference: str | None, by: str) -> dict[str, Any]:
    return {"reason": reason, "reference": reference, "by": by or clerk.user(), "at": clerk.now()}


@app.command()
def correct(
    entry: int,
    reason: Reason,
    reference: Reference = None,
    grade: Annotated[str | None, typer.Option(help="等级条目：正确的等级")] = None,
    industry: Annotated[str | None, typer.Option(help="等级条目：正确的行业")] = None,
    line: Annotated[str | None, typer.Option(help="等级条目：正确的生产线")] = None,
    site: Annotated[str | None, typer.Option(help="等级条目：正确的厂区")] = None,
    effective_on: Annotated[str | None, typer.Option(help="等级条目：正确的生效日期，YYYY-MM-DD")] = None,
    title: Annotated[str | None, typer.Option(help="公告：正确的标题")] = None,
    issuer: Annotated[str | None, typer.Option(help="公告：正确的发布机关")] = None,
    number: Annotated[str | None, typer.Option(help="公告：正确的文号")] = None,
    index_number: Annotated[str | None, typer.Option(help="公告：正确的索引号")] = None,
    issued_on: Annotated[str | None, typer.Option(help="公告：正确的日期，其中的决定随之改变生效日期")] = None,
    stage: Annotated[
        str | None, typer.Option(help="公告：proposed（公示）或 decided（已认定），其中的决定随之改变")
    ] = None,
    url: Annotated[str | None, typer.Option(help="公告：正确的网址")] = None,
    objection_window: Annotated[str | None, typer.Option(help="公告：正确的异议期原文")] = None,
    objection_until: Annotated[str | None, typer.Option(help="公告：正确的异议期截止日")] = None,
    by: By = "",
) -> None:
    """Draft a correction of a grade entry, or of what a notice says of itself."""
    from public_site import publishing, register

    of_entry = _given(grade=grade, industry=industry, line=line, site=site, effective_on=effective_on)
    of_notice = _given(title=title, issuer=issuer, number=number, index_number=index_number, issued_on=issued_on,
                       stage=stage, url=url, objection_window=objection_window, objection_until=objection_until)  # fmt: skip
    with clerk.opened() as (database, _):
        with database.reading() as connection:
            is_notice = register.entry(connection, entry).kind == "notice_published"
        if of_entry if is_notice else of_notice:
            raise NotValid(f"第 {entry} 条是{'公告' if is_notice else '等级条目'}，不能这样更正。")
        draft = publishing.draft_notice_correction if is_notice else publishing.draft_correction
        _say(draft(database, entry, of_notice if is_notice else of_entry, **_who(reason, reference, by)))


@app.command()
def withdraw(entry: int, reason: Reason, reference: Reference = None, by: By = "") -> None:
    """Draft the withdrawal of a grade entry, or of a whole notice: nothing it said counts any longer."""
    from public_site import publishing, register

    with clerk.opened() as (database, _):
        with database.reading() as connection:
            is_notice = register.entry(connection, entry).kind == "notice_published"
        draft = publishing.draft_notice_withdrawal if is_notice else publishing.draft_withdrawal
        _say(draft(database, entry, **_who(reason, reference, by)))


@app.command()
def undo(entry: int, reason: Reason, reference: Reference = None, by: By = "") -> None:
    """Draft the taking back of an amendment (a correction, withdrawal, change, merge or split): as if it had never been."""
    from public_site import publishing

    with clerk.opened() as (database, _):
        _say(publishing.draft_undoing(database, entry, **_who(reason, reference, by)))


@app.command()
def amend(
    enterprise: int,
    reason: Reason,
    reference: Reference = None,
    name: Annotated[str | None, typer.Option(help="名称；更名须写 --since，否则视为原来登记有误")] = None,
    code: Annotated[str | None, typer.Option(help="统一社会信用代码")] = None,
    place: Annotated[str | None, typer.Option(help="行政区划代码，6 位")] = None,
    zone: Annotated[str | None, typer.Option(help="没有行政区划代码的园区、新区")] = None,
    lat: Annotated[float | None, typer.Option(help="纬度，WGS 84")] = None,
    lon: Annotated[float | None, typer.Option(help="经度，WGS 84")] = None,
    since: Annotated[str | None, typer.Option(help="自何日起如此，YYYY-MM-DD")] = None,
    by: By = "",
) -> None:
    """Draft a change of who and where an enterprise is: its name, code, place or point."""
    from public_site import publishing

    changes = _given(name=name, credit_code=code, place=place, zone=zone, lat=lat, lon=lon)
    with clerk.opened() as (database, _):
        _say(publishing.draft_enterprise_change(database, enterprise, changes, since=since or None,
                                                **_who(reason, reference, by)))  # fmt: skip


@app.command()
def site(
    unit: int,
    name: Annotated[str, typer.Argument(help='厂区的名称；"" 表示没有')],
    reason: Reason,
    reference: Reference = None,
    by: By = "",
) -> None:
    """Draft which site of its enterprise a graded unit is."""
    from public_site import publishing

    with clerk.opened() as (database, _):
        _say(publishing.draft_site(database, unit, name or None, **_who(reason, reference, by)))


@app.command()
def merge(
    enterprise: int,
    into: int,
    reason: Reason,
    reference: Reference = None,
    join: Annotated[
        list[str] | None, typer.Option(help="评级单元 A=B：A 的历史接到 B；不写则同厂区同行业同生产线的相接")
    ] = None,
    by: By = "",
) -> None:
    """Draft that two enterprises are one, under the second id; the first one leads to it from then on."""
    from public_site import publishing

    with clerk.opened() as (database, _):
        _say(publishing.draft_merge(database, enterprise, into, joins=_joins(join), **_who(reason, reference, by)))


def _joins(said: list[str] | None) -> dict[int, int] | None:
    if not said:
        return None
    pairs = [one.partition("=") for one in said]
    if wrong := [one for one, (a, _, b) in zip(said, pairs, strict=True) if not (a.isdecimal() and b.isdecimal())]:
        raise NotValid(f"“{wrong[0]}”应写作两个评级单元的编号，如 12=34。")
    return {int(a): int(b) for a, _, b in pairs}


@app.command()
def split(
    enterprise: int,
    reason: Reason,
    reference: Reference = None,
    unit: Annotated[list[int] | None, typer.Option(help="移走的评级单元；可写多次")] = None,
    entry: Annotated[list[int] | None, typer.Option(help="移走的等级条目；可写多次")] = None,
    to: Annotated[int | None, typer.Option(help="移到哪家企业；曾被合并的企业因此恢复")] = None,
    name: Annotated[str | None, typer.Option(help="或者：新企业的名称")] = None,
    code: Annotated[str | None, typer.Option(help="新企业的统一社会信用代码")] = None,
    place: Annotated[str | None, typer.Option(help="新企业的行政区划代码")] = None,
    by: By = "",
) -> None:
    """Draft that units or decisions leave an enterprise for another one, or for a new one."""
    from public_site import publishing

    new = _given(name=name, credit_code=code, place=place)
    if (to is None) == (not new):
        raise NotValid("请写明移到哪家企业：--to 编号，或者 --name 新企业的名称。")
    with clerk.opened() as (database, _):
        _say(publishing.draft_split(database, enterprise, units=unit or (), entries=entry or (),
                                    to=new if to is None else to, **_who(reason, reference, by)))  # fmt: skip
