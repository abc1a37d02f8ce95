"""A power cut at any moment loses nothing that was acknowledged; a full disk takes photos, never words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from public_site.complaints import following, lodging
from public_site.complaints.store import Store
from tests.complaints import kills
from tests.complaints.inbox import SECRET, TODAY, Inbox
from tests.complaints.test_photos import picture


def test_killed_under_load_every_acknowledged_complaint_is_there_with_its_photos(tmp_path: Path) -> None:
    tally = kills.killed(tmp_path, 3)
    assert len(tally.acknowledged) >= 3


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_on_a_full_disk_the_text_is_taken_and_the_photos_are_refused_in_words(inbox: Inbox) -> None:
    pages = _limit_to(inbox.store, 60)
    lodged = inbox.lodge(photos=(picture("JPEG", (1600, 1200)),))
    assert lodged.refused == (lodging.NO_ROOM,)
    seen = following.follow(inbox.store, lodged.code, on=TODAY)
    assert (seen.statement["said"], seen.photos) == (SECRET, 0)
    assert following.act(inbox.store, lodged.code, "add", "又来了", (picture("JPEG", (1600, 1200)),), on=TODAY) == (
        lodging.NO_ROOM,
    )
    assert following.follow(inbox.store, lodged.code, on=TODAY).steps[-1].said == "又来了"
    pages["most"] = 1_000_000
    inbox.store.close()
    assert following.act(inbox.store, lodged.code, "add", "", (picture("JPEG"),), on=TODAY) == ()
    assert following.follow(inbox.store, lodged.code, on=TODAY).photos == 1


def _limit_to(store: Store, most: int) -> dict[str, int]:
    """A database that is full at so many pages, as it would be on a full disk."""
    limit = {"most": most}
    for engine in (store.sealed._readers, store.sealed._writers):

        @event.listens_for(engine, "checkout")
        def full(connection: Any, *_: Any) -> None:
            connection.execute(f"PRAGMA max_page_count={limit['most']}")

    return limit
