"""One committed state of the embedded index: counts, first hits, places; and how criteria are said to the library.

Traps that shaped this file: an ordered search that also counts looks at every hit's key, so counting is a search of its
own; counting by a column is dear over text or several values a document and cheap over one unsigned number; opening a
column costs more than reading a few of its values; range queries over text exist only in the query language, whose
words must then hold letters and digits only; a limit of 0 is a panic.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any as Anything
from typing import Generic, TypeVar

import numpy as np
import tantivy
from tantivy import FieldType, Occur, Order
from tantivy import Query as Sought

from public_site.search import held, near_matches, prepared
from public_site.search import text as texts
from public_site.search.cells import Numbers
from public_site.search.columns import COLUMNS, Columns, apart
from public_site.search.criteria import (
    NOTHING,
    After,
    All,
    Any,
    Begins,
    Between,
    Criterion,
    OneOf,
    Phrase,
    Term,
    any_of,
    every,
    simplified,
)
from public_site.search.held import Held
from public_site.search.snapshot import Hit, Rows
from public_site.search.values import Found, IndexDamaged, Query

FORMAT = 4
REMEMBERED_ANSWERS, REMEMBERED_COUNTS = 50, 500  # with all its facets in words an answer takes up to 100 kB, counts 5
DISTINCT_VALUES = 70_000
FEW_TERMS = 300
REMEMBERED_TERMS = 20_000
SHARE = 4
Asked = TypeVar("Asked")
Told = TypeVar("Told")
RECORD = "the record of this index"

_PIECES = ("grams", "sounds")
_POSITIONED = ("knots", "former")
_LOOKED_UP_NUMBERS = ("id_bucket", "day_bucket", "downgraded_day", "cell")
_SORTED_NUMBERS = ("since", "downgraded", "lat", "lon", "spot")


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_bytes_field("record", stored=True)
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_text_field("name_order", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in _PIECES:
        builder.add_text_field(name, tokenizer_name="pieces", index_option="basic")
    for name in _POSITIONED:
        builder.add_text_field(name, tokenizer_name="pieces", index_option="position")
    builder.add_text_field("facts", tokenizer_name="raw", index_option="basic")
    for name in (*COLUMNS, "numbers"):
        builder.add_unsigned_field(name, fast=True)
    for name in _LOOKED_UP_NUMBERS:
        builder.add_integer_field(name, indexed=True)
    for name in _SORTED_NUMBERS:
        builder.add_integer_field(name, fast=True)
    return builder.build()


SCHEMA = _schema()


@dataclass(frozen=True, slots=True)
class Record:
    """What an index says of itself; committed with the documents, so it is never ahead of or behind them."""

    as_of: int
    count: int = 0
    largest_id: int = 0
    latest_day: int = 0
    columns: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict.fromkeys(COLUMNS, ()))
    format: int = FORMAT


class _Memory(Generic[Asked, Told]):
    """What was last asked of a snapshot, and the answers: nothing in it can go stale, the snapshot never changes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._told: OrderedDict[Asked, Told] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, asked: Asked) -> Told | None:
        with self._lock:
            told = self._told.get(asked)
            if told is not None:
                self._told.move_to_end(asked)
            return told

    def put(self, asked: Asked, told: Told) -> None:
        with self._lock:
            self._told[asked] = told
            if len(self._told) > self._most:
                self._told.popitem(last=False)


