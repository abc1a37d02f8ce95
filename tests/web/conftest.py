"""A small register that shows everything a page can meet, and the visitor, who checks every page he opens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import FastAPI
from lxml import html
from starlette.testclient import TestClient

from public_site import documents, notices, publishing
from public_site.database import Database
from public_site.search import engines
from public_site.settings import Settings
from public_site.web.app import create_app
from tests import databases
from tests.desk import Desk, row

if TYPE_CHECKING:
    from tests.web.clerks import Clerk, Office
    from tests.web.complete import Site

ATTACK = "演示<img src=x onerror=alert(1)>有限公司"
_NOTICE = notices.Notice(
    title="", issuer="重庆市生态环境局", division="500000", number=None, index_number=None, issued_on=None,
    stage="decided", scope="increment", scheme="national-2020", cited=(), stated_counts=(), objection_window=None,
    objection_until=None, url=None, file_name="名单.csv", media_type="text/csv", sha256="", size=0, sheets=(),
)  # fmt: skip
_ROW = notices.Row(
    row=1, sheet=None, name="", former_name=None, place="涪陵区", province="500000", city="500100", county="500102",
    zone=None, industry="包装印刷", line=None, site=None, credit_code=None, permit=None, label="B", grade="B",
    scale="letters", scheme="national-2020", previous_grade=None, managed_as=None, managed_until=None, listed=True,
    lat=None, lon=None, remark=None,
)  # fmt: skip


@dataclass
class Publisher:
    """Publishes notices in the ordinary way: one person drafts, another approves, the index catches up."""

    settings: Settings
    database: Database
    at: datetime = datetime(2024, 1, 1, 8, 0, tzinfo=UTC)

    def publish(self, title: str, day: str, *rows: dict[str, Any], **about: Any) -> int:
        """Publish one notice; the id of its entry."""
        content = f"{title}\n{day}\n".encode() + repr(rows).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        file = self.settings.data / f"{sha256}.csv"
        file.write_bytes(content)
        issued_on = date.fromisoformat(day)
        notice = replace(_NOTICE, title=title, issued_on=issued_on, sha256=sha256, size=len(content), **about)
        read = [replace(_ROW, **{"row": at, "label": row.get("grade", "B")} | row) for at, row in enumerate(rows, 2)]
        taken = publishing.take_in(
            self.database, self.settings, file, notices.Reading(notice, read, len(read), (), ()),
            by="甲", at=self._tick(day),
        )  # fmt: skip
        return self._approve(taken.draft.id)

    def correct(self, entry: int, changes: dict[str, Any], reason: str) -> int:
        """Publish a correction."""
        draft = publishing.draft_correction(self.database, entry, changes, reason=reason, by="甲", at=self.at)
        return self._approve(draft.id)

    def withdraw(self, entry: int, reason: str) -> int:
        """Publish a withdrawal."""
        draft = publishing.draft_withdrawal(self.database, entry, reason=reason, by="甲", at=self.at)
        return self._approve(draft.id)

    def amend(self, draft: Callable[..., Any], *what: Any, **how: Any) -> int:
        """Publish an amendment (`publishing.draft_…`); its first entry."""
        made = draft(self.database, *what, **{"reason": "核对原件", "by": "甲", "at": self.at} | how)
        return self._approve(made.id)

    def index(self) -> None:
        """Let the search index catch up."""
        engines.engine(self.settings).catch_up(documents.RegisterSource(self.database))

    def _approve(self, draft: int) -> int:
        return publishing.publish(self.database, self.settings, draft, by="乙", at=self.at).first_entry

    def _tick(self, day: str) -> datetime:
        self.at = max(self.at + timedelta(hours=1), datetime.fromisoformat(f"{day}T08:00:00+00:00"))
        return self.at


def new_publisher(folder: Path) -> Publisher:
    """A publisher with an empty register in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = databases.settings_of(folder)
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    return Publisher(settings, database)


