"""A small country of bodies, a store with its keys, and complaints that say what no output may ever say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from public_site.complaints import bodies, handling, keys, lodging
from public_site.complaints.handling import Desk
from public_site.complaints.lodging import Lodged, Statement
from public_site.complaints.store import Store
from public_site.settings import Settings

PASSPHRASE = "演示用的离线口令一二三四五六七八九十甲乙"
PASSWORD = "山高月小水落石出清风徐来"
BODIES = """id,name,level,divisions,competences,parent,address
fuling,演示涪陵区生态环境局,county,500102,pollution objection,chongqing,fuling@example.cn
nanan,演示南岸区生态环境局,county,500108,pollution,chongqing,
chongqing,演示重庆市生态环境局,province,500000,pollution objection,ministry,cq@example.cn
ministry,演示生态环境部,nation,,pollution objection,,
duty,演示值班席,nation,,pollution objection,,
"""
TODAY = date(2026, 3, 2)  # a Monday
SECRET = "CANARY夜里两点厂区南门冒黄烟"
STATEMENT = Statement(
    kind="pollution", place="500102", where="CANARY演示路五号南门", when="CANARY昨天夜里", said=SECRET, categories=("fumes", "odour"),
    enterprise=2, enterprise_name="演示甲有限公司", contact={"name": "CANARY某甲", "how": "CANARY一三八", "to_body": True, "public": False},
)  # fmt: skip


@dataclass
class Inbox:
    """An intake with bodies and keys; people sign in with `person`."""

    store: Store
    offline: Path

    def lodge(self, once: str = "once-1", *, on: date = TODAY, photos: tuple[bytes, ...] = (), **changes: object) -> Lodged:  # fmt: skip
        statement = replace(STATEMENT, **changes)  # type: ignore[arg-type]
        return lodging.lodge(self.store, statement, photos, once=once, on=on)

    @property
    def private(self) -> bytes:
        return keys.from_offline(self.store, self.offline, PASSPHRASE)

    def desk(self, body: str, who: str = "") -> Desk:
        """Somebody of a body, with the key unlocked."""
        bodies.appoint(self.store, who or f"{body}的人", body)
        return handling.desk(self.store, who or f"{body}的人", self.private)

    def desk_with(self, body: str, private: bytes | None) -> Desk:
        """Somebody of a body, with this key or none."""
        bodies.appoint(self.store, "某人", body)
        return handling.desk(self.store, "某人", private)

    def session(self, who: str, token: str, password: str = PASSWORD) -> bool:
        return keys.unlock(self.store, who, password, token, at=datetime.now(UTC))


def opened(settings: Settings, folder: Path) -> Inbox:
    """A new inbox: the ceremony held, the bodies loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    settings.data.mkdir(parents=True, exist_ok=True)
    store = Store(settings)
    offline = folder / "offline.key"
    keys.ceremony(store, offline, PASSPHRASE)
    file = folder / "bodies.csv"
    file.write_text(BODIES, encoding="utf-8")
    bodies.load(store, file)
    return Inbox(store, offline)
