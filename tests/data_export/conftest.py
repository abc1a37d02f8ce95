"""An exporter over an empty register, and over one that shows everything a file can meet; both on both databases."""

from __future__ import annotations

import pytest

from public_site.database import Database
from public_site.settings import Settings
from tests.data_export.exporter import Exporter, publish_everything
from tests.desk import Desk


@pytest.fixture
def exporter(database: Database, settings: Settings) -> Exporter:
    """An exporter over the empty register of `settings`."""
    return Exporter(database, settings, settings.open_data_folder)


@pytest.fixture
def published(desk: Desk, exporter: Exporter) -> Exporter:
    """The exporter over a register with everything in it."""
    publish_everything(desk)
    return exporter
