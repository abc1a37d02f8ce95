"""`/log/…`: the tamper-evident log, for whoever keeps watch from outside.

The checkpoint, the tiles and the bundles are C2SP tlog-checkpoint and tlog-tiles with `/log` as their prefix; proofs are
JSON with hashes in Base64, as the checkpoint writes its root.
"""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from public_site import log, register, tiles, tree
from public_site.languages import N_, _
from public_site.log import NoCheckpoint
from public_site.web import answers, caching, doors, pages
from public_site.web.parameters import LARGEST_NUMBER, Parameters

routes = APIRouter()
NOTHING = [doors.parameters()]
_LONGEST_CHECKPOINT = 2_000


@routes.get("/log")
def log_page(
    request: Request, parameters: Annotated[Parameters, doors.parameters("checkpoint")], snapshot: doors.Reader,
    site: doors.TheSite,
) -> Response:  # fmt: skip
    """What the log is for, in plain words; a checkpoint that somebody kept is compared with the log of today."""
    pasted = "".join(parameters.raw("checkpoint"))[:_LONGEST_CHECKPOINT]
    verdict = _compared(snapshot, site, pasted) if pasted.strip() else None
    latest = log.checkpoint(snapshot.connection) if snapshot.number else None
    key = log.public_key(site.settings.log_key)
    origin = log.origin(snapshot.connection) or site.settings.origin
    return pages.page(request, snapshot, "log/log.html", pasted=pasted, verdict=verdict, checkpoint=latest,
                      verifier=tree.verifier_key(origin, key))  # fmt: skip


@routes.get("/log/checkpoint", dependencies=NOTHING)
def checkpoint(request: Request, snapshot: doors.Reader) -> Response:
    """The latest signed checkpoint (C2SP signed note): who keeps it is a witness."""
    return answers.public(request, snapshot, PlainTextResponse(log.checkpoint(snapshot.connection)))


@routes.get("/log/tile/entries/{name:path}", dependencies=NOTHING)
def entry_bundle(name: str, request: Request, snapshot: doors.Reader) -> Response:
    """Up to 256 entries as they were hashed, each after its length."""
    index, width = tiles.place(name)
    return _for_ever(request, snapshot, tiles.bundle(snapshot.connection, index, width, snapshot.number))


@routes.get("/log/tile/{level:int}/{name:path}", dependencies=NOTHING)
def tile(level: int, name: str, request: Request, snapshot: doors.Reader) -> Response:
    """Up to 256 hashes of 32 bytes."""
    index, width = tiles.place(name)
    return _for_ever(request, snapshot, tiles.hashes(snapshot.connection, level, index, width, snapshot.number))


@routes.get("/log/proof")
def proof(
    request: Request, parameters: Annotated[Parameters, doors.parameters("entry", "size")], snapshot: doors.Reader
) -> Response:
    """That an entry stands in the log of a size (the present one where none is said): the entry and its audit path."""
    size = _size(parameters, "size", snapshot)
    entry = _needed(parameters, "entry", size, N_("请写明第几条，1 至 {most}"))
    node = log.nodes(snapshot.connection)
    path = tree.inclusion_proof(entry - 1, size, node)
    body = {
        "entry": entry,
        "position": entry - 1,
        "size": size,
        "body": register.body(snapshot.connection, entry),
        "leaf": _text(node(0, entry - 1)),
        "hashes": [_text(one) for one in path],
        "root": _text(log.root(snapshot.connection, size)),
        "checkpoint": log.checkpoint_of(snapshot.connection, size),
    }
    return answers.json(request, snapshot, body)


@routes.get("/log/consistency")
def consistency(
    request: Request, parameters: Annotated[Parameters, doors.parameters("from", "to")], snapshot: doors.Reader
) -> Response:
    """That the log of one size is the beginning of the log of another (the present one where none is said)."""
    newer = _size(parameters, "to", snapshot)
    older = _needed(parameters, "from", newer, N_("请写明较早的条数，1 至 {most}"))
    connection = snapshot.connection
    body = {
        "from": older,
        "to": newer,
        "from_root": _text(log.root(connection, older)),
        "to_root": _text(log.root(connection, newer)),
        "hashes": [_text(one) for one in tree.consistency_proof(older, newer, log.nodes(connection))],
        "checkpoint": log.checkpoint_of(connection, newer),
    }
    return answers.json(request, snapshot, body)


def _size(parameters: Parameters, name: str, snapshot: doors.Snapshot) -> int:
    if not snapshot.number:
        raise NoCheckpoint(_("尚未发布任何内容，日志还是空的。"))
    return parameters.whole(name, 1, snapshot.number) or snapshot.number


def _needed(parameters: Parameters, name: str, most: int, asked: str) -> int:
    """A number from 1 to `most` that has to be said; the last parameter that is read."""
    number = parameters.whole(name, 1, most)
    if number is None:
        parameters.refuse(name, _(asked, most=most))
    parameters.settle()
    assert number is not None
    return number


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _for_ever(request: Request, snapshot: doors.Snapshot, content: bytes) -> Response:
    """What the log once said it says for ever."""
    response = answers.public(request, snapshot, Response(content, media_type="application/octet-stream"))
    response.headers["Cache-Control"] = caching.FOREVER
    return response


def _compared(snapshot: doors.Snapshot, site: doors.Site, pasted: str) -> tuple[bool, str]:
    """Whether what was pasted is the beginning of today's log, and the sentence that says so."""
    key = log.public_key(site.settings.log_key)
    origin = log.origin(snapshot.connection) or site.settings.origin
    try:
        said = tree.read_checkpoint(pasted.replace("\r\n", "\n").strip() + "\n", origin, key)
        if not 0 < said.size <= min(snapshot.number, LARGEST_NUMBER):
            short = N_("检查点说有 {held} 条，现在的登记只有 {now} 条：有条目被删去。请保存好它。")
            return False, _(short, held=said.size, now=snapshot.number)
        if said.root != log.root(snapshot.connection, said.size):
            fork = log.checkpoint_of(snapshot.connection, said.size) is not None
            if fork:
                return False, _(
                    "签名是本站的，分叉：本站为同样的条数签过两个根哈希，历史被改动过。请保存好它，并告诉别人。"
                )
            return False, _("签名是本站的，内容却与现在的登记不符：历史被改动过。请保存好它，并告诉别人。")
    except tree.CheckpointRefused as fault:
        return False, str(fault)
    agrees = N_("相符。检查点签署时的 {held} 条登记，至今没有改动、删除或插入；之后又增加了 {more} 条。")
    return True, _(agrees, held=said.size, more=snapshot.number - said.size)
