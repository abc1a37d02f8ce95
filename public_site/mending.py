"""What amendments leave of a trail: which entries still count, what each says now, and whose they are. Pure.

What this module knows that no other does: that an `undone` entry takes an amendment back as though it had never been
(itself undone, the amendment holds again); that the last correction or withdrawal of a decision wins; that a withdrawn
notice takes with it all that it said but the registration of an enterprise, and a corrected one gives its day and stage
to its decisions; that a merge or a move carries named decisions from one enterprise to another, if they are still there;
and that of one decision published twice the second is a citation as long as the first counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from public_site.register import GRADE_KINDS, IDENTITY_KINDS, MENDING_KINDS, MOVING_KINDS, Entry

_CORRECTABLE = frozenset({"effective_on", "site", "industry", "line", "scheme", "grade", "managed_as",
                          "managed_until"})  # fmt: skip
# Of these kinds an entry is what it says: a trail of no others needs no mending.
PLAIN = (GRADE_KINDS - {"cited"}) | {"enterprise_registered"}
_Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Decision:
    """A grade entry as it counts today: its own content, or what its last correction put in its place."""

    entry: int
    unit: int
    notice: int
    kind: str
    stage: str
    effective_on: str
    published_at: str
    sheet: str | None
    row: int | None
    site: str | None
    industry: str | None
    line: str | None
    scheme: str
    grade: str | None
    previous_grade: str | None
    stated_previous_grade: str | None
    managed_as: str | None
    managed_until: str | None
    cites: int | None = None
    mended_by: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry tells of an enterprise itself, from which day on."""

    number: int
    day: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a published notice says after its corrections, and whether it still counts."""

    said: Mapping[str, Any]
    stage: str | None
    was: Entry
    mended_by: int | None = None
    withdrawn: bool = False

    def day(self, entry: Entry) -> str:
        """From when on an entry of the notice holds: the notice's day, unless the entry had one of its own."""
        day = self.said["issued_on"] if entry.effective_on == self.was.data["issued_on"] else entry.effective_on
        return str(day)

    def stage_of(self, entry: Entry) -> str | None:
        return self.stage if entry.stage == self.was.stage else entry.stage


@dataclass(slots=True)
class Mended:
    """A trail after its amendments: decisions and words on identity by enterprise, and which enterprise leads to which."""

    decisions: dict[int, list[Decision]] = field(default_factory=dict)
    told: dict[int, list[Told]] = field(default_factory=dict)
    merged_into: dict[int, int] = field(default_factory=dict)
    leads_to: dict[int, int] = field(default_factory=dict)


def read(trail: Sequence[Entry]) -> Mended:
    """What the amendments of a family's `trail` (ascending) leave of it."""
    if all(e.kind in PLAIN for e in trail):
        return _as_written(trail)
    taken = undone(trail)
    notices = {e.number: notice(e, trail, taken) for e in trail if e.kind == "notice_published"}
    mended = Mended()
    for e in trail:
        if e.kind in IDENTITY_KINDS and e.number not in taken:
            mended.told.setdefault(_known(e.enterprise), []).extend(_told(e, notices.get(e.notice or 0)))
    places = _places(trail, taken)
    for decision in _decisions(trail, taken, notices, places):
        mended.decisions.setdefault(places[decision.entry][0], []).append(decision)
    _lead_away(trail, taken, mended)
    return mended


def _as_written(trail: Sequence[Entry]) -> Mended:
    """The same for a trail in which nothing was amended: nearly every one."""
    mended = Mended()
    for e in trail:
        if e.kind == "enterprise_registered":
            mended.told.setdefault(_known(e.enterprise), []).append(Told(e.number, e.effective_on or "", e.data))
        else:
            decision = _decision(e, (), None, _known(e.unit), {})
            mended.decisions.setdefault(_known(e.enterprise), []).append(decision)
    return mended


def undone(trail: Sequence[Entry]) -> frozenset[int]:
    """The numbers of the entries that an `undone` entry takes back which is not itself taken back."""
    taken: set[int] = set()
    for entry in reversed(trail):
        if entry.kind == "undone" and entry.number not in taken:
            taken.add(entry.data["undoes"])
    return frozenset(taken)


def notice(published: Entry, trail: Iterable[Entry], taken: frozenset[int]) -> Notice:
    """What the notice that `published` made says after the amendments of it in `trail` (ascending)."""
    said, stage, mended_by, withdrawn = dict(published.data), published.stage, None, False
    for entry in trail:
        if entry.notice != published.number or entry.number in taken:
            continue
        if entry.kind == "notice_corrected":
            said |= entry.data["facts"]
            stage, mended_by = entry.data["facts"].get("stage", stage), entry.number
        elif entry.kind == "notice_withdrawn":
            withdrawn, mended_by = True, entry.number
    return Notice(said, stage, published, mended_by, withdrawn)


def survivor(leads_to: Mapping[int, int], enterprise: int) -> int:
    """Where a chain of merges ends."""
    seen = set()
    while enterprise in leads_to and enterprise not in seen:
        seen.add(enterprise)
        enterprise = leads_to[enterprise]
    return enterprise


