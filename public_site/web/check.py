"""`/check`: grades for a list of enterprises as of a day, with a receipt that proves it later.

Paste or upload, see what was understood, then the results. The list goes nowhere but on the shelf of an hour (`shelf`),
under an address that only its owner knows; every answer here is private, and nothing is written to any log or database.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from public_site import answer_tables, evidence, questions, receipts, shelf
from public_site.faults import NotAllowed, NotValid
from public_site.questions import Asked, Question
from public_site.web import doors, pages
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()
NEW = "/check"
LARGEST_LIST = 10 << 20
_FIELDS = frozenset({"list", "as_of", "known_at"})
_ROWS = 100
_SHOWN = 12
_FILES = {
    "results.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "results.csv": "text/csv; charset=utf-8",
    "receipt.jws": "application/jose",
}


class ForeignForm(NotAllowed):
    """A form that another site sent."""


class NoSuchFile(shelf.Gone):
    """A result has no file of this name."""


@routes.get(NEW, dependencies=[doors.parameters()])
def new(request: Request) -> Response:
    """The form, with today's date in it."""
    today = pages.day_of(pages.now()).isoformat()
    return pages.plain(request, "check/new.html", status=200, form=Form([("as_of", today)], _FIELDS))


async def _sent(request: Request) -> tuple[Form, bytes, str]:
    """The form, and the file with its name where one was chosen. Raises: ForeignForm."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignForm("这张表单不是从本站的页面发出的，没有处理。")
    async with request.form(max_files=1, max_fields=10, max_part_size=LARGEST_LIST) as sent:
        file = sent.get("file")
        data, name = (await file.read(), file.filename or "") if isinstance(file, UploadFile) else (b"", "")
        fields = [(key, str(value)) for key, value in sent.multi_items() if key in _FIELDS]
    return Form(fields, _FIELDS), data, name


@routes.post(NEW, max_body_size=LARGEST_LIST, dependencies=[doors.parameters()])
def send(request: Request, site: doors.TheSite, sent: Annotated[tuple[Form, bytes, str], Depends(_sent)]) -> Response:
    """Understand the list and put it on the shelf; what cannot be understood is shown with its reason."""
    form, data, name = sent
    pasted = next(iter(form.raw("list")), "")
    as_of, known_at = form.day("as_of"), form.moment("known_at")
    if as_of is None and not form.problem("as_of"):
        form.refuse("as_of", "请写明查哪一天的等级")
    asked: Asked | None = None
    try:
        if data and pasted.strip():
            form.refuse("list", "请只用一种方式：粘贴，或上传文件")
        else:
            asked = questions.of_file(data, name) if name else questions.of_text(pasted)
    except NotValid as fault:
        form.refuse("file" if name else "list", str(fault))
    if form.problems or asked is None or as_of is None:
        return pages.plain(request, "check/new.html", status=422, form=form)
    kept = {"as_of": as_of.isoformat(), "known_at": known_at and known_at.isoformat(), **asdict(asked)}
    return RedirectResponse(f"{NEW}/{shelf.put(site.settings.shelf, orjson.dumps(kept))}", 303)


@routes.post(NEW + "/{address}", dependencies=[doors.parameters()])
def run(address: str, request: Request, site: doors.TheSite, snapshot: doors.Reader) -> Response:
    """Answer the list that is on the shelf, and put the receipt beside it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignForm("这张表单不是从本站的页面发出的，没有处理。")
    kept = orjson.loads(shelf.get(site.settings.shelf, address))
    if "receipt" not in kept:
        moment = pages.moment_of(kept["known_at"]) if kept["known_at"] else None
        known = receipts.known_at(snapshot.connection, moment)
        receipt = receipts.made(snapshot.connection, site.settings, _asked(kept).questions, as_of=kept["as_of"],
                                known=known, made_at=pages.now())  # fmt: skip
        shelf.put(site.settings.shelf, orjson.dumps(kept | {"receipt": receipt.text, "said": receipt.said}), address)
    return RedirectResponse(f"{NEW}/{address}", 303)


@routes.get(NEW + "/{address}")
def result(
    address: str, request: Request, site: doors.TheSite,
    parameters: Annotated[Parameters, doors.parameters("status", "after")],
) -> Response:  # fmt: skip
    """What was understood; once it was run, the results."""
    status = parameters.choice("status", evidence.STATUSES)
    after = parameters.whole("after", 0, questions.MOST_QUESTIONS) or 0
    parameters.settle()
    kept = orjson.loads(shelf.get(site.settings.shelf, address))
    asked = _asked(kept)
    if "receipt" not in kept:
        return pages.plain(request, "check/preview.html", status=200, asked=asked, address=address, kept=kept,
                           shown=list(zip(asked.questions, asked.rows, strict=True))[:_SHOWN])  # fmt: skip
    said = kept["said"]
    chosen = [answer for answer in said["results"] if status in (None, answer["status"])]
    totals = {one: sum(1 for answer in said["results"] if answer["status"] == one) for one in evidence.STATUSES}
    query = f"status={status}&" if status else ""
    more = f"{NEW}/{address}?{query}after={after + _ROWS}" if after + _ROWS < len(chosen) else None
    return pages.plain(
        request, "check/result.html", status=200, said=said, address=address, totals=totals, chosen=status,
        answers=chosen[after : after + _ROWS], first=after + 1, found=len(chosen), more=more, unit=answer_tables.unit,
        STATUS=answer_tables.STATUS, OVERALL=answer_tables.OVERALL, day=date.fromisoformat(said["as_of"]),
    )  # fmt: skip


@routes.get(NEW + "/{address}/{name}", dependencies=[doors.parameters()])
def file(address: str, name: str, site: doors.TheSite) -> Response:
    """The results beside the caller's own columns, or the receipt."""
    kept = orjson.loads(shelf.get(site.settings.shelf, address))
    if name not in _FILES or "receipt" not in kept:
        raise NoSuchFile("没有这个文件。可以下载的是 results.xlsx、results.csv 和 receipt.jws。")
    content = _content(name, kept)
    stem, _, ending = name.partition(".")
    headers = {"Content-Disposition": f'attachment; filename="mingji-{stem}-{kept["as_of"]}.{ending}"'}
    return Response(content, media_type=_FILES[name], headers=headers)


def _content(name: str, kept: dict[str, Any]) -> bytes:
    if name == "receipt.jws":
        return str(kept["receipt"]).encode()
    write = answer_tables.as_xlsx if name.endswith(".xlsx") else answer_tables.as_csv
    return write(_asked(kept), kept["said"])


def _asked(kept: dict[str, Any]) -> Asked:
    return Asked(
        tuple(Question(**question) for question in kept["questions"]),
        tuple((meaning, heading) for meaning, heading in kept["columns"]),
        tuple(kept["header"]),
        tuple(tuple(row) for row in kept["rows"]),
        kept["left_out"],
    )
