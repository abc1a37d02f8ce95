"""`/verify`: whether a receipt or a registration proof still says what it said, each check in words; nothing is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from public_site import log, receipt_verifier, signing
from public_site.languages import N_
from public_site.web import doors, pages

# What the verifier says of each check, and the checks' names: it stands alone and knows Chinese only.
NAMES = {"形式": N_("形式"), "签名": N_("签名"), "撤销": N_("是否撤销"), "规范": N_("规范写法"), "检查点": N_("检查点"),
         "条目": N_("所依据的条目"), "结论": N_("结论"), "名单": N_("名单"), "内容": N_("登记证明的内容")}  # fmt: skip
SENTENCES = (
    N_("内容残缺或不是应有的形式。"),
    N_("回执的编码不唯一：有字符被改动。"),
    N_("这不是一份回执：应为以两个点分开的三段文字。"),
    N_("这不是本站的回执，或签名方法不对。"),
    N_("是一份完整的回执。"),
    N_("公钥集里没有签它的密钥：不是本站签发的，或公钥集太旧。"),
    N_("签名不成立：内容在签发后被改动过。"),
    N_("签名成立，内容自 {moment} 签发以来没有改动。"),
    N_("这份回执已被撤销：{reason}"),
    N_("签发它的密钥在签发之前已被撤销：{reason}"),
    N_("密钥和回执都没有被撤销（以手头的公钥集为准）。"),
    N_("内容不是规范写法。"),
    N_("这种回执要用更新的核对程序。"),
    N_("内容是规范写法，只有一种读法。"),
    N_("日志检查点的签名不成立，或公钥集里没有这份日志的公钥。"),
    N_("检查点的条数与回执写的不同。"),
    N_("日志检查点（{size} 条）由 {origin} 签名。"),
    N_("有条目不在这份日志之内，或重复。"),
    N_("所依据的条目不在检查点之下：条目或证明被改动过。"),
    N_("所依据的 {count} 条登记都在检查点之下。"),
    N_("第 {row} 行的结论与内容不符。"),
    N_("第 {row} 行的企业没有登记条目。"),
    N_("公告 {number} 的指纹与登记不符。"),
    N_("每一条等级、日期、公告和指纹都与登记条目一致。"),
    N_("第 {row} 行的第 {entry} 条与登记不符。"),
    N_("名单的指纹与所答的行不符。"),
    N_("名单共 {rows} 行，指纹相符。"),
    N_("是一份完整的登记证明。"),
    N_("签名成立，由签登记证明的密钥所签，没有改动。"),
    N_("这种登记证明要用更新的核对程序。"),
    N_("编号 {number} 的污染举报，{day} 在 {issuer} 登记。"),
    N_("编号 {number} 的对评级的异议，{day} 在 {issuer} 登记。"),
)

routes = APIRouter(dependencies=[doors.parameters()])
PAGE = "/verify"
LARGEST_RECEIPT = 64 << 20


@routes.get(PAGE)
def verify(request: Request) -> Response:
    """The form."""
    return pages.plain(request, "verify/verify.html", status=200, checks=None, said=None, proof=False, names=NAMES)


async def _sent(request: Request) -> str:
    async with request.form(max_files=1, max_fields=5, max_part_size=LARGEST_RECEIPT) as sent:
        file = sent.get("file")
        data = await file.read() if isinstance(file, UploadFile) else b""
        return data.decode("ascii", "replace") or str(sent.get("receipt") or "")


@routes.post(PAGE, max_body_size=LARGEST_RECEIPT)
def verified(
    request: Request, site: doors.TheSite, snapshot: doors.Reader, receipt: Annotated[str, Depends(_sent)]
) -> Response:
    """Each check of a receipt."""
    settings = site.settings
    origin = log.origin(snapshot.connection) or settings.origin
    checks = receipt_verifier.verify(
        receipt, signing.key_set(settings.receipt_keys, settings.log_key, origin, settings.proof_key)
    )
    holds = all(held for _, held, _ in checks)
    said = receipt_verifier.content(receipt) if holds else None
    return pages.plain(request, "verify/verify.html", status=200 if holds else 422, checks=checks, said=said,
                       proof=receipt_verifier.is_proof(receipt), names=NAMES)  # fmt: skip
