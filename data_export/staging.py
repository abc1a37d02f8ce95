"""The register's rows in DuckDB: read once, in one snapshot, by plain SQL; then each public table put together from them.

What this module knows that no other does: which columns of the register's tables go out, and the expression of each
published field. Rows travel as CSV through a file, because both databases and DuckDB are fast at that: the driver's
cursor goes straight into the csv writer (SQLite), or the server writes it (PostgreSQL). Text stands in the staged tables
exactly as in the register; no published text is empty, so that empty means unknown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
from sqlalchemy import Connection, text

from data_export.fields import TABLES, Table
from public_site import grades, mending, places, register

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
    "entry": (
        "number BIGINT, kind VARCHAR, stage VARCHAR, notice_id BIGINT, enterprise_id BIGINT, unit_id BIGINT,"
        " effective_on VARCHAR, published_at VARCHAR, body VARCHAR",
        "FROM entry ORDER BY number",
    ),
}
_PLACES: Final = "".join(f" LEFT JOIN places AS {x} ON {x}.code = e.{x}" for x in ("province", "city", "county"))
# A code that the list of divisions no longer has stands for itself.
_LINE: Final = "".join(f"e.{x} AS {x}_code, coalesce({x}.name, e.{x}) AS {x}, " for x in ("province", "city", "county"))
# The body is {"data":…,"effective_on":…, …}, keys in order; a quote inside a string is escaped, so the last match is it.
_DATA: Final = """regexp_extract(body, '^\\{"data":(.*),"effective_on":', 1)"""
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
    "entries": f"""
        SELECT number, kind, stage, notice_id, enterprise_id, unit_id, effective_on, published_at,
            body ->> '$.sheet' AS sheet, CAST(body ->> '$.row' AS BIGINT) AS row, {_DATA}::JSON AS data
        FROM raw_entry ORDER BY number""",
}  # fmt: skip
# A row told again as the canonical body of its entry: who has the file can hash it and check it against the log.
_BODY: Final = """
    concat('{"data":', data, ',"effective_on":', coalesce(to_json(effective_on), 'null'),
           ',"enterprise":', coalesce(enterprise_id::VARCHAR, 'null'), ',"kind":', to_json(kind),
           ',"notice":', coalesce(notice_id::VARCHAR, 'null'), ',"number":', number,
           ',"published_at":', to_json(published_at), ',"row":', coalesce(row::VARCHAR, 'null'),
           ',"sheet":', coalesce(to_json(sheet), 'null'), ',"stage":', coalesce(to_json(stage), 'null'),
           ',"unit":', coalesce(unit_id::VARCHAR, 'null'), '}')"""


class Staging:
    """The published tables at entry `number`, in a DuckDB file below `folder` that is thrown away with it."""

    def __init__(self, folder: Path, *, memory_mb: int, threads: int) -> None:
        self.folder = folder
        self.number = 0
        self.published_at = ""
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
        for table, rows in (("places", _places()), ("industries", _industries()), ("notices", _notices(connection))):
            self._take_rows(table, rows)
        for name, (columns, source) in _RAW.items():
            path = self.folder / f"{name}.csv"
            _copy(connection, f"SELECT {', '.join(c.split()[0] for c in columns.split(', '))} {source}", path)
            self._take_file(f"raw_{name}", columns, path)

    def make(self) -> None:
        """Put the public tables together from what was read."""
        for table, statement in _MADE.items():
            self.duck.execute(f"CREATE TABLE {table} AS {statement}")

    def forget_raw(self) -> None:
        """Give back what only `make` needed."""
        for name in _RAW:
            self.duck.execute(f"DROP TABLE raw_{name}")

    def broken_entries(self) -> int:
        """How many rows of `entries` do not give back the body that the register hashed (before `forget_raw`)."""
        told = _MADE["entries"].replace("SELECT number", "SELECT body, number")
        return self.one(f"SELECT count(*) FROM ({told}) WHERE body <> {_BODY}")

    def one(self, query: str) -> int:
        """The one number that a query gives."""
        found = self.duck.cursor().execute(query).fetchone()
        assert found is not None
        return int(found[0])

    def rows(self, table: Table) -> int:
        """How many rows a table has."""
        return self.one(f"SELECT count(*) FROM {table.name}")

    def _take_file(self, table: str, columns: str, path: Path) -> None:
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in (c.split() for c in columns.split(", ")))
        self.duck.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv($path, columns = {{{types}}}, header = false, delim = ',',"
            " quote = '\"', escape = '\"', nullstr = '', auto_detect = false, parallel = true, new_line = '\\n',"
            " max_line_size = 16777216, buffer_size = 33554432, strict_mode = true, null_padding = false)",
            {"path": str(path)},
        )
        path.unlink()

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


def _copy(connection: Connection, query: str, path: Path) -> None:
    """The rows of a query as CSV without header; null and empty text are both nothing between two commas."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with path.open("wb") as file, driver.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as blocks:
            for block in blocks:
                file.write(block)
        return
    cursor: Any = connection.exec_driver_sql(query).cursor
    with path.open("w", encoding="utf-8", newline="", buffering=1 << 20) as file:
        csv.writer(file, lineterminator="\n").writerows(cursor)


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


def _rank(label: str) -> tuple[str, int]:
    found = grades.grade(label)
    return found.scale, -found.rank


def _notices(connection: Connection) -> list[dict[str, Any]]:
    """The notices as their corrections leave them; there are thousands, not millions."""
    known = register.latest_number(connection)
    amended = register.amended_notices(connection, known)
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