class CommittedState:
    """One committed state, and the counts asked of it so far."""

    def __init__(self, index: tantivy.Index, folder: Path) -> None:
        self._index = index
        self._searcher = index.searcher()
        self.answers: _Memory[Query, Found] = _Memory(REMEMBERED_ANSWERS)
        self._counted: _Memory[Criterion, dict[str, Numbers]] = _Memory(REMEMBERED_COUNTS)
        self._frequencies: dict[tuple[str, str | int], int] = {}
        self.record = self._read_record()
        self.as_of = self.record.as_of
        self.size = self.record.count
        self.largest_id = self.record.largest_id
        self.columns = Columns(self.record.columns)
        self.held = Held(held.path_of(folder, self.as_of), self.size)

    def _read_record(self) -> Record:
        hits = self._searcher.search(_sought(Term("facts", RECORD)), 2).hits
        if len(hits) != 1:
            raise IndexDamaged("缺少自述记录")
        try:
            record = Record(**json.loads(self._searcher.doc(hits[0][1])["record"][0]))
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise IndexDamaged("自述记录无法读取") from error
        if record.format != FORMAT:
            raise IndexDamaged("索引格式已更新")
        if record.count != self._searcher.num_docs - 1:
            raise IndexDamaged("文档数不符")
        return record

    def simplified(self, criterion: Criterion) -> Criterion:
        return simplified(criterion, self._frequency, self._starting)

    def _frequency(self, field: str, value: str | int) -> int:
        """In how many documents a field holds a value; asked several times within one question."""
        found = self._frequencies.get((field, value))
        if found is None:
            if len(self._frequencies) >= REMEMBERED_TERMS:
                self._frequencies.clear()
            found = self._frequencies[field, value] = self._searcher.doc_freq(field, value)
        return found

    def _starting(self, field: str, start: str) -> tuple[str, ...]:
        return tuple(sorted(term for term, _ in self._searcher.terms_with_prefix(field, start)))

    def counts(self, criterion: Criterion, columns: tuple[str, ...]) -> dict[str, Numbers]:
        found = self._counted.get(criterion) or {}
        if missing := tuple(column for column in columns if column not in found):
            found = found | self._count(criterion, missing)
            self._counted.put(criterion, found)
        return {column: found[column] for column in columns}

    def _count(self, criterion: Criterion, columns: tuple[str, ...]) -> dict[str, Numbers]:
        """Counted by the library; where an exception concerns few, it is counted apart and taken off."""
        if isinstance(criterion, All) and criterion.but_not:
            whole, exception = All(criterion.parts), any_of(criterion.but_not)
            if self.at_most(exception) * SHARE < self.at_most(whole):
                of_whole, of_exception = self.counts(whole, columns), self._count(every([whole, exception]), columns)
                return {column: of_whole[column] - of_exception[column] for column in columns}
        asked = {column: {"terms": {"field": column, "size": DISTINCT_VALUES}} for column in columns}
        answer = self._searcher.aggregate(_sought(criterion), asked)
        counts = {column: np.zeros(self.columns.size(column), np.int64) for column in columns}
        for column in columns:
            for bucket in answer[column]["buckets"]:
                counts[column][bucket["key"]] = bucket["doc_count"]
        return counts

    def how_many(self, criterion: Criterion) -> int:
        count: int = self._searcher.search(_unranked(criterion), 1, True).count  # type: ignore[attr-defined]
        return count

    def at_most(self, criterion: Criterion) -> int:
        match criterion:
            case Term(field, value):
                return self._frequency(field, value)
            case OneOf("id", values):
                return len(values)
            case OneOf(field, values):
                return min(self.size, sum(self._searcher.doc_freq(field, value) for value in values))
            case Phrase(field, words):
                return min(self._frequency(field, word) for word in words)
            case All(parts, _):
                return min((self.at_most(part) for part in parts), default=self.size)
            case Any(parts):
                return min(self.size, sum(map(self.at_most, parts)))
        return self.size

    def first(self, criterion: Criterion, order: str, limit: int, *, downward: bool) -> list[Hit]:
        sought = self._with_range(criterion)
        direction = Order.Desc if downward else Order.Asc
        hits = self._searcher.search(sought, limit, False, order, 0, direction).hits
        if order != "name_order":
            return [Hit(key, key) for key, _ in hits if key is not None]
        ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        return [Hit(key, int(found)) for (key, _), found in zip(hits, ids, strict=True) if found is not None]

    def newest_days(self, day: int | None, count: int) -> Criterion:
        bucket = (self.record.latest_day if day is None else day) // prepared.DAY_BUCKET
        buckets, found = [bucket], 0
        while bucket > 0 and found < count:
            found += self._searcher.doc_freq("day_bucket", bucket)
            buckets.append(bucket)
            bucket -= 1
        return OneOf("day_bucket", tuple(sorted(set(buckets))))

    def rows(self, criterion: Criterion, columns: tuple[str, ...], ranks: Sequence[Criterion] = ()) -> Rows:
        most = min(self.size, self.at_most(criterion))
        better = [(way, 2.0 ** (len(ranks) - 1 - at)) for at, way in enumerate(ranks[:-1]) if way != NOTHING]
        if not most:
            hits = []
        elif better:
            hits = self._searcher.search(_scored(criterion, better), most, False).hits
        else:
            hits = self._searcher.search(_sought(criterion), most, False, "id").hits
        keys, addresses = [key for key, _ in hits], [address for _, address in hits]
        ids = self._searcher.fast_field_values("id", addresses) if better and hits else keys
        # The highest power of two in a score tells the best rank; that of the last is 1.
        rank = len(ranks) - np.frexp(keys)[1] if better else np.full(len(keys), max(0, len(ranks) - 1))
        found = {"id": _known(ids), "rank": rank.astype(np.int64)}
        if any(column in COLUMNS for column in columns):
            words = self._searcher.fast_field_values("numbers", addresses) if hits else []
            found |= apart(np.array([word or 0 for word in words], np.uint64))
        there = found["id"] >= 0
        for column in columns:
            if column not in COLUMNS:
                found[column] = _known(self._searcher.fast_field_values(column, addresses))
                there &= found[column] >= 0
        return found if there.all() else {column: values[there] for column, values in found.items()}

    def alike(self, criterion: Criterion, pieces: Sequence[str], limit: int) -> list[tuple[int, str]]:
        """Each piece in the name counts one: who has too few for one slip is not looked at."""
        shared = [(Term("grams", piece), 1.0) for piece in dict.fromkeys(pieces)]
        hits = self._searcher.search(_scored(criterion, shared), limit, False).hits
        addresses = [address for score, address in hits if score > len(shared) - near_matches.SLIPS]
        ids = self._searcher.fast_field_values("id", addresses)
        names = [self._searcher.doc(address)["name_order"][0] for address in addresses]
        return [(int(found), texts.name_of_order(name)) for found, name in zip(ids, names, strict=True) if found]

    def _with_range(self, criterion: Criterion) -> Sought:
        """As `_sought`, for criteria that hold an `After`: the query language knows what the functions do not."""
        parts = criterion.parts if isinstance(criterion, All) else (criterion,)
        after = [part for part in parts if isinstance(part, After)]
        if not after:
            return _sought(criterion)
        rest = All(tuple(part for part in parts if not isinstance(part, After)), _exceptions(criterion))
        ranges = [self._index.parse_query(f"{part.field}:{{{part.text} TO *}}", [part.field]) for part in after]
        return Sought.boolean_query([(Occur.Must, _sought(rest)), *((Occur.Must, part) for part in ranges)])


