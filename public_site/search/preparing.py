"""Documents made ready for the embedded index's writer; very many in a second process, while the writer takes in others.

Cutting a name into its pieces and sounds is half of the work of a rebuild. What comes back is the JSON that the writer
reads, so that no object has to be made of it in between.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import orjson

from public_site.faults import NotReady
from public_site.search import held, prepared
from public_site.search.columns import Numbering
from public_site.search.values import Document

FEW = 20_000
_BATCH = 500
_AHEAD = 6

_values = attrgetter(*(field.name for field in fields(Document)))


class PreparationEnded(NotReady):
    """The process that prepares documents died."""

    def __init__(self) -> None:
        super().__init__("准备检索文档的进程意外结束（可能内存不足），索引未更新，将会重试。")


class Batch(NamedTuple):
    """Some documents as JSON, in order, and the numbers held of them (`held.ROW`, as bytes); the largest id and the
    latest day (since 1990) among them."""

    json: list[str]
    rows: bytes
    largest_id: int
    latest_day: int


class Preparation:
    """Makes documents ready; `columns` holds every value of the counted columns in the order of its number."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self.columns = {column: list(values) for column, values in known.items()}

    def ready(self, documents: Iterable[Document], expected: int) -> Iterator[Batch]:
        """The documents in batches; `expected` says about how many there are. `columns` is up to date at the end.

        Raises: PreparationEnded, columns.TooManyValues.
        """
        batches = _batches(map(_values, documents))
        if expected > FEW:
            yield from self._in_a_second_process(batches)
            return
        desk = _Desk(self.columns)
        yield from map(desk.ready, batches)
        self.columns = desk.columns()

    def _in_a_second_process(self, batches: Iterator[list[Row]]) -> Iterator[Batch]:
        waiting: deque[Future[Batch]] = deque()
        context = multiprocessing.get_context("spawn")
        try:
            with ProcessPoolExecutor(1, context, _set_up, (self.columns,)) as second:
                for batch in batches:
                    waiting.append(second.submit(_there, _Desk.ready, batch))
                    if len(waiting) > _AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
                self.columns = second.submit(_there, _Desk.columns).result()
        except BrokenExecutor:
            raise PreparationEnded from None


Row = tuple[Any, ...]


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


class _Desk:
    """Where documents are made ready: it alone gives numbers."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self._numbering = Numbering(known)

    def columns(self) -> dict[str, list[str]]:
        return self._numbering.values()

    def ready(self, rows: list[Row]) -> Batch:
        made = [self._ready(Document(*row)) for row in rows]
        latest_day = max(one["since"] for one in made) >> prepared.ID_BITS
        numbers = np.array(list(map(_numbers, made)), held.ROW).tobytes()
        largest_id = max(one["id"] for one in made)
        return Batch([orjson.dumps(one).decode() for one in made], numbers, largest_id, latest_day)

    def _ready(self, document: Document) -> prepared.Prepared:
        made = prepared.prepared(document)
        numbers, made["numbers"] = self._numbering.numbers(made)
        made.update(numbers)
        return made


def _numbers(made: prepared.Prepared) -> tuple[int, ...]:
    """The numbers of one document in the order of `held.ROW`."""
    told = made.get
    return (
        made["id"],
        made["since"] >> prepared.ID_BITS,
        made["downgraded"] >> prepared.ID_BITS,
        told("lat", held.NOWHERE),
        told("lon", held.NOWHERE),
        *[told(column, 0) for column in held.COUNTED],
    )


_desks: list[_Desk] = []


def _set_up(known: Mapping[str, Sequence[str]]) -> None:
    gc.disable()  # nothing here is in a circle, and what is remembered is large
    _desks[:] = [_Desk(known)]


def _there(act: Callable[..., Any], *values: Any) -> Any:
    """Do this at the second process's one desk."""
    return act(_desks[0], *values)