def publish_everything(by: Publisher) -> None:
    """All that pages can meet: several units, rise and fall, A+, a proposal, a vanished one, a mended one, a new name."""
    paper, glass = {"industry": "包装印刷"}, {"industry": "玻璃", "county": "500108"}
    by.publish(
        "重庆市2021年绩效评级结果的公告", "2021-05-01",
        {"name": "演示甲包装有限公司", "grade": "C", **paper, "lat": 29.7, "lon": 107.39},
        {"name": "演示乙玻璃有限公司", "grade": "A", **glass, "credit_code": "91130200699229617X"},
        {"name": "演示乙玻璃有限公司", "grade": "B-", "industry": "工业涂装", "county": "500108"},
        {"name": "演示丙家具有限公司", "grade": "B", "industry": "家具制造"},
        {"name": ATTACK, "grade": "D", "industry": "陶瓷/建筑陶瓷"},
        number="渝环〔2021〕1号", url="https://sthjj.cq.gov.cn/a?b=1&c=2",
        stated_counts=(notices.StatedCount("A级", "A", False, 1),), cited=("环办大气函〔2020〕340号",),
    )  # fmt: skip
    by.publish(
        "重庆市2022年绩效评级结果的公告", "2022-05-01",
        {"name": "演示甲包装有限公司", "grade": "B", "previous_grade": "C", **paper},
        {"name": "演示丁电子有限公司", "grade": "A", "industry": "电子工业", "scheme": "local"},
        {"name": "演示丁电子有限公司", "grade": "引领性", "scale": "leading", "industry": "砖瓦窑"},
        {"name": "演示戊焦化有限公司", "grade": "A+", "industry": "焦化", "line": "一期（不含干熄焦）"},
    )  # fmt: skip
    by.publish(
        "关于调整演示乙玻璃有限公司绩效等级的通知", "2023-03-01",
        {"name": "演示乙玻璃有限公司", "grade": "C", "previous_grade": "A", **glass}, scope="mixed",
    )  # fmt: skip
    by.publish(
        "重庆市2023年绩效评级结果的公示", "2023-06-01",
        {"name": "演示甲包装有限公司", "grade": "A", "previous_grade": "B", **paper},
        {"name": "演示己水泥有限公司", "grade": "B", "industry": "水泥"},
        stage="proposed", objection_window="公示期5个工作日", objection_until=date(2023, 6, 8),
    )  # fmt: skip
    by.publish(
        "截至2023年底重庆市家具企业名单", "2023-12-31",
        {"name": "演示庚家具有限公司", "grade": "B", "industry": "家具制造", "former_name": None},
        scope="snapshot", issuer="演示区生态环境局",
    )  # fmt: skip
    by.publish(
        "截至2024年底演示区家具企业名单", "2024-12-31",
        {"name": "演示辛家具有限公司", "grade": "B", "industry": "家具制造", "managed_as": "A",
         "managed_until": date(2025, 12, 31)},
        scope="snapshot", issuer="演示区生态环境局",
    )  # fmt: skip
    by.index()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    """The register of `publish_everything`; tests only read it."""
    publisher = new_publisher(tmp_path_factory.mktemp("published"))
    publish_everything(publisher)
    return publisher


@pytest.fixture
def make_publisher() -> Callable[[Path], Publisher]:
    """Gives a publisher with an empty register, for a test of its own."""
    return new_publisher


@pytest.fixture(scope="session")
def app(published: Publisher) -> FastAPI:
    """The application over `published`."""
    return create_app(published.settings)


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[Visitor]:
    """Someone in front of the published register; what others made ready, under settings of theirs, is not there."""
    app.state.site.kept.clear()
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield Visitor(client)


@pytest.fixture
def visitor_of() -> Iterator[Callable[[Settings], Visitor]]:
    """Someone in front of a register of the test's own."""
    clients: list[TestClient] = []

    def open_register(settings: Settings) -> Visitor:
        clients.append(TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False))
        return Visitor(clients[-1])

    yield open_register
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with something on every page, for a browser; tests only read it, and send complaints."""
    from tests.web import complete  # it makes its register as this module does

    with complete.site(tmp_path_factory.mktemp("complete")) as running:
        yield running


@dataclass(frozen=True)
class Visitor:
    """Opens URLs as a browser would, and checks whatever page comes back."""

    client: TestClient

    def get(self, url: str, **headers: str) -> httpx2.Response:
        """The raw answer; `hx_target="results"` sends the header HX-Target."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(url, headers={"accept": "text/html"} | named)

    def json(self, url: str, status: int = 200) -> Any:
        """The answer as JSON."""
        answer = self.client.get(url)
        assert answer.status_code == status, (url, answer.status_code, answer.text[:300])
        return answer.json()

    def opens(self, url: str, status: int = 200) -> html.HtmlElement:
        """The page at `url`, after every check that holds for all pages and all parts of them."""
        answer = self.get(url)
        assert answer.status_code == status, (url, answer.status_code, answer.text[:300])
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text.startswith("<!doctype html>")
        page = html.document_fromstring(answer.text)
        assert page.get("lang") == ("en" if url.partition("?")[0].split("/")[1] == "en" else "zh-CN")
        for check in _CHECKS:
            check(page)
        for name in _parts_of(page, url.partition("?")[0]):
            part = self.get(url, hx_request="true", hx_target=name)
            assert part.status_code == status
            cut = page.get_element_by_id(name)
            assert _canonical(html.fragment_fromstring(part.text.strip())) == _canonical(cut), f"part {name} of {url}"
        return page

    def text(self, url: str) -> str:
        """What a reader reads in the main part of the page."""
        return " ".join(self.opens(url).get_element_by_id("content").text_content().split())


