"""What is not described does not exist: every address and every column of a download stands in the README."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi.routing import APIRoute

from data_export.fields import TABLES
from public_site.web import csv_lines
from public_site.web.app import ALWAYS, PARTS, pages_of

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

_ENDING = re.compile(r"\.(feed\.json|json|excel\.csv|csv|xlsx|geojson|atom|rss)$")


def test_the_readme_describes_every_address() -> None:
    routes = [route for pages in (ALWAYS, *map(pages_of, PARTS)) for page in pages for route in page.routes.routes]
    paths = {route.path for route in routes if isinstance(route, APIRoute) and not route.path.startswith("/static/")}
    assert len(paths) >= 40
    described = {re.sub(r"\{[^}]*\}", "{}", path) for path in re.findall(r"`(/[^`?]*)", README)}
    wanted = {re.sub(r"\{[^}]*\}", "{}", path) for path in paths}
    assert {path for path in wanted if not {path, _ENDING.sub("", path)} & described} == set()
    endings = {found[1] for path in wanted if (found := _ENDING.search(path))}
    assert {ending for ending in endings if f".{ending}" not in README} == set()


def test_the_readme_describes_every_column_of_the_list_as_csv() -> None:
    assert [column.name for column in csv_lines.COLUMNS if f"`{column.name}`" not in README] == []


def test_the_readme_names_every_table_and_field_of_the_open_data() -> None:
    rows = {
        table: set(re.findall(r"`(\w+)`", fields))
        for table, fields in re.findall(r"^\| `(\w+)` \| (`id`.*|`\w+`, .*) \|$", README, re.MULTILINE)
    }
    assert {table.name: {field.name for field in table.fields} for table in TABLES}.items() <= rows.items()
