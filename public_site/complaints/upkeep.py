"""What happens to complaints by itself: a clock runs out, a time to keep ends.

What this module knows that no other does: a complaint that nobody accepts in time goes to the body above, one that is not
finished in time stays and is seen by the body above; one that was closed long enough ago is destroyed like one that its
informant erased.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection, text

from public_site.complaints import bodies, cases, following, routing
from public_site.complaints.cases import Case
from public_site.complaints.routing import Matter
from public_site.complaints.store import Store


def escalate(store: Store, *, on: date) -> int:
    """Do what is due; how many complaints it touched. Doing it twice changes nothing."""
    with store.sealed.writing() as connection:
        rows = connection.execute(
            text(f"SELECT {cases.COLUMNS} FROM complaint WHERE state IN ('routed', 'offered', 'working')"
                 " AND due_on < :today AND late = 0 ORDER BY id"), {"today": on.isoformat()}
        ).all()  # fmt: skip
        for row in rows:
            case = Case(*row)
            if case.state == "working":
                _see_above(connection, case, on)
            else:
                _go_above(connection, case, on)
    return len(rows)


def forget(store: Store, *, days: int, on: date) -> int:
    """Destroy what was closed more than so many days ago; how many."""
    oldest = (on - timedelta(days=days)).isoformat()
    with store.looking() as connection:
        rows = connection.execute(
            text(f"SELECT {cases.COLUMNS} FROM complaint WHERE state IN ('closed', 'refused', 'withdrawn')"
                 " AND closed_on < :oldest"), {"oldest": oldest}
        ).all()  # fmt: skip
    for row in rows:
        following.destroy(store, Case(*row), on=on)
    if rows:
        store.shred()
    return len(rows)


def _see_above(connection: Connection, case: Case, on: date) -> None:
    known = bodies.all_of(connection)
    above = known.get(known[case.body].parent)
    cases.add_step(
        connection, case, "overdue", by="system", on=on, body=above.id if above else None, changes={"late": 1}
    )
    if above:
        cases.write_letter(connection, "overdue", case.reference, above, on)


def _go_above(connection: Connection, case: Case, on: date) -> None:
    known = bodies.all_of(connection)
    rows = connection.execute(text("SELECT DISTINCT body FROM step WHERE complaint = :id AND body IS NOT NULL"), {"id": case.id})  # fmt: skip
    involved = (frozenset(rows.scalars()) | ({case.about_body} if case.about_body else set())) - {case.body}
    if case.body == routing.DUTY:
        cases.add_step(
            connection,
            case,
            "escalate",
            by="system",
            on=on,
            body=case.body,
            code=routing.DESK_LATE,
            changes={"late": 1},
        )
        return
    route = routing.route(Matter(case.kind, case.place, about=case.body, involved=involved), known)
    why = routing.LATE.format(subject=known[case.body].name, body=route.body.name)
    changes = cases.to_body(case.kind, case.place, route.body, on)
    cases.add_step(connection, case, "escalate", by="system", on=on, body=route.body.id, code=why, changes=changes)
    cases.write_letter(connection, "overdue", case.reference, route.body, on)
