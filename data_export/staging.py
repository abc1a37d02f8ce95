"""The register's rows in DuckDB: read once, in one snapshot, by plain SQL; then each public table put together from them.

What this module knows that no other does: which columns of the register's tables go out, and the expression of each
published field. Each row travels as one line of JSON through a file: both databases write JSON themselves, DuckDB takes
it apart on every core, and an entry is such a line already, so that Python looks into none of them. Text stands in the
staged tables exactly as in the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
from sqlalchemy import Connection, text

from data_export.fields import TABLES, Table
from public_site import grades, mending, open_data, places, register, trails

_BATCH: Final = 5_000
_STRETCH: Final = 500_000  # entries that are taken in at once
# Name of a raw table → (its columns with their DuckDB types, the statement that reads them from the register).
_RAW: Final = {
    "enterprise": (
        "id BIGINT, name VARCHAR, credit_code VARCHAR, province VARCHAR, city VARCHAR, county VARCHAR, zone VARCHAR,"
        " lat_e6 BIGINT, lon_e6 BIGINT, overall_grade VARCHAR, overall_reason VARCHAR, excellence INTEGER,"
        " since VARCHAR, downgraded_on VARCHAR, touched BIGINT",
        "FROM enterprise ORDER BY id",
    ),
    "former_name": (
        "enterprise_id BIGINT, ordinal INTEGER, name VARCHAR",
        "FROM enterprise_name WHERE ordinal > 0 ORDER BY enterprise_id, ordinal",
    ),
    "holding": (
        "unit_id BIGINT, enterprise_id BIGINT, site VARCHAR, industry VARCHAR, line VARCHAR, grade VARCHAR,"
        " scheme VARCHAR, since VARCHAR, entry BIGINT, notice_id BIGINT, listed INTEGER, managed_as VARCHAR,"
        " managed_until VARCHAR, downgraded_on VARCHAR, proposed_grade VARCHAR, proposed_scheme VARCHAR,"
        " proposed_since VARCHAR, proposed_entry BIGINT, proposed_notice_id BIGINT",
        "FROM holding WHERE to_day IS NULL ORDER BY unit_id",
    ),
}
_PLACES: Final = "".join(f" LEFT JOIN places AS {x} ON {x}.code = e.{x}" for x in ("province", "city", "county"))
# A code that the list of divisions no longer has stands for itself.
_LINE: Final = "".join(f"e.{x} AS {x}_code, coalesce({x}.name, e.{x}) AS {x}, " for x in ("province", "city", "county"))
# The body is {"data":…,"effective_on":…, …}, keys in order; a quote inside a string is escaped, so the last match is it.
_DATA: Final = """regexp_extract(body, '^\\{"data":(.*),"effective_on":', 1)"""
# Entries are read in order and stay in it (sorting three million bodies would spill to the disk); `checking` looks.
_MADE: Final = {
    "enterprises": f"""
        SELECT e.id, e.name, f.names AS former_names, e.credit_code, {_LINE} e.zone, e.lat_e6 / 1e6 AS lat,
            e.lon_e6 / 1e6 AS lon, e.overall_grade, e.overall_reason, e.excellence = 1 AS excellence, e.since,
            e.downgraded_on, e.touched AS entry
        FROM raw_enterprise e {_PLACES}
        LEFT JOIN (SELECT enterprise_id, list(name ORDER BY ordinal DESC) AS names FROM raw_former_name GROUP BY ALL) f
            ON f.enterprise_id = e.id
        ORDER BY e.id""",
    "units": "SELECT unit_id AS id, enterprise_id, site, industry, line FROM raw_holding ORDER BY unit_id",
    "grades": """
        SELECT h.unit_id, h.enterprise_id, e.name AS enterprise, h.industry, h.grade, h.scheme,
            CASE WHEN h.entry IS NULL THEN 'proposed' ELSE 'decided' END AS stage, h.since, h.listed = 1 AS listed,
            h.managed_as, h.managed_until, h.downgraded_on, h.entry, h.notice_id, h.proposed_grade, h.proposed_scheme,
            h.proposed_since, h.proposed_entry, h.proposed_notice_id
        FROM raw_holding h LEFT JOIN raw_enterprise e ON e.id = h.enterprise_id ORDER BY h.unit_id""",
}  # fmt: skip
# An entry's body is {"data":…,"effective_on":…, …}, keys in order. All that follows the data is told again from the columns
# and cut off: what is left are the data, and a row whose body ends otherwise is broken. So who has the file can make every
# body from it and check it against the log.
_ENTRY: Final = (
    "number",
    "kind",
    "stage",
    "notice",
    "enterprise",
    "unit",
    "effective_on",
    "published_at",
    "sheet",
    "row",
)
_ENTRIES: Final = f"""
    SELECT f[1]::BIGINT AS number, f[2] AS kind, f[3] AS stage, f[4]::BIGINT AS notice_id,
        f[5]::BIGINT AS enterprise_id, f[6]::BIGINT AS unit_id, f[7] AS effective_on, f[8] AS published_at, f[9] AS sheet,
        f[10]::BIGINT AS row, substring(line, 9, length(line) - 8 - length(tail))::JSON AS data,
        NOT (starts_with(line, '{{"data":') AND ends_with(line, tail)) AS is_broken
    FROM (
        SELECT line, f, concat(',"effective_on":', coalesce(to_json(f[7]), 'null'),
            ',"enterprise":', coalesce(f[5], 'null'), ',"kind":', to_json(f[2]), ',"notice":', coalesce(f[4], 'null'),
            ',"number":', f[1], ',"published_at":', to_json(f[8]), ',"row":', coalesce(f[10], 'null'),
            ',"sheet":', coalesce(to_json(f[9]), 'null'), ',"stage":', coalesce(to_json(f[3]), 'null'),
            ',"unit":', coalesce(f[6], 'null'), '}}') AS tail
        FROM (
            SELECT line, json_extract_string(line, [{", ".join(f"'$.{name}'" for name in _ENTRY)}]) AS f FROM lines
        )
    )"""


class Staging:
    """The published tables at entry `number`, in a DuckDB file below `folder` that is thrown away with it."""

    def __init__(self, folder: Path, *, memory_mb: int, threads: int) -> None:
        self.folder = folder
        self.number = 0
        self.published_at = ""
        self._lines = folder / "lines"
        self.duck = duckdb.connect(
            str(folder / "staging.duckdb"),
            config={
                "memory_limit": f"{memory_mb}MB", "threads": threads, "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": True, "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )  # fmt: skip

    def read(self, connection: Connection) -> None:
        """Take every row in from one snapshot of the register."""
        self.number = register.latest_number(connection)
        self.published_at = register.entry(connection, self.number).published_at
        for table, rows in (
            ("places", _places()),
            ("industries", _industries()),
            ("notices", _notices(connection)),
            ("complaint_statistics", _complaint_statistics(connection, open_data.day(self.published_at))),
        ):
            self._take_rows(table, rows)
        make = "json_array" if connection.dialect.name == "sqlite" else "json_build_array"
        for name, (columns, source) in _RAW.items():
            of = [column.split() for column in columns.split(", ")]
            fields = ", ".join(f"f[{at}]::{kind} AS {column}" for at, (column, kind) in enumerate(of, 1))
            paths = ", ".join(f"'$[{at}]'" for at in range(len(of)))
            _copy(connection, f"SELECT {make}({', '.join(column for column, _ in of)}) {source}", self._lines)
            self._take_lines(
                f"raw_{name}", f"SELECT {fields} FROM (SELECT json_extract_string(line, [{paths}]) AS f FROM lines)"
            )
        self._read_entries(connection)

    def _read_entries(self, connection: Connection) -> None:
        """Entries are read in order and stay in it (sorting three million would spill to the disk); `checking` looks.

        While DuckDB takes one stretch of them apart, the next one is read.
        """
        duck = self.duck.cursor()
        with ThreadPoolExecutor(1) as taking:
            taken: Future[None] | None = None
            for start in range(0, self.number, _STRETCH):
                lines = self.folder / f"lines-{start}"
                query = (
                    f"SELECT body FROM entry WHERE number > {start} AND number <= {start + _STRETCH} ORDER BY number"
                )
                _copy(connection, query, lines)
                if taken is not None:
                    taken.result()
                how = "INSERT INTO entries" if start else "CREATE TABLE entries AS"
                taken = taking.submit(_take, duck, lines, f"{how} {_ENTRIES}")
            if taken is not None:
                taken.result()

    def make(self) -> None:
        """Put the public tables together from what was read, and give back what only that needed."""
        for table, statement in _MADE.items():
            self.duck.execute(f"CREATE TABLE {table} AS {statement}")
        for name in _RAW:
            self.duck.execute(f"DROP TABLE raw_{name}")

    def broken_entries(self) -> int:
        """How many rows of `entries` do not give back the body that the register hashed."""
        return self.one("SELECT count(*) FROM entries WHERE is_broken IS NOT false")

    def one(self, query: str) -> int:
        """The one number that a query gives."""
        found = self.duck.cursor().execute(query).fetchone()
        assert found is not None
        return int(found[0])

    def rows(self, table: Table) -> int:
        """How many rows a table has."""
        return self.one(f"SELECT count(*) FROM {table.name}")

    def _take_lines(self, table: str, statement: str) -> None:
        _take(self.duck, self._lines, f"CREATE TABLE {table} AS {statement}")

    def _take_rows(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        fields = next(t.fields for t in TABLES if t.name == table)
        kinds = {"integer": "BIGINT", "boolean": "BOOLEAN", "list": "VARCHAR[]"}
        columns = ", ".join(f"'{f.name}': '{kinds.get(f.type, 'VARCHAR')}'" for f in fields)
        path = self.folder / f"{table}.jsonl"
        with path.open("wb") as file:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        self.duck.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_json($path, columns = {{{columns}}},"
            " format = 'newline_delimited', maximum_object_size = 16777216)",
            {"path": str(path)},
        )
        path.unlink()


def _take(duck: duckdb.DuckDBPyConnection, lines: Path, statement: str) -> None:
    """A statement over the view `lines` of a file, which is gone then; no line holds a control character, so nothing is
    quoted."""
    path = str(lines).replace("'", "''")
    duck.execute(
        f"CREATE OR REPLACE TEMP VIEW lines AS SELECT * FROM read_csv('{path}', columns = {{'line': 'VARCHAR'}},"
        " header = false, delim = '\x1f', quote = '', escape = '', auto_detect = false, new_line = '\\n',"
        " max_line_size = 16777216, buffer_size = 33554432)"
    )
    duck.execute(statement)
    lines.unlink()


def _copy(connection: Connection, query: str, path: Path) -> None:
    """The JSON texts that a query gives, one a line (JSON escapes what would break a line)."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        command = f"COPY ({query}) TO STDOUT (FORMAT csv, DELIMITER E'\\x1f', QUOTE E'\\x01')"
        with path.open("wb") as file, driver.cursor().copy(command) as blocks:
            file.writelines(blocks)
        return
    cursor: Any = connection.exec_driver_sql(query).cursor
    with path.open("w", encoding="utf-8", newline="", buffering=1 << 20) as file:
        while rows := cursor.fetchmany(_BATCH):
            file.write("\n".join([text for (text,) in rows]) + "\n")


