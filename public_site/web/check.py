"""`/check`: grades for a list of enterprises as of a day, with a receipt that proves it later.

Paste or upload, see what was understood, then the results. The list goes nowhere but on the shelf of an hour
(`kept_checks`), under an address that only its owner knows; every answer here is private, and nothing of it is written to
any log or database. A long list is answered behind a page (202) that tells how far it has come.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from public_site import answer_tables, evidence, kept_checks, languages, questions, shelf
from public_site.faults import NotAllowed, NotValid
from public_site.languages import N_, Words, _
from public_site.questions import Asked
from public_site.web import caching, doors, pages, translating
from public_site.web.forms import Form
from public_site.web.parameters import Parameters

routes = APIRouter()
NEW = "/check"
LARGEST_LIST = 10 << 20
_FIELDS = frozenset({"list", "as_of", "known_at"})
_ROWS, _ROWS_TO_PRINT, _SHOWN = 100, 1_000, 12
_FILES = {
    "results.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "results.csv": "text/csv; charset=utf-8",
    "receipt.jws": "application/jose",
}


# What a column of the caller's list was taken for.
MEANINGS = Words(
    {"code": N_("统一社会信用代码"), "name": N_("企业名称"), "region": N_("所在地"), "ref": N_("您的编号")}
)


class ForeignForm(NotAllowed):
    """A form that another site sent."""


class NoSuchFile(shelf.Gone):
    """A result has no file of this name."""


def _ours(request: Request) -> None:
    """Raises: ForeignForm."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignForm(_("这张表单不是从本站的页面发出的，没有处理。"))


@routes.get(NEW)
def new(request: Request, parameters: Annotated[Parameters, doors.parameters("list")]) -> Response:
    """The form, with today's date in it; other pages lead here with what is to be checked."""
    listed = "".join(parameters.raw("list"))[:200]
    parameters.settle()
    today = pages.day_of(pages.now()).isoformat()
    return pages.plain(request, "check/new.html", status=200, form=Form([("as_of", today), ("list", listed)], _FIELDS))


async def _sent(request: Request) -> tuple[Form, bytes, str]:
    """The form, and the file with its name where one was chosen. Raises: ForeignForm."""
    _ours(request)
    async with request.form(max_files=1, max_fields=10, max_part_size=LARGEST_LIST) as sent:
        file = sent.get("file")
        data, name = (await file.read(), file.filename or "") if isinstance(file, UploadFile) else (b"", "")
        fields = [(key, str(value)) for key, value in sent.multi_items() if key in _FIELDS]
    return Form(fields, _FIELDS), data, name


@routes.post(NEW, max_body_size=LARGEST_LIST, dependencies=[doors.parameters()])
def send(
    request: Request, site: doors.TheSite, sent: Annotated[tuple[Form, bytes, str], Depends(_sent)], _turn: doors.Turn
) -> Response:
    """Understand the list and put it on the shelf; what cannot be understood is shown with its reason."""
    form, data, name = sent
    pasted = next(iter(form.raw("list")), "")
    as_of, known_at = form.day("as_of"), form.known_at()
    if as_of is None and not form.problem("as_of"):
        form.refuse("as_of", _("请写明查哪一天的等级"))
    asked: Asked | None = None
    try:
        if data and pasted.strip():
            form.refuse("list", _("请只用一种方式：粘贴，或上传文件"))
        else:
            asked = questions.of_file(data, name) if name else questions.of_text(pasted)
    except NotValid as fault:
        form.refuse("file" if name else "list", str(fault))
    if form.problems or asked is None or as_of is None:
        return pages.plain(request, "check/new.html", status=422, form=form)
    address = kept_checks.keep(site.settings.shelf, asked, as_of=as_of.isoformat(), known_at=known_at)
    return RedirectResponse(f"{NEW}/{address}", 303)


@routes.post(NEW + "/{address}", dependencies=[doors.parameters(), Depends(_ours)])
async def run(address: str, request: Request, site: doors.TheSite) -> Response:
    """Answer the list that is on the shelf: at once, or behind the page that tells how far it has come."""
    folder = site.settings.shelf
    kept = await run_in_threadpool(kept_checks.kept, folder, address)
    if not await run_in_threadpool(kept_checks.begin, folder, address):
        return RedirectResponse(f"{NEW}/{address}", 303)
    if len(kept.asked.questions) <= kept_checks.MOST_AT_ONCE:
        await _answer(site, address, doors.LONGEST_WAIT)
        return RedirectResponse(f"{NEW}/{address}", 303)
    response = _under_way(request, address, len(kept.asked.questions), kept_checks.Progress("", 0, 0))
    response.background = BackgroundTask(_answer, site, address, None)
    return response


