"""A receipt about one enterprise as a sheet of paper: with a QR code that leads to the same sheet on the site.

What this module knows that no other does: how such a sheet is laid out as PDF, and that its bytes depend on nothing but
the receipt, the address and the language (what is signed is the same in every language). PDF needs the package `reportlab`, which is no dependency: without it the page itself is
printed. The Chinese typeface is named, not embedded (Adobe's STSong, for which every PDF viewer has a substitute).
"""

from __future__ import annotations

import importlib.util
import io
from datetime import datetime, timedelta, timezone
from typing import Any

import segno

from public_site import answer_tables, grades, languages, places
from public_site.faults import NotReady
from public_site.languages import N_, _
from public_site.receipts import Receipt

TITLE = N_("绩效等级登记摘录")
_FONT = "STSong-Light"


class NoPdf(NotReady):
    """The package that writes PDF is not installed."""


def can_write_pdf() -> bool:
    """Whether `as_pdf` works here."""
    return importlib.util.find_spec("reportlab") is not None


def qr(address: str) -> tuple[int, str]:
    """A QR code as (side in modules with its quiet zone, an SVG path of its dark modules)."""
    code = segno.make(address, error="m", micro=False)
    rows = list(code.matrix_iter(border=4))
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, bit in enumerate(row) if bit)
    return len(rows), "".join(dark)


def facts(receipt: Receipt) -> list[tuple[str, str]]:
    """What the sheet says of the enterprise and of itself, in order: (name, text)."""
    said = receipt.said
    told = said["results"][0]["enterprise"]
    place = told["county"] or told["city"] or told["province"]
    names = "、".join(told["former_names"])
    known = _("{moment}（北京时间），登记第 {number} 条", moment=_moment(said["known_at"]), number=said["entry"])
    return [
        (_("企业名称"), _("{name}（曾用名：{former}）", name=told["name"], former=names) if names else told["name"]),
        (_("统一社会信用代码"), told["credit_code"] or _("公告未载明")),
        (_("所在地"), _place(place)),
        (_("等级的日期"), said["as_of"]),
        (_("总体等级"), _overall(told)),
        (_("自何日起"), told["since"] or "—"),
        (_("最近一次降级"), told["last_downgrade"] or _("无")),
        (_("未再列入名单的单元"), _("有") if told["no_longer_listed"] else _("无")),
        (_("更正"), _corrected(told, said["as_of"])),
        (_("所知截至"), known),
        (_("签发"), said["issuer"]),
        (_("回执 SHA-256"), receipt.sha256),
    ]


def _overall(told: dict[str, Any]) -> str:
    grade, reason = told["overall_grade"] or "—", answer_tables.OVERALL[told["overall_reason"]]
    return _("{grade}（{why}，由本站按短板原则推算）", grade=_(grade), why=_(reason))


def _corrected(told: dict[str, Any], as_of: str) -> str:
    if not (count := len(told["corrections"])):
        return _("无")
    later = answer_tables.later_corrections(told, as_of)
    return _("{count} 处，其中 {later} 处在这一天之后", count=count, later=later)


def _moment(value: str) -> str:
    return datetime.fromisoformat(value).astimezone(timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M")


def _place(code: str | None) -> str:
    along = places.lineage(code) if code else ()
    return "".join(dict.fromkeys(division.name for division in along if division)) or _("公告未载明")


def units(said: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Each graded unit: (what, grade and stage, since, the notice)."""
    told = said["results"][0]["enterprise"]
    return [(_unit(one), _("已认定") if one["stage"] == "decided" else _("仅公示，未认定"), one["since"] or "",
             _notice(said, one["notice_id"] or (one["proposal"] or {}).get("notice_id"))) for one in told["units"]]  # fmt: skip


def _unit(told: dict[str, Any]) -> str:
    """A graded unit in a few words, as the tables of a check say it, in the current language."""
    if languages.current() == languages.CHINESE:
        return answer_tables.unit(told)
    what = ": ".join(_(part) for part in told["industry"].split("/")) if told["industry"] else _("行业未载明")
    where = ", ".join(part for part in (told["site"], told["line"]) if part)
    held, proposed = told["grade"], told["proposal"] and told["proposal"]["grade"]
    grade = _(held) if held else _("拟{grade}", grade=_(proposed)) if proposed else ""
    local = _("（地方标准）") if told["scheme"] and grades.scheme(told["scheme"]).family != "national" else ""
    gone = "" if told["listed"] else _("，未再列入")
    return f"{what}{f' ({where})' if where else ''} = {grade}{local}{gone}"


def _notice(said: dict[str, Any], notice_id: int | None) -> str:
    told = said["notices"].get(str(notice_id))
    if not told:
        return ""
    number = told["number"] or _("无文号")
    return _("{issuer}：{title}（{number}，{day}）", issuer=told["issuer"], title=told["title"], number=number,
             day=told["issued_on"])  # fmt: skip


def as_pdf(receipt: Receipt, address: str) -> bytes:
    """One sheet of A4. `address`: where the same sheet stands on the site. Raises: NoPdf."""
    if not can_write_pdf():
        raise NoPdf(_("本站没有安装生成 PDF 的组件。请用浏览器打印证明的页面，或另存为 PDF。"))
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    plain = ParagraphStyle("plain", fontName=_FONT, fontSize=9.5, leading=14, wordWrap="CJK")
    title = ParagraphStyle("title", parent=plain, fontSize=18, leading=26, spaceAfter=8)
    small = ParagraphStyle("small", parent=plain, fontSize=8, leading=12)
    lines = [("GRID", (0, 0), (-1, -1), 0.4, "#777777"), ("VALIGN", (0, 0), (-1, -1), "TOP")]

    def table(rows: list[tuple[str, ...]], widths: list[float]) -> Table:
        cells = [[Paragraph(_escaped(cell), plain) for cell in row] for row in rows]
        return Table(cells, colWidths=[width * mm for width in widths], style=lines)

    head = (_("行业、单元和等级"), _("阶段"), _("自何日起"), _("依据的公告"))
    limits = receipt.said["limits"]
    stream = io.BytesIO()
    sheet = SimpleDocTemplate(
        stream, pagesize=A4, title=_(TITLE), author=receipt.said["issuer"], invariant=1,
        leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=16 * mm,
    )  # fmt: skip
    sheet.build([
        Paragraph(_(TITLE), title),
        Paragraph(_escaped(_(limits)), plain), Spacer(1, 4 * mm),
        table(list(facts(receipt)), [42, 132]), Spacer(1, 4 * mm),
        table([head, *units(receipt.said)], [52, 24, 24, 74]), Spacer(1, 4 * mm),
        Table([[_drawn(address, 34 * mm), Paragraph(_escaped(
            _("扫码或打开 {address} 核对：那里是同一内容，并有签名的回执（JWS）。回执可断网核对，办法见 /verify。",
              address=address)), small)]],
            colWidths=[40 * mm, 134 * mm], style=[("VALIGN", (0, 0), (-1, -1), "MIDDLE")]),
    ])  # fmt: skip
    return stream.getvalue()


def _drawn(address: str, side: float) -> Any:
    """The QR code as a drawing of `side` points."""
    from reportlab.graphics.shapes import Drawing, Rect

    rows = list(segno.make(address, error="m", micro=False).matrix_iter(border=4))
    step = side / len(rows)
    drawing = Drawing(side, side)
    for y, row in enumerate(rows):
        for x, bit in enumerate(row):
            if bit:
                drawing.add(Rect(x * step, side - (y + 1) * step, step, step, strokeWidth=0, strokeColor=None))
    return drawing


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
