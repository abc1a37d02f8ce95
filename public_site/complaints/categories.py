"""What was seen: the categories of a pollution report, as shipped in `reference/complaint_categories.csv`. Pure."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def table() -> MappingProxyType[str, tuple[str, str]]:
    """Category → (title, hint), in the order in which they are asked."""
    text = (files("public_site") / "reference" / "complaint_categories.csv").read_text(encoding="utf-8")
    return MappingProxyType({r["id"]: (r["title"], r["hint"]) for r in csv.DictReader(text.splitlines())})