async def _answer(site: doors.Site, address: str, longest_wait: float | None) -> None:
    async with doors.turn_of(site, longest_wait):
        await run_in_threadpool(kept_checks.answer, site.database, site.settings, address, made_at=pages.now())


@routes.get(NEW + "/{address}")
def result(
    address: str, request: Request, site: doors.TheSite,
    parameters: Annotated[Parameters, doors.parameters("status", "after")],
) -> Response:  # fmt: skip
    """What was understood; once it was run, how far it has come; in the end the results."""
    shown = _shown(parameters)
    folder = site.settings.shelf
    try:
        results = kept_checks.results(folder, address)
    except shelf.Gone:
        return _over(request, folder, address)
    if results is not None:
        response = _page(request, "check/result.html", address, results, shown, _ROWS)
        if caching.wants_part(request) and request.headers.get("hx-target") == "progress":
            response.headers["HX-Redirect"] = f"{translating.prefix(languages.current())}{NEW}/{address}"
        return response
    kept, progress = kept_checks.kept(folder, address), kept_checks.progress(folder, address)
    if progress is not None and not progress.fault:
        return _under_way(request, address, len(kept.asked.questions), progress)
    rows = list(zip(kept.asked.questions, kept.asked.rows, strict=True))[:_SHOWN]
    return pages.plain(request, "check/preview.html", status=200, asked=kept.asked, address=address, kept=kept,
                       meanings=MEANINGS, shown=rows, fault=progress.fault if progress else "")  # fmt: skip


@routes.get(NEW + "/{address}/print")
def to_print(
    address: str, request: Request, site: doors.TheSite,
    parameters: Annotated[Parameters, doors.parameters("status", "after")],
) -> Response:  # fmt: skip
    """The results on paper: many rows, no controls, what they rest on."""
    shown = _shown(parameters)
    results = kept_checks.results(site.settings.shelf, address)
    if results is None:
        raise NoSuchFile(_("这份名单还没有核查。"))
    return _page(request, "check/print.html", address, results, shown, _ROWS_TO_PRINT)


@routes.get(NEW + "/{address}/{name}", dependencies=[doors.parameters()])
def file(address: str, name: str, site: doors.TheSite, _turn: doors.Turn) -> Response:
    """The results beside the caller's own columns, or the receipt."""
    folder = site.settings.shelf
    results = kept_checks.results(folder, address)
    if name not in _FILES or results is None:
        raise NoSuchFile(_("没有这个文件。可以下载的是 results.xlsx、results.csv 和 receipt.jws。"))
    if name == "receipt.jws":
        content = kept_checks.receipt(folder, address)
    else:
        write = answer_tables.as_xlsx if name.endswith(".xlsx") else answer_tables.as_csv
        content = write(kept_checks.kept(folder, address).asked, results.told())
    stem, _dot, ending = name.partition(".")
    headers = {"Content-Disposition": f'attachment; filename="mingji-{stem}-{results.head["as_of"]}.{ending}"'}
    return Response(content, media_type=_FILES[name], headers=headers)


def _shown(parameters: Parameters) -> tuple[str | None, int]:
    """The answers that are to be shown: of which status, after how many."""
    status = parameters.choice("status", evidence.STATUSES)
    after = parameters.whole("after", 0, questions.MOST_QUESTIONS) or 0
    parameters.settle()
    return status, after


def _page(
    request: Request, template: str, address: str, results: kept_checks.Results, shown: tuple[str | None, int], most: int
) -> Response:  # fmt: skip
    (status, after), head = shown, results.head
    found, answers = results.answers(status, after, most)
    where = request.url.path
    query = f"status={status}&" if status else ""
    more = f"{where}?{query}after={after + most}" if after + most < found else None
    words: dict[str, Any] = {"STATUS": answer_tables.STATUS, "OVERALL": answer_tables.OVERALL, "unit": answer_tables.unit,
                             "later": answer_tables.later_corrections}  # fmt: skip
    return pages.plain(
        request, template, status=200, said=head, address=address, totals=head["totals"], chosen=status,
        answers=answers, first=after + 1, found=found, more=more, day=date.fromisoformat(head["as_of"]), **words,
    )  # fmt: skip


def _under_way(request: Request, address: str, rows: int, progress: kept_checks.Progress) -> Response:
    return pages.plain(request, "check/under_way.html", status=202, address=address, rows=rows, progress=progress)


def _over(request: Request, folder: Any, address: str) -> Response:
    """After the hour: only the hash of the receipt is known, to whoever has the address. Raises: shelf.Gone."""
    digest = shelf.remembered(folder, address)
    if digest is None:
        raise shelf.gone()
    return pages.plain(request, "check/over.html", status=410, digest=digest.hex())
