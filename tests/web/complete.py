"""A site with something on every page: a register, its open data, an open intake, a list that was checked, one that is followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from data_export import exporting
from public_site import open_data, publishing, register
from tests.complaints.inbox import opened
from tests.web.browser import server
from tests.web.clerks import OURS
from tests.web.conftest import new_publisher, publish_everything

LIST = "企业名称,统一社会信用代码\n,91130200699229617X\n演示丙家具有限公司,\n没有的公司,\n,91130200699229617Y\n"

LOWERING = 2  # which of the published notices lowers a grade


@dataclass(frozen=True)
class Site:
    """A running site, and the addresses on it that nobody can know beforehand."""

    address: str
    places: dict[str, str]

    def url(self, path: str) -> str:
        """The address of a path that may name what was made: `/check/{result}`."""
        return self.address + path.format(**self.places)


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Serves a complete register from an empty folder."""
    publisher = new_publisher(folder / "data")
    publish_everything(publisher)
    with publisher.database.reading() as reading:
        notices = [one.number for one in register.since(reading, 0) if one.kind == "notice_published"]
    lowering = notices[LOWERING]
    publisher.amend(publishing.draft_notice_correction, lowering, {"supervised_by": "演示涪陵区生态环境局"})
    publisher.index()
    settings = publisher.settings
    exporting.export(publisher.database, settings, settings.open_data_folder, progress=lambda *_: None)
    version = open_data.read(settings.open_data_folder).latest
    assert version is not None
    opened(settings, folder / "offline").store.close()
    publisher.database.close()
    with server(settings.data) as address:
        preview, result = sent_list(address), sent_list(address)
        _sent(address + result)
        ends = {"preview": preview, "result": result}
        ends["followed"] = followed_list(address, "演示甲包装有限公司\n演示丙家具有限公司")
        made = {name: url.rpartition("/")[2] for name, url in ends.items()}
        yield Site(address, {"version": version.name, "lowering": str(lowering)} | made)


def sent_list(address: str) -> str:
    """Sends a list to be checked; the path of what it is taken for."""
    return _sent(f"{address}/check", list=LIST, as_of="2023-02-28")


def followed_list(address: str, names: str) -> str:
    """Sends a list to be followed; its path."""
    return _sent(f"{address}/follow/lists", list=names)


def _sent(url: str, **fields: str) -> str:
    """Where a form that is sent from our own page leads."""
    files = {"file": ("", b"")} if url.endswith("/check") else None
    answer = httpx2.post(url, data=fields, files=files, headers=OURS, timeout=30)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
