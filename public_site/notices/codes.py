"""Credit codes, permit numbers and coordinates as clerks and spreadsheets damage them, each damage with its own sentence.

The sentences are Chinese in whatever language somebody asks: receipts repeat them, and receipts are signed.
"""

from __future__ import annotations

import re
import unicodedata

from public_site.faults import NotValid
from public_site.languages import N_
from public_site.notices.grid import Cell

# GB 32100-2015, table of characters and weights; proved equal to stdnum.cn.uscc by a test, at a tenth of its time
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTED = tuple({sign: value * 3**at % 31 for value, sign in enumerate(_SIGNS)} for at in range(17))
_SIGN_SET = frozenset(_SIGNS)
_CODE = re.compile(r"[0-9A-Z]{18}")
_MISREAD = frozenset("IOZSV")  # letters the standard leaves out because they look like 1, 0, 2, 5, U
_DECIMAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,15})?")
_BLANK = frozenset({"", "-", "/", "无", "—", "--", "——", "暂无", "\\"})


class BadCode(NotValid):
    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}{remedy}")
        self.message = message
        self.remedy = remedy


def _text(cell: Cell, what: str, length: int) -> str | None:
    """The cell as a code's characters; None when it is empty."""
    if isinstance(cell, str):
        if len(cell) == length and _CODE.match(cell):
            return cell
        text = re.sub(r"[\s\u200b\ufeff'`’]+", "", unicodedata.normalize("NFKC", cell)).upper()
        if text in _BLANK:
            return None
        as_number = re.fullmatch(r"[0-9]+\.[0-9]+(?:E\+?[0-9]+)?|[0-9]+E\+?[0-9]+", text)
        if not as_number or len(text) == length:
            return text
    raise BadCode(
        N_("{what}“{cell}”被表格软件当成了数字，后几位已经丢失。").format(what=what, cell=str(cell)[:30]),
        N_("请把这一列设为“文本”格式，对照原件重新填写{length}位代码。").format(length=length),
    )


def credit_code(cell: Cell) -> str | None:
    """A unified social credit code (GB 32100-2015) with a right check digit, or None for an empty cell."""
    text = _text(cell, "统一社会信用代码", 18)
    if text is None:
        return None
    if len(text) != 18:
        raise BadCode(
            N_("统一社会信用代码“{code}”有{length}位，应为18位。").format(code=text[:40], length=len(text)),
            N_("请对照营业执照改正。"),
        )
    wrong = [sign for sign in text if sign in _MISREAD]
    if wrong:
        raise BadCode(
            N_("统一社会信用代码“{code}”里有字母“{letter}”，代码中不使用 I、O、Z、S、V。").format(
                code=text, letter=wrong[0]
            ),
            N_("请对照营业执照改正，常见的是把数字 1、0、2、5 看成了字母。"),
        )
    if not _CODE.fullmatch(text):
        raise BadCode(
            N_("统一社会信用代码“{code}”里有不能用的字符。").format(code=text),
            N_("代码只含数字和大写英文字母，请对照营业执照改正。"),
        )
    if not check_sign_holds(text):
        raise BadCode(
            N_("统一社会信用代码“{code}”的校验位不对。").format(code=text),
            N_("代码里至少有一位抄错了，请对照营业执照改正。"),
        )
    return text


def check_sign_holds(code: str) -> bool:
    """Whether 18 characters of the standard's alphabet end in the right check sign."""
    if not set(code) <= _SIGN_SET:
        return False
    total = sum(weighted[sign] for weighted, sign in zip(_WEIGHTED, code[:17], strict=True))
    return _SIGNS[-total % 31] == code[17]


def permit(cell: Cell) -> str | None:
    """A discharge permit number: credit code, three digits, one character (HJ 608-2017)."""
    text = _text(cell, "排污许可证编号", 22)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{3}[0-9A-Z]", text):
        raise BadCode(
            f"排污许可证编号“{text[:40]}”不对：应为22位，即18位代码加3位数字加1位校验码。", "请对照排污许可证改正。"
        )
    return text


def degrees(cell: Cell, what: str, lowest: float, highest: float) -> float | None:
    if isinstance(cell, str):
        text = (
            cell if _DECIMAL.fullmatch(cell) else re.sub(r"[\s°度NE]+", "", unicodedata.normalize("NFKC", cell).upper())
        )
        if text in _BLANK:
            return None
        value = float(text) if _DECIMAL.fullmatch(text) else None
    else:
        value = float(cell)
    if value is None or not lowest <= value <= highest:
        raise BadCode(
            f"{what}“{str(cell)[:30]}”不对。", f"请写成十进制度数，例如 106.55，范围在{lowest:g}到{highest:g}之间。"
        )
    return value
