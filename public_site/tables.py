"""Every table of the register's database in one place, for migrations and for the test that holds them to the models."""

from __future__ import annotations

from sqlmodel import SQLModel

from public_site import drafts, log, register, standings

METADATA = SQLModel.metadata
# Modules whose tables the metadata holds once they are imported.
MODULES = (register, log, standings, drafts)
