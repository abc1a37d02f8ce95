"""The JSON of everything public (formats.md, "JSON of lists and pages"), made from the register's read models.

Pages, files and `/api/v1` give a thing in the same shape; the shapes are described, field by field, in `web/api/schemas.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from public_site import histories, listings, records, register
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


def listed_unit(listed: listings.ListedUnit) -> dict[str, Any]:
    """A graded unit outside its enterprise, with whose it is."""
    whose = listed.enterprise
    return _unit(listed.unit) | {
        "enterprise": {
            "id": whose.id,
            "name": whose.name,
            "province": _division(whose.province),
            "city": _division(whose.city),
            "county": _division(whose.county),
        },
        "url": f"/enterprises/{whose.id}",
    }


def entry(one: register.Entry) -> dict[str, Any]:
    """An entry of the register, as it was appended."""
    return {
        "entry": one.number,
        "kind": one.kind,
        "stage": one.stage,
        "effective_on": one.effective_on,
        "published_at": one.published_at,
        "notice_id": one.notice,
        "enterprise_id": one.enterprise,
        "unit_id": one.unit,
        "sheet": one.sheet,
        "row": one.row,
        "data": one.data,
    }


def change(one: register.Entry) -> dict[str, Any]:
    """An entry as an event for who follows the register: what was done (`op`) to which thing (`kind`, `id`)."""
    if one.kind in register.GRADE_KINDS:
        kind, number = "unit", one.unit
    elif one.enterprise is not None:
        kind, number = "enterprise", one.enterprise
    else:
        kind, number = "notice", one.notice
    return {
        "entry": one.number,
        "op": one.kind,
        "kind": kind,
        "id": number,
        "published_at": one.published_at,
        "effective_on": one.effective_on,
        "stage": one.stage,
        "notice_id": one.notice,
        "enterprise_id": one.enterprise,
        "data": one.data,
        "url": f"/enterprises/{one.enterprise}" if one.enterprise is not None else f"/notices/{one.notice}",
    }


def listed_notice(line: records.NoticeLine) -> dict[str, Any]:
    """A notice as it stands in a list."""
    return {
        "id": line.id,
        "title": line.title,
        "issuer": line.issuer,
        "division": _division(line.division),
        "number": line.number,
        "issued_on": line.issued_on,
        "published_at": line.published_at,
        "stage": line.stage,
        "scope": line.scope,
        "scheme": line.scheme,
        "decisions": line.decisions,
        "downgrades": line.downgrades,
        "mended_by": line.mended_by,
        "withdrawn": line.withdrawn,
        "page": f"/notices/{line.id}",
    }


def notice(view: records.NoticeView) -> dict[str, Any]:
    """A notice with the fingerprint of its original file and what was amended of it, the newest amendment first."""
    return listed_notice(view.line) | {
        "index_number": view.index_number,
        "cited": list(view.cited),
        "stated_counts": list(view.stated_counts),
        "objection_window": view.objection_window,
        "objection_until": view.objection_until,
        "supervised_by": view.supervised_by,
        "url": view.url,
        "file_name": view.file_name,
        "media_type": view.media_type,
        "sha256": view.sha256,
        "size": view.size,
        "original": f"/notices/{view.line.id}/original",
        "amendments": [_amendment(amendment) for amendment in view.amendments],
    }


def decision(change: records.Change) -> dict[str, Any]:
    """What a row of a notice decides, as it counts today, with whom it concerns."""
    return {
        "entry": change.entry,
        "enterprise": {
            "id": change.enterprise_id,
            "name": change.enterprise_name,
            "province": _division(change.province),
            "city": _division(change.city),
            "county": _division(change.county),
        },
        "unit_id": change.unit,
        "site": change.site,
        "industry": change.industry,
        "line": change.line,
        "scheme": change.scheme,
        "kind": change.kind,
        "stage": change.stage,
        "grade": change.grade,
        "previous_grade": change.previous_grade,
        "managed_as": change.managed_as,
        "managed_until": change.managed_until,
        "effective_on": change.effective_on,
        "notice_id": change.notice_id,
        "sheet": change.sheet,
        "row": change.row,
        "cites": change.cites,
        "mended_by": change.mended_by,
        "withdrawn": change.withdrawn,
        "url": f"/enterprises/{change.enterprise_id}",
    }


def _amendment(amendment: histories.Amendment) -> dict[str, Any]:
    return {
        "entry": amendment.entry,
        "kind": amendment.kind,
        "published_at": amendment.published_at,
        "before": amendment.before,
        "now": amendment.facts,
        "mends": amendment.mends,
        "undone": amendment.undone,
        "reason": amendment.reason,
        "reference": amendment.reference,
    }


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
