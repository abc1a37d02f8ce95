"""An open inbox for every test of complaints, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from public_site.settings import Settings
from tests.complaints.inbox import Inbox, opened


@pytest.fixture
def inbox(settings: Settings, tmp_path: Path) -> Iterator[Inbox]:
    found = opened(settings, tmp_path / "offline")
    yield found
    found.store.close()
