"""Documents made ready for the embedded index's writer; very many in a second process, while the writer takes in others.

Cutting a name into its pieces and sounds is half of the work of a rebuild. What comes back is the JSON that the writer
reads, so that no object has to be made of it in between.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from public_site.faults import NotReady
from public_site.search import prepared
from public_site.search.columns import COLUMNS, Numbering
from public_site.search.values import Document

FEW = 20_000
_BATCH = 1_000
_AHEAD = 6

_values = attrgetter(*(field.name for field in fields(Document)))


class PreparationEnded(NotReady):
    """The process that prepares documents died."""

    def __init__(self) -> None:
        super().__init__("准备检索文档的进程意外结束（可能内存不足），索引未更新，将会重试。")


class Ready(NamedTuple):
    """A document's fields as JSON, without its counted columns, whose numbers only the writer knows."""

    id: int
    day: int
    columns: tuple[tuple[str, str], ...]
    json: str

    def numbered(self, numbering: Numbering) -> str:
        """The whole document as JSON."""
        numbers, word = numbering.numbers(dict(self.columns))
        told = "".join(f',"{column}":{number}' for column, number in numbers.items())
        return f'{self.json[:-1]}{told},"numbers":{word}}}'


def ready(documents: Iterable[Document], expected: int) -> Iterator[Ready]:
    """Each document made ready, in order; `expected` says about how many there are.

    Raises: PreparationEnded.
    """
    if expected <= FEW:
        yield from map(_ready, documents)
        return
    batches = _batches(map(_values, documents))
    waiting: deque[Future[list[Ready]]] = deque()
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as second:
            for batch in batches:
                waiting.append(second.submit(_all_ready, batch))
                if len(waiting) > _AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
    except BrokenExecutor:
        raise PreparationEnded from None


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _all_ready(rows: Sequence[tuple[Any, ...]]) -> list[Ready]:
    return [_ready(Document(*row)) for row in rows]


def _ready(document: Document) -> Ready:
    made = prepared.prepared(document)
    columns = tuple((column, made.pop(column)) for column in COLUMNS if column in made)
    return Ready(document.id, made["since"] >> prepared.ID_BITS, columns, orjson.dumps(made).decode())
