"""Two other ways to answer the same questions: a plain scan that shows who is right, and SQLite's full-text search."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from public_site.search import Document, Query, normal, sounds
from public_site.search.cells import EARTH_METRES, Flags

_COLUMNS = ("province", "city", "county", "industry", "grade", "overall", "scheme", "excellence", "unlisted", "stage")


class Scan:
    """Every document looked at for every question; names as one list, the rest as columns."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.names: list[str] = []
        self.former: list[tuple[int, str]] = []
        self.codes: list[str] = []
        self.facts: list[frozenset[str]] = []
        self.days: list[int] = []
        lats, lons = [], []
        shared: dict[frozenset[str], frozenset[str]] = {}
        for row, one in enumerate(documents):
            self.names.append(normal(one.name))
            self.former.extend((row, normal(name)) for name in one.former_names)
            self.codes.append((one.credit_code or "").lower())
            facts = _facts(one)
            self.facts.append(shared.setdefault(facts, facts))
            self.days.append(one.downgraded_on.toordinal() if one.downgraded_on else 0)
            known = one.lat is not None and one.lon is not None
            lats.append(one.lat if known else np.nan)
            lons.append(one.lon if known else np.nan)
        self.lats, self.lons = np.array(lats, dtype=float), np.array(lons, dtype=float)
        self.characters = "".join(sorted(set("".join(self.names))))

    def total(self, query: Query) -> int:
        rows = set(range(len(self.names))) if not query.terms else self._by_text(query.terms)
        if query.near is not None or query.bbox is not None:
            rows &= set(np.flatnonzero(self._in_place(query)).tolist())
        wanted = [frozenset(f"{name}:{value}" for value in values) for name, values in _filters(query)]
        if wanted:
            rows = {row for row in rows if all(values & self.facts[row] for values in wanted)}
        if query.downgraded_since is not None:
            since = query.downgraded_since.toordinal()
            rows = {row for row in rows if self.days[row] >= since}
        return len(rows)

    def _by_text(self, terms: tuple[str, ...]) -> set[int]:
        return set.intersection(*(self._by_term(term, len(terms) == 1) for term in terms))

    def _by_term(self, term: str, alone: bool) -> set[int]:
        code = len(term) >= 4 and term.isascii() and term[2:8].isdigit()
        if code and len(term) == 18:
            return {row for row, other in enumerate(self.codes) if other == term}
        if len(term) == 1 and alone:
            found = {row for row, name in enumerate(self.names) if name.startswith(term)}
            return found | {row for row, name in self.former if name.startswith(term)}
        found = {row for row, name in enumerate(self.names) if term in name}
        found |= {row for row, name in self.former if term in name}
        if code:
            found |= {row for row, other in enumerate(self.codes) if other.startswith(term)}
        if len(term) > 1 and term.isascii() and term.isalpha():
            found |= self._heard(term)
        return found

    def _heard(self, term: str) -> set[int]:
        """By patterns of all characters that have a reading, pair by pair and run by run."""
        ways = [
            [self._pattern(way[i : i + 2], sounds.readings) for i in range(len(way) - 1)]
            or ["^" + self._pattern(way, sounds.readings)]
            for way in sounds.splits(term)
        ]
        runs = [term] if len(term) < 4 else [term[i : i + 4] for i in range(len(term) - 3)]
        ways.append([("^" if len(term) == 2 else "") + self._pattern(tuple(run), sounds.initials) for run in runs])
        found: set[int] = set()
        for patterns in ways:
            rest: Iterable[int] = range(len(self.names))
            for pattern in patterns:
                search = re.compile(pattern).search
                rest = [row for row in rest if search(self.names[row])]
            found.update(rest)
        return found

    def _pattern(self, parts: tuple[str, ...], heard: sounds.Hearing) -> str:
        return "".join("[" + "".join(c for c in self.characters if part in heard(c)) + "\x00]" for part in parts)

    def _in_place(self, query: Query) -> Flags:
        inside: Flags = ~np.isnan(self.lats)
        if query.bbox is not None:
            west, south, east, north = (round(edge, 6) for edge in query.bbox)
            inside &= (self.lats >= south) & (self.lats <= north) & (self.lons >= west) & (self.lons <= east)
        if query.near is not None:
            lat, lon = map(np.radians, query.near)
            lats, lons = np.radians(self.lats), np.radians(self.lons)
            cosine = np.sin(lat) * np.sin(lats) + np.cos(lat) * np.cos(lats) * np.cos(lons - lon)
            inside &= np.rint(EARTH_METRES * np.arccos(np.clip(cosine, -1, 1))) <= query.reach_km * 1000
        return inside


