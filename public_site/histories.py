"""What happened to an enterprise or a notice, entry by entry, as pages tell it: openly, with what was said before.

What this module knows that no other does: which entries of a trail are part of an enterprise's history, how an entry is
told once later ones have mended it, and which notice stands behind it as it is cited today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from public_site import folding, mending, register, trails
from public_site.database import chosen
from public_site.register import Entry


@dataclass(frozen=True, slots=True)
class Citation:
    """The notice behind an entry, as one cites it."""

    id: int
    title: str
    issuer: str
    number: str | None
    url: str | None
    sha256: str
    stage: str
    issued_on: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Event:
    """An entry in an enterprise's history: what it said, how that compares with what was held before, what became of it.

    `mends` is the entry that an amendment acts on, `mended_kind` what that is, `before` what was said until then and `facts`
    what is said instead; `enterprise` and `other` are the ends of a merge or a move. `cites` is the entry that a second
    notice repeats; `undone` says that an amendment was taken back.
    """

    entry: int
    kind: str
    stage: str | None
    effective_on: str | None
    published_at: str
    unit: int | None
    sheet: str | None
    row: int | None
    notice: Citation | None
    label: str | None
    grade: str | None
    previous_grade: str | None
    stated_previous_grade: str | None
    scheme: str | None
    site: str | None
    industry: str | None
    line: str | None
    managed_as: str | None
    managed_until: str | None
    mends: int | None
    mended_kind: str | None
    mended_by: int | None
    withdrawn: bool
    cites: int | None
    reason: str | None
    reference: str | None
    name: str | None
    facts: dict[str, Any]
    before: dict[str, Any]
    enterprise: int | None
    other: int | None
    moved: int
    undone: bool


@dataclass(frozen=True, slots=True)
class Amendment:
    """A correction or withdrawal of a whole notice, or the taking back of one: what it said before and after, when, why."""

    entry: int
    kind: str
    published_at: str
    facts: dict[str, Any]
    before: dict[str, Any]
    mends: int
    mended_kind: str | None
    undone: bool
    reason: str
    reference: str | None


_SAID = ("label", "grade", "stated_previous_grade", "scheme", "site", "industry", "line", "managed_as", "managed_until",
         "cites", "reason", "reference", "name")  # fmt: skip
_CORRECTED = ("grade", "industry", "line", "site", "scheme", "effective_on", "managed_as", "managed_until")
_NOTICE_KINDS = frozenset({"notice_corrected", "notice_withdrawn"})


def of_enterprise(
    connection: Connection, trail: Sequence[Entry], folded: folding.Folded, leads_to: Mapping[int, int], known: int
) -> tuple[Event, ...]:
    """The history of an enterprise out of its family's trail, the newest entry first; `known` bounds what is cited."""
    fate = {d.entry: d for d in folded.decisions}
    taken = mending.undone(trail)
    kinds = {e.number: e.kind for e in trail}
    own = list(_own(trail, folded, leads_to))
    cited = citations(connection, {e.notice for e in own if e.notice}, known)
    return tuple(_event(e, fate, cited, taken, kinds) for e in reversed(own))


def of_entries(connection: Connection, entries: Sequence[Entry], known: int) -> list[Event]:
    """Single entries, each as it was published; what later ones made of it is not told. `known` bounds what is cited."""
    cited = citations(connection, {e.notice for e in entries if e.notice}, known)
    mended = sorted({number for e in entries if (number := _mends(e))})
    found = chosen(connection, "SELECT number, kind FROM entry WHERE number IN {values}", mended)
    kinds = {int(number): str(kind) for number, kind in found}
    return [_event(e, {}, cited, frozenset(), kinds) for e in entries]


