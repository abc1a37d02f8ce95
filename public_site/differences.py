"""What approving a draft would change, against the register as it is today: for the drafter, the approver and `--check`.

What this module knows that no other does: how the entries of a rehearsed publication are told to a person. It appends
nothing: the very code that writes entries runs over a `register.Rehearsal`, so what is shown is what would be published.

A page or command calls `publishing.preview(database, draft_id, at=now)` and shows the `Preview` it gets. Every list is a
`Some`: its whole `total`, and at most `MOST` items in the order of the file, so that a list of 100,000 rows fits a page.
Rows that still ask whom they mean, and rows a person left out, are not part of the changes; they are counted beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from public_site import amendments, composing, drafts, grades, register, standings
from public_site.drafts import Draft
from public_site.notices import counts
from public_site.notices.values import StatedCount
from public_site.register import Entry

MOST = 200
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Some(Generic[Item]):
    """A list that may be long: how many there are, and the first of them."""

    total: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What one entry would say of one enterprise. `sheet` and `row` are None where no row says it (vanished units).

    `enterprise` is None where the draft itself registers the enterprise. `previous_grade` is what the register knows (or,
    where it knows nothing, what the notice states); `stated_previous_grade` is what the notice itself states.
    """

    kind: str
    sheet: str | None
    row: int | None
    enterprise: int | None
    name: str
    site: str | None
    industry: str | None
    line: str | None
    previous_grade: str | None
    stated_previous_grade: str | None
    grade: str | None
    managed_as: str | None
    managed_until: str | None
    news: dict[str, Any]  # kind enterprise_changed: what becomes known (name, credit_code, county …)

    @property
    def disagrees(self) -> bool:
        """Whether the notice's own former grade is not the one the register knows."""
        return self.stated_previous_grade not in (None, self.previous_grade)

    @property
    def unit(self) -> str:
        """Industry, line and site in one phrase; empty where the notice says none."""
        return " ".join(part for part in (self.industry, self.line, self.site) if part)


