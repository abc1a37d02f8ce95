"""The journeys on all three profiles: the services of the compose files, executed as processes on one machine.

One machine: SQLite, the index inside, one process. A province: PostgreSQL, Meilisearch (a stand-in, or a real one where
PUBLIC_SITE_TEST_MEILI_URL names it), nginx, the parts apart, two workers. A country: a second replica of the public part
beside it, taken in while everything runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pyotp
from lxml import etree, html

from public_site import receipt_verifier, supervisors
from public_site.complaints import bodies, keys
from public_site.database import Database
from public_site.settings import Settings
from tests import compose, nginx
from tests.complaints.clients import Informant, code_of
from tests.complaints.inbox import Inbox, opened
from tests.desk import Desk, row
from tests.search import meili_server
from tests.web.browser import free_port
from tests.web.clerks import OURS, PASSWORD, sign_in

FIRST, CODE = "演示甲包装有限公司", "91130200699229617X"
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass
class Profile:
    """A site that runs, however it is made up; hosts by part."""

    folder: Path
    settings: Settings
    address: str
    hosts: Mapping[str, str]
    inbox: Inbox
    rounds: int = 0
    clients: list[httpx2.Client] = field(default_factory=list)

    def client(self, part: str = "public", address: str = "") -> httpx2.Client:
        headers = {"Host": self.hosts[part], "Accept": "text/html"} if self.hosts else {"Accept": "text/html"}
        self.clients.append(httpx2.Client(base_url=address or self.address, headers=headers, timeout=60))
        return self.clients[-1]

    def person(self, name: str, *roles: str, body: str = "") -> Person:
        """Somebody let in at the machine, who then signs in over the network."""
        name, now = f"{name}{self.rounds}", datetime.now(UTC)
        with closing(Database(self.settings.register_url)) as database:
            secret = supervisors.add(
                database, self.settings.console_key, name, PASSWORD, roles, by="test", at=now
            ).secret
        if body:
            bodies.appoint(self.inbox.store, name, body)
            keys.unlock(self.inbox.store, name, PASSWORD, "first", at=now)
            keys.grant(self.inbox.store, name, self.inbox.private)
        client: Any = self.client("console")
        answer = sign_in(client, name, PASSWORD, pyotp.TOTP(secret).now())
        assert answer.headers["location"] == "/console/", answer.text
        return Person(client)


@dataclass(frozen=True)
class Person:
    """Somebody with a session of the console."""

    client: httpx2.Client

    def page(self, url: str) -> html.HtmlElement:
        answer = self.client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return html.document_fromstring(answer.text)

    def sends(self, url: str, files: Any = None, **fields: str) -> str:
        """Where a form leads that was taken."""
        token = self.page("/console/account").xpath("//input[@name='token']/@value")[0]
        answer = self.client.post(url, data={"token": token} | fields, files=files, headers=OURS)
        assert answer.status_code == 303, (url, answer.status_code, answer.text[-3000:])
        return str(answer.headers["location"])


def until(what: Callable[[], Any]) -> Any:
    """What it gives, once it gives something; the limit only tells a hang."""
    deadline = time.monotonic() + 120
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def a_notice_is_taken_in_approved_and_visible(profile: Profile, name: str) -> None:
    drafter, approver = profile.person("起草人", "drafter"), profile.person("批准人", "approver")
    writer = Desk(None, profile.settings, profile.folder / f"desk{profile.rounds}")  # type: ignore[arg-type]  # it only writes
    title = f"演示市第{profile.rounds}批绩效评级结果的公告"
    file = writer.write([row(name, "A")], on="2024-04-24", title=title)
    upload = drafter.sends("/console/notices/new", files={"file": (file.name, file.read_bytes())})
    there = until(lambda: drafter.client.get(upload).headers.get("location"))
    drafter.sends(f"{there}/hand-over")
    seen = approver.page(there).xpath("//input[@name='seen']/@value")[0]
    approver.sends(f"{there}/approve", seen=seen)
    reader = profile.client()
    for _ in range(4):  # every worker of every replica has its turn
        until(lambda: name in reader.get(f"/enterprises?q={name}").text)
        assert title in reader.get("/notices").text


def a_citizen_finds_the_enterprise(profile: Profile, name: str) -> None:
    reader = profile.client()
    found = html.document_fromstring(reader.get(f"/enterprises?q={name}").text)
    url = found.xpath(f"//a[starts-with(@href, '/enterprises/') and contains(., '{name}')]/@href")[0]
    page = reader.get(url)
    assert page.status_code == 200
    assert name in page.text
    assert f"第{profile.rounds}批绩效评级结果的公告" in page.text
    assert name in reader.get(f"/en{url}").text


def a_journalist_downloads_and_follows(profile: Profile, name: str) -> None:
    reader = profile.client()
    answer = reader.get("/enterprises.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert name in answer.text
    feed = etree.fromstring(until(lambda: _with(name, reader.get(f"/enterprises.atom?q={name}"))))
    assert feed.findall(f"{ATOM}entry")
    own = reader.post("/follow/lists", data={"list": name}, headers=OURS)
    assert own.status_code == 303, own.text
    assert name in reader.get(f"{own.headers['location']}.atom").text


def _with(name: str, answer: httpx2.Response) -> bytes:
    return answer.content if name in answer.text else b""


def a_complaint_is_lodged_handled_and_followed(profile: Profile) -> None:
    told = {"Host": profile.hosts["intake"]} if profile.hosts else {}
    informant = Informant(profile.address, told, elsewhere=False)
    answers = {"county": "重庆市涪陵区", "where": f"演示路 {profile.rounds} 号", "when": "昨夜", "categories": "odour",
               "statement": "夜里有刺鼻的异味，持续很久"}  # fmt: skip
    code = code_of(informant.send(informant.form(answers)))
    assert "演示涪陵区生态环境局" in informant.follow(code)
    county = profile.person("承办人", "supervisor", body="fuling")
    (case, *_) = county.page("/console/complaints").xpath("//tbody//th//a/@href")
    assert "刺鼻的异味" in county.page(case).text_content()
    county.sends(f"{case}/act", act="accept")
    county.sends(f"{case}/act", act="close", said="已责令整改。", code="substantiated")
    assert "已责令整改。" in informant.follow(code)
    other = profile.person("邻县的人", "supervisor", body="nanan")
    assert other.client.get(case).status_code == 404
    informant.client.close()


def a_bank_checks_a_list_and_verifies_the_receipt_offline(profile: Profile) -> None:
    bank = profile.client()
    data = {"list": f"企业名称,统一社会信用代码\n,{CODE}\n没有的公司,\n", "as_of": "2023-12-31"}
    address = bank.post("/check", data=data, files={"file": ("", b"")}, headers=OURS).headers["location"]
    assert bank.post(address, headers=OURS).headers["location"] == address
    assert "已匹配 1" in " ".join(html.document_fromstring(bank.get(address).text).text_content().split())
    receipt, known = bank.get(f"{address}/receipt.jws").text, bank.get("/.well-known/jwks.json").json()
    checks = receipt_verifier.verify(receipt, known)  # by what was kept, without the site
    assert checks
    assert all(holds for _, holds, _ in checks), checks
    assert not all(holds for _, holds, _ in receipt_verifier.verify(receipt[:-8] + "AAAAAAAA", known))


def every_journey(profile: Profile) -> None:
    profile.rounds += 1
    name = f"演示{'一二三四五六'[profile.rounds]}号纸箱有限公司"
    a_notice_is_taken_in_approved_and_visible(profile, name)
    a_citizen_finds_the_enterprise(profile, name)
    a_journalist_downloads_and_follows(profile, name)
    a_complaint_is_lodged_handled_and_followed(profile)
    a_bank_checks_a_list_and_verifies_the_receipt_offline(profile)


@contextmanager
def begun(settings: Settings, folder: Path) -> Iterator[Inbox]:
    """A register with one notice, and complaints opened: what stands before any profile is served."""
    with closing(Database(settings.register_url)) as database:
        Desk(database, settings, folder / "desk").publish([row(FIRST, "B", 统一社会信用代码=CODE)], on="2022-04-24")
    inbox = opened(settings, folder / "offline")
    yield inbox
    inbox.store.close()


def test_the_journeys_on_one_machine(tmp_path: Path) -> None:
    port = free_port()
    variables = {"PUBLIC_SITE_BASE_URL": f"http://127.0.0.1:{port}", "PUBLIC_SITE_PARTS": "public,intake,console"}
    told = compose.read(compose.ROOT / "deploy" / "one-machine.yaml", variables)["services"]["public-site"]
    settings = Settings(data=tmp_path / "data")
    places = {"/data": str(settings.data), "0.0.0.0": "127.0.0.1", "8000": str(port)}
    site = compose.Service("public-site", told, places, tmp_path / "log")
    _publishing_prepared(settings)
    with begun(settings, tmp_path) as inbox, site.running() as process:
        profile = Profile(tmp_path, settings, f"http://127.0.0.1:{port}", {}, inbox)
        every_journey(profile)
        for client in profile.clients:
            client.close()
        assert process.poll() is None


def _publishing_prepared(settings: Settings) -> None:
    from public_site import publishing

    with closing(Database(settings.register_url)) as database:
        publishing.prepare(database, settings)


@dataclass
class Province:
    """The services of `compose.yaml`, each in its place."""

    folder: Path
    database_url: str
    stack: ExitStack

    def __post_init__(self) -> None:
        variables = {"MINGJI_PUBLIC_HOST": nginx.PUBLIC, "MINGJI_INTAKE_HOST": nginx.INTAKE,
                     "MINGJI_CONSOLE_HOST": nginx.CONSOLE, "MINGJI_SCHEME": "http"}  # fmt: skip
        self.told = compose.read(compose.ROOT / "compose.yaml", variables)["services"]
        url, key = (
            os.environ.get("PUBLIC_SITE_TEST_MEILI_URL", ""),
            os.environ.get("PUBLIC_SITE_TEST_MEILI_KEY_FILE", ""),
        )
        self.search_server = None if url else meili_server.Meili()
        if self.search_server:
            url, key = (
                self.stack.enter_context(meili_server.serving(self.search_server)),
                str(self.folder / "meili.key"),
            )
            Path(key).write_text(meili_server.KEY)
        database = self.told["public"]["environment"]["PUBLIC_SITE_DATABASE_URL"]
        self.places = {
            database: self.database_url, "http://meilisearch:7700": url, "/run/secrets/meili.key": key,
            "/data": str(self.folder / "data"), "/srv/static": str(self.folder / "static"), "0.0.0.0": "127.0.0.1",
            "172.30.99.0/24": "127.0.0.1",
        }  # fmt: skip

    def service(self, name: str, port: int = 0) -> compose.Service:
        told = dict(self.told[name])
        told["environment"] = told["environment"] | {"PUBLIC_SITE_MEILI_INDEX": f"mingji-test-{os.getpid()}"}
        return compose.Service(name, told, self.places | {"8000": str(port)}, self.folder / f"{name}{port}.log")

    def start(self, name: str) -> str:
        """Starts a part; where it answers."""
        port = free_port()
        self.stack.enter_context(self.service(name, port).running())
        return f"127.0.0.1:{port}"

    def filled_in(self, public: list[str], intake: str, console: str) -> dict[str, str]:
        """What nginx is told by compose, with the addresses of here."""
        asked = {"public:8000": public, "intake:8000": [intake], "console:8000": [console]}
        told = {name: str(value) for name, value in self.told["nginx"]["environment"].items()}
        for name, value in told.items():
            for there, here in asked.items():
                if there in value:
                    told[name] = " ".join(value.replace(there, one) for one in here)
        return told | {"MINGJI_CACHE": str(self.folder / "cache"), "MINGJI_STATIC": str(self.folder / "static"),
                       "MINGJI_OPEN_DATA": str(self.folder / "data" / "open-data")}  # fmt: skip


def the_search_server_goes_and_comes_back(profile: Profile, server: meili_server.Meili, replicas: list[str]) -> None:
    """While it is away nothing is lost and no grade is wrong; what was published meanwhile is then found by any piece.

    Each replica notices by itself that it is back, so each is asked.
    """
    reader = profile.client()
    profile.rounds += 1
    name = f"演示{'一二三四五六'[profile.rounds]}号纸箱有限公司"
    piece = name[3:7]

    def names(asked: httpx2.Client, words: str) -> list[str]:
        return [item["name"] for item in asked.get(f"/enterprises.json?q={words}").json()["items"]]

    server.away = True
    a_notice_is_taken_in_approved_and_visible(profile, name)
    a_citizen_finds_the_enterprise(profile, name)
    assert "检索索引暂不可用" in reader.get(f"/enterprises?q={name}").text
    assert name not in names(reader, piece)
    told = reader.get(f"/enterprises.json?q={name}").json()
    assert (told["limited"], [item["overall_grade"] for item in told["items"]]) == (True, ["A"])
    server.away = False
    for one in [profile.client(address=f"http://{replica}") for replica in replicas]:
        until(partial(_finds_in_full, one, name))
        assert name in names(one, piece)


def _finds_in_full(reader: httpx2.Client, name: str) -> bool:
    return reader.get(f"/enterprises.json?q={name}").json()["limited"] is False


def test_the_journeys_in_a_province_that_grows_into_a_country(tmp_path: Path, postgres_database_url: str) -> None:
    with ExitStack() as stack:
        province = Province(tmp_path, postgres_database_url, stack)
        settings = Settings(data=tmp_path / "data", database_url=postgres_database_url)
        province.service("migrate").runs()
        province.service("static").runs()
        inbox = stack.enter_context(begun(settings, tmp_path))
        public, intake, console = (province.start(name) for name in ("public", "intake", "console"))
        front = stack.enter_context(nginx.running(tmp_path / "nginx", province.filled_in([public], intake, console)))
        hosts = {"public": nginx.PUBLIC, "intake": nginx.INTAKE, "console": nginx.CONSOLE}
        profile = Profile(tmp_path, settings, f"http://127.0.0.1:{front.port}", hosts, inbox)
        assert profile.client().get("/healthz").status_code == 200  # compose's own check of nginx
        style = html.document_fromstring(profile.client().get("/").text).xpath("//link[@rel='stylesheet']/@href")[0]
        assert profile.client().get(style).headers["content-type"] == "text/css; charset=utf-8"
        every_journey(profile)

        second = province.start("public")  # a replica more, while everything runs
        nginx.reload(front, province.filled_in([public, second], intake, console))
        every_journey(profile)
        assert {httpx2.get(f"http://{one}/readyz").json()["entry"] for one in (public, second)} == {
            httpx2.get(f"http://{console}/readyz").json()["entry"]
        }
        if province.search_server:
            the_search_server_goes_and_comes_back(profile, province.search_server, [public, second])
        for client in profile.clients:
            client.close()