def _known(number: int | None) -> int:
    assert number is not None
    return number


def _told(entry: Entry, said_by: Notice | None) -> Iterable[Told]:
    """What the entry tells; nothing where its notice was withdrawn, unless it made the enterprise."""
    if said_by is None:
        yield Told(entry.number, entry.effective_on or "", entry.data)
    elif not said_by.withdrawn or entry.kind == "enterprise_registered":
        yield Told(entry.number, said_by.day(entry), entry.data)


def _decisions(
    trail: Sequence[Entry], taken: frozenset[int], notices: Mapping[int, Notice], places: Mapping[int, _Cell]
) -> Iterable[Decision]:
    mendings: dict[int, list[Entry]] = {}
    for entry in trail:
        if entry.kind in MENDING_KINDS and entry.number not in taken:
            mendings.setdefault(entry.data.get("corrects") or entry.data["withdraws"], []).append(entry)
    withdrawn: dict[int, bool] = {}
    for entry in trail:
        if entry.kind in GRADE_KINDS:
            decision = _decision(entry, mendings.get(entry.number, ()), notices.get(entry.notice or 0),
                                 places[entry.number][1], withdrawn)  # fmt: skip
            withdrawn[entry.number] = decision.withdrawn
            yield decision


def _decision(
    entry: Entry, mendings: Sequence[Entry], said_by: Notice | None, unit: int, withdrawn: Mapping[int, bool]
) -> Decision:
    assert entry.notice and entry.stage and entry.effective_on  # what append() gives a grade entry
    data, day, stage, mended_by, gone = entry.data, entry.effective_on, entry.stage, None, False
    if said_by is not None:
        day, stage, gone = said_by.day(entry), said_by.stage_of(entry) or stage, said_by.withdrawn
        mended_by = said_by.mended_by if gone or (day, stage) != (entry.effective_on, entry.stage) else None
    if mendings:
        data = dict(data)
        for mending in mendings:
            data |= {k: v for k, v in mending.data.items() if k in _CORRECTABLE}
        day = data.get("effective_on", day)
        gone = gone or mendings[-1].kind == "withdrawn"
        mended_by = max(mendings[-1].number, mended_by or 0)
    kind, cites = entry.kind, data.get("cites")
    if cites is not None and withdrawn[cites]:  # what it cites counts no longer: it stands for itself
        kind = "managed_as" if data.get("managed_as") else "graded"
    return Decision(
        entry.number, unit, entry.notice, kind, stage, day, entry.published_at, entry.sheet, entry.row,
        data.get("site"), data.get("industry"), data.get("line"), data["scheme"], data.get("grade"),
        data.get("previous_grade"), data.get("stated_previous_grade"), data.get("managed_as"), data.get("managed_until"),
        cites, mended_by, gone,
    )  # fmt: skip


def _places(trail: Sequence[Entry], taken: frozenset[int]) -> dict[int, _Cell]:
    """The enterprise and the unit that each decision is of, after every merge and move."""
    places = {e.number: (_known(e.enterprise), _known(e.unit)) for e in trail if e.kind in GRADE_KINDS}
    moves = [e for e in trail if e.kind in MOVING_KINDS]
    for move in moves:
        for number, unit in move.data["moves"] if move.number not in taken else ():
            if places[number][0] == move.enterprise:  # an earlier move may have been undone: then it is not there
                places[number] = (move.data["to"], unit)
    return _united(places) if moves else places


def _united(places: Mapping[int, _Cell]) -> dict[int, _Cell]:
    """The same with each unit under its own id.

    A decision names its unit by one of that unit's decisions. Where moves took that one elsewhere, and for units that
    join, the id is the smallest by which members call their unit and which is one of them; else the smallest member.
    """
    leader = {number: number for number in places}

    def lead(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    first: dict[_Cell, int] = {}
    for number, (enterprise, unit) in places.items():
        alike = first.setdefault((enterprise, unit), number)
        leader[lead(number)] = lead(alike)
        if unit in places and places[unit][0] == enterprise:
            leader[lead(number)] = lead(unit)
    members: dict[int, list[int]] = {}
    for number in places:
        members.setdefault(lead(number), []).append(number)
    united: dict[int, _Cell] = {}
    for together in members.values():
        named = {places[number][1] for number in together} & set(together)
        united |= {number: (places[number][0], min(named or together)) for number in together}
    return united


def _lead_away(trail: Sequence[Entry], taken: frozenset[int], mended: Mended) -> None:
    """Which enterprises lead to another: those merged into it, and those that a split made and of which nothing is left."""
    for entry in trail:
        if entry.kind in MOVING_KINDS and entry.number not in taken:
            mended.merged_into.pop(entry.data["to"], None)  # decisions came (back) to it: it lives
            if entry.kind == "enterprise_merged":
                mended.merged_into[_known(entry.enterprise)] = entry.data["to"]
    split = {
        e: said.said["split_from"]
        for e, told in mended.told.items()
        for said in told[:1]
        if "split_from" in said.said and not mended.decisions.get(e) and e not in mended.merged_into
    }
    mended.leads_to = split | mended.merged_into
