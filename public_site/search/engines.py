"""Which engine serves: the settings say it, and only this module reads that off them."""

from __future__ import annotations

from public_site.search.values import Engine
from public_site.settings import Settings, SettingsRefused


def engine(settings: Settings) -> Engine:
    """The Meilisearch server where one is named, else the engine inside the process.

    Raises: SettingsRefused for a key file that cannot be read.
    """
    if not settings.meili_url:
        from public_site.search.embedded_index import EmbeddedIndex

        return EmbeddedIndex(settings.index_folder)
    from public_site.search.meilisearch_index import MeilisearchIndex

    return MeilisearchIndex(
        settings.index_folder,
        url=settings.meili_url,
        key=_key(settings),
        name=settings.meili_index,
        seconds=settings.meili_milliseconds / 1000,
    )


def _key(settings: Settings) -> str | None:
    if settings.meili_key_file is None:
        return None
    try:
        key = settings.meili_key_file.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        raise SettingsRefused(f"PUBLIC_SITE_MEILI_KEY_FILE：密钥文件无法读取（{type(error).__name__}）。") from None
    if not key or not key.isprintable() or " " in key:
        raise SettingsRefused("PUBLIC_SITE_MEILI_KEY_FILE：密钥文件应只有一行密钥。")
    return key
