"""The JSON of lists and enterprises (formats.md, "JSON of lists and pages"), made from the register's read models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from public_site import histories, records
from public_site.places import Division
from public_site.web.filters import Choice

# That an enterprise was registered here is this site's bookkeeping, not an event of the enterprise.
_BOOKKEEPING = frozenset({"enterprise_registered"})


def enterprise(line: records.EnterpriseLine) -> dict[str, Any]:
    """An enterprise as it stands in a list."""
    return {
        "id": line.id,
        "name": line.name,
        "former_names": list(line.former_names),
        "credit_code": line.credit_code,
        "province": _division(line.province),
        "city": _division(line.city),
        "county": _division(line.county),
        "zone": line.zone,
        "point": None if line.lat is None or line.lon is None else {"lat": line.lat, "lon": line.lon},
        "overall_grade": line.overall_grade,
        "overall_reason": line.overall_reason,
        "excellence": line.excellence,
        "units": [_unit(unit) for unit in line.units],
        "url": f"/enterprises/{line.id}",
    }


def enterprise_with_history(view: records.EnterpriseView) -> dict[str, Any]:
    """An enterprise with everything that was published about it, newest first; `entry` is how far the register told."""
    elsewhere = repetitions(view.history)
    return enterprise(view.line) | {
        "history": [
            _event(event) | {"cited_by": [again.entry for again in elsewhere.get(event.entry, ())]}
            for event in told(view.history)
        ],
        "as_of": view.as_of,
        "entry": view.entry,
    }


def facet(choice: Choice) -> dict[str, Any]:
    """One value beside a list, with the list that choosing it gives."""
    return {"value": choice.value, "name": choice.label, "count": choice.count, "url": choice.url}


def told(history: Iterable[histories.Event]) -> list[histories.Event]:
    """The events of the enterprise itself."""
    return [event for event in history if event.kind not in _BOOKKEEPING]


def repetitions(history: Iterable[histories.Event]) -> dict[int, list[histories.Event]]:
    """The events that only publish a decision once more, by the entry that they cite."""
    found: dict[int, list[histories.Event]] = {}
    for event in history:
        if event.kind == "cited" and event.cites and not event.withdrawn:
            found.setdefault(event.cites, []).append(event)
    return found


def citations(history: Iterable[histories.Event]) -> dict[int, histories.Citation]:
    """The notices that a history cites, each once, in its order, by id."""
    return {event.notice.id: event.notice for event in history if event.notice}


def _division(division: Division | None) -> dict[str, str] | None:
    return None if division is None else {"code": division.code, "name": division.name}


def _unit(unit: records.UnitLine) -> dict[str, Any]:
    proposal = unit.proposal
    return {
        "id": unit.id,
        "site": unit.site,
        "industry": unit.industry,
        "line": unit.line,
        "scheme": unit.scheme,
        "scale": unit.scale,
        "grade": unit.grade,
        "managed_as": unit.managed_as,
        "managed_until": unit.managed_until,
        "stage": unit.stage,
        "since": unit.since,
        "notice_id": unit.notice_id,
        "listed": unit.listed,
        "proposal": proposal
        and {
            "grade": proposal.grade,
            "scheme": proposal.scheme,
            "since": proposal.since,
            "entry": proposal.entry,
            "notice_id": proposal.notice_id,
        },
    }


def _event(event: histories.Event) -> dict[str, Any]:
    notice = event.notice
    return {
        "entry": event.entry,
        "kind": event.kind,
        "stage": event.stage,
        "grade": event.grade,
        "previous_grade": event.previous_grade,
        "effective_on": event.effective_on,
        "published_at": event.published_at,
        "unit": event.unit,
        "industry": event.industry,
        "line": event.line,
        "scheme": event.scheme,
        "managed_as": event.managed_as,
        "managed_until": event.managed_until,
        "mends": event.mends,
        "mended_by": event.mended_by,
        "withdrawn": event.withdrawn,
        "cites": event.cites,
        "undone": event.undone,
        "before": event.before,
        "now": event.facts,
        "moves": {"from": event.enterprise, "to": event.other, "decisions": event.moved} if event.other else None,
        "reason": event.reason,
        "reference": event.reference,
        "name": event.name,
        "notice": notice
        and {
            "id": notice.id,
            "title": notice.title,
            "issuer": notice.issuer,
            "number": notice.number,
            "url": notice.url,
            "sha256": notice.sha256,
            "row": event.row,
            "sheet": event.sheet,
        },
    }
