"""What the public pages say, gathered from the sources; `make messages` brings the catalogue up to it.

Gathered are `_("…")` and `N_("…")` of the program, `{% trans %}` and `_("…")` of the templates but the console's, and
the terms of the reference tables and of the data dictionary that pages show.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from data_export import fields
from public_site import languages

ROOT = Path(__file__).parent.parent
KEYWORDS = {
    "_": None, "N_": None, "P_": ((1, "c"), 2), "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
TERMS = {
    "scales.csv": ("grade", "title"), "industries.csv": ("name", "part"), "schemes.csv": ("title",),
    "complaint_categories.csv": ("title", "hint"), "complaint_rules.csv": ("sentence",), "complaint_clocks.csv": ("basis",),
}  # fmt: skip
JINJA = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.i18n"}
HEADER = "# What the public pages say, in English. The Chinese text is the key; `make messages` adds what is new.\n"


def sources() -> Iterator[tuple[str, str]]:
    """Every file that may say something, with the way to read it."""
    for path in sorted((ROOT / "public_site").rglob("*.py")):
        if "vendor" not in path.parts and "console" not in path.parts:
            yield "python", str(path.relative_to(ROOT))
    for path in sorted((ROOT / "templates").rglob("*.*")):
        if "console" not in path.parts:
            yield "jinja2", str(path.relative_to(ROOT))


def gathered() -> Catalog:
    """Every text with its places, untranslated."""
    found = Catalog(locale=languages.ENGLISH)
    for method, name in sources():
        with (ROOT / name).open("rb") as file:
            options = JINJA if method == "jinja2" else {}
            for _line, message, _comments, context in extract(method, file, keywords=KEYWORDS, options=options):
                flags = {"python-format"} if method == "jinja2" and "%(" in str(message) else set()
                found.add(message, locations=[(name, 0)], flags=flags, context=context)
    for name, columns in TERMS.items():
        with (ROOT / "public_site" / "reference" / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for column in columns:
                    if languages.HAN.search(row[column]):
                        found.add(row[column], locations=[(f"public_site/reference/{name}", 0)])
    for text in _dictionary():
        found.add(text, locations=[("data_export/fields.py", 0)])
    return found


def _dictionary() -> Iterator[str]:
    """What the data dictionary says of tables and fields, whose titles are in both languages there."""
    for table in fields.TABLES:
        yield table.meaning
        for field in table.fields:
            yield from (text for text in (field.meaning, field.unit) if languages.HAN.search(text))


def kept() -> Catalog:
    """The catalogue as it is kept, with its translations."""
    if not languages.CATALOG.exists():
        return Catalog(locale=languages.ENGLISH)
    with languages.CATALOG.open("rb") as file:
        return read_po(file, locale=languages.ENGLISH)


def places(text: str) -> list[str]:
    """The names of the values that a text has a place for."""
    return sorted(a or b for a, b in re.findall(r"%\((\w+)\)s|\{(\w+)[^{}]*\}", text))


def update() -> int:
    """Write the catalogue with what is new and without what is gone. Returns how many texts want a translation."""
    catalog = kept()
    catalog.update(gathered(), no_fuzzy_matching=True, keep_user_comments=False)
    catalog.obsolete.clear()
    languages.CATALOG.parent.mkdir(parents=True, exist_ok=True)
    with languages.CATALOG.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalog, width=0, include_lineno=False, omit_header=True)
    return sum(1 for message in catalog if message.id and not message.string)


if __name__ == "__main__":
    print(f"{update()} texts want a translation")  # noqa: T201