def _facts(one: Document) -> frozenset[str]:
    values = {
        "province": (one.province,),
        "city": (one.city,),
        "county": (one.county,),
        "industry": (*one.industries, *(name.split("/")[0] for name in one.industries)),
        "grade": one.grades,
        "overall": (one.overall,),
        "scheme": one.schemes,
        "stage": one.stages,
        "excellence": ("1",) if one.excellence else (),
        "unlisted": ("1",) if one.unlisted else (),
    }
    return frozenset(f"{name}:{value}" for name, of_name in values.items() for value in of_name if value)


def _filters(query: Query) -> list[tuple[str, tuple[str, ...]]]:
    chosen = {
        "province": query.provinces,
        "city": query.cities,
        "county": query.counties,
        "industry": query.industries,
        "grade": query.grades,
        "overall": query.overall,
        "scheme": query.schemes,
        "stage": query.stages,
        "excellence": ("1",) if query.excellence else (),
        "unlisted": ("1",) if query.unlisted else (),
    }
    return [(name, values) for name, values in chosen.items() if values]


class FullText:
    """SQLite FTS5 over two-character pieces of the names (its own trigrams find nothing for two characters).

    One question costs a count, a page and one GROUP BY for each facet, as a site built on it would ask.
    """

    def __init__(self, path: Path, documents: Iterable[Document]) -> None:
        path.unlink(missing_ok=True)
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode=OFF")
        self.connection.execute("PRAGMA synchronous=OFF")
        columns = ", ".join(_COLUMNS)
        self.connection.execute(f"CREATE TABLE enterprise (id INTEGER PRIMARY KEY, code TEXT, {columns})")
        self.connection.execute(
            "CREATE VIRTUAL TABLE name USING fts5(pieces, content='', tokenize=\"unicode61 remove_diacritics 0\")"
        )
        marks = ", ".join("?" * (len(_COLUMNS) + 2))
        for one in documents:
            self.connection.execute(f"INSERT INTO enterprise VALUES ({marks})", _row(one))
            self.connection.execute("INSERT INTO name (rowid, pieces) VALUES (?, ?)", (one.id, _pieces(one.name)))
        self.connection.execute("CREATE INDEX enterprise_code ON enterprise (code)")
        self.connection.execute("CREATE INDEX enterprise_place ON enterprise (province, city, county)")
        self.connection.commit()

    @staticmethod
    def can(query: Query) -> bool:
        """Names, whole codes and filters; it knows neither sounds nor slips nor places."""
        spoken = any(sounds.is_spelled(term) for term in query.terms)
        near = query.near is not None or query.bbox is not None or query.downgraded_since is not None
        return not spoken and not near and all(len(term) > 1 for term in query.terms)

    def total(self, query: Query) -> int:
        where, values = self._where(query)
        count: int = self.connection.execute(f"SELECT count(*) FROM enterprise WHERE {where}", values).fetchone()[0]
        page = f"SELECT id FROM enterprise WHERE {where} ORDER BY id LIMIT {query.limit}"
        self.connection.execute(page, values).fetchall()
        for column in _COLUMNS:
            if column not in ("city", "county"):
                facet = f"SELECT {column}, count(*) FROM enterprise WHERE {where} GROUP BY {column}"
                self.connection.execute(facet, values).fetchall()
        return count

    def _where(self, query: Query) -> tuple[str, list[str]]:
        parts, values = ["1"], []
        for term in query.terms:
            if term.isascii():
                parts.append("code GLOB ?")
                values.append(term + "*")
            else:
                parts.append("id IN (SELECT rowid FROM name WHERE name MATCH ?)")
                values.append(f'"{_pieces(term)}"')
        for name, of_name in _filters(query):
            parts.append(f"({' OR '.join([f'{name} = ?'] * len(of_name))})")
            values.extend(of_name)
        return " AND ".join(parts), values


def _pieces(name: str) -> str:
    plain = normal(name)
    return " ".join(plain[i : i + 2] for i in range(len(plain) - 1))


def _row(one: Document) -> tuple[object, ...]:
    first = [values[0] if values else None for values in (one.industries, one.grades, one.schemes, one.stages)]
    industry, grade, scheme, stage = first
    code = (one.credit_code or "").lower() or None
    place = (one.province, one.city, one.county)
    return (one.id, code, *place, industry, grade, one.overall, scheme, one.excellence, one.unlisted, stage)
