"""A copy of complaints: whole, opened by the offline key alone, and brought back elsewhere."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from public_site.complaints import copies, following, handling, keys
from public_site.complaints.store import Store
from public_site.faults import NotValid
from tests.complaints.inbox import PASSPHRASE, PASSWORD, SECRET, TODAY, Inbox
from tests.complaints.test_photos import picture


@pytest.fixture
def halves(inbox: Inbox, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of one complaint with a photo, while somebody holds the key and has it unlocked."""
    inbox.session("甲", "t")
    keys.grant(inbox.store, "甲", inbox.private)
    inbox.session("甲", "unlocked")
    sealed, wraps = tmp_path / "one" / "complaints.copy", tmp_path / "other" / "wraps.copy"
    inbox.lodge(photos=(picture("JPEG", (64, 48)),))
    assert copies.backup(inbox.store, sealed, wraps) == 1
    return sealed, wraps


def elsewhere(inbox: Inbox, folder: Path) -> Store:
    """Another machine with nothing on it."""
    settings = inbox.store.settings.model_copy(update={"data": folder})
    folder.mkdir()
    if settings.database_url:
        inbox.store.close()
        engine = create_engine(settings.register_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for schema in ("complaints", "complaint_keys"):
                connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()
    return Store(settings)


def test_what_was_copied_comes_back_elsewhere_with_the_offline_key(
    inbox: Inbox, halves: tuple[Path, Path], tmp_path: Path
) -> None:
    code = inbox.lodge().code
    assert code == inbox.lodge().code
    with closing(elsewhere(inbox, tmp_path / "elsewhere")) as store:
        with pytest.raises(keys.NotTheKey):
            copies.restore(store, *halves, inbox.offline, PASSPHRASE + "x")
        with pytest.raises(copies.NoCopy):
            copies.restore(store, halves[1], halves[0], inbox.offline, PASSPHRASE)
        assert not store.is_open
        assert copies.restore(store, *halves, inbox.offline, PASSPHRASE) == 1
        told = following.follow(store, code, on=TODAY)
        assert (told.statement["said"], told.photos) == (SECRET, 1)
        again = Inbox(store, inbox.offline)
        assert handling.view(store, again.desk("fuling"), 1, on=TODAY).statement["said"] == SECRET  # type: ignore[index]
        assert not keys.unlock(store, "甲", PASSWORD, "t2", at=datetime.now(UTC)), "the key is granted anew"
        assert again.lodge("another").reference != told.case.reference
        with pytest.raises(keys.CeremonyHeld):
            copies.restore(store, *halves, inbox.offline, PASSPHRASE)


def test_no_password_nor_anything_else_but_the_offline_key_opens_a_copy(
    inbox: Inbox, halves: tuple[Path, Path]
) -> None:
    both = b"".join(half.read_bytes() for half in halves)
    folder = inbox.store.folder
    for secret in (
        SECRET.encode(),
        inbox.private,
        (folder / "pepper").read_bytes(),
        (folder / "proof.pem").read_bytes(),
    ):
        assert secret not in both
    for half in halves:
        assert half.stat().st_mode & 0o077 == 0
        with create_engine(f"sqlite:///{half}").connect() as connection:
            names = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
        assert names.isdisjoint({"holder", "unlocked", "bucket", "daily_key"})
    with create_engine(f"sqlite:///{halves[1]}").connect() as connection:
        recipients = set(connection.execute(text("SELECT recipient FROM wrap")).scalars())
    assert recipients == {"console", "code"}


def test_a_copy_from_before_a_rotation_is_not_opened_by_the_new_key(
    inbox: Inbox, halves: tuple[Path, Path], tmp_path: Path
) -> None:
    new = tmp_path / "new.key"
    keys.rotate(inbox.store, inbox.offline, PASSPHRASE, new, PASSPHRASE * 2)
    with closing(elsewhere(inbox, tmp_path / "elsewhere")) as store:
        with pytest.raises(keys.NotTheKey):
            copies.restore(store, *halves, new, PASSPHRASE * 2)
        assert not store.is_open


def test_nothing_is_written_over(inbox: Inbox, halves: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(NotValid, match="已存在"):
        copies.backup(inbox.store, halves[0], tmp_path / "new.copy")
    assert not (tmp_path / "new.copy").exists()


def test_what_was_erased_before_has_no_keys_in_a_copy(inbox: Inbox, tmp_path: Path) -> None:
    following.erase(inbox.store, inbox.lodge().code, on=TODAY)
    assert copies.backup(inbox.store, tmp_path / "sealed", tmp_path / "wraps") == 0
    with create_engine(f"sqlite:///{tmp_path / 'wraps'}").connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM wrap")).scalar() == 0
