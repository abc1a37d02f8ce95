"""The engine inside the process: tantivy, in a folder of its own; it needs no service. What is asked of one committed
state is in `embedded_snapshot`; here it is written, opened, and held to the register.

Traps that shaped this file: a thread's panic in the library arrives as a BaseException; only one writer may be open; the
built-in n-gram tokenizer has no positions (pieces are made by us, see `text.py`); unless told otherwise a background
thread reloads when it pleases, and a file cut short under it ends the process.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import tantivy

from public_site.search import finding, generations, held, preparing, suggesting
from public_site.search.cells import Numbers
from public_site.search.criteria import OneOf
from public_site.search.embedded_snapshot import RECORD, SCHEMA, CommittedState, Record
from public_site.search.values import Document, Found, IndexDamaged, IndexMissing, Query, Source

WRITER_BYTES = 64_000_000
BUILDER_BYTES = 768_000_000


@contextmanager
def _telling_damage() -> Iterator[None]:
    """What the library raises on files it cannot read becomes one fault that callers know."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise IndexDamaged(type(error).__name__) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise IndexDamaged("PanicException") from error
        raise


class EmbeddedIndex:
    """One folder of generations. Any number of processes may read; threads share one object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def find(self, query: Query) -> Found:
        snapshot = self._snapshot()
        found = snapshot.answers.get(query)
        if found is None:
            with _telling_damage():
                found = finding.find(snapshot, query)
            snapshot.answers.put(query, found)
        return found

    def every_id(self, query: Query) -> Numbers:
        """All ids that answer the query, ascending; a second for a million."""
        snapshot = self._snapshot()
        with _telling_damage():
            return finding.every_id(snapshot, query)

    def suggest(self, text: str, limit: int = 8) -> tuple[int, ...]:
        snapshot = self._snapshot()
        with _telling_damage():
            return suggesting.suggest(snapshot, text, limit)

    def as_of(self) -> int:
        """The entry number the index stands at; 0 when there is none."""
        try:
            return self._snapshot().as_of
        except (IndexMissing, IndexDamaged):
            return 0

    def catch_up(self, source: Source) -> int:
        """Take in what changed since; build anew what is missing, damaged or at odds with the register."""
        with generations.writing(self.folder):
            return self._caught_up(source)

    def rebuild(self, source: Source) -> int:
        """Build a new generation aside and put it in force; readers go on meanwhile."""
        with generations.writing(self.folder):
            return self._rebuilt(source)

    def forget(self) -> None:
        with generations.writing(self.folder):
            generations.drop_all(self.folder)
            self._opened = None

    def problems(self, source: Source | None = None) -> list[str]:
        """What is wrong with the index: unreadable, bytes changed on disk, behind or at odds with the register."""
        try:
            snapshot = self._snapshot()
        except (IndexMissing, IndexDamaged) as fault:
            return [str(fault)]
        folder, found = generations.current(self.folder), []
        if folder:
            names = [*generations.segment_files(folder), held.path_of(folder, snapshot.as_of).name]
            found = [f"索引文件 {name} 的校验和不符。" for name in generations.broken_files(folder, names)]
        if source is not None:
            latest, documents = source.latest_number(), source.document_count()
            if snapshot.as_of != latest:
                found.append(f"索引停在第 {snapshot.as_of} 条记录，登记册已到第 {latest} 条。")
            elif snapshot.size != documents:
                found.append(f"索引有 {snapshot.size} 家企业，登记册有 {documents} 家。")
        return found

    def _snapshot(self) -> CommittedState:
        """The newest committed state, opened at most once; two looks at file times when nothing changed."""
        opened = self._opened
        if opened is not None and opened.is_newest():
            return opened.snapshot
        with self._lock:
            opened = self._opened
            if opened is None or not opened.is_newest():
                opened = self._opened = _Opened.newest(self.folder, opened)
            return opened.snapshot

    def _caught_up(self, source: Source) -> int:
        try:
            snapshot = self._snapshot()
        except (IndexMissing, IndexDamaged):
            return self._rebuilt(source)
        generations.drop_others(self.folder, generations.current(self.folder))
        latest = source.latest_number()
        if snapshot.as_of == latest and snapshot.size == source.document_count():
            return latest
        changed = sorted(set(source.changed_since(snapshot.as_of)))
        if snapshot.as_of >= latest or len(changed) > max(1000, snapshot.size // 2):
            return self._rebuilt(source)
        with _telling_damage():
            record = self._taken_in(snapshot, source, changed, latest)
        if record.count != source.document_count() and source.latest_number() == latest:
            return self._rebuilt(source)
        return latest

    def _taken_in(self, snapshot: CommittedState, source: Source, changed: list[int], latest: int) -> Record:
        folder = generations.current(self.folder)
        if folder is None:
            raise IndexMissing
        known = snapshot.how_many(OneOf("id", tuple(changed))) if changed else 0
        record = replace(snapshot.record, as_of=latest, count=snapshot.size - known)
        writer = _index_at(folder).writer(WRITER_BYTES, 1)
        for number in changed:
            writer.delete_documents_by_term("id", number)
        writer.delete_documents_by_term("facts", RECORD)
        before = snapshot.held, changed
        record = _filled(writer, folder, record, before, source.documents(changed) if changed else (), len(changed))
        held.drop_older(folder, snapshot.as_of)
        return record

    def _rebuilt(self, source: Source) -> int:
        generations.drop_others(self.folder, generations.current(self.folder))
        folder = generations.fresh(self.folder)
        as_of = source.latest_number()
        with _telling_damage():
            writer = _index_at(folder, new=True).writer(BUILDER_BYTES, 1)
            _filled(writer, folder, Record(as_of), None, source.documents(None), source.document_count())
        generations.put_in_force(self.folder, folder)
        return as_of


def _index_at(folder: Path, *, new: bool = False) -> tantivy.Index:
    index = tantivy.Index(SCHEMA, str(folder)) if new else tantivy.Index.open(str(folder))
    index.config_reader("manual")
    index.register_tokenizer("pieces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def _filled(
    writer: tantivy.IndexWriter,
    folder: Path,
    record: Record,
    before: tuple[held.Held, Sequence[int]] | None,
    documents: Iterable[Document],
    expected: int,
) -> Record:
    """Add the documents to the state before without these ids, and what the index says of itself with them in; commit."""
    preparation = preparing.Preparation(record.columns)
    rows = [np.empty(0, held.ROW)]
    count, largest_id, latest_day = record.count, record.largest_id, record.latest_day
    for batch in preparation.ready(documents, expected):
        count += len(batch.json)
        rows.append(np.frombuffer(batch.rows, held.ROW))
        largest_id, latest_day = max(largest_id, batch.largest_id), max(latest_day, batch.latest_day)
        for document in batch.json:
            writer.add_json(document)
    record = replace(record, count=count, largest_id=largest_id, latest_day=latest_day, columns=preparation.columns)
    new = np.concatenate(rows)
    held.write(held.path_of(folder, record.as_of), *(held.changed(*before, new) if before else held.laid_out(new)))
    writer.add_document(
        tantivy.Document.from_dict({"facts": RECORD, "record": json.dumps(asdict(record)).encode()}, SCHEMA)
    )
    writer.commit()
    writer.wait_merging_threads()
    return record


class _Opened:
    """A generation held open, with what its files looked like at that moment."""

    def __init__(self, root: Path, folder: Path, index: tantivy.Index) -> None:
        self._watched = (generations.current_file(root), folder / generations.META)
        self._stamps = tuple(map(generations.stamp, self._watched))
        self.folder = folder
        self.index = index
        index.reload()
        self.snapshot = CommittedState(index, folder)

    def is_newest(self) -> bool:
        return self._stamps == tuple(map(generations.stamp, self._watched))

    @classmethod
    def newest(cls, root: Path, before: _Opened | None) -> _Opened:
        """Open the generation in force. Whatever is committed between reading its name and opening it makes one more
        try."""
        for last_try in (False, True):
            folder = generations.current(root)
            if folder is None:
                raise IndexMissing
            stamp = generations.stamp(folder / generations.META)
            same = before is not None and before.folder == folder
            try:
                with _telling_damage():
                    return cls(root, folder, before.index if before is not None and same else _index_at(folder))
            except IndexDamaged:
                same = generations.current(root) == folder and generations.stamp(folder / generations.META) == stamp
                if last_try or same:
                    raise
        raise IndexMissing
