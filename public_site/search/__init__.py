"""Search: the face. What goes in (`Document`), what is asked (`Query`), what comes back (`Found`), and how text is read.

Engines (`embedded_index`, `meilisearch_index`) only find and count; every displayed fact comes from the register.
"""

from __future__ import annotations

from public_site.search.highlighting import highlight
from public_site.search.text import normal, terms
from public_site.search.values import (
    SORTS,
    CursorNotValid,
    Document,
    Engine,
    EngineAway,
    Found,
    IndexDamaged,
    IndexMissing,
    Query,
    QueryNotValid,
    Source,
    WriterBusy,
)

__all__ = [
    "SORTS",
    "CursorNotValid",
    "Document",
    "Engine",
    "EngineAway",
    "Found",
    "IndexDamaged",
    "IndexMissing",
    "Query",
    "QueryNotValid",
    "Source",
    "WriterBusy",
    "highlight",
    "normal",
    "terms",
]
