"""Whether everything still agrees: the log with itself, with what it once signed, and with all that is made from it.

What this module knows that no other does: how to doubt. It reads every entry again, hashes the tree by another way
than `log` does, folds standings by another way than `folding` does, and compares row for row. A silent change of
history by someone who can write the database is found with any earlier checkpoint held outside.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import BindParameter, Connection, bindparam, text

from public_site import drafts, folding, log, register, retelling, standings, trails, tree
from public_site.database import Database, SchemaNotCurrent, chosen
from public_site.faults import Fault
from public_site.settings import Settings

_BATCH = 2_000
_MOST_SHOWN = 20
_POSTGRESQL_GUARDS = ("entry_refuses_change", "entry_refuses_truncate", "entry_takes_the_next_number",
                      "checkpoint_refuses_change", "checkpoint_refuses_truncate")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree: where, and what."""

    where: str
    what: str


@dataclass(slots=True)
class Report:
    """What was looked at and what was found; `findings` empty means that everything agrees."""

    entries: int = 0
    root: bytes = b""
    looked_at: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def verify(
    database: Database,
    settings: Settings,
    *,
    held_outside: str | None = None,
    index_problems: Callable[[], Iterable[str]] = tuple,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Compare log, checkpoints, projections, drafts, original files and search index; nothing is changed.

    `held_outside` is a signed checkpoint that someone kept; `index_problems` asks the search index about itself.
    """
    report = Report()
    trails.forget_what_was_read()
    try:
        database.require_current()
    except SchemaNotCurrent as fault:
        report.findings.append(Finding("database", str(fault)))
        return report
    try:
        key = log.read_key(settings.log_key).public_key() if settings.log_key.exists() else None
    except log.NoLogKey as fault:
        report.findings.append(Finding("keys", str(fault)))
        key = None
    with database.reading() as connection:
        origin = log.origin(connection) or settings.origin
        looks: list[tuple[str, Callable[[], Iterator[str]]]] = [
            ("triggers", lambda: _triggers(connection, database)),
            ("entries", lambda: _entries(connection, report, progress)),
            ("tree", lambda: _tree(connection)),
            ("checkpoints", lambda: _checkpoints(connection, origin, key)),
            ("standings", lambda: standings_problems(connection)),
            ("drafts", lambda: _drafts(connection)),
            ("originals", lambda: _originals(connection, settings.originals)),
        ]
        if held_outside is not None:
            looks.append(("checkpoint held outside", lambda: _outside(connection, origin, key, held_outside)))
        for name, look in looks:
            report.looked_at.append(name)
            report.findings += [Finding(name, what) for what in _doubt(look)]
    report.looked_at.append("search")
    report.findings += [Finding("search", what) for what in index_problems()]
    return report


def _doubt(look: Callable[[], Iterator[str]]) -> Iterator[str]:
    """What a look finds, cut to what a person reads; a look that cannot go on is itself a finding."""
    shown = 0
    try:
        for what in look():
            shown += 1
            if shown > _MOST_SHOWN:
                yield "还有更多同类问题，未全部列出。"
                return
            yield what
    except (Fault, ValueError, LookupError, TypeError, AssertionError, AttributeError) as error:
        yield f"无法继续核对：{error.__class__.__name__} {error}"


def _triggers(connection: Connection, database: Database) -> Iterator[str]:
    """The guards that refuse to rewrite history are there, and are those that the migrations make."""
    if not database.is_sqlite:
        query = (
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled = 'O'"
        )
        there = {str(name): str(source) for name, source in connection.execute(text(query))}
        for name in _POSTGRESQL_GUARDS:
            if "RAISE EXCEPTION" not in there.get(name, ""):
                yield f"缺少禁止改写的触发器 {name}，或它已被改动。"
        return
    with tempfile.TemporaryDirectory() as folder:
        model = Database(f"sqlite:///{Path(folder) / 'model.db'}")
        model.migrate()
        with model.reading() as fresh:
            wanted = _sqlite_triggers(fresh)
        model.close()
    there = _sqlite_triggers(connection)
    for name in wanted:
        if there.get(name) != wanted[name]:
            yield f"缺少禁止改写的触发器 {name}，或它已被改动。"


def _sqlite_triggers(connection: Connection) -> dict[str, str]:
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {str(name): str(sql) for name, sql in connection.execute(query)}


def _entries(connection: Connection, report: Report, progress: Callable[[int, int], None]) -> Iterator[str]:
    """Each entry's body is canonical, its columns are its body's, its leaf its hash, its number the next."""
    total = register.latest_number(connection)
    query = text("SELECT * FROM entry WHERE number > :after ORDER BY number LIMIT :limit")
    expected, before = 1, ""
    after = -(2**62)
    hasher = _Stack()
    while rows := connection.execute(query, {"after": after, "limit": _BATCH}).mappings().all():
        for row in rows:
            if row["number"] != expected:
                yield f"第 {expected} 条缺失或编号不连续（读到 {row['number']}）。"
                expected = row["number"]
            yield from _entry(dict(row), before)
            hasher.push(bytes(row["leaf"]))
            before, expected = row["published_at"], expected + 1
        after = rows[-1]["number"]
        progress(expected - 1, total)
    report.entries, report.root = total, hasher.root()


def _entry(row: dict[str, Any], published_before: str) -> Iterator[str]:
    number, body = row["number"], row["body"].encode()
    if hashlib.sha256(b"\x00" + body).digest() != bytes(row["leaf"]):
        yield f"第 {number} 条的内容与其哈希不符。"
    try:
        entry = register.read(row["body"])
        canonical = register.canonical({k: getattr(entry, k) for k in register.Entry.__dataclass_fields__})
    except (ValueError, TypeError, register.NotCanonical):
        yield f"第 {number} 条的内容不是登记条目。"
        return
    if canonical != body:
        yield f"第 {number} 条的内容不是规范 JSON。"
    told = (entry.number, entry.kind, entry.stage, entry.notice, entry.enterprise, entry.unit, entry.effective_on,
            entry.published_at)  # fmt: skip
    kept = tuple(row[k] for k in ("number", "kind", "stage", "notice_id", "enterprise_id", "unit_id", "effective_on",
                                  "published_at"))  # fmt: skip
    if told != kept:
        yield f"第 {number} 条的检索列与内容不符。"
    if entry.published_at < published_before:
        yield f"第 {number} 条的发布时间早于前一条。"


class _Stack:
    """The tree head of leaves pushed one by one: the peaks of the perfect subtrees so far."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []
        self.made: list[tuple[int, int, bytes]] = []
        self.size = 0

    def push(self, leaf: bytes) -> None:
        level, running, position = 0, leaf, self.size
        while self._peaks and self._peaks[-1][0] == level:
            running = hashlib.sha256(b"\x01" + self._peaks.pop()[1] + running).digest()
            level, position = level + 1, position // 2
            self.made.append((level, position, running))
        self._peaks.append((level, running))
        self.size += 1

    def root(self) -> bytes:
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        running = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            running = hashlib.sha256(b"\x01" + peak + running).digest()
        return running


def _leaves(connection: Connection) -> Iterator[bytes]:
    query = text("SELECT number, leaf FROM entry WHERE number > :after ORDER BY number LIMIT :limit")
    after = 0
    while rows := connection.execute(query, {"after": after, "limit": _BATCH}).all():
        yield from (bytes(leaf) for _, leaf in rows)
        after = rows[-1][0]


def _tree(connection: Connection) -> Iterator[str]:
    """Every stored node is the hash of its children, none is missing and none is there beside them."""
    if log.as_of(connection) != register.latest_number(connection):
        yield "哈希树没有追上登记。"
    stack, made = _Stack(), 0
    for leaves in _in_runs(_leaves(connection), _BATCH):
        for leaf in leaves:
            stack.push(leaf)
        expected = {tree.place(level, position): (level, position, node) for level, position, node in stack.made}
        made += len(expected)
        query = "SELECT place, hash FROM tree_node WHERE place IN {values}"
        there = {int(place): bytes(node) for place, node in chosen(connection, query, list(expected))}
        for place, (level, position, node) in expected.items():
            if there.get(place) != node:
                yield f"哈希树第 {level} 层第 {position} 个节点与登记不符。"
        stack.made.clear()
    kept = int(connection.execute(text("SELECT count(*) FROM tree_node")).scalar_one())
    if kept != made:
        yield f"哈希树有 {kept} 个节点，应有 {made} 个。"


def _in_runs(items: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while run := list(islice(items, size)):
        yield run


def _checkpoints(connection: Connection, origin: str, key: Ed25519PublicKey | None) -> Iterator[str]:
    """Each checkpoint ever given out is signed by our key and its root is the root over that many entries."""
    given_out = log.checkpoints(connection)
    latest = register.latest_number(connection)
    if latest and (not given_out or given_out[-1][0] != latest):
        yield "最新的登记没有签名的检查点。"
    if given_out and key is None:
        yield "缺少签名密钥，无法核对检查点。"
        return
    held = roots(connection, {size for size, _ in given_out})
    for size, note in given_out:
        assert key is not None
        yield from _holds(note, origin, key, held, size)


def _holds(note: str, origin: str, key: Ed25519PublicKey, held: dict[int, bytes], size: int) -> Iterator[str]:
    try:
        said = tree.read_checkpoint(note, origin, key)
    except tree.CheckpointRefused as refused:
        yield f"第 {size} 条处的检查点：{refused}"
        return
    if said.size != size:
        yield f"第 {size} 条处的检查点说的是 {said.size} 条。"
    elif said.root != held.get(size):
        yield f"第 {size} 条处的检查点与现在的登记不符：历史被改动过。"


def _outside(connection: Connection, origin: str, key: Ed25519PublicKey | None, note: str) -> Iterator[str]:
    if key is None:
        yield "缺少签名密钥，无法核对外部检查点。"
        return
    said = tree.read_checkpoint(note, origin, key)
    latest = register.latest_number(connection)
    if said.size > latest:
        yield f"外部检查点有 {said.size} 条，现在的登记只有 {latest} 条：有条目被删去。"
    elif said.root != roots(connection, {said.size})[said.size]:
        mine = log.checkpoint_of(connection, said.size)
        fork = "分叉：本站为同样的条数签过两个根哈希。" if mine is not None and mine.strip() != note.strip() else ""
        yield f"外部检查点（{said.size} 条）与现在的登记不符：{fork}历史被改动过。"


def roots(connection: Connection, sizes: set[int]) -> dict[int, bytes]:
    """The tree heads over these many entries, hashed anew from the bodies (a leaf column may lie)."""
    found = {0: hashlib.sha256(b"").digest()}
    stack = _Stack()
    query = text("SELECT number, body FROM entry WHERE number > :after ORDER BY number LIMIT :limit")
    after, last = 0, max(sizes, default=0)
    while rows := connection.execute(query, {"after": after, "limit": _BATCH}).all():
        for _, body in rows:
            stack.push(hashlib.sha256(b"\x00" + body.encode()).digest())
            stack.made.clear()
            if stack.size in sizes:
                found[stack.size] = stack.root()
            if stack.size >= last:
                return found
        after = rows[-1][0]
    return found


def standings_problems(connection: Connection) -> Iterator[str]:
    """The tables are what folding the register anew gives, and each unit's holdings what a naive fold gives."""
    latest = register.latest_number(connection)
    if standings.as_of(connection) != latest:
        yield "等级表没有追上登记。"
    counted = dict.fromkeys(standings.TABLES, 0)
    families = trails.families(connection, standings.changed_since(connection, 0), latest)
    for batch in trails.batches_of_families(families, 500):
        kept = _kept_rows(connection, [i for family in batch for i in family])
        for family, trail in trails.of_families(connection, batch, latest):
            made: dict[str, list[dict[str, Any]]] = {}
            for table_class, row in standings.rows_of_family(folding.family(trail)):
                made.setdefault(str(table_class.__tablename__), []).append(row)
            yield from _compare_family(family, made, kept)
            yield from compare_naively(family, trail, made)
            for table, rows in made.items():
                counted[table] += len(rows)
    yield from _notices(connection, counted)
    for table, count in counted.items():
        there = int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
        if there != count:
            yield f"表 {table} 有 {there} 行，按登记应有 {count} 行。"


_Rows = dict[str, dict[int, list[dict[str, Any]]]]


def _kept_rows(connection: Connection, ids: Sequence[int]) -> _Rows:
    among: BindParameter[Any] = bindparam("ids", expanding=True)
    kept: _Rows = {}
    for table, key in standings.OF_ENTERPRISE.items():
        query = text(f"SELECT * FROM {table} WHERE {key} IN :ids").bindparams(among)
        for row in connection.execute(query, {"ids": list(ids)}).mappings():
            kept.setdefault(table, {}).setdefault(row[key], []).append(dict(row))
    return kept


def _compare_family(family: trails.Family, made: dict[str, list[dict[str, Any]]], kept: _Rows) -> Iterator[str]:
    for table in standings.OF_ENTERPRISE:
        there = [row for i in family for row in kept.get(table, {}).get(i, ())]
        if sorted(map(_sortable, there)) != sorted(map(_sortable, made.get(table, []))):
            yield f"表 {table} 中企业 {'、'.join(map(str, family))} 的内容与登记不符。"


def _sortable(row: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((k, repr(v)) for k, v in row.items())


def compare_naively(
    family: trails.Family, trail: list[register.Entry], made: dict[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """Where the rows that a family made are not what the second telling of its trail says."""
    living = retelling.told(trail)
    by_number = {t.number: t for t in living}
    for row in made.get("holding", []):
        naive = retelling.standing(living, row["unit_id"], row["from_day"])
        kept = (row["grade"], bool(row["listed"]), row["managed_as"], row["proposed_grade"])
        if naive != kept:
            yield f"企业 {row['enterprise_id']} 单元 {row['unit_id']} 在 {row['from_day']} 应为 {naive}，表中是 {kept}。"
    for row in made.get("decision", []):
        told = by_number[row["entry"]]
        if (told.enterprise, told.unit, told.stage, told.day, told.withdrawn) != (
            row["enterprise_id"], row["unit_id"], row["stage"], row["effective_on"], bool(row["withdrawn"])
        ):  # fmt: skip
            yield f"第 {row['entry']} 条在更正、撤销与合并之后的内容与登记不符。"
        if not row["withdrawn"] and retelling.change(living, row["entry"]) != (row["kind"], row["previous_grade"]):
            yield f"第 {row['entry']} 条的升降与它之前的等级不符。"
    yield from _compare_identity(family, trail, made)


def _compare_identity(
    family: trails.Family, trail: list[register.Entry], made: dict[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """Which enterprises of a family there are, and what each is called, told a second time."""
    elsewhere = {row["id"]: row["into_id"] for row in made.get("merged_enterprise", [])}
    rows = {row["id"]: row for row in made.get("enterprise", [])}
    borne: dict[int, set[str]] = {}
    for row in made.get("enterprise_name", []):
        borne.setdefault(row["enterprise_id"], set()).add(row["name"])
    for enterprise in family:
        if retelling.leads_to(trail, enterprise) != elsewhere.get(enterprise):
            yield f"企业 {enterprise} 的合并去向与登记不符。"
        elif (there := rows.get(enterprise)) is not None:
            told = (*retelling.names(trail, enterprise), retelling.credit_code(trail, enterprise))
            if told != (there["name"], borne.get(enterprise), there["credit_code"]):
                yield f"企业 {enterprise} 的名称或代码与登记不符。"
        elif enterprise not in elsewhere:
            yield f"企业 {enterprise} 没有首次登记的条目。"


def _notices(connection: Connection, counted: dict[str, int]) -> Iterator[str]:
    query = text("SELECT number FROM entry WHERE kind = 'notice_published' ORDER BY number")
    count = text(f"SELECT {standings.COUNTS} FROM decision WHERE notice_id = :id")
    by_industry = text(f"SELECT industry, {standings.COUNTS} FROM decision WHERE notice_id = :id AND industry IS NOT NULL"
                       " GROUP BY industry ORDER BY industry")  # fmt: skip
    kept_by_industry = text(
        "SELECT industry, decisions, downgrades FROM notice_industry WHERE notice_id = :id ORDER BY industry"
    )
    amended = trails.amended_notices(connection, register.latest_number(connection))
    for (number,) in connection.execute(query).all():
        decisions, downgrades = connection.execute(count, {"id": number}).one()
        told = amended.get(number) or [register.entry(connection, number)]
        expected = standings.notice_row(told, int(decisions), int(downgrades))
        counted["notice"] += 1
        kept = connection.execute(text("SELECT * FROM notice WHERE id = :id"), {"id": number}).mappings().first()
        if kept is None or dict(kept) != expected:
            yield f"公告 {number} 的内容与登记不符。"
        of_industries = connection.execute(by_industry, {"id": number}).all()
        counted["notice_industry"] += len(of_industries)
        if list(map(tuple, of_industries)) != list(map(tuple, connection.execute(kept_by_industry, {"id": number}))):
            yield f"公告 {number} 按行业的计数与登记不符。"


def _drafts(connection: Connection) -> Iterator[str]:
    """Every seal in the register is that of a published draft, and of one only, and each publication was signed."""
    published = {d.first_entry: d for d in drafts.drafts(connection, "published")}
    signed = {size for size, _ in log.checkpoints(connection)}
    first = 1
    latest = register.latest_number(connection)
    while first <= latest:
        draft = published.pop(first, None)
        if draft is None or draft.last_entry is None:
            yield f"第 {first} 条起的发布没有对应的已批准草稿。"
            return
        if register.entry(connection, first).data.get("draft_sha256") != drafts.seal(connection, draft.id):
            yield f"第 {draft.id} 号草稿（内容、起草人或批准人）在批准之后被改动过。"
        if draft.last_entry not in signed:
            yield f"第 {draft.id} 号草稿发布后的检查点（第 {draft.last_entry} 条处）不在了。"
        first = draft.last_entry + 1
    for draft in published.values():
        yield f"第 {draft.id} 号草稿标为已发布，登记中却没有它的条目。"


def _originals(connection: Connection, folder: Path) -> Iterator[str]:
    query = text("SELECT id, sha256 FROM notice ORDER BY id")
    for notice_id, sha256 in connection.execute(query):
        file = folder / sha256
        if not file.is_file():
            yield f"公告 {notice_id} 的原始文件不在了（SHA-256 {sha256}）。"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield f"公告 {notice_id} 的原始文件被改动过（SHA-256 {sha256}）。"
