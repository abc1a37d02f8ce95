"""The settings alone choose the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from public_site.search.embedded_index import EmbeddedIndex
from public_site.search.engines import engine
from public_site.search.meilisearch_index import MeilisearchIndex
from public_site.settings import Settings, SettingsRefused, from_environment


def test_without_an_address_the_engine_is_the_embedded_one(tmp_path: Path) -> None:
    assert isinstance(engine(Settings(data=tmp_path)), EmbeddedIndex)


def test_with_an_address_it_is_the_server(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("secret\n")
    index = engine(Settings(data=tmp_path, meili_url="http://127.0.0.1:7700", meili_key_file=key_file))
    assert isinstance(index, MeilisearchIndex)
    assert isinstance(engine(Settings(data=tmp_path, meili_url="http://127.0.0.1:7700")), MeilisearchIndex)


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", "密钥".encode(), b"\x00\x01"])
def test_a_key_file_that_holds_no_key_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    key_file = tmp_path / "key"
    if content is not None:
        key_file.write_bytes(content)
    with pytest.raises(SettingsRefused, match="PUBLIC_SITE_MEILI_KEY_FILE"):
        engine(Settings(data=tmp_path, meili_url="http://127.0.0.1:7700", meili_key_file=key_file))


@pytest.mark.parametrize("more", [{}, {"meili_url": "http://127.0.0.1:7700", "meili_key_file": Path("/run/key")}])
def test_workers_learn_the_choice_from_their_environment(
    more: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path, **more)  # type: ignore[arg-type]
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert from_environment() == settings


@pytest.mark.parametrize(("url", "other"), [("", "meilisearch"), ("http://127.0.0.1:7700", "tantivy")])
def test_who_uses_one_engine_does_not_load_the_other(url: str, other: str, tmp_path: Path) -> None:
    code = (
        "import sys; from public_site.search.engines import engine; from public_site.settings import from_environment;"
        f"engine(from_environment()); sys.exit({other!r} in sys.modules)"
    )
    chosen = {"PUBLIC_SITE_DATA": str(tmp_path), "PUBLIC_SITE_MEILI_URL": url}
    assert subprocess.run([sys.executable, "-c", code], env=os.environ | chosen, check=False).returncode == 0