def _known(values: Sequence[Anything]) -> Numbers:
    """None, where a document has no value, as -1: no number kept here is below 0."""
    try:
        return np.fromiter(values, np.int64, len(values))
    except TypeError:
        return np.array([-1 if value is None else value for value in values], np.int64)


def _exceptions(criterion: Criterion) -> tuple[Criterion, ...]:
    return criterion.but_not if isinstance(criterion, All) else ()


def _sought(criterion: Criterion) -> Sought:
    """The criterion in the library's words."""
    match criterion:
        case Term(field, value):
            return Sought.term_query(SCHEMA, field, value, "basic")
        case OneOf():
            return _one_of(criterion)
        case Phrase(field, words):
            return _phrase(field, words)
        case Begins(field, start):
            return Sought.regex_query(SCHEMA, field, f"{start}.*")
        case Between(field, low, high, few_values):
            return Sought.range_query(SCHEMA, field, FieldType.Integer, low, high, use_inverted_index=few_values)
        case All(parts, but_not):
            return _all(parts, but_not)
        case Any(parts):
            wanted = [way for part in parts for way in (_ways(part) if isinstance(part, OneOf) else [_sought(part)])]
            return _union(wanted)
    raise TypeError(criterion)


def _unranked(criterion: Criterion) -> Sought:
    """The same, every hit as good as any other: no score is worked out."""
    return Sought.const_score_query(_sought(criterion), 1.0)


def _scored(criterion: Criterion, better: Sequence[tuple[Criterion, float]]) -> Sought:
    """The same, each hit's score 1 and the worth of what else it meets."""
    ways = [(Occur.Should, Sought.const_score_query(_sought(way), worth)) for way, worth in better]
    return Sought.boolean_query([(Occur.Must, _unranked(criterion)), *ways])


def _one_of(criterion: OneOf) -> Sought:
    """A union of terms walks their lists side by side; a set of terms walks the dictionary once and fills a bitmap.
    The union is quicker for few terms, and for ids, whose dictionary is as long as the register."""
    if criterion.field == "id" or len(criterion.values) <= FEW_TERMS:
        return _union(_ways(criterion))
    return Sought.term_set_query(SCHEMA, criterion.field, criterion.values)


def _ways(criterion: OneOf) -> list[Sought]:
    if criterion.field != "id" and len(criterion.values) > FEW_TERMS:
        return [_one_of(criterion)]
    return [Sought.term_query(SCHEMA, criterion.field, value, "basic") for value in criterion.values]


def _union(ways: list[Sought]) -> Sought:
    return Sought.boolean_query([(Occur.Should, way) for way in ways]) if ways else Sought.empty_query()


def _phrase(field: str, words: tuple[str, ...]) -> Sought:
    if len(words) == 1:
        return Sought.term_query(SCHEMA, field, words[0], "basic")
    asked: list[Anything] = list(words)
    return Sought.phrase_query(SCHEMA, field, asked)


def _all(parts: tuple[Criterion, ...], but_not: tuple[Criterion, ...]) -> Sought:
    if not parts and not but_not:
        return Sought.all_query()
    wanted = [(Occur.Must, _sought(part)) for part in parts] or [(Occur.Must, Sought.all_query())]
    return Sought.boolean_query([*wanted, *((Occur.MustNot, _sought(part)) for part in but_not)])
