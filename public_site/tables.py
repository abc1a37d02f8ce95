"""Every table of the register's database in one place, for migrations and for the test that holds them to the models."""

from __future__ import annotations

from sqlmodel import SQLModel

from public_site import (
    audit,
    complaint_counts,
    drafts,
    error_reports,
    followed,
    handovers,
    log,
    register,
    reviews,
    standings,
    supervisors,
    throttling,
    uploads,
)

METADATA = SQLModel.metadata
# Modules whose tables the metadata holds once they are imported.
MODULES = (register, log, standings, drafts, handovers, reviews, uploads, supervisors, audit, throttling, error_reports,
           followed, complaint_counts)  # fmt: skip
