"""The answers to a caller's list as a table: the caller's own columns, then ours.

What this module knows that no other does: which columns a credit officer gets and in which words, and how they become CSV
(with a byte order mark, and a guard before what a spreadsheet would take for a formula) and XLSX (text is text). Files are
Chinese in whatever language somebody asks for them, like the receipt they belong to; the words for pages are told.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from public_site import grades, languages, spreadsheets
from public_site.languages import N_, Words, _
from public_site.questions import Asked

STATUS = Words({"match": N_("已匹配"), "ambiguous": N_("有疑问"), "no_public_record": N_("未见公开记录"),
                "invalid": N_("无法核查")})  # fmt: skip
OVERALL = Words({"only_unit": N_("唯一已确定的单元"), "lowest_of_units": N_("各单元中最低的"),
                 "not_comparable": N_("各单元不可比"), "no_grade": N_("没有已确定的等级")})  # fmt: skip
COLUMNS = ("结论", "说明", "企业编号", "登记名称", "登记代码", "总体等级", "总体等级的由来", "各评级单元", "阶段", "自何日起",
           "最近一次降级", "未再列入", "按何级管理", "更正", "候选企业", "公告", "本站页面")  # fmt: skip
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")
_CHINA = timezone(timedelta(hours=8))


def rows(asked: Asked, said: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The header, then a row per question in the list's order. `said`: what a receipt says."""
    yield (*asked.header, *COLUMNS)
    for own, answer in zip(asked.rows, said["results"], strict=True):
        yield (*own, *_ours(answer, said))


def as_csv(asked: Asked, said: dict[str, Any]) -> bytes:
    """UTF-8 with a byte order mark, for spreadsheets."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    with languages.using(languages.CHINESE):
        writer.writerows(map(_guarded, row) for row in rows(asked, said))
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def as_xlsx(asked: Asked, said: dict[str, Any]) -> bytes:
    """A workbook whose cells are all text, with a second sheet that says what was asked and of what."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("核查结果")
    sheet.freeze_panes(1, 0)
    with languages.using(languages.CHINESE):
        for at, row in enumerate(rows(asked, said)):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(at, column, _visible(cell), bold if at == 0 else None)
    about = book.add_worksheet("说明")
    about.set_column(0, 0, 18)
    for at, (name, value) in enumerate(_about(said)):
        about.write_string(at, 0, name, bold)
        about.write_string(at, 1, value)
    book.close()
    return stream.getvalue()


def unit(told: dict[str, Any]) -> str:
    """A graded unit in a few words; where it is (its site and line) as the notice says it."""
    industry, grade, proposal = told["industry"], told["grade"], told["proposal"]
    what = _(industry) if industry else _("行业未载明")
    if where := _("，").join(part for part in (told["site"], told["line"]) if part):
        what = _("{what}（{more}）", what=what, more=where)
    held = _(grade) if grade else ""
    if not grade and proposal:
        grade = proposal["grade"]
        held = _("拟{grade}", grade=_(grade))
    if told["scheme"] and grades.scheme(told["scheme"]).family != "national":
        held += _("（地方标准）")
    return f"{what}={held}" + ("" if told["listed"] else _("，未再列入"))


def _ours(answer: dict[str, Any], said: dict[str, Any]) -> tuple[str, ...]:
    told = answer["enterprise"]
    candidates = "；".join(f"{c['name']}（{c['id']}）" for c in answer["candidates"])
    if told is None:
        return (STATUS[answer["status"]], answer["reason"], *[""] * 12, candidates, "", "")
    notices = [said["notices"][str(i)] for i in dict.fromkeys(e["notice_id"] for e in reversed(told["history"]))]
    stages = {"decided": "已认定", "proposed": "仅公示"}
    managed = (f"{u['managed_as']}（至{u['managed_until'] or '未写明'}）" for u in told["units"] if u["managed_as"])
    return (
        STATUS[answer["status"]],
        answer["reason"] + (f"；与第 {answer['same_as']} 行是同一家企业" if answer["same_as"] else ""),
        str(told["id"]),
        told["name"],
        told["credit_code"] or "",
        told["overall_grade"] or "",
        OVERALL.get(told["overall_reason"], told["overall_reason"]),
        "；".join(unit(u) for u in told["units"]),
        "；".join(dict.fromkeys(stages[u["stage"]] for u in told["units"])),
        told["since"] or "",
        told["last_downgrade"] or "",
        "是" if told["no_longer_listed"] else "",
        "；".join(managed),
        _corrections(told, said["as_of"]),
        candidates,
        "；".join(f"{n['title']}（{n['issuer']}，{n['number'] or '无文号'}，{n['issued_on']}）" for n in notices),
        told["url"],
    )


def later_corrections(told: dict[str, Any], as_of: str) -> int:
    """How many amendments of an enterprise were published after the day that is asked about (in China)."""
    end = datetime.combine(date.fromisoformat(as_of), time.max, _CHINA)
    return sum(1 for one in told["corrections"] if datetime.fromisoformat(one["published_at"]) > end)


def _corrections(told: dict[str, Any], as_of: str) -> str:
    if not (count := len(told["corrections"])):
        return ""
    later = later_corrections(told, as_of)
    return f"{count} 处" + (f"，其中 {later} 处在这一天之后" if later else "")


def _about(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "核查日期（等级）", said["as_of"]
    yield "所知截至", said["known_at"]
    yield "登记截至", f"第 {said['entry']} 条"
    yield "名单", f"{said['list']['rows']} 行，SHA-256 {said['list']['sha256']}"
    yield "签发", said["issuer"]
    yield "请注意", said["limits"]


def _guarded(cell: str) -> object:
    """A number is left a number, also with its sign."""
    text = _visible(cell)
    return text if _NUMBER.fullmatch(text) else spreadsheets.guarded(text)


def _visible(cell: str) -> str:
    """Without the characters that no spreadsheet takes, and not longer than a cell."""
    return _UNSEEN.sub("", cell)[:32_000]