@dataclass(frozen=True, slots=True)
class CountCheck:
    """A count the notice states beside what its rows hold (`listed`) and what would be published (`published`).

    The two differ where rows were left out or still ask whom they mean.
    """

    label: str
    stated: int
    listed: int
    published: int

    @property
    def agrees(self) -> bool:
        return self.stated == self.published


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything a person needs to see before approving.

    new           first grade of a unit                    up, down    rises and falls by what was known
    unchanged     the same grade once more                 managed_as  permission to be managed as another grade
    removed       rows that say "no longer listed"         vanished    units a full list ends by leaving them out
    renamed       enterprises under a new name             other       corrections, withdrawals and whatever else
    disagreements changes whose stated former grade is not the known one (they stand in up, down … too)
    registered, supplemented    how many enterprises become known; of how many a code, place or point becomes known
    asked, left_out             rows that wait for an answer; rows a person left out
    warnings, blockers          sentences to weigh; sentences that keep the draft from being published
    """

    draft: int | None  # None for a mere check of a file
    kind: str  # of the draft: notice, mending …
    stage: str | None
    as_of_entry: int  # the N it was worked out against
    is_full_list: bool
    rows: int
    asked: int
    left_out: int
    entries: int  # how many approving would append now
    registered: int
    supplemented: int
    new: Some[Change]
    up: Some[Change]
    down: Some[Change]
    unchanged: Some[Change]
    managed_as: Some[Change]
    removed: Some[Change]
    vanished: Some[Change]
    renamed: Some[Change]
    other: Some[Change]
    disagreements: Some[Change]
    counts: tuple[CountCheck, ...]
    warnings: tuple[str, ...]
    blockers: tuple[str, ...]


_LIST_OF_KIND = {"graded": "new", "upgraded": "up", "downgraded": "down", "confirmed": "unchanged",
                 "cited": "unchanged", "managed_as": "managed_as"}  # fmt: skip
_OF_THE_GRADE = ("site", "industry", "line", "previous_grade", "stated_previous_grade", "grade", "managed_as",
                 "managed_until")  # fmt: skip
_LISTS = (*dict.fromkeys(_LIST_OF_KIND.values()), "removed", "vanished", "renamed", "other", "disagreements")


def preview(
    connection: Connection,
    draft: Draft,
    write: Callable[[register.Appending], None],
    *,
    at: datetime,
    warnings: Sequence[str] = (),
    blockers: Sequence[str] = (),
) -> Preview:
    """What `write` (the appending of this draft) would change; nothing is written.

    A draft that contradicts itself is shown up to there, with the contradiction among the blockers; so is an amendment
    that no longer fits the register, of which nothing is shown.
    """
    rehearsed = _Rehearsed(register.latest_number(connection))
    rehearsal = register.Rehearsal(connection, at, rehearsed.note)
    contradiction: list[str] = []
    try:
        write(rehearsal)
    except composing.DraftContradicts as fault:
        contradiction.append(f"{fault}（以下只核对到此处。）")
    except amendments.CannotAmend as fault:
        contradiction.append(f"登记已经变化，这份草稿不再适用：{fault}")
    rehearsal.close()
    kept = _named(connection, rehearsed)
    rows, checks = _rows_and_counts(connection, draft)
    stage = draft.content.get("stage")
    is_full_list = draft.kind == "notice" and composing.is_full_list(draft)
    told = rehearsed.told
    return Preview(
        draft.id, draft.kind, stage, rehearsed.before, is_full_list, rows.total(), rows["asked"], rows["left_out"],
        rehearsed.entries, rehearsed.registered, rehearsed.supplemented,
        **{which: Some(told[which], tuple(kept[which])) for which in _LISTS},
        counts=checks,
        warnings=(*warnings, *_warnings(told, checks)),
        blockers=(*blockers, *contradiction),
    )  # fmt: skip


@dataclass(slots=True)
class _Rehearsed:
    """Sorts the entries of a rehearsal into lists as they come; keeps no more of each list than is shown."""

    before: int
    entries: int = 0
    registered: int = 0
    supplemented: int = 0
    told: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[Entry]] = field(default_factory=lambda: {which: [] for which in _LISTS})
    names: dict[int, str] = field(default_factory=dict)  # of the enterprises that the rehearsal registers

    def note(self, entry: Entry) -> None:
        self.entries += 1
        if entry.kind == "notice_published":
            return
        if entry.kind == "enterprise_registered" and entry.enterprise is not None:
            self.registered += 1
            self.names[entry.enterprise] = entry.data["name"]
            return
        if entry.kind == "enterprise_changed" and "name" not in entry.data:
            self.supplemented += 1
            return
        self._list(_which(entry), entry)
        if entry.kind in register.GRADE_KINDS and _disagrees(entry):
            self._list("disagreements", entry)

    def _list(self, which: str, entry: Entry) -> None:
        self.told[which] += 1
        if len(self.kept[which]) < MOST:
            self.kept[which].append(entry)


def _which(entry: Entry) -> str:
    if entry.kind == "no_longer_listed":
        return "removed" if entry.row else "vanished"
    if entry.kind == "enterprise_changed":
        return "renamed"
    return _LIST_OF_KIND.get(entry.kind, "other")


def _disagrees(entry: Entry) -> bool:
    stated = entry.data.get("stated_previous_grade")
    return stated is not None and stated != entry.data.get("previous_grade")


def _named(connection: Connection, rehearsed: _Rehearsed) -> dict[str, list[Change]]:
    """The kept entries as changes, with the names the enterprises bear today."""
    ids = {e.enterprise for kept in rehearsed.kept.values() for e in kept if e.enterprise} - rehearsed.names.keys()
    names = standings.names(connection, ids) | rehearsed.names
    return {which: [_change(e, names, rehearsed.before) for e in kept] for which, kept in rehearsed.kept.items()}


def _change(entry: Entry, names: dict[int, str], before: int) -> Change:
    known = entry.enterprise if entry.enterprise is not None and entry.enterprise <= before else None
    unnamed = f"第 {known} 号企业" if known else ""  # merged into another one by now
    return Change(
        kind=entry.kind, sheet=entry.sheet, row=entry.row, enterprise=known, name=names.get(entry.enterprise or 0, unnamed),
        news=dict(entry.data) if entry.kind == "enterprise_changed" else {},
        **{k: entry.data.get(k) for k in _OF_THE_GRADE},
    )  # fmt: skip


def _rows_and_counts(connection: Connection, draft: Draft) -> tuple[Counter[str], tuple[CountCheck, ...]]:
    """How many rows are taken, asked and left out; the stated counts beside both what is listed and what is published."""
    rows: Counter[str] = Counter()
    stated = [StatedCount(**c) for c in draft.content.get("stated_counts", [])]
    listed, published = counts.Tally(), counts.Tally()
    for row in drafts.rows(connection, draft.id):
        state = "asked" if row.is_open else "left_out" if row.choice == "skip" else "taken"
        rows[state] += 1
        said = row.content
        if said["listed"] and said["grade"]:
            local = said["scheme"] == grades.LOCAL
            listed.add(said["name"], said["grade"], local=local)
            if state == "taken":
                published.add(said["name"], said["grade"], local=local)
    checks = zip(listed.beside(stated), published.beside(stated), strict=True)
    return rows, tuple(CountCheck(count.label, count.count, held, taken) for (count, held), (_, taken) in checks)


def _warnings(told: Counter[str], checks: Iterable[CountCheck]) -> list[str]:
    said = []
    if told["disagreements"]:
        said.append(
            f"有 {told['disagreements']} 行写明的原等级与本站登记的不一致；发布时以登记的为准，并注明通知的说法。"
        )
    if told["vanished"]:
        said.append(f"这是完整名单：名单之外的 {told['vanished']} 个评级单元将记为“未再列入”。")
    kept = told["up"] + told["down"] + told["unchanged"]
    if told["vanished"] > kept:
        said.append("将记为“未再列入”的比仍在名单中的还多，请核对这是否真是截至某日的完整名单。")
    said += [
        f"通知说“{c.label}”有 {c.stated} 家，将要发布的是 {c.published} 家。" for c in checks if not c.agrees
    ]  # fmt: skip
    return said
