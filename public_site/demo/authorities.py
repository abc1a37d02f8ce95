"""The demo's complaints: fictional authorities for its places, and a key whose passphrase everybody may know.

What this module knows that no other does: which authorities the demo has (those of every province that it has enterprises
in, and of all counties of two cities), how its key ceremony is held, and that a key made so is good for a demo only: the
store refuses it wherever the site is no demo.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from public_site import places
from public_site.complaints import bodies, keys
from public_site.complaints.routing import DUTY, Body
from public_site.complaints.store import Store
from public_site.demo import geography
from public_site.faults import NotAllowed
from public_site.settings import Settings

PASSPHRASE = "demo-offline-passphrase-2026"  # noqa: S105 - public, like all of the demo
_NATION = "nation"
_WHOLE = ("500000", "130200")  # Chongqing and Tangshan: with every county
_BOTH = frozenset({"pollution", "objection"})


class NotTheDemo(NotAllowed):
    """This key is public: it may exist in a demo only."""


def offline_file(settings: Settings) -> Path:
    """Where the demo's offline key lies: on the machine, as no real one may."""
    return settings.data / "demo-offline.key"


def open_complaints(store: Store, people: Iterable[tuple[str, str, str]], *, at: datetime) -> None:
    """Hold the ceremony, load the authorities, and let `people` (name, password, body or "") hold the key.

    What was done is not done again. Raises: NotTheDemo.
    """
    settings = store.settings
    if not settings.demo:
        raise NotTheDemo("演示的投诉密钥只能用在演示登记里。")
    if not store.is_open:
        store.mark_as_demo()
        keys.ceremony(store, offline_file(settings), PASSPHRASE)
    with store.looking() as connection:
        known = bodies.all_of(connection)
    if not known:
        bodies.load(store, _written(settings.data / "demo-bodies.csv"))
    private = keys.from_offline(store, offline_file(settings), PASSPHRASE)
    for name, password, body in people:
        if not keys.has_signed_in(store, name):
            if body:
                bodies.appoint(store, name, body)
            keys.unlock(store, name, password, secrets.token_hex(), at=at)
            keys.grant(store, name, private)


def _written(file: Path) -> Path:
    """The authorities as an operator would write them down."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, bodies.COLUMNS)
        lines.writeheader()
        lines.writerows(bodies.columns_of(body) for body in authorities())
    return file


def authorities() -> Iterator[Body]:
    """The fictional authorities, each after the one above it. A county's or city's id is its division code."""
    yield Body(DUTY, "演示值班席", _NATION, (), _BOTH, "")
    yield Body(_NATION, "演示生态环境部", _NATION, (), _BOTH, "")
    for province in geography.SHARES:
        yield _authority(province, "province", _NATION)
    for code in _WHOLE:
        province = code[:2] + "0000"
        if code != province:
            yield _authority(code, "city", province)
        cities = [code] if code != province else [city.code for city in places.children(code)]
        for county in (county for city in cities for county in places.children(city)):
            yield _authority(county.code, "county", code)


def _authority(code: str, level: str, parent: str) -> Body:
    return Body(code, name_of(code), level, (code,), _BOTH, parent)


def name_of(code: str) -> str:
    """What the demo calls a county's, city's or province's authority."""
    return f"演示{places.name(code)}生态环境局"
