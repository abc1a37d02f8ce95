"""What authorities decided, year by year: everywhere, in a place, in an industry.

What this module knows that no other does: that a year is that of the notice's day, that only decided notices which were not
withdrawn count, and that the notice tables keep the counts, so that no decision is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from public_site import places


@dataclass(frozen=True, slots=True)
class Year:
    """What authorities decided in a year, by the days of their notices."""

    year: str
    notices: int
    decisions: int
    downgrades: int


_YEAR = "substr(n.issued_on, 1, 4)"
_COUNTS = "n.stage = 'decided' AND n.withdrawn = 0"
_OF_NOTICES = f"SELECT {_YEAR}, count(*), sum(n.decisions), sum(n.downgrades) FROM notice n WHERE {_COUNTS}"


def everywhere(connection: Connection) -> list[Year]:
    """Ascending; summed over all notices, so to be asked once for each entry number."""
    return _years(connection, _OF_NOTICES)


def of_place(connection: Connection, code: str) -> list[Year]:
    """Ascending; what the authorities of a place decided, and of the places within it."""
    least, most = places.codes_within(code)
    return _years(connection, f"{_OF_NOTICES} AND n.division >= :least AND n.division <= :most", least=least, most=most)


def of_industry(connection: Connection, name: str) -> list[Year]:
    """Ascending; what was decided of an industry and of its parts."""
    query = (f"SELECT {_YEAR}, count(DISTINCT n.id), sum(i.decisions), sum(i.downgrades)"
             f" FROM notice_industry i JOIN notice n ON n.id = i.notice_id WHERE {_COUNTS}"
             " AND (i.industry = :name OR (i.industry >= :parts AND i.industry < :after))")  # fmt: skip
    # What begins with "name/": "0" follows "/" in the order of code points.
    return _years(connection, query, name=name, parts=f"{name}/", after=f"{name}0")


def _years(connection: Connection, query: str, **values: str) -> list[Year]:
    found = connection.execute(text(f"{query} GROUP BY {_YEAR} ORDER BY 1"), values)
    return [Year(str(year), int(n), int(decided), int(fallen)) for year, n, decided, fallen in found]