def of_notice(amended: Sequence[Entry]) -> tuple[Amendment, ...]:
    """What was amended of a notice, the newest first; `amended` begins with its publication."""
    taken = mending.undone(amended)
    kinds = {e.number: e.kind for e in amended}
    return tuple(
        Amendment(
            entry=e.number,
            kind=e.kind,
            published_at=e.published_at,
            facts=dict(e.data.get("facts", {})),
            before=dict(e.data.get("before", {})),
            mends=_mends(e) or e.number,
            mended_kind=kinds.get(_mends(e) or 0),
            undone=e.number in taken,
            reason=e.data["reason"],
            reference=e.data.get("reference"),
        )
        for e in reversed(amended[1:])
    )


def _own(trail: Sequence[Entry], folded: folding.Folded, leads_to: Mapping[int, int]) -> Iterator[Entry]:
    """The entries of a family's trail that are part of one enterprise's history."""
    decisions = {d.entry for d in folded.decisions}
    notices = {d.notice for d in folded.decisions}
    here: set[int] = set()
    for entry in trail:
        ends = {mending.survivor(leads_to, i) for i in (entry.enterprise, entry.data.get("to")) if i is not None}
        if entry.kind in register.GRADE_KINDS:
            belongs = entry.number in decisions
        elif entry.kind in _NOTICE_KINDS:
            belongs = entry.notice in notices
        elif entry.kind in register.MENDING_KINDS or entry.kind == "undone":
            belongs = _mends(entry) in here
        else:
            belongs = entry.kind != "notice_published" and folded.id in ends
        if belongs:
            here.add(entry.number)
            yield entry


def _mends(entry: Entry) -> int | None:
    data = entry.data
    return data.get("corrects") or data.get("withdraws") or data.get("undoes")


def _event(
    entry: Entry,
    fate: Mapping[int, mending.Decision],
    cited: Mapping[int, Citation],
    taken: frozenset[int],
    kinds: Mapping[int, str],
) -> Event:
    data = entry.data
    mended = fate.get(entry.number)
    # Whether it was a rise or a fall is told by what was held before it; what a mended entry said is left as it was.
    today = mended if mended and mended.mended_by is None else None
    told = folding.FACTS if entry.kind in register.IDENTITY_KINDS else _CORRECTED
    facts = data["facts"] if "facts" in data else {k: v for k, v in data.items() if k in told}
    mends = _mends(entry)
    return Event(
        entry=entry.number,
        kind=today.kind if today else entry.kind,
        previous_grade=today.previous_grade if today else data.get("previous_grade"),
        stage=entry.stage,
        effective_on=entry.effective_on,
        published_at=entry.published_at,
        unit=mended.unit if mended else entry.unit,
        sheet=entry.sheet,
        row=entry.row,
        notice=cited.get(entry.notice) if entry.notice else None,
        mends=mends,
        mended_kind=kinds.get(mends or 0),
        mended_by=mended.mended_by if mended else None,
        withdrawn=mended.withdrawn if mended else False,
        facts={} if entry.kind in register.GRADE_KINDS else facts,
        before=dict(data.get("before", {})),
        enterprise=entry.enterprise,
        other=data.get("to"),
        moved=len(data.get("moves", ())),
        undone=entry.number in taken,
        **{k: data.get(k) for k in _SAID},
    )


def citations(connection: Connection, ids: Iterable[int], known: int) -> dict[int, Citation]:
    """These notices as one cites them, with the corrections published up to entry `known`."""
    amended = trails.amended_notices(connection, known)
    cited: dict[int, Citation] = {}
    for (body,) in chosen(connection, "SELECT body FROM entry WHERE number IN {values}", sorted(ids)):
        published = register.read(body)
        amendments = amended.get(published.number, [published])
        notice = mending.notice(published, amendments, mending.undone(amendments))
        said = notice.said
        cited[published.number] = Citation(published.number, said["title"], said["issuer"], said.get("number"),
                                           said.get("url"), said["sha256"], notice.stage or "", said["issued_on"],
                                           notice.withdrawn)  # fmt: skip
    return cited