def _places() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def add(parent: str | None, level: Sequence[str]) -> None:
        for one in places.children(parent):
            here = level[0] if one.code.endswith("0000") else "city" if one.code.endswith("00") else "county"
            found.append({"code": one.code, "name": one.name, "level": here, "parent_code": parent})
            if here != "county":
                add(one.code, level)

    add(None, ("province",))
    return sorted(found, key=lambda row: row["code"])


def _industries() -> list[dict[str, Any]]:
    rows = [
        {
            "id": one.name if family == "national" else f"{family}:{one.name}",
            "name": one.name,
            "parent": one.parent,
            "family": family,
            "levels": sorted(one.levels, key=_rank) if one.levels else None,
            "source": one.source or None,
        }
        for family in ("national", "local")
        for one in grades.industries(family)
    ]
    return sorted(rows, key=lambda row: str(row["id"]))


def _complaint_statistics(connection: Connection, day: str) -> list[dict[str, Any]]:
    """Those that were closed before the version's day: whenever it is made again, they are the same."""
    query = text("SELECT quarter, place, category, complaints, closed_on FROM complaint_count WHERE closed_on < :day")
    rows = [
        {
            "id": f"{quarter}-{place or 'CN'}-{category}",
            "quarter": quarter,
            "place_code": place or None,
            "place": _place_name(place or None),
            "category": category,
            "complaints": complaints,
            "closed_on": closed_on,
        }
        for quarter, place, category, complaints, closed_on in connection.execute(query, {"day": day})
    ]
    return sorted(rows, key=lambda row: row["id"])


def _rank(label: str) -> tuple[str, int]:
    found = grades.grade(label)
    return found.scale, -found.rank


def _notices(connection: Connection) -> list[dict[str, Any]]:
    """The notices as their corrections leave them; there are thousands, not millions."""
    known = register.latest_number(connection)
    amended = trails.amended_notices(connection, known)
    query = text("SELECT n.*, e.body FROM notice n JOIN entry e ON e.number = n.id ORDER BY n.id")
    fields = next(t.fields for t in TABLES if t.name == "notices")
    rows = []
    for row in connection.execute(query).mappings():
        published = register.read(row["body"])
        trail = amended.get(row["id"], [published])
        said = mending.notice(published, trail, mending.undone(trail)).said
        told = {f.name: row[f.name] if f.name in row else said.get(f.name) or None for f in fields}
        code = row["division"]
        told |= {"division_code": code, "division": _place_name(code), "bytes": said["size"]}
        rows.append(told | {"withdrawn": bool(row["withdrawn"])})
    return rows


def _place_name(code: str | None) -> str | None:
    if code is None or not places.is_division(code):
        return code
    return places.name(code)
