"""Settings that refuse to guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from public_site.settings import Settings, SettingsRefused, from_environment


def test_a_misspelt_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_SITE_BASEURL", "https://mingji.example.cn")
    with pytest.raises(SettingsRefused, match="PUBLIC_SITE_BASEURL"):
        from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "mingji.example.cn"),
        ("BASE_URL", "https://a.cn/x"),
        ("READER_MEMORY_MB", "lots"),
        ("MEILI_URL", "meilisearch:7700"),
        ("MEILI_URL", "file:///etc/passwd"),
        ("MEILI_INDEX", "../tasks"),
        ("MEILI_MILLISECONDS", "0"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "10.0.0.1, ::/0"),
        ("OPEN_DATA_URL", "open-data"),
        ("OPEN_DATA_URL", "https://a.cn/x?y=1"),
        ("OPEN_DATA_URL", "ftp://a.cn"),
    ],
)
def test_a_wrong_value_is_refused_with_the_setting_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"PUBLIC_SITE_{name}", value)
    with pytest.raises(SettingsRefused, match=name):
        from_environment()


def test_serving_to_the_outside_needs_the_public_address() -> None:
    with pytest.raises(SettingsRefused, match="PUBLIC_SITE_BASE_URL"):
        Settings().allow_serving_on("0.0.0.0")  # refused
    Settings().allow_serving_on("127.0.0.1")
    Settings(base_url="https://mingji.example.cn").allow_serving_on("0.0.0.0")  # allowed knowingly


def test_the_log_is_named_after_the_public_address() -> None:
    assert Settings(base_url="https://mingji.example.cn").origin == "mingji.example.cn/log"
    assert Settings(log_origin="log.example.cn/grades").origin == "log.example.cn/grades"


def test_the_readme_describes_every_setting() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"PUBLIC_SITE_{name.upper()}" not in readme]
    assert not missing
