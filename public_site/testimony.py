"""What a bank is told of an enterprise that was found: its grades on a day, and all that they rest on. Pure but for notices.

What this module knows that no other does: which entries such an account rests on, so that they can be proved; that grades
are those of the day that is asked about while name, code and corrections are as all that was known tells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from public_site import folding, grades, register
from public_site.database import chosen
from public_site.folding import Facts, Folded
from public_site.mending import Decision


def candidate(enterprise_id: int, facts: Facts) -> dict[str, Any]:
    """An enterprise that may be meant."""
    return {"id": enterprise_id, "name": facts.name, "credit_code": facts.credit_code,
            "place": facts.county or facts.city or facts.province}  # fmt: skip


def account(
    enterprise: Folded, trail: Sequence[register.Entry], as_of: str, used: set[int], notices: set[int]
) -> dict[str, Any]:
    """All that is told of an enterprise; the entries it rests on go into `used`, its notices into `notices`."""
    facts, held = enterprise.facts, enterprise.on(as_of)
    overall = folding.overall(held)
    history = [d for d in enterprise.decisions if d.effective_on <= as_of]
    falls = [d for d in history if d.kind == "downgraded" and d.stage == "decided" and not d.withdrawn]
    corrections = [e for e in trail if e.kind in register.AMENDING_KINDS]
    used.add(enterprise.id)
    used.update(d.entry for d in history)
    used.update(e.number for e in corrections)
    notices.update(d.notice for d in history)
    return {
        "id": enterprise.id,
        "name": facts.name,
        "former_names": list(enterprise.names[:-1]),
        "credit_code": facts.credit_code,
        "province": facts.province,
        "city": facts.city,
        "county": facts.county,
        "zone": facts.zone,
        "overall_grade": overall.grade,
        "overall_reason": overall.reason,
        "excellence": any(s.grade == "A+" and s.listed for s in held),
        "since": max((s.since for s in held if s.since and s.grade), default=None),
        "last_downgrade": max((d.effective_on for d in falls), default=None),
        "no_longer_listed": any(not s.listed for s in held),
        "units": [_unit(standing) for standing in held],
        "history": [_decision(decision) for decision in sorted(history, key=lambda d: (d.effective_on, d.entry))],
        "corrections": [
            {"entry": e.number, "kind": e.kind, "published_at": e.published_at, "reason": e.data.get("reason"),
             "mends": e.data.get("corrects") or e.data.get("withdraws") or e.data.get("undoes")}
            for e in corrections
        ],
        "url": f"/enterprises/{enterprise.id}?as_of={as_of}",
    }  # fmt: skip


def _unit(standing: folding.Standing) -> dict[str, Any]:
    proposal = standing.proposal
    return {
        "id": standing.unit, "site": standing.site, "industry": standing.industry, "line": standing.line,
        "scheme": standing.scheme, "scale": grades.grade(standing.grade).scale if standing.grade else None,
        "grade": standing.grade, "stage": "decided" if standing.entry is not None else "proposed",
        "since": standing.since, "entry": standing.entry, "notice_id": standing.notice, "listed": standing.listed,
        "managed_as": standing.managed_as, "managed_until": standing.managed_until,
        "downgraded_on": standing.downgraded_on,
        "proposal": proposal and {"grade": proposal.grade, "scheme": proposal.scheme, "since": proposal.since,
                                  "entry": proposal.entry, "notice_id": proposal.notice},
    }  # fmt: skip


_TOLD = ("entry", "unit", "kind", "stage", "grade", "previous_grade", "scheme", "industry", "line", "effective_on",
         "published_at", "managed_as", "managed_until", "sheet", "row", "cites", "mended_by", "withdrawn", "notice")  # fmt: skip
_AS = (*_TOLD[:-1], "notice_id")
_told_by = attrgetter(*_TOLD)


def _decision(decision: Decision) -> dict[str, Any]:
    return dict(zip(_AS, _told_by(decision), strict=True))


def notices(connection: Connection, ids: set[int], known: int, bodies: dict[int, bytes]) -> dict[str, dict[str, Any]]:
    """Where to read it: the notices as they were first published; their corrections are among the enterprise's.

    The text of each goes into `bodies`.
    """
    query = "SELECT number, body FROM entry WHERE number IN {values} AND number <= :known"
    found: dict[str, dict[str, Any]] = {}
    for number, body in chosen(connection, query, sorted(ids), known=known):
        bodies[number] = body.encode()
        said = register.read(body)
        found[str(number)] = {
            "id": number, "stage": said.stage,
            **{k: said.data.get(k) for k in ("title", "issuer", "number", "issued_on", "url", "sha256")},
        }  # fmt: skip
    return found