def _parts_of(page: html.HtmlElement, path: str) -> set[str]:
    """The parts that elements of a page swap by asking for the same page again."""
    asking = [element for element in page.xpath("//*[@hx-get]") if element.get("hx-get").partition("?")[0] == path]
    return {element.get("hx-target").removeprefix("#") for element in asking}


def _canonical(element: html.HtmlElement) -> bytes:
    element.tail = None
    return bytes(html.etree.tostring(element, method="c14n"))


def _has_a_title(page: html.HtmlElement) -> None:
    headings = page.xpath("//h1")
    assert len(headings) == 1
    heading = " ".join(headings[0].text_content().split())
    assert heading
    assert page.findtext(".//title", "").startswith(heading)


def _ids_are_unique_and_meant(page: html.HtmlElement) -> None:
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    meant = [
        *page.xpath("//label/@for"),
        *(i for value in page.xpath("//@aria-labelledby | //@aria-describedby") for i in value.split()),
        *(target.removeprefix("#") for target in page.xpath("//@hx-target")),
    ]
    assert not set(meant) - set(ids), set(meant) - set(ids)


def _fields_are_labelled(page: html.HtmlElement) -> None:
    labelled = set(page.xpath("//label/@for"))
    for field in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert field.get("id") in labelled or field.get("aria-label"), html.tostring(field)
    for button in page.xpath("//button"):
        assert button.text_content().strip()
        assert button.get("type")


def _forms_and_links_work_without_script(page: html.HtmlElement) -> None:
    for form in page.xpath("//form"):
        assert form.get("action", "").startswith("/")
        assert form.get("method") in {"get", "post"}
    for element in page.xpath("//*[@hx-get]"):
        assert element.tag == "form" or element.get("href") or next(element.iterancestors("form")).get("action")
    for link in page.xpath("//a"):
        assert link.get("href")
        assert link.text_content().strip() or link.xpath(".//*[@role='img'][@aria-label]")


def _nothing_inline(page: html.HtmlElement) -> None:
    assert not page.xpath("//style | //@style | //script[not(@src)][not(@type='application/ld+json')]")
    assert not [a for a in page.xpath("//@*") if a.attrname.startswith("on") or a.attrname == "hx-on"]
    assert not [a for a in page.xpath("//@href | //@src | //@action") if a.strip().lower().startswith("javascript")]


def _nothing_foreign(page: html.HtmlElement) -> None:
    """Every address is ours, but for a link to a notice's official page, which is marked as leaving."""
    for address in page.xpath("//@src | //@action | //link/@href | //@hx-get | //@data | //@poster"):
        assert address.startswith("/"), address
        assert not address.startswith("//")
    for link in page.xpath("//a[not(contains(@rel, 'external'))]"):
        assert link.get("href").startswith(("/", "#")), link.get("href")


def _tables_are_named(page: html.HtmlElement) -> None:
    for table in page.xpath("//table"):
        assert table.xpath("./caption")
        assert not table.xpath(".//th[not(@scope)]")
    for image in page.xpath("//img | //svg"):
        assert image.get("alt") is not None or image.get("aria-hidden") == "true" or image.get("aria-label")


def _headings_do_not_jump(page: html.HtmlElement) -> None:
    level = 0
    for heading in page.xpath("//h1 | //h2 | //h3 | //h4"):
        assert int(heading.tag[1]) <= level + 1, heading.text_content()
        level = int(heading.tag[1])


_CHECKS = (
    _has_a_title,
    _ids_are_unique_and_meant,
    _fields_are_labelled,
    _forms_and_links_work_without_script,
    _nothing_inline,
    _nothing_foreign,
    _tables_are_named,
    _headings_do_not_jump,
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The console of an empty register."""
    from tests.web.clerks import Office  # clerks are visitors too

    settings = databases.settings_of(tmp_path / "data")
    database = Database(settings.register_url)
    publishing.prepare(database, settings)
    office = Office(settings, database)
    yield office
    for client in office.clients:
        client.close()
    database.close()


@pytest.fixture
def drafter(office: Office) -> Clerk:
    return office.clerk("起草人甲", "drafter")


@pytest.fixture
def approver(office: Office) -> Clerk:
    return office.clerk("批准人乙", "approver")


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    """A publisher's desk in that console; one enterprise is published, under another legal form than comes later."""
    from tests.web.clerks import KNOWN

    desk = Desk(office.database, office.settings, tmp_path / "desk")
    desk.publish([row(KNOWN, "B")], on="2022-04-24")
    return desk
