"""What a bank is told of an enterprise of which nothing was ever amended, straight from its entries: nearly every one. Pure.

What this module knows that no other does: which trails need neither mending nor a fold, and how to tell of them in one
pass. `testimony` tells the same of the whole story, by way of `mending` and `folding`, in five times the time: too long
for a list of ten thousand. A test holds the two tellings to the same bytes for random histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from public_site import folding, grades, mending
from public_site.folding import Facts

# An entry as its canonical JSON says it.
Said = dict[str, Any]


def is_plain(trail: Sequence[Said]) -> bool:
    """Whether this, of an enterprise that no merge, move or amended notice touches, is told by its entries one by one."""
    return "split_from" not in trail[0]["data"] and all(entry["kind"] in mending.PLAIN for entry in trail)


def facts(registered: Said) -> Facts:
    """Who and where the enterprise is."""
    said = registered["data"]
    return Facts(*map(said.get, folding.FACTS))


def names(registered: Said) -> tuple[str, ...]:
    """Every name borne, the present one last."""
    present, former = registered["data"]["name"], registered["data"].get("former_name")
    return (former, present) if former and former != present else (present,)


def account(trail: Sequence[Said], as_of: str) -> Said:
    """All that is told of the enterprise as of a day, as `testimony.account` tells it."""
    registered = trail[0]
    said, number = registered["data"], registered["number"]
    get = said.get
    units, history = _decided(trail, as_of)
    held = [units[unit] for unit in sorted(units)]
    for unit in held:
        if unit["managed_until"] is not None and unit["managed_until"] < as_of:
            unit["managed_as"] = unit["managed_until"] = None
    overall = grades.overall([(u["grade"], u["scheme"]) for u in held if u["listed"] and u["grade"] and u["scheme"]])
    falls = [d["effective_on"] for d in history if d["kind"] == "downgraded" and d["stage"] == "decided"]
    return {
        "id": number, "name": said["name"], "former_names": names(registered)[:-1], "credit_code": get("credit_code"),
        "province": get("province"), "city": get("city"), "county": get("county"), "zone": get("zone"),
        "overall_grade": overall.grade, "overall_reason": overall.reason,
        "excellence": any(u["grade"] == "A+" and u["listed"] for u in held),
        "since": max((u["since"] for u in held if u["since"] and u["grade"]), default=None),
        "last_downgrade": max(falls, default=None),
        "no_longer_listed": not all(u["listed"] for u in held),
        "units": held, "history": history, "corrections": (), "url": f"/enterprises/{number}?as_of={as_of}",
    }  # fmt: skip


def _decided(trail: Sequence[Said], as_of: str) -> tuple[dict[int, Said], list[Said]]:
    """What each unit held on the day, and every decision up to then in the order of their days."""
    units: dict[int, Said] = {}
    history: list[Said] = []
    by_then = [entry for entry in trail[1:] if entry["effective_on"] <= as_of]
    by_then.sort(key=lambda entry: entry["effective_on"])  # within a day they stay in the order of their numbers
    for entry in by_then:
        get, unit, scheme = entry["data"].get, entry["unit"], entry["data"]["scheme"]
        before, grade, kind = units.get(unit), get("grade"), entry["kind"]
        held = before["grade"] if before and before["listed"] and _same_family(before["scheme"], scheme) else None
        previous = held or get("stated_previous_grade")
        if grade is not None and kind in folding.CHANGES:
            kind = folding.change(previous, grade)
        told = {
            "entry": entry["number"], "unit": unit, "kind": kind, "stage": entry["stage"], "grade": grade,
            "previous_grade": previous, "scheme": scheme, "industry": get("industry"), "line": get("line"),
            "effective_on": entry["effective_on"], "published_at": entry["published_at"],
            "managed_as": get("managed_as"), "managed_until": get("managed_until"), "sheet": entry["sheet"],
            "row": entry["row"], "cites": None, "mended_by": None, "withdrawn": False, "notice_id": entry["notice"],
        }  # fmt: skip
        history.append(told)
        units[unit] = (_proposed if entry["stage"] == "proposed" else _held)(before, told, get("site"))
    return units, history


def _nothing(unit: int) -> Said:
    return {
        "id": unit, "site": None, "industry": None, "line": None, "scheme": None, "scale": None, "grade": None,
        "stage": "proposed", "since": None, "entry": None, "notice_id": None, "listed": True, "managed_as": None,
        "managed_until": None, "downgraded_on": None, "proposal": None,
    }  # fmt: skip


def _proposed(before: Said | None, told: Said, site: str | None) -> Said:
    """A proposal changes nothing that is held."""
    now = (before or _nothing(told["unit"])) | {"site": site, "industry": told["industry"], "line": told["line"]}
    if grade := told["grade"] or told["managed_as"]:
        now["proposal"] = {"grade": grade, "scheme": told["scheme"], "since": told["effective_on"], "entry": told["entry"],
                           "notice_id": told["notice_id"]}  # fmt: skip
    return now


def _held(before: Said | None, told: Said, site: str | None) -> Said:
    """What a unit holds once a decision has been said; see `folding`, whose rule this is."""
    now, day, grade = before or _nothing(told["unit"]), told["effective_on"], told["grade"]
    listed, held, scheme = now["listed"], now["grade"], now["scheme"]
    since, fell_on = now["since"], now["downgraded_on"]
    ends = told["kind"] == "no_longer_listed"
    if ends:
        listed, since = False, day
    elif grade is not None:
        if not (listed and held == grade and _same_family(scheme, told["scheme"])):
            since = day
        if folding.change(told["previous_grade"], grade) == "downgraded":
            fell_on = day
        listed, held, scheme = True, grade, told["scheme"]
    elif since is None:
        since, scheme = day, told["scheme"]
    return {
        "id": told["unit"], "site": site, "industry": told["industry"], "line": told["line"], "scheme": scheme,
        "scale": grades.grade(held).scale if held else None, "grade": held, "stage": "decided", "since": since,
        "entry": told["entry"], "notice_id": told["notice_id"], "listed": listed,
        "managed_as": None if ends else told["managed_as"], "managed_until": None if ends else told["managed_until"],
        "downgraded_on": fell_on, "proposal": None,
    }  # fmt: skip


def _same_family(one: str | None, other: str) -> bool:
    return one == other or (one is not None and grades.scheme(one).family == grades.scheme(other).family)
